//! An upgrade in hand is turned back when one actor has gone over and counted on; the fault meets it on its way back. The
//! others' `save` takes so long that nothing is published meanwhile.

use std::fs;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::pair::{FIRST, ONE_BY_ONE, SECOND};
use super::stage::{HASTY, PATIENT, SCRIPT, TOTAL, UNLUCKY, YEAR, flawless, next_after};
use crate::support::{Host, Receipt, scripted};

/// What the first one is at when it is to go back.
const COUNTED_ON: u64 = TOTAL + 1;
/// Its turn does not come while the second one is waited for.
const THIRD: &str = "counter/c";

/// A pair, the first of which has gone over and counted on, and is to go back.
struct Turning {
    host: Host,
    older: Value,
    newer: Value,
    last: u64,
    /// It is answered when all are back.
    asked: JoinHandle<Option<u16>>,
}

/// It cannot be saved, or not so that the older version could read it: it stays where it is, with all that it counted.
pub fn stays_on_the_newer(fault: &str, words: &str) {
    let turning = Turning::of("", &scripted(&format!("{fault}@{COUNTED_ON}")));
    turning.left_behind(words);
    assert_eq!(turning.host.call(FIRST, "increment", json!([1])), json!(COUNTED_ON + 1));
    turning.goes_on_at([COUNTED_ON + 1, UNLUCKY]);
}

/// The older version does not take again what it gave: it stays where it is, too.
pub fn its_own_state_is_refused_by_the_older() {
    let host = Host::that_may_fail(&format!("{HASTY}{ONE_BY_ONE}"), "");
    host.write_file("counter.wasm", &scripted(&format!("code-change:err@{TOTAL}")));
    host.receipt_after("counter", 0).settled();
    for (actor, total) in [(FIRST, TOTAL), (SECOND, UNLUCKY)] {
        assert_eq!(host.call(actor, "increment", json!([total])), json!(total));
    }
    host.write_file("counter.wasm", &scripted(&format!("code-change:err@{UNLUCKY}")));
    let receipt =
        host.receipt_after("counter", 1).ended("rolled-back").says("did not take its own state again").says(SCRIPT);
    assert_eq!((receipt.actors("left_behind"), &receipt.0["holders"]), (1, &json!([FIRST])), "{}", receipt.0);
    assert_eq!(host.actor(FIRST)["digest"], receipt.0["to"]["digest"]);
    assert_eq!(host.actor(SECOND)["digest"], receipt.0["from"]["digest"]);
    both_go_on(&host, [TOTAL, UNLUCKY]);
}

/// Its `save` takes it down: it comes back as it was before it went over, and what it did since is said to be lost.
pub fn comes_back_as_it_was(fault: &str, words: &str) {
    Turning::of("", &scripted(&format!("{fault}@{COUNTED_ON}"))).has_come_back_as_it_was(words);
}

/// Nobody else waits for it, and its callers no longer than they want to.
pub fn an_endless_save_holds_up_nobody_else() {
    for fault in ENDLESS {
        let turning = Turning::of("", &scripted(&format!("{fault}@{COUNTED_ON}")));
        let late = turning.host.run(&["call", FIRST, "get", "--deadline", "50ms"]);
        assert_eq!(late.status.code(), Some(7), "{}", String::from_utf8_lossy(&late.stderr));
        assert_eq!(turning.host.call(SECOND, "increment", json!([1])), json!(UNLUCKY + 1));
        assert_eq!(turning.host.call("counter/new", "increment", json!([1])), json!(1));
        assert_eq!(turning.host.actor("counter/new")["digest"], turning.older);
        assert!(!turning.asked.is_finished());
    }
}

/// When it has had all the time that a `save` may take it dies of that, and comes back as it was.
pub fn an_endless_save_ends_on_the_way_back() {
    for fault in ENDLESS {
        let turning = Turning::of("", &scripted(&format!("{fault}@{COUNTED_ON}")));
        turning.host.until_within(LONG, "it is over", |host| host.last_receipt("counter") > turning.last);
        turning.has_come_back_as_it_was("");
    }
}

/// One computes, the other waits, which no bound on CPU sees.
const ENDLESS: [&str; 2] = ["save:loop", "save:wait"];
/// Longer than a minute of CPU takes, beside others.
const LONG: Duration = Duration::from_secs(600);

/// It goes back with all that it counted.
pub fn a_slow_save_is_waited_for() {
    slowly().all_are_back();
}

/// No state outlives that, nothing is current that was not, and the upgrade has a receipt that says so.
pub fn killed_on_the_way_back() {
    let Turning { mut host, older, last, .. } = slowly();
    host.kill();
    fs::remove_file(host.dir().join("counter.wasm")).expect("it was there");
    host.start_again();
    host.receipt_after("counter", last).ended("interrupted");
    assert_eq!(host.call(FIRST, "increment", json!([1])), json!(1));
    assert_eq!(host.actor(FIRST)["digest"], older);
    both_go_on(&host, [1, 0]);
}

