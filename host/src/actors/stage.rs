//! What all actors share: threads to run on, a clock for their timers, somebody to bury the dead, and somebody to tell.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::Instant;

use changeling_core::Event;
use changeling_core::id::{Address, Generation};

use super::actor::Actor;
use super::directory::Directory;
use super::guard::bounded;
use super::kept::Keeper;
use super::run_queue::RunQueue;
use crate::engine::Engine;
use crate::engine::code::Code;
use crate::engine::instance::{Fault, Instance};
use crate::engine::limits::Limits;
use crate::engine::room::Want;
use crate::engine::timers::Changes;

/// Shared by all actors and services of a host.
pub struct Stage {
    /// Makes instances.
    pub engine: Engine,
    /// Carries what somebody waits for: messages, and whatever an actor is held for.
    pub queue: RunQueue,
    /// Carries what upgrades do beside actors that go on meanwhile: instances are made, tried, and dropped. It takes far
    /// longer than what actors are held for, and its threads give way to all others of this host.
    pub upkeep: RunQueue,
    /// Fires timers.
    pub clock: Clock,
    /// Drops instances and kept states.
    pub reaper: Reaper,
    /// Keeps what switched actors were before.
    pub kept: Keeper,
    /// Hears what happened.
    pub news: News,
    /// Who is where.
    pub directory: Directory,
    /// Messages that nobody waits to be answered and that were dropped unhandled, since the host began.
    pub unheard: AtomicU64,
}

impl Stage {
    /// An instance of a version.
    ///
    /// # Errors
    /// Where it dies on its way, or there is no room for it.
    pub async fn instance(
        &self,
        code: &Arc<Code>,
        address: &Address,
        limits: &Arc<Limits>,
        want: Want,
    ) -> Result<Instance, Fault> {
        bounded(Instance::new(&self.engine, code.clone(), address.clone(), limits.clone(), want)).await
    }
}

/// Whoever decides hears facts through this.
#[derive(Clone)]
pub struct News(Arc<dyn Fn(Event) + Send + Sync>);

impl News {
    /// Facts go to `listener`, which must not block.
    pub fn to(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Something happened.
    pub fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

/// Drops things on a thread of its own: unmapping an instance takes up to 30 µs, and removing the file of a kept state as
/// long as a disk wants, which no caller should wait for.
pub struct Reaper(Sender<Box<dyn Send>>);

impl Reaper {
    /// Starts the thread; it ends when the last sender is gone.
    ///
    /// # Errors
    /// Where it cannot be had.
    pub fn start() -> std::io::Result<Self> {
        let (sender, dead) = channel::<Box<dyn Send>>();
        std::thread::Builder::new().name("reaper".into()).spawn(move || dead.into_iter().for_each(drop))?;
        Ok(Self(sender))
    }

    /// Takes something out of the way.
    pub fn bury(&self, dead: impl Send + 'static) {
        // At the host's end the thread may be gone; then it is dropped here.
        _ = self.0.send(Box::new(dead));
    }
}

/// Fires the timers of all actors, on one thread.
pub struct Clock {
    alarms: Sender<Alarm>,
    set: Arc<AtomicUsize>,
}

enum Alarm {
    Arm { at: Instant, timer: u64, actor: Weak<Actor>, generation: Generation },
    Disarm { at: Instant, timer: u64 },
}

impl Clock {
    /// Starts the thread; it ends when the last sender is gone.
    ///
    /// # Errors
    /// Where it cannot be had.
    pub fn start() -> std::io::Result<Self> {
        let (sender, alarms) = channel();
        let set = Arc::new(AtomicUsize::new(0));
        let count = set.clone();
        std::thread::Builder::new().name("clock".into()).spawn(move || keep_time(&alarms, &count))?;
        Ok(Self { alarms: sender, set })
    }

    /// How many timers are set and have not fired.
    pub fn set(&self) -> usize {
        self.set.load(Ordering::Relaxed)
    }

    /// Hears what has changed among the timers of this life.
    pub fn hear(&self, actor: &Arc<Actor>, generation: Generation, changes: Changes) {
        let armed = changes.armed.into_iter();
        let armed = armed.map(|(timer, at)| Alarm::Arm { at, timer, actor: Arc::downgrade(actor), generation });
        let disarmed = changes.disarmed.into_iter().map(|(timer, at)| Alarm::Disarm { at, timer });
        // At the host's end nothing fires any more.
        disarmed.chain(armed).for_each(|alarm| _ = self.alarms.send(alarm));
    }
}

fn keep_time(alarms: &Receiver<Alarm>, set: &AtomicUsize) {
    // By time, then by number: a number is another timer's never.
    let mut pending: BTreeMap<(Instant, u64), (Weak<Actor>, Generation)> = BTreeMap::new();
    loop {
        set.store(pending.len(), Ordering::Relaxed);
        let next = match pending.first_key_value() {
            None => alarms.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(((at, _), _)) => alarms.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match next {
            Ok(Alarm::Arm { at, timer, actor, generation }) => _ = pending.insert((at, timer), (actor, generation)),
            Ok(Alarm::Disarm { at, timer }) => _ = pending.remove(&(at, timer)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Some(due) = pending.first_entry().filter(|first| first.key().0 <= Instant::now()) {
            let ((_, timer), (actor, generation)) = due.remove_entry();
            if let Some(actor) = actor.upgrade() {
                actor.fire(generation, timer);
            }
        }
    }
}
