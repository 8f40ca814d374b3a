use changeling_guest::prelude::*;

guest!(Counter in "apq");

fn main() {}
