//! A host to test, and the words to do it with.

mod guests;
mod host;
mod load;
mod receipt;

pub use guests::{bytes, variant, wasm};
pub use host::{BINARY, Host};
pub use receipt::Receipt;
