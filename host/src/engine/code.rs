//! One loaded version: machine code, what it exports and imports, and how to make instances of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use changeling_core::contract::{Hooks, Signature, Version};
use changeling_core::id::Digest;
use changeling_core::reason::{Cause, Refusal, Step};
use changeling_packed::signature::{fingerprint, type_text};
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::sandbox::Sandbox;
use super::{Engine, wit};

/// A version that instances can be made of. Whoever holds it keeps the version from being purged.
pub struct Code {
    /// What the core knows of it.
    pub version: Version,
    /// What callers may call.
    pub functions: Vec<Arc<Function>>,
    /// None where its imports cannot be linked; then the sentence says why.
    pub(super) pre: Result<InstancePre<Sandbox>, String>,
    pub(super) hooks: HookIndices,
    /// Whom to tell when nothing refers to this version any more; none while it is in service.
    on_drop: Mutex<Option<Tell>>,
}

type Tell = Box<dyn FnOnce(Digest) + Send>;

/// Where the optional interfaces of the contract are, in a version that has them.
#[derive(Default)]
pub(super) struct HookIndices {
    pub state: Option<wit::state::GuestIndices>,
    pub lifecycle: Option<wit::lifecycle::GuestIndices>,
    pub info: Option<wit::info::GuestIndices>,
    pub health: Option<wit::health::GuestIndices>,
    pub status: Option<wit::status::GuestIndices>,
}

/// One callable function of one version.
#[derive(Debug)]
pub struct Function {
    /// Full: `ns:pkg/interface@1.0.0#function`, or `function` at the root.
    pub name: Arc<str>,
    /// Names and types of the parameters.
    pub params: Vec<(String, Type)>,
    /// Type of the result; none makes it a cast.
    pub result: Option<Type>,
    /// Of its type: equal exactly where the types are.
    pub fingerprint: u64,
    /// Its place among the version's functions.
    pub index: usize,
    pub(super) export: ComponentExportIndex,
}

/// Why a name is not the name of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOne {
    /// None has it; the short names of those that there are, with the nearest one first where one is near.
    None {
        /// Whether the first is meant, probably.
        is_near: bool,
        /// All that there are.
        all: Vec<String>,
    },
    /// Several have it; all of them.
    Several(Vec<String>),
}

const CONTRACT: &str = "changeling:actor/";
/// Functions of one version, at most.
const MAX_FUNCTIONS: usize = 4_000;
/// Interfaces that one version imports, at most.
const MAX_IMPORTS: usize = 1_000;
/// Bytes of all names and types of one version, written out: in a file each can stand once and be used many times.
const MAX_TEXT: usize = 1 << 20;

impl Code {
    /// Reads what a compiled component offers and wants.
    ///
    /// # Errors
    /// A refusal where a function could not be called (handles or `async` in its type), or where there is more than a host
    /// can keep in mind.
    pub fn reflect(
        engine: &Engine,
        component: &Component,
        digest: Digest,
        label: String,
        size: u64,
    ) -> Result<Self, Refusal> {
        let mut offered = Offered::default();
        let wasm = engine.wasm();
        for (export, item) in component.component_type().exports(wasm) {
            match item.ty {
                ComponentItem::ComponentFunc(func) => {
                    let index = component.get_export_index(None, export).ok_or_else(|| vanished(export))?;
                    offered.add([export, "", ""], &func, index)?;
                }
                ComponentItem::ComponentInstance(instance) if !export.starts_with(CONTRACT) => {
                    let place = component.get_export_index(None, export).ok_or_else(|| vanished(export))?;
                    for (name, item) in instance.exports(wasm) {
                        let ComponentItem::ComponentFunc(func) = item.ty else { continue };
                        let index = component.get_export_index(Some(&place), name).ok_or_else(|| vanished(name))?;
                        offered.add([export, "#", name], &func, index)?;
                    }
                }
                _ => {}
            }
        }
        let mut imports = BTreeSet::new();
        for (name, _) in component.component_type().imports(wasm) {
            offered.charge(name.len())?;
            imports.insert(name.to_owned());
            if imports.len() > MAX_IMPORTS {
                return Err(refusal(format!("it imports more than {MAX_IMPORTS} interfaces, the most that are taken")));
            }
        }
        let pre = engine.link(component);
        let hooks = match &pre {
            Ok(pre) => HookIndices::of(pre)?,
            Err(_) => HookIndices::default(),
        };
        let has = |interface: &str| {
            component.get_export_index(None, format!("{CONTRACT}{interface}@0.1.0").as_str()).is_some()
        };
        let flags = Hooks {
            state: has("state"),
            lifecycle: has("lifecycle"),
            info: has("info"),
            health: has("health"),
            status: has("status"),
        };
        let version = Version {
            digest,
            label,
            size,
            kind: flags.kind(),
            hooks: flags,
            functions: offered.signatures,
            imports,
            shapes: None,
            remarks: Vec::new(),
        };
        Ok(Self { version, functions: offered.functions, pre, hooks, on_drop: Mutex::default() })
    }

