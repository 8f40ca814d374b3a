//! Failures that a test asks for, by a variable of the environment. It is read in builds with debug assertions only: a
//! release build has none of it, and a host gives its compilers no environment.

use crate::engine::settings::Tier;

/// Panics where `CHANGELING_FAULT_COMPILER` is `panic`.
pub(super) fn panic_where_asked() {
    if is_asked("panic") {
        panic!("as it was asked to");
    }
}

/// Whether every component is too much for this tier: for the good one, where `CHANGELING_FAULT_COMPILER` is `good`.
pub(super) fn is_too_much(tier: Tier) -> bool {
    tier == Tier::Good && is_asked("good")
}

fn is_asked(fault: &str) -> bool {
    cfg!(debug_assertions) && std::env::var_os("CHANGELING_FAULT_COMPILER").is_some_and(|it| it == fault)
}
