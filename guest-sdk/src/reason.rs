//! Why things end or fail, in the words that people see elsewhere too.

use std::fmt;

use crate::{CallError, ExitReason};

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

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchComponent => f.write_str("no such component"),
            Self::NoSuchFunction => f.write_str("no such function"),
            Self::NoActor => f.write_str("no actor"),
            Self::DeadlineExceeded => f.write_str("deadline exceeded"),
            Self::Overloaded => f.write_str("overloaded"),
            Self::Crashed(reason) => write!(f, "crashed: {reason}"),
            Self::Stopped => f.write_str("stopped"),
            Self::Cycle(waiters) => write!(f, "cycle: {}", waiters.join(" waits for ")),
            Self::TooDeep => f.write_str("too deep"),
            Self::TooLarge => f.write_str("too large"),
            Self::NoConnection => f.write_str("no connection"),
            Self::Refused(words) => write!(f, "refused: {words}"),
        }
    }
}

impl std::error::Error for CallError {}
