//! A change of code as the host makes it, on a state in hand.

use crate::state::{self, ShapeSet, State, StateShape};

/// What becomes of a state when the code changes from one whose state is `Old` to one whose state is `New`, upwards or
/// downwards.
///
/// # Panics
/// Where the host would refuse the change, with what it would say.
#[must_use]
#[track_caller]
pub fn code_change<Old: State, New: State>(old: Old) -> New {
    match try_code_change(&old) {
        Ok(new) => new,
        Err(why) => panic!("the code change is refused: {why}"),
    }
}

/// Like [`code_change`], for changes that are to be refused.
///
/// # Errors
/// What the host would say.
pub fn try_code_change<Old: State, New: State>(old: &Old) -> Result<New, String> {
    let (old_shapes, new_shapes) = (Old::shapes(), New::shapes());
    let version = handed_over(&old_shapes, &new_shapes)?;
    state::load(version, &old.save(version)?)
}

/// The old code's own version if the new code reads it, else the highest that the old one writes and the new one reads.
fn handed_over(old: &ShapeSet, new: &ShapeSet) -> Result<u32, String> {
    if let Some(copy) = new.reads.iter().find(|read| read.version == old.current.version) {
        if copy.structure == old.current.structure {
            return Ok(old.current.version);
        }
        return Err(format!(
            "version {} was saved as {}, the new code's copy of it is {}",
            copy.version, old.current.structure, copy.structure
        ));
    }
    let common = old.writes.iter().filter(|written| new.reads.contains(written)).map(|shape| shape.version);
    common.max().ok_or_else(|| {
        format!("the old code saves versions {}, the new one reads {}", versions(&old.writes), versions(&new.reads))
    })
}

fn versions(shapes: &[StateShape]) -> String {
    let numbers: Vec<_> = shapes.iter().map(|shape| shape.version.to_string()).collect();
    numbers.join(", ")
}
