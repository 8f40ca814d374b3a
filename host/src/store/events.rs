//! The log of what happened: one JSON object a line, numbered without gaps across restarts, in two files of 8 MiB that
//! take turns.
//!
//! A line is handed to the system when it is appended and not waited for: it outlives the host however that ends, and a
//! power cut may take the last ones. Receipts, not events, are the proof of what was done.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use changeling_core::WallTime;
use changeling_core::happening::Happening;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::folder::Folder;

const NEW: &str = "events.jsonl";
const OLD: &str = "events.1.jsonl";
/// One of the two files.
const FILE_LIMIT: u64 = 8 << 20;
/// One line; words of guests are cut far below it by those who pass them on.
const LINE_LIMIT: usize = 256 << 10;

/// Read at a time.
const CHUNK: usize = 64 << 10;

/// The files `events.jsonl` and `events.1.jsonl`.
#[derive(Debug)]
pub struct Events {
    folder: Folder,
    limit: u64,
    end: Mutex<End>,
}

/// Where the log ends.
#[derive(Debug)]
struct End {
    file: File,
    /// The bytes of whole lines in it. What lies beyond is the rest of a write that failed.
    len: u64,
    /// Whether something may lie beyond.
    torn: bool,
    /// The number that the next line gets.
    next: u64,
    /// The number of the first line in this file.
    first: u64,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Event)]
pub struct Record {
    /// Its number: grows by one, also across restarts.
    pub seq: u64,
    /// When, as RFC 3339 in UTC: for people.
    pub time: String,
    /// What.
    #[serde(flatten)]
    pub happening: Happening,
}

/// The number alone, of a line whose rest may be newer than this host.
#[derive(Deserialize)]
struct Numbered {
    seq: u64,
}

impl Events {
    pub(super) fn open(folder: Folder) -> Result<(Self, Vec<Error>), Error> {
        let mut notes = Vec::new();
        let old_last = last_line(&content_of(&folder, OLD, &mut notes)?).1;
        let content = content_of(&folder, NEW, &mut notes)?;
        let file = folder.open_to_write(NEW)?;
        let (len, last) = last_line(&content);
        if len < content.len() as u64 {
            let why = format!("its last {} bytes are no whole line; they were cut off", content.len() as u64 - len);
            notes.push(Error::Damaged { path: folder.path_of(NEW), why });
        }
        let first = content.split(|b| *b == b'\n').find_map(number);
        let next = last.max(old_last).map_or(1, |seq| seq.saturating_add(1));
        let torn = len < content.len() as u64;
        let end = End { file, len, torn, next, first: first.unwrap_or(next) };
        Ok((Self { folder, limit: FILE_LIMIT, end: Mutex::new(end) }, notes))
    }

    /// With another size of each of the two files, in bytes.
    #[must_use]
    pub fn bounded(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// Adds a line and gives it back with its number.
    ///
    /// # Errors
    /// When the disk refuses; the log is whole all the same, and the number is given to the next line.
    pub fn append(&self, at: WallTime, happening: Happening) -> Result<Record, Error> {
        let mut end = self.end();
        let record = Record { seq: end.next, time: at.to_string(), happening };
        let mut line = serde_json::to_vec(&record).expect("an event has only text keys, and memory does not fail");
        line.push(b'\n');
        if line.len() > LINE_LIMIT {
            return Err(Error::TooLarge { what: format!("event {}", record.seq), limit: LINE_LIMIT as u64 });
        }
        if end.len > 0 && end.len + line.len() as u64 > self.limit {
            self.turn(&mut end)?;
        }
        let failed = |cause| self.folder.failed("write", NEW, cause);
        if end.torn {
            end.file.set_len(end.len).map_err(failed)?;
            end.torn = false;
        }
        if let Err(cause) = end.file.write_all_at(&line, end.len) {
            end.torn = true;
            return Err(failed(cause));
        }
        end.len += line.len() as u64;
        end.next += 1;
        Ok(record)
    }

    /// The number of the last line; 0 where there is none.
    pub fn last(&self) -> u64 {
        self.end().next - 1
    }

    /// The first `limit` lines with a number above `seq` that are still there. Lines that cannot be read are left out,
    /// which the numbers show. Reads up to two files of 8 MiB where anything is new: for catching up, not for following.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn since(&self, seq: u64, limit: usize) -> Result<Vec<Record>, Error> {
        self.pages(seq)?.next(limit)
    }

