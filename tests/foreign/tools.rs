//! The languages, what they need on this machine, and the components that their tools build.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// A folder of `guests/foreign` and its tools.
pub struct Language {
    /// What tests call it.
    pub name: &'static str,
    folder: &'static str,
    /// For the script that builds, where there is a choice.
    engine: Option<&'static str>,
    /// Commands that succeed where a tool is there, each with what people call that tool.
    tools: &'static [(&'static str, &'static [&'static str])],
}

/// By clang and wit-bindgen.
pub const C: Language = Language {
    name: "c",
    folder: "c",
    engine: None,
    tools: &[
        ("clang", &["clang", "--version"]),
        (
            "wasi-libc",
            &["clang", "--target=wasm32-wasi", "-fsyntax-only", "-include", "stdio.h", "-x", "c", "/dev/null"],
        ),
        ("lld", &["wasm-ld", "--version"]),
        ("wit-bindgen", &["wit-bindgen", "--version"]),
    ],
};

/// By componentize-py: CPython within the component.
pub const PYTHON: Language = Language {
    name: "python",
    folder: "python",
    engine: None,
    tools: &[("componentize-py", &["componentize-py", "--version"])],
};

/// By componentize-qjs: QuickJS within the component.
pub const JAVASCRIPT: Language = Language {
    name: "javascript",
    folder: "javascript",
    engine: None,
    tools: &[("componentize-qjs", &["componentize-qjs", "--help"])],
};

/// By jco: the same sources, with StarlingMonkey (SpiderMonkey) within the component.
pub const STARLINGMONKEY: Language = Language {
    name: "starlingmonkey",
    folder: "javascript",
    engine: Some("starlingmonkey"),
    tools: &[("jco", &["jco", "--version"])],
};

impl Language {
    /// The first tool that is not on this machine.
    pub fn missing(&self) -> Option<&'static str> {
        let is_there = |command: &[&str]| {
            let (program, args) = command.split_first().expect("a command");
            let run = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
            run.is_ok_and(|status| status.success())
        };
        self.tools.iter().find(|(_, command)| !is_there(command)).map(|(tool, _)| *tool)
    }

    /// The bytes of a component, built where its sources are newer.
    pub fn wasm(&self, component: &str, version: &str) -> Vec<u8> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests");
        let folder = guests.join("foreign").join(self.folder);
        let built = guests.join("target/foreign").join(self.name).join(format!("{component}-{version}.wasm"));
        let sources = [&folder, &guests.join("foreign/wit"), &guests.join("../wit")].map(|of| changed(of)).into_iter();
        if changed(&built) < sources.max().expect("three folders") {
            self.build(&folder, component, version, &built);
        }
        std::fs::read(&built).expect("it was built")
    }

    fn build(&self, folder: &Path, component: &str, version: &str, built: &Path) {
        std::fs::create_dir_all(built.parent().expect("it is in a folder")).expect("a folder to build in");
        // Under another name until it is whole: nobody takes a part for a component.
        let part = built.with_extension("part");
        let mut build = Command::new(folder.join("build"));
        let output = build.args([component, version]).arg(&part).args(self.engine).output();
        let output = output.expect("the script is there");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{component} {version} does not build in {}:\n{said}", folder.display());
        std::fs::rename(part, built).expect("it was built");
    }
}

/// When the newest file in there was written: not what the tools leave beside the sources.
fn changed(path: &Path) -> SystemTime {
    let is_source = |path: &PathBuf| path.file_name().is_some_and(|name| name != "__pycache__");
    match std::fs::read_dir(path) {
        Ok(entries) => {
            let within = entries.map(|entry| entry.expect("an entry").path()).filter(is_source);
            within.map(|path| changed(&path)).max().unwrap_or(SystemTime::UNIX_EPOCH)
        }
        Err(_) => std::fs::metadata(path).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH),
    }
}
