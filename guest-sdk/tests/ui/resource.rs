use changeling_guest::prelude::*;

guest!(service Vault in "with-resource");

fn main() {}
