//! From a birth to the end of a life, and to the end of the address.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use changeling_core::Event;
use changeling_core::id::Generation;
use changeling_core::reason::{CallError, ExitReason};

use super::{Actor, Lease};
use crate::actors::incarnation::Incarnation;
use crate::actors::kill::Kill;
use crate::actors::mailbox::Message;
use crate::engine::code::Code;

impl Actor {
    /// A birth is under way, which will be told of: the address stays its own until then.
    pub fn coming(&self) {
        let mut inner = self.lock();
        if matches!(inner.lease, Lease::Vacant) {
            inner.lease = Lease::Coming;
        }
    }

    /// That birth came to nothing.
    pub(in crate::actors) fn not_born(&self) {
        let mut inner = self.lock();
        if matches!(inner.lease, Lease::Coming) {
            inner.lease = Lease::Vacant;
        }
    }

    /// A new life begins; its run will hold the lease.
    pub(in crate::actors) fn born(&self, generation: Generation, code: &Arc<Code>, kill: Kill) {
        let mut inner = self.lock();
        inner.lease = Lease::Running;
        inner.generation = generation;
        inner.born = Some(Instant::now());
        inner.code = code.clone();
        inner.kill = kill;
    }

    /// Ends this life at once where it rests or handles something, and when the hold ends where somebody holds it.
    pub fn kill(self: &Arc<Self>, generation: Generation) {
        let mut inner = self.lock();
        if inner.generation != generation {
            return;
        }
        inner.kill.strike();
        match std::mem::replace(&mut inner.lease, Lease::Vacant) {
            Lease::Resting(incarnation) => {
                drop(inner);
                self.over(incarnation, ExitReason::Killed);
            }
            other => inner.lease = other,
        }
    }

    /// This life is over, by a crash or in order: its timers are forgotten. Messages wait until it is decided whether
    /// there will be another one.
    pub(in crate::actors) fn over(self: &Arc<Self>, mut incarnation: Box<Incarnation>, reason: ExitReason) {
        {
            let mut inner = self.lock();
            inner.lease = Lease::Vacant;
            inner.born = None;
            inner.mailbox.forget_incarnation();
            inner.waiting = None;
        }
        if let Some(published) = self.stage.directory.component(&self.address.component) {
            self.follow(&published.code);
        }
        self.memory.store(0, Ordering::Relaxed);
        let handled_since_switch = if incarnation.switched { incarnation.since_switch } else { 0 };
        let generation = incarnation.generation;
        let changes = incarnation.instance.sandbox().timers.forget();
        self.stage.clock.hear(self, generation, changes);
        self.stage.reaper.bury(incarnation.instance);
        self.stage.news.tell(Event::Exited { address: self.address.clone(), generation, reason, handled_since_switch });
    }

    /// There will be no other life: the address is free again, then everything that waits is answered. Where a birth is
    /// under way only those who wait are: it is heard of, and ended, by this address. Does nothing where somebody lives here.
    pub fn turn_away(self: &Arc<Self>, error: CallError) {
        let left = {
            let mut inner = self.lock();
            match inner.lease {
                Lease::Coming => inner.mailbox.drain(),
                Lease::Vacant => {
                    drop(inner);
                    self.stage.directory.remove(self);
                    return self.shut(error);
                }
                Lease::Resting(_) | Lease::Running | Lease::Held => return,
            }
        };
        self.answer_all(left, &error);
    }

    /// This life is put away, and the address with it; whoever parks it tells of it.
    pub(in crate::actors) fn parked(self: &Arc<Self>, incarnation: Box<Incarnation>) {
        self.stage.directory.remove(self);
        self.shut(CallError::Stopped);
        self.stage.reaper.bury(incarnation.instance);
    }

    /// Accepts nothing any more; everything that waits is answered so.
    pub fn shut(&self, error: CallError) {
        let (left, kept) = {
            let mut inner = self.lock();
            inner.lease = Lease::Vacant;
            inner.shut = Some(error.clone());
            (inner.mailbox.drain(), inner.kept.take())
        };
        self.bury(kept);
        self.answer_all(left, &error);
    }

    /// Nobody handles these; what nobody waits for is counted.
    fn answer_all(&self, left: Vec<Message>, error: &CallError) {
        let unheard = left.iter().filter(|message| message.reply.is_none()).count();
        self.stage.unheard.fetch_add(unheard as u64, Ordering::Relaxed);
        left.into_iter().for_each(|message| message.answer(Err(error.clone())));
    }
}
