//! The gate: how the lease goes from hand to hand, and what its next holder finds.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use changeling_core::id::Generation;
use changeling_core::reason::ExitReason;
use futures_channel::oneshot;

use super::{Actor, Inner, Lease};
use crate::actors::held::Held;
use crate::actors::incarnation::Incarnation;
use crate::actors::mailbox::{Entry, Mailbox, Next, Taker};
use crate::actors::run;
use crate::defect::{Defect, is_seeded};

impl Actor {
    /// Runs it, where it rests and something waits.
    pub(super) fn wake(self: &Arc<Self>, mut inner: MutexGuard<'_, Inner>) {
        if inner.mailbox.is_empty() {
            return;
        }
        match std::mem::replace(&mut inner.lease, Lease::Running) {
            Lease::Resting(incarnation) => {
                drop(inner);
                self.stage.queue.spawn(run::run(self.clone(), incarnation, None));
            }
            // Somebody has it, and looks at the mailbox when done.
            other => inner.lease = other,
        }
    }

    /// The lease between two messages, over the heads of those that wait; `urgent` ones before other takers.
    ///
    /// None where this life is over, now or before the boundary comes.
    pub async fn take(self: &Arc<Self>, generation: Generation, urgent: bool) -> Option<Held> {
        self.take_behind(Some(generation), |mailbox, taker| mailbox.push_system(taker, urgent)).await
    }

    /// The lease between two messages, of whichever life there is or comes next: a birth is waited for.
    ///
    /// None where nobody lives here any more; and where the life ended or did not come to be in which it was waited for.
    pub async fn take_any(self: &Arc<Self>) -> Option<Held> {
        self.take_behind(None, |mailbox, taker| mailbox.push_system(taker, false)).await
    }

    /// The lease after everything that waits now has been handled.
    ///
    /// None as with [`Actor::take`].
    pub async fn take_after_queue(self: &Arc<Self>, generation: Generation) -> Option<Held> {
        self.take_behind(Some(generation), |mailbox, taker| mailbox.push_unbounded(Entry::Boundary(taker))).await
    }

    /// The lease at once where it rests, else when the place comes that `queue` puts the taker in; in one life, or in any.
    async fn take_behind(
        self: &Arc<Self>,
        generation: Option<Generation>,
        queue: impl FnOnce(&mut Mailbox, Taker),
    ) -> Option<Held> {
        let boundary = {
            let mut inner = self.lock();
            let is_over = match generation {
                Some(generation) => inner.generation != generation || !inner.lease.is_given(),
                None => inner.shut.is_some() && !inner.lease.is_given(),
            };
            if is_over {
                return None;
            }
            match std::mem::replace(&mut inner.lease, Lease::Held) {
                Lease::Resting(incarnation) => {
                    inner.waiting = None;
                    return Some(Held::new(self, incarnation));
                }
                other => inner.lease = other,
            }
            let (taker, boundary) = oneshot::channel();
            queue(&mut inner.mailbox, taker);
            boundary
        };
        boundary.await.ok()
    }

    /// What the run that holds the lease does next. Gives the incarnation back to whoever comes first: the system lane,
    /// the run itself with an entry, or rest.
    pub(in crate::actors) fn next(
        self: &Arc<Self>,
        mut incarnation: Box<Incarnation>,
    ) -> Option<(Box<Incarnation>, Entry)> {
        self.memory.store(incarnation.instance.memory() as u64, Ordering::Relaxed);
        loop {
            let mut inner = self.lock();
            let taker = match inner.mailbox.take_next() {
                Next::Taker(taker) | Next::Entry(Entry::Boundary(taker)) => taker,
                Next::Entry(entry) => {
                    inner.lease = Lease::Running;
                    return Some((incarnation, entry));
                }
                Next::Nothing if inner.kill.is_struck() => {
                    drop(inner);
                    self.over(incarnation, ExitReason::Killed);
                    return None;
                }
                Next::Nothing => {
                    inner.lease = Lease::Resting(incarnation);
                    return None;
                }
            };
            inner.lease = Lease::Held;
            inner.waiting = inner.mailbox.has_messages().then(Instant::now);
            // A taker that leaves while it is given the lease drops it here, and that locks.
            drop(inner);
            match taker.send(Held::new(self, incarnation)) {
                Ok(()) => return None,
                // It gave up waiting meanwhile.
                Err(back) => incarnation = back.not_taken()?,
            }
        }
    }

    /// Back from the system lane: the messages that waited are handled now.
    pub(in crate::actors) fn give_back(self: &Arc<Self>, incarnation: Box<Incarnation>) {
        let mut inner = self.lock();
        inner.waiting = None;
        if inner.kill.is_struck() {
            drop(inner);
            return self.over(incarnation, ExitReason::Killed);
        }
        if inner.mailbox.is_empty() {
            inner.lease = Lease::Resting(incarnation);
            return;
        }
        if is_seeded(Defect::GateLeftShut) {
            return;
        }
        inner.lease = Lease::Running;
        drop(inner);
        self.stage.queue.spawn(run::run(self.clone(), incarnation, None));
    }
}
