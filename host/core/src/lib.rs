//! The decisions of changeling, and nothing but decisions.
//!
//! Facts go in ([`Event`]), acts come out ([`Effect`]), and time is an argument ([`Time`]). Nothing here does I/O, looks
//! at a clock, waits, or knows WebAssembly; maps are ordered, so that the same events give the same effects.
#![warn(missing_docs)]

pub mod contract;
mod effect;
mod event;
pub mod happening;
pub mod id;
pub mod policy;
pub mod reason;
pub mod receipt;
pub mod table;
mod time;

pub use effect::{Answer, Birth, Effect, Handover, Request};
pub use event::{Event, NotSwitched, Proof, Rehearsal, StartFailure, SwitchFigures};
pub use time::{Time, WallTime};
