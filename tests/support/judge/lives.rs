//! What witnesses said: each has its own state and carries it on, answers every call once, takes notes in order, is
//! reminded once of everything, and begins a new life only where somebody ended the one before.

use std::collections::BTreeMap;

use super::super::recording::{Asked, Call, Heard, Recording, Testimony};
use super::{Kind, each_once, follow_their_calls};

type Said<'a> = (&'a Call, &'a Testimony);

pub fn look_at(recording: &Recording, broken: &mut Vec<String>) {
    let mut of: BTreeMap<&str, Vec<Said<'_>>> = BTreeMap::new();
    for call in &recording.calls {
        if let Heard::Testimony(said) = &call.heard {
            of.entry(&call.to).or_default().push((call, said));
        }
    }
    for (address, mut said) in of {
        said.sort_unstable_by_key(|(call, _)| call.ended);
        state_is_its_own(address, &said, broken);
        let lives = lives_of(&said);
        begins_anew_when_told(recording, address, &lives, broken);
        let last = lives.len() - 1;
        for (at, life) in lives.into_iter().enumerate() {
            answers_each_call_once(address, &life, broken);
            takes_notes_in_order(address, &life, broken);
            if at == last {
                is_reminded_of_everything(address, &life, broken);
            }
        }
    }
}

fn state_is_its_own(address: &str, said: &[Said<'_>], broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    for (_, said) in said {
        kind.insist(said.of_another.is_none(), || {
            format!("{address} has the state of {}", said.of_another.clone().unwrap_or_default())
        });
    }
}

/// What was said in each life, in the order in which they were first heard of.
fn lives_of<'a>(said: &[Said<'a>]) -> Vec<Vec<Said<'a>>> {
    let mut lives: Vec<Vec<Said<'a>>> = Vec::new();
    for one in said {
        match lives.iter_mut().find(|life| life[0].1.life == one.1.life) {
            Some(life) => life.push(*one),
            None => lives.push(vec![*one]),
        }
    }
    lives
}

fn begins_anew_when_told(recording: &Recording, address: &str, lives: &[Vec<Said<'_>>], broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    let mut told: Vec<_> = recording.renewals.iter().filter(|renewal| renewal.address == address).collect();
    told.sort_unstable_by_key(|renewal| renewal.began);
    let mut told = told.into_iter();
    for pair in lives.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let last_before = before.iter().map(|(call, _)| call.began).max();
        let first_after = after.iter().map(|(call, _)| call.ended).min();
        // One that nobody called meanwhile is not heard of.
        let by = told.find(|renewal| first_after > Some(renewal.began) && last_before < Some(renewal.ended));
        kind.insist(by.is_some(), || format!("{address} began anew, and nobody ended it: its state is lost"));
    }
}

fn notes<'a>(life: &[Said<'a>]) -> Vec<(Said<'a>, u64)> {
    let number = |one: &Said<'a>| match one.0.asked {
        Asked::Note(number) => Some((*one, number)),
        _ => None,
    };
    life.iter().filter_map(number).collect()
}

fn answers_each_call_once(address: &str, life: &[Said<'_>], broken: &mut Vec<String>) {
    let counts: Vec<_> = life.iter().map(|(call, said)| (*call, said.count)).collect();
    each_once(address, counts.iter().map(|(_, count)| *count).collect(), broken);
    follow_their_calls(address, counts, broken);
}

/// By sender, and in a row of calls by their places.
fn takes_notes_in_order(address: &str, life: &[Said<'_>], broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    let mut notes = notes(life);
    notes.sort_unstable_by_key(|((_, said), _)| said.count);
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    let mut places: BTreeMap<u32, u32> = BTreeMap::new();
    for ((call, said), number) in notes {
        let before = last.insert(&call.sender, number).unwrap_or_default();
        kind.insist(before < number, || format!("{address} took note {number} of {} after {before}", call.sender));
        kind.insist(said.before == before, || {
            format!("{address} knows note {} of {} where {before} was the last", said.before, call.sender)
        });
        if let Some((row, place)) = call.row {
            let before = places.insert(row, place).unwrap_or_default();
            kind.insist(before <= place, || {
                format!("{address} took what came as number {place} after number {before}")
            });
        }
    }
}

/// The last look comes when all of them are due.
fn is_reminded_of_everything(address: &str, life: &[Said<'_>], broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    let asked = life.iter().filter(|(call, _)| matches!(call.asked, Asked::Remind(_))).count() as u64;
    let last = life.last().filter(|(call, _)| call.asked == Asked::Look);
    if let Some((_, said)) = last {
        let reminded = said.reminded;
        kind.insist(reminded == asked, || format!("{address} was reminded {reminded} times, and asked for it {asked}"));
    }
}
