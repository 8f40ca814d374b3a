//! A counter that takes over the books and then saves something else.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn save(_books: &Books, _live: bool, _version: u32) -> Result<Vec<u8>, String> {
        Ok(b"a drawing of a cat".to_vec())
    }
}
