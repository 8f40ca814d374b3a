use proptest::prelude::*;

use super::*;

const WHOLE: Saying = Saying::Whole { lay_there: false };

/// A folder in which time passes when we say so.
struct Play {
    settle: Settle,
    files: BTreeMap<String, Stamp>,
}

fn ms(ms: u64) -> Time {
    Time(ms * 1_000)
}

fn stamp(size: u64) -> Stamp {
    Stamp { size, modified_ns: i128::from(size), changed_ns: 0, inode: 1, device: 1 }
}

impl Play {
    fn new() -> Self {
        let settle = Settle::new(Duration::from_millis(100), Duration::from_secs(2));
        Self { settle, files: BTreeMap::new() }
    }

    fn put(&mut self, name: &str, size: u64) -> &mut Self {
        self.files.insert(name.to_owned(), stamp(size));
        self
    }

    /// Scans, looks at what is due, and gives what is said.
    fn at(&mut self, now: u64, is_rescan: bool, look: impl Fn(&str) -> Verdict) -> Vec<(String, Saying)> {
        self.settle.handle_scan(ms(now), &self.files, is_rescan);
        let mut said = Vec::new();
        for (name, stamp) in self.settle.due(ms(now)) {
            let verdict = look(&name);
            let content = (!matches!(verdict, Verdict::Unreadable(_))).then_some(content(stamp.size));
            let saying = self.settle.handle_look(ms(now), &name, stamp, content, verdict);
            // Since when it lies there is looked at by itself.
            let plain = |saying| if let Saying::Whole { .. } = saying { WHOLE } else { saying };
            said.extend(saying.map(|saying| (name, plain(saying))));
        }
        said
    }

    fn said_at(&mut self, now: u64, verdict: &Verdict) -> Vec<Saying> {
        self.at(now, false, |_| verdict.clone()).into_iter().map(|(_, saying)| saying).collect()
    }
}

/// Files of one size hold one content here.
fn content(size: u64) -> Digest {
    Digest([size as u8; 32])
}

fn partial() -> Verdict {
    Verdict::Partial("half".to_owned())
}

#[test]
fn a_whole_file_is_said_once_after_the_settle_time() {
    let mut play = Play::new();
    play.put("a", 1);
    assert_eq!(play.said_at(0, &Verdict::Whole), []);
    assert_eq!(play.settle.wake_at(), Some(ms(100)));
    assert_eq!(play.said_at(99, &Verdict::Whole), []);
    assert_eq!(play.said_at(100, &Verdict::Whole), [WHOLE]);
    assert_eq!(play.settle.wake_at(), None);
    assert_eq!(play.said_at(5_000, &Verdict::Whole), []);
    assert_eq!(play.at(10_000, true, |_| Verdict::Whole), []);
}

#[test]
fn what_could_not_be_taken_is_said_again_with_the_next_rescan() {
    let mut play = Play::new();
    play.put("a", 1).said_at(0, &Verdict::Whole);
    assert_eq!(play.said_at(100, &Verdict::Whole), [WHOLE]);
    play.settle.handle_untaken("a");
    assert_eq!(play.said_at(200, &Verdict::Whole), []);
    assert_eq!(play.at(5_000, true, |_| Verdict::Whole), [("a".to_owned(), WHOLE)]);
    assert_eq!(play.at(10_000, true, |_| Verdict::Whole), []);
}

#[test]
fn the_same_bytes_put_there_once_more_are_said_once_more() {
    let mut play = Play::new();
    play.put("a", 1).said_at(0, &Verdict::Whole);
    assert_eq!(play.said_at(100, &Verdict::Whole), [WHOLE]);
    for (at, by) in [(200, 0), (400, 1), (600, 2)] {
        let stamp = play.files.get_mut("a").unwrap();
        stamp.changed_ns += 1;
        stamp.modified_ns += i128::from(by == 0);
        stamp.inode += u64::from(by == 2);
        play.said_at(at, &Verdict::Whole);
        let said = play.said_at(at + 100, &Verdict::Whole);
        assert_eq!(said.len(), usize::from(by != 1), "{by}: another mode is nobody's copy");
    }
}

#[test]
fn what_lay_there_at_first_and_what_is_wanted_again_nobody_has_put_there_just_now() {
    let mut settle = Settle::new(Duration::ZERO, Duration::ZERO);
    let look = |settle: &mut Settle, size| {
        settle.handle_scan(ms(0), &BTreeMap::from([("a".to_owned(), stamp(size))]), false);
        if size == 3 {
            settle.handle_wanted("a");
        }
        settle.due(ms(0)).pop()?;
        settle.handle_look(ms(0), "a", stamp(size), Some(content(1)), Verdict::Whole)
    };
    assert_eq!(look(&mut settle, 1), Some(Saying::Whole { lay_there: true }));
    assert_eq!(look(&mut settle, 2), Some(WHOLE));
    assert_eq!(look(&mut settle, 2), None);
    assert_eq!(look(&mut settle, 3), Some(WHOLE), "it was put there, and is told anyway");
    assert_eq!(look(&mut settle, 3), Some(Saying::Whole { lay_there: true }));
    settle.handle_wanted("b");
}

