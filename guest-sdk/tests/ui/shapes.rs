use changeling_guest::prelude::*;

struct Opaque;

#[part]
struct Unsized {
    length: usize,
}

#[part]
struct Gap {
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

#[derive(changeling_guest::Shape)]
struct Custom {
    #[serde(with = "elsewhere")]
    total: u64,
}

#[derive(changeling_guest::Shape)]
struct Foreign {
    inner: Opaque,
}

fn main() {}
