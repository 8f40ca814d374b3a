//! Results that are none: the call is told so, in words that name what was wrong, and nothing is believed.

use serde_json::json;

use super::guest::laughing;
use super::{Neighbour, crashes, offer};
use crate::support::Host;

/// Where its function points, when that is not to what it has in memory for it.
enum Returns {
    /// There.
    There,
    /// So many bytes after it.
    After(u32),
    /// This.
    Exactly(i64),
}

use Returns::{After, Exactly, There};

/// Types of results that need a name in text.
const TYPES: &str = "(type $bytes (list u8)) (type $longs (list u64)) (type $texts (list string)) (type $perhaps (option u8))
    (type $perhapses (list $perhaps)) (type $either (result)) (type $pair (tuple u8 string)) (type $word (result string))
    (type $chars (list char)) (type $bools (list bool))";

/// What a function says that it returns, what lies in its memory for it as 32-bit words (those from `HERE` on are seen
/// from there), what it returns, and what is said of that.
const LIES: &[(&str, &[u32], Returns, &str)] = &[
    ("string", &[0xffff_ffff, 2], There, "out of bounds"),
    ("string", &[HERE, 0xffff_ffff], There, "out of bounds"),
    ("string", &[HERE, 0x0001_0000], There, "out of bounds"),
    ("string", &[HERE, 4], After(2), "is not aligned to 4"),
    ("string", &[], Exactly(-8), "out of bounds"),
    ("string", &[], Exactly(65_532), "out of bounds"),
    ("string", &[HERE + 8, 4, 0xfefe_fefe], There, "not valid UTF-8"),
    ("string", &[HERE + 8, 3, 0x00bf_efbe], There, "not valid UTF-8"),
    ("string", &[HERE + 8, 2, 0x0000_80c0], There, "not valid UTF-8"),
    ("$bytes", &[HERE, 0x0010_0000], There, "out of bounds"),
    ("$longs", &[HERE + 4, 1], There, "is not aligned to 8"),
    ("$longs", &[HERE, 0x2000_0000], There, "out of bounds"),
    ("$longs", &[HERE, 0x1fff_ffff], There, "out of bounds"),
    ("$texts", &[HERE + 8, 2, HERE, 0, 0x7fff_ffff, 1], There, "out of bounds"),
    ("$texts", &[HERE + 8, 0x1fff_ffff, HERE, 1], There, "out of bounds"),
    ("char", &[], Exactly(0xd800), "0xd800 is not a char"),
    ("char", &[], Exactly(0x11_0000), "0x110000 is not a char"),
    ("char", &[], Exactly(-1), "is not a char"),
    ("$chars", &[HERE + 8, 2, 0x61, 0xdfff], There, "0xdfff is not a char"),
    ("$either", &[], Exactly(2), "discriminant 2 is out of range"),
    ("$either", &[], Exactly(-1), "discriminant 4294967295 is out of range"),
    ("$perhaps", &[0x0101], There, "FINE"),
    ("$perhaps", &[2], There, "discriminant 2 is out of range"),
    ("$perhapses", &[HERE + 8, 2, 0x0107_0001], There, "discriminant 7 is out of range"),
    ("$pair", &[7, HERE, 0xffff_0000], There, "out of bounds"),
    ("$word", &[2, HERE, 1], There, "discriminant 2 is out of range"),
    ("$word", &[1, HERE, 0], There, "FINE"),
];

/// Words above this are addresses, seen from where the words lie.
const HERE: u32 = 0xa000_0000;
/// Each has so much of the memory.
const EACH: u32 = 64;

/// One component with all of them, as functions `lie0`, `lie1` …
fn liar() -> Vec<u8> {
    let mut data = String::new();
    let mut functions = String::new();
    let mut exports = String::new();
    let mut add = |name: &str, ty: &str, at: u32, words: &[u32], returns: i64| {
        let bytes: String = words
            .iter()
            .map(|word| if (HERE..HERE + EACH).contains(word) { word - HERE + at } else { *word })
            .flat_map(u32::to_le_bytes)
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        data.push_str(&format!("(data (i32.const {at}) \"{bytes}\")\n"));
        functions.push_str(&format!("(func (export \"{name}\") (result i32) (i32.const {returns}))\n"));
        exports.push_str(&format!(
            "(func (export \"{name}\") (result {ty})
                (canon lift (core func $it \"{name}\") (memory (core memory $it \"memory\"))))\n"
        ));
    };
    for (n, (ty, words, returns, _)) in (0_u32..).zip(LIES) {
        let at = 1_024 + n * EACH;
        let value = match returns {
            There => at.into(),
            After(more) => (at + more).into(),
            Exactly(value) => *value,
        };
        add(&format!("lie{n}"), ty, at, words, value);
    }
    add("fine", "u32", 16_448, &[], 7);
    let text = format!(
        "(component {TYPES} (core module $m (memory (export \"memory\") 1) {data} {functions})
            (core instance $it (instantiate $m)) {exports})"
    );
    wat::parse_str(&text).unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn a_result_that_is_none_is_told_by_what_is_wrong_with_it() {
    let host = Host::start();
    let neighbour = Neighbour::of(&host);
    offer(&host, "liar", &liar()).settled();
    for (n, (ty, words, _, said)) in LIES.iter().enumerate() {
        let function = format!("lie{n}");
        if *said == "FINE" {
            host.call("liar", &function, json!([]));
            continue;
        }
        let why = crashes(&host, "liar", &function, json!([]));
        assert!(why.contains(said), "{function}, {words:x?} as {ty}: {why}");
        assert_eq!(host.call("liar", "fine", json!([])), json!(7), "after {function}");
    }
    neighbour.ends_well();
}

#[test]
fn a_billion_laughs_are_as_long_as_a_message_may_be() {
    let host = Host::start();
    offer(&host, "liar", &laughing()).settled();
    let before = host.resident();
    for _ in 0..100 {
        let why = crashes(&host, "liar", "laugh", json!([]));
        assert!(why.contains("message: the message is larger than its limit of 1048576 bytes"), "{why}");
    }
    let more = host.resident().saturating_sub(before);
    assert!(more < 64 << 20, "100 of them left {more} bytes");
    assert_eq!(host.call("liar", "fine", json!([])), json!(7));
}
