//! The host of changeling as a library.
#![warn(missing_docs)]

pub mod actors;
pub mod cli;
pub mod config;
pub mod control;
mod defect;
pub mod engine;
pub mod host;
pub mod http;
pub mod observe;
pub mod store;
pub mod watch;
