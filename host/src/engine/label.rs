//! The version that a component carries in itself.

use wasmparser::{Parser, Payload};

/// The longest label, in bytes.
pub const MAX_LABEL: usize = 64;

/// The text of the outer `version` section, where tools put it, else of the first one in a core module, where the SDK's
/// lands. None where there is none, or none that is 1 to 64 bytes of printable text.
pub fn of(bytes: &[u8]) -> Option<String> {
    let (mut depth, mut inner) = (0usize, None);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == "version" => {
                let text = printable(section.data());
                if depth == 0 {
                    return text;
                }
                inner = inner.or(text);
            }
            _ => {}
        }
    }
    inner
}

fn printable(data: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(data).ok()?;
    let fits = (1..=MAX_LABEL).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
    fits.then(|| text.to_owned())
}
