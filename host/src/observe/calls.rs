//! Calls over HTTP: how many came to what, and how long they took.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use changeling_core::id::ComponentName;

use crate::control::figures::{Histogram, MOST};

/// What can become of a call: an answer, or a problem by its name. The last stands for all others.
pub const OUTCOMES: [&str; 18] = [
    "ok",
    "err",
    "bad-argument",
    "bad-name",
    "bad-request",
    "crashed",
    "cycle",
    "deadline-exceeded",
    "no-actor",
    "no-connection",
    "no-such-component",
    "no-such-function",
    "overloaded",
    "refused",
    "result-too-large",
    "stopped",
    "too-large",
    "other",
];

/// Calls of all components.
#[derive(Debug, Default)]
pub struct Calls {
    /// Read at every call, written at the first one of a component.
    components: RwLock<HashMap<ComponentName, Arc<Counts>>>,
    /// Of components that there are not, or that are too many to be told apart.
    others: Counts,
}

/// Calls of one component.
#[derive(Debug, Default)]
pub struct Counts {
    outcomes: [AtomicU64; OUTCOMES.len()],
    /// How long they took.
    pub took: Histogram,
}

impl Calls {
    /// A call has ended.
    pub fn count(&self, component: Option<&ComponentName>, outcome: &str, took: Duration) {
        match component.and_then(|component| self.of(component)) {
            Some(counts) => counts.count(outcome, took),
            None => self.others.count(outcome, took),
        }
    }

    fn of(&self, component: &ComponentName) -> Option<Arc<Counts>> {
        if let Some(counts) = self.components.read().unwrap_or_else(PoisonError::into_inner).get(component) {
            return Some(counts.clone());
        }
        let mut components = self.components.write().unwrap_or_else(PoisonError::into_inner);
        let is_room = components.len() < MOST || components.contains_key(component);
        is_room.then(|| components.entry(component.clone()).or_default().clone())
    }

    /// Of every component, and of none.
    pub fn each(&self, mut look: impl FnMut(Option<&ComponentName>, &Counts)) {
        let components = self.components.read().unwrap_or_else(PoisonError::into_inner);
        components.iter().for_each(|(name, counts)| look(Some(name), counts));
        look(None, &self.others);
    }
}

impl Counts {
    fn count(&self, outcome: &str, took: Duration) {
        let at = OUTCOMES.iter().position(|it| *it == outcome).unwrap_or(OUTCOMES.len() - 1);
        self.outcomes[at].fetch_add(1, Ordering::Relaxed);
        self.took.add(took);
    }

    /// How many came to what.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        OUTCOMES.iter().zip(&self.outcomes).map(|(outcome, count)| (*outcome, count.load(Ordering::Relaxed)))
    }
}
