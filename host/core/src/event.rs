//! Every fact that the hands can report. Closed: what is not here cannot happen to the core.
//!
//! A fact about an actor names its [`Generation`], one about a try names its [`UpgradeId`] and [`Attempt`]; facts of an
//! older one are dropped, for whatever they held was released by the event that ended that generation or attempt.

use std::collections::BTreeSet;

use crate::contract::{Offer, Version};
use crate::declared::{Declaration, Misplaced};
use crate::effect::Request;
use crate::id::{Address, Attempt, ComponentName, Digest, Generation, RequestId, TableWrite, UpgradeId};
use crate::reason::{ExitReason, Refusal};
use crate::time::WallTime;

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The host begins: the first event of all, told once.
    Begin {
        /// The actors whose state the last graceful end parked.
        parked: Vec<ParkedActor>,
        /// Actors whose state was lost with the last host, where that can be known.
        lost: u64,
        /// The upgrades that have a receipt in the store: their numbers are not given again, and what the table still
        /// says is in hand of them is over.
        receipts: BTreeSet<UpgradeId>,
    },
    /// Time has come to the instant that [`World::wake_at`](crate::World::wake_at) named, or passed it.
    Tick,
    /// Bytes lie in the store and somebody wants them to run.
    Offered {
        /// What and whose.
        offer: Offer,
        /// Who waits for the answer, where somebody does (`deploy`).
        request: Option<RequestId>,
    },
    /// A file could not even be taken into the store (not readable, too large, not wasm, no room).
    OfferFailed {
        /// The name in the folder, or what the sender called it.
        file: String,
        /// Why.
        refusal: Refusal,
        /// Who waits.
        request: Option<RequestId>,
        /// When, on the wall.
        at: WallTime,
    },
    /// A version was compiled, mapped, reflected and asked for its shapes, or could not be.
    Loaded {
        /// Whose version it would be.
        component: ComponentName,
        /// Which.
        digest: Digest,
        /// What it is, or why it cannot be.
        outcome: Result<Box<Version>, Refusal>,
    },
    /// Answers [`Effect::Prove`](crate::Effect::Prove).
    Proved {
        /// For which upgrade.
        upgrade: UpgradeId,
        /// Whether the version starts and can be left again.
        outcome: Proof,
    },
    /// Answers [`Effect::Rehearse`](crate::Effect::Rehearse).
    Rehearsed {
        /// For which upgrade.
        upgrade: UpgradeId,
        /// On whose state.
        address: Address,
        /// Of which incarnation.
        generation: Generation,
        /// Whether the new version takes that state.
        outcome: Rehearsal,
    },
    /// A message waits for an actor that is not there: told when the first one comes to an address without an instance,
    /// and again after an `Exited` or a failed start that leaves messages behind. Answered by a start, now or later, or
    /// by [`Effect::TurnAway`](crate::Effect::TurnAway).
    Wanted {
        /// Which.
        address: Address,
    },
    /// An instance runs and takes messages.
    Started {
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
    },
    /// No instance came of [`Effect::Start`](crate::Effect::Start).
    StartFailed {
        /// Whose.
        address: Address,
        /// Which incarnation it would have been.
        generation: Generation,
        /// Why.
        failure: StartFailure,
    },
    /// An incarnation is over. Whatever it held, a gate above all, is released; its mailbox waits for a start of the next
    /// one, or for [`Effect::TurnAway`](crate::Effect::TurnAway), which answers this.
    Exited {
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// Why.
        reason: ExitReason,
        /// Messages it had handled since it was switched to its version; 0 where it never was.
        handled_since_switch: u64,
    },
    /// An actor runs on the new version.
    Switched {
        /// By which upgrade.
        upgrade: UpgradeId,
        /// In which try.
        attempt: Attempt,
        /// Whose.
        address: Address,
        /// Which incarnation: a switch keeps it.
        generation: Generation,
        /// How it went.
        figures: SwitchFigures,
    },
    /// An actor still runs on the version it had, its gate is open.
    NotSwitched {
        /// By which upgrade.
        upgrade: UpgradeId,
        /// In which try.
        attempt: Attempt,
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// Why.
        why: NotSwitched,
    },
    /// An actor is back on the version it had before the switch.
    TurnedBack {
        /// Of which upgrade.
        upgrade: UpgradeId,
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// Whether the exact state from before the switch was put back (nothing was handled since), or the newer code
        /// saved for the older.
        exact: bool,
    },
    /// An actor stays on the newer version, since the way back is closed.
    LeftBehind {
        /// Of which upgrade.
        upgrade: UpgradeId,
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// Why, in the guest's words or ours.
        words: String,
    },
    /// The table is on disk, folder synced.
    TableWritten {
        /// Which writing.
        write: TableWrite,
    },
    /// The table could not be written; the one before it stands.
    TableFailed {
        /// Which writing.
        write: TableWrite,
        /// The path and the system's words.
        error: String,
    },
    /// Nothing refers to a retired version: no instance, no call in flight, no queued message, no kept state.
    Drained {
        /// Of which component.
        component: ComponentName,
        /// Which.
        digest: Digest,
    },
    /// An actor's state lies in the parked folder, its instance is gone.
    Parked {
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// Whether its state is on disk (or none was to keep), or why not.
        outcome: Result<(), String>,
    },
    /// The manifest is another one, and it is good.
    Declared(Box<Declaration>),
    /// The manifest is another one, and it is not: nothing of it is taken up.
    Misdeclared {
        /// Which file.
        file: String,
        /// In one sentence.
        why: String,
        /// Each mistake in its place; none where it could not be read at all.
        mistakes: Vec<Misplaced>,
    },
    /// A person or program asks for something.
    Asked {
        /// To answer to.
        request: RequestId,
        /// What.
        what: Request,
    },
    /// The host is to end: take nothing new, finish what runs, park every actor.
    End,
}

