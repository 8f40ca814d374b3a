//! Tables that fit the terminal, and are plain where there is none.

use std::io::IsTerminal;

use comfy_table::{ContentArrangement, Table, presets};

/// Prints rows under their heads.
pub fn print(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heads.iter().map(|head| head.to_uppercase()));
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.add_rows(rows);
    println!("{}", table.trim_fmt());
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
    humantime::format_duration(std::time::Duration::from_secs(ms / 1_000)).to_string()
}