#[test]
fn a_growing_file_is_left_alone_and_then_taken() {
    let mut play = Play::new();
    for now in 0..50 {
        play.put("a", now);
        assert_eq!(play.said_at(now * 50, &partial()), []);
    }
    assert_eq!(play.said_at(2_549, &Verdict::Whole), []);
    assert_eq!(play.said_at(2_550, &Verdict::Whole), [WHOLE]);
}

#[test]
fn half_a_file_is_an_error_only_when_it_has_stalled() {
    let mut play = Play::new();
    play.put("a", 1).said_at(0, &partial());
    assert_eq!(play.said_at(100, &partial()), []);
    assert_eq!(play.settle.wake_at(), Some(ms(2_000)));
    assert_eq!(play.said_at(2_000, &partial()), [Saying::Broken("half".to_owned())]);
    assert_eq!(play.said_at(9_000, &partial()), []);
    play.put("a", 2).said_at(9_100, &partial());
    assert_eq!(play.said_at(9_200, &Verdict::Whole), [WHOLE]);
}

#[test]
fn content_that_came_without_a_new_stamp_is_seen_when_it_has_stalled() {
    let mut play = Play::new();
    play.put("a", 1).said_at(0, &partial());
    play.said_at(100, &partial());
    assert_eq!(play.said_at(2_000, &Verdict::Whole), [WHOLE]);
}

#[test]
fn a_file_that_is_still_open_is_given_the_longer_time() {
    let mut play = Play::new();
    play.put("a", 1).settle.handle_writing("a");
    play.settle.handle_writing("a");
    play.said_at(0, &Verdict::Whole);
    play.settle.handle_writing("a");
    assert_eq!(play.said_at(500, &Verdict::Whole), []);
    play.settle.handle_closed("a");
    assert_eq!(play.said_at(501, &Verdict::Whole), [WHOLE]);

    play.put("b", 1).said_at(600, &Verdict::Whole);
    play.settle.handle_writing("b");
    assert_eq!(play.said_at(2_599, &Verdict::Whole), []);
    assert_eq!(play.said_at(2_600, &Verdict::Whole), [WHOLE], "a writer that never closes is not waited for");
}

#[test]
fn one_that_changes_under_the_look_settles_anew() {
    let mut play = Play::new();
    play.put("a", 1).said_at(0, &Verdict::Whole);
    assert_eq!(play.settle.handle_look(ms(100), "a", stamp(2), Some(content(2)), Verdict::Whole), None);
    play.put("a", 2);
    assert_eq!(play.said_at(199, &Verdict::Whole), []);
    assert_eq!(play.said_at(200, &Verdict::Whole), [WHOLE]);
}

#[test]
fn one_that_is_gone_is_forgotten_and_one_that_vanishes_is_no_matter() {
    let mut play = Play::new();
    play.put("a", 1).said_at(0, &Verdict::Whole);
    play.files.clear();
    assert_eq!(play.said_at(100, &Verdict::Whole), []);
    assert_eq!(play.settle.handle_look(ms(100), "a", stamp(1), Some(content(1)), Verdict::Whole), None);
    play.put("a", 1).said_at(200, &Verdict::Whole);
    assert_eq!(play.said_at(300, &Verdict::Whole), [WHOLE]);
}

#[test]
fn several_are_said_in_the_order_they_were_modified() {
    let mut play = Play::new();
    play.put("a", 3).put("b", 1).put("c", 2).said_at(0, &Verdict::Whole);
    let said = play.at(100, false, |_| Verdict::Whole);
    assert_eq!(said.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["b", "c", "a"]);
}

#[test]
fn one_that_cannot_be_read_is_said_once_and_tried_at_each_rescan() {
    let mut play = Play::new();
    let denied = || Verdict::Unreadable("denied".to_owned());
    play.put("a", 1).said_at(0, &denied());
    assert_eq!(play.said_at(100, &denied()), []);
    assert_eq!(play.said_at(2_000, &denied()), [Saying::Broken("denied".to_owned())]);
    assert_eq!(play.settle.wake_at(), None);
    assert_eq!(play.said_at(3_000, &Verdict::Whole), []);
    assert_eq!(play.at(5_000, true, |_| denied()), []);
    assert_eq!(play.settle.wake_at(), None);
    assert_eq!(play.at(10_000, true, |_| Verdict::Whole), [("a".to_owned(), WHOLE)]);
}

#[test]
fn what_has_no_content_is_said_once_however_often_it_is_touched() {
    let mut play = Play::new();
    let never = |why: &str| Verdict::Never(why.to_owned());
    let mut at = 0;
    let mut touched = |why: &str| {
        play.put("a", at).said_at(at, &never(why));
        let (name, stamp) = play.settle.due(ms(at + 100)).remove(0);
        at += 200;
        play.settle.handle_look(ms(at - 100), &name, stamp, None, never(why))
    };
    assert_eq!(touched("a pipe"), Some(Saying::Broken("a pipe".to_owned())));
    assert_eq!(touched("a pipe"), None);
    assert_eq!(touched("a socket"), Some(Saying::Broken("a socket".to_owned())));
    assert_eq!(touched("a pipe"), Some(Saying::Broken("a pipe".to_owned())));
}

