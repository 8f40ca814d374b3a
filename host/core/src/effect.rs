//! Every act that the core can ask for. Closed: the hands can do nothing else on its behalf, and decide nothing.
//!
//! Each effect that can fail or take time is answered by exactly one [`Event`](crate::Event), named at the effect.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::happening::Happening;
use crate::id::{Address, Attempt, ComponentName, Digest, Generation, Label, RequestId, TableWrite, UpgradeId};
use crate::reason::{CallError, ExitReason, Refusal};
use crate::receipt::Receipt;
use crate::table::Table;

/// An act.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Compile (in the child, or take from the cache), map, reflect, ask for the shapes.
    /// Calls off a [`Effect::Retire`] of the same version. Answered by [`Event::Loaded`](crate::Event::Loaded).
    Load {
        /// Whose version it would be: for messages and limits.
        component: ComponentName,
        /// Which bytes.
        digest: Digest,
        /// What people call it where it carries no version of its own.
        label: Label,
    },
    /// On a sealed scratch instance: `init` (for `address`, or a made-up key), `save` in its own version, `code-change`
    /// of those bytes on another one, health. A service is only instantiated. Answered by `Proved`.
    Prove {
        /// For which upgrade.
        upgrade: UpgradeId,
        /// Whose version.
        component: ComponentName,
        /// Which.
        digest: Digest,
        /// Whether its actors have keys.
        keyed: bool,
    },
    /// Between two messages take a copy of a live state, and try the new version on it, sealed. Answered by `Rehearsed`.
    Rehearse {
        /// For which upgrade.
        upgrade: UpgradeId,
        /// On whose state.
        address: Address,
        /// Of which incarnation.
        generation: Generation,
        /// To which version.
        to: Digest,
        /// How the state goes over.
        handover: Handover,
    },
    /// Make an instance and let it take messages. Answered by `Started` or `StartFailed`.
    Start {
        /// Whose.
        address: Address,
        /// Which incarnation it is.
        generation: Generation,
        /// On which version.
        digest: Digest,
        /// From what.
        birth: Birth,
    },
    /// Answer all that waits at an address that gets no actor, or no other one, and forget the mailbox. Does nothing where
    /// an instance lives there after all.
    TurnAway {
        /// Which.
        address: Address,
        /// With what.
        error: CallError,
    },
    /// hold → save → code-change → health → switch → release of one actor, as one act that leaves the old instance as
    /// it was when anything before the switch fails. The state from before it is kept until [`Effect::DropKept`].
    /// Answered by `Switched` or `NotSwitched`; stop and kill win over it, and then `Exited` alone comes.
    Switch {
        /// By which upgrade.
        upgrade: UpgradeId,
        /// In which try: the gate's token.
        attempt: Attempt,
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// The version it runs on.
        from: Digest,
        /// The version it shall run on.
        to: Digest,
        /// How the state goes over.
        handover: Handover,
        /// How long to wait for a message boundary.
        hold_timeout: Duration,
    },
    /// Bring a switched actor back to the version before: its kept state where it handled nothing since, else by the
    /// way down, else leave it. One that was switched by [`Handover::Restart`] begins anew on the older version. Answered
    /// by `TurnedBack` or `LeftBehind`; stop, kill and a crash win over it, and then `Exited` alone comes.
    TurnBack {
        /// Of which upgrade.
        upgrade: UpgradeId,
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// The version it had before the switch.
        to: Digest,
        /// The state version that both the newer code writes and the older reads, where there is one.
        down: Option<u32>,
    },
    /// The pre-switch states that this upgrade kept are of no more use.
    DropKept {
        /// Which upgrade's.
        upgrade: UpgradeId,
    },
    /// Write the table; there is never more than one writing under way: temporary file, fsync, rename, fsync of the folder. Answered by `TableWritten` or `TableFailed`.
    WriteTable {
        /// Which writing, to answer with.
        write: TableWrite,
        /// What.
        table: Box<Table>,
    },
    /// From this instant births and new service calls go to this version.
    Publish {
        /// Of which component.
        component: ComponentName,
        /// Which version; none takes the component away.
        current: Option<Digest>,
    },
    /// No more of this version, be it an old one or one that was refused: say when nothing refers to it, then unmap it. Answered by `Drained`.
    Retire {
        /// Of which component.
        component: ComponentName,
        /// Which version.
        digest: Digest,
    },
    /// Remove bytes and compiled code from the store; nothing runs on them.
    Forget {
        /// Which.
        digest: Digest,
    },
    /// Look again at what lies under these names in the folder: it is an offer again. Where something lies there
    /// [`Event::Offered`](crate::Event::Offered) follows.
    LookAgain {
        /// Their names.
        files: BTreeSet<String>,
    },
    /// End an actor between two messages: `terminate`, then gone; what is queued is answered `stopped`. One that does not
    /// come to the end of a message within `drain` is killed. Answered by `Exited`.
    Stop {
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// With what reason.
        reason: ExitReason,
        /// How long the message in hand may take.
        drain: Duration,
    },
    /// Wins over a hold, as a stop does. Handle what is queued, within `drain`, answer the rest `stopped`, then save to the parked folder. Answered by
    /// `Parked`.
    Park {
        /// Whose.
        address: Address,
        /// Which incarnation.
        generation: Generation,
        /// How long its queue may take.
        drain: Duration,
        /// How often it was restarted, to go on with.
        restarts: u64,
    },
    /// Write a receipt that is final.
    Record {
        /// It.
        receipt: Box<Receipt>,
    },
    /// Tell those who watch.
    Tell {
        /// What happened.
        happening: Happening,
    },
    /// Answer a request.
    Answer {
        /// Which.
        request: RequestId,
        /// With what.
        answer: Answer,
    },
    /// Every actor is parked and every file is written: the host may go.
    Ended,
}

/// How an actor's state goes over to another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    /// `save(version)` of the one, `code-change` of the other.
    State {
        /// The state version asked for.
        version: u32,
        /// Whether the new version can write that version too: then the round trip can be looked at.
        returns: bool,
    },
    /// `terminate(shutdown)` of the one, `init` of the other: chosen where there is no `state` to hand over.
    Restart,
}

/// What an incarnation begins from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Birth {
    /// `init`, or nothing where there is none.
    First,
    /// `init` after a crash.
    Restart(ExitReason),
    /// The state that was kept when this upgrade switched it: after a crash before *published*. Where none was kept,
    /// because nothing was handed over, `init`.
    Kept(UpgradeId),
    /// The state that the host's last graceful end parked.
    Parked,
}

/// What a person or a program asks of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// End an actor.
    Stop(Address),
    /// End an actor and begin it anew from `init`.
    Restart(Address),
    /// Take a component away: its actors end with `terminate`, verdicts and last-seen files are forgotten.
    Remove(ComponentName),
    /// Turn an upgrade in hand back at the next actor boundary.
    TurnBack(ComponentName),
}

/// The answer to a request, or to a `deploy`.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Done.
    Done,
    /// The upgrade that this offer became, to follow by its receipt.
    Upgrade(UpgradeId),
    /// Nothing to do; the sentence says why (the same bytes run already).
    Nothing(String),
    /// Not taken.
    Refused(Refusal),
    /// There is no such thing, or it cannot be done now; one sentence.
    Failed(CallError, String),
}
