//! Why things end or are refused, in the words that guests, callers and receipts share.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::Address;

/// Why an actor is no more. The cases of `changeling:actor/types.exit-reason`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case", tag = "reason", content = "words")]
pub enum ExitReason {
    /// It said so.
    Normal,
    /// It was told to, in order.
    Shutdown,
    /// It was ended at once.
    Killed,
    /// It said so, with a reason.
    Error(String),
    /// Its code trapped; the text is the panic's or the trap's.
    Trap(String),
    /// It went past a limit; the text says which.
    Limit(String),
    /// There was none.
    NoActor,
    /// Its host cannot be reached.
    NoConnection,
}

impl ExitReason {
    /// Whether a supervisor sees a fault in it.
    pub fn is_crash(&self) -> bool {
        !matches!(self, Self::Normal | Self::Shutdown | Self::Killed)
    }

    /// Where the cause lies when a version ends so as it is tried: a limit is set by whoever runs it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Limit(_) => Cause::Surroundings,
            _ => Cause::Bytes,
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::Killed => f.write_str("killed"),
            Self::Error(words) => write!(f, "error: {words}"),
            Self::Trap(words) => write!(f, "trap: {words}"),
            Self::Limit(words) => write!(f, "limit: {words}"),
            Self::NoActor => f.write_str("no actor"),
            Self::NoConnection => f.write_str("no connection"),
        }
    }
}

/// Why a call has no answer. The cases of `changeling:actor/types.call-error`, and the names in HTTP problems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "error", content = "of")]
pub enum CallError {
    /// No component of that name is loaded.
    NoSuchComponent,
    /// The version that answers has no such function.
    NoSuchFunction,
    /// There is no such actor, and a call does not make one.
    NoActor,
    /// Time ran out before the answer came; the handler may have run.
    DeadlineExceeded,
    /// No room: mailbox, instances or bytes.
    Overloaded,
    /// The actor died of it, or while it waited.
    Crashed(ExitReason),
    /// The actor or the host is ending.
    Stopped,
    /// The call would wait for itself; the circle of waiters.
    Cycle(Vec<Address>),
    /// Too many calls within calls.
    TooDeep,
    /// The message is larger than the limit.
    TooLarge,
    /// The host of the actor cannot be reached.
    NoConnection,
    /// Refused, with words.
    Refused(String),
}

/// The step of an upgrade at which something was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Taken into the store.
    Staged,
    /// Made into machine code, in a process of its own.
    Compiled,
    /// Judged without running it.
    Checked,
    /// Tried on copies.
    Verified,
    /// Actors go over, one by one.
    Switching,
    /// The pointer to current moves.
    Published,
    /// Old and new both live.
    Probation,
    /// Over, the old version purged.
    Settled,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Staged => "staged",
            Self::Compiled => "compiled",
            Self::Checked => "checked",
            Self::Verified => "verified",
            Self::Switching => "switching",
            Self::Published => "published",
            Self::Probation => "probation",
            Self::Settled => "settled",
        })
    }
}

/// Why a version is not taken: at which step, in which act of the guest where it was one, and in whose words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// At which step.
    pub step: Step,
    /// What was being done, as a verb of the contract where it was one: `save`, `code-change`, `init`, `compile`.
    pub act: String,
    /// On whose state or behalf, where it was an actor's.
    pub address: Option<Address>,
    /// The guest's own words where it had any, else one sentence that names the thing, the reason and what to do.
    pub words: String,
    /// Whether the bytes are at fault (then the same bytes are not tried again by themselves) or the surroundings.
    pub cause: Cause,
}

impl Refusal {
    /// A refusal that concerns no single actor.
    pub fn new(step: Step, act: &str, cause: Cause, words: impl Into<String>) -> Self {
        Self { step, act: act.to_owned(), address: None, words: words.into(), cause }
    }

    /// The same, on behalf of this actor.
    #[must_use]
    pub fn of(self, address: Address) -> Self {
        Self { address: Some(address), ..self }
    }
}

/// Where the cause of a refusal lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// In the version's own bytes: the verdict is kept.
    Bytes,
    /// In what is around it (an import nobody provides, a limit, a live actor that did not stop): an offer again when the
    /// manifest changes.
    Surroundings,
    /// In the machine (a disk that is full, memory that is short): that, and tried again by itself, ever more seldom.
    Machine,
    /// In nothing but that somebody wanted it so: it is offered again by whoever wants that.
    Asked,
}

impl Cause {
    /// Whether the same bytes may fare better by themselves.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::Surroundings | Self::Machine)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{} of {address}: {}", self.act, self.words),
            None => write!(f, "{}: {}", self.act, self.words),
        }
    }
}
