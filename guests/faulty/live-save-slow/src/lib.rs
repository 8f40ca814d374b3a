//! A counter whose save takes a second once it has handled a message.

#[path = "../../counter.rs"]
mod counter;

use std::time::{Duration, Instant};

use changeling_guest::State;
use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn save(books: &Books, live: bool, version: u32) -> Result<Vec<u8>, String> {
        let begin = Instant::now();
        while live && begin.elapsed() < Duration::from_secs(1) {}
        books.save(version)
    }
}
