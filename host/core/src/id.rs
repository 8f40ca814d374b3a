//! Names: of components, actors, versions, upgrades and incarnations. Newtypes that cannot be mixed up and that hold
//! only what is well-formed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of a component: `[a-z][a-z0-9-]{0,63}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ComponentName(Arc<str>);

/// The longest component name, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// The longest key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 256;

impl ComponentName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, BadName> {
        let bad = |why| BadName { text: clip(text), why };
        let bytes = text.as_bytes();
        match bytes.first() {
            None => return Err(bad("it is empty")),
            Some(first) if !first.is_ascii_lowercase() => {
                return Err(bad("it must begin with a lower-case letter (a-z)"));
            }
            Some(_) => {}
        }
        if bytes.len() > MAX_NAME_BYTES {
            return Err(bad("it is longer than 64 bytes"));
        }
        let fits = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        if !bytes.iter().all(fits) {
            return Err(bad("it may hold only a-z, 0-9 and -"));
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What tells the actors of one component apart: 1 to 256 bytes of UTF-8 without control characters and `/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(Arc<str>);

impl Key {
    /// Checks and takes a key.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, BadName> {
        let bad = |why| BadName { text: clip(text), why };
        if text.is_empty() {
            return Err(bad("a key may not be empty"));
        }
        if text.len() > MAX_KEY_BYTES {
            return Err(bad("a key may not be longer than 256 bytes"));
        }
        if text.chars().any(|c| c.is_control() || c == '/') {
            return Err(bad("a key may hold no control characters and no /"));
        }
        Ok(Self(text.into()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a message goes: `component` (the singleton, or a service) or `component/key`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// Whose code answers.
    pub component: ComponentName,
    /// Which of its actors; none for the singleton.
    pub key: Option<Key>,
}

impl Address {
    /// The singleton of a component.
    pub fn singleton(component: ComponentName) -> Self {
        Self { component, key: None }
    }
}

/// A text that is not a name, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a name here: {why}")]
pub struct BadName {
    /// The text, control characters escaped and at most 80 characters of it.
    pub text: String,
    /// The rule that it breaks.
    pub why: &'static str,
}

fn clip(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

/// The identity of a version: the SHA-256 of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The first eight hex digits: for people, never as an identity.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl FromStr for Digest {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName { text: clip(text), why: "a digest is 64 hex digits" };
        if text.len() != 64 || !text.is_ascii() {
            return Err(bad());
        }
        let mut out = [0; 32];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(out))
    }
}

impl FromStr for Address {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        Ok(match text.split_once('/') {
            None => Self::singleton(ComponentName::new(text)?),
            Some((component, key)) => Self { component: ComponentName::new(component)?, key: Some(Key::new(key)?) },
        })
    }
}

impl fmt::Display for ComponentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            None => write!(f, "{}", self.component),
            Some(key) => write!(f, "{}/{key}", self.component),
        }
    }
}

/// `Debug` shows what `Display` does; the text forms are what serde reads and writes.
macro_rules! textual {
    ($($name:ident from $parse:expr;)*) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String { value.to_string() }
        }
        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> { $parse(&text) }
        }
        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> { String::schema() }
        }
        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}
    )* };
}
textual! {
    ComponentName from ComponentName::new;
    Key from Key::new;
    Address from Address::from_str;
    Digest from Digest::from_str;
}

/// What people call a version: the component's own version, else the part of the file's name after `@`, else the first
/// digits of the digest. At most 64 printable bytes.
pub type Label = String;

macro_rules! counted {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self { Self(self.0 + 1) }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(&self.0, f) }
        }
    )* };
}
counted! {
    /// One incarnation of an actor. Grows over the whole host and is never given twice, so a fact about a dead
    /// incarnation can always be told from one about the living.
    Generation(u64);
    /// One upgrade of one component, in the order they began; also the number of its receipt. Goes on across restarts.
    UpgradeId(u64);
    /// One try at switching one actor within one upgrade.
    Attempt(u32);
    /// A question from a person or a program that waits for an [`Effect::Answer`](crate::Effect::Answer).
    RequestId(u64);
    /// One writing of the table.
    TableWrite(u64);
}
