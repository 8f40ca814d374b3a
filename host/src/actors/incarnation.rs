//! One life of an actor: its instance and what is counted about it. Whoever holds it holds the actor's lease.

use changeling_core::id::Generation;

use super::kill::Kill;
use crate::engine::instance::Instance;

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
