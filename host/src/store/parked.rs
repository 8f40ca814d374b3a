//! Actors that a graceful end put to sleep: one file each, written by the code that the state is of, and kept until the
//! actor runs again.
//!
//! One that is written is whole or not there, and outlives the host however that ends. Only a power cut needs more, and
//! waiting for the disk once an actor would make the end of a host with thousands of them last minutes: so it is waited
//! for once, with [`Parked::sync`].
//!
//! A file is a fixed head (what it is, lengths, checksums), then the record in postcard, then the state's bytes as the
//! guest saved them, which are read only when they are wanted.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use changeling_core::id::{Address, Digest};
use serde::{Deserialize, Serialize};

use super::Listing;
use super::error::Error;
use super::folder::Folder;
use super::versions::sha256;

const MAGIC: &[u8; 8] = b"CHparkd\x01";
/// Magic, two lengths, two digests.
const HEAD: usize = 8 + 8 + 8 + 32 + 32;
const RECORD_LIMIT: u64 = 64 << 20;
const STATE_LIMIT: u64 = 1 << 30;
const ENDING: &str = ".parked";

/// The folder `parked`.
#[derive(Debug)]
pub struct Parked {
    folder: Folder,
}

/// A sleeping actor, but for its state. The stored form: postcard, in this order, so it grows only by another magic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedHead {
    /// Whose.
    pub address: Address,
    /// The version that saved the state, and that takes it again.
    pub digest: Digest,
    /// The version of the state itself; none where the code has no `state`.
    pub state_version: Option<u32>,
    /// What it was started with.
    pub args: Option<String>,
    /// How often it was restarted.
    pub restarts: u64,
    /// Its timers, in the order they were made.
    pub timers: Vec<ParkedTimer>,
}

/// A timer of a sleeping actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedTimer {
    /// Its number, which the actor may have kept in its state to cancel it.
    pub id: u64,
    /// What was still to wait, in milliseconds.
    pub remaining_ms: u64,
    /// What the actor gets with it.
    pub token: String,
}

/// A sleeping actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedActor {
    /// All but the state.
    pub head: ParkedHead,
    /// The state as the guest saved it; none where its code has no `state`.
    pub state: Option<Vec<u8>>,
}

