use changeling_guest::prelude::*;

guest!(Counter in "app");

#[state(version = 1)]
#[derive(Default)]
struct Counter {
    total: u64,
}

fn main() {}
