//! What can be wrong with a type, with a message, and with an argument that a person wrote.

use std::fmt;

/// Why a conversion outside a component failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The type has no packed form.
    #[error(transparent)]
    Unportable(#[from] Unportable),
    /// The buffer is not a value of its type.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The value that a person gave is not one of its type.
    #[error(transparent)]
    BadArgument(#[from] BadArgument),
    /// What would be written is larger than its limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// A type whose values cannot be messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unportable {
    /// It holds a handle, which means something only inside the component that it belongs to.
    #[error("{}{handle} is a handle, and handles cannot be sent in a message", place(.path))]
    Handle {
        /// The type of the handle: `own`, `borrow`, `future`, `stream` or `error-context`.
        handle: &'static str,
        /// Where in the type it is, such as `.files[].body`; empty where it is the type itself.
        path: String,
    },
    /// Written out with every name expanded it is longer than [`signature::MAX_TEXT`](crate::signature::MAX_TEXT).
    #[error("the type is longer than {} bytes when it is written out", crate::signature::MAX_TEXT)]
    TooBroad,
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

impl Unportable {
    pub(crate) fn handle(handle: &'static str) -> Self {
        Unportable::Handle { handle, path: String::new() }
    }

    /// The same, seen from the type that has this one as its part `step`.
    pub(crate) fn within(mut self, step: fmt::Arguments<'_>) -> Self {
        if let Unportable::Handle { path, .. } = &mut self {
            path.insert_str(0, &step.to_string());
        }
        self
    }
}

/// Bytes, in a message or in a guest's memory, that are not a value of their type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The message ends in the middle of a value.
    #[error("the message is cut short")]
    Truncated,
    /// The message goes on after its last value, for so many bytes.
    #[error("{0} bytes are left over after the message")]
    LeftOver(usize),
    /// A count is not in its shortest form, or counts more than can follow.
    #[error("the message has an impossible count")]
    Count,
    /// A `bool` that is neither 0 nor 1.
    #[error("{0} is not a bool")]
    Bool(u8),
    /// A `char` that is not a Unicode scalar value.
    #[error("{0:#x} is not a char")]
    Char(u32),
    /// A string that is not in its encoding.
    #[error("a string is not valid {0}")]
    Text(&'static str),
    /// A discriminant that has no case.
    #[error("discriminant {found} is out of range, the type has {cases} cases")]
    Discriminant {
        /// The number found.
        found: u32,
        /// How many cases the type has.
        cases: usize,
    },
    /// A flag that the type does not have.
    #[error("a flag is set that the type does not have")]
    Flags,
    /// A guest's pointer that is not a multiple of its type's alignment.
    #[error("pointer {pointer:#x} is not aligned to {align}")]
    Unaligned {
        /// The pointer.
        pointer: usize,
        /// The alignment that its type asks for.
        align: u32,
    },
    /// A guest's pointer to more than its memory holds.
    #[error("pointer {0:#x} is out of bounds of memory")]
    OutOfBounds(usize),
}

/// A message, or a value made of one, that would be larger than its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is larger than its limit")]
pub struct TooLarge;

/// A value that a person gave which is not one of its type: where it is and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadArgument {
    /// Where in the arguments, such as `[0].items[3].name`; empty for the arguments as a whole.
    pub path: String,
    /// What was expected and what came, as one sentence in lower case.
    pub problem: String,
}

impl fmt::Display for BadArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", place(&self.path), self.problem)
    }
}

impl std::error::Error for BadArgument {}

impl BadArgument {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        BadArgument { path: String::new(), problem: problem.into() }
    }
}

impl Error {
    pub(crate) fn bad(problem: impl Into<String>) -> Self {
        Error::BadArgument(BadArgument::new(problem))
    }

    /// The same, seen from the value that has the faulty one as its part `step`.
    pub(crate) fn within(mut self, step: fmt::Arguments<'_>) -> Self {
        if let Error::BadArgument(bad) = &mut self {
            bad.path.insert_str(0, &step.to_string());
        }
        self
    }
}
