//! A value of the manifest as a person would write it there, to say what it was and what it is.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use super::Token;
use super::value::Size;

/// A value as it would be written. Of a secret it shows only that there is one; it is compared whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// What may be told.
    pub(super) shown: String,
    secret: Option<BTreeMap<String, String>>,
}

/// A number, a word, true or false.
pub(super) fn told(value: impl Display) -> Written {
    Written { shown: value.to_string(), secret: None }
}

/// An amount of bytes.
pub(super) fn size(bytes: u64) -> Written {
    told(format!("\"{}\"", Size(bytes)))
}

/// An amount of bytes a second.
pub(super) fn rate(bytes: u64) -> Written {
    told(format!("\"{}/s\"", Size(bytes)))
}

pub(super) fn time(span: Duration) -> Written {
    told(format!("\"{}\"", humantime::format_duration(span)))
}

/// One of a few words.
pub(super) fn word<T: PartialEq>(words: &[(&str, T)], value: T) -> Written {
    let known = words.iter().find(|(_, choice)| *choice == value);
    told(format!("\"{}\"", known.map_or("", |(word, _)| *word)))
}

/// Names with values that are nobody's business.
pub(super) fn names(values: &BTreeMap<String, String>) -> Written {
    let names: Vec<_> = values.keys().map(|name| format!("{} = …", name.escape_debug())).collect();
    let shown = if names.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", names.join(", ")) };
    Written { shown, secret: Some(values.clone()) }
}

/// Words, one after the other.
pub(super) fn list(words: impl IntoIterator<Item = impl Display>) -> Written {
    let words: Vec<_> = words.into_iter().map(|word| format!("\"{word}\"")).collect();
    told(format!("[{}]", words.join(", ")))
}

/// Tokens, which are no secrets here: their files are.
pub(super) fn tokens(tokens: &BTreeMap<String, Token>) -> Written {
    let one = |(name, token): (&String, &Token)| {
        let may = list(token.may.iter().map(|right| right.word())).shown;
        format!("{} = {{ file = \"{}\", may = {may} }}", name.escape_debug(), token.file.display())
    };
    let all: Vec<_> = tokens.iter().map(one).collect();
    told(if all.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", all.join(", ")) })
}
