//! Machine code made from versions: a cache of which anything may be lost at any time. Nothing here waits for the disk,
//! since an entry that a power cut tore is found out by its digest and made anew.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use changeling_core::id::Digest;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::folder::Folder;
use super::versions::sha256;

/// What all entries together may take: 1 GiB. None that is larger was put there.
const DEFAULT_BOUND: u64 = 1 << 30;

/// The folder `compiled`.
#[derive(Debug)]
pub struct Compiled {
    folder: Folder,
    bound: u64,
    /// One at a time adds or removes, so that the bound is looked at by one.
    change: Mutex<()>,
}

/// Compiled code that was read from end to end and is what was put there.
#[derive(Debug)]
pub struct Entry {
    file: File,
    /// Its length in bytes.
    pub size: u64,
}

impl Entry {
    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// A path to exactly the file that was checked, for a library that maps files by path: valid while this entry lives,
    /// whatever is renamed meanwhile.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.file.as_raw_fd()).into()
    }
}

impl Compiled {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder, bound: DEFAULT_BOUND, change: Mutex::new(()) }
    }

    /// With another bound on the size of all entries together, in bytes.
    #[must_use]
    pub fn bounded(self, bound: u64) -> Self {
        Self { bound, ..self }
    }

    /// The code made of a version by an engine; `engine` is any text that differs where engines cannot run each other's
    /// code. None where there is none. A use makes it the last to be removed.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not what was put there: it is removed then, and can be made anew.
    pub fn load(&self, version: &Digest, engine: &str) -> Result<Option<Entry>, Error> {
        let name = entry_name(version, engine);
        let Some(mut file) = self.folder.open(&name)? else {
            return Ok(None);
        };
        let (found, size) = hash(&name, &mut file).map_err(|cause| self.folder.failed("read", &name, cause))?;
        let noted = self.folder.read(&digest_name(&name), 256);
        let noted = noted.ok().flatten().and_then(|text| String::from_utf8(text).ok()?.trim().parse::<Digest>().ok());
        if noted != Some(found) {
            self.remove(&name)?;
            let why = match noted {
                Some(_) => "its bytes are not those that were written under this name; it was removed",
                None => "the digest beside it is missing or unreadable; it was removed",
            };
            return Err(Error::Damaged { path: self.folder.path_of(&name), why: why.to_owned() });
        }
        // The modification time is the time of the last use. Failing to note it costs order, nothing else.
        let _ = rustix::fs::futimens(&file, &NOW);
        Ok(Some(Entry { file, size }))
    }

    /// Keeps code for later, and removes the entries used longest ago while all together are past the bound.
    ///
    /// # Errors
    /// When the disk refuses; the code can be used all the same.
    pub fn keep(&self, version: &Digest, engine: &str, code: &[u8]) -> Result<(), Error> {
        let _one = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let name = entry_name(version, engine);
        // The digest goes first: an entry without one would look damaged, a digest without an entry is nothing.
        let (digest, _) = hash(&name, code).map_err(|cause| self.folder.failed("read", &name, cause))?;
        self.folder.replace_lazily(&digest_name(&name), digest.to_string().as_bytes())?;
        self.folder.replace_lazily(&name, code)?;
        self.shrink(&name)
    }

    /// Removes all code made of a version.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget(&self, version: &Digest) -> Result<(), Error> {
        let _one = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let prefix = version.to_string();
        let names = self.folder.names()?;
        names.iter().filter(|name| name.starts_with(&prefix)).try_for_each(|name| self.folder.remove(name).map(drop))
    }

    fn shrink(&self, newest: &str) -> Result<(), Error> {
        let mut entries = Vec::new();
        let mut total = 0;
        for name in self.folder.names()? {
            let Some(file) = self.folder.open(&name).ok().flatten() else {
                continue;
            };
            let stat = file.metadata().map_err(|cause| self.folder.failed("look at", &name, cause))?;
            total += stat.len();
            if name.ends_with(ENDING) && name != newest {
                entries.push((stat.modified().unwrap_or(SystemTime::UNIX_EPOCH), name, stat.len()));
            }
        }
        entries.sort_unstable();
        for (_, name, size) in entries {
            if total <= self.bound {
                break;
            }
            // Whoever has it mapped keeps it until it is unmapped.
            self.remove(&name)?;
            total = total.saturating_sub(size);
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.folder.remove(name)?;
        self.folder.remove(&digest_name(name))?;
        Ok(())
    }
}

const ENDING: &str = ".cwasm";
const NOW: Timestamps = Timestamps {
    last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
    last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
};

/// The engine's text may be long and hold anything, so its digest stands for it.
fn entry_name(version: &Digest, engine: &str) -> String {
    format!("{version}-{}{ENDING}", &sha256(engine.as_bytes()).to_string()[..32])
}

fn digest_name(entry: &str) -> String {
    format!("{entry}.sha256")
}

/// Of the name and what is under it: one that was renamed is as damaged as one that was changed.
fn hash(name: &str, code: impl Read) -> std::io::Result<(Digest, u64)> {
    let (mut hash, mut size) = (Sha256::new_with_prefix(name), 0);
    let mut code = code.take(DEFAULT_BOUND + 1);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let len = code.read(&mut buffer)?;
        if len == 0 {
            return Ok((Digest(hash.finalize().into()), size));
        }
        hash.update(&buffer[..len]);
        size += len as u64;
    }
}
