//! What happened, counted since the host began: for those who watch it from afar. Counting decides nothing, and what is
//! counted at every message is counted where messages are handled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use changeling_core::Event;
use changeling_core::happening::Happening;
use changeling_core::id::ComponentName;
use changeling_core::receipt::{Outcome, Receipt};

/// Components that are told apart; those that come after so many are counted as one.
pub const MOST: usize = 1_000;

/// What happened.
#[derive(Debug, Default)]
pub struct Figures {
    components: Mutex<BTreeMap<Option<ComponentName>, Happened>>,
    /// How long actors were held for a switch.
    pub pauses: Histogram,
    events_lost: AtomicU64,
}

/// What happened to one component.
#[derive(Debug, Clone, Default)]
pub struct Happened {
    /// Actors that died of a fault.
    pub crashes: u64,
    /// Starts after that.
    pub restarts: u64,
    /// Starts that failed.
    pub failed_starts: u64,
    /// Upgrades that are over, by how they ended.
    pub upgrades: BTreeMap<&'static str, u64>,
    /// State that went over from version to version, in bytes.
    pub state_bytes: u64,
}

impl Figures {
    /// Hears a fact on its way to those who decide.
    pub fn fact(&self, event: &Event) {
        if let Event::Switched { figures, .. } = event {
            self.pauses.add(Duration::from_micros(figures.pause_us));
        }
    }

    /// Hears what is told to people.
    pub fn happening(&self, happening: &Happening) {
        match happening {
            Happening::Crashed { address, .. } => self.with(&address.component, |it| it.crashes += 1),
            Happening::Started { address, restarts: 1.., .. } => self.with(&address.component, |it| it.restarts += 1),
            Happening::StartFailed { address, .. } => self.with(&address.component, |it| it.failed_starts += 1),
            _ => {}
        }
    }

    /// Hears how an upgrade ended.
    pub fn receipt(&self, receipt: &Receipt) {
        self.with(&receipt.component, |it| {
            *it.upgrades.entry(word(receipt.outcome)).or_default() += 1;
            it.state_bytes += receipt.bytes;
        });
    }

    /// An event was not written.
    pub fn event_lost(&self) {
        self.events_lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Events that were not written.
    pub fn events_lost(&self) -> u64 {
        self.events_lost.load(Ordering::Relaxed)
    }

    /// By component; none stands for all that came after the first [`MOST`].
    pub fn components(&self) -> BTreeMap<Option<ComponentName>, Happened> {
        self.components.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with(&self, component: &ComponentName, count: impl FnOnce(&mut Happened)) {
        let mut components = self.components.lock().unwrap_or_else(PoisonError::into_inner);
        let name = Some(component.clone());
        let name = if components.len() < MOST || components.contains_key(&name) { name } else { None };
        count(components.entry(name).or_default());
    }
}

/// As receipts say it.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Settled => "settled",
        Outcome::Refused => "refused",
        Outcome::Partial => "partial",
        Outcome::RolledBack => "rolled-back",
        Outcome::Superseded => "superseded",
        Outcome::Interrupted => "interrupted",
        Outcome::Tried => "tried",
    }
}

/// How long things took, in steps; counting is a few additions.
#[derive(Debug, Default)]
pub struct Histogram {
    steps: [AtomicU64; STEPS.len() + 1],
    sum_us: AtomicU64,
}

/// Upper ends of the steps of a [`Histogram`], in microseconds; the last step has none.
pub const STEPS: [u64; 17] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
    30_000_000,
];

impl Histogram {
    /// One that took so long.
    pub fn add(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let step = STEPS.partition_point(|end| *end < us);
        self.steps[step].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// How many there are in each step, and how many microseconds all of them took together.
    pub fn read(&self) -> ([u64; STEPS.len() + 1], u64) {
        (self.steps.each_ref().map(|step| step.load(Ordering::Relaxed)), self.sum_us.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_in_the_step_that_it_is_not_longer_than() {
        let histogram = Histogram::default();
        for us in [0, 10, 11, 30_000_000, 30_000_001] {
            histogram.add(Duration::from_micros(us));
        }
        let (steps, sum) = histogram.read();
        assert_eq!((steps[0], steps[1], steps[16], steps[17], sum), (2, 1, 1, 1, 60_000_022));
    }

    #[test]
    fn components_without_end_are_counted_as_one_in_the_end() {
        let figures = Figures::default();
        for n in 0..MOST + 5 {
            figures.with(&ComponentName::new(&format!("c{n}")).unwrap(), |it| it.crashes += 1);
        }
        let counted = figures.components();
        assert_eq!((counted.len(), counted[&None].crashes), (MOST + 1, 5));
    }
}
