//! A counter whose code change takes memory until there is none.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn take_over(_books: Books) -> Result<Books, String> {
        let mut pages = Vec::new();
        loop {
            pages.push(std::hint::black_box(vec![1_u8; 1 << 20]));
        }
    }
}
