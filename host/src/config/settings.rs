//! Every setting, once: its name, its default as it would be written, what it means, how it is read, how it is written,
//! and from when on a change of it holds.

mod component;
mod host;
mod http;

use std::time::Duration;

use changeling_core::declared::Holds;

pub(super) use self::component::{COMPONENT, GRANTS};
pub(super) use self::host::HOST;
pub(super) use self::http::HTTP;
use self::http::TOKEN;
use super::value::{Value, Wrong};
use super::written::Written;

const GIB: u64 = 1 << 30;
const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A setting of a `T`.
pub(super) struct Setting<T> {
    pub(super) name: &'static str,
    default: &'static str,
    meaning: &'static str,
    /// From when on another value of it holds.
    pub(super) holds: Holds,
    /// As it would be written.
    pub(super) write: fn(&T) -> Written,
    pub(super) read: fn(&mut T, Value<'_>) -> Result<(), Wrong>,
}

/// A setting, for documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingDoc {
    /// The table it stands in: `http`, `components.NAME`.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its default, as it would be written.
    pub default: &'static str,
    /// What it means, with the unit where it has one.
    pub meaning: &'static str,
    /// From when on another value of it holds.
    pub holds: Holds,
}

/// All settings, in the order in which they are best explained. Those of `components.NAME` may stand in `defaults` too,
/// but for `env`.
pub fn settings() -> Vec<SettingDoc> {
    fn docs<T>(section: &'static str, settings: &[Setting<T>]) -> impl Iterator<Item = SettingDoc> {
        let doc = move |it: &Setting<T>| {
            let Setting { name, default, meaning, holds, .. } = *it;
            SettingDoc { section, name, default, meaning, holds }
        };
        settings.iter().map(doc)
    }
    let component = docs("components.NAME", COMPONENT).chain(docs("components.NAME", GRANTS));
    let http = docs("http", HTTP).chain(docs("http.tokens.NAME", TOKEN));
    docs("host", HOST).chain(http).chain(component).collect()
}
