//! Write actors and services for the changeling host, which replaces running code and keeps its state.
//!
//! A guest is a library crate of type `cdylib`, built for `wasm32-wasip2`, with this crate as its only dependency and its
//! interface in `wit/`:
//!
//! ```wit
//! package demo:counter;
//!
//! interface counter {
//!   increment: func(by: u64) -> u64;
//! }
//!
//! world app {
//!   export counter;
//! }
//! ```
//!
//! This is the second version of one. It takes over from the first, which only had a total, and can go back to it:
//!
//! ```
//! use changeling_guest::prelude::*;
//!
//! # /*
//! guest!(Counter);
//! # */
//! # guest!(Counter from "tests/wit/counter");
//!
//! #[state(version = 2, from = v1::Counter, down)]
//! #[derive(Default)]
//! struct Counter {
//!     total: u64,
//!     calls: u64,
//! }
//!
//! mod v1 {
//!     use changeling_guest::prelude::*;
//!
//!     #[state(version = 1)]
//!     pub struct Counter {
//!         pub total: u64,
//!     }
//! }
//!
//! impl From<v1::Counter> for Counter {
//!     fn from(old: v1::Counter) -> Self {
//!         Self { total: old.total, calls: 0 }
//!     }
//! }
//!
//! impl From<Counter> for v1::Counter {
//!     fn from(new: Counter) -> Self {
//!         Self { total: new.total }
//!     }
//! }
//!
//! #[actor]
//! impl counter::Guest for Counter {
//!     fn increment(&mut self, by: u64) -> u64 {
//!         self.total += by;
//!         self.calls += 1;
//!         self.total
//!     }
//! }
//!
//! # /*
//! #[test]
//! # */
//! fn keeps_the_total() {
//!     let mut counter: Counter = code_change(v1::Counter { total: 7 });
//!     assert_eq!(counter.increment(1), 8);
//! }
//! # fn main() { keeps_the_total() }
//! ```
//!
//! # Actors and services
//!
//! `guest!(Counter)` makes an actor: it has an address, a mailbox, and a state, and handles one message at a time. Its
//! first state is its `Default`, or what [`Lifecycle::init`] gives. `guest!(service Greeter)` makes a service: a unit
//! struct whose functions run side by side and keep nothing.
//!
//! Four more interfaces are exported by implementing them, each with [`#[actor]`](macro@actor) on it: [`Lifecycle`],
//! [`Info`] (timers), [`Health`] and [`Status`]. What an actor asks of its host is in [`process`].
//!
//! # State
//!
//! A state has a version, which grows whenever its type changes, and a [structure](shape), which the host compares
//! before it lets new code take over. Older versions of the type stay in the code for as long as states in them may
//! come along. Where an older state cannot be taken over, implement `TryFrom` instead of `From`: people are shown the
//! error, and the old code goes on. Prefer `BTreeMap` to `HashMap`, so that equal states have equal bytes.
//!
//! # Words
//!
//! Records of the [`log`] crate reach the host's log with level, target and fields, a panic's message and place with
//! level `error` and target `panic`; what is printed arrives there as well. Events of the `tracing` crate go the same way
//! with its feature `log`. The crate's version is the label of the component.
//!
//! # Tests
//!
//! `cargo test` runs them natively, without wasm and without a host: see [`testing`].
//!
//! # Profile
//!
//! A guest built with Cargo's own release profile has 2.5 MB; with this one, 60 to 90 KB:
//!
//! ```toml
//! [profile.release]
//! opt-level = "s"
//! lto = true
//! codegen-units = 1
//! strip = "debuginfo"
//! ```
#![warn(missing_docs)]

extern crate self as changeling_guest;

#[doc(hidden)]
#[path = "rt.rs"]
pub mod __rt;
mod actor;
mod bindings;
#[cfg(target_arch = "wasm32")]
mod logger;
pub mod process;
mod reason;
pub mod shape;
pub mod state;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use actor::{Health, Info, Lifecycle, Status};
pub use bindings::has_info::exports::changeling::actor::info::{self, Down, Exit, Message, Timer};
pub use bindings::has_lifecycle::exports::changeling::actor::lifecycle::{Start, StartReason};
pub use bindings::host::changeling::actor::types::{self, Address, CallError, ExitReason};
pub use changeling_guest_macros::{Shape, actor, guest, part, state};
pub use log;
pub use shape::Shape;
pub use state::State;

/// Everything that a guest usually needs.
pub mod prelude {
    pub use crate::process::{self, TimerRef};
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::testing::{self, code_change};
    pub use crate::{
        CallError, Down, Exit, ExitReason, Health, Info, Lifecycle, Message, Start, StartReason, State, Status, Timer,
        actor, guest, log, part, state,
    };
}
