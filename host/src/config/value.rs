//! One value of the manifest, read as what a setting wants: sizes, durations, counts, choices.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::{KIB, MIB};

/// What is wrong with a value, and which part of the text that is.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) span: Range<usize>,
    pub(super) words: String,
}

/// A value in its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a>(pub(super) &'a Spanned<DeValue<'a>>);

impl<'a> Value<'a> {
    pub(super) fn wrong(self, words: impl Into<String>) -> Wrong {
        Wrong { span: self.0.span(), words: words.into() }
    }

    fn is_not(self, wanted: impl Display) -> Wrong {
        self.wrong(format!("it must be {wanted}, and is {}", article(self.0.get_ref().type_str())))
    }

    pub(super) fn text(self, wanted: impl Display) -> Result<&'a str, Wrong> {
        self.0.get_ref().as_str().ok_or_else(|| self.is_not(wanted))
    }

    pub(super) fn table(self, wanted: impl Display) -> Result<&'a DeTable<'a>, Wrong> {
        self.0.get_ref().as_table().ok_or_else(|| self.is_not(wanted))
    }

    pub(super) fn list(self, wanted: impl Display) -> Result<impl Iterator<Item = Value<'a>>, Wrong> {
        let list = self.0.get_ref().as_array().ok_or_else(|| self.is_not(wanted))?;
        Ok(list.iter().map(Value))
    }

    pub(super) fn flag(self) -> Result<bool, Wrong> {
        self.0.get_ref().as_bool().ok_or_else(|| self.is_not("true or false"))
    }

    pub(super) fn count(self, range: RangeInclusive<u64>) -> Result<u64, Wrong> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let number = self.0.get_ref().as_integer().ok_or_else(|| self.is_not(&wanted))?;
        let count = u64::from_str_radix(number.as_str(), number.radix()).ok();
        count.filter(|count| range.contains(count)).ok_or_else(|| self.wrong(format!("it must be {wanted}")))
    }

    /// An amount of bytes: `"64MiB"`.
    pub(super) fn size(self, range: RangeInclusive<u64>) -> Result<u64, Wrong> {
        let wanted = format!("a size from \"{}\" to \"{}\"", Size(*range.start()), Size(*range.end()));
        let size = parse_size(self.text(&wanted)?);
        let size =
            size.ok_or_else(|| self.wrong(format!("it must be {wanted}: a whole number and B, KiB, MiB or GiB")))?;
        if range.contains(&size) { Ok(size) } else { Err(self.wrong(format!("it must be {wanted}"))) }
    }

    /// An amount of bytes a second: `"64KiB/s"`.
    pub(super) fn rate(self, range: RangeInclusive<u64>) -> Result<u64, Wrong> {
        let wanted = format!("a size a second from \"{}/s\" to \"{}/s\"", Size(*range.start()), Size(*range.end()));
        let rate = self.text(&wanted)?.strip_suffix("/s").and_then(parse_size);
        rate.filter(|rate| range.contains(rate)).ok_or_else(|| self.wrong(format!("it must be {wanted}")))
    }

    /// `"500ms"`, `"1m 30s"`.
    pub(super) fn duration(self, range: RangeInclusive<Duration>) -> Result<Duration, Wrong> {
        let show = |it: &Duration| humantime::format_duration(*it).to_string();
        let wanted = format!("a duration from \"{}\" to \"{}\"", show(range.start()), show(range.end()));
        let text = self.text(&wanted)?;
        let span = humantime::parse_duration(text).map_err(|why| self.wrong(format!("it must be {wanted}: {why}")))?;
        if range.contains(&span) { Ok(span) } else { Err(self.wrong(format!("it must be {wanted}"))) }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Result<T, Wrong> {
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
        let wanted = words.join(" or ");
        let text = self.text(&wanted)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let near = nearest(text, choices.iter().map(|(word, _)| *word));
            self.wrong(format!("it must be {wanted}{}", near.map(did_you_mean).unwrap_or_default()))
        })
    }
}

fn parse_size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// An amount of bytes, in the largest unit that it is whole in.
pub(super) struct Size(pub(super) u64);

impl Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = [(1 << 30, "GiB"), (MIB, "MiB"), (KIB, "KiB")];
        let unit = units.into_iter().find(|(unit, _)| self.0 >= *unit && self.0.is_multiple_of(*unit));
        let (unit, name) = unit.unwrap_or((1, "B"));
        write!(f, "{}{name}", self.0 / unit)
    }
}

fn article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// The name that was probably meant, if any is near enough.
pub(super) fn nearest<'n>(text: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let text = text.to_lowercase().replace('_', "-");
    let distance = |name| (strsim::damerau_levenshtein(&text, name), name);
    let (distance, name) = names.into_iter().map(distance).min()?;
    (distance <= text.chars().count().max(3) / 3).then_some(name)
}

pub(super) fn did_you_mean(name: &str) -> String {
    format!("; did you mean `{name}`?")
}
