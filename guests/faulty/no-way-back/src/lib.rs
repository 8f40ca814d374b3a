//! A counter that cannot be saved as the first one.

use changeling_guest::prelude::*;

guest!(Counter from "../../counter/v2/wit");

#[state(version = 2, from = v1::Counter)]
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
