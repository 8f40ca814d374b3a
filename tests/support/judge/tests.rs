//! The judge itself: a recording of a host that keeps its promises, and the same with one thing in it that may not be.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::recording::{Asked, Call, Heard, Recording, Renewal, Sight, Testimony, Upgrade, Version};
use super::judge;

/// A moment of the recording, in milliseconds.
fn at(ms: u64) -> Instant {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *BEGAN.get_or_init(Instant::now) + Duration::from_millis(ms)
}

fn call(sender: &str, to: &str, asked: Asked, times: (u64, u64), heard: Heard) -> Call {
    let (began, ended) = (at(times.0), at(times.1));
    Call { sender: sender.into(), to: to.into(), asked, began, ended, heard, row: None }
}

fn said(by: Version, count: u64, before: u64) -> Heard {
    Heard::Testimony(Testimony { by, of_another: None, life: 1, count, before, reminded: 0 })
}

fn note(number: u64, times: (u64, u64), heard: Heard) -> Call {
    call("ada", "witness/1", Asked::Note(number), times, heard)
}

fn upgrade(component: &str, to: Version, times: (u64, u64), receipt: Value) -> Upgrade {
    let (began, ended, digest) = (at(times.0), at(times.1), format!("digest {to}"));
    Upgrade { component: component.into(), to, digest, began, ended, outcomes: &["settled"], held: 0, receipt }
}

fn settled(id: u64, from: Option<Version>, to: Version, switched: u64) -> Value {
    json!({
        "id": id,
        "outcome": "settled",
        "from": from.map(|from| json!({"digest": format!("digest {from}")})),
        "to": {"digest": format!("digest {to}")},
        "actors": {"switched": switched},
        "bytes": 8 * switched,
        "pause_us": {"max": 50},
        "held": {"calls": 0, "wait_us_max": 0},
        "steps": {"published": "then"},
    })
}

/// One witness, a counter, a ledger and a service; the witness goes over from version 1 to 2.
fn kept() -> Recording {
    let greeted = |times, by| call("bob", "greeter", Asked::Greet, times, Heard::Greeting(by));
    let counted = |times, total| call("bob", "counter/1", Asked::Increment, times, Heard::Number(total));
    let ledger = |asked, times, heard| call("bob", "ledger/1", asked, times, Heard::Number(heard));
    let sight = |digest: &str, first: (u64, u64), last: (u64, u64)| Sight {
        component: "witness".into(),
        digest: digest.into(),
        first: (at(first.0), at(first.1)),
        last: (at(last.0), at(last.1)),
    };
    Recording {
        calls: vec![
            note(1, (20, 21), said(1, 1, 0)),
            note(2, (30, 45), said(1, 2, 1)),
            note(3, (46, 47), said(2, 3, 2)),
            note(4, (60, 61), said(2, 4, 3)),
            call("ada", "witness/1", Asked::Look, (90, 91), said(2, 5, 0)),
            greeted((20, 21), 3),
            greeted((60, 61), 3),
            counted((20, 21), 1),
            counted((22, 23), 2),
            ledger(Asked::Transfer("x".into(), "y".into(), 3), (20, 21), 7),
            ledger(Asked::Total, (30, 31), 20),
            ledger(Asked::Balance("x".into()), (90, 91), 7),
            ledger(Asked::Balance("y".into()), (90, 91), 13),
        ],
        upgrades: vec![
            upgrade("witness", 1, (0, 9), settled(1, None, 1, 0)),
            upgrade("greeter", 3, (10, 15), settled(2, None, 3, 0)),
            upgrade("witness", 2, (40, 50), settled(3, Some(1), 2, 1)),
        ],
        sights: vec![sight("digest 1", (20, 21), (40, 42)), sight("digest 2", (49, 51), (90, 91))],
        population: [("witness".to_owned(), 1)].into(),
        deposits: [("x".to_owned(), 10), ("y".to_owned(), 10)].into(),
        ..Recording::default()
    }
}

#[test]
fn a_recording_of_promises_that_are_kept_is_in_order() {
    assert_eq!(judge(&kept()), Vec::<String>::new());
}

/// With that in it, this is said.
#[track_caller]
fn says(words: &str, change: impl FnOnce(&mut Recording)) {
    let mut recording = kept();
    change(&mut recording);
    let broken = judge(&recording);
    assert!(broken.iter().any(|said| said.contains(words)), "nobody said `{words}`, but: {broken:#?}");
}