/// An actor that the last graceful end put away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedActor {
    /// Whose state.
    pub address: Address,
    /// The version that wrote it: it is restored on exactly this one.
    pub digest: Digest,
    /// How often it had been restarted.
    pub restarts: u64,
}

/// Whether a version starts and can be left again, tried on a scratch instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It does and it can.
    Proven,
    /// A scratch `init` answered err or touched something sealed, so nobody knows; the words say which.
    Unproven(String),
    /// Its own code trapped or broke a limit, or it could not be left again.
    Refused(Refusal),
}

/// How the new version took a copy of an actor's live state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rehearsal {
    /// It took it, its health check passed, and it can be left again.
    Passed {
        /// Size of the saved state in bytes.
        bytes: u64,
        /// Whether the way down gives back the same bytes; none where it could not be told.
        round_trip: Option<bool>,
    },
    /// It did not, with the step and the guest's words.
    Failed(Refusal),
    /// The live instance could not be looked at: busy past its time, gone, or ended meanwhile. Proves nothing.
    NotLooked(String),
}

/// Why no instance came of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFailure {
    /// `init` answered err, or `code-change` did on a restart from a state.
    Refused(String),
    /// The instance could not be made, or died on its way.
    Crashed(ExitReason),
    /// The host has no room; not the guest's fault.
    Overloaded(String),
}

/// Figures of one actor's switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SwitchFigures {
    /// From the hold's taking effect to the release, in microseconds.
    pub pause_us: u64,
    /// Size of the state that went over, in bytes.
    pub bytes: u64,
    /// Messages that waited behind the hold.
    pub held: u64,
    /// The longest that one of them waited behind it, in microseconds.
    pub held_us_max: u64,
}

/// Why an actor was not switched in this try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSwitched {
    /// It did not come to a boundary in time, `save` took too long, or messages are queued that the new version does
    /// not serve. Another try may succeed.
    NotNow(String),
    /// `save`, `code-change`, the health check or the new instance failed. The old instance goes on as it was.
    Failed(Refusal),
    /// `save` trapped and took the live instance with it: its state is lost. [`Event::Exited`] follows.
    StateLost(Refusal),
}
