//! The bytes of versions, each under its SHA-256: copied once from wherever they came, and from then on the only bytes
//! that anything looks at.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use changeling_core::id::Digest;
use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::folder::Folder;

/// No version is read that is larger than this, whatever was staged under another limit: 1 GiB.
const READ_LIMIT: u64 = 1 << 30;

/// The folder `versions`.
#[derive(Debug)]
pub struct Versions {
    folder: Folder,
    /// How often each was staged and not yet taken: whoever lets bytes go that are offered again does not know that yet.
    staged: Mutex<BTreeMap<Digest, u32>>,
}

/// Bytes that lie in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staged {
    /// Their SHA-256: the identity of the version.
    pub digest: Digest,
    /// How many.
    pub size: u64,
}

impl Versions {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder, staged: Mutex::default() }
    }

    /// Copies everything that `from` gives, at most `limit` bytes, hashing on the way. On disk, with its name, when this
    /// returns. The same bytes once more cost a look and change nothing; a copy that has rotted meanwhile is healed.
    /// They are not forgotten before they are [`taken`](Self::taken).
    ///
    /// # Errors
    /// When `from` fails or gives too much, or the disk refuses; nothing is left behind.
    pub fn stage(&self, mut from: impl Read, limit: u64) -> Result<Staged, Error> {
        let mut new = self.folder.temporary("")?;
        let (mut hash, mut size) = (Sha256::new(), 0);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let len = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => len,
                Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(Error::Source { cause }),
            };
            size += len as u64;
            if size > limit {
                return Err(Error::TooLarge { what: "the component".to_owned(), limit });
            }
            hash.update(&buffer[..len]);
            new.write(&buffer[..len])?;
        }
        let staged = Staged { digest: Digest(hash.finalize().into()), size };
        *self.staged().entry(staged.digest).or_default() += 1;
        if self.read(&staged.digest).is_err() {
            new.keep(&file_name(&staged.digest)).inspect_err(|_| self.taken(&staged.digest))?;
        }
        Ok(staged)
    }

    /// Whoever decides what is forgotten knows of them now, once for each staging.
    pub fn taken(&self, digest: &Digest) {
        let mut staged = self.staged();
        if let Some(times) = staged.get_mut(digest) {
            *times -= 1;
            if *times == 0 {
                staged.remove(digest);
            }
        }
    }

    /// As [`stage`](Self::stage), of bytes at hand.
    ///
    /// # Errors
    /// When they are too many, or the disk refuses.
    pub fn stage_bytes(&self, bytes: &[u8], limit: u64) -> Result<Staged, Error> {
        self.stage(bytes, limit)
    }

    /// The bytes, which are those of the digest or none.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`], or the system's.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let name = file_name(digest);
        let path = || self.folder.path_of(&name);
        let bytes = self.folder.read(&name, READ_LIMIT)?.ok_or_else(|| Error::Missing { path: path() })?;
        let found = sha256(&bytes);
        if found != *digest {
            return Err(Error::Damaged { path: path(), why: format!("its bytes have the digest {found}") });
        }
        Ok(bytes)
    }

    /// The digests of all that is kept, whole or not.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn list(&self) -> Result<Vec<Digest>, Error> {
        let digest = |name: String| name.strip_suffix(".wasm")?.parse().ok();
        Ok(self.folder.names()?.into_iter().filter_map(digest).collect())
    }

    /// Removes a version's bytes, unless they were staged again and not taken yet; says whether any were removed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget(&self, digest: &Digest) -> Result<bool, Error> {
        // Held all the while, so that nobody who stages them finds bytes that go under its eyes.
        let staged = self.staged();
        if staged.contains_key(digest) {
            return Ok(false);
        }
        self.folder.remove(&file_name(digest))
    }

    fn staged(&self) -> MutexGuard<'_, BTreeMap<Digest, u32>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(digest: &Digest) -> String {
    format!("{digest}.wasm")
}

pub(super) fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}
