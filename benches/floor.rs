//! What could not be faster: wasmtime without a host around it, on the host's own settings, and an actor that is a task
//! with a channel.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use changeling::engine::settings::{self, TICK};
use changeling_packed::PackedFunc;
use futures_executor::block_on;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Component, ComponentNamedList, Func, Instance, InstancePre, Lift, Linker, Lower, TypedFunc};
use wasmtime::{Engine, Store, UpdateDeadline};

/// A component that can be instantiated over and over. Its engine ticks as the host's does.
pub struct Bare {
    engine: Engine,
    pre: InstancePre<()>,
    interface: String,
    over: Arc<AtomicBool>,
}

/// One instance of it.
pub struct Guest {
    store: Store<()>,
    instance: Instance,
    interface: String,
}

impl Bare {
    /// The component in `file`, whose functions are those of `interface`.
    pub fn compile(file: &Path, interface: &str) -> Self {
        let engine = settings::engine().expect("the host's own settings");
        let component = Component::from_file(&engine, file).expect("the guest compiles");
        let mut linker = Linker::new(&engine);
        // What is measured here calls nothing outside.
        linker.define_unknown_imports_as_traps(&component).expect("every import can be a trap");
        let pre = linker.instantiate_pre(&component).expect("the guest links");
        let over = Arc::new(AtomicBool::new(false));
        let (ticking, stopped) = (engine.clone(), over.clone());
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                ticking.increment_epoch();
            }
        });
        Self { engine, pre, interface: interface.to_owned(), over }
    }

    /// An instance.
    pub fn instantiate(&self) -> Guest {
        let mut store = Store::new(&self.engine, ());
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        store.set_epoch_deadline(1);
        let instance = block_on(self.pre.instantiate_async(&mut store)).expect("an instance");
        Guest { store, instance, interface: self.interface.clone() }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Guest {
    fn func(&mut self, name: &str) -> Func {
        let place = self.instance.get_export_index(&mut self.store, None, &self.interface).expect("the interface");
        let index = self.instance.get_export_index(&mut self.store, Some(&place), name).expect("the function");
        self.instance.get_func(&mut self.store, index).expect("a function")
    }

    /// A function by types that are known here.
    pub fn typed<P, R>(&mut self, name: &str) -> TypedFunc<P, R>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let func = self.func(name);
        func.typed(&self.store).expect("it has that type")
    }

    /// A function by the types that it says it has.
    pub fn packed(&mut self, name: &str) -> PackedFunc {
        let func = self.func(name);
        PackedFunc::new(func, &self.store).expect("it can be packed")
    }

    /// Calls it. As every host must, each call sets a deadline of the epoch first.
    pub fn call<P, R>(&mut self, func: &TypedFunc<P, R>, args: P) -> R
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        self.store.set_epoch_deadline(1);
        block_on(func.call_async(&mut self.store, args)).expect("it answers")
    }

    /// As [`Guest::call`].
    pub fn call_packed(&mut self, func: &PackedFunc, args: &[u8]) -> Vec<u8> {
        self.store.set_epoch_deadline(1);
        block_on(func.call_async(&mut self.store, args)).expect("it answers")
    }
}

/// A counter that is nothing but a task: what people write who need neither wasm nor swaps.
#[derive(Clone)]
pub struct ChannelActor(mpsc::Sender<(u64, Option<oneshot::Sender<u64>>)>);

impl ChannelActor {
    /// Starts it on the current runtime.
    pub fn start() -> Self {
        let (to, mut mailbox) = mpsc::channel::<(u64, Option<oneshot::Sender<u64>>)>(1_000);
        tokio::spawn(async move {
            let mut total = 0;
            while let Some((by, reply)) = mailbox.recv().await {
                total += by;
                // Its caller waits, where there is one.
                _ = reply.map(|reply| reply.send(total));
            }
        });
        Self(to)
    }

    /// Counts, and says how far it has come.
    pub async fn increment(&self, by: u64) -> u64 {
        let (reply, answer) = oneshot::channel();
        self.0.send((by, Some(reply))).await.expect("it lives");
        answer.await.expect("it answers")
    }

    /// Counts, and nobody waits for how far it has come. A full channel is waited for.
    pub fn cast(&self, by: u64) {
        while self.0.try_send((by, None)).is_err() {
            std::thread::yield_now();
        }
    }
}

/// A task that gives back the bytes that it is sent.
pub struct ChannelEcho(mpsc::Sender<(Vec<u8>, oneshot::Sender<Vec<u8>>)>);

impl ChannelEcho {
    /// Starts it on the current runtime.
    pub fn start() -> Self {
        let (to, mut mailbox) = mpsc::channel::<(Vec<u8>, oneshot::Sender<Vec<u8>>)>(1_000);
        tokio::spawn(async move {
            while let Some((bytes, reply)) = mailbox.recv().await {
                // Its caller waits.
                _ = reply.send(bytes);
            }
        });
        Self(to)
    }

    /// The bytes, there and back.
    pub async fn echo(&self, bytes: Vec<u8>) -> Vec<u8> {
        let (reply, answer) = oneshot::channel();
        self.0.send((bytes, reply)).await.expect("it lives");
        answer.await.expect("it answers")
    }
}
