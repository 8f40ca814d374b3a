//! One guest in this process, entered as the host enters it, without anything around it.

use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use changeling::engine::code::Code;
use changeling::engine::instance::{AtStake, Fault, Instance};
use changeling::engine::limits::Limits;
use changeling::engine::room::{Room, Want};
use changeling::engine::{Engine, settings, wit};
use changeling_core::id::Digest;
use changeling_core::reason::ExitReason;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;

use super::guest::Entry;

/// The one engine of this process, with a reactor for guests that look at clocks.
struct Stage {
    engine: Engine,
    compiler: wasmtime::Engine,
    runtime: Runtime,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| Stage {
    engine: Engine::new(Room::new(1_000, 8 << 30)).expect("this machine runs guests"),
    // It loads nothing: it is what the compile child has.
    compiler: settings::engine().expect("this machine compiles"),
    runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime"),
});

/// Limits that are met soon.
pub fn hasty() -> Limits {
    let soon = Duration::from_millis(50);
    Limits { cpu: soon, change_cpu: soon, save: soon, longest_save: soon, terminate_cpu: soon, ..Limits::default() }
}

/// A component as the host has it when it is loaded.
pub fn load(bytes: &[u8]) -> Result<Arc<Code>, String> {
    let compiled = STAGE.compiler.precompile_component(bytes).map_err(|why| format!("{why:#}"))?;
    let mapped = STAGE.engine.adopt(&compiled);
    let code = mapped.and_then(|it| STAGE.engine.read(&it, Digest([0; 32]), "test".into(), bytes.len() as u64));
    code.map(Arc::new).map_err(|refusal| refusal.to_string())
}

/// An instance of it.
pub fn instance(code: &Arc<Code>, limits: &Arc<Limits>) -> Result<Instance, Fault> {
    let address = "hostile".parse().expect("an address");
    wait(Instance::new(&STAGE.engine, code.clone(), address, limits.clone(), Want::Birth))
}

/// Waits for a guest on this thread.
pub fn wait<T>(act: impl Future<Output = T>) -> T {
    let _reactor = STAGE.runtime.enter();
    futures_executor::block_on(act)
}

/// The bytes that guests have in use.
pub fn in_use() -> u64 {
    STAGE.engine.room().in_use().1
}

/// Goes this way into a guest, and every way that a host goes before it.
pub fn enter(instance: &mut Instance, entry: Entry) -> Result<(), Fault> {
    let start =
        wit::lifecycle::Start { address: "hostile".into(), args: None, reason: wit::lifecycle::StartReason::First };
    let change = wit::state::Change { old_version: 1, old_label: "test".into(), extra: None };
    match entry {
        // It has been there when there is an instance.
        Entry::Start => Ok(()),
        Entry::Shapes => wait(instance.shapes()).map(drop),
        Entry::Save => wait(instance.save(1, AtStake::Copy)).map(drop),
        Entry::CodeChange => wait(instance.code_change(change, &[7, 0, 0, 0])).map(drop),
        Entry::Init | Entry::Realloc => wait(instance.init(start, false)).map(drop),
        Entry::Terminate => wait(instance.terminate(ExitReason::Shutdown)),
        Entry::HandleInfo => wait(instance.deliver_timer(1, "token".into())),
        Entry::Health => wait(instance.health()).map(drop),
        Entry::Status => wait(instance.status()).map(drop),
        Entry::Deed => call(instance, "deed", &[0; 4]).map(drop),
        Entry::PostReturn => call(instance, "echo", b"\x02hi").map(drop),
    }
}

/// Calls a function of its own.
pub fn call(instance: &mut Instance, name: &str, args: &[u8]) -> Result<Vec<u8>, Fault> {
    let function = instance.code.resolve(name).expect("it has this function").clone();
    wait(instance.call(&function, args))
}

/// The time that a processor has spent on this thread.
pub fn spent<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let now = || {
        let at = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(at.tv_sec.try_into().expect("it began at 0"), at.tv_nsec.try_into().expect("below a second"))
    };
    let began = now();
    let done = act();
    (done, now() - began)
}
