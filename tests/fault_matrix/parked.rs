//! A state that was parked, and does not come back.

use std::fs;

use serde_json::{Value, json};

use super::stage::{HASTY, Living, TOTAL, YEAR, living};
use crate::support::{Brittle, scripted};

/// What is parked and cannot be restored stays there and is named; the actor begins anew.
pub fn stays_parked(script: &str, words: &str) {
    let mut living = Living::of(HASTY, "", &scripted(script), TOTAL);
    assert!(living.host.interrupt().success());
    living.host.start_again();
    living.begins_anew_and_names_it(words);
}

pub fn a_damaged_state_stays_parked() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    let parked = living.host.files("parked");
    let [parked] = parked.as_slice() else { panic!("not one is parked: {parked:?}") };
    let mut state = fs::read(parked).expect("it is readable");
    *state.last_mut().expect("it is not empty") ^= 1;
    fs::write(parked, state).expect("it is damaged");
    living.host.start_again();
    living.begins_anew_and_names_it("checksum");
}

impl Living {
    fn begins_anew_and_names_it(mut self, words: &str) {
        self.host.until("it is said", |host| {
            let named = |event: &Value| event["what"] == "the parked state of counter";
            host.happenings().iter().any(|event| named(event) && event.to_string().contains(words))
        });
        let parked = self.host.files("parked");
        let [parked] = parked.as_slice() else { panic!("not one is parked: {parked:?}") };
        let lost = fs::read(parked).expect("it is readable");
        assert_eq!(self.host.call("counter", "increment", json!([1])), json!(1));
        // The next one that is parked does not take its place.
        assert!(self.host.interrupt().success());
        let files = self.host.files("parked");
        assert!(
            files.len() == 2 && files.iter().any(|file| fs::read(file).is_ok_and(|bytes| bytes == lost)),
            "{files:?}"
        );
        self.host.start_again();
        self.goes_on_at(&json!(1));
    }
}

/// It is restored once more, and is no more than it was.
pub fn killed_before_it_is_no_longer_parked() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    assert_eq!(Brittle::start(living.host.dir(), "kill:remove:parked").end_of_itself().code, None);
    living.host.start_again();
    living.host.until("nothing is parked", |host| host.files("parked").is_empty());
    living.stays_untouched();
}

/// It runs all the same, that is said, and it is never restored from what is older than it.
pub fn a_parked_state_that_cannot_be_removed() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    let mut host = Brittle::start(living.host.dir(), "eacces:remove:parked");
    assert_eq!(host.call("counter", "increment", &json!([1])).map(|answer| answer.body), Some(json!(TOTAL + 1)));
    let end = host.end();
    assert!(end.code == Some(0) && end.log.contains("is not removed yet"), "{}", end.log);
    living.host.start_again();
    living.goes_on_at(&json!(TOTAL + 1));
}

pub fn the_clock_jumps_while_it_is_parked() {
    let mut living = living(HASTY, "");
    for jump in [YEAR, -YEAR] {
        assert!(living.host.interrupt().success());
        living.host.clock_jumps(jump);
        living.host.start_again();
        assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
    }
    living.stays_untouched();
}

pub fn the_file_vanishes_while_it_is_parked() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    fs::remove_file(living.host.dir().join("counter.wasm")).expect("it was there");
    living.host.start_again();
    living.stays_untouched();
}
