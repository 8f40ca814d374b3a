//! A counter: the smallest actor.

use changeling_guest::prelude::*;

guest!(Counter);

#[state(version = 1)]
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

    fn get(&self) -> u64 {
        self.total
    }
}

#[test]
fn counts() {
    let mut counter = Counter::default();
    assert_eq!(counter.increment(2), 2);
    assert_eq!(counter.increment(3), 5);
    assert_eq!(counter.get(), 5);
}
