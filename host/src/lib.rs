//! x
pub mod store;
pub mod watch;
