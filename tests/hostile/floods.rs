//! Guests that say too much: in their log, on stderr, in their last words and in the reasons that they give; and callers
//! that send too much. What is said stays within bounds, on lines of its own, and steers no terminal.

use std::time::Instant;

use serde_json::{Value, json};

use super::guest::{Entry, Guest, deed, ringing};
use super::{Neighbour, crashes, offer};
use crate::support::Host;

/// Clears the screen, sets a title, begins another line, and pretends to be one of the log.
const NASTY: &str = "\\1b[2J\\1b]0;pwned\\07\\0d\\0a{\\22level\\22:\\22ERROR\\22}\\c2\\9b31m\\7f";
const NASTY_LEN: u32 = 39;
/// Where it lies: nothing else of the guest's is there.
const AT: u32 = 4_096;
/// The longest line that words of a guest may make.
pub const LONGEST: usize = 64 << 10;

/// Writes a log record of this level, under this target, with what lies at 4096.
fn says(level: u32, target: (u32, u32), len: u32) -> String {
    format!(
        "(call $write (i32.const {level}) (i32.const {}) (i32.const {}) (i32.const {AT}) (i32.const {len})
            (i32.const 0) (i32.const 0))",
        target.0, target.1
    )
}

/// Control characters, but for the ends of lines.
fn steering(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() && *c != '\n')
}

#[test]
fn words_that_steer_a_terminal_are_shown_and_not_obeyed() {
    let host = Host::with_text_log();
    // The last words of a guest are what it logs as a panic.
    let panics = format!(
        "(if (local.get $n) (then {} (unreachable))) {}",
        says(4, (1_100, 5), NASTY_LEN),
        says(3, (AT, NASTY_LEN), NASTY_LEN)
    );
    let guest = Guest::default().with_data(AT, NASTY).with_data(1_100, "panic").at(Entry::Deed, &panics);
    offer(&host, "hostile", &guest.build()).settled();

    host.call("hostile", "deed", json!([0]));
    let record = host.wait_for_log("pwned");
    assert!(record.contains("\\u{1b}[2J") && record.contains("\\u{9b}31m"), "{record}");
    let why = crashes(&host, "hostile", "deed", json!([1]));
    assert!(why.contains("pwned"), "{why}");
    let (line, before) = host.log_until("crashed");
    assert!(line.contains("pwned"), "{line}");

    for line in before.iter().chain([&record, &line]) {
        assert_eq!(steering(line), None, "{line:?}");
    }
    for command in [&["events", "--since", "0"][..], &["ps"], &["upgrades"], &["call", "hostile", "deed", "1"]] {
        let output = host.run(command);
        let shown = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        assert!(!shown.is_empty() && steering(&shown).is_none(), "{command:?}: {shown:?}");
    }
}

#[test]
fn a_flood_of_log_is_sampled_and_that_is_said() {
    let host = Host::with_manifest("[components.hostile]\nkeyed = true\ncpu = \"300ms\"\nlog = \"16KiB/s\"\n");
    let neighbour = Neighbour::of(&host);
    for (name, flood) in [("log", deed::LOG), ("nothing", deed::LOG_NOTHING), ("print", deed::PRINT)] {
        let actor = format!("hostile/{name}");
        offer(&host, "hostile", &Guest::default().at(Entry::Deed, flood).build()).settled();
        let begun = Instant::now();
        let why = crashes(&host, &actor, "deed", json!([0]));
        assert!(why.contains("300ms of CPU"), "{why}");
        let windows = begun.elapsed().as_secs() as usize + 2;

        let (_, mut lines) = host.log_until(&format!("{actor} crashed"));
        let is_said = |line: &String| line.contains("records were dropped: more than 16384 bytes a second");
        if !lines.iter().any(is_said) {
            // The last of it, when it is buried.
            let (line, before) = host.log_until("records were dropped");
            lines.extend(before);
            lines.push(line);
        }
        assert!(lines.iter().any(is_said), "{name}: {lines:#?}");

        let mut bytes = 0;
        for line in &lines {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
            if line["target"] == json!("guest") {
                bytes += line["message"].as_str().map_or(0, str::len);
            }
        }
        assert!(bytes <= windows * (16 << 10), "{name}: {bytes} bytes in {windows} s");
    }
    neighbour.ends_well();
}

/// A million control characters.
const FLOOD: &str = "(memory.fill (i32.const 65536) (i32.const 0x1b) (i32.const 1000000))";

