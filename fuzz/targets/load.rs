//! A file as it may lie in the folder, all the way: whether it is whole, compiled, loaded, judged, started, entered at
//! every entry, and left again.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use changeling::engine::code::Code;
use changeling::engine::instance::{AtStake, Fault, Instance};
use changeling::engine::limits::Limits;
use changeling::engine::room::{Room, Want};
use changeling::engine::{Engine, label, settings, wit};
use changeling::watch::check_whole;
use changeling_core::id::Digest;
use changeling_core::policy::Strategy;
use changeling_core::reason::ExitReason;
use changeling_core::{Surroundings, check};
use changeling_packed::validate;
use futures_executor::block_on;
use tokio::runtime::Runtime;

/// Nothing that a guest does here takes longer: it has 20 ms of CPU for each entry.
const PATIENCE: Duration = Duration::from_secs(20);

struct Stage {
    engine: Engine,
    /// As the compile child has it. It loads nothing.
    compiler: wasmtime::Engine,
    runtime: Runtime,
    limits: Arc<Limits>,
}

/// One at a time, so that what is in use afterwards can be told.
static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| {
    let soon = Duration::from_millis(20);
    let limits = Limits {
        memory: 16 << 20,
        cpu: soon,
        change_cpu: soon,
        save: soon,
        longest_save: soon,
        terminate_cpu: soon,
        message: 64 << 10,
        state: 64 << 10,
        ..Limits::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    Mutex::new(Stage {
        engine: Engine::new(Room::new(16, 1 << 30)).expect("this machine runs guests"),
        compiler: settings::engine().expect("this machine compiles"),
        runtime: runtime.expect("a runtime"),
        limits: limits.into(),
    })
});

/// Any bytes.
pub fn load(bytes: &[u8]) {
    if let Some(label) = label::of(bytes) {
        assert!(
            (1..=label::MAX_LABEL).contains(&label.len()) && label.chars().all(|c| c.is_ascii_graphic()),
            "{label}"
        );
    }
    if let Err(why) = check_whole(bytes) {
        return assert!(why.starts_with("it "), "{why}");
    }
    let stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(compiled) = stage.compiler.precompile_component(bytes) else { return };
    let begun = Instant::now();
    let mapped = stage.engine.adopt(&compiled);
    let size = bytes.len() as u64;
    if let Ok(code) = mapped.and_then(|it| stage.engine.read(&it, Digest([7; 32]), "fuzz".into(), size)) {
        stage.live(&Arc::new(code));
    }
    assert!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
    let (places, in_use, _) = stage.engine.room().in_use();
    assert_eq!((places, in_use), (0, 0), "all is given back");
}

impl Stage {
    fn live(&self, code: &Arc<Code>) {
        let provides = wit::PROVIDED.iter().map(|interface| (*interface).to_owned()).collect();
        let (live, strategy) = (Vec::new(), Strategy::Rolling);
        let around = Surroundings { live, current: None, provides: &provides, strategy, keep_exports: None };
        _ = check(&code.version, &around);
        if code.is_linked() {
            let _reactor = self.runtime.enter();
            // It may wait for a clock, for as long as it likes.
            _ = block_on(tokio::time::timeout(PATIENCE / 10, self.enter_everywhere(code)));
        }
    }

    async fn instance(&self, code: &Arc<Code>) -> Result<Instance, Fault> {
        let address = "fuzz".parse().expect("an address");
        Instance::new(&self.engine, code.clone(), address, self.limits.clone(), Want::Upkeep).await
    }

    /// An instance that has died is left alone, as in a host.
    async fn enter_everywhere(&self, code: &Arc<Code>) -> Result<(), Fault> {
        let reason = wit::lifecycle::StartReason::First;
        let start = wit::lifecycle::Start { address: "fuzz".into(), args: Some("x".into()), reason };
        let shapes = self.instance(code).await?.shapes().await?;
        let mut instance = self.instance(code).await?;
        _ = instance.init(start, false).await?;
        for function in &code.functions {
            let types: Vec<_> = function.params.iter().map(|(_, ty)| ty.clone()).collect();
            let zeros = [0; 256];
            let Some(args) = (0..zeros.len()).map(|n| &zeros[..n]).find(|args| validate(&types, args).is_ok()) else {
                continue;
            };
            match instance.call(function, args).await {
                Ok(result) => {
                    let ty = function.result.as_slice();
                    assert_eq!(validate(ty, &result), Ok(()), "{}", function.name);
                    assert!(result.len() <= self.limits.message, "{} bytes", result.len());
                }
                Err(Fault::Value(_)) => {}
                Err(_) => instance = self.instance(code).await?,
            }
        }
        instance.deliver_timer(1, "token".into()).await?;
        _ = instance.health().await?;
        _ = instance.status().await?;
        let version = shapes.map_or(1, |shapes| shapes.current.version);
        if let Ok(state) = instance.save(version, AtStake::Copy).await? {
            assert!(state.len() <= self.limits.state, "{} bytes", state.len());
            let change = wit::state::Change { old_version: version, old_label: "fuzz".into(), extra: None };
            _ = self.instance(code).await?.code_change(change, &state).await?;
        }
        instance.terminate(ExitReason::Shutdown).await
    }
}
