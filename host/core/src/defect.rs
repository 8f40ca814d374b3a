//! Defects on purpose, for tests: each breaks one promise, to see that a check which knows nothing of it finds out.
//!
//! One at a time is a value in [`Settings`](crate::Settings), or of the host that carries effects out. In a build without
//! `debug_assertions` none is ever seeded, and what stands here is never asked.

/// One way to break a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// An actor that is given back with messages in its mailbox stays held.
    GateLeftShut,
    /// The message that waits longest is dropped at the switch.
    MessageDropped,
    /// The first message after a switch is handled twice.
    MessageDoubled,
    /// The newest message in a mailbox is handled first.
    OrderBroken,
    /// A message is handled though its caller has given up.
    DeadlineIgnored,
    /// An actor is handed the state of the one that was saved before it.
    StateOfAnother,
    /// Timers do not go over with their actor.
    TimersLost,
    /// The old instance of a switched actor is never dropped.
    InstanceLeaked,
    /// A parked state is removed before its actor runs.
    ParkedRemovedEarly,
    /// A version is published before the table is on disk.
    PublishedEarly,
    /// The table names a version as current when actors are still to be switched to it.
    TableWrittenEarly,
    /// What switched actors were before is dropped before the version is published.
    KeptDroppedEarly,
    /// An actor that crashed after its switch begins from `init`, and what was kept is forgotten.
    KeptForgotten,
    /// Births do not wait while it is decided what is current.
    BirthSlipsIn,
    /// An upgrade that left actors behind is said to have settled.
    ReceiptFlatters,
    /// A version that was refused is current all the same.
    RefusedIsCurrent,
    /// The old version stays loaded, and nobody names it.
    OldNotPurged,
}

/// All of them, by the names that tests know them by.
pub const DEFECTS: [(Defect, &str); 17] = [
    (Defect::GateLeftShut, "gate-left-shut"),
    (Defect::MessageDropped, "message-dropped"),
    (Defect::MessageDoubled, "message-doubled"),
    (Defect::OrderBroken, "order-broken"),
    (Defect::DeadlineIgnored, "deadline-ignored"),
    (Defect::StateOfAnother, "state-of-another"),
    (Defect::TimersLost, "timers-lost"),
    (Defect::InstanceLeaked, "instance-leaked"),
    (Defect::ParkedRemovedEarly, "parked-removed-early"),
    (Defect::PublishedEarly, "published-early"),
    (Defect::TableWrittenEarly, "table-written-early"),
    (Defect::KeptDroppedEarly, "kept-dropped-early"),
    (Defect::KeptForgotten, "kept-forgotten"),
    (Defect::BirthSlipsIn, "birth-slips-in"),
    (Defect::ReceiptFlatters, "receipt-flatters"),
    (Defect::RefusedIsCurrent, "refused-is-current"),
    (Defect::OldNotPurged, "old-not-purged"),
];

impl Defect {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        DEFECTS.iter().find(|(_, of)| *of == name).map(|(defect, _)| *defect)
    }

    /// What tests know it by.
    pub fn name(self) -> &'static str {
        DEFECTS.iter().find(|(defect, _)| *defect == self).map_or("", |(_, name)| name)
    }

    /// Whether this one is the one that is seeded; never in a build without `debug_assertions`.
    pub fn is_seeded(self, seeded: Option<Self>) -> bool {
        cfg!(debug_assertions) && seeded == Some(self)
    }
}
