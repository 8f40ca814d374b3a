//! A counter that cannot be saved once it has handled a message.

#[path = "../../counter.rs"]
mod counter;

use changeling_guest::State;
use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn save(books: &Books, live: bool, version: u32) -> Result<Vec<u8>, String> {
        if live { Err("the ink has run dry".to_owned()) } else { books.save(version) }
    }
}
