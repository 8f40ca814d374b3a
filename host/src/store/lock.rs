//! One host a folder: a lock that the process holds and that ends with it, however it ends.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::error::Error;
use super::folder::Folder;

const NAME: &str = "lock";

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(folder: &Folder) -> Result<Self, Error> {
        let file = folder.open_to_write(NAME)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(Error::InUse { path: folder.path().to_owned(), holder: holder(&file) });
            }
            Err(cause) => return Err(folder.failed("lock", NAME, cause)),
        }
        // The number is for the other host's message alone: that the lock is held says everything else.
        let pid = std::process::id().to_string();
        let written = file.set_len(0).and_then(|()| file.write_all_at(pid.as_bytes(), 0));
        written.map_err(|cause| folder.failed("write", NAME, cause))?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &File) -> Option<u32> {
    let mut text = [0; 16];
    let len = file.read_at(&mut text, 0).ok()?;
    std::str::from_utf8(&text[..len]).ok()?.trim().parse().ok()
}
