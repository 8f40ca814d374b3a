//! An actor held between two messages. Dropped, it goes back to its actor by itself: whoever gives up waiting in the very
//! instant in which the hold is granted, or breaks off, leaves nothing shut.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use changeling_core::reason::ExitReason;

use super::actor::Actor;
use super::incarnation::Incarnation;

/// The lease in the hands of somebody from the system lane.
pub struct Held {
    actor: Arc<Actor>,
    incarnation: Option<Box<Incarnation>>,
}

impl Held {
    pub(super) fn new(actor: &Arc<Actor>, incarnation: Box<Incarnation>) -> Self {
        let mut held = Self { actor: actor.clone(), incarnation: Some(incarnation) };
        held.instance.take_up(&actor.terms.now().limits);
        held
    }

    /// Releases it: what waited is handled now. The same as dropping it, in words.
    pub fn give_back(self) {}

    /// Its life is over: it died in these hands, or ends in order.
    pub fn over(mut self, reason: ExitReason) {
        if let Some(incarnation) = self.incarnation.take() {
            self.actor.over(incarnation, reason);
        }
    }

    /// It is put away.
    pub fn parked(mut self) {
        if let Some(incarnation) = self.incarnation.take() {
            self.actor.parked(incarnation);
        }
    }

    /// For the actor itself: a taker that had gone got nothing.
    pub(super) fn not_taken(mut self) -> Option<Box<Incarnation>> {
        self.incarnation.take()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(incarnation) = self.incarnation.take() {
            self.actor.give_back(incarnation);
        }
    }
}

impl Deref for Held {
    type Target = Incarnation;
    fn deref(&self) -> &Incarnation {
        self.incarnation.as_ref().expect("only methods that take `self` give it away")
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Incarnation {
        self.incarnation.as_mut().expect("only methods that take `self` give it away")
    }
}
