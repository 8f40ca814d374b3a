//! The status file: where this host answers and with which token, for commands of the same user. Whole when it is there,
//! removed at a graceful end, and known to be stale by a lock that its writer holds on it, which no reused process
//! number can fake.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::folder::Folder;
use super::lock::Lock;
use super::table::{of_type, to_json};

const NAME: &str = "host.json";
const TYPE: &str = "changeling.host/1";
const LIMIT: u64 = 64 << 10;

/// The file `host.json`, as its host sees it.
#[derive(Debug)]
pub struct StatusFile {
    folder: Folder,
    /// Open and locked from writing to removing.
    held: Mutex<Option<Lock>>,
}

/// What a host says of itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// Where it answers: `http://127.0.0.1:4650`.
    pub url: String,
    /// What opens everything there.
    pub token: String,
    /// The host's own version.
    pub version: String,
    /// When it began, as RFC 3339.
    pub started: String,
}

/// The token is for the file and for requests, never for a log.
impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, url, version, started, .. } = self;
        f.debug_struct("Status")
            .field("pid", pid)
            .field("url", url)
            .field("version", version)
            .field("started", started)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Stored<'a> {
    #[serde(rename = "$type")]
    kind: &'a str,
    #[serde(flatten)]
    status: &'a Status,
}

/// Who runs on a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Running {
    /// This host.
    Host(Status),
    /// Nobody; this one was ended without being able to tidy up.
    Gone(Status),
    /// Nobody, and the last one ended in order, or there never was one.
    Nobody,
}

impl StatusFile {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder, held: Mutex::new(None) }
    }

    /// Says that this host is ready; the file is there as a whole, for our user alone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, status: &Status) -> Result<(), Error> {
        let mut new = self.folder.temporary(NAME)?;
        new.write(&to_json(&Stored { kind: TYPE, status }))?;
        // Before it has its name, so that nobody ever sees it without its lock.
        let file = new.file().try_clone().map_err(|cause| self.folder.failed("open", NAME, cause))?;
        let lock = Lock::of(file).map_err(|(_, cause)| self.folder.failed("lock", NAME, cause))?;
        new.keep_lazily(NAME)?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        Ok(())
    }

    /// At a graceful end: nobody answers any more.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn remove(&self) -> Result<(), Error> {
        self.folder.remove(NAME)?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

/// Looks from outside who runs on a state folder. Touches nothing.
///
/// # Errors
/// When there is a status file that cannot be read.
pub fn running(state_folder: &Path) -> Result<Running, Error> {
    let path = state_folder.join(NAME);
    let system = |act, cause: Errno| Error::System { act, path: path.clone(), cause: cause.into() };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match rustix::fs::open(&path, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Running::Nobody),
        Err(cause) => return Err(system("open", cause)),
    };
    let mut text = Vec::new();
    let read = (&file).take(LIMIT).read_to_end(&mut text);
    read.map_err(|cause| Error::System { act: "read", path: path.clone(), cause })?;
    let status = of_type(&text, TYPE)
        .and_then(|value| serde_json::from_value(value).map_err(|why| why.to_string()))
        .map_err(|why| Error::Damaged { path: path.clone(), why })?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Running::Gone(status)),
        Err(Errno::WOULDBLOCK) => Ok(Running::Host(status)),
        Err(cause) => Err(system("lock", cause)),
    }
}
