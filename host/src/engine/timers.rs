//! The timers of one actor. They belong to the actor, not to the instance: a code change takes them along. What fires
//! them lives elsewhere; this is only which are set.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A timer that has not been delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// When it fires.
    pub at: Instant,
    /// What the guest gets to know it by.
    pub token: String,
}

/// Timers by id. Ids grow and are not used twice in one incarnation.
#[derive(Debug, Clone, Default)]
pub struct Timers {
    set: BTreeMap<u64, Timer>,
    last: u64,
    /// Set and not yet told to the clock.
    unarmed: Vec<u64>,
}

impl Timers {
    /// How many are set.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Sets one.
    pub fn set(&mut self, after: Duration, token: String) -> u64 {
        self.last += 1;
        // A span past the end of time is as good as never.
        let at = Instant::now().checked_add(after).unwrap_or_else(|| Instant::now() + Duration::from_secs(1 << 32));
        self.set.insert(self.last, Timer { at, token });
        self.unarmed.push(self.last);
        self.last
    }

    /// Takes one back; false where it was delivered already, or never set.
    pub fn cancel(&mut self, id: u64) -> bool {
        self.set.remove(&id).is_some()
    }

    /// Takes one out for delivery; none where it was cancelled meanwhile.
    pub fn deliver(&mut self, id: u64) -> Option<Timer> {
        self.set.remove(&id)
    }

    /// Those that the clock does not know yet.
    pub fn take_unarmed(&mut self) -> Vec<(u64, Instant)> {
        let unarmed = std::mem::take(&mut self.unarmed);
        unarmed.into_iter().filter_map(|id| Some((id, self.set.get(&id)?.at))).collect()
    }

    /// Those that are set, with what is left of their time.
    pub fn remaining(&self, now: Instant) -> Vec<(u64, Duration, String)> {
        self.set.iter().map(|(id, t)| (*id, t.at.saturating_duration_since(now), t.token.clone())).collect()
    }

    /// Sets timers again under the ids that the guest knows them by.
    pub fn resume(remaining: Vec<(u64, Duration, String)>, now: Instant) -> Self {
        let mut timers = Self::default();
        for (id, left, token) in remaining {
            timers.last = timers.last.max(id);
            timers.unarmed.push(id);
            timers.set.insert(id, Timer { at: now + left, token });
        }
        timers
    }
}
