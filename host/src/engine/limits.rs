//! What one instance may use, and the refusal when it wants more.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Error, ResourceLimiter};

use super::room::{Room, Want};
use super::sandbox::MAX_TOKEN;

/// Bounds of one component's instances. Defaults as documented in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one instance, all its memories together, in bytes.
    pub memory: usize,
    /// Guest time of one message.
    pub cpu: Duration,
    /// One message, arguments or result, in bytes as packed.
    pub message: usize,
    /// A saved state, in bytes.
    pub state: usize,
    /// Timers of one actor that have not fired.
    pub timers: usize,
    /// Log text of one actor a second, in bytes.
    pub log_per_second: usize,
    /// Guest time of one code change, save included.
    pub change_cpu: Duration,
    /// Wall time after which an upgrade gives up on a `save`, which then runs on to its end.
    pub save: Duration,
    /// Work, and time of the clock, after which the `save` of a live state is ended, and its instance with it: an upgrade
    /// may have given up on it long before.
    pub longest_save: Duration,
    /// Guest time that `terminate` gets.
    pub terminate_cpu: Duration,
    /// Environment variables that the guest sees.
    pub environment: Arc<[(String, String)]>,
}

/// The least that a `save` of a live state has.
pub const LONGEST_SAVE: Duration = Duration::from_secs(60);

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            cpu: Duration::from_secs(1),
            message: 1 << 20,
            state: 16 << 20,
            timers: 1_000,
            log_per_second: 64 << 10,
            change_cpu: Duration::from_secs(10),
            save: Duration::from_secs(5),
            longest_save: LONGEST_SAVE,
            terminate_cpu: Duration::from_secs(5),
            environment: Arc::default(),
        }
    }
}

/// A limit that was passed; found in the error of the call that passed it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Exceeded {
    /// Guest time.
    #[error("{0:?} of CPU for one {1}")]
    Cpu(Duration, &'static str),
    /// Linear memory.
    #[error("memory: it asked for {asked} bytes where {limit} are allowed")]
    Memory {
        /// What it would have had.
        asked: usize,
        /// What it may have.
        limit: usize,
    },
    /// The memory of the host.
    #[error("memory: all that this host may use is in use; raise `memory` under [host], or run fewer actors")]
    Host,
    /// Elements of a table.
    #[error("table: it asked for {0} elements where {MAX_TABLE} are allowed")]
    Table(usize),
    /// Timers.
    #[error("timers: {0} are set already")]
    Timers(usize),
    /// The token of a timer.
    #[error("timers: a token of {0} bytes, where {MAX_TOKEN} are allowed")]
    Token(usize),
}

const MAX_TABLE: usize = 100_000;
const ELEMENT_BYTES: usize = 8;
const MAX_TABLES: usize = 64;
const MAX_INSTANCES: usize = 16;

/// Counts the memories and tables of one store together, as wasmtime's own limits do not.
#[derive(Debug)]
pub struct Memories {
    used: usize,
    limit: usize,
    room: Room,
    want: Want,
}

impl Memories {
    /// None yet, of at most `limit` bytes.
    pub fn new(limit: usize, room: Room) -> Self {
        Self { used: 0, limit, room, want: Want::Birth }
    }

    fn grow(&mut self, more: usize) -> Result<(), Error> {
        let asked = self.used.saturating_add(more);
        if asked > self.limit {
            return Err(Error::from(Exceeded::Memory { asked, limit: self.limit }));
        }
        if !self.room.take_bytes(more, self.want) {
            return Err(Error::from(Exceeded::Host));
        }
        self.used = asked;
        Ok(())
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Where all of it is taken from, and what for.
    pub fn room(&self) -> (&Room, Want) {
        (&self.room, self.want)
    }

    /// What is grown for from now on.
    pub fn set_want(&mut self, want: Want) {
        self.want = want;
    }

    /// Another bound from now on; what is in use stays.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit.max(self.used);
    }
}

impl Drop for Memories {
    fn drop(&mut self) {
        self.room.give_bytes(self.used);
    }
}

impl ResourceLimiter for Memories {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|max| desired > max) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current))?;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE {
            return Err(Error::from(Exceeded::Table(desired)));
        }
        self.grow(desired.saturating_sub(current) * ELEMENT_BYTES)?;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_INSTANCES
    }
}
