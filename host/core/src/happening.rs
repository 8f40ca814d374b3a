//! What those who watch are told: the stream of `events`. Field names are the JSON names.

use serde::{Deserialize, Serialize};

use crate::declared::{Change, Kept, Misplaced};
use crate::id::{Address, ComponentName, Digest, Label, UpgradeId};
use crate::reason::{ExitReason, Step};
use crate::receipt::Outcome;

/// Something that happened, without the time, which the hands add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Happening {
    /// A component serves for the first time, or again after a start of the host.
    Loaded {
        /// Which component.
        component: ComponentName,
        /// Which bytes.
        digest: Digest,
        /// What people call the version.
        label: Label,
    },
    /// A component was taken away.
    Removed {
        /// Which component.
        component: ComponentName,
    },
    /// A file or body was not taken, or changes nothing.
    Ignored {
        /// Which component.
        component: Option<ComponentName>,
        /// The name in the folder, or what the sender gave.
        file: String,
        /// In one sentence.
        why: String,
    },
    /// A version was refused.
    Refused {
        /// Which component.
        component: ComponentName,
        /// Which bytes.
        digest: Digest,
        /// What people call the version.
        label: Label,
        /// At which step.
        step: Step,
        /// In whose words: the guest's own where it had any.
        reason: String,
    },
    /// An upgrade came to a step.
    Upgrading {
        /// Which component.
        component: ComponentName,
        /// Which upgrade.
        upgrade: UpgradeId,
        /// At which step.
        step: Step,
        /// What people call the version.
        label: Label,
    },
    /// An upgrade has its receipt.
    Upgraded {
        /// Which component.
        component: ComponentName,
        /// Which upgrade.
        upgrade: UpgradeId,
        /// How it ended.
        outcome: Outcome,
        /// What people call the version.
        label: Label,
        /// In whose words: the guest's own where it had any.
        reason: Option<String>,
    },
    /// An actor takes messages.
    Started {
        /// Whose.
        address: Address,
        /// What people call the version.
        label: Label,
        /// How often it was restarted so far.
        restarts: u64,
    },
    /// An actor's start failed.
    StartFailed {
        /// Whose.
        address: Address,
        /// What people call the version.
        label: Label,
        /// In whose words: the guest's own where it had any.
        reason: String,
    },
    /// An actor ended in order.
    Stopped {
        /// Whose.
        address: Address,
        /// In whose words: the guest's own where it had any.
        reason: ExitReason,
    },
    /// An actor died; the wait until its next start in milliseconds.
    Crashed {
        /// Whose.
        address: Address,
        /// In whose words: the guest's own where it had any.
        reason: ExitReason,
        /// The wait until its next start, in milliseconds.
        again_in_ms: u64,
    },
    /// An actor that had been given up as *not now* has switched after all, or keeps an old version and why.
    Straggler {
        /// Whose.
        address: Address,
        /// What is to be said of it.
        words: String,
    },
    /// The manifest has changed, and is taken up as far as it can be while everything runs.
    Declared {
        /// Which file.
        file: String,
        /// Whether it is not there any more: then every setting has its default.
        gone: bool,
        /// What it says otherwise than before, and from when on that holds.
        changes: Vec<Change>,
        /// What single components go on with all the same.
        kept: Vec<Kept>,
    },
    /// The manifest has changed and is wrong: all that held before holds on.
    Misdeclared {
        /// Which file.
        file: String,
        /// Each mistake in its place; none where it could not be read at all.
        mistakes: Vec<Misplaced>,
        /// In one sentence.
        why: String,
    },
    /// Something could not be done that concerns no upgrade: a table not written, a state not parked.
    Trouble {
        /// What could not be done.
        what: String,
        /// In one sentence.
        why: String,
    },
}
