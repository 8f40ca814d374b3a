//! The decisions of changeling, and nothing but decisions.
//!
//! Facts go in ([`Event`]), acts come out ([`Effect`]), and time is an argument ([`Time`]). Nothing here does I/O, looks
//! at a clock, waits, or knows WebAssembly; maps are ordered, so that the same events give the same effects.
//!
//! A fact comes into [`World::handle`], which passes it to the component it is about (`component`). A component has
//! actors (`actor/`: how they are born and end), at most one upgrade in hand (`upgrade/`: its steps in the order of the
//! files `machine`, `switching`, `publish`, or `back`), and one offer that waits (`offers`). What must survive is in the
//! table (`ledger`), which is written one writing at a time; what waits for it goes on when it is on disk.
#![warn(missing_docs)]

mod actor;
mod again;
mod component;
pub mod contract;
pub mod declared;
pub mod defect;
mod effect;
mod event;
mod folder;
pub mod happening;
pub mod id;
mod ledger;
mod offers;
pub mod policy;
pub mod reason;
pub mod receipt;
mod requests;
mod restore;
#[cfg(feature = "sim")]
pub mod sim;
pub mod table;
mod time;
mod turn;
mod upgrade;
pub mod view;
mod world;

pub use effect::{Answer, Birth, Effect, Handover, Request};
pub use event::{Event, NotSwitched, ParkedActor, Proof, Rehearsal, StartFailure, SwitchFigures};
pub use policy::Settings;
pub use time::{Time, WallTime};
pub use upgrade::{Judgement, Surroundings, check, handover};
pub use world::World;
