//! States that outlive their code: versions, the chain between them, and what the host asks for.

mod envelope;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::shape::{Shape, structure_of};

pub use crate::bindings::has_state::exports::changeling::actor::state::{Change, Shape as StateShape, ShapeSet};
pub use envelope::Saved;

/// One version of a state. [`#[state]`](macro@crate::state) implements it; by hand only where a state is to be saved in
/// a way of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state",
    label = "not a state",
    note = "put `#[state(version = 1)]` on it"
)]
pub trait State: Sized + 'static {
    /// Grows with every change of the structure.
    const VERSION: u32;

    /// This version and what it can be made from; this version and what it can be saved as.
    fn shapes() -> ShapeSet;

    /// A saved state of this version or an older one, brought up to this one.
    ///
    /// # Errors
    /// Says why the bytes cannot be taken; people see it as the reason why the code was not replaced.
    fn read(saved: &Saved<'_>) -> Result<Self, String>;

    /// This state, saved in this version or an older one. The state is left as it is.
    ///
    /// # Errors
    /// Says why it cannot be saved so; people see it.
    fn save(&self, version: u32) -> Result<Vec<u8>, String>;
}

/// A state from bytes that were saved in the version that the host names.
///
/// # Errors
/// Says why the bytes cannot be taken.
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

/// Saves a state in its own version, in the form that [`Saved`] reads.
///
/// # Errors
/// Says what of the state cannot be saved.
pub fn seal<T: State + Shape + Serialize>(state: &T) -> Result<Vec<u8>, String> {
    envelope::seal(T::VERSION, state)
}

/// A copy of a state, by way of its bytes, so that no state need be `Clone`.
#[doc(hidden)]
pub fn copy<T: State + Shape + Serialize + DeserializeOwned>(state: &T) -> Result<T, String> {
    Saved::open(&seal(state)?)?.decode()
}

/// From one version to another, by `From` or by `TryFrom`.
#[doc(hidden)]
pub fn convert<A, B>(state: A) -> Result<B, String>
where
    B: TryFrom<A>,
    B::Error: std::fmt::Display,
{
    B::try_from(state).map_err(|why| why.to_string())
}

impl ShapeSet {
    /// The shapes of a state that comes from nothing.
    #[must_use]
    pub fn first<T: State + Shape>() -> Self {
        let current = shape_of::<T>();
        Self { reads: vec![current.clone()], writes: vec![current.clone()], current }
    }

    /// The shapes of a state that comes from the one whose shapes these are, and that can be saved as what that one
    /// can if it can go `down`.
    #[must_use]
    pub fn then<T: State + Shape>(mut self, down: bool) -> Self {
        if !down {
            self.writes.clear();
        }
        self.current = shape_of::<T>();
        self.reads.insert(0, self.current.clone());
        self.writes.insert(0, self.current.clone());
        self
    }
}

fn shape_of<T: State + Shape>() -> StateShape {
    StateShape { version: T::VERSION, structure: structure_of::<T>() }
}

#[doc(hidden)]
#[must_use]
pub fn unread(version: u32) -> String {
    format!("this code cannot take over from version {version} of the state")
}

#[doc(hidden)]
#[must_use]
pub fn unwritten(version: u32) -> String {
    format!("this code cannot save its state as version {version}")
}
