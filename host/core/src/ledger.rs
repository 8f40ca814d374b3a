//! The table: what it says, what is to be written next, and the one writing that may be under way. It decides nothing
//! about upgrades; it tells whose change came to stand.

use std::time::Duration;

use crate::effect::Effect;
use crate::id::{ComponentName, Digest, Generation, TableWrite, UpgradeId};
use crate::receipt::VersionRef;
use crate::table::{InHand, Row, Table};
use crate::time::Time;

/// Versions that were current before, kept to go back to.
const KEPT_BEFORE: usize = 5;
/// Generations that one life of the host may give out without a word to the table.
const GENERATIONS_A_LIFE: u64 = 1 << 32;
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// A change that somebody waits for: it stands only once it is on disk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// An upgrade is about to act on actors.
    InHand(InHand),
    /// A version becomes current, by an upgrade that is in hand until it has its receipt.
    Current { in_hand: InHand, row: Row },
    /// A component goes.
    Gone,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    /// As it stands; changes that nobody waits for are made right here.
    pub table: Table,
    unsaved: bool,
    waiting: Vec<(ComponentName, Change)>,
    under_way: Option<(TableWrite, Vec<(ComponentName, Change)>)>,
    last_write: TableWrite,
    retry: Option<(Time, Duration)>,
}

impl Ledger {
    pub fn new(mut table: Table) -> Self {
        table.last_generation.0 += GENERATIONS_A_LIFE;
        Self {
            table,
            unsaved: false,
            waiting: Vec::new(),
            under_way: None,
            last_write: TableWrite::default(),
            retry: None,
        }
    }

    pub fn next_generation(&mut self) -> Generation {
        self.table.last_generation = self.table.last_generation.next();
        self.table.last_generation
    }

    pub fn next_upgrade(&mut self) -> UpgradeId {
        self.table.last_upgrade = self.table.last_upgrade.next();
        self.table.last_upgrade
    }

    /// What is current of a component.
    pub fn current(&self, component: &ComponentName) -> Option<VersionRef> {
        let row = self.table.components.get(component)?;
        Some(VersionRef { digest: row.current, label: row.label.clone() })
    }

    /// A change that nobody waits for; written where it is one.
    pub fn edit(&mut self, change: impl FnOnce(&mut Table)) {
        let before = self.table.clone();
        change(&mut self.table);
        self.unsaved |= self.table != before;
    }

    /// A change that shall stand only once it is written.
    pub fn propose(&mut self, component: ComponentName, change: Change) {
        self.waiting.push((component, change));
    }

    /// Whether everything is on disk, or was tried and could not be.
    pub fn is_at_rest(&self) -> bool {
        (!self.unsaved || self.retry.is_some()) && self.waiting.is_empty() && self.under_way.is_none()
    }

    /// Writes what is to be written, one writing at a time: were two under way and the first failed, the second would
    /// carry its changes all the same.
    pub fn write(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let resting = self.retry.is_some_and(|(at, _)| now < at);
        if self.under_way.is_some() || (self.waiting.is_empty() && (!self.unsaved || resting)) {
            return;
        }
        self.unsaved = false;
        self.last_write = self.last_write.next();
        let changes = std::mem::take(&mut self.waiting);
        let mut table = self.table.clone();
        for (component, change) in &changes {
            apply(&mut table, component, change);
        }
        self.under_way = Some((self.last_write, changes));
        effects.push(Effect::WriteTable { write: self.last_write, table: Box::new(table) });
    }

    /// The writing is on disk; the changes that stand now. None where it was not the one under way.
    pub fn written(&mut self, write: TableWrite) -> Option<Vec<(ComponentName, Change)>> {
        let (_, changes) = self.under_way.take_if(|(under_way, _)| *under_way == write)?;
        for (component, change) in &changes {
            apply(&mut self.table, component, change);
        }
        self.retry = None;
        Some(changes)
    }

    /// The writing failed; the changes that came to nothing.
    pub fn failed(&mut self, write: TableWrite, now: Time) -> Option<Vec<(ComponentName, Change)>> {
        let (_, changes) = self.under_way.take_if(|(under_way, _)| *under_way == write)?;
        let wait = self.retry.map_or(RETRY_MIN, |(_, wait)| (wait * 2).min(RETRY_MAX));
        self.retry = Some((now + wait, wait));
        self.unsaved = true;
        Some(changes)
    }

    /// A failed writing is tried again now: there may be no later.
    pub fn retry_now(&mut self) {
        self.retry = None;
    }

    /// When a failed writing is tried again.
    pub fn wake_at(&self) -> Option<Time> {
        self.retry.filter(|_| self.unsaved && self.under_way.is_none()).map(|(at, _)| at)
    }
}

fn apply(table: &mut Table, component: &ComponentName, change: &Change) {
    match change {
        Change::InHand(in_hand) => {
            table.in_hand.insert(component.clone(), in_hand.clone());
        }
        Change::Current { in_hand, row } => {
            table.in_hand.insert(component.clone(), in_hand.clone());
            table.components.insert(component.clone(), row.clone());
            crate::folder::settle(table, component);
        }
        Change::Gone => {
            table.components.remove(component);
            table.in_hand.remove(component);
            crate::folder::forget(table, component);
        }
    }
}

/// The versions that were current before a new one is: newest first, each once, the new one not among them.
pub(crate) fn before(row: Option<&Row>, new: Digest) -> Vec<VersionRef> {
    let Some(row) = row else { return Vec::new() };
    let last = VersionRef { digest: row.current, label: row.label.clone() };
    let others = row.before.iter().filter(|version| version.digest != row.current).cloned();
    let all = std::iter::once(last).chain(others).filter(|version| version.digest != new);
    all.take(KEPT_BEFORE).collect()
}
