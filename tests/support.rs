//! A host to test, and the words to do it with.

mod guests;
mod host;
mod receipt;

pub use guests::wasm;
pub use host::{BINARY, Host};
use receipt::Receipt;
