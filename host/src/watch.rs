//! From a folder to "this file is whole": finds what is put there, waits until it has been written to its end, and hands
//! its bytes over, each time that somebody puts them there. It never decides what becomes of them, and writes nothing.
//!
//! Notifications of the system make it quick; a rescan every few seconds makes it sure, where they overflow, are
//! missing, or the folder itself is moved away and comes back.

mod component;
mod faults;
mod file;
mod folder;
mod hints;
mod name;
mod settle;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use changeling_core::id::Digest;
use changeling_core::{Time, WallTime};
use sha2::{Digest as _, Sha256};

pub use component::check_whole;
pub use name::{FileName, MANIFEST};

use folder::Folder;
use hints::{Hint, Hints};
use name::{Meaning, meaning};
use settle::{Saying, Settle, Stamp, Verdict};

/// Notifications in a row lead to one scan in this time, not to one each.
const SPACING: Duration = Duration::from_millis(20);
/// Notifications that wait at most; more are as good as one.
const WAITING: usize = 1_024;

/// How the watcher goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a file must keep its size, time and inode before it is looked at. 100 ms.
    pub settle: Duration,
    /// How long a file that is not whole must have kept them before that is an error. 2 s.
    pub stalled: Duration,
    /// How often everything is looked at without having been notified. 5 s.
    pub rescan: Duration,
    /// The largest component that is taken, in bytes. 64 MiB.
    pub max_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            settle: Duration::from_millis(100),
            stalled: Duration::from_secs(2),
            rescan: Duration::from_secs(5),
            max_bytes: 64 << 20,
        }
    }
}

/// What was found in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A whole component under a good name: new there, another one than before, or the same put there once more.
    Whole(Whole),
    /// A file that cannot be taken; said once for each content of it.
    Broken {
        /// Its name, control characters escaped.
        file: String,
        /// One sentence: "it is …".
        why: String,
    },
    /// Something hinders the watching itself; said once until it is different.
    Trouble {
        /// One sentence.
        why: String,
    },
}

/// What became of something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is in good hands.
    Yes,
    /// It could not be taken now: no room on the disk, say. It is told again with the next rescan.
    Not,
}

/// A file that was read from its first byte to its last while it did not change, and that is a component.
#[derive(Clone, PartialEq, Eq)]
pub struct Whole {
    /// Its name and what that says.
    pub file: FileName,
    /// What was read and checked; the file need not be read again.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub digest: Digest,
    /// When the file was last modified.
    pub modified: WallTime,
    /// Whether it lay there when the watching began, or was [wanted](Wanted) again: nobody has put it there just now.
    pub lay_there: bool,
}

impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Whole({}, {} bytes, {:?})", self.file, self.bytes.len(), self.modified)
    }
}

/// Names in the folder whose files are to be told of again. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    names: Arc<Mutex<BTreeSet<String>>>,
    wake: Arc<OnceLock<SyncSender<Hint>>>,
}

impl Wanted {
    /// What lies under these names is told of again, if it is whole.
    pub fn look_again(&self, names: BTreeSet<String>) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
        // When there is no room, the thread is awake anyway; where there is none yet, it looks when it begins.
        _ = self.wake.get().map(|wake| wake.try_send(Hint::Look));
    }

    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.names.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A thread that watches one folder, or one file, until this is dropped.
#[derive(Debug)]
pub struct Watcher {
    ends: Arc<AtomicBool>,
    wake: SyncSender<Hint>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Begins to watch. `on_found` says whether it could take what was found; else it is told again later. It is called on
    /// the watcher's thread, for the files that are there already too, and the watcher goes on when it returns: of several
    /// contents of a file it may see the last one only.
    ///
    /// # Errors
    /// When the folder cannot be opened now, or no thread can be had.
    pub fn start(
        dir: &Path,
        settings: Settings,
        wanted: Wanted,
        on_found: impl Fn(Found) -> Taken + Send + 'static,
    ) -> io::Result<Self> {
        let folder = Folder::open(dir)?;
        let (wake, hints) = sync_channel(WAITING);
        // Of two watchers the first is woken, and the other one looks with its next rescan.
        _ = wanted.wake.set(wake.clone());
        let mut notifications = Hints::new(dir, wake.clone());
        // From here on, so that none is missed that comes after this returns. Where it fails, the first scan says why.
        let _ = notifications.follow(folder.identity);
        let ends = Arc::new(AtomicBool::new(false));
        let watching = Watching {
            dir: dir.to_owned(),
            settle: Settle::new(settings.settle, settings.stalled),
            notifications,
            hints,
            settings,
            wanted,
            on_found,
            is_blind: false,
            trouble: None,
            began: Instant::now(),
            ends: Arc::clone(&ends),
        };
        Self::spawn("watch", ends, wake, move || watching.run())
    }

    /// A thread that ends soon after `ends` says so and it is woken.
    fn spawn(
        name: &str,
        ends: Arc<AtomicBool>,
        wake: SyncSender<Hint>,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self { ends, wake, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        // When there is no room, the thread is awake anyway.
        let _ = self.wake.try_send(Hint::Look);
        if let Some(thread) = self.thread.take() {
            // Dropped by `on_found` itself, it would wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                // It only fails when `on_found` panicked, which was told on its thread.
                let _ = thread.join();
            }
        }
    }
}

