//! One instance: a store, its memory, and every way into it. Each way in sets the limits first and turns a trap into a
//! reason. After a [`Fault::Dead`] the instance must be dropped.

use std::sync::Arc;
use std::time::Duration;

use changeling_core::contract::ShapeSet;
use changeling_core::id::Address;
use changeling_core::reason::{Cause, ExitReason};
use changeling_packed::{PackedFunc, TooLarge};
use wasmtime::component::Instance as WasmInstance;
use wasmtime::{Store, Trap, UpdateDeadline};

use super::code::{Code, Function};
use super::limits::{Exceeded, Limits};
use super::room::{Place, Want};
use super::sandbox::{Sandbox, Sealed};
use super::words::cut;
use super::{Engine, wit};

/// A living instance of one version.
pub struct Instance {
    /// Of which version.
    pub code: Arc<Code>,
    store: Store<Sandbox>,
    instance: WasmInstance,
    hooks: Hooks,
    _place: Place,
    // Filled as functions are called first: looking one up costs a tenth of a short call.
    functions: Vec<Option<PackedFunc>>,
}

#[derive(Default)]
struct Hooks {
    state: Option<wit::state::Guest>,
    lifecycle: Option<wit::lifecycle::Guest>,
    info: Option<wit::info::Guest>,
    health: Option<wit::health::Guest>,
    status: Option<wit::status::Guest>,
}

/// What is lost with an instance that dies in its `save`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtStake {
    /// Somebody's state.
    Live,
    /// Nothing: it is a scratch instance.
    Copy,
}

/// Why the state of a healthy instance is not to be had.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{words}")]
pub struct NotSaved {
    /// In the guest's words, or ours.
    pub words: String,
    /// Where the cause lies when a version is tried and this comes of it: a limit is set by whoever runs it.
    pub cause: Cause,
}

impl NotSaved {
    fn of(words: String) -> Self {
        Self { words, cause: Cause::Bytes }
    }

    fn too_large(limit: usize) -> Self {
        let words =
            format!("the saved state is larger than {limit} bytes; raise the component's `state` limit, or save less");
        Self { words, cause: Cause::Surroundings }
    }
}

/// Why a way into a guest gave nothing.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It trapped or went past a limit: the instance is no more.
    Dead(ExitReason),
    /// What it gave or was given could not be lifted or lowered (too large, not well-formed). wasmtime lets such an
    /// instance live, but what it was handling is lost inside it.
    Value(String),
    /// In a sealed act it touched something outside. The instance is no more.
    Sealed(String),
    /// The host has no room for it: not the guest's fault. The instance is no more.
    NoRoom(String),
}

impl Fault {
    /// Where the cause lies when a version is tried and this comes of it.
    pub fn cause(&self) -> Cause {
        match self {
            Fault::Dead(reason) => reason.cause(),
            Fault::Value(_) | Fault::Sealed(_) => Cause::Bytes,
            Fault::NoRoom(_) => Cause::Machine,
        }
    }

    /// As the reason of an exit.
    pub fn reason(self) -> ExitReason {
        match self {
            Fault::Dead(reason) => reason,
            Fault::Value(words) | Fault::Sealed(words) => ExitReason::Trap(words),
            Fault::NoRoom(words) => ExitReason::Limit(words),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Dead(reason) => reason.fmt(f),
            Fault::Value(words) | Fault::Sealed(words) | Fault::NoRoom(words) => f.write_str(words),
        }
    }
}

