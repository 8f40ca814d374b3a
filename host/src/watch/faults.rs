//! Failures that a test asks for, by variables of the environment. They are read in builds with debug assertions only: a
//! release build has none of them.

/// What to say where the system shall have no notifications to give: `CHANGELING_FAULT_NO_NOTIFICATIONS` is set.
pub(super) fn notifications() -> Result<(), String> {
    const VARIABLE: &str = "CHANGELING_FAULT_NO_NOTIFICATIONS";
    if cfg!(debug_assertions) && std::env::var_os(VARIABLE).is_some() {
        return Err(format!("{VARIABLE} is set"));
    }
    Ok(())
}
