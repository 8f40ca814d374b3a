//! One thread that loads: from the cache, or through the compile child, one version at a time.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use changeling_core::id::{ComponentName, Digest, Label};
use changeling_core::reason::{Cause, Refusal, Step};

use super::bench;
use super::terms::TermsOf;
use crate::engine::code::Code;
use crate::engine::compile::{self, Bounds, Compiled};
use crate::engine::settings::Tier;
use crate::engine::{Engine, Mapped, label};
use crate::store::Store;

/// An order, with what to do with the outcome.
pub struct Job {
    /// Whose version it would be.
    pub component: ComponentName,
    /// Which.
    pub digest: Digest,
    /// What it is called where it does not say so itself.
    pub label: Label,
    /// Gets the version, or why there is none.
    pub done: Box<dyn FnOnce(Result<Code, Refusal>) + Send>,
}

/// Starts the thread; it ends when the last sender is gone.
///
/// # Errors
/// Where it cannot be had.
pub fn start(engine: Engine, store: Arc<Store>, compiler: PathBuf, terms: TermsOf) -> std::io::Result<Sender<Job>> {
    let (sender, jobs) = channel::<Job>();
    let loader = Loader { engine, store, compiler, terms };
    // A guest that is asked for its shapes may look at a clock.
    let reactor = tokio::runtime::Handle::current();
    std::thread::Builder::new().name("loader".into()).spawn(move || {
        let _reactor = reactor.enter();
        for job in jobs {
            let outcome = loader.load_or_say(&job);
            (job.done)(outcome);
        }
    })?;
    Ok(sender)
}

struct Loader {
    engine: Engine,
    store: Arc<Store>,
    compiler: PathBuf,
    terms: TermsOf,
}

impl Loader {
    /// A panic here would leave every later version unloaded.
    fn load_or_say(&self, job: &Job) -> Result<Code, Refusal> {
        let load = std::panic::AssertUnwindSafe(|| self.load(&job.component, job.digest, &job.label));
        std::panic::catch_unwind(load)
            .unwrap_or_else(|_| Err(surroundings("the host panicked while loading it; please report it".into())))
    }

    fn load(&self, component: &ComponentName, digest: Digest, label: &Label) -> Result<Code, Refusal> {
        let bytes = self.store.versions.read(&digest).map_err(|e| of_machine(e.to_string()))?;
        let bounds = self.terms.compiling();
        let (mapped, tier) = self.machine_code(&digest, &bytes, bounds)?;
        let label = label::of(&bytes).unwrap_or_else(|| label.clone());
        let mut code = self.engine.read(&mapped, digest, label, bytes.len() as u64)?;
        code.version.remarks.extend(bounds.remark(tier));
        bench::ask_shapes(&self.engine, component, self.terms.of(component).limits(), code)
    }

    fn machine_code(&self, digest: &Digest, bytes: &[u8], bounds: Bounds) -> Result<(Mapped, Tier), Refusal> {
        for tier in [Tier::Good, Tier::Fast] {
            if let Some(mapped) = self.kept(digest, &self.key(bounds, tier)) {
                return Ok((mapped, tier));
            }
        }
        let Compiled { code, tier } = compile::compile(&self.compiler, bytes, bounds)?;
        let key = self.key(bounds, tier);
        if let Err(e) = self.store.compiled.keep(digest, &key, &code) {
            // The cache saves time; there is no more to it.
            tracing::warn!("the compiled code of {} is not kept, and made anew at the next start: {e}", digest.short());
            return Ok((self.engine.adopt(&code)?, tier));
        }
        // From the file it costs no memory of its own.
        let mapped = match self.kept(digest, &key) {
            Some(mapped) => mapped,
            None => self.engine.adopt(&code)?,
        };
        Ok((mapped, tier))
    }

    /// What the cache has, if it is whole and made for this engine.
    fn kept(&self, digest: &Digest, key: &str) -> Option<Mapped> {
        let anew = |why: &dyn Display| tracing::warn!("the compiled code of {} is made anew: {why}", digest.short());
        let entry = self.store.compiled.load(digest, key).map_err(|e| anew(&e)).ok()??;
        self.engine.map(&entry.path()).map_err(|e| anew(&e)).ok()
    }

    /// What tells apart code that cannot stand for each other.
    fn key(&self, bounds: Bounds, tier: Tier) -> String {
        format!("{:016x} {}", self.engine.compatibility(), bounds.key(tier))
    }
}

fn surroundings(words: String) -> Refusal {
    Refusal::new(Step::Compiled, "load", Cause::Surroundings, words)
}

/// A disk or a memory that refuses.
pub(super) fn of_machine(words: String) -> Refusal {
    Refusal::new(Step::Compiled, "load", Cause::Machine, words)
}
