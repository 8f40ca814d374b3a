//! A counter that takes over every total but 13, over which it broods for half a second first.

#[path = "../../counter.rs"]
mod counter;

use std::time::{Duration, Instant};

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn take_over(books: Books) -> Result<Books, String> {
        if books.total != 13 {
            return Ok(books);
        }
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(500) {}
        Err("13 brings bad luck".to_owned())
    }
}
