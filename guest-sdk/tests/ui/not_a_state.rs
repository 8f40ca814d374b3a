use changeling_guest::prelude::*;

guest!(Counter in "app");

#[derive(Default)]
struct Counter {
    total: u64,
}

#[actor]
impl counter::Guest for Counter {
    fn increment(&mut self, by: u64) -> u64 {
        self.total += by;
        self.total
    }
}

fn main() {}