impl Instance {
    /// Makes one, sealed: a start function or constructor may not touch the outside.
    ///
    /// # Errors
    /// Where it traps or has no room.
    pub async fn new(
        engine: &Engine,
        code: Arc<Code>,
        address: Address,
        limits: Arc<Limits>,
        want: Want,
    ) -> Result<Self, Fault> {
        let place = engine.room().take(want).map_err(|full| Fault::NoRoom(full.to_string()))?;
        let pre = code.pre.as_ref().map_err(|why| Fault::Dead(ExitReason::Error(why.clone())))?;
        let cpu = limits.change_cpu;
        let sandbox = Sandbox::new(address, &code.version, limits, engine.room().clone());
        let mut store = Store::new(engine.wasm(), sandbox);
        store.limiter(|sandbox| &mut sandbox.memories);
        store.set_max_component_handles(1_000);
        store.epoch_deadline_callback(|mut cx| {
            let goes_on = cx.data_mut().tick().map_err(wasmtime::Error::from)?;
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(goes_on)))
        });
        enter(&mut store, "instantiation", cpu, true, 1 << 20);
        store.data_mut().memories.set_want(want);
        let made = pre.instantiate_async(&mut store).await;
        let instance = match made {
            Ok(instance) => instance,
            Err(error) => return Err(fault(&store, error)),
        };
        let mut this = Self {
            functions: vec![None; code.functions.len()],
            store,
            instance,
            hooks: Hooks::default(),
            _place: place,
            code,
        };
        this.load_hooks().map_err(|e| Fault::Value(format!("{e:#}")))?;
        Ok(this)
    }

    fn load_hooks(&mut self) -> wasmtime::Result<()> {
        let (at, store, instance) = (&self.code.hooks, &mut self.store, &self.instance);
        self.hooks = Hooks {
            state: at.state.as_ref().map(|i| i.load(&mut *store, instance)).transpose()?,
            lifecycle: at.lifecycle.as_ref().map(|i| i.load(&mut *store, instance)).transpose()?,
            info: at.info.as_ref().map(|i| i.load(&mut *store, instance)).transpose()?,
            health: at.health.as_ref().map(|i| i.load(&mut *store, instance)).transpose()?,
            status: at.status.as_ref().map(|i| i.load(&mut *store, instance)).transpose()?,
        };
        Ok(())
    }

    /// What the host keeps beside it.
    pub fn sandbox(&mut self) -> &mut Sandbox {
        self.store.data_mut()
    }

    /// Goes on within these limits; its environment stays what it was, and what it has of memory too.
    pub fn take_up(&mut self, limits: &Arc<Limits>) {
        if !self.is_within(limits) {
            self.store.data_mut().take_up(limits);
        }
    }

    /// Whether its limits are these very ones.
    pub fn is_within(&self, limits: &Arc<Limits>) -> bool {
        Arc::ptr_eq(&self.store.data().limits, limits)
    }

    /// Linear memory in use, in bytes.
    pub fn memory(&self) -> usize {
        self.store.data().memories.used()
    }

    /// Calls a function of this version with a packed message; the answer is the packed result.
    ///
    /// # Errors
    /// Where the guest dies of it, or gives what cannot be lifted.
    pub async fn call(&mut self, function: &Function, args: &[u8]) -> Result<Vec<u8>, Fault> {
        let packed = match self.functions[function.index] {
            Some(packed) => packed,
            None => {
                let func = self.instance.get_func(&mut self.store, function.export);
                let func = func.ok_or_else(|| Fault::Value(format!("{} is not there", function.name)))?;
                let packed = PackedFunc::new(func, &self.store).map_err(|e| Fault::Value(format!("{e:#}")))?;
                *self.functions[function.index].insert(packed)
            }
        };
        let limits = &self.store.data().limits;
        let (cpu, fuel) = (limits.cpu, limits.message);
        enter(&mut self.store, "message", cpu, false, fuel);
        let answer = packed.call_async(&mut self.store, args).await;
        answer.map_err(|error| fault(&self.store, error))
    }

    /// Its shapes; none where it has no `state`.
    ///
    /// # Errors
    /// As for [`Instance::call`].
    pub async fn shapes(&mut self) -> Result<Option<ShapeSet>, Fault> {
        let Some(state) = &self.hooks.state else { return Ok(None) };
        let cpu = self.store.data().limits.cpu;
        enter(&mut self.store, "shapes", cpu, true, 1 << 20);
        let shapes = state.call_shapes(&mut self.store).await;
        shapes.map(|set| Some(set.into())).map_err(|error| fault(&self.store, error))
    }

    /// `init`; nothing where there is none. Not sealed unless it is a rehearsal.
    ///
    /// # Errors
    /// The inner error is the guest's own `err`.
    pub async fn init(&mut self, start: wit::lifecycle::Start, sealed: bool) -> Result<Result<(), String>, Fault> {
        let Some(lifecycle) = &self.hooks.lifecycle else { return Ok(Ok(())) };
        let limits = &self.store.data().limits;
        let (cpu, fuel) = (limits.cpu, limits.message);
        enter(&mut self.store, "init", cpu, sealed, fuel);
        let answer = lifecycle.call_init(&mut self.store, &start).await;
        answer.map(|answer| answer.map_err(cut)).map_err(|error| fault(&self.store, error))
    }

    /// `terminate`; nothing where there is none.
    ///
    /// # Errors
    /// As for [`Instance::call`]; the instance is to be dropped anyway.
    pub async fn terminate(&mut self, reason: ExitReason) -> Result<(), Fault> {
        let Some(lifecycle) = &self.hooks.lifecycle else { return Ok(()) };
        let limits = &self.store.data().limits;
        let (cpu, fuel) = (limits.terminate_cpu, limits.message);
        enter(&mut self.store, "terminate", cpu, false, fuel);
        let answer = lifecycle.call_terminate(&mut self.store, &reason.into()).await;
        answer.map_err(|error| fault(&self.store, error))
    }

    /// `save`, looked at and not risked: twice the memory, and where somebody's state hangs on it a CPU limit that only
    /// a runaway meets.
    ///
    /// # Errors
    /// The inner error is a failed save of a healthy instance: the guest's own `err`, or bytes that are too many or not
    /// what was asked for.
    pub async fn save(&mut self, version: u32, at_stake: AtStake) -> Result<Result<Vec<u8>, NotSaved>, Fault> {
        let Some(state) = &self.hooks.state else { return Ok(Err(NotSaved::of("it exports no `state`".into()))) };
        let limits = self.store.data().limits.clone();
        self.store.data_mut().memories.set_limit(limits.memory.saturating_mul(2));
        let cpu = match at_stake {
            AtStake::Live => limits.longest_save,
            AtStake::Copy => limits.save,
        };
        // A look changes nothing, whatever the guest does in it.
        let timers = self.store.data().timers.clone();
        enter(&mut self.store, "save", cpu, true, limits.state.saturating_add(1 << 10));
        let answer = state.call_save(&mut self.store, version).await;
        self.store.data_mut().timers = timers;
        self.store.data_mut().memories.set_limit(limits.memory);
        // Bindings lift this result, not the codec: wasmtime has no type for what was not paid for.
        if answer.as_ref().is_err_and(is_over_fuel) {
            return Ok(Err(NotSaved::too_large(limits.state)));
        }
        match answer.map_err(|error| fault(&self.store, error)) {
            Ok(Ok(bytes)) if bytes.len() > limits.state => Ok(Err(NotSaved::too_large(limits.state))),
            Ok(answer) => Ok(answer.map_err(|words| NotSaved::of(cut(words)))),
            // A result that cannot be lifted leaves the instance whole.
            Err(Fault::Value(words)) => Ok(Err(NotSaved::of(words))),
            Err(dead) => Err(dead),
        }
    }

    /// `code-change`: takes a state over, on an instance that did nothing yet.
    ///
    /// # Errors
    /// The inner error is the guest's own `err`.
    pub async fn code_change(&mut self, change: wit::state::Change, bytes: &[u8]) -> Result<Result<(), String>, Fault> {
        let Some(state) = &self.hooks.state else { return Ok(Err("it exports no `state`".into())) };
        let limits = self.store.data().limits.clone();
        self.store.data_mut().memories.set_limit(limits.memory.saturating_mul(2));
        enter(&mut self.store, "code-change", limits.change_cpu, true, limits.message);
        let answer = state.call_code_change(&mut self.store, &change, bytes).await;
        self.store.data_mut().memories.set_limit(limits.memory);
        answer.map(|answer| answer.map_err(cut)).map_err(|error| fault(&self.store, error))
    }

    /// `health.check`; healthy where there is none.
    ///
    /// # Errors
    /// The inner error is the guest's own `err`.
    pub async fn health(&mut self) -> Result<Result<(), String>, Fault> {
        let Some(health) = &self.hooks.health else { return Ok(Ok(())) };
        let limits = &self.store.data().limits;
        let (cpu, fuel) = (limits.cpu, limits.message);
        enter(&mut self.store, "health check", cpu, true, fuel);
        let answer = health.call_check(&mut self.store).await;
        answer.map(|answer| answer.map_err(cut)).map_err(|error| fault(&self.store, error))
    }

    /// `status.view`: JSON for people.
    ///
    /// # Errors
    /// The inner error is that of a healthy instance: it has no `status`, or shows what cannot be lifted.
    pub async fn status(&mut self) -> Result<Result<String, String>, Fault> {
        let Some(status) = &self.hooks.status else { return Ok(Err("its code exports no `status`".into())) };
        let limits = &self.store.data().limits;
        let (cpu, fuel) = (limits.cpu, limits.message);
        // A look changes nothing, whatever the guest does in it.
        let timers = self.store.data().timers.clone();
        enter(&mut self.store, "status", cpu, true, fuel);
        let answer = status.call_view(&mut self.store).await;
        self.store.data_mut().timers = timers;
        if answer.as_ref().is_err_and(is_over_fuel) {
            return Ok(Err(format!("its status is larger than {fuel} bytes, the most that a message may be")));
        }
        match answer.map_err(|error| fault(&self.store, error)) {
            Ok(shown) => Ok(Ok(shown)),
            // As for a state: a result that cannot be lifted leaves the instance whole.
            Err(Fault::Value(words)) => Ok(Err(words)),
            Err(dead) => Err(dead),
        }
    }

    /// Delivers a timer that fired.
    ///
    /// # Errors
    /// As for [`Instance::call`].
    pub async fn deliver_timer(&mut self, id: u64, token: String) -> Result<(), Fault> {
        let Some(info) = &self.hooks.info else { return Ok(()) };
        let limits = &self.store.data().limits;
        let (cpu, fuel) = (limits.cpu, limits.message);
        enter(&mut self.store, "message", cpu, false, fuel);
        let message = wit::info::Message::Timer(wit::info::Timer { id, token });
        let answer = info.call_handle_info(&mut self.store, &message).await;
        answer.map_err(|error| fault(&self.store, error))
    }
}