#[test]
fn calls_are_answered_once_and_in_order() {
    says("was answered: stopped", |it| it.calls[5].heard = Heard::Not("stopped".into()));
    says("counted 2 twice", |it| it.calls[2].heard = said(2, 2, 2));
    says("counted from 1 to 3", |it| _ = it.calls.remove(1));
    says("counted 1 after 2 had been answered", |it| {
        it.calls[7].heard = Heard::Number(2);
        it.calls[8].heard = Heard::Number(1);
    });
    says("took note 2 of ada after 3", |it| {
        it.calls[1].asked = Asked::Note(3);
        it.calls[2].asked = Asked::Note(2);
    });
    says("knows note 1 of ada where 2 was the last", |it| it.calls[2].heard = said(2, 3, 1));
    says("took what came as number 1 after number 2", |it| {
        it.calls[0].row = Some((1, 2));
        it.calls[1].row = Some((1, 1));
    });
    // Who gives up may; but not everybody.
    let hasty =
        |sender: &str| call(sender, "witness/1", Asked::Note(1), (42, 43), Heard::Not("deadline-exceeded".into()));
    says("was answered: deadline-exceeded", |it| it.calls.push(hasty("ada")));
    let mut recording = kept();
    recording.calls.push(hasty("hasty 1"));
    assert_eq!(judge(&recording), Vec::<String>::new());
}

#[test]
fn each_actor_has_its_own_state_in_its_own_life() {
    let testimony = |it: &mut Recording, nth: usize, change: fn(&mut Testimony)| match &mut it.calls[nth].heard {
        Heard::Testimony(said) => change(said),
        heard => panic!("{heard:?} is no testimony"),
    };
    says("has the state of witness/2", |it| testimony(it, 2, |said| said.of_another = Some("witness/2".into())));
    says("was reminded 1 times, and asked for it 0", |it| testimony(it, 4, |said| said.reminded = 1));
    let begins_anew = |it: &mut Recording| {
        for nth in 2..5 {
            testimony(it, nth, |said| (said.life, said.count) = (2, said.count - 2));
        }
        testimony(it, 2, |said| said.before = 0);
    };
    says("began anew, and nobody ended it", begins_anew);
    let mut recording = kept();
    begins_anew(&mut recording);
    recording.renewals.push(Renewal { address: "witness/1".into(), began: at(35), ended: at(47) });
    assert_eq!(judge(&recording), Vec::<String>::new());
}

#[test]
fn books_balance() {
    says("holds 21, and 20 were deposited", |it| it.calls[10].heard = Heard::Number(21));
    says("has 8 on x, and should 7", |it| it.calls[11].heard = Heard::Number(8));
}

#[test]
fn versions_are_met_in_their_time() {
    let words = "which had been followed by";
    says(words, |it| it.calls[3].heard = said(1, 4, 3));
    says(words, |it| it.calls[0].heard = said(2, 1, 0));
    says(words, |it| it.calls[6].heard = Heard::Greeting(2));
    says(words, |it| it.sights[1].digest = "digest 3".into());
    says(words, |it| it.sights[0].last = (at(60), at(61)));
    // A refused one is met by nobody.
    says(words, |it| {
        it.upgrades[2].receipt["outcome"] = json!("refused");
        it.upgrades[2].receipt["steps"] = json!({});
    });
}

#[test]
fn receipts_say_what_was_seen() {
    says("settled: [\"refused\"] was to come of it", |it| it.upgrades[2].outcomes = &["refused"]);
    says("its receipt has a number twice", |it| it.upgrades[2].receipt["id"] = json!(1));
    says("ran, not Some(\"digest 1\")", |it| it.upgrades[2].receipt["from"]["digest"] = json!("digest 3"));
    says("of other bytes", |it| it.upgrades[2].receipt["to"]["digest"] = json!("digest 3"));
    says("0 switched and 0 went back, of 1", |it| it.upgrades[2].receipt["actors"] = json!({}));
    says("came to no boundary, stayed, ended or died", |it| it.upgrades[2].receipt["actors"]["not_now"] = json!(1));
    says("a pause of 20ms in 10ms", |it| it.upgrades[2].receipt["pause_us"]["max"] = json!(20_000));
    says("0 calls were held, and 2 waited", |it| it.upgrades[2].held = 2);
    let held = |it: &mut Recording, calls: u64, us: u64| {
        it.upgrades[2].receipt["held"] = json!({"calls": calls, "wait_us_max": us});
    };
    says("nobody was held, for 1ms", |it| held(it, 0, 1_000));
    says("3 calls were held, and 2 were made", |it| held(it, 3, 1_000));
    says("held for 16ms, and none took so long", |it| held(it, 1, 16_000));
}
