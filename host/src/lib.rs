//! x
pub mod config;
pub mod store;
pub mod watch;
