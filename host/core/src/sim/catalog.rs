//! Made-up versions: what the virtual folder may hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::{Hooks, Kind, Shape, ShapeSet, Signature, Version};
use crate::id::{ComponentName, Digest};

/// A component's name that is one.
///
/// # Panics
/// Where it is none.
pub fn component(name: &str) -> ComponentName {
    ComponentName::new(name).expect("a well-formed name")
}

/// The made-up digest of this version of this component.
pub fn digest(name: &str, version: u32) -> Digest {
    let mut bytes = [0; 32];
    bytes[0] = name.bytes().next().unwrap_or_default();
    bytes[1] = name.bytes().last().unwrap_or_default();
    bytes[28..].copy_from_slice(&version.to_be_bytes());
    Digest(bytes)
}

/// An actor that keeps a state; its state version is `shape`, and it reads and writes all lower ones.
pub fn keyed_actor(name: &str, version: u32, shape: u32) -> Version {
    let shape_of = |version: u32| Shape { version, structure: format!("{{total:u{version}}}") };
    let shapes = ShapeSet {
        current: shape_of(shape),
        reads: (1..=shape).map(shape_of).collect(),
        writes: (1..=shape).map(shape_of).collect(),
    };
    let hooks = Hooks { state: true, lifecycle: true, ..Hooks::default() };
    Version { shapes: Some(shapes), kind: hooks.kind(), hooks, ..service(name, version) }
}

/// A service with one function.
pub fn service(name: &str, version: u32) -> Version {
    let function = Signature { params: Vec::new(), result: Some("u64".to_owned()) };
    Version {
        digest: digest(name, version),
        label: version.to_string(),
        size: 1_000,
        kind: Kind::Service,
        hooks: Hooks::default(),
        functions: BTreeMap::from([(format!("demo:{name}/api#get"), function)]),
        imports: BTreeSet::new(),
        shapes: None,
        remarks: Vec::new(),
    }
}

/// What lies behind a digest of a run: most versions fit each other, some do not.
pub(super) fn look_up(component: &ComponentName, digest: Digest) -> Version {
    let number = u32::from_be_bytes([digest.0[28], digest.0[29], digest.0[30], digest.0[31]]);
    let name = component.as_str();
    match (name, number) {
        ("maths", _) => service(name, number),
        // It cannot read what the others wrote, nor they what it writes.
        (_, 7) => {
            let mut odd = keyed_actor(name, 7, 1);
            if let Some(shapes) = &mut odd.shapes {
                let strange = Shape { version: 1, structure: "{other:string}".to_owned() };
                *shapes = ShapeSet { current: strange.clone(), reads: vec![strange.clone()], writes: vec![strange] };
            }
            odd
        }
        // It keeps no state: whoever runs on it begins anew.
        (_, 8) => {
            let mut stateless = keyed_actor(name, 8, 1);
            stateless.shapes = None;
            stateless.hooks.state = false;
            stateless
        }
        _ => keyed_actor(name, number, number.div_ceil(2)),
    }
}