/// Before every way in: a deadline of the epoch, for that of an idle store is long past, a CPU budget, and how many
/// bytes may cross the border.
fn enter(store: &mut Store<Sandbox>, act: &'static str, cpu: Duration, sealed: bool, fuel: usize) {
    store.data_mut().begin(act, cpu, sealed);
    store.set_hostcall_fuel(fuel);
    store.set_epoch_deadline(1);
}

/// Whether more bytes were to cross the border than were paid for.
fn is_over_fuel(error: &wasmtime::Error) -> bool {
    format!("{error:#}").contains("too much data is being copied")
}

/// What an error of wasmtime means.
fn fault(store: &Store<Sandbox>, error: wasmtime::Error) -> Fault {
    if let Some(limit @ Exceeded::Host) = error.downcast_ref::<Exceeded>() {
        return Fault::NoRoom(limit.to_string());
    }
    if let Some(limit) = error.downcast_ref::<Exceeded>() {
        return Fault::Dead(ExitReason::Limit(limit.to_string()));
    }
    if let Some(large) = error.downcast_ref::<TooLarge>() {
        return Fault::Dead(ExitReason::Limit(format!("message: {large} of {} bytes", store.data().limits.message)));
    }
    if let Some(sealed) = error.downcast_ref::<Sealed>() {
        return Fault::Sealed(sealed.to_string());
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return Fault::Dead(ExitReason::Error(format!("exit {}", exit.0)));
    }
    let last_words = || store.data().voice.last_words();
    match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => {
            Fault::Dead(ExitReason::Trap(last_words().unwrap_or_else(|| "unreachable code reached".into())))
        }
        Some(Trap::StackOverflow) => Fault::Dead(ExitReason::Limit("stack: it recursed too deep".into())),
        Some(trap) => Fault::Dead(ExitReason::Trap(trap.to_string())),
        None if error.is::<wasmtime::WasmBacktrace>() => {
            Fault::Dead(ExitReason::Trap(last_words().unwrap_or_else(|| format!("{:#}", error.root_cause()))))
        }
        None => Fault::Value(format!("{error:#}")),
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("digest", &self.code.version.digest).finish_non_exhaustive()
    }
}
