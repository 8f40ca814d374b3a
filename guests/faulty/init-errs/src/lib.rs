//! A counter that does not want to be born.

#[path = "../../counter.rs"]
mod counter;

use counter::{Books, Fault};

struct Broken;

impl Fault for Broken {
    fn init() -> Result<Books, String> {
        Err("no seats left".to_owned())
    }
}
