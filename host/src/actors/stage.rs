//! What all actors share: threads to run on, a clock for their timers, somebody to bury the dead, and somebody to tell.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::Instant;

use changeling_core::Event;
use changeling_core::id::Generation;

use super::actor::Actor;
use super::directory::Directory;
use super::run_queue::RunQueue;
use crate::engine::Engine;
use crate::engine::instance::Instance;

/// Shared by all actors and services of a host.
pub struct Stage {
    /// Makes instances.
    pub engine: Engine,
    /// Carries runs.
    pub queue: RunQueue,
    /// Fires timers.
    pub clock: Clock,
    /// Drops instances.
    pub reaper: Reaper,
    /// Hears what happened.
    pub news: News,
    /// Who is where.
    pub directory: Directory,
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

/// Drops instances on a thread of its own: unmapping one takes up to 30 µs, which no caller should wait for.
pub struct Reaper(Sender<Instance>);

impl Reaper {
    /// Starts the thread; it ends when the last sender is gone.
    ///
    /// # Errors
    /// Where it cannot be had.
    pub fn start() -> std::io::Result<Self> {
        let (sender, dead) = channel();
        std::thread::Builder::new().name("reaper".into()).spawn(move || dead.into_iter().for_each(drop))?;
        Ok(Self(sender))
    }

    /// Takes an instance out of the way.
    pub fn bury(&self, instance: Instance) {
        // At the host's end the thread may be gone; then the instance is dropped here.
        _ = self.0.send(instance);
    }
}

/// Fires the timers of all actors, on one thread.
pub struct Clock(Sender<Alarm>);

struct Alarm {
    at: Instant,
    actor: Weak<Actor>,
    generation: Generation,
    timer: u64,
}

impl Clock {
    /// Starts the thread; it ends when the last sender is gone.
    ///
    /// # Errors
    /// Where it cannot be had.
    pub fn start() -> std::io::Result<Self> {
        let (sender, alarms) = channel();
        std::thread::Builder::new().name("clock".into()).spawn(move || keep_time(&alarms))?;
        Ok(Self(sender))
    }

    /// Fires this timer of this life at that time. A timer that was cancelled meanwhile is dropped where it arrives.
    pub fn arm(&self, actor: &Arc<Actor>, generation: Generation, timer: u64, at: Instant) {
        let alarm = Alarm { at, actor: Arc::downgrade(actor), generation, timer };
        // At the host's end nothing fires any more.
        _ = self.0.send(alarm);
    }
}

fn keep_time(alarms: &Receiver<Alarm>) {
    let mut pending: BinaryHeap<Reverse<Alarm>> = BinaryHeap::new();
    loop {
        let next = match pending.peek() {
            None => alarms.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(Reverse(first)) => alarms.recv_timeout(first.at.saturating_duration_since(Instant::now())),
        };
        match next {
            Ok(alarm) => pending.push(Reverse(alarm)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        while pending.peek().is_some_and(|Reverse(first)| first.at <= now) {
            let Some(Reverse(due)) = pending.pop() else { break };
            if let Some(actor) = due.actor.upgrade() {
                actor.fire(due.generation, due.timer);
            }
        }
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.timer).cmp(&(other.at, other.timer))
    }
}
