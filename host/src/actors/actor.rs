//! One address: its mailbox and its lease. At rest that is all there is of an actor: no task, no stack, no timer.
//!
//! **The lease is the gate.** Whoever holds the [`Incarnation`] is alone with the actor: the run that handles messages, or
//! a switch that took it between two of them ([`Held`](super::held::Held)). Messages that come meanwhile wait in order. A
//! lease goes back when it is dropped, or its actor dies or ends with it; nothing can be left shut.

mod lease;
mod life;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use changeling_core::id::{Address, Generation, UpgradeId};
use changeling_core::reason::CallError;

use super::incarnation::Incarnation;
use super::kept::Kept;
use super::kill::Kill;
use super::mailbox::{Entry, Mailbox, Message};
use super::stage::Stage;
use super::terms::Terms;
use crate::defect::{Defect, is_seeded};
use crate::engine::code::{Code, Function};

/// An address that has, had or will have an actor.
pub struct Actor {
    /// Which.
    pub address: Address,
    /// What is set for it.
    pub terms: Arc<Terms>,
    /// The threads, the clock and the listener that all actors share.
    pub stage: Arc<Stage>,
    inner: Mutex<Inner>,
    handled: AtomicU64,
    memory: AtomicU64,
    /// Whether its version is still to be published: callers do not find it.
    is_hidden: AtomicBool,
}

struct Inner {
    mailbox: Mailbox,
    lease: Lease,
    generation: Generation,
    born: Option<Instant>,
    kill: Kill,
    /// The version it runs on, or whose functions it accepts while it has none.
    code: Arc<Code>,
    /// Why nothing is accepted any more.
    shut: Option<CallError>,
    kept: Option<Arc<Kept>>,
    /// Since when the oldest message waits behind somebody from the system lane; none where none does.
    waiting: Option<Instant>,
}

/// Who has the incarnation.
enum Lease {
    /// There is none: not born yet, or dead and to be started again.
    Vacant,
    /// There is none yet: its birth is under way.
    Coming,
    /// Nobody: it rests here.
    Resting(Box<Incarnation>),
    /// The run that handles its messages.
    Running,
    /// Somebody from the system lane.
    Held,
}

impl Lease {
    /// Whether there is an incarnation.
    fn is_given(&self) -> bool {
        !matches!(self, Self::Vacant | Self::Coming)
    }
}

/// What comes of posting a message.
pub enum Posted {
    /// It waits; somebody will run it.
    Queued,
    /// It waits, the first at an address that has no instance: somebody must be told.
    Wanted,
    /// The actor rests: the caller runs it, with this message first.
    Run(Box<Incarnation>, Message),
}

/// What an actor is doing, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// No instance.
    Stopped,
    /// Nothing to do.
    Idle,
    /// Handling a message.
    Running,
    /// Between two messages, in the hands of an upgrade or a look.
    Held,
}

/// A look at an actor from outside.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// What it does.
    pub activity: Activity,
    /// Messages that wait.
    pub mailbox: usize,
    /// Messages handled, over all its lives.
    pub handled: u64,
    /// Linear memory in bytes.
    pub memory: u64,
    /// How long this life lasts; zero where there is none.
    pub uptime: std::time::Duration,
}

impl Actor {
    /// An address without an actor yet, that accepts what `code` serves.
    pub fn new(address: Address, code: Arc<Code>, terms: Arc<Terms>, stage: Arc<Stage>) -> Arc<Self> {
        let mailbox = Mailbox::new(stage.engine.room().clone());
        Arc::new(Self {
            address,
            terms,
            stage,
            inner: Mutex::new(Inner {
                mailbox,
                lease: Lease::Vacant,
                generation: Generation::default(),
                born: None,
                kill: Kill::default(),
                code,
                shut: None,
                kept: None,
                waiting: None,
            }),
            handled: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            is_hidden: AtomicBool::new(false),
        })
    }

    /// It starts before its version is published, which serves nobody until then.
    pub fn hide(&self) {
        self.is_hidden.store(true, Ordering::Release);
    }

    /// Its version is published.
    pub fn show(&self) {
        self.is_hidden.store(false, Ordering::Release);
    }

