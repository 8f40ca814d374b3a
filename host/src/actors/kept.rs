//! What actors were before a switch, kept until that upgrade needs it no more: in memory, counted, and beyond its share in
//! files. It knows of files only what it was given to write one with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use changeling_core::id::{Label, UpgradeId};

use crate::engine::room::{Room, Want};
use crate::engine::timers::Timers;

/// What one actor was before a switch.
pub struct Kept {
    /// By which upgrade.
    pub upgrade: UpgradeId,
    /// What people call the version it ran on.
    pub label: Label,
    /// The version of its saved state, and that state; none where there was no `state` to save.
    pub state: Option<(u32, State)>,
    /// Its timers. The clock of this life knows them still.
    pub timers: Timers,
}

impl Kept {
    /// The saved state and its version. May wait for a disk, so it is for [`off_the_workers`].
    ///
    /// # Errors
    /// Where its file is gone, damaged, or cannot be read.
    pub fn saved(&self) -> Result<Option<(u32, Bytes)>, String> {
        self.state.as_ref().map(|(version, state)| Ok((*version, state.read()?))).transpose()
    }
}

/// A saved state. Dropped, it leaves nothing behind: no byte that is counted, and no file.
pub enum State {
    /// In memory.
    Bytes(Bytes, Share),
    /// In a file.
    File(Spilled),
}

impl State {
    fn read(&self) -> Result<Bytes, String> {
        match self {
            Self::Bytes(bytes, _) => Ok(bytes.clone()),
            Self::File(read) => read().map(Bytes::from),
        }
    }
}

/// Writes a state into a file of its own, and gives what reads it. Both answer in one sentence that names the file.
pub type Spill = Arc<dyn Fn(&[u8]) -> Result<Spilled, String> + Send + Sync>;

/// Reads such a file, which goes when this is dropped.
pub type Spilled = Box<dyn Fn() -> Result<Vec<u8>, String> + Send + Sync>;

/// Keeps states, each where there is room for it.
pub struct Keeper {
    /// What the host may hold of all kinds.
    room: Room,
    /// What of it kept states may take.
    share: u64,
    held: Arc<AtomicU64>,
    spill: Spill,
}

/// Bytes of memory that are counted, and given back when dropped.
pub struct Share {
    room: Room,
    held: Arc<AtomicU64>,
    bytes: usize,
}

impl Keeper {
    /// One that takes up to `share` bytes of the host's memory; what goes beyond is spilled.
    pub fn new(room: Room, share: u64, spill: Spill) -> Self {
        Self { room, share, held: Arc::default(), spill }
    }

    /// Keeps a state. Writing a file is nothing that a worker waits for.
    ///
    /// # Errors
    /// Where neither memory nor the disk takes it.
    pub async fn keep(&self, state: Vec<u8>) -> Result<State, String> {
        if let Some(share) = self.share_of(state.capacity()) {
            return Ok(State::Bytes(state.into(), share));
        }
        let spill = self.spill.clone();
        let spilled = off_the_workers(move || spill(&state)).await;
        spilled.map(State::File).map_err(|e| format!("memory has no room for the state before the switch, and {e}"))
    }

    fn share_of(&self, bytes: usize) -> Option<Share> {
        let fits = |held: u64| held.checked_add(bytes as u64).filter(|sum| *sum <= self.share);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
        if !self.room.take_bytes(bytes, Want::Upkeep) {
            self.held.fetch_sub(bytes as u64, Ordering::Relaxed);
            return None;
        }
        Some(Share { room: self.room.clone(), held: self.held.clone(), bytes })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.give_bytes(self.bytes);
        self.held.fetch_sub(self.bytes as u64, Ordering::Relaxed);
    }
}

/// Does what may wait for a disk on a thread that others do not wait for.
///
/// # Errors
/// Those of `work`.
pub async fn off_the_workers<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) if e.is_cancelled() => Err("the host is ending".to_owned()),
        Err(_) => Err("reading or writing it ended in a panic of the host; please report it".to_owned()),
    }
}

#[cfg(test)]
mod tests;
