//! What a guest's world imports and exports, in the names that its bindings have in Rust; and what it may not.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use wit_bindgen_core::name_package_module;
use wit_bindgen_core::wit_parser::{
    Function, FunctionKind, InterfaceId, LiveTypes, Resolve, TypeDefKind, WorldId, WorldItem, WorldKey,
};
use wit_bindgen_rust::to_rust_ident;

/// One interface of a world; `bindings` itself for what stands outside any.
pub(crate) struct Interface {
    /// The module that it has inside `bindings`.
    pub(crate) module: Vec<String>,
    /// `demo:ledger/bank`, for people.
    pub(crate) name: String,
    pub(crate) exported: bool,
    /// What it is called where its plain name is taken: the package goes before it.
    long_name: String,
}

impl Interface {
    /// The last part of its module path.
    pub(crate) fn short_name(&self) -> &str {
        self.module.last().map_or("bindings", String::as_str)
    }

    /// Its module, from where `bindings` is.
    pub(crate) fn path(&self) -> TokenStream {
        let parts = self.module.iter().map(|part| format_ident!("{part}"));
        quote!(bindings #(::#parts)*)
    }
}

/// A world as far as `guest!` has to know it.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) interfaces: Vec<Interface>,
    /// Names that stand in the world outside any interface, and are taken into scope as they are.
    pub(crate) loose: Vec<String>,
    /// Whether the world exports functions of its own.
    pub(crate) exports_functions: bool,
    /// Whether it imports some.
    pub(crate) imports_functions: bool,
}

impl World {
    /// Reads a world.
    ///
    /// # Errors
    /// Says what the host would not take, or what `guest!` does by itself.
    pub(crate) fn read(resolve: &Resolve, id: WorldId) -> Result<Self, String> {
        let mut world = Self::default();
        let WorldItems { imports, exports } = WorldItems::of(resolve, id);
        for (exported, items) in [(false, imports), (true, exports)] {
            for (key, item) in items {
                world.add(resolve, key, item, exported)?;
            }
        }
        Ok(world)
    }

    fn add(&mut self, resolve: &Resolve, key: &WorldKey, item: &WorldItem, exported: bool) -> Result<(), String> {
        match item {
            WorldItem::Interface { id, .. } => {
                if is_ours(resolve, *id) {
                    return refuse_ours(resolve, *id, exported);
                }
                let interface = describe(resolve, key, *id, exported);
                for function in resolve.interfaces[*id].functions.values() {
                    check(resolve, function, &interface.name)?;
                }
                self.interfaces.push(interface);
            }
            WorldItem::Function(function) => {
                check(resolve, function, "the world")?;
                if exported {
                    self.exports_functions = true;
                } else {
                    self.imports_functions = true;
                    self.loose.push(to_rust_ident(&function.name));
                }
            }
            WorldItem::Type { .. } => {}
        }
        Ok(())
    }

    /// The modules of the world and the names that they get: the plain name goes to the first that has it, exports
    /// before imports.
    pub(crate) fn scope(&self) -> Vec<TokenStream> {
        let mut taken = std::collections::BTreeSet::new();
        let (exported, imported): (Vec<_>, Vec<_>) = self.interfaces.iter().partition(|interface| interface.exported);
        let modules = exported.into_iter().chain(imported).map(|interface| {
            let path = interface.path();
            if taken.insert(interface.short_name()) {
                return quote!(#path);
            }
            let long_name = format_ident!("{}", interface.long_name);
            quote!(#path as #long_name)
        });
        let mut scope: Vec<_> = modules.collect();
        scope.extend(self.loose.iter().map(|name| {
            let name = format_ident!("{name}");
            quote!(bindings::#name)
        }));
        scope
    }
}

struct WorldItems<'a> {
    imports: Vec<(&'a WorldKey, &'a WorldItem)>,
    exports: Vec<(&'a WorldKey, &'a WorldItem)>,
}

impl<'a> WorldItems<'a> {
    fn of(resolve: &'a Resolve, id: WorldId) -> Self {
        let world = &resolve.worlds[id];
        Self { imports: world.imports.iter().collect(), exports: world.exports.iter().collect() }
    }
}

fn is_ours(resolve: &Resolve, id: InterfaceId) -> bool {
    package_of(resolve, id).is_some_and(|(namespace, package)| namespace == "changeling" && package == "actor")
}

fn package_of(resolve: &Resolve, id: InterfaceId) -> Option<(&str, &str)> {
    let name = &resolve.packages[resolve.interfaces[id].package?].name;
    Some((&name.namespace, &name.name))
}

/// The contract's own interfaces come with the SDK; only its types may be named.
fn refuse_ours(resolve: &Resolve, id: InterfaceId, exported: bool) -> Result<(), String> {
    let name = resolve.interfaces[id].name.as_deref().unwrap_or_default();
    match (name, exported) {
        ("types", false) => Ok(()),
        (_, false) => Err(format!(
            "the world imports `changeling:actor/{name}`, which comes with `changeling_guest`: take it out of the world"
        )),
        (_, true) => Err(format!(
            "the world exports `changeling:actor/{name}`, but what is implemented is what `guest!` exports: take it out of the world"
        )),
    }
}

fn describe(resolve: &Resolve, key: &WorldKey, id: InterfaceId, exported: bool) -> Interface {
    let mut module: Vec<String> = exported.then(|| "exports".to_owned()).into_iter().collect();
    let interface = &resolve.interfaces[id];
    match (key, interface.package, &interface.name) {
        (WorldKey::Interface(_), Some(package), Some(short)) => {
            let name = &resolve.packages[package].name;
            module.push(to_rust_ident(&name.namespace));
            module.push(name_package_module(resolve, package));
            module.push(to_rust_ident(short));
            Interface {
                name: format!("{}:{}/{short}", name.namespace, name.name),
                long_name: format!("{}_{}", name.name.replace('-', "_"), short.replace('-', "_")),
                module,
                exported,
            }
        }
        _ => {
            let name = resolve.name_world_key(key);
            module.push(to_rust_ident(&name));
            Interface { long_name: format!("world_{}", name.replace('-', "_")), name, module, exported }
        }
    }
}

/// What cannot travel between components is refused here already, where the user sees it first.
fn check(resolve: &Resolve, function: &Function, place: &str) -> Result<(), String> {
    if place.starts_with("wasi:") {
        return Ok(());
    }
    let name = &function.name;
    if !matches!(function.kind, FunctionKind::Freestanding) {
        let what =
            if matches!(function.kind, FunctionKind::AsyncFreestanding) { "is async" } else { "belongs to a resource" };
        return Err(format!("`{name}` of {place} {what}: the host takes plain functions only"));
    }
    let mut types = LiveTypes::default();
    types.add_func(resolve, function);
    let stuck = types.iter().find_map(|id| match &resolve.types[id].kind {
        TypeDefKind::Resource | TypeDefKind::Handle(_) => Some("a resource"),
        TypeDefKind::Future(_) => Some("a future"),
        TypeDefKind::Stream(_) => Some("a stream"),
        _ => None,
    });
    match stuck {
        Some(what) => Err(format!(
            "`{name}` of {place} has {what} in its type, which cannot travel between components: the host takes values only"
        )),
        None => Ok(()),
    }
}
