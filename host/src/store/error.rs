//! What can go wrong on disk: always with the path, the system's words, and what to do where something can be done.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

/// Something on disk that could not be read, written or believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("cannot {act} {}: {cause}{}", path.display(), remedy(cause))]
    System {
        /// What was being done, as a verb: `write`, `open`.
        act: &'static str,
        /// To what.
        path: PathBuf,
        /// In the system's words.
        cause: io::Error,
    },
    /// It is there and is not what was written.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It is not there.
    #[error("{} is not there", path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// It is something that a host must not use.
    #[error("{} cannot be used: {why}", path.display())]
    Unfit {
        /// Which file or folder.
        path: PathBuf,
        /// What it is, and what to do.
        why: String,
    },
    /// Another host runs on it.
    #[error("{} is in use by another host{}; end that one first, or give this one a folder of its own", path.display(), pid(*holder))]
    InUse {
        /// Which folder.
        path: PathBuf,
        /// The process that holds it, where it said so.
        holder: Option<u32>,
    },
    /// It is larger than what is taken.
    #[error("{what} is larger than {limit} bytes, the most that is taken")]
    TooLarge {
        /// What.
        what: String,
        /// The most, in bytes.
        limit: u64,
    },
    /// What was to be copied into the store could not be read to its end.
    #[error("cannot read what was to be taken into the store: {cause}")]
    Source {
        /// In the system's words.
        cause: io::Error,
    },
}

impl Error {
    /// Whether it only says that there is no such thing.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

fn pid(holder: Option<u32>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

fn remedy(cause: &io::Error) -> &'static str {
    match cause.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOSPC | Errno::DQUOT) => "; make room there, or put the state elsewhere with --state",
        Some(Errno::ACCESS | Errno::PERM) => "; give the user that the host runs as the right to it",
        Some(Errno::ROFS) => "; make that file system writable, or put the state elsewhere with --state",
        Some(Errno::MFILE | Errno::NFILE) => "; raise the limit of open files (ulimit -n)",
        _ => "",
    }
}
