//! The structure of a type as text: what the host compares before it lets one version take over from another.
//!
//! The text follows the bytes. Two types that are saved alike may still have different texts (a renamed field means
//! something else, most likely); two with the same text are saved alike.
//!
//! | in Rust | in the text |
//! |---|---|
//! | `struct Counter { total: u64, calls: u64 }` | `{total:u64,calls:u64}` |
//! | tuples, `struct Point(i32, i32)` | `(i32,i32)` |
//! | `enum Shape { Dot, Line(u8) }` | `<Dot\|Line(u8)>` |
//! | `Option<T>` | `?T` |
//! | sequences and sets; arrays | `[T]`; `[T;4]` |
//! | maps | `[K=>V]` |
//! | a type inside itself | `^n`: the n-th named type outwards, from 1 |
//! | `#[shape("words")]` | `"words"` |
//!
//! A text can be read in one way only: brackets close, `?` stands in front, and names that are not plain are quoted. So
//! no two structures share one.

mod sha256;
mod std_types;

use std::any::TypeId;
use std::fmt::Write;

use sha256::sha256;

/// The longest text, in bytes. A longer one is given as `#` and its SHA-256 in hex: still comparable, not readable.
pub const MAX_BYTES: usize = 64 * 1024;

/// A type whose structure can be told, so that it can be part of a state.
///
/// Put [`#[part]`](crate::part) on types of your own. `usize` and `isize` have no shape, because their size is not the
/// same in a guest and in its native tests.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a state: it has no shape",
    label = "no shape",
    note = "put `#[part]` on the type, or `#[shape(\"what its bytes are\")]` on the field; instead of `usize` take `u64` or `u32`"
)]
pub trait Shape: 'static {
    /// Appends the structure of this type.
    fn write(structure: &mut Structure);
}

/// A text in the making.
#[derive(Debug, Default)]
pub struct Structure {
    text: String,
    open: Vec<TypeId>,
}

impl Structure {
    /// Appends text as it is.
    pub fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends the name of a field or variant, quoted unless it is plain.
    pub fn name(&mut self, name: &str) {
        let plain = |c: char| c == '_' || c.is_alphanumeric();
        if !name.is_empty() && name.chars().all(plain) { self.put(name) } else { self.words(name) }
    }

    /// Appends words of the user's own, quoted.
    pub fn words(&mut self, words: &str) {
        self.put("\"");
        words.escape_default().for_each(|c| self.text.push(c));
        self.put("\"");
    }

    /// Appends a number.
    pub fn number(&mut self, number: usize) {
        // Writing to a String does not fail.
        let _ = write!(self.text, "{number}");
    }

    /// Appends what `inner` does, or a reference outwards where the type `T` is already being told.
    pub fn named<T: 'static>(&mut self, inner: impl FnOnce(&mut Self)) {
        let id = TypeId::of::<T>();
        if let Some(at) = self.open.iter().rposition(|open| *open == id) {
            self.put("^");
            self.number(self.open.len() - at);
            return;
        }
        self.open.push(id);
        inner(self);
        self.open.pop();
    }
}

/// The structure of a type as text, at most [`MAX_BYTES`] long.
#[must_use]
pub fn structure_of<T: Shape>() -> String {
    let mut structure = Structure::default();
    T::write(&mut structure);
    if structure.text.len() <= MAX_BYTES {
        return structure.text;
    }
    let hex = sha256(structure.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("#{hex}")
}

/// What stands for a structure in a saved state: the first 8 bytes of the SHA-256 of its text.
pub(crate) fn fingerprint(structure: &str) -> [u8; 8] {
    let mut short = [0; 8];
    short.copy_from_slice(&sha256(structure.as_bytes())[..8]);
    short
}

#[cfg(test)]
mod tests;
