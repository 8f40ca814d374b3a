//! States that outlive their code: versions, the chain between them, and what the host asks for.

mod envelope;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::shape::{Shape, structure_of};

#[doc(hidden)]
pub use crate::bindings::has_state::exports::changeling::actor::state::{Change, Shape as StateShape, ShapeSet};
#[doc(hidden)]
pub use envelope::{Saved, seal};

/// One version of a state. Written by [`#[state]`](macro@crate::state), not by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state",
    label = "not a state",
    note = "put `#[state(version = 1)]` on it"
)]
pub trait State: Shape + Serialize + DeserializeOwned {
    /// Grows with every change of the structure.
    const VERSION: u32;

    /// Appends what this version can be made from: itself, and what it comes from.
    #[doc(hidden)]
    fn reads(shapes: &mut Vec<StateShape>);

    /// Appends what this version can be saved as: itself, and what it can go down to.
    #[doc(hidden)]
    fn writes(shapes: &mut Vec<StateShape>);

    /// A saved state of this version or an older one, brought up to this one.
    #[doc(hidden)]
    fn read(saved: &Saved<'_>) -> Result<Self, String>;

    /// This state, saved in this version or an older one.
    #[doc(hidden)]
    fn write(self, version: u32) -> Result<Vec<u8>, String>;
}

#[doc(hidden)]
pub fn shape_of<T: State>() -> StateShape {
    StateShape {
        version: T::VERSION,
        structure: structure_of::<T>(),
    }
}

/// What the host learns of a state before it runs anything else.
#[doc(hidden)]
pub fn shapes<T: State>() -> ShapeSet {
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    T::reads(&mut reads);
    T::writes(&mut writes);
    ShapeSet {
        current: shape_of::<T>(),
        reads,
        writes,
    }
}

/// The state in the version asked for, left as it is: an older version is made from a copy.
#[doc(hidden)]
pub fn save<T: State>(state: &T, version: u32) -> Result<Vec<u8>, String> {
    let own = seal(state)?;
    if version == T::VERSION {
        return Ok(own);
    }
    Saved::open(&own)?.decode::<T>()?.write(version)
}

/// A state from bytes that were saved in the version that the host names.
#[doc(hidden)]
pub fn load<T: State>(version: u32, bytes: &[u8]) -> Result<T, String> {
    let saved = Saved::open(bytes)?;
    if saved.version() != version {
        return Err(format!(
            "the state is said to be of version {version}, and says itself that it is of {}",
            saved.version()
        ));
    }
    T::read(&saved)
}

#[doc(hidden)]
pub fn unread(version: u32) -> String {
    format!("this code cannot take over from version {version} of the state")
}

#[doc(hidden)]
pub fn unwritten(version: u32) -> String {
    format!("this code cannot save its state as version {version}")
}