    /// The same, all of them, to be read a page at a time. What is appended from here on is not among them.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn pages(&self, seq: u64) -> Result<Pages, Error> {
        let mut parts = VecDeque::new();
        // Files that take turns later are still those that were opened here.
        let end = self.end();
        if seq < end.next - 1 {
            if seq.saturating_add(1) < end.first
                && let Some(old) = self.folder.open(OLD)?
            {
                let len = old.metadata().map_err(|cause| self.folder.failed("read", OLD, cause))?.len();
                parts.push_back((old, len.min(2 * FILE_LIMIT)));
            }
            let new = end.file.try_clone().map_err(|cause| self.folder.failed("read", NEW, cause))?;
            parts.push_back((new, end.len));
        }
        Ok(Pages { path: self.folder.path_of(NEW), parts, at: 0, read: Vec::new(), taken: 0, seq })
    }

    fn turn(&self, end: &mut End) -> Result<(), Error> {
        if end.torn {
            end.file.set_len(end.len).map_err(|cause| self.folder.failed("write", NEW, cause))?;
            end.torn = false;
        }
        self.folder.rename(NEW, OLD)?;
        // Should this fail, lines go on into the file that has the older name now, and nothing is lost.
        end.file = self.folder.open_to_write(NEW)?;
        end.len = 0;
        end.first = end.next;
        Ok(())
    }

    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log that is larger than any that is written here is none, and must not keep a host from starting.
fn content_of(folder: &Folder, name: &str, notes: &mut Vec<Error>) -> Result<Vec<u8>, Error> {
    match folder.read(name, 2 * FILE_LIMIT) {
        Ok(content) => Ok(content.unwrap_or_default()),
        Err(Error::TooLarge { limit, .. }) => {
            folder.remove(name)?;
            let why = format!("it is larger than {limit} bytes, and no log gets so large; it was removed");
            notes.push(Error::Damaged { path: folder.path_of(name), why });
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// Lines of the log in order, as [`Events::pages`] gives them.
#[derive(Debug)]
pub struct Pages {
    /// For messages.
    path: PathBuf,
    /// What is left to read, each with its length.
    parts: VecDeque<(File, u64)>,
    /// Where in the first of them.
    at: u64,
    /// What was read of it, of which so much has been taken.
    read: Vec<u8>,
    taken: usize,
    /// The number of the last line that was given.
    seq: u64,
}

impl Pages {
    /// The next lines, at most so many; none at the end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn next(&mut self, limit: usize) -> Result<Vec<Record>, Error> {
        let mut page = Vec::new();
        while page.len() < limit {
            let rest = &self.read[self.taken..];
            if let Some(end) = rest.iter().position(|b| *b == b'\n') {
                let line = &rest[..end];
                self.taken += end + 1;
                if let Some(seq) = number(line).filter(|seq| *seq > self.seq) {
                    self.seq = seq;
                    page.extend(serde_json::from_slice::<Record>(line));
                }
            } else if !self.read_on()? {
                break;
            }
        }
        Ok(page)
    }

    /// Reads some more; false where there is nothing more.
    fn read_on(&mut self) -> Result<bool, Error> {
        let Some((file, len)) = self.parts.front() else { return Ok(false) };
        self.read.drain(..self.taken);
        self.taken = 0;
        let more = (len - self.at).min(CHUNK as u64);
        // A line that is longer is none of ours.
        if more == 0 || self.read.len() > LINE_LIMIT {
            self.parts.pop_front();
            (self.at, self.read) = (0, Vec::new());
            return Ok(true);
        }
        let before = self.read.len();
        self.read.resize(before + usize::try_from(more).expect("it is a chunk at most"), 0);
        let failed = |cause| Error::System { act: "read", path: self.path.clone(), cause };
        file.read_exact_at(&mut self.read[before..], self.at).map_err(failed)?;
        self.at += more;
        Ok(true)
    }
}

/// The bytes of whole lines, and the last number in them.
fn last_line(content: &[u8]) -> (u64, Option<u64>) {
    let len = content.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    (len as u64, content[..len].rsplit(|b| *b == b'\n').find_map(number))
}

fn number(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Numbered>(line).ok().map(|it| it.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble() -> Happening {
        Happening::Trouble { what: "what".to_owned(), why: "why".to_owned() }
    }

    /// `/dev/full` answers every write as a full disk does.
    #[test]
    fn a_full_disk_loses_a_line_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = || Folder::open_root(dir.path(), &mut Vec::new()).unwrap();
        let events = Events::open(folder()).unwrap().0;
        events.append(WallTime(1), trouble()).unwrap();
        let full = File::options().read(true).write(true).open("/dev/full").unwrap();
        let real = std::mem::replace(&mut events.end().file, full);
        let words = events.append(WallTime(2), trouble()).unwrap_err().to_string();
        assert!(words.contains("events.jsonl: No space left on device") && words.contains("make room"), "{words}");
        // What a write may leave behind that failed in the middle.
        real.write_all_at(b"{\"seq\":2,\"time", events.end().len).unwrap();
        events.end().file = real;
        assert_eq!(events.append(WallTime(3), trouble()).unwrap().seq, 2);
        assert_eq!(events.since(0, 9).unwrap().len(), 2);
        let (again, notes) = Events::open(folder()).unwrap();
        assert_eq!((again.last(), notes.len()), (2, 0));
    }
}
