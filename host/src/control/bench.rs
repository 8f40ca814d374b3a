//! A version on the bench: compiled, loaded, asked for its shapes and tried, without any host. What runs here is what a
//! host would run, in the same order.

use std::path::PathBuf;
use std::sync::Arc;

use changeling_core::contract::{Kind, ShapeSet, Version};
use changeling_core::id::{Address, ComponentName, Digest};
use changeling_core::policy::Strategy;
use changeling_core::reason::{Cause, Refusal, Step};
use changeling_core::{Judgement, Proof, Surroundings, check};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use super::loader::of_machine;
use crate::actors::directory::Directory;
use crate::actors::guard::bounded;
use crate::actors::kept::Keeper;
use crate::actors::rehearse::{Scratch, of_nobody};
use crate::actors::run_queue::{RunQueue, Share};
use crate::actors::stage::{Clock, News, Reaper, Stage};
use crate::engine::code::Code;
use crate::engine::instance::{Fault, Instance};
use crate::engine::limits::Limits;
use crate::engine::room::{Room, Want};
use crate::engine::{Engine, compile, label, reactor, wit};

/// Where versions are tried. Its limits are the default ones.
pub struct Bench {
    stage: Arc<Stage>,
    compiler: PathBuf,
    limits: Arc<Limits>,
    // Guests' clocks need a reactor.
    runtime: Runtime,
}

/// The verdict on a version, as far as it can be known without a host.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Why it would be refused; taken where there is none.
    pub refusals: Vec<Refusal>,
    /// What refuses nothing and is worth saying.
    pub findings: Vec<String>,
    /// Why nobody knows whether it starts, where that could not be tried.
    pub unproven: Option<String>,
}

/// Instances at a time: the one that is tried, and the one that takes its state.
const PLACES: u64 = 16;
/// Their memory, and what may be queued.
const BYTES: u64 = 4 << 30;

impl Bench {
    /// An empty one, that compiles in a child of this binary.
    ///
    /// # Errors
    /// Where the machine cannot run what we compile, or threads cannot be had.
    pub fn new(compiler: PathBuf) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let room = Room::new(PLACES, BYTES);
        // Nothing is switched on a bench.
        let kept = Keeper::new(room.clone(), 0, Arc::new(|_| Err("a bench has no folder".to_owned())));
        let stage = Stage {
            engine: Engine::new(room)?,
            queue: RunQueue::start("actors", 0, Share::Full, reactor::around(runtime.handle().clone()))?,
            upkeep: RunQueue::start("upkeep", 0, Share::Little, reactor::around(runtime.handle().clone()))?,
            clock: Clock::start()?,
            reaper: Reaper::start()?,
            kept,
            news: News::to(|_| {}),
            directory: Directory::default(),
            unheard: Default::default(),
        };
        Ok(Self { stage: Arc::new(stage), compiler, limits: Arc::default(), runtime })
    }

    /// Compiles and loads a version; where it carries no label it has this one, else the first digits of its digest.
    ///
    /// # Errors
    /// As a host would refuse it.
    pub fn load(&self, component: &ComponentName, bytes: &[u8], name: Option<String>) -> Result<Arc<Code>, Refusal> {
        let digest = Digest(Sha256::digest(bytes).into());
        let bounds = compile::Bounds::default();
        let compiled = compile::compile(&self.compiler, bytes, bounds)?;
        let label = label::of(bytes).or(name).unwrap_or_else(|| digest.short());
        let mapped = self.stage.engine.adopt(&compiled.code)?;
        let mut code = self.stage.engine.read(&mapped, digest, label, bytes.len() as u64)?;
        code.version.remarks.extend(bounds.remark(compiled.tier));
        let _reactor = self.runtime.enter();
        ask_shapes(&self.stage.engine, component, self.limits.clone(), code).map(Arc::new)
    }

    /// Judges a version that was loaded: first as it is, or against an older one whose actors live, then on a scratch
    /// instance.
    pub fn judge(&self, component: &ComponentName, code: &Arc<Code>, old: Option<&Version>) -> Verdict {
        let provides = wit::PROVIDED.iter().map(|interface| (*interface).to_owned()).collect();
        // An older version that is a service leaves nobody behind.
        let live = old.filter(|old| old.kind == Kind::Actor);
        let around = Surroundings {
            live: live.into_iter().collect(),
            current: old,
            provides: &provides,
            strategy: Strategy::Rolling,
            keep_exports: None,
        };
        let Judgement { objections, findings } = check(&code.version, &around);
        let mut verdict = Verdict { refusals: objections, findings, unproven: None };
        if verdict.refusals.is_empty() {
            let scratch = Scratch { stage: self.stage.clone(), code: code.clone(), limits: self.limits.clone() };
            let address = Address::singleton(component.clone());
            match of_nobody(self.runtime.block_on(scratch.proof(&address))) {
                Proof::Proven => {}
                Proof::Unproven(words) => verdict.unproven = Some(words),
                Proof::Refused(refusal) => verdict.refusals.push(refusal),
            }
        }
        verdict
    }
}

/// Asks a version that has a state for its shapes, on a scratch instance.
pub(super) fn ask_shapes(
    engine: &Engine,
    component: &ComponentName,
    limits: Arc<Limits>,
    code: Code,
) -> Result<Code, Refusal> {
    if !code.is_linked() || !code.version.hooks.state {
        return Ok(code);
    }
    let refuse = |act: &str, fault: Fault| match fault {
        Fault::NoRoom(words) => of_machine(words),
        fault => Refusal::new(Step::Checked, act, fault.cause(), fault.to_string()),
    };
    let code = Arc::new(code);
    let asked = async {
        let address = Address::singleton(component.clone());
        let made = Instance::new(engine, code.clone(), address, limits, Want::Upkeep);
        let mut instance = bounded(made).await.map_err(|fault| refuse("instantiation", fault))?;
        bounded(instance.shapes()).await.map_err(|fault| refuse("shapes", fault))
    };
    let shapes = futures_executor::block_on(asked)?;
    let bounds = shapes.as_ref().map_or(Ok(()), ShapeSet::is_in_bounds);
    bounds.map_err(|words| Refusal::new(Step::Checked, "shapes", Cause::Bytes, words))?;
    let mut code =
        Arc::into_inner(code).ok_or_else(|| of_machine("its scratch instance outlived its use".to_owned()))?;
    code.version.shapes = shapes;
    Ok(code)
}
