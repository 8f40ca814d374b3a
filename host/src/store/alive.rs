//! How the last host ended, and how many actors it had when it was last asked: what the first line of the log says after
//! a kill.
//!
//! The number is written now and then, not at every birth and death, so it is given with the time it was true at. It is
//! not waited for on the disk: a kill loses nothing, a power cut may bring back an older number or none. Without a host
//! that says so at its end, an end was not graceful.

use std::sync::{Mutex, MutexGuard, PoisonError};

use changeling_core::WallTime;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::folder::Folder;
use super::table::{of_type, to_json};

const NAME: &str = "alive.json";
const TYPE: &str = "changeling.alive/1";

/// The file `alive.json`.
#[derive(Debug)]
pub struct Alive {
    folder: Folder,
    noted: Mutex<Noted>,
}

/// What this host has last written, to write only what is new: held while it writes, so that nobody who counts late
/// takes back that it has ended.
#[derive(Debug, PartialEq, Eq)]
enum Noted {
    Nothing,
    Actors(u64),
    Ended,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "$type")]
    kind: String,
    /// Whether that host came to its end in order.
    ended: bool,
    /// Actors alive, but for those that lie parked.
    actors: u64,
    /// When that was counted, as RFC 3339.
    counted: String,
}

/// How the last host on this folder ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastEnd {
    /// There was none.
    None,
    /// In order, every actor parked or ended.
    Graceful,
    /// It was killed, or the machine was.
    Killed {
        /// How many actors lived when they were last counted; none where even that was lost.
        actors: Option<u64>,
        /// When that was, as RFC 3339.
        counted: Option<String>,
    },
}

impl Alive {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder, noted: Mutex::new(Noted::Nothing) }
    }

    /// At start: says how the last host ended, and from now on that this one has not.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin(&self, now: WallTime) -> Result<LastEnd, Error> {
        let last = match self.folder.read(NAME, 4_096) {
            Ok(None) => LastEnd::None,
            Ok(Some(text)) => match parse(&text) {
                Some(Stored { ended: true, .. }) => LastEnd::Graceful,
                Some(Stored { actors, counted, .. }) => {
                    LastEnd::Killed { actors: Some(actors), counted: Some(counted) }
                }
                None => LastEnd::Killed { actors: None, counted: None },
            },
            Err(Error::TooLarge { .. }) => LastEnd::Killed { actors: None, counted: None },
            Err(error) => return Err(error),
        };
        self.folder.replace_lazily(NAME, &record(0, false, now))?;
        *self.noted() = Noted::Actors(0);
        Ok(last)
    }

    /// Now and then: this many actors live. Writes only what is new, and nothing after the end.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn note(&self, actors: u64, now: WallTime) -> Result<(), Error> {
        let mut noted = self.noted();
        if *noted == Noted::Ended || *noted == Noted::Actors(actors) {
            return Ok(());
        }
        self.folder.replace_lazily(NAME, &record(actors, false, now))?;
        *noted = Noted::Actors(actors);
        Ok(())
    }

    /// At the very end, when every actor is parked or has ended. This one is waited for.
    ///
    /// # Errors
    /// When the disk refuses; the next start will think that this host was killed.
    pub fn end(&self, now: WallTime) -> Result<(), Error> {
        let mut noted = self.noted();
        self.folder.replace(NAME, &record(0, true, now))?;
        *noted = Noted::Ended;
        Ok(())
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record(actors: u64, ended: bool, now: WallTime) -> Vec<u8> {
    to_json(&Stored { kind: TYPE.to_owned(), ended, actors, counted: now.to_string() })
}

fn parse(text: &[u8]) -> Option<Stored> {
    of_type(text, TYPE).ok().and_then(|value| serde_json::from_value(value).ok())
}
