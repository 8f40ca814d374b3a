//! How much the host holds, counted before more is taken: near the limits of the machine it is the process that is in
//! danger, not one actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Memory mappings of one instance, and those that the process needs beside them. Six are used, two spare.
const MAPPINGS_EACH: u64 = 8;
const MAPPINGS_KEPT: u64 = 8_192;
/// The share that births and daily work may not take: restarts and upgrades need it.
const RESERVE_PERCENT: u64 = 10;
/// What one instance costs before it has done anything, in bytes.
const BYTES_EACH: u64 = 64 << 10;
/// What may wait in all mailboxes together, in bytes.
const QUEUED: u64 = 1 << 30;

/// Places for instances, and bytes for guests' memory and timers, queued messages and kept states. Clones share it.
#[derive(Debug, Clone)]
pub struct Room(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    taken: AtomicU64,
    limit: u64,
    bytes: AtomicU64,
    budget: u64,
    /// What of the bytes waits in mailboxes.
    queued: AtomicU64,
}

/// One place, given back when dropped.
#[derive(Debug)]
pub struct Place(Arc<Inner>);

/// Bytes, given back when dropped.
#[derive(Debug)]
pub struct Bytes {
    room: Room,
    bytes: usize,
}

/// What a place is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// A new actor, one more instance of a service, what guests use in their daily work, and messages.
    Birth,
    /// A restart, an upgrade or a rehearsal: these have a reserve.
    Upkeep,
}

impl Want {
    fn share_of(self, all: u64) -> u64 {
        match self {
            Want::Birth => all - all / 100 * RESERVE_PERCENT,
            Want::Upkeep => all,
        }
    }
}

/// There is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host holds {taken} instances and may hold {limit}; raise `vm.max_map_count`, or run fewer actors")]
pub struct Full {
    taken: u64,
    limit: u64,
}

impl Room {
    /// For so many instances, and so many bytes.
    pub fn new(limit: u64, budget: u64) -> Self {
        Self(Arc::new(Inner {
            taken: AtomicU64::new(0),
            limit,
            bytes: AtomicU64::new(0),
            budget,
            queued: AtomicU64::new(0),
        }))
    }

    /// What this machine bears: by its memory mappings, and by the bytes that `budget` gives of its memory.
    pub fn of_this_machine(budget: impl FnOnce(u64) -> u64) -> Self {
        let maps = read_number("/proc/sys/vm/max_map_count").unwrap_or(65_530);
        let by_maps = maps.saturating_sub(MAPPINGS_KEPT) / MAPPINGS_EACH;
        let info = rustix::system::sysinfo();
        let budget = budget(u64::from(info.mem_unit).saturating_mul(info.totalram));
        Self::new(by_maps.min(budget / BYTES_EACH).max(16), budget)
    }

    /// The most instances.
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// Places that are taken, bytes that are taken, and the most bytes.
    pub fn in_use(&self) -> (u64, u64, u64) {
        (self.0.taken.load(Ordering::Relaxed), self.0.bytes.load(Ordering::Relaxed), self.0.budget)
    }

    /// Takes so many bytes; false where there are not so many for that purpose.
    pub fn take_bytes(&self, more: usize, want: Want) -> bool {
        let allowed = want.share_of(self.0.budget);
        let fits = |bytes: u64| bytes.checked_add(more as u64).filter(|sum| *sum <= allowed);
        self.0.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Gives bytes back that were taken.
    pub fn give_bytes(&self, bytes: usize) {
        self.0.bytes.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// Takes so many bytes for a message that is to wait; false where there are not so many, or too many wait already.
    pub fn queue(&self, bytes: usize) -> bool {
        let fits = |queued: u64| queued.checked_add(bytes as u64).filter(|sum| *sum <= QUEUED);
        if self.0.queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            return false;
        }
        let is_taken = self.take_bytes(bytes, Want::Birth);
        if !is_taken {
            self.0.queued.fetch_sub(bytes as u64, Ordering::Relaxed);
        }
        is_taken
    }

    /// Messages of so many bytes wait no more.
    pub fn leave(&self, bytes: usize) {
        self.0.queued.fetch_sub(bytes as u64, Ordering::Relaxed);
        self.give_bytes(bytes);
    }

    /// Takes so many bytes for as long as the answer lives; none where there are not so many for that purpose.
    pub fn hold_bytes(&self, bytes: usize, want: Want) -> Option<Bytes> {
        self.take_bytes(bytes, want).then(|| Bytes { room: self.clone(), bytes })
    }

    /// Takes a place.
    ///
    /// # Errors
    /// Where there is none for that purpose.
    pub fn take(&self, want: Want) -> Result<Place, Full> {
        let limit = self.0.limit;
        let allowed = want.share_of(limit);
        let next = |taken: u64| (taken < allowed).then_some(taken + 1);
        match self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
            Ok(_) => Ok(Place(self.0.clone())),
            Err(taken) => Err(Full { taken, limit }),
        }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.room.give_bytes(self.bytes);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

fn read_number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_has_a_bound_of_its_own() {
        let room = Room::new(1, 4 << 30);
        assert!(room.queue(QUEUED as usize - 1) && room.queue(1));
        assert!(!room.queue(1));
        assert!(room.take_bytes(1 << 30, Want::Birth), "there is room for other things");
        room.leave(2);
        assert!(room.queue(2) && !room.queue(1));
        room.leave(QUEUED as usize);
        assert_eq!(room.in_use().1, 1 << 30);
    }

    #[test]
    fn what_there_is_no_room_for_does_not_wait() {
        let room = Room::new(1, 100);
        assert!(!room.queue(91), "a tenth is kept for upgrades");
        assert!(room.queue(90));
    }
}
