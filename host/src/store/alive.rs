//! How the last host ended, and how many actors it had when it was last asked: what the first line of the log says after
//! a kill.
//!
//! The number is written now and then, not at every birth and death, so it is given with the time it was true at. It is
//! not waited for on the disk: a kill loses nothing, a power cut may bring back an older number or none.

use std::sync::{Mutex, PoisonError};

use changeling_core::WallTime;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::events::rfc3339;
use super::folder::Folder;
use super::table::{of_type, to_json};

const NAME: &str = "alive.json";
const TYPE: &str = "changeling.alive/1";

/// The file `alive.json`.
#[derive(Debug)]
pub struct Alive {
    folder: Folder,
    /// What was last written, to write only what is new.
    noted: Mutex<Option<u64>>,
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
        Self {
            folder,
            noted: Mutex::new(None),
        }
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
                Some(Stored { actors, counted, .. }) => LastEnd::Killed {
                    actors: Some(actors),
                    counted: Some(counted),
                },
                None => LastEnd::Killed {
                    actors: None,
                    counted: None,
                },
            },
            Err(Error::TooLarge { .. }) => LastEnd::Killed {
                actors: None,
                counted: None,
            },
            Err(error) => return Err(error),
        };
        self.write(0, false, now)?;
        Ok(last)
    }

    /// Now and then: this many actors live. Writes only what is new.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn note(&self, actors: u64, now: WallTime) -> Result<(), Error> {
        let noted = *self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted == Some(actors) {
            Ok(())
        } else {
            self.write(actors, false, now)
        }
    }

    /// At the very end, when every actor is parked or has ended.
    ///
    /// # Errors
    /// When the disk refuses; the next start will think that this host was killed.
    pub fn end(&self, now: WallTime) -> Result<(), Error> {
        self.write(0, true, now)
    }

    fn write(&self, actors: u64, ended: bool, now: WallTime) -> Result<(), Error> {
        let stored = Stored {
            kind: TYPE.to_owned(),
            ended,
            actors,
            counted: rfc3339(now),
        };
        self.folder.replace_lazily(NAME, &to_json(&stored))?;
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(actors);
        Ok(())
    }
}

fn parse(text: &[u8]) -> Option<Stored> {
    of_type(text, TYPE)
        .ok()
        .and_then(|value| serde_json::from_value(value).ok())
}
