//! When to look at a file, and what to say of it: the rules of "this file is whole" without files and without a clock.
//!
//! A file is looked at when it has kept its stamp (size, times, inode) for the settle time, or for the stalled time while
//! a writer is known to have it open; and once more after the stalled time if it was not whole before. Of one content,
//! one thing is said; of a whole one, each time that it is put there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use changeling_core::Time;
use changeling_core::id::Digest;

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    /// Nanoseconds since 1970.
    pub(super) modified_ns: i128,
    /// Nobody can set this one: it also shows bytes that were overwritten and given their old time again (`cp -p`). But
    /// it changes with the mode and the name too, so that the content is what is compared in the end.
    pub(super) changed_ns: i128,
    pub(super) inode: u64,
    pub(super) device: u64,
}

/// When a content was put under a name, and as which file: all of a stamp that is another one when somebody copies the same
/// bytes there once more, and nothing that changes with a mode.
type Put = (i128, u64, u64);

impl Stamp {
    fn put(&self) -> Put {
        (self.modified_ns, self.inode, self.device)
    }
}

/// What a look at a file showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    /// Not yet, and perhaps never.
    Partial(String),
    /// Never under this stamp.
    Never(String),
    /// It could not be looked at, for a reason that its stamp would not show the end of: looked at again at each rescan.
    Unreadable(String),
}

/// What to say of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Saying {
    Whole {
        /// Nobody has put it there just now.
        lay_there: bool,
    },
    Broken(String),
}

#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// Since when it has that stamp.
    since: Time,
    phase: Phase,
    /// What was said last.
    said: Option<Said>,
    /// Whether it lay there when the folder was first looked at, or was to be looked at again.
    lay_there: bool,
}

/// What something was said of: a content with when it was put there, or a file that has none that could be read, by device and inode, in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Whole(Digest, Put),
    Broken(Digest),
    Words((u64, u64), String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Settling,
    /// Looked at and not whole; looked at once more when it has stalled.
    Partial,
    /// All is said that there is to say of this stamp.
    Said,
    /// It is said that it cannot be read.
    Unreadable {
        again: bool,
    },
}

#[derive(Debug)]
pub(super) struct Settle {
    settle: Duration,
    stalled: Duration,
    files: BTreeMap<String, Seen>,
    /// Files that somebody writes to and has not closed yet, as far as notifications told.
    open: BTreeSet<String>,
    is_first: bool,
}

impl Settle {
    pub(super) fn new(settle: Duration, stalled: Duration) -> Self {
        Self { settle, stalled: stalled.max(settle), files: BTreeMap::new(), open: BTreeSet::new(), is_first: true }
    }

    /// Somebody writes to a file.
    pub(super) fn handle_writing(&mut self, name: &str) {
        self.open.insert(name.to_owned());
    }

    /// The writer has closed it.
    pub(super) fn handle_closed(&mut self, name: &str) {
        self.open.remove(name);
    }

    /// What the folder holds now, all of it. What is not in it is forgotten.
    pub(super) fn handle_scan(&mut self, now: Time, listing: &BTreeMap<String, Stamp>, is_rescan: bool) {
        let mut before = std::mem::take(&mut self.files);
        for (name, stamp) in listing {
            let old = before.remove(name);
            let said = old.as_ref().and_then(|seen| seen.said.clone());
            let mut seen = match old {
                Some(seen) if seen.stamp == *stamp => seen,
                _ => Seen { stamp: *stamp, since: now, phase: Phase::Settling, said, lay_there: self.is_first },
            };
            if is_rescan && seen.phase == (Phase::Unreadable { again: false }) {
                seen.phase = Phase::Unreadable { again: true };
            }
            self.files.insert(name.clone(), seen);
        }
        self.is_first = false;
        let files = &self.files;
        self.open.retain(|name| files.contains_key(name));
    }

    /// The files to look at now with their stamps, the one modified first being the first.
    pub(super) fn due(&self, now: Time) -> Vec<(String, Stamp)> {
        let due = self.files.iter().filter(|(name, seen)| self.due_at(name, seen).is_some_and(|at| at <= now));
        let mut due: Vec<_> = due.map(|(name, seen)| (name.clone(), seen.stamp)).collect();
        due.sort_by_key(|(_, stamp)| stamp.modified_ns);
        due
    }

    /// When the next file is due, if none changes until then.
    pub(super) fn wake_at(&self) -> Option<Time> {
        self.files.iter().filter_map(|(name, seen)| self.due_at(name, seen)).min()
    }

    fn due_at(&self, name: &str, seen: &Seen) -> Option<Time> {
        match seen.phase {
            Phase::Settling if self.open.contains(name) => Some(seen.since + self.stalled),
            Phase::Settling => Some(seen.since + self.settle),
            Phase::Partial => Some(seen.since + self.stalled),
            Phase::Unreadable { again: true } => Some(seen.since),
            Phase::Said | Phase::Unreadable { again: false } => None,
        }
    }

    /// What a look at a due file showed, the stamp that it had during the look, and the digest of what was read, if it
    /// could be. Gives what to say of it.
    pub(super) fn handle_look(
        &mut self,
        now: Time,
        name: &str,
        stamp: Stamp,
        content: Option<Digest>,
        verdict: Verdict,
    ) -> Option<Saying> {
        let seen = self.files.get_mut(name)?;
        if seen.stamp != stamp {
            let said = seen.said.take();
            *seen = Seen { stamp, since: now, phase: Phase::Settling, said, lay_there: false };
            return None;
        }
        let has_stalled = seen.since + self.stalled <= now;
        let (phase, saying) = match verdict {
            Verdict::Whole => (Phase::Said, Saying::Whole { lay_there: seen.lay_there }),
            Verdict::Never(why) => (Phase::Said, Saying::Broken(why)),
            Verdict::Partial(why) if has_stalled => (Phase::Said, Saying::Broken(why)),
            Verdict::Unreadable(why) if has_stalled => (Phase::Unreadable { again: false }, Saying::Broken(why)),
            Verdict::Partial(_) | Verdict::Unreadable(_) => {
                seen.phase = Phase::Partial;
                return None;
            }
        };
        seen.phase = phase;
        let said = match (content, &saying) {
            (None, Saying::Broken(why)) => Some(Said::Words((stamp.device, stamp.inode), why.clone())),
            (content, Saying::Broken(_)) => content.map(Said::Broken),
            (content, Saying::Whole { .. }) => content.map(|content| Said::Whole(content, stamp.put())),
        };
        let is_news = said.is_none() || said != seen.said;
        seen.said = said;
        is_news.then_some(saying)
    }

    /// Whoever heard of it could not take it: it is looked at again with the next rescan, and said again.
    pub(super) fn handle_untaken(&mut self, name: &str) {
        if let Some(seen) = self.files.get_mut(name) {
            seen.said = None;
            seen.phase = Phase::Unreadable { again: false };
        }
    }

    /// What lies under this name is wanted again.
    pub(super) fn handle_wanted(&mut self, name: &str) {
        if let Some(seen) = self.files.get_mut(name).filter(|seen| seen.phase == Phase::Said) {
            (seen.said, seen.phase, seen.lay_there) = (None, Phase::Settling, true);
        }
    }
}

#[cfg(test)]
mod tests;
