//! What is wrong in a manifest, and where: line, column, the line itself with a mark under it.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// The longest part of a line that is shown, in characters.
const SHOWN: usize = 120;

/// Why there is no config.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there and cannot be read.
    #[error("cannot read the manifest {}: {cause}", path.display())]
    Unread {
        /// Which file.
        path: PathBuf,
        /// In the system's words.
        cause: io::Error,
    },
    /// Something in it is wrong.
    #[error("{}", shown(name, mistakes))]
    Wrong {
        /// What the file is called.
        name: String,
        /// All that is wrong, in the order of the file.
        mistakes: Vec<Mistake>,
    },
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
    /// How many characters are wrong, at least 1.
    pub width: usize,
    /// The line, without control characters.
    pub text: String,
    /// What is wrong and what to write instead: one sentence.
    pub words: String,
}

impl Mistake {
    pub(super) fn at(manifest: &str, span: Range<usize>, words: String) -> Self {
        let before = manifest.get(..span.start).unwrap_or(manifest);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = &manifest[start..];
        let text = rest.split('\n').next().unwrap_or(rest);
        let column = before[start..].chars().count();
        let width = manifest.get(span).and_then(|it| it.split('\n').next()).map_or(1, |it| it.chars().count());
        let line = before.matches('\n').count() + 1;
        Self { line, column: column + 1, width: width.max(1), text: text.chars().map(printable).collect(), words }
    }
}

fn printable(c: char) -> char {
    match c {
        '\t' | '\r' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, width, text, words } = self;
        writeln!(f, "{line}:{column}: {words}")?;
        // Of a very long line, the part around the mistake.
        let skipped = (column - 1).saturating_sub(SHOWN / 2);
        let part: String = text.chars().skip(skipped).take(SHOWN).collect();
        let offset = column - 1 - skipped;
        let gutter = line.to_string().len();
        writeln!(f, "{:gutter$} |", "")?;
        writeln!(f, "{line} | {}", part.trim_end())?;
        let marks = "^".repeat((*width).min(SHOWN.saturating_sub(offset)).max(1));
        write!(f, "{:gutter$} | {:offset$}{marks}", "", "")
    }
}

fn shown(name: &str, mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|it| format!("{name}:{it}")).collect::<Vec<_>>().join("\n")
}
