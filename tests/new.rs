//! `changeling new`: a project that builds, whose tests pass, and whose component serves; and its README tells the truth.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{BINARY, Host};

/// A project in a folder of its own.
struct Project {
    parent: TempDir,
    name: &'static str,
}

impl Project {
    fn new(name: &'static str, kind: &str) -> Self {
        let parent = tempfile::tempdir().expect("a folder");
        let made = Command::new(BINARY).args(["new", name, "--kind", kind]).current_dir(&parent).output();
        let made = made.expect("it runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let project = Self { parent, name };
        // The versions that the other guests are built with: whoever can build those can build this.
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/Cargo.lock");
        std::fs::copy(lock, project.dir().join("Cargo.lock")).expect("the lock is copied");
        project
    }

    fn dir(&self) -> PathBuf {
        self.parent.path().join(self.name)
    }

    #[track_caller]
    fn cargo(&self, args: &[&str]) {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/target/new");
        let ran = Command::new(env!("CARGO"))
            .args(args)
            .current_dir(self.dir())
            .env("CARGO_TARGET_DIR", target)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .expect("cargo runs");
        assert!(ran.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    fn build(&self) -> Vec<u8> {
        self.cargo(&["build", "--release", "--target", "wasm32-wasip2"]);
        let file = format!("../guests/target/new/wasm32-wasip2/release/{}.wasm", self.name.replace('-', "_"));
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a component")
    }

    fn edit(&self, file: &str, edit: impl FnOnce(String) -> String) {
        let path = self.dir().join(file);
        let text = std::fs::read_to_string(&path).expect("it is there");
        std::fs::write(&path, edit(text)).expect("it is written");
    }
}

#[test]
fn an_actor_builds_serves_and_is_changed_as_its_readme_says() {
    let project = Project::new("tally-keeper", "actor");
    project.cargo(&["test"]);
    let host = Host::start();
    host.write_file("tally-keeper.wasm", &project.build());
    host.receipt_after("tally-keeper", 0).settled();
    assert_eq!(host.call("tally-keeper", "increment", json!([5])), json!(5));

    let readme = std::fs::read_to_string(project.dir().join("README.md")).expect("it is there");
    let second =
        readme.split_once("```rust\n").and_then(|(_, rest)| rest.split_once("```")).expect("code").0.to_owned();
    project.edit("src/lib.rs", |code| {
        let (before, rest) = code.split_once("/// What it keeps.\n").expect("the state");
        let (_, after) = rest.split_once("}\n").expect("its end");
        format!("{before}{second}{after}")
    });
    project.edit("Cargo.toml", |manifest| manifest.replace("version = \"0.1.0\"", "version = \"0.2.0\""));
    project.cargo(&["test"]);
    host.write_file("tally-keeper.wasm", &project.build());
    let receipt = host.receipt_after("tally-keeper", 1).settled();
    assert_eq!(receipt.0["to"]["label"], json!("0.2.0"));
    assert_eq!(host.call("tally-keeper", "get", json!([])), json!(5));
}

#[test]
fn a_service_builds_and_serves() {
    let project = Project::new("welcome", "service");
    project.cargo(&["test"]);
    let host = Host::start();
    host.write_file("welcome.wasm", &project.build());
    host.receipt_after("welcome", 0).settled();
    assert_eq!(host.call("welcome", "greet", json!(["Ada"])), json!("Hello, Ada!"));
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let project = Project::new("welcome", "service");
    let again = Command::new(BINARY).args(["new", "welcome"]).current_dir(&project.parent).output().expect("it runs");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("welcome is there already"));
    let code = std::fs::read_to_string(project.dir().join("src/lib.rs")).expect("it is there");
    assert!(code.contains("service"), "{code}");
}
