//! Holds a recording against what is promised: each accepted call answered once and handled once, in order; the state that
//! of the very actor, and carried on; each answer by a version that was there for it; each receipt as it was seen to be.
//!
//! It knows nothing of the host but what a recording says, and of a recording but what callers and an operator could see.

mod lives;
mod receipts;
mod tests;
mod versions;

use std::collections::BTreeMap;
use std::time::Instant;

use super::recording::{Asked, Call, Heard, Recording, Version};

/// What was broken, in words; at most so many of each kind.
pub fn judge(recording: &Recording) -> Vec<String> {
    let mut broken = Vec::new();
    answers(recording, &mut broken);
    lives::look_at(recording, &mut broken);
    counters(recording, &mut broken);
    books(recording, &mut broken);
    versions::look_at(recording, &mut broken);
    receipts::look_at(recording, &mut broken);
    broken
}

/// Of one kind more than these would hide the others.
const MOST: usize = 5;

/// Notes what is broken of one kind.
struct Kind<'a> {
    broken: &'a mut Vec<String>,
    noted: usize,
}

impl<'a> Kind<'a> {
    fn new(broken: &'a mut Vec<String>) -> Self {
        Self { broken, noted: 0 }
    }

    fn insist(&mut self, holds: bool, words: impl FnOnce() -> String) {
        if !holds {
            self.noted += 1;
            if self.noted <= MOST {
                self.broken.push(words());
            }
        }
    }
}

/// Nobody crashed and nobody was too busy: every call has its answer. Only who gives up by itself has none.
fn answers(recording: &Recording, broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    for call in &recording.calls {
        if let Heard::Not(why) = &call.heard {
            let gave_up = call.sender.starts_with("hasty") && why == "deadline-exceeded";
            kind.insist(gave_up, || format!("{:?} of {} was answered: {why}", call.asked, call.to));
        }
    }
}

/// Every count from 1 on was given once, in the order of the calls.
fn counters(recording: &Recording, broken: &mut Vec<String>) {
    let mut of: BTreeMap<&str, Vec<(&Call, u64)>> = BTreeMap::new();
    for call in recording.calls.iter().filter(|call| call.asked == Asked::Increment) {
        if let Heard::Number(total) = call.heard {
            of.entry(&call.to).or_default().push((call, total.unsigned_abs()));
        }
    }
    for (address, counts) in of {
        each_once(address, counts.iter().map(|(_, count)| *count).collect(), broken);
        follow_their_calls(address, counts, broken);
    }
}

/// The numbers from 1 to that of the calls, each once: one that is missing was handled and nobody called, or is lost.
fn each_once(whose: &str, mut counts: Vec<u64>, broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    counts.sort_unstable();
    let mut last = 0;
    for count in counts {
        kind.insist(count != last, || {
            format!("{whose} counted {count} twice: a message is lost, or the state went back")
        });
        kind.insist(count <= last + 1, || {
            format!("{whose} counted from {last} to {count}: a message was handled that nobody sent, or twice")
        });
        last = count;
    }
}

/// Who was answered before another one called, was handled before.
fn follow_their_calls(whose: &str, mut counts: Vec<(&Call, u64)>, broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    let mut ended: Vec<(Instant, u64)> = counts.iter().map(|(call, count)| (call.ended, *count)).collect();
    ended.sort_unstable();
    counts.sort_unstable_by_key(|(call, _)| call.began);
    let (mut next, mut highest) = (0, 0);
    for (call, count) in counts {
        while let Some((_, before)) = ended.get(next).filter(|(at, _)| *at < call.began) {
            highest = highest.max(*before);
            next += 1;
        }
        kind.insist(count > highest, || format!("{whose} counted {count} after {highest} had been answered"));
    }
}

/// What was moved is where it was moved to, and the sum is the same at any time.
fn books(recording: &Recording, broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    let mut accounts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let sum: i64 = recording.deposits.values().sum();
    for call in &recording.calls {
        match (&call.asked, &call.heard) {
            (Asked::Transfer(payer, payee, amount), Heard::Number(_)) => {
                *accounts.entry((&call.to, payer)).or_default() -= amount;
                *accounts.entry((&call.to, payee)).or_default() += amount;
            }
            (Asked::Total, Heard::Number(total)) => {
                kind.insist(*total == sum, || format!("{} holds {total}, and {sum} were deposited", call.to));
            }
            _ => {}
        }
    }
    for call in &recording.calls {
        if let (Asked::Balance(account), Heard::Number(balance)) = (&call.asked, &call.heard) {
            let deposit = recording.deposits.get(account.as_ref()).copied().unwrap_or_default();
            let moved = accounts.get(&(&call.to, account)).copied().unwrap_or_default();
            kind.insist(*balance == deposit + moved, || {
                format!("{} has {balance} on {account}, and should {}", call.to, deposit + moved)
            });
        }
    }
}

/// By whom a call was answered, where that shows.
fn answered_by(call: &Call) -> Option<Version> {
    match &call.heard {
        Heard::Testimony(said) => Some(said.by),
        Heard::Greeting(by) => Some(*by),
        _ => None,
    }
}
