//! A host to test, and the words to do it with.

mod guests;
mod host;
mod receipt;

use guests::wasm;
pub use host::Host;
use receipt::Receipt;
