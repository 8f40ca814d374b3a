//! The truth about which version is current. The folder is only a mail slot.
//!
//! One file, replaced as a whole; this is its content. Old forms must stay loadable.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::contract::{Kind, Source};
use crate::id::{ComponentName, Digest, Generation, Label, UpgradeId};
use crate::reason::{Refusal, Step};
use crate::receipt::VersionRef;
use crate::time::WallTime;

/// What survives the host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Table {
    /// Every component that has a current version.
    pub components: BTreeMap<ComponentName, Row>,
    /// The digest last seen under each name in the folder: an offer is a change of it, or a new name.
    pub files: BTreeMap<String, Digest>,
    /// Names of the folder whose bytes were refused for their surroundings: these are an offer all the same.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub again: BTreeSet<String>,
    /// Versions whose own bytes are at fault, with the reason.
    pub verdicts: Vec<Verdict>,
    /// Upgrades that act on actors; whoever finds one here at start knows it was interrupted.
    pub in_hand: BTreeMap<ComponentName, InHand>,
    /// The highest upgrade given.
    pub last_upgrade: UpgradeId,
    /// No generation up to this one is ever given again.
    pub last_generation: Generation,
}

impl Table {
    /// Every version that it names as current, or as one that was: these may be asked for again.
    pub fn versions(&self) -> BTreeSet<Digest> {
        let of = |row: &Row| row.before.iter().map(|version| version.digest).chain([row.current]).collect::<Vec<_>>();
        self.components.values().flat_map(of).collect()
    }
}

/// What is current of one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which bytes.
    pub current: Digest,
    /// What people call it.
    pub label: Label,
    /// Actor or service.
    pub kind: Kind,
    /// Since when.
    pub since: WallTime,
    /// The versions that were current before, newest first; at most five are kept.
    pub before: Vec<VersionRef>,
}

/// A version that was refused for what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// As a version of which component.
    pub component: ComponentName,
    /// Which bytes.
    pub digest: Digest,
    /// Why.
    pub refusal: Refusal,
}

/// An upgrade between its first act on an actor, or the version's becoming current where there is none, and its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InHand {
    /// Which.
    pub id: UpgradeId,
    /// What runs; none at a first load.
    pub from: Option<VersionRef>,
    /// What shall run.
    pub to: VersionRef,
    /// Who asked.
    pub asked_by: Source,
    /// The step it had come to when the table was written.
    pub step: Step,
    /// When it began.
    pub started: WallTime,
}
