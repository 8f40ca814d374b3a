//! One upgrade of one component: where it stands, and what it has noted for its receipt. The steps themselves move a
//! component and are in the files below, in the order in which they happen.

mod back;
pub(crate) mod check;
pub(crate) mod handover;
mod machine;
pub(crate) mod meanwhile;
mod plan;
mod publish;
pub(crate) mod receipt;
pub(crate) mod straggler;
mod switching;
mod verify;

pub(crate) use back::Back;
pub use check::{Judgement, Surroundings, check};
pub use handover::handover;
pub(crate) use plan::{Plan, Standing};
pub(crate) use verify::Verify;

use crate::contract::Offer;
use crate::id::{Digest, RequestId};
use crate::table::Row;
use crate::time::Time;
use receipt::Draft;

#[derive(Debug)]
pub(crate) struct Upgrade {
    pub offer: Offer,
    pub draft: Draft,
    pub stage: Stage,
    /// Who asked to turn it back.
    pub asked: Vec<RequestId>,
    /// What the table said of the component before.
    pub row_before: Option<Row>,
    /// Whether it starts the singleton before anything is published.
    pub starts_singleton: bool,
}

/// Where an upgrade stands: what it waits for.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Its bytes are being compiled.
    Loading,
    /// It is being tried on scratch instances.
    Verifying(Verify),
    /// The singleton starts for the first time: nothing is current unless it runs.
    Starting,
    /// That it is about to act on actors is being written down.
    Recording,
    /// Actors go over.
    Switching(Plan),
    /// The table that makes it current is being written; births wait.
    Deciding(Plan),
    /// Published; the older version still has holders.
    Draining {
        /// When the receipt is made final all the same.
        until: Time,
    },
    /// What was switched goes back.
    Turning(Back),
}

impl Upgrade {
    pub fn to(&self) -> Digest {
        self.draft.to.digest
    }

    pub fn is_before_publish(&self) -> bool {
        !matches!(self.stage, Stage::Draining { .. })
    }

    pub fn is_turning_back(&self) -> bool {
        matches!(self.stage, Stage::Turning(_))
    }
}
