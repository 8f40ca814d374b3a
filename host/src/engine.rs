//! Everything that knows wasmtime: from bytes to instances. It decides nothing about actors and knows no mailbox; what
//! guests call leaves through the [`Sandbox`] of their instance.

pub mod code;
pub mod compile;
pub mod envelope;
pub mod instance;
pub mod label;
pub mod limits;
pub mod reactor;
pub mod room;
pub mod sandbox;
pub mod settings;
mod slice;
pub mod timers;
mod voice;
pub mod wit;
pub mod words;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use changeling_core::id::Digest;
use changeling_core::reason::{Cause, Refusal, Step};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

use code::Code;
use room::Room;
use sandbox::Sandbox;
use settings::TICK;

/// The one engine of this host, with what every guest may import already linked. Clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasm: wasmtime::Engine,
    linker: Linker<Sandbox>,
    room: Room,
    stop: Arc<AtomicBool>,
}

impl Engine {
    /// Builds the engine, with room for so many instances, and starts the ticker that preempts guests, on a thread of its own.
    ///
    /// # Errors
    /// Where the machine cannot run what we compile, or no thread can be had.
    pub fn new(room: Room) -> wasmtime::Result<Self> {
        let wasm = settings::engine()?;
        let mut linker = Linker::new(&wasm);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wit::process::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
        wit::log::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
        wit::types::add_to_linker::<_, HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (ticking, stopped) = (wasm.clone(), stop.clone());
        std::thread::Builder::new().name("ticker".into()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                ticking.increment_epoch();
            }
        })?;
        Ok(Self(Arc::new(Inner { wasm, linker, room, stop })))
    }

    fn wasm(&self) -> &wasmtime::Engine {
        &self.0.wasm
    }

    /// How much there may be.
    pub fn room(&self) -> &Room {
        &self.0.room
    }

    /// Names all that decides whether compiled code fits this engine: its version, its settings and the CPU's features.
    pub fn compatibility(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.wasm().precompile_compatibility_hash().hash(&mut hasher);
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        hasher.finish()
    }

    fn link(&self, component: &Component) -> Result<InstancePre<Sandbox>, String> {
        self.0.linker.instantiate_pre(component).map_err(|e| format!("its imports cannot be linked: {e:#}"))
    }

    /// Maps compiled code.
    ///
    /// # Errors
    /// Where the file is not what this engine compiled.
    pub fn map(&self, compiled: &Path) -> Result<Mapped, Refusal> {
        #[expect(unsafe_code, reason = "the file was written by our own compile child and its digest was compared")]
        // SAFETY: the caller hands over a file of the store's `compiled` folder, which only this user may write, that
        // our own compiler wrote and whose digest was just compared. wasmtime compares engine version and settings.
        let component = unsafe { Component::deserialize_file(self.wasm(), compiled) };
        component.map(Mapped).map_err(cannot_be_mapped)
    }

    /// Takes over code that the compile child has just given.
    ///
    /// # Errors
    /// As for [`Engine::map`].
    pub fn adopt(&self, compiled: &[u8]) -> Result<Mapped, Refusal> {
        #[expect(unsafe_code, reason = "the bytes come from our own compile child, through no file")]
        // SAFETY: the caller hands over what our own compiler answered over its pipe, which nobody else can write to.
        // wasmtime compares engine version and settings.
        let component = unsafe { Component::deserialize(self.wasm(), compiled) };
        component.map(Mapped).map_err(cannot_be_mapped)
    }

    /// Reads what mapped code offers and wants.
    ///
    /// # Errors
    /// Where it could not be called, or offers more than a host can keep in mind.
    pub fn read(&self, mapped: &Mapped, digest: Digest, label: String, size: u64) -> Result<Code, Refusal> {
        Code::reflect(self, &mapped.0, digest, label, size)
    }
}

/// Machine code of a component, in memory.
pub struct Mapped(Component);

fn cannot_be_mapped(error: wasmtime::Error) -> Refusal {
    let words = format!("the compiled code cannot be mapped: {error:#}");
    Refusal { step: Step::Compiled, act: "load".into(), address: None, words, cause: Cause::Machine }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
