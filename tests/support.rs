//! A host to test, and the words to do it with.

mod bytes;
mod guests;
mod host;
mod load;
mod receipt;

pub use bytes::{bytes, digest, greeting, variant};
pub use guests::wasm;
pub use host::{BINARY, Host};
pub use receipt::Receipt;
