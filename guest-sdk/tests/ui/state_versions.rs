use changeling_guest::prelude::*;

mod v1 {
    use changeling_guest::prelude::*;

    #[state(version = 1)]
    pub struct Counter {
        pub total: u64,
    }
}

/// Comes from a version that it is not greater than.
#[state(version = 1, from = v1::Counter)]
struct Same {
    total: u64,
}

impl From<v1::Counter> for Same {
    fn from(old: v1::Counter) -> Self {
        Self { total: old.total }
    }
}

/// Nothing makes it from the older one.
#[state(version = 2, from = v1::Counter)]
struct NoWayUp {
    total: u64,
}

#[state(version = 2, down)]
struct DownToNothing {
    total: u64,
}

#[state(from = v1::Counter)]
struct NoVersion {
    total: u64,
}

fn main() {}
