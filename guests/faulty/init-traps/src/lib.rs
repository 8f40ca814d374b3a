//! A counter whose birth traps.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn init() -> Result<Books, String> {
        panic!("the chair has collapsed")
    }
}
