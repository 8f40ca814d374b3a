use super::envelope::crc32;
use super::{State, load};
use crate::state;
use crate::testing::{code_change, try_code_change};

mod v1 {
    #[crate::state(version = 1)]
    #[derive(Debug, PartialEq)]
    pub struct Counter {
        pub total: u64,
    }
}

mod v2 {
    #[crate::state(version = 2, from = super::v1::Counter, down)]
    pub struct Counter {
        pub total: u64,
        pub calls: u64,
    }
}

#[state(version = 5, from = v2::Counter, down)]
#[derive(Debug, Clone, PartialEq)]
struct Counter {
    total: i64,
    calls: u64,
}

impl From<v1::Counter> for v2::Counter {
    fn from(old: v1::Counter) -> Self {
        Self { total: old.total, calls: 0 }
    }
}

impl From<v2::Counter> for v1::Counter {
    fn from(new: v2::Counter) -> Self {
        Self { total: new.total }
    }
}

impl TryFrom<v2::Counter> for Counter {
    type Error = String;
    fn try_from(old: v2::Counter) -> Result<Self, String> {
        let total = i64::try_from(old.total).map_err(|_| "the total has no sign left".to_owned())?;
        Ok(Self { total, calls: old.calls })
    }
}

impl TryFrom<Counter> for v2::Counter {
    type Error = &'static str;
    fn try_from(new: Counter) -> Result<Self, &'static str> {
        let total = u64::try_from(new.total).map_err(|_| "the total is below zero")?;
        Ok(Self { total, calls: new.calls })
    }
}

mod forgotten {
    /// A field more, the number as before.
    #[crate::state(version = 1)]
    #[derive(Debug)]
    pub struct Counter {
        pub total: u64,
        pub calls: u64,
    }
}

#[test]
fn tells_its_shapes() {
    let shapes = Counter::shapes();
    let of = |shapes: &[super::StateShape]| -> Vec<(u32, String)> {
        shapes.iter().map(|shape| (shape.version, shape.structure.clone())).collect()
    };
    assert_eq!((shapes.current.version, shapes.current.structure.as_str()), (5, "{total:i64,calls:u64}"));
    let chain = [(5, "{total:i64,calls:u64}"), (2, "{total:u64,calls:u64}"), (1, "{total:u64}")];
    let chain: Vec<_> = chain.iter().map(|(version, text)| (*version, (*text).to_owned())).collect();
    assert_eq!(of(&shapes.reads), chain);
    assert_eq!(of(&shapes.writes), chain);
}

#[test]
fn comes_up_the_whole_chain_and_goes_down_again() {
    let new: Counter = code_change(v1::Counter { total: 7 });
    assert_eq!(new, Counter { total: 7, calls: 0 });
    let old: v1::Counter = code_change(Counter { total: 7, calls: 3 });
    assert_eq!(old, v1::Counter { total: 7 });
}

#[test]
fn a_restore_is_exact() {
    let counter = Counter { total: -7, calls: 3 };
    let again: Counter = code_change(counter.clone());
    assert_eq!(again, counter);
}

#[test]
fn says_why_it_cannot() {
    let up = try_code_change::<_, Counter>(&v1::Counter { total: u64::MAX });
    assert_eq!(up, Err("the total has no sign left".to_owned()));
    let down = try_code_change::<_, v1::Counter>(&Counter { total: -1, calls: 0 });
    assert_eq!(down, Err("the total is below zero".to_owned()));
    let unknown = try_code_change::<_, forgotten::Counter>(&v1::Counter { total: 7 }).map(|_| ());
    assert_eq!(
        unknown,
        Err("version 1 was saved as {total:u64}, the new code's copy of it is {total:u64,calls:u64}".to_owned())
    );
    assert_eq!(v1::Counter { total: 7 }.save(3), Err("this code cannot save its state as version 3".to_owned()));
    let newer = Counter { total: 7, calls: 0 }.save(5).unwrap();
    assert_eq!(
        load::<v1::Counter>(5, &newer),
        Err("this code cannot take over from version 5 of the state".to_owned())
    );
}

#[test]
fn foreign_and_damaged_bytes_give_a_sentence() {
    let saved = v1::Counter { total: 7 }.save(1).unwrap();
    assert_eq!(load::<v1::Counter>(1, &saved), Ok(v1::Counter { total: 7 }));
    let why = |bytes: &[u8]| load::<v1::Counter>(1, bytes).unwrap_err();
    assert_eq!(why(b"{}"), "these bytes are not a state that changeling-guest has saved");
    assert_eq!(why(b""), why(b"{}"));
    assert_eq!(why(&saved[..saved.len() - 1]), "the state is damaged: it has 0 bytes and should have 1");
    let mut damaged = saved.clone();
    damaged[28] ^= 1;
    assert_eq!(why(&damaged), "the state is damaged: its checksum does not match");
    let mut later = saved.clone();
    later[4] = 2;
    assert_eq!(why(&later), "the state is in envelope 2, and this code only knows 1");
    assert_eq!(
        load::<v1::Counter>(3, &saved),
        Err("the state is said to be of version 3, and says itself that it is of 1".to_owned())
    );
    let other = forgotten::Counter { total: 7, calls: 1 }.save(1).unwrap();
    assert_eq!(why(&other), "version 1 was saved with another structure than this code's copy of it, {total:u64}");
}

/// Every truncation and every flipped bit of a saved state is answered, and none is taken for another state.
#[test]
fn no_damage_goes_unseen() {
    let state = Counter { total: 123_456_789, calls: 42 };
    let saved = state.save(5).unwrap();
    for length in 0..saved.len() {
        assert!(load::<Counter>(5, &saved[..length]).is_err(), "{length} bytes");
    }
    for bit in 0..saved.len() * 8 {
        let mut damaged = saved.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let reserved = (48..64).contains(&bit);
        assert!(load::<Counter>(5, &damaged).is_err() || reserved, "bit {bit}");
    }
}

#[test]
fn the_envelope_stays_as_it_is() {
    let saved = v1::Counter { total: 300 }.save(1).unwrap();
    let hex: String = saved.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "434853310100000001000000a12107acf47ad97002000000368065adac02");
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}
