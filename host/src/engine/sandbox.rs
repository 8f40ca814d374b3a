//! What the host keeps beside one instance's memory, and the functions that the guest calls out with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use changeling_core::contract::{Kind, Version};
use changeling_core::id::Address;
use changeling_core::reason::ExitReason;
use tracing::Level;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::limits::{Exceeded, Limits, Memories};
use super::room::{Room, Want};
use super::settings::TICK;
use super::slice::Slice;
use super::timers::Timers;
use super::voice::Voice;
use super::wit;

/// Data of one store.
pub struct Sandbox {
    /// Who it is.
    pub address: Address,
    /// The label of its version.
    pub label: Arc<str>,
    /// What it may use.
    pub limits: Arc<Limits>,
    /// Its timers; they go over to the next version.
    pub timers: Timers,
    /// Set by the guest's `exit`: it ends after the handler.
    pub exit: Option<ExitReason>,
    /// Who called, for the handler that runs.
    pub sender: Option<Address>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Its log.
    pub voice: Voice,
    pub(super) memories: Memories,
    budget: Budget,
    /// As it was when the instance was made: a guest that has read it does not read it again.
    environment: Arc<[(String, String)]>,
    is_service: bool,
    sealed: Option<&'static str>,
    // Made on first use: most guests import WASI and never call it, and it costs 5 µs to make.
    wasi: Option<WasiCtx>,
    table: ResourceTable,
}

struct Budget {
    act: &'static str,
    spent: Duration,
    limit: Duration,
    slice: Slice,
}

/// The longest token of a timer, in bytes.
pub(super) const MAX_TOKEN: usize = 4 << 10;
/// Entries of the resource table, and the longest answer of `get-random-bytes`.
const MAX_RESOURCES: usize = 1_000;
const MAX_RANDOM: u64 = 64 << 10;

impl Sandbox {
    /// An empty one.
    pub fn new(address: Address, version: &Version, limits: Arc<Limits>, room: Room) -> Self {
        let voice = Voice::new(address.to_string(), limits.log_per_second);
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            memories: Memories::new(limits.memory, room),
            address,
            label: version.label.as_str().into(),
            is_service: version.kind == Kind::Service,
            environment: limits.environment.clone(),
            limits,
            timers: Timers::default(),
            exit: None,
            sender: None,
            deadline: None,
            voice,
            budget: Budget { act: "message", spent: Duration::ZERO, limit: Duration::ZERO, slice: Slice::default() },
            sealed: None,
            wasi: None,
            table,
        }
    }

    /// Other limits from now on.
    pub(super) fn take_up(&mut self, limits: &Arc<Limits>) {
        self.memories.set_limit(limits.memory);
        self.voice.set_rate(limits.log_per_second);
        self.limits = limits.clone();
    }

    /// Begins an act of the guest with so much CPU time; `sealed` in acts that must touch nothing outside.
    pub(super) fn begin(&mut self, act: &'static str, cpu: Duration, sealed: bool) {
        (self.budget.act, self.budget.spent, self.budget.limit) = (act, Duration::ZERO, cpu);
        self.budget.slice.begin();
        self.sealed = sealed.then_some(act);
        // What is sealed is an upgrade's: it may use the reserve.
        self.memories.set_want(if sealed { Want::Upkeep } else { Want::Birth });
    }

    /// A tick of the epoch passed while it ran. It goes on when the others have run.
    pub(super) fn tick(&mut self) -> Result<impl Future<Output = ()> + Send + use<>, Exceeded> {
        self.budget.spent += self.budget.slice.so_far().unwrap_or(TICK);
        if self.budget.spent > self.budget.limit {
            return Err(Exceeded::Cpu(self.budget.limit, self.budget.act));
        }
        Ok(self.budget.slice.after_others())
    }

    fn refuse_if_sealed(&self, function: &'static str) -> wasmtime::Result<()> {
        self.sealed.map_or(Ok(()), |act| Err(wasmtime::Error::from(Sealed { function, act })))
    }

    /// What only an actor can do: a service has no life of its own, and no mailbox for a timer.
    fn refuse_in_service(&self, function: &'static str) -> wasmtime::Result<()> {
        if self.is_service { Err(wasmtime::Error::from(Sealed { function, act: "a service" })) } else { Ok(()) }
    }
}

/// A guest touched the outside where it must not.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{function} is not allowed in {act}")]
pub struct Sealed {
    function: &'static str,
    act: &'static str,
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| {
            WasiCtx::builder()
                .stdout(self.voice.stdout())
                .stderr(self.voice.stderr())
                .envs(&self.environment)
                .max_random_size(MAX_RANDOM)
                .allow_tcp(false)
                .allow_udp(false)
                .allow_ip_name_lookup(false)
                .build()
        });
        WasiCtxView { ctx, table: &mut self.table }
    }
}

impl wit::process::Host for Sandbox {
    fn self_(&mut self) -> wasmtime::Result<String> {
        Ok(self.address.to_string())
    }

    fn sender(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self.sender.as_ref().map(Address::to_string))
    }

    fn label(&mut self) -> wasmtime::Result<String> {
        Ok(self.label.to_string())
    }

    fn deadline(&mut self) -> wasmtime::Result<Option<u64>> {
        let left = |at: Instant| u64::try_from(at.saturating_duration_since(Instant::now()).as_millis());
        Ok(self.deadline.map(|at| left(at).unwrap_or(u64::MAX)))
    }

    fn exit(&mut self, reason: wit::types::ExitReason) -> wasmtime::Result<()> {
        self.refuse_if_sealed("changeling:actor/process.exit")?;
        self.refuse_in_service("changeling:actor/process.exit")?;
        self.exit.get_or_insert_with(|| reason.into());
        Ok(())
    }

    fn send_after(&mut self, ms: u64, token: String) -> wasmtime::Result<u64> {
        self.refuse_in_service("changeling:actor/process.send-after")?;
        if token.len() > MAX_TOKEN {
            return Err(wasmtime::Error::from(Exceeded::Token(token.len())));
        }
        if self.timers.len() >= self.limits.timers {
            return Err(wasmtime::Error::from(Exceeded::Timers(self.timers.len())));
        }
        let (room, want) = self.memories.room();
        let set = self.timers.set(Duration::from_millis(ms), token, room, want);
        set.ok_or_else(|| wasmtime::Error::from(Exceeded::Host))
    }

    fn cancel_timer(&mut self, timer: u64) -> wasmtime::Result<bool> {
        Ok(self.timers.cancel(timer))
    }
}

impl wit::log::Host for Sandbox {
    fn write(
        &mut self,
        level: wit::log::Level,
        target: String,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let level = match level {
            wit::log::Level::Trace => Level::TRACE,
            wit::log::Level::Debug => Level::DEBUG,
            wit::log::Level::Info => Level::INFO,
            wit::log::Level::Warn => Level::WARN,
            wit::log::Level::Error => Level::ERROR,
        };
        self.voice.record(level, &target, &message, &fields);
        Ok(())
    }
}

impl wit::types::Host for Sandbox {}
