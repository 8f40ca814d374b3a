//! A counter that can be entered, and never left: once it has taken over it cannot be saved.

#[path = "../../counter.rs"]
mod counter;

use std::sync::atomic::{AtomicBool, Ordering};

use changeling_guest::State;
use counter::{Books, Fault};

struct Broken;

static TAKEN_OVER: AtomicBool = AtomicBool::new(false);

impl Fault for Broken {
    fn take_over(books: Books) -> Result<Books, String> {
        TAKEN_OVER.store(true, Ordering::Relaxed);
        Ok(books)
    }

    fn save(books: &Books, _live: bool, version: u32) -> Result<Vec<u8>, String> {
        if TAKEN_OVER.load(Ordering::Relaxed) { Err("nobody leaves".to_owned()) } else { books.save(version) }
    }
}
