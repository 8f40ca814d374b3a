//! What happens, in the host's log: a line each.

use changeling_core::declared::{Change, Kept};
use changeling_core::happening::Happening;

/// One line of the host's log for what happened.
pub fn tell(happening: &Happening) {
    match happening {
        Happening::Loaded { component, label, digest } => {
            tracing::info!("{component} {label} ({}) serves", digest.short())
        }
        Happening::Removed { component } => tracing::info!("{component} is removed"),
        Happening::Ignored { file, why, .. } => tracing::warn!("{} changes nothing: {}", Plain(file), Plain(why)),
        Happening::Refused { component, label, step, reason, .. } => {
            tracing::warn!("{component} {label} is refused ({step}): {}", Plain(reason));
        }
        Happening::Upgrading { component, label, step, .. } => tracing::debug!("{component} {label}: {step}"),
        Happening::Upgraded { component, label, outcome, reason, upgrade } => {
            let reason = reason.as_ref().map(|r| format!(": {}", Plain(r))).unwrap_or_default();
            tracing::info!("{component} {label}: upgrade {upgrade} {outcome}{reason}");
        }
        Happening::Started { address, label, .. } => tracing::debug!("{address} runs on {label}"),
        Happening::StartFailed { address, reason, .. } => tracing::warn!("{address} did not start: {}", Plain(reason)),
        Happening::Stopped { address, reason } => tracing::debug!("{address} ended: {}", Plain(&reason.to_string())),
        Happening::Crashed { address, reason, again_in_ms } => {
            let reason = reason.to_string();
            tracing::warn!("{address} crashed: {}; it starts again in {again_in_ms} ms", Plain(&reason));
        }
        Happening::Straggler { address, words } => tracing::info!("{address}: {}", Plain(words)),
        Happening::Declared { file, gone, changes, kept } => log_declared(file, *gone, changes, kept),
        Happening::Misdeclared { why, .. } => {
            tracing::error!("the manifest has changed and is wrong; what held holds on: {}", Plain(why))
        }
        Happening::Trouble { what, why } => tracing::error!("{}: {}", Plain(what), Plain(why)),
    }
}

fn log_declared(file: &str, is_gone: bool, changes: &[Change], kept: &[Kept]) {
    match (is_gone, changes.is_empty()) {
        (true, _) => tracing::info!("{file} is gone: every setting has its default"),
        (false, true) => tracing::info!("{file} was read again, and says what holds already"),
        (false, false) => {}
    }
    for change in changes {
        match change.holds.is_later() {
            false => tracing::info!("{file}: {change}"),
            true => tracing::warn!("{file}: {change}"),
        }
    }
    kept.iter()
        .for_each(|kept| tracing::warn!("{file} has changed, and of {} something stays: {}", kept.component, kept.why));
}

/// Words of guests and callers, which shall neither begin a line of the log nor steer a terminal.
struct Plain<'a>(&'a str);

impl std::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write;
        self.0
            .chars()
            .try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_debug()) } else { f.write_char(c) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_are_one_plain_line() {
        assert_eq!(Plain("né\u{1b}[31m\n\u{9b}").to_string(), "né\\u{1b}[31m\\n\\u{9b}");
    }
}
