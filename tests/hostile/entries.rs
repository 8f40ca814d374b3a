//! Whatever a guest does at whichever of its entries: it is ended for it, with the reason, in its time.

use std::sync::Arc;
use std::time::Duration;

use changeling::engine::instance::Fault;
use changeling::engine::limits::Limits;
use changeling_core::reason::ExitReason;

use super::bare::{self, enter, hasty, in_use, spent};
use super::guest::{ENTRIES, Entry, Guest, deed};

/// It dies of this at every entry, for a reason that says so. Its memory is given back, and it took no more time than it
/// may: a tick is lost here and there where others keep the machine busy.
#[track_caller]
fn ends_at_every_entry(deed: &str, limits: Limits, entries: &[Entry], is_the_reason: impl Fn(&ExitReason) -> bool) {
    const LONGEST: Duration = Duration::from_millis(250);
    let limits = Arc::new(limits);
    for entry in entries {
        let code = bare::load(&Guest::default().at(*entry, deed).build()).expect("it is a good component");
        let (died, took) = spent(|| {
            let mut instance = bare::instance(&code, &limits)?;
            enter(&mut instance, *entry)
        });
        match died {
            Err(Fault::Dead(reason)) if is_the_reason(&reason) => {}
            other => panic!("{deed} at {entry:?}: {other:?}"),
        }
        assert!(took < LONGEST, "{deed} at {entry:?} took {took:?}");
    }
}

fn says(reason: &ExitReason, words: &str) -> bool {
    matches!(reason, ExitReason::Limit(limit) if limit.contains(words))
}

/// Those from which a guest may call out: its start function runs before there is anything to call.
fn that_call() -> Vec<Entry> {
    let is_one = |entry: &Entry| !matches!(entry, Entry::Start | Entry::Realloc | Entry::PostReturn);
    ENTRIES.into_iter().filter(is_one).collect()
}

#[test]
fn a_trap_at_any_entry_is_a_reason() {
    ends_at_every_entry(
        deed::TRAP,
        hasty(),
        &ENTRIES,
        |reason| matches!(reason, ExitReason::Trap(words) if words == "unreachable code reached"),
    );
}

#[test]
fn a_loop_without_end_at_any_entry_has_one() {
    ends_at_every_entry(deed::LOOP, hasty(), &ENTRIES, |reason| says(reason, "50ms of CPU for one"));
}

#[test]
fn recursion_without_end_at_any_entry_has_one() {
    ends_at_every_entry(deed::RECURSE, Limits::default(), &ENTRIES, |reason| says(reason, "stack"));
}

#[test]
fn growth_without_end_at_any_entry_has_one() {
    let before = in_use();
    let limits = || Limits { memory: 8 << 20, ..Limits::default() };
    ends_at_every_entry(deed::GROW, limits(), &ENTRIES, |reason| says(reason, "memory: it asked for"));
    ends_at_every_entry(deed::GROW_TABLE, limits(), &ENTRIES, |reason| says(reason, "table: it asked for"));
    assert!(in_use() <= before + (64 << 20), "what the dead had is given back");
}

#[test]
fn what_nothing_can_interrupt_counts_as_long_as_it_is() {
    // 60 MiB at a time, in each of which hundreds of ticks go by where the machine is slow.
    let limits = Limits { memory: 64 << 20, ..hasty() };
    ends_at_every_entry(deed::FILL, limits, &[Entry::Deed], |reason| says(reason, "50ms of CPU for one message"));
}

#[test]
fn hoards_of_handles_and_floods_of_random_bytes_end() {
    let is_full = |reason: &ExitReason| matches!(reason, ExitReason::Trap(words) if words.contains("no free keys"));
    ends_at_every_entry(deed::HOARD, Limits::default(), &that_call(), is_full);
    ends_at_every_entry(deed::RANDOM, hasty(), &that_call(), |reason| says(reason, "50ms of CPU for one"));
    let is_too_large = |reason: &ExitReason| matches!(reason, ExitReason::Trap(words) if words.contains("exceeds"));
    ends_at_every_entry(deed::RANDOM_FLOOD, Limits::default(), &[Entry::Deed], is_too_large);
}

#[test]
fn floods_of_log_and_timers_end() {
    let quiet = || Limits { log_per_second: 0, ..hasty() };
    for flood in [deed::LOG, deed::LOG_NOTHING, deed::PRINT] {
        ends_at_every_entry(flood, quiet(), &that_call(), |reason| says(reason, "50ms of CPU for one"));
    }
    ends_at_every_entry(deed::TIMERS, Limits::default(), &that_call(), |reason| {
        says(reason, "timers: 1000 are set already")
    });
}

#[test]
fn an_instance_that_has_died_is_not_entered_again() {
    let code = bare::load(&Guest::default().at(Entry::Deed, deed::TRAP).build()).expect("it is a good component");
    let mut instance = bare::instance(&code, &Arc::default()).expect("it starts");
    assert!(enter(&mut instance, Entry::Deed).is_err());
    for entry in ENTRIES.into_iter().filter(|entry| *entry != Entry::Start) {
        assert!(enter(&mut instance, entry).is_err(), "{entry:?}");
    }
}

#[test]
fn the_guest_that_all_of_these_are_made_of_is_a_good_one() {
    let code = bare::load(&Guest::default().build()).expect("it is a good component");
    let mut instance = bare::instance(&code, &Arc::new(hasty())).expect("it starts");
    for entry in ENTRIES {
        enter(&mut instance, entry).unwrap_or_else(|fault| panic!("{entry:?}: {fault}"));
    }
    assert_eq!(bare::call(&mut instance, "add", &[5, 0, 0, 0]).expect("it adds"), [12, 0, 0, 0]);
    assert_eq!(bare::call(&mut instance, "echo", b"\x02hi").expect("it echoes"), b"\x02hi");
}