/// What the thread owns.
struct Watching<F> {
    dir: PathBuf,
    settings: Settings,
    settle: Settle,
    notifications: Hints,
    hints: Receiver<Hint>,
    wanted: Wanted,
    on_found: F,
    /// Whether the last scan saw nothing: then files come due and cannot be looked at.
    is_blind: bool,
    /// What was last said to hinder us.
    trouble: Option<String>,
    began: Instant,
    ends: Arc<AtomicBool>,
}

impl<F: Fn(Found) -> Taken> Watching<F> {
    fn run(mut self) {
        let mut rescanned = self.now();
        let mut is_rescan = true;
        while !self.ends.load(Ordering::Acquire) {
            if is_rescan {
                rescanned = self.now();
            }
            self.scan(is_rescan);
            is_rescan = self.wait_until(rescanned + self.settings.rescan);
        }
    }

    fn now(&self) -> Time {
        Time::default() + self.began.elapsed()
    }

    fn scan(&mut self, is_rescan: bool) {
        // Notified before it is listed: nothing falls in between.
        let scanned = Folder::open(&self.dir).and_then(|folder| {
            let unnotified = self.notifications.follow(folder.identity).err();
            Ok((folder.list()?, folder, unnotified))
        });
        let (listing, folder, unnotified) = match scanned {
            Ok(scanned) => scanned,
            // What was in it is kept in mind, for when it comes back.
            Err(cause) => {
                self.is_blind = true;
                return self.hindered(Some(format!("cannot look into {}: {cause}", self.dir.display())));
            }
        };
        self.is_blind = false;
        let rescan = humantime::format_duration(self.settings.rescan);
        self.hindered(unnotified.map(|why| {
            format!(
                "the system does not notify of changes in {} ({why}); it is looked at every {rescan}",
                self.dir.display()
            )
        }));
        self.settle.handle_scan(self.now(), &listing, is_rescan);
        self.wanted.take().iter().for_each(|name| self.settle.handle_wanted(name));
        for (name, stamp) in self.settle.due(self.now()) {
            if self.ends.load(Ordering::Acquire) {
                return;
            }
            self.look(&folder, &name, stamp);
        }
    }

    fn look(&mut self, folder: &Folder, name: &str, listed: Stamp) {
        let meaning = meaning(name);
        let (verdict, stamp, content) = match &meaning {
            Meaning::Ignored => return,
            // Where it is not UTF-8, nothing could be found by it.
            Meaning::Bad(why) => (Verdict::Never(why.clone()), listed, None),
            Meaning::Component(_) => match folder.read(name, self.settings.max_bytes) {
                Ok((bytes, stamp)) => {
                    let verdict = check_whole(&bytes).err().map_or(Verdict::Whole, Verdict::Partial);
                    (verdict, stamp, Some((Digest(Sha256::digest(&bytes).into()), bytes)))
                }
                // What has vanished is gone from the next listing, and what changed meanwhile settles anew.
                Err(verdict) => match folder.stamp(name) {
                    Ok(stamp) => (verdict, stamp, None),
                    Err(_) => return,
                },
            },
        };
        let digest = content.as_ref().map(|(digest, _)| *digest);
        let found = match (self.settle.handle_look(self.now(), name, stamp, digest, verdict), meaning, content) {
            (Some(Saying::Broken(why)), ..) => Found::Broken { file: name.escape_debug().to_string(), why },
            (Some(Saying::Whole { lay_there }), Meaning::Component(file), Some((digest, bytes))) => {
                let modified = WallTime(u64::try_from(stamp.modified_ns / 1_000_000).unwrap_or(0));
                Found::Whole(Whole { file, bytes, digest, modified, lay_there })
            }
            // Nothing is to be said, or nothing was read.
            _ => return,
        };
        if (self.on_found)(found) == Taken::Not {
            self.settle.handle_untaken(name);
        }
    }

    fn hindered(&mut self, why: Option<String>) {
        if self.trouble != why {
            self.trouble.clone_from(&why);
            if let Some(why) = why {
                (self.on_found)(Found::Trouble { why });
            }
        }
    }

    /// Waits for a notification, a file that comes due, or the next rescan, and says whether it is time for that.
    fn wait_until(&mut self, rescan: Time) -> bool {
        let due = if self.is_blind { None } else { self.settle.wake_at() };
        let due = due.map_or(rescan, |at| at.min(rescan));
        if let Ok(hint) = self.hints.recv_timeout(due - self.now()) {
            self.take(hint);
            // A writer gives thousands: what comes within the spacing is taken together.
            let end = self.now() + SPACING;
            while self.now() < end && !self.ends.load(Ordering::Acquire) {
                let hint = self.hints.recv_timeout(end - self.now());
                hint.into_iter().for_each(|hint| self.take(hint));
            }
        }
        self.now() >= rescan
    }

    fn take(&mut self, hint: Hint) {
        match hint {
            Hint::Look => {}
            Hint::Writing(name) => self.settle.handle_writing(&name),
            Hint::Closed(name) => self.settle.handle_closed(&name),
        }
    }
}

#[cfg(test)]
mod tests;