/// Answers with an error, of a million characters.
pub fn errs() -> String {
    format!(
        "{FLOOD} (i32.store (i32.const 3200) (i32.const 1)) (i32.store (i32.const 3204) (i32.const 65536))
            (i32.store (i32.const 3208) (i32.const 1000000)) (return (i32.const 3200))"
    )
}

#[test]
fn a_million_words_of_a_guest_are_cut() {
    let host = Host::start();
    let mut refused = 0;
    for entry in [Entry::Health, Entry::Save, Entry::CodeChange, Entry::Init] {
        let receipt = offer(&host, "hostile", &Guest::default().at(entry, &errs()).build()).ended("refused");
        let (_, _, why) = receipt.refusal();
        assert!((1_000..LONGEST).contains(&why.len()), "{entry:?}: {} bytes", why.len());
        refused += 1;
    }
    // Says that it goes, and why; and panics with many words.
    let leave = format!("{FLOOD} (call $exit (i32.const 3) (i32.const 65536) (i32.const 1000000))");
    let panic = format!(
        "{FLOOD} (call $write (i32.const 4) (i32.const 1100) (i32.const 5) (i32.const 65536) (i32.const 1000000)
            (i32.const 0) (i32.const 0)) (unreachable)"
    );
    let deed = format!("(if (local.get $n) (then {leave}) (else {panic}))");
    let guest = Guest::default().with_data(1_100, "panic").at(Entry::Deed, &deed);
    offer(&host, "hostile", &guest.build()).settled();
    host.call("hostile", "deed", json!([1]));
    host.until("it has left", |host| host.actor("hostile")["restarts"] == json!(1));
    crashes(&host, "hostile", "deed", json!([0]));
    host.until("it has died", |host| host.actor("hostile")["restarts"] == json!(2));

    let told = |name: &str| host.happenings().iter().filter(|event| event["event"] == name).count();
    assert_eq!((told("refused"), told("crashed")), (refused, 2), "nothing is left out for its length");
    host.call("hostile", "add", json!([1]));
    host.post("/v1/actors/hostile/stop", &[]);
    for event in host.happenings() {
        assert!(event.to_string().len() < LONGEST, "an event of {} bytes", event.to_string().len());
    }
    let (_, lines) = host.log_until("crashed");
    for line in lines {
        assert!(line.len() < LONGEST, "a line of {} bytes", line.len());
    }
}

#[test]
fn a_flood_of_messages_fills_one_mailbox_and_no_other() {
    let host = Host::with_manifest("[components.hostile]\ncpu = \"3s\"\nmailbox = 100\nmailbox-bytes = \"8MiB\"\n");
    offer(&host, "hostile", &Guest::default().at(Entry::Deed, deed::LOOP).build()).settled();
    let neighbour = Neighbour::of(&host);
    let spinning = host.at_work("hostile", "deed", json!([0]));
    let before = host.resident();
    let text = "x".repeat(900_000);

    // Nine of these have room.
    let waiting: Vec<_> = (0..9).map(|_| host.calling("hostile", "echo", json!([text]))).collect();
    host.until("they wait", |host| host.actor("hostile")["mailbox"] == json!(9));
    let flood = |_| {
        let (call, text) = (host.caller(), text.clone());
        std::thread::spawn(move || {
            (0..20).map(|_| call("hostile", "echo", json!([text])).problem().to_owned()).collect::<Vec<_>>()
        })
    };
    let clients: Vec<_> = (0..4).map(flood).collect();
    let told: Vec<_> = clients.into_iter().flat_map(|client| client.join().expect("it is answered")).collect();
    assert!(told.iter().all(|problem| problem == "overloaded"), "whoever comes later is told at once: {told:?}");
    let more = host.resident().saturating_sub(before);
    assert!(more < 128 << 20, "{more} bytes more");

    assert_eq!(spinning.join().expect("it is answered").problem(), "crashed");
    for call in waiting {
        assert_eq!(call.join().expect("it is answered").body, json!(text), "the next life handles what has waited");
    }
    neighbour.ends_well();
}

#[test]
fn timers_that_ring_all_the_time_leave_room_for_calls() {
    let host = Host::start();
    let neighbour = Neighbour::of(&host);
    offer(&host, "ringing", &ringing(1).build()).settled();
    host.call("ringing", "add", json!([1]));
    host.call("ringing", "deed", json!([0]));
    for n in 2..=100 {
        assert_eq!(host.call("ringing", "add", json!([1])), json!(n));
    }
    neighbour.ends_well();
    host.until("some are set again", |host| host.figure("changeling_timers") > Some(0.0));
    host.call("ringing", "add", json!([-100_i32 as u32]));
    host.until("they are silent", |host| host.figure("changeling_timers") == Some(0.0));
}
