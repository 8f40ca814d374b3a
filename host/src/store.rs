//! All that is on disk, in one folder that belongs to the host: versions, compiled code, the table, receipts, events,
//! parked actors, the status file. It never decides what any of it means.
//!
//! The folder is held by its descriptor and by a lock from [`Store::open`] until the store is dropped, so that neither a
//! second host nor somebody who renames folders around it changes what is read and written. Nothing in it is trusted to
//! be whole: every record is checked when it is read, and what is damaged is named, never a panic.

mod alive;
mod compiled;
mod error;
mod events;
mod folder;
mod lock;
mod parked;
mod receipts;
mod status;
mod table;
mod versions;

use std::path::{Path, PathBuf};

pub use alive::{Alive, LastEnd};
pub use compiled::{Compiled, Entry};
pub use error::Error;
pub use events::{Events, Pages, Record};
pub use parked::{Parked, ParkedActor, ParkedHead, ParkedTimer};
pub use receipts::{Chain, Receipts};
pub use status::{Running, Status, StatusFile, running};
pub use table::TableFile;
pub use versions::{Staged, Versions};

use folder::Folder;
use lock::Lock;

/// The host's folder, open and locked. All methods of its parts take `&self` and may be called from any thread.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// The bytes of every version that is kept, by digest.
    pub versions: Versions,
    /// Machine code made from them, a cache.
    pub compiled: Compiled,
    /// Which version is current.
    pub table: TableFile,
    /// What became of every upgrade.
    pub receipts: Receipts,
    /// What happened.
    pub events: Events,
    /// Actors that wait for the next start.
    pub parked: Parked,
    /// How others find this host.
    pub status: StatusFile,
    /// How the last host ended.
    pub alive: Alive,
    _lock: Lock,
}

/// A list of which some parts could not be read.
#[derive(Debug)]
pub struct Listing<T> {
    /// What could be read.
    pub items: Vec<T>,
    /// What could not, by path, with the reason.
    pub damaged: Vec<Error>,
}

impl Store {
    /// Opens the folder, making it where it is not there yet, takes its lock, and removes what an earlier host left half
    /// written. Also gives sentences for the log: what was found wrong and put right.
    ///
    /// # Errors
    /// When it is not a real folder of our user, another host holds it, or the system refuses something.
    pub fn open(path: &Path) -> Result<(Self, Vec<String>), Error> {
        let mut notes = Vec::new();
        let root = Folder::open_root(path, &mut notes)?;
        let lock = Lock::take(&root)?;
        root.clear_temporary()?;
        let mut sub = |name| -> Result<Folder, Error> {
            let folder = root.sub(name, &mut notes)?;
            folder.clear_temporary()?;
            Ok(folder)
        };
        let (versions, compiled, receipts, parked) =
            (sub("versions")?, sub("compiled")?, sub("receipts")?, sub("parked")?);
        let (receipts, damaged) = Receipts::open(receipts)?;
        notes.extend(damaged.iter().map(ToString::to_string));
        let (events, damaged) = Events::open(root.another()?)?;
        notes.extend(damaged.iter().map(ToString::to_string));
        let store = Self {
            path: path.to_owned(),
            versions: Versions::new(versions),
            compiled: Compiled::new(compiled),
            table: TableFile::new(root.another()?),
            receipts,
            events,
            parked: Parked::new(parked),
            status: StatusFile::new(root.another()?),
            alive: Alive::new(root),
            _lock: lock,
        };
        Ok((store, notes))
    }

    /// Where it was opened: for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests;
