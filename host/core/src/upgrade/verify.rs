//! The dry run: which live states are looked at, how many at a time, and when enough has been seen. Only copies are
//! touched, and not by this.

use std::collections::{BTreeMap, VecDeque};

use crate::actor::ActorKey;
use crate::event::Rehearsal;
use crate::id::Generation;
use crate::policy::Sample;
use crate::reason::Refusal;
use crate::receipt::RehearsalCounts;
use crate::time::Time;

/// So many live states are all looked at; of more, so many.
const DEFAULT_SAMPLE: usize = 100;
/// So many failures are enough.
const ENOUGH: usize = 3;

#[derive(Debug)]
pub(crate) struct Verify {
    pub until: Time,
    pub is_proved: bool,
    pub failures: Vec<Refusal>,
    queue: VecDeque<ActorKey>,
    pending: BTreeMap<ActorKey, Generation>,
}

impl Verify {
    pub fn new(until: Time) -> Self {
        Self { until, is_proved: false, failures: Vec::new(), queue: VecDeque::new(), pending: BTreeMap::new() }
    }

    /// The new version starts and can be left: now live states may be looked at.
    pub fn proved(&mut self, sample: Vec<ActorKey>) {
        self.is_proved = true;
        self.queue = sample.into();
    }

    /// The next to be looked at, while there is a scratch instance to spare and not enough was seen.
    pub fn next(&mut self, parallel: usize) -> Option<ActorKey> {
        let more = self.is_proved && self.failures.len() < ENOUGH && self.pending.len() < parallel.max(1);
        if more { self.queue.pop_front() } else { None }
    }

    pub fn asked(&mut self, key: ActorKey, generation: Generation) {
        self.pending.insert(key, generation);
    }

    /// Notes an answer; whether it was one that is waited for.
    pub fn answered(
        &mut self,
        key: &ActorKey,
        generation: Generation,
        outcome: Rehearsal,
        counts: &mut RehearsalCounts,
    ) -> bool {
        if self.pending.get(key) != Some(&generation) {
            return false;
        }
        self.pending.remove(key);
        match outcome {
            Rehearsal::Passed { round_trip, .. } => {
                counts.tried += 1;
                counts.passed += 1;
                counts.round_trips += u64::from(round_trip == Some(true));
                counts.round_trips_differ += u64::from(round_trip == Some(false));
            }
            Rehearsal::Failed(refusal) => {
                counts.tried += 1;
                self.failures.push(refusal);
            }
            Rehearsal::NotLooked(_) => {}
        }
        true
    }

    /// Whether enough was seen, or time is up. What is still being looked at then proves nothing any more.
    pub fn is_over(&self, now: Time) -> bool {
        let all_seen = self.is_proved && self.pending.is_empty();
        now >= self.until || (all_seen && (self.queue.is_empty() || self.failures.len() >= ENOUGH))
    }
}

/// So many of `live`, spread evenly.
pub(crate) fn sample(live: Vec<ActorKey>, how_many: Option<Sample>) -> Vec<ActorKey> {
    let wanted = match how_many {
        None => DEFAULT_SAMPLE,
        Some(Sample::All) => live.len(),
        Some(Sample::Count(count)) => count as usize,
        Some(Sample::None) => 0,
    };
    let all = live.len();
    if wanted >= all {
        return live;
    }
    let chosen = (0..wanted).map(|i| i * all / wanted);
    chosen.map(|i| live[i].clone()).collect()
}
