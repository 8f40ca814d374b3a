//! A counter whose save traps once it has handled a message.

#[path = "../../counter.rs"]
mod counter;

use changeling_guest::State;
use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn save(books: &Books, live: bool, version: u32) -> Result<Vec<u8>, String> {
        assert!(!live, "the pen has exploded");
        books.save(version)
    }
}
