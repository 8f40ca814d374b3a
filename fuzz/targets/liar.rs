//! A guest that returns whatever it is told to, as values of many types.

use std::cell::RefCell;
use std::sync::LazyLock;

use changeling::engine::settings;
use changeling_packed::PackedFunc;
use futures_executor::block_on;
use wasmtime::component::{Component, Func, Instance, Linker, Type, Val};
use wasmtime::{Engine, Store};

/// Its functions are called `g0`, `g1` …
pub const FUNCTIONS: usize = 24;
/// The largest message.
pub const LIMIT: usize = 64 << 10;

static COMPONENT: LazyLock<(Engine, Component)> = LazyLock::new(|| {
    let engine = settings::engine().expect("this machine runs guests");
    let bytes = wat::parse_str(include_str!("liar.wat")).expect("it is well-formed");
    let component = Component::from_binary(&engine, &bytes).expect("it is a good component");
    (engine, component)
});

thread_local! {
    static LIAR: RefCell<Liar> = RefCell::new(Liar::new());
}

/// An instance of it.
pub struct Liar {
    store: Store<()>,
    instance: Instance,
}

/// Does something with one of this thread.
pub fn with<T>(act: impl FnOnce(&mut Liar) -> T) -> T {
    LIAR.with_borrow_mut(act)
}

impl Liar {
    fn new() -> Self {
        let (engine, component) = &*COMPONENT;
        let mut store = Store::new(engine, ());
        store.set_hostcall_fuel(LIMIT);
        // Nobody ticks.
        store.set_epoch_deadline(u64::MAX / 2);
        let linker = Linker::new(engine);
        let instance =
            block_on(linker.instantiate_async(&mut store, component)).expect("it imports nothing that does anything");
        Self { store, instance }
    }

    fn func(&mut self, name: &str) -> Func {
        self.instance.get_func(&mut self.store, name).expect("it has this function")
    }

    fn call(&mut self, name: &str, args: &[u8]) -> wasmtime::Result<Vec<u8>> {
        let func = self.func(name);
        let func = PackedFunc::new(func, &self.store).expect("its types are portable");
        block_on(func.call_async(&mut self.store, args))
    }

    /// The type of this function's result.
    pub fn ty(&mut self, function: usize) -> Type {
        let func = self.func(&format!("g{function}"));
        func.ty(&self.store).results().next().expect("each has a result")
    }

    /// Has this in its memory and this as its result from now on.
    pub fn lies(&mut self, image: &[u8], value: u64) {
        let mut args = Vec::with_capacity(image.len() + 3);
        let mut left = image.len();
        while left >= 0x80 {
            args.push(left as u8 | 0x80);
            left >>= 7;
        }
        args.push(left as u8);
        args.extend_from_slice(image);
        self.call("put", &args).expect("it takes what it is given");
        self.call("returns", &value.to_le_bytes()).expect("it takes what it is given");
    }

    /// The result as a message.
    pub fn message(&mut self, function: usize) -> wasmtime::Result<Vec<u8>> {
        self.call(&format!("g{function}"), &[])
    }

    /// The result as wasmtime itself lifts it.
    pub fn value(&mut self, function: usize) -> wasmtime::Result<Val> {
        let func = self.func(&format!("g{function}"));
        let mut result = [Val::Bool(false)];
        block_on(func.call_async(&mut self.store, &[], &mut result))?;
        let [value] = result;
        Ok(value)
    }
}
