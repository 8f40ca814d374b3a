//! A counter that can never be saved.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn save(_books: &Books, _live: bool, _version: u32) -> Result<Vec<u8>, String> {
        Err("the ink has run dry".to_owned())
    }
}
