//! The guests, built by the first test that wants one, all in one call of cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The component that the package `name` of the guests' workspace becomes.
pub fn wasm(name: &str) -> PathBuf {
    let file = built().join(format!("{}.wasm", name.replace('-', "_")));
    assert!(file.is_file(), "there is no guest `{name}`: {} is missing", file.display());
    file
}

/// Its bytes.
pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(wasm(name)).expect("the guest is built")
}

/// The same in bytes of its own: with a section at its end that nobody reads, called `mark`.
pub fn variant(name: &str, mark: &str) -> Vec<u8> {
    const CUSTOM: u8 = 0;
    let mut bytes = bytes(name);
    let length = u8::try_from(mark.len()).ok().filter(|length| *length < 0x7f).expect("a short mark");
    bytes.extend([CUSTOM, length + 1, length]);
    bytes.extend(mark.as_bytes());
    bytes
}

fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests");
        // Of its own: the cargo that runs these tests holds the other one.
        let target = guests.join("target");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--release", "--target", "wasm32-wasip2", "--quiet"])
            .current_dir(&guests)
            .env("CARGO_TARGET_DIR", &target)
            // Flags for this machine are not for that one.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the guests do not build; try it in {}", guests.display());
        target.join("wasm32-wasip2/release")
    })
}
