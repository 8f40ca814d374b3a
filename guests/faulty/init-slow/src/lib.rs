//! A counter that is long in coming.

#[path = "../../counter.rs"]
mod counter;

use std::time::{Duration, Instant};

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn init() -> Result<Books, String> {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(400) {}
        Ok(Books::default())
    }
}
