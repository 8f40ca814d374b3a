//! The package of the contract: it parses, and its worlds are what guests and hosts build on.
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use wit_parser::{PackageId, Resolve, WorldItem};

fn contract() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")).unwrap();
    (resolve, package)
}

fn names<'a>(resolve: &Resolve, items: impl Iterator<Item = (&'a wit_parser::WorldKey, &'a WorldItem)>) -> Vec<String> {
    let short = |name: String| name.replace("changeling:actor/", "").replace("@0.1.0", "");
    items.map(|(key, _)| short(resolve.name_world_key(key))).collect()
}

#[test]
fn worlds_are_what_they_say() {
    let (resolve, package) = contract();
    assert_eq!(resolve.packages[package].name.to_string(), "changeling:actor@0.1.0");
    let worlds: Vec<String> = resolve.packages[package]
        .worlds
        .iter()
        .map(|(name, id)| {
            let world = &resolve.worlds[*id];
            let (imports, exports) = (names(&resolve, world.imports.iter()), names(&resolve, world.exports.iter()));
            format!("{name}: {} -> {}", imports.join(" "), exports.join(" "))
        })
        .collect();
    assert_eq!(
        worlds,
        [
            "host: types process log -> ",
            "has-state:  -> state",
            "has-lifecycle: types -> lifecycle",
            "has-info: types -> info",
            "has-health:  -> health",
            "has-status:  -> status",
            "actor: types process log -> state lifecycle",
        ]
    );
}

#[test]
fn everything_is_documented() {
    let (resolve, package) = contract();
    for (name, id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[*id];
        assert!(interface.docs.contents.is_some(), "interface {name}");
        for (function, item) in &interface.functions {
            assert!(item.docs.contents.is_some(), "{name}.{function}");
        }
        for (ty, id) in &interface.types {
            let from_elsewhere =
                matches!(resolve.types[*id].kind, wit_parser::TypeDefKind::Type(wit_parser::Type::Id(_)));
            assert!(resolve.types[*id].docs.contents.is_some() || from_elsewhere, "{name}.{ty}");
        }
    }
}