    /// Whether callers do not find it yet.
    pub fn is_hidden(&self) -> bool {
        self.is_hidden.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is done under this lock that could panic half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version whose functions it accepts.
    pub fn code(&self) -> Arc<Code> {
        self.lock().code.clone()
    }

    /// The life that it has, where it has one.
    pub fn generation(&self) -> Option<Generation> {
        let inner = self.lock();
        inner.lease.is_given().then_some(inner.generation)
    }

    /// Accepts a message: full, ending, queued, or to be run by the caller.
    ///
    /// # Errors
    /// `overloaded` at the mailbox's bounds, `stopped` or whatever else shut it.
    pub fn post(&self, message: Message) -> Result<Posted, CallError> {
        let mut inner = self.lock();
        if let Some(error) = &inner.shut {
            return Err(error.clone());
        }
        // One that rests has an empty mailbox: nothing is overtaken.
        match std::mem::replace(&mut inner.lease, Lease::Running) {
            Lease::Resting(incarnation) => return Ok(Posted::Run(incarnation, message)),
            other => inner.lease = other,
        }
        let is_first = !inner.mailbox.has_messages();
        inner.mailbox.push(message, self.terms.now().bounds).map_err(|_| CallError::Overloaded)?;
        match inner.lease {
            Lease::Vacant | Lease::Coming if is_first => return Ok(Posted::Wanted),
            Lease::Held => _ = inner.waiting.get_or_insert_with(Instant::now),
            _ => {}
        }
        Ok(Posted::Queued)
    }

    /// A timer fired; it is queued and handled in order. Does nothing where that life is over.
    pub fn fire(self: &Arc<Self>, generation: Generation, timer: u64) {
        let mut inner = self.lock();
        if inner.generation != generation || !inner.lease.is_given() {
            return;
        }
        inner.mailbox.push_unbounded(Entry::Timer(timer));
        self.wake(inner);
    }

    /// The first queued function that `code` does not serve.
    pub fn unserved_by(&self, code: &Code) -> Option<Arc<Function>> {
        self.lock().mailbox.unserved_by(code)
    }

    /// The one instant at which an actor changes its version: what is accepted from here on is accepted by `code`.
    ///
    /// Returns how many messages waited behind the hold, and since when the oldest did.
    ///
    /// # Errors
    /// A queued function that the version does not serve: then nothing changed.
    pub fn switch(&self, code: &Arc<Code>, kept: Option<Arc<Kept>>) -> Result<(u64, Option<Instant>), Arc<Function>> {
        let (waited, before) = {
            let mut inner = self.lock();
            if let Some(function) = inner.mailbox.unserved_by(code) {
                return Err(function);
            }
            inner.code = code.clone();
            if is_seeded(Defect::MessageDropped) {
                drop(inner.mailbox.take_next());
            }
            let before = std::mem::replace(&mut inner.kept, kept);
            ((inner.mailbox.len() as u64, inner.waiting.take()), before)
        };
        self.bury(before);
        Ok(waited)
    }

    /// What it was before this upgrade switched it.
    pub fn kept(&self, upgrade: UpgradeId) -> Option<Arc<Kept>> {
        self.lock().kept.clone().filter(|kept| kept.upgrade == upgrade)
    }

    /// That is of no more use.
    pub fn drop_kept(&self, upgrade: UpgradeId) {
        let kept = self.lock().kept.take_if(|kept| kept.upgrade == upgrade);
        self.bury(kept);
    }

    /// A file may go with it, and nobody here waits for a disk.
    fn bury(&self, kept: Option<Arc<Kept>>) {
        kept.into_iter().for_each(|kept| self.stage.reaper.bury(kept));
    }

    /// This version is current. An address without an instance will have one on it, and holds no other.
    pub fn follow(&self, code: &Arc<Code>) {
        let mut inner = self.lock();
        if !matches!(inner.lease, Lease::Vacant) {
            return;
        }
        let before = std::mem::replace(&mut inner.code, code.clone());
        drop(inner);
        // The last one to let go of a version unmaps it: not under a lock that callers want.
        drop(before);
    }

    /// Messages handled, over all its lives.
    pub fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    /// A message was handled.
    pub(super) fn count_handled(&self) {
        self.handled.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether nothing is accepted here any more.
    pub fn is_shut(&self) -> bool {
        self.lock().shut.is_some()
    }

    /// Accepts nothing new; what waits is still handled.
    pub fn close(&self, error: CallError) {
        self.lock().shut = Some(error);
    }

    /// A look from outside.
    pub fn view(&self) -> View {
        let inner = self.lock();
        let activity = match inner.lease {
            Lease::Vacant | Lease::Coming => Activity::Stopped,
            Lease::Resting(_) => Activity::Idle,
            Lease::Running => Activity::Running,
            Lease::Held => Activity::Held,
        };
        View {
            activity,
            mailbox: inner.mailbox.len(),
            handled: self.handled(),
            memory: self.memory.load(Ordering::Relaxed),
            uptime: inner.born.map(|born| born.elapsed()).unwrap_or_default(),
        }
    }
}
