//! A host to test, and the words to do it with.

mod guests;
mod host;
mod load;
mod receipt;

pub use guests::{bytes, variant};
pub use host::Host;
pub use receipt::Receipt;
