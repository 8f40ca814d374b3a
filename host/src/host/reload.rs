//! The manifest, read again whenever it changes: what can be taken up is, by everybody at once, and the core tells what is
//! not. A wrong one changes nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use changeling_core::Event;
use changeling_core::declared::{Change, Declaration, Holds, Misplaced};

use crate::config::{Config, Error};
use crate::control::Handle;
use crate::control::terms::TermsOf;
use crate::http::{Access, Keys};
use crate::watch::{Settings, Watcher};

/// A manifest as it was read: itself, and what is to be said of it.
type Read = Result<(Config, Vec<String>), Error>;

/// What is to be told of the manifest, and to whom.
pub(super) struct Reload {
    path: PathBuf,
    /// What the host was started with: the parts that cannot change while it runs.
    started: Config,
    /// The last one that was good.
    good: Config,
    notes: Vec<String>,
    /// Whether there was no file; none before the first look.
    was_gone: Option<bool>,
    /// What was last said to be wrong.
    wrong: Option<String>,
    terms: TermsOf,
    access: Arc<ArcSwap<Access>>,
    /// The host's own token, and where it listens.
    own: (String, SocketAddr),
    handle: Handle,
}

impl Reload {
    /// From what was read of `path` before.
    pub(super) fn new(
        path: PathBuf,
        (config, notes): (Config, Vec<String>),
        terms: TermsOf,
        access: Arc<ArcSwap<Access>>,
        own: (String, SocketAddr),
        handle: Handle,
    ) -> Self {
        let (started, good) = (config.clone(), config);
        Self { path, started, good, notes, was_gone: None, wrong: None, terms, access, own, handle }
    }

    /// Watches the file, wherever it lies.
    ///
    /// # Errors
    /// Where no thread can be had.
    pub(super) fn watch(mut self, settings: &Settings) -> std::io::Result<Watcher> {
        let path = self.path.clone();
        let read = {
            let path = path.clone();
            move |is_there| (is_there, if is_there { Config::load(&path) } else { Ok(Default::default()) })
        };
        Watcher::of_file(&path, settings, read, move |looked| match looked {
            Ok((is_there, read)) => self.take(!is_there, read),
            Err(why) => tracing::warn!("{why}"),
        })
    }

    fn take(&mut self, is_gone: bool, read: Read) {
        let file = self.path.display().to_string();
        let read = read.map_err(|error| (sentence(&error), mistakes(error)));
        let with_keys = read.and_then(|(config, notes)| {
            let keys = Keys::read(self.own.0.clone(), &config.http.tokens);
            keys.map(|keys| (config, notes, keys)).map_err(|error| (format!("{file}: {error:#}"), Vec::new()))
        });
        match with_keys {
            Ok((config, notes, keys)) => {
                let changes = self.changes(&config);
                let is_first = self.was_gone.is_none();
                let is_news = self.was_gone.replace(is_gone).is_some_and(|was| was != is_gone)
                    || self.wrong.take().is_some()
                    || !changes.is_empty()
                    || if is_first { notes != self.notes } else { !notes.is_empty() };
                (self.good, self.notes) = (config.clone(), notes.clone());
                // No news, perhaps, and still another token in the same file.
                self.access.store(Arc::new(super::access(&config, keys, self.own.1)));
                if is_news {
                    let settings = super::deciding(&config);
                    self.terms.declare(config);
                    // Last: whoever hears of it may rely on it.
                    let declaration = Declaration { file, is_gone, settings, changes, notes };
                    self.handle.tell(Event::Declared(Box::new(declaration)));
                }
            }
            Err((why, mistakes)) => {
                if self.wrong.as_ref() != Some(&why) {
                    self.wrong = Some(why.clone());
                    self.handle.tell(Event::Misdeclared { file, why, mistakes });
                }
            }
        }
    }

    /// What it says otherwise than the last good one. What the host runs with anyway holds at once.
    fn changes(&self, config: &Config) -> Vec<Change> {
        let mut changes = self.good.changes(config);
        let pending = self.started.changes(config);
        let is_pending =
            |it: &Change| pending.iter().any(|other| (&other.section, &other.setting) == (&it.section, &it.setting));
        for change in changes.iter_mut().filter(|it| it.holds == Holds::Start) {
            if !is_pending(change) {
                change.holds = Holds::AtOnce;
            }
        }
        changes
    }
}

/// Without the marks under the lines, which are for those who look at a terminal.
fn sentence(error: &Error) -> String {
    match error {
        Error::Wrong { name, mistakes } => {
            let placed = mistakes.iter().map(|it| format!("{name}:{}:{}: {}", it.line, it.column, it.words));
            placed.collect::<Vec<_>>().join("; ")
        }
        Error::Unread { .. } => error.to_string(),
    }
}

fn mistakes(error: Error) -> Vec<Misplaced> {
    let Error::Wrong { mistakes, .. } = error else { return Vec::new() };
    let place = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let placed = mistakes.into_iter();
    placed.map(|it| Misplaced { line: place(it.line), column: place(it.column), words: it.words }).collect()
}
