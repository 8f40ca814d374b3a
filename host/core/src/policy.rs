//! What a user may set, per component, with the documented defaults. Parsed elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::defect::Defect;
use crate::id::ComponentName;

/// How many live states a dry run looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sample {
    /// Each of them.
    All,
    /// This many, spread evenly.
    Count(u32),
    /// None.
    None,
}

/// What becomes of an actor that does not come to a boundary within the drain timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Laggard {
    /// Given up for this receipt; it switches at its next boundary.
    Wait,
    /// Ended, and started on the new version.
    Kill,
    /// The upgrade turns back.
    Refuse,
}

/// How actors go over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// One by one, state handed over; actors without `state` are restarted.
    Rolling,
    /// `terminate` and `init`, also where there is a state.
    Restart,
}

/// What decides about one component's upgrades and actors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Actors come into being by key, not as a singleton.
    pub keyed: bool,
    /// A first call makes a keyed actor.
    pub on_demand: bool,
    /// Most actors of the component.
    pub max_actors: u64,
    /// How actors go over.
    pub strategy: Strategy,
    /// Actors switched at a time.
    pub parallel: usize,
    /// How many live states are tried first; none set: all up to 100, then 100.
    pub verify: Option<Sample>,
    /// An unproven version is refused.
    pub require_proof: bool,
    /// How long one try waits for a message boundary.
    pub hold_timeout: Duration,
    /// From the first hold to giving up on those not switched.
    pub drain_timeout: Duration,
    /// What becomes of those.
    pub laggards: Laggard,
    /// How long the dry run may take in all.
    pub verify_timeout: Duration,
    /// Interfaces that may lose no function and change none: `ns:pkg/interface`, of whatever version, or of one.
    pub keep_exports: BTreeSet<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            keyed: false,
            on_demand: true,
            max_actors: 1_000,
            strategy: Strategy::Rolling,
            parallel: 2,
            verify: None,
            require_proof: false,
            hold_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(60),
            laggards: Laggard::Wait,
            verify_timeout: Duration::from_secs(60),
            keep_exports: BTreeSet::new(),
        }
    }
}

impl Policy {
    /// Takes from another one what decides about births, but for `keyed`, which those who live stand in the way of.
    pub fn take_births(&mut self, from: &Self) {
        (self.on_demand, self.max_actors) = (from.on_demand, from.max_actors);
    }

    /// Takes from another one all that decides about upgrades.
    pub fn take_upgrades(&mut self, from: &Self) {
        let Self { keyed, on_demand, max_actors, .. } = *self;
        *self = Self { keyed, on_demand, max_actors, ..from.clone() };
    }

    /// Whether upgrades go the same way under both.
    pub fn is_like_in_upgrades(&self, other: &Self) -> bool {
        let mut like = self.clone();
        like.take_upgrades(other);
        like == *self
    }
}

/// What the host is set to, for all components.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The `changeling:` interfaces that this host has, with their versions, as components name them when they import.
    pub provides: BTreeSet<String>,
    /// Of every component that has none of its own.
    pub default: Policy,
    /// Of single components.
    pub of: BTreeMap<ComponentName, Policy>,
    /// What a test wants done wrong; nothing in a host that works.
    pub defect: Option<Defect>,
}

impl Settings {
    /// What holds for this component.
    pub fn policy(&self, component: &ComponentName) -> Policy {
        self.of.get(component).unwrap_or(&self.default).clone()
    }
}
