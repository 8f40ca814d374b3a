//! The system's notifications about the folder: hints that a scan is worth while now. Everything is found without them,
//! later.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::faults;

/// What a notification says.
#[derive(Debug)]
pub(super) enum Hint {
    /// Something is different; look.
    Look,
    /// Somebody writes to this file.
    Writing(String),
    /// The writer of this file has closed it.
    Closed(String),
}

/// The notifications of whichever folder is at the path now.
pub(super) struct Hints {
    path: PathBuf,
    into: SyncSender<Hint>,
    watching: Option<Watching>,
}

struct Watching {
    /// Notifies until it is dropped.
    _watcher: RecommendedWatcher,
    identity: (u64, u64),
    /// The folder is no more, and nothing will be notified. Another one may get its identity.
    is_over: Arc<AtomicBool>,
}

impl Hints {
    pub(super) fn new(path: &Path, into: SyncSender<Hint>) -> Self {
        Self { path: path.to_owned(), into, watching: None }
    }

    /// Sees to it that notifications are those of the folder with this identity: after another one has taken its place,
    /// those of the old one are of no use.
    pub(super) fn follow(&mut self, identity: (u64, u64)) -> Result<(), String> {
        let is_good = |it: &Watching| it.identity == identity && !it.is_over.load(Ordering::Acquire);
        if self.watching.as_ref().is_some_and(is_good) {
            return Ok(());
        }
        self.watching = None;
        faults::notifications()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (into, over) = (self.into.clone(), Arc::clone(&is_over));
        let own = std::path::absolute(&self.path).map_err(|error| error.to_string())?;
        let handle = move |event: notify::Result<notify::Event>| {
            if event.as_ref().is_ok_and(|event| event.kind.is_remove() && event.paths.contains(&own)) {
                over.store(true, Ordering::Release);
            }
            if let Some(hint) = hint(event) {
                // When there is no room, a scan is due anyway, and it sees everything.
                let _ = into.try_send(hint);
            }
        };
        let start = notify::recommended_watcher(handle).and_then(|mut watcher| {
            watcher.watch(&self.path, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let watcher = start.map_err(|error| error.to_string())?;
        self.watching = Some(Watching { _watcher: watcher, identity, is_over });
        Ok(())
    }
}

fn hint(event: notify::Result<notify::Event>) -> Option<Hint> {
    // An overflow comes as an event of kind `Other`: the scan that it leads to finds what was missed.
    let Ok(event) = event else { return Some(Hint::Look) };
    let name = || event.paths.first()?.file_name()?.to_str().map(str::to_owned);
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => name().map(Hint::Closed),
        // Our own reading is among these.
        EventKind::Access(_) => None,
        EventKind::Modify(ModifyKind::Data(_)) => name().map(Hint::Writing),
        _ => Some(Hint::Look),
    }
}
