//! The guest's side of the host's log: records of the `log` crate, and panics.

use std::panic::PanicHookInfo;

use log::kv::{Error, Key, Value, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::bindings::host::changeling::actor::log as host;

/// Called once per instance.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(report));
    // Fails only where a logger is set, and the guest has had no chance to yet.
    if log::set_logger(&HostLog).is_ok() {
        // The host decides what is kept.
        log::set_max_level(LevelFilter::Trace);
    }
}

/// The host takes the last such record for the reason of the trap that follows.
fn report(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a panic without words");
    let place = panic.location().map(|at| ("at".to_owned(), at.to_string()));
    host::write(host::Level::Error, "panic", message, place.as_slice());
}

struct HostLog;

impl Log for HostLog {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut fields = Fields(Vec::new());
        // Collecting into a list does not fail, and a record is worth having without its fields.
        let _ = record.key_values().visit(&mut fields);
        host::write(level(record.level()), record.target(), &record.args().to_string(), &fields.0);
    }

    fn flush(&self) {}
}

struct Fields(Vec<(String, String)>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        self.0.push((key.to_string(), value.to_string()));
        Ok(())
    }
}

fn level(level: Level) -> host::Level {
    match level {
        Level::Error => host::Level::Error,
        Level::Warn => host::Level::Warn,
        Level::Info => host::Level::Info,
        Level::Debug => host::Level::Debug,
        Level::Trace => host::Level::Trace,
    }
}
