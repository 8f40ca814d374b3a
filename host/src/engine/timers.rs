//! The timers of one actor. They belong to the actor, not to the instance: a code change takes them along. What fires
//! them lives elsewhere; this is only which are set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::room::{Bytes, Room, Want};

/// A timer that has not been delivered.
#[derive(Debug)]
pub struct Timer {
    /// When it fires.
    pub at: Instant,
    /// What the guest gets to know it by.
    pub token: String,
    /// None where there was no room for one that had to be.
    _room: Option<Bytes>,
}

/// What one takes beside its token, here and with the clock, in bytes.
const EACH: usize = 256;

/// Timers by id.
#[derive(Debug, Clone, Default)]
pub struct Timers {
    set: BTreeMap<u64, Arc<Timer>>,
    /// Set, and not told to the clock yet.
    unarmed: BTreeSet<u64>,
    /// Cancelled, and the clock still knows them.
    stale: Vec<(u64, Instant)>,
}

/// What the clock has to hear.
#[derive(Debug, Default)]
pub struct Changes {
    /// To be fired then.
    pub armed: Vec<(u64, Instant)>,
    /// Not to be fired any more.
    pub disarmed: Vec<(u64, Instant)>,
}

/// The last id given. No id is given twice while the host runs, so an alarm that comes late is never another's.
static LAST: AtomicU64 = AtomicU64::new(0);

impl Timers {
    /// How many are set.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Sets one; none where the host has no room for it.
    pub fn set(&mut self, after: Duration, token: String, room: &Room, want: Want) -> Option<u64> {
        let held = room.hold_bytes(token.len() + EACH, want)?;
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        // A span past the end of time is as good as never.
        let at = Instant::now().checked_add(after).unwrap_or_else(|| Instant::now() + Duration::from_secs(1 << 32));
        self.set.insert(id, Arc::new(Timer { at, token, _room: Some(held) }));
        self.unarmed.insert(id);
        Some(id)
    }

    /// Takes one back; false where it was delivered already, or never set.
    pub fn cancel(&mut self, id: u64) -> bool {
        let Some(timer) = self.set.remove(&id) else { return false };
        if !self.unarmed.remove(&id) {
            self.stale.push((id, timer.at));
        }
        true
    }

    /// Takes one out for delivery; none where it was cancelled meanwhile.
    pub fn deliver(&mut self, id: u64) -> Option<Arc<Timer>> {
        self.set.remove(&id)
    }

    /// What the clock does not know yet.
    pub fn take_changes(&mut self) -> Changes {
        let armed = std::mem::take(&mut self.unarmed).into_iter();
        let armed = armed.filter_map(|id| Some((id, self.set.get(&id)?.at))).collect();
        Changes { armed, disarmed: std::mem::take(&mut self.stale) }
    }

    /// Every one that the clock knows, for there will be nobody to hear of it.
    pub fn forget(&mut self) -> Changes {
        let unarmed = std::mem::take(&mut self.unarmed);
        let armed = std::mem::take(&mut self.set).into_iter().filter(|(id, _)| !unarmed.contains(id));
        let disarmed = armed.map(|(id, timer)| (id, timer.at)).chain(std::mem::take(&mut self.stale)).collect();
        Changes { armed: Vec::new(), disarmed }
    }

    /// The same timers for another life: the clock hears of all of them anew.
    #[must_use]
    pub fn anew(mut self) -> Self {
        self.unarmed = self.set.keys().copied().collect();
        self
    }

    /// Those that are set, with what is left of their time.
    pub fn remaining(&self, now: Instant) -> Vec<(u64, Duration, String)> {
        self.set.iter().map(|(id, t)| (*id, t.at.saturating_duration_since(now), t.token.clone())).collect()
    }

    /// Sets timers again, after the host was away, under the ids that the guest knows them by.
    pub fn resume(remaining: Vec<(u64, Duration, String)>, now: Instant, room: &Room) -> Self {
        let mut timers = Self::default();
        for (id, left, token) in remaining {
            LAST.fetch_max(id, Ordering::Relaxed);
            timers.unarmed.insert(id);
            let held = room.hold_bytes(token.len() + EACH, Want::Upkeep);
            timers.set.insert(id, Arc::new(Timer { at: now + left, token, _room: held }));
        }
        timers
    }
}
