//! One life of an actor: its instance and what is counted about it. Whoever holds it holds the actor's lease.

use changeling_core::id::{Digest, Generation, Label, UpgradeId};

use super::kill::Kill;
use crate::engine::instance::Instance;
use crate::engine::timers::Timers;

/// A living actor, between two messages or in one.
pub struct Incarnation {
    /// Which life.
    pub generation: Generation,
    /// Memory and code.
    pub instance: Instance,
    /// Messages handled since the last switch; all of them where there was none.
    pub since_switch: u64,
    /// Whether it was ever switched in this life.
    pub switched: bool,
    /// What it was started with.
    pub args: Option<String>,
    /// Ends it at once.
    pub kill: Kill,
}

/// What an actor was before a switch, kept until that upgrade needs it no more.
#[derive(Debug, Clone)]
pub struct Kept {
    /// By which upgrade.
    pub upgrade: UpgradeId,
    /// The version it ran on.
    pub digest: Digest,
    /// What people call that.
    pub label: Label,
    /// The saved state and its version; none where there was no `state` to save.
    pub state: Option<(u32, Vec<u8>)>,
    /// Its timers. The clock of this life knows them still.
    pub timers: Timers,
}
