//! Figures for those who watch from afar: collected when they are asked for, from what everybody counts anyway, and
//! written as Prometheus and OpenTelemetry read them. By component, never by key: their number is bounded.

mod calls;
mod collect;
mod text;

pub use calls::Calls;
pub use collect::{Process, collect, connections};
pub use text::{Family, MEDIA_TYPE, write};