impl Parked {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder }
    }

    /// Writes an actor down; one that was there before is replaced. [`sync`](Self::sync) comes after the last one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, actor: &ParkedActor) -> Result<(), Error> {
        let record = encode(&actor.head, actor.state.is_some());
        let state = actor.state.as_deref().unwrap_or_default();
        for (part, limit) in [(&record[..], RECORD_LIMIT), (state, STATE_LIMIT)] {
            if part.len() as u64 > limit {
                return Err(Error::TooLarge { what: format!("what is to be kept of {}", actor.head.address), limit });
            }
        }
        let name = file_name(&actor.head.address);
        let mut new = self.folder.temporary(&name)?;
        new.write(&Lengths::of(&record, state).encode())?;
        new.write(&record)?;
        new.write(state)?;
        new.keep_lazily(&name)
    }

    /// One actor, state and all; none where it is not parked.
    ///
    /// # Errors
    /// [`Error::Damaged`], or the system's; the file stays.
    pub fn read(&self, address: &Address) -> Result<Option<ParkedActor>, Error> {
        let name = file_name(address);
        let Some(mut file) = self.folder.open(&name)? else {
            return Ok(None);
        };
        let (lengths, (head, has_state)) = self.head(&mut file, &name)?;
        if head.address != *address {
            return Err(self.damaged(&name, format!("it holds {}", head.address)));
        }
        let mut state = Vec::new();
        file.read_to_end(&mut state).map_err(|cause| self.folder.failed("read", &name, cause))?;
        if sha256(&state) != lengths.state_digest {
            return Err(self.damaged(&name, "the state's checksum does not match".to_owned()));
        }
        Ok(Some(ParkedActor { head, state: has_state.then_some(state) }))
    }

    /// All of them but for their states, by address; and those that cannot be read.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn list(&self) -> Result<Listing<ParkedHead>, Error> {
        let mut listing = Listing { items: Vec::new(), damaged: Vec::new() };
        for name in self.folder.names()?.iter().filter(|name| name.ends_with(ENDING)) {
            let head = self.folder.open(name).and_then(|file| match file {
                Some(mut file) => self.head(&mut file, name).map(|(_, (head, _))| Some(head)),
                None => Ok(None),
            });
            match head {
                Ok(head) => listing.items.extend(head),
                Err(error) => listing.damaged.push(error),
            }
        }
        listing.items.sort_unstable_by(|a, b| a.address.cmp(&b.address));
        Ok(listing)
    }

    /// Removes an actor's file: it runs again, or is wanted no more. Says whether there was one. Until the next
    /// [`sync`](Self::sync), a power cut may bring it back.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn forget(&self, address: &Address) -> Result<bool, Error> {
        self.folder.remove(&file_name(address))
    }

    /// Gives an actor's file a name under which nobody looks for it, and says which: its state was not restored, and there
    /// is a newer one to be written. None where there is no file.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn set_aside(&self, address: &Address) -> Result<Option<PathBuf>, Error> {
        let name = file_name(address);
        if self.folder.open(&name)?.is_none() {
            return Ok(None);
        }
        let mut number = 1;
        loop {
            let aside = format!("{name}.not-restored-{number}");
            if self.folder.open(&aside)?.is_none() {
                self.folder.rename(&name, &aside)?;
                return Ok(Some(self.folder.path_of(&aside)));
            }
            number += 1;
        }
    }

    /// Waits until everything that was written and removed here is on the disk: at the end of a host, and when the
    /// actors of the one before run again.
    ///
    /// # Errors
    /// When the disk refuses; what of it is there is known only when it is read.
    pub fn sync(&self) -> Result<(), Error> {
        self.folder.sync_file_system()
    }

    fn head(&self, file: &mut File, name: &str) -> Result<(Lengths, (ParkedHead, bool)), Error> {
        let failed = |cause| self.folder.failed("read", name, cause);
        let size = file.metadata().map_err(failed)?.len();
        let mut head = Vec::new();
        file.take(HEAD as u64).read_to_end(&mut head).map_err(failed)?;
        let lengths = Lengths::decode(&head, size).map_err(|why| self.damaged(name, why))?;
        let mut record = Vec::new();
        file.take(lengths.record).read_to_end(&mut record).map_err(failed)?;
        if sha256(&record) != lengths.record_digest {
            return Err(self.damaged(name, "the record's checksum does not match".to_owned()));
        }
        let decoded = postcard::from_bytes(&record).map_err(|why| self.damaged(name, why.to_string()))?;
        Ok((lengths, decoded))
    }

    fn damaged(&self, name: &str, why: String) -> Error {
        Error::Damaged { path: self.folder.path_of(name), why }
    }
}

fn encode(head: &ParkedHead, has_state: bool) -> Vec<u8> {
    postcard::to_stdvec(&(head, has_state)).expect("all of it has a known length, and memory does not fail")
}

/// The fixed head of a file.
struct Lengths {
    record: u64,
    state: u64,
    record_digest: Digest,
    state_digest: Digest,
}

impl Lengths {
    fn of(record: &[u8], state: &[u8]) -> Self {
        let (record_digest, state_digest) = (sha256(record), sha256(state));
        Self { record: record.len() as u64, state: state.len() as u64, record_digest, state_digest }
    }

    fn encode(&self) -> Vec<u8> {
        let (record, state) = (self.record.to_le_bytes(), self.state.to_le_bytes());
        [&MAGIC[..], &record, &state, &self.record_digest.0, &self.state_digest.0].concat()
    }

    fn decode(head: &[u8], size: u64) -> Result<Self, String> {
        let fields = head.split_first_chunk::<8>().and_then(|(magic, rest)| {
            let (record, rest) = rest.split_first_chunk()?;
            let (state, rest) = rest.split_first_chunk()?;
            let (record_digest, rest) = rest.split_first_chunk()?;
            let (state_digest, _) = rest.split_first_chunk()?;
            let (record, state) = (u64::from_le_bytes(*record), u64::from_le_bytes(*state));
            Some((
                magic,
                Self { record, state, record_digest: Digest(*record_digest), state_digest: Digest(*state_digest) },
            ))
        });
        let (magic, lengths) = fields.ok_or("it is too short")?;
        if magic != MAGIC {
            return Err("it is no parked actor, or another version of the host wrote it".to_owned());
        }
        if lengths.record > RECORD_LIMIT || lengths.state > STATE_LIMIT {
            return Err("its lengths are past what is ever written".to_owned());
        }
        let wanted = HEAD as u64 + lengths.record + lengths.state;
        if size != wanted {
            return Err(format!("it has {size} bytes and says it has {wanted}"));
        }
        Ok(lengths)
    }
}

fn file_name(address: &Address) -> String {
    format!("{}{ENDING}", sha256(address.to_string().as_bytes()))
}
