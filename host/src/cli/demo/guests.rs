//! The guests of the tour, built from their sources in the checkout that this binary was built from.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::{Exit, Failure};

/// Components, ready to be dropped.
pub struct Built {
    /// The counter.
    pub v1: PathBuf,
    /// The counter that also counts calls.
    pub v2: PathBuf,
    /// One whose code change errs.
    pub bad: PathBuf,
}

/// Builds them, in one call of cargo.
pub fn build() -> Result<Built, Failure> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests");
    let sources = sources.canonicalize().map_err(|_| {
        let sentence = format!(
            "the demo's guests are not at {}: run it from the checkout that it was built from",
            sources.display()
        );
        Failure::new(Exit::Error, sentence)
    })?;
    let packages = ["counter-v1", "counter-v2", "counter-change-errs"];
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--target", "wasm32-wasip2"]).current_dir(&sources);
    cargo.args(packages.iter().flat_map(|package| ["-p", package]));
    // What this machine's code is built with is not for that one.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env("CARGO_TARGET_DIR", sources.join("target"));
    let status = cargo.stdin(Stdio::null()).status();
    let status = status.map_err(|e| {
        Failure::new(Exit::Error, format!("cargo cannot be started: {e}; the demo builds its guests with it"))
    })?;
    if !status.success() {
        let sentence = "the guests do not build; if the target is missing, `rustup target add wasm32-wasip2` brings it";
        return Err(Failure::new(Exit::Error, sentence));
    }
    let built = |package: &str| {
        let file = format!("target/wasm32-wasip2/release/{}.wasm", package.replace('-', "_"));
        sources.join(file)
    };
    let [v1, v2, bad] = packages.map(built);
    Ok(Built { v1, v2, bad })
}
