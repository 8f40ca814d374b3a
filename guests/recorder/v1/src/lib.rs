//! An actor that notices when a message is lost, doubled or out of turn.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use changeling_guest::prelude::*;

guest!(Recorder);

#[state(version = 1)]
#[derive(Default)]
struct Recorder {
    notes: BTreeMap<String, u64>,
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

    fn senders(&self) -> u64 {
        self.notes.len() as u64
    }
}

#[test]
fn notices_a_gap() {
    let mut recorder = Recorder::default();
    assert_eq!(recorder.note("alice".into(), 1), Ok(1));
    assert_eq!(recorder.note("bob".into(), 1), Ok(1));
    assert_eq!(recorder.note("alice".into(), 3), Err("alice sent 3 after 1".into()));
    assert_eq!((recorder.last("alice".into()), recorder.senders()), (1, 2));
}
