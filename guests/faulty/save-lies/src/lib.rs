//! A counter whose save says that it is of another version.

#[path = "../../counter.rs"]
mod counter;

use changeling_guest::State;
use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn save(books: &Books, _live: bool, version: u32) -> Result<Vec<u8>, String> {
        let mut saved = books.save(version)?;
        // Where the envelope has the version of the state.
        saved[8..12].copy_from_slice(&7_u32.to_le_bytes());
        Ok(saved)
    }
}
