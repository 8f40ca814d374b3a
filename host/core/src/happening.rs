//! What those who watch are told: the stream of `events`. Field names are the JSON names.

use serde::{Deserialize, Serialize};

use crate::id::{Address, ComponentName, Digest, Label, UpgradeId};
use crate::reason::{ExitReason, Step};
use crate::receipt::Outcome;

/// Something that happened, without the time, which the hands add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Happening {
    /// A component serves for the first time, or again after a start of the host.
    Loaded {
        component: ComponentName,
        digest: Digest,
        label: Label,
    },
    /// A component was taken away.
    Removed { component: ComponentName },
    /// A file or body was not taken, or changes nothing.
    Ignored {
        component: Option<ComponentName>,
        file: String,
        why: String,
    },
    /// A version was refused.
    Refused {
        component: ComponentName,
        digest: Digest,
        label: Label,
        step: Step,
        reason: String,
    },
    /// An upgrade came to a step.
    Upgrading {
        component: ComponentName,
        upgrade: UpgradeId,
        step: Step,
        label: Label,
    },
    /// An upgrade has its receipt.
    Upgraded {
        component: ComponentName,
        upgrade: UpgradeId,
        outcome: Outcome,
        label: Label,
        reason: Option<String>,
    },
    /// An actor takes messages.
    Started {
        address: Address,
        label: Label,
        restarts: u64,
    },
    /// An actor's start failed.
    StartFailed {
        address: Address,
        label: Label,
        reason: String,
    },
    /// An actor ended in order.
    Stopped { address: Address, reason: ExitReason },
    /// An actor died; the wait until its next start in milliseconds.
    Crashed {
        address: Address,
        reason: ExitReason,
        again_in_ms: u64,
    },
    /// An actor that had been given up as *not now* has switched after all, or keeps an old version and why.
    Straggler { address: Address, words: String },
    /// Something could not be done that concerns no upgrade: a table not written, a state not parked.
    Trouble { what: String, why: String },
}
