//! States of actors that were switched, as they were before, where the host's memory has no room for them: one file each,
//! which goes with the last who refers to it.
//!
//! Nothing here waits for the disk, and nothing outlives a host: one that is killed before an upgrade is published brings
//! the old version back from `init`, whatever lies here, and the next start removes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use changeling_core::id::Digest;

use super::error::Error;
use super::folder::Folder;
use super::versions::sha256;

/// The folder `kept`.
#[derive(Debug)]
pub struct Kept {
    folder: Arc<Folder>,
    next: AtomicU64,
}

/// One state in its file. The file is removed when this is dropped.
#[derive(Debug)]
pub struct KeptState {
    folder: Arc<Folder>,
    name: String,
    size: u64,
    digest: Digest,
}

impl Kept {
    /// Removes what an earlier host left; what cannot be removed is noted. Only for the holder of the lock.
    pub(super) fn open(folder: Folder, notes: &mut Vec<String>) -> Result<Self, Error> {
        for name in folder.names()? {
            if let Err(error) = folder.remove(&name) {
                notes.push(format!("what an earlier host left there stays: {error}"));
            }
        }
        Ok(Self { folder: Arc::new(folder), next: AtomicU64::new(0) })
    }

    /// Writes a state down.
    ///
    /// # Errors
    /// When the disk refuses; then nothing is left of it.
    pub fn write(&self, state: &[u8]) -> Result<KeptState, Error> {
        let name = format!("{}.state", self.next.fetch_add(1, Ordering::Relaxed));
        self.folder.replace_lazily(&name, state)?;
        Ok(KeptState { folder: self.folder.clone(), name, size: state.len() as u64, digest: sha256(state) })
    }
}

impl KeptState {
    /// The very bytes that were written.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Missing`] where they are not there any more, or the system's.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        let path = || self.folder.path_of(&self.name);
        let state = match self.folder.read(&self.name, self.size) {
            Err(Error::TooLarge { .. }) => None,
            read => Some(read?.ok_or_else(|| Error::Missing { path: path() })?),
        };
        let is_whole = |state: &Vec<u8>| sha256(state) == self.digest;
        state
            .filter(is_whole)
            .ok_or_else(|| Error::Damaged { path: path(), why: "it is not what was written there".to_owned() })
    }
}

impl Drop for KeptState {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = self.folder.remove(&self.name);
    }
}
