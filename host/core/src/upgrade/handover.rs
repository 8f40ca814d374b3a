//! Which state version goes over from one version's code to another's. Pure: it looks at shapes, never at states.

use crate::contract::{Shape, ShapeSet, Version};
use crate::effect::Handover;
use crate::policy::Strategy;

/// As much of a structure as people read; it may be far longer, and stands in receipts and events.
const QUOTED: usize = 512;
/// So many shapes are listed.
const LISTED: usize = 16;

/// How a live actor's state goes from `old` to `new`.
///
/// # Errors
/// One sentence that says why nothing that the old code saves can be taken over.
pub fn handover(old: &Version, new: &Version, strategy: Strategy) -> Result<Handover, String> {
    if old.kind != new.kind {
        return Err("an actor cannot become a service while it lives".to_owned());
    }
    let (Some(from), Strategy::Rolling) = (&old.shapes, strategy) else {
        return Ok(Handover::Restart);
    };
    let Some(into) = &new.shapes else {
        return Err("the live actors have a state, and this code exports no `state` to take it over".to_owned());
    };
    let version = state_version(from, into)?;
    Ok(Handover::State { version, returns: writes(into, version) })
}

/// The state version that the newer code writes and the older one reads, where there is one.
pub(crate) fn way_down(newer: &Version, older: &Version) -> Option<u32> {
    state_version(newer.shapes.as_ref()?, older.shapes.as_ref()?).ok()
}

/// The old code's current one, else the highest that the one writes and the other reads.
fn state_version(old: &ShapeSet, new: &ShapeSet) -> Result<u32, String> {
    let reads = || std::iter::once(&new.current).chain(&new.reads);
    let taken = |shape: &&Shape| reads().any(|copy| copy.version == shape.version && alike(shape, copy));
    if taken(&&old.current) {
        return Ok(old.current.version);
    }
    let highest = old.writes.iter().filter(taken).map(|shape| shape.version).max();
    highest.ok_or_else(|| match reads().find(|copy| copy.version == old.current.version) {
        Some(copy) => {
            let (saved, copied) = (&old.current.structure, &copy.structure);
            let from = where_they_part(saved, copied);
            format!(
                "version {} was saved as {}, this code's copy of it is {}: give the changed state a version of its own, and \
                 say how the older one becomes it",
                copy.version,
                quoted(saved, from),
                quoted(copied, from)
            )
        }
        None => format!(
            "no state version fits: the live code saves {}, this code reads {}; read one of those, or begin anew with \
             `strategy = \"restart\"`",
            list(std::iter::once(&old.current).chain(&old.writes)),
            list(reads())
        ),
    })
}

/// An empty structure is unknown and equals any.
fn alike(one: &Shape, other: &Shape) -> bool {
    one.structure.is_empty() || other.structure.is_empty() || one.structure == other.structure
}

fn writes(shapes: &ShapeSet, version: u32) -> bool {
    shapes.current.version == version || shapes.writes.iter().any(|shape| shape.version == version)
}

/// `1 {total:u64}, 2 {total:u64,calls:u64}`, each version once.
fn list<'a>(shapes: impl Iterator<Item = &'a Shape>) -> String {
    let by_version: std::collections::BTreeMap<u32, &str> =
        shapes.map(|shape| (shape.version, shape.structure.as_str())).collect();
    let named = by_version.iter().take(LISTED).map(|(version, structure)| match *structure {
        "" => version.to_string(),
        structure => format!("{version} {}", quoted(structure, 0)),
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match by_version.len().saturating_sub(LISTED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Where two structures are to be shown from: a little before they differ, where they are too long to be shown whole.
fn where_they_part(one: &str, other: &str) -> usize {
    if one.len().max(other.len()) <= QUOTED {
        return 0;
    }
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    same.saturating_sub(QUOTED / 4)
}

/// As much of it from there on as people read; `…` stands for the rest.
fn quoted(structure: &str, from: usize) -> String {
    let from = structure.floor_char_boundary(from);
    let to = structure.floor_char_boundary(from + QUOTED);
    let before = if from > 0 { "…" } else { "" };
    match structure.len() {
        all if to < all => format!("{before}{}… ({all} bytes in all)", &structure[from..to]),
        _ => format!("{before}{}", &structure[from..to]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::MAX_STRUCTURE;

    fn shape(version: u32, structure: String) -> Shape {
        Shape { version, structure }
    }

    fn only(current: Shape) -> ShapeSet {
        ShapeSet { reads: vec![current.clone()], writes: vec![current.clone()], current }
    }

    #[test]
    fn structures_that_are_long_are_shown_where_they_part() {
        let long = |end: &str| only(shape(3, format!("{{{}{end}}}", "é:u64,".repeat(5_000))));
        let words = state_version(&long("total:u64"), &long("total:s64")).unwrap_err();
        assert!(words.len() < 2_000, "{} bytes", words.len());
        assert!(words.contains("é:u64,total:u64}, this code's copy of it is …"), "{words}");
        assert!(words.contains("é:u64,total:s64}: give"), "{words}");
        // One that ends where the other goes on.
        let words = state_version(&only(shape(1, "{a:u8}".into())), &long("")).unwrap_err();
        assert!(words.contains("the live code saves 1 {a:u8}, this code reads 3 {é:u64,"), "{words}");
        let short = only(shape(3, "{é:u64}".into()));
        let words = state_version(&long(""), &short).unwrap_err();
        assert!(words.contains("saved as {é:u64,") && words.contains("… (35002 bytes in all)"), "{words}");
    }

    #[test]
    fn no_refusal_is_longer_than_an_event_may_be() {
        // Each of these bytes becomes six in JSON.
        let worst = |n: u32| shape(n, "\u{1}".repeat(MAX_STRUCTURE));
        let many = |from: u32| {
            let shapes: Vec<Shape> = (from..from + 100).map(worst).collect();
            ShapeSet { current: worst(from), reads: shapes.clone(), writes: shapes }
        };
        let words = state_version(&many(1), &many(1_000)).unwrap_err();
        assert!(words.contains("and 84 more"), "{words}");
        assert!(serde_json::to_string(&words).unwrap().len() < 128 << 10);
    }

    #[test]
    fn a_structure_has_a_longest() {
        let of = |bytes: usize| only(shape(2, "x".repeat(bytes)));
        assert_eq!(of(MAX_STRUCTURE).is_in_bounds(), Ok(()));
        let words = of(MAX_STRUCTURE + 1).is_in_bounds().unwrap_err();
        assert!(words.contains("version 2 has 65537 bytes, where 65536 are allowed"), "{words}");
        let among = ShapeSet { reads: vec![shape(1, "x".repeat(70_000))], ..of(1) };
        assert!(among.is_in_bounds().is_err());
    }
}