    /// The function that a caller means by a short or full name: `get`, `counter.get`, `demo:counter/counter.get`,
    /// `demo:counter/counter@1.0.0#get`.
    ///
    /// # Errors
    /// Where none or several have that name.
    pub fn resolve(&self, name: &str) -> Result<&Arc<Function>, NotOne> {
        let mut found = self.functions.iter().filter(|f| f.answers_to(name));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => {
                let nearness = |short: &str| strsim::jaro_winkler(short, name);
                let mut all: Vec<&str> = self.functions.iter().map(|f| f.short()).collect();
                all.sort_by(|a, b| nearness(b).total_cmp(&nearness(a)));
                let is_near = all.first().is_some_and(|first| nearness(first) > 0.7);
                Err(NotOne::None { is_near, all: all.into_iter().map(str::to_owned).collect() })
            }
            (Some(_), Some(_)) => {
                let all = self.functions.iter().filter(|f| f.answers_to(name));
                Err(NotOne::Several(all.map(|f| f.name.replace('#', ".")).collect()))
            }
        }
    }

    /// The same function in this version: same name, same type.
    pub fn counterpart(&self, of: &Function) -> Option<&Arc<Function>> {
        let at = |f: &&Arc<Function>| f.name == of.name && f.fingerprint == of.fingerprint;
        self.functions.get(of.index).filter(at).or_else(|| self.functions.iter().find(at))
    }

    /// The structure that this version writes for a state version; none where it does not say.
    pub fn structure_of(&self, version: u32) -> Option<&str> {
        let shapes = self.version.shapes.as_ref()?;
        let mut all = std::iter::once(&shapes.current).chain(&shapes.writes);
        all.find(|shape| shape.version == version).map(|shape| shape.structure.as_str()).filter(|text| !text.is_empty())
    }

    /// Whether instances can be made of it.
    pub fn is_linked(&self) -> bool {
        self.pre.is_ok()
    }

    /// No more of this version: calls `tell` when its last holder lets go.
    pub fn retire(&self, tell: impl FnOnce(Digest) + Send + 'static) {
        *self.on_drop.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(tell));
    }

    /// It is wanted again: nobody is told.
    pub fn recall(&self) {
        *self.on_drop.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        if let Some(tell) = self.on_drop.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            tell(self.version.digest);
        }
    }
}

impl Function {
    /// The name without its interface.
    pub fn short(&self) -> &str {
        self.name.rsplit_once('#').map_or(&self.name, |(_, short)| short)
    }

    /// What it takes, as WIT has it: `(by: u64)`.
    pub fn parameters(&self) -> String {
        // A function with a type that has no text is never one of a version.
        let one = |(name, ty): &(String, Type)| format!("{name}: {}", type_text(ty).unwrap_or_default());
        format!("({})", self.params.iter().map(one).collect::<Vec<_>>().join(", "))
    }

    /// Whether it answers with a WIT `result`.
    pub fn is_fallible(&self) -> bool {
        matches!(self.result, Some(Type::Result(_)))
    }

