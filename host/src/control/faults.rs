//! A clock that jumps, where a test asks for it: `CHANGELING_FAULT_CLOCK` names a file with the milliseconds by which the
//! wall clock is wrong. It is read in builds with debug assertions only: a release build has none of it.

use std::path::PathBuf;
use std::sync::OnceLock;

/// By how many milliseconds the wall clock shall be wrong; 0 where there is no such file.
pub(super) fn clock_skew() -> i64 {
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    if !cfg!(debug_assertions) {
        return 0;
    }
    let file = FILE.get_or_init(|| std::env::var_os("CHANGELING_FAULT_CLOCK").map(PathBuf::from));
    let text = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