/// Who goes back needs no disk; the receipt waits for it.
pub fn goes_back_without_a_disk(fault: &str) {
    let turning = Turning::that(fault, &flawless(), Host::disk_refuses);
    turning.host.until("it is back", |host| host.actor(FIRST)["digest"] == turning.older);
    turning.host.wait_for_log("is not written yet");
    assert_eq!(turning.host.call(FIRST, "get", json!([])), json!(COUNTED_ON));
    turning.host.disk_takes();
    turning.all_are_back();
}

pub fn the_clock_jumps_on_the_way_back() {
    let turning = slowly();
    turning.host.clock_jumps(YEAR);
    assert!(!turning.asked.is_finished(), "it was too late");
    turning.host.until("it is back", |host| host.actor(FIRST)["digest"] == turning.older);
    turning.host.clock_jumps(-YEAR);
    turning.all_are_back();
}

pub fn the_file_vanishes_on_the_way_back() {
    let turning = slowly();
    fs::remove_file(turning.host.dir().join("counter.wasm")).expect("it was there");
    assert!(!turning.asked.is_finished(), "it was too late");
    turning.all_are_back();
}

fn slowly() -> Turning {
    Turning::of("", &scripted(&format!("save:slow@{COUNTED_ON}")))
}

impl Turning {
    fn of(disk: &str, newer: &[u8]) -> Self {
        Self::that(disk, newer, |_| ())
    }

    /// The same, when something has happened to the world just before it was to turn back.
    fn that(disk: &str, newer: &[u8], happens: impl FnOnce(&Host)) -> Self {
        let host = Host::that_may_fail(&format!("{PATIENT}keyed = true\nparallel = 1\n"), disk);
        host.write_file("counter.wasm", &scripted(&format!("save:slow@{UNLUCKY}")));
        let last = host.receipt_after("counter", 0).settled().id();
        for (actor, total) in [(FIRST, TOTAL), (SECOND, UNLUCKY), (THIRD, UNLUCKY)] {
            assert_eq!(host.call(actor, "increment", json!([total])), json!(total));
        }
        host.prepare(newer);
        let older = host.actor(FIRST)["digest"].clone();
        host.write_file("counter.wasm", newer);
        host.until("the first one has gone over", |host| host.actor(FIRST)["digest"] != older);
        let newer = host.actor(FIRST)["digest"].clone();
        assert_eq!(host.call(FIRST, "increment", json!([1])), json!(COUNTED_ON));
        happens(&host);
        let asked = host.posting("/v1/components/counter/turn-back");
        host.until("it turns back", |host| host.get("/v1/components/counter").body["state"] == "turning-back");
        Self { host, older, newer, last, asked }
    }

    fn receipt(&self) -> Receipt {
        self.host.receipt_after("counter", self.last).ended("rolled-back").says("it was asked to turn back")
    }

    fn has_come_back_as_it_was(self, words: &str) {
        let receipt = self.receipt().says("what 1 messages did since the switch is lost").says(words);
        assert_eq!((receipt.actors("crashed"), receipt.actors("left_behind")), (1, 0), "{}", receipt.0);
        let actor = self.host.actor(FIRST);
        assert_eq!((&actor["digest"], &actor["restarts"]), (&self.older, &json!(1)));
        self.goes_on_at([TOTAL, UNLUCKY]);
    }

    /// The first one is; the second one is as it was.
    fn left_behind(&self, words: &str) {
        let receipt = self.receipt().says(words);
        assert_eq!((receipt.actors("left_behind"), &receipt.0["holders"]), (1, &json!([FIRST])), "{}", receipt.0);
        let actor = self.host.actor(FIRST);
        assert_eq!((&actor["digest"], &actor["restarts"]), (&self.newer, &json!(0)));
        let second = self.host.actor(SECOND);
        assert_eq!((&second["digest"], &second["restarts"]), (&self.older, &json!(0)));
    }

    fn all_are_back(self) {
        let receipt = self.receipt();
        let went = ["switched", "turned_back", "left_behind", "crashed"].map(|which| receipt.actors(which));
        assert_eq!(went, [0, 2, 0, 0], "{}", receipt.0);
        for actor in [FIRST, SECOND].map(|address| self.host.actor(address)) {
            assert_eq!((&actor["digest"], &actor["restarts"]), (&self.older, &json!(0)));
        }
        self.goes_on_at([COUNTED_ON, UNLUCKY]);
    }

    /// Who asked is answered, and a good version is taken by both, with these totals.
    fn goes_on_at(self, totals: [u64; 2]) {
        assert_eq!(self.asked.join().expect("it was asked"), Some(204));
        assert_eq!(self.host.post(&format!("/v1/actors/{}/stop", THIRD.replace('/', "%2F")), &[]).status, 204);
        both_go_on(&self.host, totals);
    }
}

fn both_go_on(host: &Host, totals: [u64; 2]) {
    let last = host.last_receipt("counter");
    host.write_file("counter.wasm", &next_after(&host.actor(FIRST)));
    host.receipt_after("counter", last).settled();
    for (actor, total) in [FIRST, SECOND].into_iter().zip(totals) {
        assert_eq!(host.call(actor, "get", json!([])), json!(total), "{actor}");
    }
    let versions = host.get("/v1/components/counter").body["versions"].clone();
    assert_eq!(versions.as_array().map(Vec::len), Some(1), "{versions}");
}
