//! Locks that a process holds on files, and that end with it, however it ends: one host a folder.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use rustix::process::Pid;

use super::error::Error;
use super::folder::Folder;

const NAME: &str = "lock";
/// How long a lock may outlive the host that held it.
const INHERITED: Duration = Duration::from_secs(5);

/// A file that nobody else can lock until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Locks a file for its process alone.
    pub(super) fn of(file: File) -> Result<Self, (File, Errno)> {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { file }),
            Err(cause) => Err((file, cause)),
        }
    }

    /// The lock of a whole state folder.
    pub(super) fn take(folder: &Folder) -> Result<Self, Error> {
        let (mut file, until) = (folder.open_to_write(NAME)?, Instant::now() + INHERITED);
        let lock = loop {
            file = match Self::of(file) {
                Ok(lock) => break lock,
                // Killed just when it started a child, which shares its lock until it has become another program.
                Err((file, Errno::WOULDBLOCK)) if holder(&file).is_some_and(is_gone) && Instant::now() < until => file,
                Err((file, Errno::WOULDBLOCK)) => {
                    return Err(Error::InUse { path: folder.path().to_owned(), holder: holder(&file) });
                }
                Err((_, cause)) => return Err(folder.failed("lock", NAME, cause)),
            };
            std::thread::sleep(Duration::from_millis(5));
        };
        // The number is for the other host's message alone: that the lock is held says everything else.
        let pid = std::process::id().to_string();
        folder.truncate(NAME, &lock.file, 0)?;
        folder.write_at(NAME, &lock.file, pid.as_bytes(), 0)?;
        Ok(lock)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is just being started shares it for a moment.
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }
}

fn is_gone(process: u32) -> bool {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(Errno::SRCH))
}

fn holder(file: &File) -> Option<u32> {
    let mut text = [0; 16];
    let len = file.read_at(&mut text, 0).ok()?;
    std::str::from_utf8(&text[..len]).ok()?.trim().parse().ok()
}
