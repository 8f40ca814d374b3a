//! A counter with one field more than the first one, and the version of its state as it was.

use changeling_guest::prelude::*;

guest!(Counter from "../../counter/v2/wit");

#[state(version = 1)]
#[derive(Default)]
struct Counter {
    total: u64,
    calls: u64,
}

#[actor]
impl counter::Guest for Counter {
    fn increment(&mut self, by: u64) -> u64 {
        self.total += by;
        self.calls += 1;
        self.total
    }

    fn get(&self) -> u64 {
        self.total
    }

    fn calls(&self) -> u64 {
        self.calls
    }
}
