//! The codec against wasmtime's own `Val`, against guests that lie, and against damaged messages; and its forms for people.
//!
//! Cases are generated from a fixed seed. `PROPTEST_RNG_SEED=n` gives others, `PROPTEST_CASES=n` more of them.
#![expect(clippy::unwrap_used, reason = "a test may")]

mod damage;
mod generate;
mod guest;
mod hostile;
mod json;
mod liars;
mod limits;
mod oracle;
mod signature;
mod wave;
