use std::collections::{BTreeMap, HashMap, VecDeque};

use sha2::{Digest, Sha256};

use super::sha256::sha256;
use super::{MAX_BYTES, structure_of};
use crate::{Shape, part};

mod v1 {
    #[crate::part]
    pub struct Counter {
        pub total: u64,
    }
}

#[part]
struct Counter {
    total: u64,
}

#[part]
struct Tree<T> {
    value: T,
    kids: Vec<Tree<T>>,
}

#[part]
enum List {
    Nil,
    Cons(u8, Box<List>),
    Named { r#type: bool },
}

#[part]
struct Flat {
    inner: OnlyX,
    y: u8,
}
#[part]
struct OnlyX {
    x: u8,
}
#[part]
struct Nested {
    inner: Both,
}
#[part]
struct Both {
    x: u8,
    y: u8,
}

#[part]
#[expect(dead_code, reason = "skipped")]
struct Attributed {
    #[serde(skip)]
    cache: u8,
    #[serde(rename = "total")]
    sum: u64,
    #[serde(rename = "a:u8,b")]
    odd: u8,
    #[serde(with = "as_text")]
    #[shape("decimal \"text\"")]
    text: u8,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};
    pub fn serialize<S: Serializer>(value: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[test]
fn follows_fields_and_variants() {
    assert_eq!(structure_of::<Counter>(), "{total:u64}");
    assert_eq!(structure_of::<List>(), "<Nil|Cons(u8,^1)|Named{type:bool}>");
    assert_eq!(structure_of::<Tree<u16>>(), "{value:u16,kids:[^1]}");
    assert_eq!(structure_of::<HashMap<String, Option<(u8, VecDeque<[char; 3]>)>>>(), "[string=>?(u8,[[char;3]])]");
}

#[test]
fn says_nothing_of_the_types_own_name() {
    assert_eq!(structure_of::<v1::Counter>(), structure_of::<Counter>());
    assert_eq!(structure_of::<HashMap<u8, Box<u8>>>(), structure_of::<BTreeMap<u8, u8>>());
}

#[test]
fn tells_where_a_field_is() {
    assert_eq!(structure_of::<Flat>(), "{inner:{x:u8},y:u8}");
    assert_eq!(structure_of::<Nested>(), "{inner:{x:u8,y:u8}}");
}

#[test]
fn follows_attributes_and_quotes_what_is_not_plain() {
    assert_eq!(structure_of::<Attributed>(), r#"{total:u64,"a:u8,b":u8,text:"decimal \"text\""}"#);
}

#[test]
fn is_bounded() {
    struct Long;
    impl Shape for Long {
        fn write(structure: &mut super::Structure) {
            (0..=MAX_BYTES / 8).for_each(|_| structure.put("12345678"));
        }
    }
    let text = structure_of::<Long>();
    assert!(text.starts_with('#'), "{text}");
    assert_eq!(text.len(), 65);
}

#[test]
fn the_small_sha_256_is_a_sha_256() {
    for length in 0..300 {
        let message: Vec<u8> = (0..length).map(|at| (at * 31) as u8).collect();
        assert_eq!(sha256(&message)[..], Sha256::digest(&message)[..], "{length} bytes");
    }
}
