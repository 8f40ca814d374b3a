//! A counter that traps when it counts.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn increment(books: &mut Books, by: u64) {
        panic!("cannot add {by} to {}", books.total)
    }
}
