//! One thread that loads: from the cache, or through the compile child, one version at a time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use changeling_core::id::{ComponentName, Digest, Label};
use changeling_core::reason::{Cause, Refusal, Step};

use super::bench;
use super::terms::TermsOf;
use crate::engine::code::Code;
use crate::engine::{Engine, compile, label};
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
        let engine = format!("{:016x}", self.engine.compatibility());
        let bytes = self.store.versions.read(&digest).map_err(|e| surroundings(e.to_string()))?;
        let entry = match self.store.compiled.load(&digest, &engine) {
            Ok(Some(entry)) => Some(entry),
            Ok(None) => None,
            Err(e) => {
                tracing::warn!("the compiled code of {} is made anew: {e}", digest.short());
                None
            }
        };
        let entry = match entry {
            Some(entry) => entry,
            None => {
                let code = compile::in_child(&self.compiler, &bytes, compile::Bounds::default())?;
                let kept = self.store.compiled.keep(&digest, &engine, &code);
                let kept = kept.and_then(|()| self.store.compiled.load(&digest, &engine));
                let entry = kept.map_err(|e| surroundings(e.to_string()))?;
                entry.ok_or_else(|| surroundings("the compiled code was gone as soon as it was written".into()))?
            }
        };
        let label = label::of(&bytes).unwrap_or_else(|| label.clone());
        let code = self.engine.load(&entry.path(), digest, label, bytes.len() as u64)?;
        bench::ask_shapes(&self.engine, component, self.terms.of(component).limits(), code)
    }
}

pub(super) fn surroundings(words: String) -> Refusal {
    Refusal { step: Step::Compiled, act: "load".into(), address: None, words, cause: Cause::Surroundings }
}
