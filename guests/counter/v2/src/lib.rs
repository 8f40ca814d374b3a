//! A counter that also knows how often it has counted. It takes over from the first one, and can go back.

use changeling_guest::prelude::*;

guest!(Counter);

#[state(version = 2, from = v1::Counter, down)]
#[derive(Default)]
struct Counter {
    total: u64,
    calls: u64,
}

mod v1 {
    use changeling_guest::prelude::*;

    #[state(version = 1)]
    pub struct Counter {
        pub total: u64,
    }
}

impl From<v1::Counter> for Counter {
    fn from(old: v1::Counter) -> Self {
        Self { total: old.total, calls: 0 }
    }
}

impl From<Counter> for v1::Counter {
    fn from(new: Counter) -> Self {
        Self { total: new.total }
    }
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

#[test]
fn keeps_the_total() {
    let mut counter: Counter = code_change(v1::Counter { total: 7 });
    assert_eq!(counter.increment(1), 8);
    assert_eq!(counter.calls(), 1);
}

#[test]
fn can_go_back() {
    let old: v1::Counter = code_change(Counter { total: 7, calls: 3 });
    assert_eq!(old.total, 7);
}
