//! What is kept of every upgrade: enough to prove what happened.
//!
//! This is the shape on disk and over HTTP (`changeling.receipt/1`). It grows only by optional fields.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::contract::Source;
use crate::id::{Address, ComponentName, Digest, Label, UpgradeId};
use crate::reason::Step;
use crate::time::WallTime;

/// The `$type` of a receipt.
pub const RECEIPT_TYPE: &str = "changeling.receipt/1";

/// One upgrade, from the first look at its bytes to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// Always [`RECEIPT_TYPE`].
    #[serde(rename = "$type")]
    pub kind: String,
    /// Which upgrade.
    pub id: UpgradeId,
    /// Of which component.
    pub component: ComponentName,
    /// What ran before; none at a first load.
    pub from: Option<VersionRef>,
    /// What was to run.
    pub to: VersionRef,
    /// Who asked.
    pub asked_by: Source,
    /// How it ended.
    pub outcome: Outcome,
    /// The step it came to.
    pub step: Step,
    /// Why it was refused, turned back or is partial; one sentence.
    pub reason: Option<String>,
    /// Things worth saying that refused nothing: unused changes, an `init` nobody could prove, a restart strategy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// How many actors went which way.
    pub actors: ActorCounts,
    /// Pauses of the actors that were switched, in microseconds; none where none was.
    pub pause_us: Option<Spread>,
    /// Messages that waited behind a hold, and the longest wait.
    pub held: Held,
    /// State that went over, in bytes.
    pub bytes: u64,
    /// How the dry run went.
    pub rehearsal: RehearsalCounts,
    /// Each failure, in the guest's words; where it was published without an actor, why that could not go over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refused>,
    /// Who still holds the old version, where it is not purged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<String>,
    /// When each step was entered.
    pub steps: BTreeMap<Step, WallTime>,
    /// When it began.
    pub started: WallTime,
    /// When it ended.
    pub ended: WallTime,
    /// The digest of the receipt that was finalised before this one in this host; filled in when it is written.
    pub previous: Option<Digest>,
}

/// A version, as receipts and lists name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct VersionRef {
    /// Which bytes.
    pub digest: Digest,
    /// What people call it; the digest's first digits where it never came to be read.
    pub label: Label,
}

/// How an upgrade ended. What was done in part is never called success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All switched, the old version purged.
    Settled,
    /// Nothing was switched.
    Refused,
    /// Published, with holders of the old version, who are named.
    Partial,
    /// Everything that was switched went back, but for those left behind, who are named.
    RolledBack,
    /// A newer version came before it was done.
    Superseded,
    /// The host ended in the middle of it.
    Interrupted,
    /// It was only to be tried on copies, and these took it. Nothing was switched.
    Tried,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Settled => "settled",
            Self::Refused => "refused",
            Self::Partial => "partial",
            Self::RolledBack => "rolled back",
            Self::Superseded => "superseded",
            Self::Interrupted => "interrupted",
            Self::Tried => "tried",
        })
    }
}

/// How many actors went which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ActorCounts {
    /// To the new version.
    pub switched: u64,
    /// Given up for this receipt; they still switch at their next boundary.
    pub not_now: u64,
    /// On the newer version, with the way back closed.
    pub left_behind: u64,
    /// Back on the old version.
    pub turned_back: u64,
    /// Ended meanwhile.
    pub stopped: u64,
    /// Died meanwhile.
    pub crashed: u64,
}

/// A spread of measured times, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Spread {
    /// The median.
    pub p50: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

/// Messages that waited behind a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Held {
    /// How many.
    pub calls: u64,
    /// The longest wait, in microseconds.
    pub wait_us_max: u64,
}

/// The dry run in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RehearsalCounts {
    /// Live states that were tried.
    pub tried: u64,
    /// Of these, taken.
    pub passed: u64,
    /// Of these, with a way down that gave back the same bytes.
    pub round_trips: u64,
    /// Of these, with a way down that gave back other bytes, though the version before gives back its own.
    #[serde(default)]
    pub round_trips_differ: u64,
    /// Live states that were not tried.
    pub not_tried: u64,
}

/// One failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Refused {
    /// Whose state; none where no actor was concerned.
    pub address: Option<Address>,
    /// What was being done: `save`, `code-change`, `init`, `compile` …
    pub step: String,
    /// In whose words: the guest's own where it had any.
    pub words: String,
}

impl Spread {
    /// Of these values; none of none.
    pub fn of(mut values: Vec<u64>) -> Option<Self> {
        values.sort_unstable();
        let max = *values.last()?;
        let at = |share: usize| values[(values.len() * share).div_ceil(100).saturating_sub(1)];
        Some(Self { p50: at(50), p99: at(99), max })
    }
}
