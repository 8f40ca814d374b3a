//! What a file's name in the folder means.

use std::fmt;

use changeling_core::id::{ComponentName, Label};

/// The manifest's name in the folder.
pub const MANIFEST: &str = "changeling.toml";
const ENDING: &str = ".wasm";
const LABEL_BYTES: usize = 64;

/// The name of a version's file: `NAME.wasm` or `NAME@LABEL.wasm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The whole name, as it stands in the folder.
    pub text: String,
    /// The component that it is a version of.
    pub component: ComponentName,
    /// What follows the first `@`.
    pub label: Option<Label>,
}

impl FileName {
    /// Reads a name (without folders before it).
    ///
    /// # Errors
    /// A sentence that says which rule it breaks, and which name would do where there is one near.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(stem) = text.strip_suffix(ENDING) else {
            let near = stem_of(text).map(|stem| format!(", in small letters; `{stem}{ENDING}` would do"));
            return Err(format!("the name of a component's file ends in {ENDING}{}", near.unwrap_or_default()));
        };
        let (name, label) = match stem.split_once('@') {
            None => (stem, None),
            Some((name, label)) => (name, Some(label)),
        };
        let component = ComponentName::new(name).map_err(|bad| match near(name) {
            Some(near) => format!("{bad}; `{near}{ENDING}` would do"),
            None => bad.to_string(),
        })?;
        let fits = |label: &str| (1..=LABEL_BYTES).contains(&label.len()) && !label.chars().any(char::is_control);
        if !label.is_none_or(fits) {
            return Err(format!("what follows the @ must be 1 to {LABEL_BYTES} printable bytes"));
        }
        Ok(Self { text: text.to_owned(), component, label: label.map(str::to_owned) })
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What stands before the ending, in letters of whatever case.
fn stem_of(name: &str) -> Option<&str> {
    let (stem, ending) = name.split_at_checked(name.len().checked_sub(ENDING.len())?)?;
    ending.eq_ignore_ascii_case(ENDING).then_some(stem)
}

/// The name that was probably meant: cargo writes `my_counter.wasm`.
fn near(name: &str) -> Option<ComponentName> {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }
    };
    let text: String = name.trim().chars().map(plain).collect();
    ComponentName::new(&text).ok()
}

/// What to do about a name in the folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nobody's business: hidden, being written under a temporary name, a backup, or no component at all.
    Ignored,
    Component(FileName),
    /// It wants to be a component, and its name forbids it.
    Bad(String),
}

pub(super) fn meaning(name: &str) -> Meaning {
    // `x.wasm.tmp`, `x.wasm.part` and `x.wasm~` do not end in `.wasm` and need no rule of their own.
    if name.starts_with('.') || stem_of(name).is_none() {
        return Meaning::Ignored;
    }
    if name.contains(char::REPLACEMENT_CHARACTER) {
        return Meaning::Bad("its name is not UTF-8".to_owned());
    }
    match FileName::parse(name) {
        Ok(file) => Meaning::Component(file),
        Err(why) => Meaning::Bad(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_component_and_perhaps_a_label() {
        let parsed = |text: &str| FileName::parse(text).map(|it| (it.component.to_string(), it.label));
        assert_eq!(parsed("counter.wasm"), Ok(("counter".to_owned(), None)));
        assert_eq!(parsed("counter@1.2.0.wasm"), Ok(("counter".to_owned(), Some("1.2.0".to_owned()))));
        assert_eq!(parsed("a@b@c.wasm"), Ok(("a".to_owned(), Some("b@c".to_owned()))));
        let refusal = |text: &str| parsed(text).unwrap_err();
        assert!(refusal("my_counter.wasm").ends_with("it may hold only a-z, 0-9 and -; `my-counter.wasm` would do"));
        assert!(refusal("Counter@1.wasm").contains("`counter.wasm` would do"));
        assert!(refusal("42.wasm").ends_with("it must begin with a lower-case letter (a-z)"));
        assert!(refusal("@1.wasm").contains("it is empty"));
        assert!(refusal("counter@.wasm").contains("what follows the @"));
        assert!(refusal("counter@\u{1b}[31m.wasm").contains("printable"));
        assert!(refusal("counter").contains("ends in .wasm"));
    }

    #[test]
    fn other_names_are_ignored() {
        for name in
            [".counter.wasm", "counter.wasm.tmp", "counter.wasm.part", "counter.wasm~", "README.md", MANIFEST, ".wasm"]
        {
            assert_eq!(meaning(name), Meaning::Ignored, "{name}");
        }
        assert!(matches!(meaning("Bad Name.wasm"), Meaning::Bad(_)));
        assert!(matches!(meaning("counter.WASM"), Meaning::Bad(why) if why.ends_with("`counter.wasm` would do")));
    }
}
