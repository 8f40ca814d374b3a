use changeling_guest::prelude::*;

guest!(Counter in "with-state");

fn main() {}