#[test]
fn a_name_that_never_does_is_said_at_once() {
    let mut play = Play::new();
    let never = Verdict::Never("name".to_owned());
    play.put("a", 1).said_at(0, &never);
    assert_eq!(play.said_at(100, &never), [Saying::Broken("name".to_owned())]);
    assert_eq!(play.at(5_000, true, |_| never.clone()), []);
}

#[test]
fn the_same_content_under_a_new_stamp_is_no_news() {
    let mut play = Play::new();
    play.put("a", 1).said_at(0, &Verdict::Whole);
    assert_eq!(play.said_at(100, &Verdict::Whole), [WHOLE]);
    play.files.get_mut("a").unwrap().changed_ns = 7;
    assert_eq!(play.said_at(200, &Verdict::Whole), []);
    assert_eq!(play.said_at(300, &Verdict::Whole), []);
    assert_eq!(play.settle.wake_at(), None, "it was looked at");
    play.put("a", 2).said_at(400, &Verdict::Whole);
    assert_eq!(play.said_at(500, &Verdict::Whole), [WHOLE]);
    play.put("a", 1).said_at(600, &Verdict::Whole);
    assert_eq!(play.said_at(700, &Verdict::Whole), [WHOLE], "back to what it was is news");
}

/// What happens to one file.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// It gets this content, of which 0 to 3 are whole, 4 and 5 are not, 6 cannot be read, and 7 is no file.
    Write(u64),
    Touch,
    Remove,
    IsWritten,
    IsClosed,
    Wait(u64),
    Rescan,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..8_u64).prop_map(Act::Write),
        1 => Just(Act::Touch),
        1 => Just(Act::Remove),
        1 => Just(Act::IsWritten),
        1 => Just(Act::IsClosed),
        6 => (0..300_u64).prop_map(Act::Wait),
        1 => (1_500..3_000_u64).prop_map(Act::Wait),
        1 => Just(Act::Rescan),
    ]
}

fn verdict_on(number: u64) -> (Verdict, Option<Digest>) {
    match number {
        0..4 => (Verdict::Whole, Some(content(number))),
        4 | 5 => (Verdict::Partial(number.to_string()), Some(content(number))),
        6 => (Verdict::Unreadable(number.to_string()), None),
        _ => (Verdict::Never(number.to_string()), None),
    }
}

proptest! {
    #[test]
    fn each_content_that_settles_is_said_once_each_time_it_is_put_there(acts in prop::collection::vec(act(), 1..60)) {
        let mut settle = Settle::new(Duration::from_millis(100), Duration::from_secs(2));
        // What is there, since when, and what was said of it last.
        let (mut now, mut stamps) = (0, 0);
        let mut there: Option<(u64, Stamp, u64)> = None;
        let mut said: Option<(u64, i128)> = None;
        let as_put = |number: u64, stamp: Stamp| (number, if number < 4 { stamp.modified_ns } else { 0 });
        let quiet = [Act::Wait(2_000), Act::Rescan, Act::Wait(2_000)];
        for act in acts.into_iter().chain(quiet) {
            let mut until = now;
            match act {
                Act::Write(number) => {
                    stamps += 1;
                    there = Some((number, stamp(stamps), now));
                }
                Act::Touch => {
                    stamps += 1;
                    there = there.map(|(number, ..)| (number, stamp(stamps), now));
                }
                Act::Remove => (there, said) = (None, None),
                Act::IsWritten => settle.handle_writing("a"),
                Act::IsClosed => settle.handle_closed("a"),
                Act::Wait(ms) => until += ms,
                Act::Rescan => {}
            }
            let listing = there.iter().map(|(_, stamp, _)| ("a".to_owned(), *stamp)).collect();
            let mut is_rescan = matches!(act, Act::Rescan);
            loop {
                settle.handle_scan(ms(now), &listing, std::mem::take(&mut is_rescan));
                for (name, stamp) in settle.due(ms(now)) {
                    let (number, _, since) = there.expect("only what is listed is due");
                    let (verdict, digest) = verdict_on(number);
                    let saying = settle.handle_look(ms(now), &name, stamp, digest, verdict.clone());
                    if let Some(saying) = saying {
                        prop_assert!(now - since >= 100, "{number} had no time to settle");
                        prop_assert_eq!(matches!(saying, Saying::Whole { .. }), verdict == Verdict::Whole);
                        let put = as_put(number, stamp);
                        prop_assert_ne!(said.replace(put), Some(put), "said twice");
                    }
                }
                prop_assert!(settle.due(ms(now)).is_empty(), "it would be looked at without end");
                match settle.wake_at().map(|at| at.0 / 1_000) {
                    Some(at) if at <= until => now = at,
                    _ => break,
                }
            }
            now = until;
        }
        let there = there.map(|(number, stamp, _)| as_put(number, stamp));
        prop_assert_eq!(said, there, "all is quiet, and what is there was said");
    }
}
