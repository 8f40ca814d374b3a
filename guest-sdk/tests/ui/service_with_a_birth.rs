use changeling_guest::prelude::*;

guest!(service Counter in "app");

struct Counter;

impl counter::Guest for Counter {
    fn increment(by: u64) -> u64 {
        by
    }
}

#[actor]
impl Lifecycle for Counter {
    fn init(_start: Start) -> Result<Self, String> {
        Ok(Self)
    }
}

fn main() {}
