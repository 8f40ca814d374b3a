//! The second recorder, but that it cannot be saved as the first one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use changeling_guest::prelude::*;

guest!(Recorder from "../v2/wit");

#[state(version = 2, from = v1::Recorder)]
#[derive(Default)]
struct Recorder {
    notes: BTreeMap<String, u64>,
    moved: bool,
}

mod v1 {
    use std::collections::BTreeMap;

    use changeling_guest::prelude::*;

    #[state(version = 1)]
    pub struct Recorder {
        pub notes: BTreeMap<String, u64>,
    }
}

impl From<v1::Recorder> for Recorder {
    fn from(old: v1::Recorder) -> Self {
        Self { notes: old.notes, moved: true }
    }
}

#[actor]
impl recorder::Guest for Recorder {
    fn note(&mut self, sender: String, number: u64) -> Result<u64, String> {
        let last = self.last(sender.clone());
        if number != last + 1 {
            return Err(format!("{sender} sent {number} after {last}"));
        }
        self.notes.insert(sender, number);
        Ok(number)
    }

    fn last(&self, sender: String) -> u64 {
        self.notes.get(&sender).copied().unwrap_or_default()
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
fn keeps_the_notes() {
    let notes = BTreeMap::from([("alice".to_owned(), 7)]);
    let recorder: Recorder = code_change(v1::Recorder { notes });
    assert!(recorder.moved);
    assert_eq!(recorder.last("alice".into()), 7);
}
