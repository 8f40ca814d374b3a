//! What is fuzzed: each takes any bytes, and panics where a promise is broken.

mod args;
mod liar;
mod load;
mod packed;

pub use args::{json, wave};
pub use load::load;
pub use packed::packed;
