//! A counter whose code change traps.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn take_over(books: Books) -> Result<Books, String> {
        panic!("the old books burn at {}", books.total)
    }
}
