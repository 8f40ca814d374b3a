//! Who may know whom. A lower layer that named an upper one would make two rooms into one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Each module of the host, and the modules of the host that it may name. `host` and `main` know all.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("defect", &[]),
    ("engine", &[]),
    ("store", &[]),
    ("watch", &[]),
    ("config", &[]),
    ("actors", &["defect", "engine"]),
    ("control", &["actors", "config", "defect", "engine", "store"]),
    ("observe", &["actors", "control", "engine", "store"]),
    ("http", &["actors", "config", "control", "engine", "observe", "store", "watch"]),
    ("cli", &["config", "control", "engine", "host", "http", "store", "watch"]),
];

#[test]
fn a_module_names_only_those_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut read = 0;
    for (module, may_name) in MAY_NAME {
        for file in sources(&src, module) {
            let text = std::fs::read_to_string(&file).expect("a source file");
            read += 1;
            for named in text.split("crate::").skip(1) {
                let named: String = named.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                let is_module = named == "host" || MAY_NAME.iter().any(|(other, _)| *other == named);
                let is_allowed = named == *module || may_name.contains(&named.as_str());
                assert!(!is_module || is_allowed, "{} names crate::{named}, which is above it", file.display());
            }
        }
    }
    assert!(read > 50, "only {read} files were found: does the table still fit the folders?");
}

#[test]
fn only_the_engine_names_wasmtime() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (module, _) in MAY_NAME.iter().filter(|(module, _)| *module != "engine") {
        for file in sources(&src, module) {
            let text = std::fs::read_to_string(&file).expect("a source file");
            assert!(!text.contains("wasmtime::"), "{} names wasmtime", file.display());
        }
    }
}

#[test]
fn a_mailbox_and_a_run_queue_hold_nothing_of_tokio() {
    let actors = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/actors");
    let theirs = ["mailbox", "actor", "incarnation", "held", "run", "run_queue"];
    let files: Vec<_> = theirs.iter().flat_map(|module| sources(&actors, module)).collect();
    assert!(files.len() > theirs.len(), "the lease and the life of an actor are among them: {files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file");
        assert!(!text.contains("tokio"), "{} names tokio", file.display());
    }
}

#[test]
fn the_core_sees_neither_a_runtime_nor_wasmtime_nor_a_clock() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "-p", "changeling-core", "-e", "normal", "--prefix", "none", "--offline"])
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
    assert!(tree.contains("changeling-core"), "{tree}");
    for foreign in ["tokio", "wasmtime", "notify", "mio", "async-task"] {
        assert!(!tree.lines().any(|line| line.starts_with(foreign)), "the core depends on {foreign}:\n{tree}");
    }
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("core/src");
    for file in walk(&core) {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for foreign in ["std::fs", "std::net", "std::thread", "Instant::now", "SystemTime", "HashMap", "HashSet"] {
            assert!(!text.contains(foreign), "{} names {foreign}", file.display());
        }
    }
}

fn sources(src: &Path, module: &str) -> Vec<PathBuf> {
    let mut files = walk(&src.join(module));
    files.push(src.join(format!("{module}.rs")));
    files
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let within = folders.iter().flat_map(|folder| walk(folder));
    files.into_iter().chain(within).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}
