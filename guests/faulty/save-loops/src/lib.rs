//! A counter whose save never ends.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn save(books: &Books, _live: bool, _version: u32) -> Result<Vec<u8>, String> {
        loop {
            std::hint::black_box(books.calls);
        }
    }
}
