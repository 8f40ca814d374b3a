//! The witness that also knows how often it has changed its code. It takes over from the first one, and can go back.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use changeling_guest::prelude::*;
use witness::Testimony;

guest!(Witness from "../v1/wit");

/// Tells these bytes from others: whoever makes such others writes another number here.
const MARK: &str = "mark 00000000";

#[state(version = 2, from = v1::Witness, down)]
#[derive(Default)]
struct Witness {
    of: String,
    life: u64,
    count: u64,
    last: BTreeMap<String, u64>,
    reminded: u64,
    changes: u64,
}

mod v1 {
    use std::collections::BTreeMap;

    use changeling_guest::prelude::*;

    #[state(version = 1)]
    pub struct Witness {
        pub of: String,
        pub life: u64,
        pub count: u64,
        pub last: BTreeMap<String, u64>,
        pub reminded: u64,
    }
}

impl From<v1::Witness> for Witness {
    fn from(old: v1::Witness) -> Self {
        let v1::Witness { of, life, count, last, reminded } = old;
        Self { of, life, count, last, reminded, changes: 1 }
    }
}

impl From<Witness> for v1::Witness {
    fn from(new: Witness) -> Self {
        let Witness { of, life, count, last, reminded, .. } = new;
        Self { of, life, count, last, reminded }
    }
}

#[actor]
impl Lifecycle for Witness {
    fn init(start: Start) -> Result<Self, String> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|why| why.to_string())?;
        Ok(Self { of: start.address, life: since.as_nanos() as u64, ..Self::default() })
    }
}

#[actor]
impl Info for Witness {
    fn handle_info(&mut self, message: Message) {
        if let Message::Timer(_) = message {
            self.reminded += 1;
        }
    }
}

impl Witness {
    fn testimony(&mut self, before: u64) -> Testimony {
        self.count += 1;
        let Self { ref of, life, count, reminded, .. } = *self;
        // Were it known to the compiler, it would not stand in the bytes as it is.
        let mark = black_box(MARK).to_owned();
        Testimony { mark, of: of.clone(), life, count, before, reminded }
    }
}

#[actor]
impl witness::Guest for Witness {
    fn note(&mut self, sender: String, number: u64) -> Testimony {
        let before = self.last.insert(sender, number).unwrap_or_default();
        self.testimony(before)
    }

    fn remind(&mut self, ms: u64) -> Testimony {
        process::send_after(Duration::from_millis(ms), "remind");
        self.testimony(0)
    }

    fn look(&mut self) -> Testimony {
        self.testimony(0)
    }

    fn work(&mut self, ms: u64) -> u64 {
        let (begin, mut looks) = (Instant::now(), 0);
        while begin.elapsed() < Duration::from_millis(ms) {
            looks += 1;
        }
        looks
    }
}

#[test]
fn keeps_what_it_knows_both_ways() {
    let last = BTreeMap::from([("a".to_owned(), 4)]);
    let old = v1::Witness { of: "it".into(), life: 7, count: 3, last, reminded: 2 };
    let mut witness: Witness = code_change(old);
    let said = witness.note("a".into(), 5);
    assert_eq!((said.of.as_str(), said.life, said.count, said.before, said.reminded), ("it", 7, 4, 4, 2));
    assert_eq!(witness.changes, 1);
    let old: v1::Witness = code_change(witness);
    assert_eq!((old.count, old.last["a"]), (4, 5));
}
