//! A counter whose code change never ends.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn take_over(mut books: Books) -> Result<Books, String> {
        loop {
            books.calls = std::hint::black_box(books.calls);
        }
    }
}