    fn answers_to(&self, name: &str) -> bool {
        if *self.name == *name || self.short() == name {
            return true;
        }
        let Some((interface, short)) = self.name.rsplit_once('#') else { return false };
        let Some((wanted, function)) = name.rsplit_once(['#', '.']) else { return false };
        let unversioned = interface.split_once('@').map_or(interface, |(plain, _)| plain);
        let bare = unversioned.rsplit_once('/').map_or(unversioned, |(_, bare)| bare);
        function == short && (wanted == interface || wanted == unversioned || wanted == bare)
    }
}

/// The functions of a version, as far as they were read.
#[derive(Default)]
struct Offered {
    functions: Vec<Arc<Function>>,
    signatures: BTreeMap<String, Signature>,
    /// Bytes of what is written out.
    text: usize,
}

impl Offered {
    fn charge(&mut self, text: usize) -> Result<(), Refusal> {
        self.text += text;
        if self.text <= MAX_TEXT { Ok(()) } else { Err(too_much()) }
    }

    /// One more, with a name in parts.
    fn add(&mut self, name: [&str; 3], func: &ComponentFunc, export: ComponentExportIndex) -> Result<(), Refusal> {
        if self.functions.len() == MAX_FUNCTIONS {
            return Err(too_much());
        }
        self.charge(name.iter().map(|part| part.len()).sum())?;
        let name = name.concat();
        let refuse = |why: String| refusal(format!("the function {name} cannot be called: {why}"));
        if func.async_() {
            return Err(refuse("it is async, which is not supported yet; export it as a plain function".into()));
        }
        let text = |ty: &Type| type_text(ty).map_err(|e| refuse(e.to_string()));
        let mut params = Vec::new();
        let mut texts = Vec::new();
        for (param, ty) in func.params() {
            let text = text(&ty)?;
            self.charge(param.len() + text.len())?;
            texts.push((param.to_owned(), text));
            params.push((param.to_owned(), ty));
        }
        let result = func.results().next();
        let signature = Signature { params: texts, result: result.as_ref().map(text).transpose()? };
        self.charge(signature.result.as_ref().map_or(0, String::len))?;
        let fingerprint = fingerprint(&signature.to_string());
        self.signatures.insert(name.clone(), signature);
        let index = self.functions.len();
        self.functions.push(Arc::new(Function { name: name.into(), params, result, fingerprint, index, export }));
        Ok(())
    }
}

fn too_much() -> Refusal {
    refusal(format!(
        "it offers and wants more than can be kept in mind: {MAX_FUNCTIONS} functions, {} MiB of names and types \
         written out; offer less in one component, or simpler types",
        MAX_TEXT >> 20
    ))
}

impl HookIndices {
    fn of(pre: &InstancePre<Sandbox>) -> Result<Self, Refusal> {
        let has = |interface: &str| {
            pre.component().get_export_index(None, format!("{CONTRACT}{interface}@0.1.0").as_str()).is_some()
        };
        let other = |e: wasmtime::Error| {
            refusal(format!("it exports an interface of {CONTRACT}…@0.1.0 with other types than the contract's: {e:#}"))
        };
        Ok(Self {
            state: has("state").then(|| wit::state::GuestIndices::new(pre)).transpose().map_err(other)?,
            lifecycle: has("lifecycle").then(|| wit::lifecycle::GuestIndices::new(pre)).transpose().map_err(other)?,
            info: has("info").then(|| wit::info::GuestIndices::new(pre)).transpose().map_err(other)?,
            health: has("health").then(|| wit::health::GuestIndices::new(pre)).transpose().map_err(other)?,
            status: has("status").then(|| wit::status::GuestIndices::new(pre)).transpose().map_err(other)?,
        })
    }
}

fn vanished(export: &str) -> Refusal {
    refusal(format!("its export {export} cannot be found again by its own name"))
}

fn refusal(words: String) -> Refusal {
    Refusal { step: Step::Checked, act: "check".into(), address: None, words, cause: Cause::Bytes }
}
