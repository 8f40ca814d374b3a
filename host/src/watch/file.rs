//! One file, wherever it lies: told when it is another one or gone, and has stayed so for a while. Editors that write in
//! place, and those that put another file in its place, look the same from here.
//!
//! What a symbolic link leads to is what counts. Its folder's notifications make it quick; of what lies elsewhere, the
//! next rescan tells.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use changeling_core::Time;
use rustix::io::Errno;

use super::folder::{Folder, stamp};
use super::hints::{Hint, Hints};
use super::settle::Stamp;
use super::{SPACING, Settings, WAITING, Watcher};

impl Watcher {
    /// Begins to watch a file. `read` is told whether it is there, and reads it; `take` gets what was read of a file that
    /// did not change meanwhile, once for what is there already too, or what hinders the watching, in one sentence. Both
    /// are called on the watcher's thread.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn of_file<T>(
        path: &Path,
        settings: &Settings,
        read: impl Fn(bool) -> T + Send + 'static,
        take: impl FnMut(Result<T, String>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (wake, hints) = sync_channel(WAITING);
        let ends = Arc::new(AtomicBool::new(false));
        let mut watching = Watching {
            path: path.to_owned(),
            folder: folder.to_owned(),
            name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            notifications: Hints::new(folder, wake.clone()),
            hints,
            rescan: settings.rescan,
            quiet: Quiet::new(settings.settle, settings.stalled),
            trouble: None,
            began: Instant::now(),
            ends: Arc::clone(&ends),
            read,
            take,
        };
        // From here on, so that none is missed that comes after this returns. Where it fails, the first look says why.
        if let Ok(folder) = Folder::open(folder) {
            _ = watching.notifications.follow(folder.identity);
        }
        Self::spawn("manifest", ends, wake, move || watching.run())
    }
}

/// What the thread owns.
struct Watching<R, F> {
    path: PathBuf,
    folder: PathBuf,
    name: String,
    notifications: Hints,
    hints: Receiver<Hint>,
    rescan: Duration,
    quiet: Quiet,
    /// What was last said to hinder us.
    trouble: Option<String>,
    began: Instant,
    ends: Arc<AtomicBool>,
    read: R,
    take: F,
}

impl<T, R: Fn(bool) -> T, F: FnMut(Result<T, String>)> Watching<R, F> {
    fn run(mut self) {
        while !self.ends.load(Ordering::Acquire) {
            self.look();
            if self.quiet.due_at().is_some_and(|at| at <= self.now()) {
                self.tell();
            }
            self.wait();
        }
    }

    fn now(&self) -> Time {
        Time::default() + self.began.elapsed()
    }

    fn look(&mut self) {
        let looked = Folder::open(&self.folder).map_err(|cause| {
            // What is not to be seen is not gone: what was said last stays.
            format!("cannot look into {}: {cause}; {} is taken as it was", self.folder.display(), self.name)
        });
        let trouble = match looked.and_then(|folder| Ok((self.stamp()?, folder))) {
            Err(why) => Some(why),
            Ok((stamp, folder)) => {
                self.quiet.handle_look(self.now(), stamp);
                let unnotified = self.notifications.follow(folder.identity).err();
                unnotified.map(|why| {
                    let (path, rescan) = (self.path.display(), humantime::format_duration(self.rescan));
                    format!("the system does not notify of changes of {path} ({why}); it is looked at every {rescan}")
                })
            }
        };
        if self.trouble != trouble {
            self.trouble.clone_from(&trouble);
            trouble.into_iter().for_each(|why| (self.take)(Err(why)));
        }
    }

    /// None where there is no such file.
    fn stamp(&self) -> Result<Option<Stamp>, String> {
        match rustix::fs::stat(&self.path) {
            Ok(stat) => Ok(Some(stamp(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(format!("cannot look at {}: {cause}", self.path.display())),
        }
    }

    /// What is read while somebody writes is read again when it has settled.
    fn tell(&mut self) {
        let before = self.quiet.stamp();
        let read = (self.read)(before.is_some());
        if self.stamp() == Ok(before) {
            self.quiet.handle_told();
            (self.take)(Ok(read));
        }
    }

    /// Until a notification comes, the file is due, or it is time to look again.
    fn wait(&mut self) {
        let rescan = self.now() + self.rescan;
        let until = self.quiet.due_at().map_or(rescan, |at| at.min(rescan));
        if let Ok(hint) = self.hints.recv_timeout(until - self.now()) {
            self.hear(&hint);
            // Others write in this folder too, and thousands of times.
            let end = self.now() + SPACING;
            while self.now() < end && !self.ends.load(Ordering::Acquire) {
                let hint = self.hints.recv_timeout(end - self.now());
                hint.into_iter().for_each(|hint| self.hear(&hint));
            }
        }
    }

    fn hear(&mut self, hint: &Hint) {
        match hint {
            Hint::Writing(name) if *name == self.name => self.quiet.is_open = true,
            Hint::Closed(name) if *name == self.name => self.quiet.is_open = false,
            Hint::Look | Hint::Writing(_) | Hint::Closed(_) => {}
        }
    }
}

/// When to tell of it: after it has kept its stamp, or its absence, for the settle time; for longer while a writer has it
/// open. Without files and without a clock.
#[derive(Debug)]
struct Quiet {
    settle: Duration,
    stalled: Duration,
    /// What was seen last; the outer none where nothing was yet.
    seen: Option<Option<Stamp>>,
    since: Time,
    is_open: bool,
    is_told: bool,
}

impl Quiet {
    fn new(settle: Duration, stalled: Duration) -> Self {
        Self { settle, stalled: stalled.max(settle), seen: None, since: Time(0), is_open: false, is_told: false }
    }

    fn stamp(&self) -> Option<Stamp> {
        self.seen.flatten()
    }

    fn handle_look(&mut self, now: Time, stamp: Option<Stamp>) {
        if self.seen != Some(stamp) {
            // Another file in its place is not the one that somebody writes to.
            self.is_open &= stamp.map(|it| it.inode) == self.stamp().map(|it| it.inode);
            (self.seen, self.since, self.is_told) = (Some(stamp), now, false);
        }
    }

    fn handle_told(&mut self) {
        self.is_told = true;
    }

    fn due_at(&self) -> Option<Time> {
        let quiet = if self.is_open { self.stalled } else { self.settle };
        (self.seen.is_some() && !self.is_told).then(|| self.since + quiet)
    }
}

#[cfg(test)]
mod tests;
