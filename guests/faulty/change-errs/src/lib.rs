//! A counter whose code change errs.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn take_over(_books: Books) -> Result<Books, String> {
        Err("the old books do not balance".to_owned())
    }
}
