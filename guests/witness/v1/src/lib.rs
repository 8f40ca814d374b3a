//! An actor that bears witness of what became of every note.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use changeling_guest::prelude::*;
use witness::Testimony;

guest!(Witness);

/// Tells these bytes from others: whoever makes such others writes another number here.
const MARK: &str = "mark 00000000";

#[state(version = 1)]
#[derive(Default)]
struct Witness {
    of: String,
    life: u64,
    count: u64,
    last: BTreeMap<String, u64>,
    reminded: u64,
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
fn says_what_it_was_told_before() {
    let mut witness = Witness { of: "it".into(), life: 7, ..Witness::default() };
    assert_eq!((witness.note("a".into(), 3).before, witness.note("b".into(), 1).before), (0, 0));
    let said = witness.note("a".into(), 4);
    assert_eq!((said.of.as_str(), said.life, said.count, said.before), ("it", 7, 3, 3));
    assert_eq!((said.mark.as_str(), witness.look().count), ("mark 00000000", 4));
}
