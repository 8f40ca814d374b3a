//! The clock jumps, or the file vanishes, while something holds an upgrade in one step.

use std::fs;
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::stage::{Living, PATIENT, TOTAL, YEAR, flawless, living};
use crate::support::{Answer, Host, Receipt, scripted};

/// The clock goes a year ahead in this act of a slow candidate, which begins with the step; and two years back after it.
pub fn the_clock_jumps_in(script: &str, step: &str) {
    living(PATIENT, "").takes_it_whatever_the_clock_says(&scripted(script), step);
}

/// Its file is removed in this act of a slow candidate: its bytes were copied.
pub fn the_file_vanishes_in(script: &str, step: &str) {
    living(PATIENT, "").takes_it_without_its_file(&scripted(script), step);
}

/// The same in the current version's `save`.
pub fn the_clock_jumps_while_the_old_saves(script: &str) {
    Living::of_unlucky(PATIENT, "", script).takes_it_whatever_the_clock_says(&flawless(), "switching");
}

pub fn the_file_vanishes_while_the_old_saves(script: &str) {
    Living::of_unlucky(PATIENT, "", script).takes_it_without_its_file(&flawless(), "switching");
}

/// The same while an actor that is at work is waited for, to be switched.
pub fn the_clock_jumps_while_one_is_at_work() {
    let (living, work) = at_work();
    living.takes_it_whatever_the_clock_says(&flawless(), "switching");
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
}

pub fn the_file_vanishes_while_one_is_at_work() {
    let (living, work) = at_work();
    living.takes_it_without_its_file(&flawless(), "switching");
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
}

fn at_work() -> (Living, JoinHandle<Answer>) {
    let living = Living::of(PATIENT, "", &scripted("ask:slow"), TOTAL);
    living.host.prepare(&flawless());
    let work = living.host.at_work("counter", "ask", json!([]));
    (living, work)
}

impl Living {
    /// Something happens to the world while this version is on its way, in this step; it is taken all the same.
    fn takes_it_while(&self, version: &[u8], step: &str, happens: impl FnOnce(&Host)) -> Receipt {
        let last = self.host.last_receipt("counter");
        self.host.write_file("counter.wasm", version);
        happens_in(&self.host, "counter", step, happens);
        self.host.receipt_after("counter", last).settled()
    }

    fn takes_it_whatever_the_clock_says(self, version: &[u8], step: &str) {
        let receipt = self.takes_it_while(version, step, |host| host.clock_jumps(YEAR));
        let pause = receipt.0["pause_us"]["max"].as_u64().expect("it paused");
        assert!(pause < 60_000_000, "a pause of a year: {}", receipt.0);
        self.host.clock_jumps(-YEAR);
        self.goes_on();
    }

    fn takes_it_without_its_file(self, version: &[u8], step: &str) {
        let file = self.host.dir().join("counter.wasm");
        self.takes_it_while(version, step, |_| fs::remove_file(file).expect("it was there"));
        self.goes_on();
    }

    /// With the total that it had before.
    fn goes_on(self) {
        let total = self.total;
        self.goes_on_at(&json!(total));
    }
}

/// The upgrade that is on its way comes to this step, and is in it still when something has happened.
pub fn happens_in(host: &Host, component: &str, step: &str, happens: impl FnOnce(&Host)) {
    host.until_upgrade_is(component, step);
    happens(host);
    let events = host.happenings();
    let is_step = |event: &&Value| event["event"] == "upgrading" && event["component"] == component;
    assert_eq!(events.iter().rev().find(is_step).map(|event| &event["step"]), Some(&json!(step)), "it was too late");
}
