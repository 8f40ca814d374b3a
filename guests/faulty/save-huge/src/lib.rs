//! A counter whose save is larger than any may be.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn save(_books: &Books, _live: bool, _version: u32) -> Result<Vec<u8>, String> {
        Ok(vec![7; 100 << 20])
    }
}
