//! Tables that fit the terminal, and are plain where there is none; and what stands in them, for people.

use std::io::IsTerminal;
use std::time::Duration;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use serde_json::Value;

use super::out;

/// Prints rows under their heads; without any heads where none are given.
pub fn print(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !heads.is_empty() {
        table.set_header(heads.iter().map(|head| head.to_uppercase()));
    }
    table.add_rows(rows);
    table.column_iter_mut().for_each(|column| _ = column.set_padding((0, GAP)));
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        break_the_last(&mut table);
    }
    out::line(table.trim_fmt());
}

/// Between columns.
const GAP: u16 = 2;
/// What the last column needs to be readable.
const READABLE: u16 = 24;

/// Where there is room for it, only the last column is broken into lines: it has the longest texts.
fn break_the_last(table: &mut Table) {
    let widths = table.column_max_content_widths();
    let Some((_, others)) = widths.split_last() else { return };
    let taken: u16 = others.iter().map(|width| width.saturating_add(GAP)).fold(0, u16::saturating_add);
    if table.width().is_some_and(|width| taken.saturating_add(READABLE) <= width) {
        let columns = table.column_iter_mut().take(others.len());
        columns.for_each(|column| _ = column.set_constraint(ColumnConstraint::ContentWidth));
    }
}

/// Prints what is told of one thing, a name and a text a line. A name that is empty goes on with the one above.
pub fn print_told<'a>(told: impl IntoIterator<Item = (&'a str, String)>) {
    print(&[], told.into_iter().map(|(name, text)| vec![name.to_owned(), text]));
}

/// Many texts under one name, for [`print_told`].
pub fn under(name: &str, texts: impl IntoIterator<Item = String>) -> impl Iterator<Item = (&str, String)> {
    texts.into_iter().enumerate().map(move |(at, text)| (if at == 0 { name } else { "" }, text))
}

/// Bytes for people.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A span for people, to the second.
pub fn span(ms: u64) -> String {
    humantime::format_duration(Duration::from_secs(ms / 1_000)).to_string()
}

/// A short span for people, from microseconds.
pub fn pause(us: u64) -> String {
    format!("{:.1?}", Duration::from_micros(us))
}

/// A value in a document for people: nothing for null, texts without quotes.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => tame(text),
        other => other.to_string(),
    }
}

/// Words of others, which shall not steer the terminal: control characters are shown, not obeyed.
pub fn tame(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// The first digits of a digest in a document.
pub fn digest(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().take(8).collect()
}

/// `1 actor`, `2 actors`.
pub fn count(number: u64, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units() {
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(70_000), "68 KiB");
        assert_eq!(bytes(3 << 20), "3.0 MiB");
        assert_eq!(span(61_500), "1m 1s");
        assert_eq!(pause(1_234), "1.2ms");
        assert_eq!(pause(84), "84.0µs");
        assert_eq!(count(1, "actor"), "1 actor");
        assert_eq!(count(0, "actor"), "0 actors");
    }
}
