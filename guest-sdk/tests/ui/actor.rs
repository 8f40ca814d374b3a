use changeling_guest::prelude::*;

guest!(Counter in "app");

#[state(version = 1)]
#[derive(Default)]
struct Counter {
    total: u64,
}

#[actor]
impl counter::Guest for Counter {
    fn increment(self, by: u64) -> u64 {
        self.total + by
    }
}

#[actor]
impl Counter {}

fn main() {}
