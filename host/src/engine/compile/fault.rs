//! A failure that a test asks for, by a variable of the environment. It is read in builds with debug assertions only: a
//! release build has none of it, and a host gives its compilers no environment.

/// Panics where `CHANGELING_FAULT_COMPILER` is `panic`.
pub(super) fn panic_where_asked() {
    if cfg!(debug_assertions) && std::env::var_os("CHANGELING_FAULT_COMPILER").is_some_and(|it| it == "panic") {
        panic!("as it was asked to");
    }
}
