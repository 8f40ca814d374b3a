//! Components made for the test at hand, and a host that serves them with messages or with `Val`.

use std::sync::{Arc, LazyLock};

use changeling_packed::{PackedFunc, import, value};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Func, Instance, Linker, Type, Val};
use wasmtime::{Config, Engine, OptLevel, Result, Store};

use crate::generate::{Definitions, Ty};

pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::new();
    config.concurrency_support(false).cranelift_opt_level(OptLevel::None);
    config.wasm_component_model_map(true).wasm_component_model_fixed_length_lists(true);
    // Thousands of instances: small mappings, and none with a guard of gigabytes.
    config.memory_reservation(64 << 20).memory_guard_size(0);
    Engine::new(&config).unwrap()
});

pub const ENCODINGS: [&str; 3] = ["utf8", "utf16", "latin1+utf16"];

/// A memory of 4 MiB, and an allocator that traps at its end.
pub const MEMORY: &str = r#"
    (core module $libc
        (memory (export "memory") 64)
        (global $next (mut i32) (i32.const 65536))
        (func (export "realloc") (param $old i32) (param $old-len i32) (param $align i32) (param $len i32) (result i32)
            (local $new i32)
            (local.set $new (i32.and
                (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
                (i32.sub (i32.const 0) (local.get $align))))
            (global.set $next (i32.add (local.get $new) (local.get $len)))
            (if (i32.gt_u (global.get $next) (i32.const 4194304)) (then unreachable))
            (memory.copy (local.get $new) (local.get $old)
                (select (local.get $old-len) (local.get $len) (i32.lt_u (local.get $old-len) (local.get $len))))
            (local.get $new))
        (func (export "used") (result i32) (global.get $next)))
    (core instance $libc (instantiate $libc))"#;

pub fn options(encoding: &str) -> String {
    format!(r#"(memory (core memory $libc "memory")) (realloc (core func $libc "realloc")) string-encoding={encoding}"#)
}

pub fn component(wat: &str) -> Component {
    Component::new(&ENGINE, wat).unwrap_or_else(|why| panic!("{why:?}\n{wat}"))
}

/// The reflected types, in one component.
pub fn reflect(types: &[Ty]) -> Vec<Type> {
    let mut definitions = Definitions::default();
    let params = params(types, &mut definitions);
    let wat = format!(r#"(component {} (import "f" (func {params})))"#, definitions.text);
    imported(&component(&wat)).params().map(|(_, ty)| ty).collect()
}

pub fn reflect_one(ty: &Ty) -> Type {
    reflect(std::slice::from_ref(ty)).remove(0)
}

/// The type of the imported function `f`.
pub fn imported(component: &Component) -> ComponentFunc {
    match component.component_type().get_import(&ENGINE, "f").map(|import| import.ty) {
        Some(ComponentItem::ComponentFunc(func)) => func,
        other => panic!("no function f: {other:?}"),
    }
}

pub fn params(types: &[Ty], definitions: &mut Definitions) -> String {
    types
        .iter()
        .enumerate()
        .fold(String::new(), |all, (at, ty)| format!(r#"{all} (param "p{at}" {})"#, definitions.define(ty)))
}

/// Its export `g` passes its parameters on to its import `f`.
pub fn passing_params(types: &[Ty], encoding: &str) -> Component {
    let mut definitions = Definitions::default();
    let params = params(types, &mut definitions);
    let (definitions, options) = (definitions.text, options(encoding));
    component(&format!(
        r#"(component {definitions} (import "f" (func $f {params})) {MEMORY}
            (core func $lowered (canon lower (func $f) {options}))
            (func (export "g") {params} (canon lift (core func $lowered) {options}))
            (func (export "used") (result u32) (canon lift (core func $libc "used"))))"#
    ))
}

/// Its export `g` passes on the result of its import `f`. Says whether the result goes through memory.
pub fn passing_result(ty: &Ty, encoding: &str) -> (Component, bool) {
    let mut definitions = Definitions::default();
    let result = definitions.define(ty);
    let (definitions, options) = (definitions.text, options(encoding));
    let wat = |between: &str, core: &str| {
        format!(
            r#"(component {definitions} (import "f" (func $f (result {result}))) {MEMORY}
                (core func $lowered (canon lower (func $f) {options})) {between}
                (func (export "g") (result {result}) (canon lift (core func {core}) {options})))"#
        )
    };
    if let Ok(flat) = Component::new(&ENGINE, wat("", "$lowered")) {
        return (flat, false);
    }
    let through_memory = r#"
        (core module $g
            (import "" "f" (func $f (param i32)))
            (func (export "g") (result i32) (call $f (i32.const 1024)) (i32.const 1024)))
        (core instance $g (instantiate $g (with "" (instance (export "f" (func $lowered))))))"#;
    (component(&wat(through_memory, r#"$g "g""#)), true)
}

/// Its export `g` takes and returns a list of bytes, without copying it.
pub fn echoing_bytes() -> Component {
    let options = options("utf8");
    component(&format!(
        r#"(component {MEMORY}
            (core module $g
                (import "" "memory" (memory 1))
                (func (export "g") (param i32 i32) (result i32)
                    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0)))
            (core instance $g (instantiate $g (with "" (instance (export "memory" (memory $libc "memory"))))))
            (func (export "g") (param "x" (list u8)) (result (list u8)) (canon lift (core func $g "g") {options})))"#
    ))
}

/// What the host was called with and what it is to answer, as messages or as values.
#[derive(Default)]
pub struct World {
    pub args: Vec<u8>,
    pub arg_values: Vec<Val>,
    pub reply: Vec<u8>,
    pub reply_values: Vec<Val>,
}

/// Who speaks in messages, and not in values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speaks {
    Packed,
    Val,
}

pub const BOTH: [Speaks; 2] = [Speaks::Packed, Speaks::Val];

pub struct Guest {
    pub store: Store<World>,
    instance: Instance,
    g: Func,
}

impl Guest {
    /// An instance whose import `f`, if it has one, is served in the way `speaks` says.
    pub fn new(component: &Component, world: World, speaks: Speaks) -> Result<Guest> {
        let mut linker = Linker::<World>::new(&ENGINE);
        let has_import = component.component_type().get_import(&ENGINE, "f").is_some();
        match speaks {
            Speaks::Packed if has_import => import(
                &mut linker.root(),
                "f",
                &imported(component),
                Arc::new(|mut store, args| {
                    store.data_mut().args = args;
                    let reply = store.data().reply.clone();
                    Box::new(async move { Ok(reply) })
                }),
            )?,
            Speaks::Val if has_import => linker.root().func_new_async("f", |mut store, _, args, results| {
                store.data_mut().arg_values = args.to_vec();
                results.clone_from_slice(&store.data().reply_values);
                Box::new(async { Ok(()) })
            })?,
            _ => {}
        }
        let mut store = Store::new(&ENGINE, world);
        let instance = run(linker.instantiate_async(&mut store, component))?;
        let g = instance.get_func(&mut store, "g").expect("every guest exports g");
        Ok(Guest { store, instance, g })
    }

    pub fn call(&mut self, args: &[u8]) -> Result<Vec<u8>> {
        let func = PackedFunc::new(self.g, &self.store)?;
        run(func.call_async(&mut self.store, args))
    }

    pub fn call_values(&mut self, args: &[Val]) -> Result<Vec<Val>> {
        let mut results = vec![Val::Bool(false); self.g.ty(&self.store).results().len()];
        run(self.g.call_async(&mut self.store, args, &mut results))?;
        Ok(results)
    }

    /// How much memory the guest has given out, as a message. Where it was given out in the same order, equal numbers
    /// mean that every piece had the right size and alignment.
    pub fn used(&mut self) -> Vec<u8> {
        let used = self.instance.get_func(&mut self.store, "used").unwrap();
        let used = PackedFunc::new(used, &self.store).unwrap();
        run(used.call_async(&mut self.store, &[])).unwrap()
    }

    pub fn result_types(&self) -> Vec<Type> {
        self.g.ty(&self.store).results().collect()
    }
}

pub fn run<F: Future>(future: F) -> F::Output {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().build().unwrap());
    RUNTIME.block_on(future)
}

pub fn pack(types: &[Type], values: &[Val]) -> Vec<u8> {
    value::to_packed(types, values, usize::MAX).unwrap()
}

pub fn unpack(types: &[Type], message: &[u8]) -> Vec<Val> {
    value::from_packed(types, message).unwrap()
}
