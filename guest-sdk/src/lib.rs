//! Write actors and services for the changeling host, which replaces running code and keeps its state.
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
