//! Which state version goes over from one version's code to another's. Pure: it looks at shapes, never at states.

use crate::contract::{Shape, ShapeSet, Version};
use crate::effect::Handover;
use crate::policy::Strategy;

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
        Some(copy) => format!(
            "version {} was saved as {}, this code's copy of it is {}: give the changed state a version of its own, and say \
             how the older one becomes it",
            copy.version, old.current.structure, copy.structure
        ),
        None => format!(
            "no state version fits: the live code saves {}, this code reads {}",
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
    let named = by_version.iter().map(|(version, structure)| match *structure {
        "" => version.to_string(),
        structure => format!("{version} {structure}"),
    });
    named.collect::<Vec<_>>().join(", ")
}
