//! Two actors of one component, the first of which has gone over when the second meets the fault: it goes back, and both
//! are what they were.

use serde_json::{Value, json};

use super::stage::{HASTY, TOTAL, UNLUCKY, flawless, next_after, refused};
use crate::support::{Host, Receipt, bytes, scripted};

pub const FIRST: &str = "counter/a";
pub const SECOND: &str = "counter/b";
/// One after the other, and none is tried on a copy before.
pub const ONE_BY_ONE: &str = "keyed = true\nparallel = 1\nverify = \"none\"\n";

/// Two counters that live, the second at the unlucky total, and what they were before something went wrong.
struct Pair {
    host: Host,
    before: [Value; 2],
    /// The first one's. The other may be one that cannot be saved, not even to be looked at.
    state: Vec<u8>,
}

/// Whoever meets this fault of a candidate goes on in its old instance: the upgrade is refused in this act and in these
/// words, or rolled back where another actor had switched.
pub fn keeps(fault: &str, act: &str, words: &str) {
    refused(fault, act, words);
    let pair = Pair::of(HASTY, "", &bytes("counter-v1"));
    pair.rolls_back(&scripted(&format!("{fault}@{UNLUCKY}")), act, words);
    pair.stays_untouched();
}

/// The same of a current version whose `save` fails, or gives what nobody can read.
pub fn rolled_back_by_the_old(script: &str, act: &str, words: &str) {
    let pair = Pair::of(HASTY, "", &scripted(script));
    pair.rolls_back(&flawless(), act, words);
    for actor in [FIRST, SECOND] {
        pair.is_as_it_was(actor);
    }
    // Now it can be saved.
    assert_eq!(pair.host.call(SECOND, "increment", json!([1])), json!(UNLUCKY + 1));
    pair.goes_on_at([TOTAL, UNLUCKY + 1]);
}

/// Where that `save` dies, it takes the state that it was to save with it, and no other.
pub fn rolled_back_and_lost(script: &str, words: &str) {
    let pair = Pair::of(HASTY, "", &scripted(script));
    let receipt = pair.rolls_back(&flawless(), "save", words).says("state is lost");
    assert_eq!(receipt.actors("crashed"), 1);
    pair.is_as_it_was(FIRST);
    assert_eq!(pair.host.call(SECOND, "increment", json!([1])), json!(1));
    assert_eq!(pair.host.actor(SECOND)["restarts"], json!(1));
    pair.goes_on_at([TOTAL, 1]);
}

/// The disk took what the first one was before, and does not take the second one's.
pub fn rolled_back_for_want_of_a_disk(fault: &str, words: &str) {
    let manifest = HASTY.replace("[host]\n", "[host]\nkept-states = \"0B\"\n");
    let pair = Pair::of(&manifest, fault, &bytes("counter-v1"));
    pair.host.disk_refuses();
    pair.rolls_back(&bytes("counter-v2"), "keep", words);
    pair.host.disk_takes();
    assert_eq!(pair.host.files("kept").len(), 0);
    pair.stays_untouched();
}

impl Pair {
    fn of(manifest: &str, disk: &str, version: &[u8]) -> Self {
        let host = Host::that_may_fail(&format!("{manifest}{ONE_BY_ONE}"), disk);
        host.write_file("counter.wasm", version);
        host.receipt_after("counter", 0).settled();
        for (actor, total) in [(FIRST, TOTAL), (SECOND, UNLUCKY)] {
            assert_eq!(host.call(actor, "increment", json!([total])), json!(total));
        }
        let before = [FIRST, SECOND].map(|actor| host.actor(actor));
        let state = host.state(FIRST);
        Self { host, before, state }
    }

    /// A version is rolled back for the second one's sake, while calls of the first flow, none of which fails.
    fn rolls_back(&self, version: &[u8], act: &str, words: &str) -> Receipt {
        let last = self.host.last_receipt("counter");
        let calls = self.host.load(2, FIRST, "get", json!([]));
        self.host.write_file("counter.wasm", version);
        let receipt = self.host.receipt_after("counter", last).ended("rolled-back");
        calls.end();
        let (whose, refused_act, said) = receipt.refusal();
        assert_eq!((whose, refused_act, &receipt.0["step"]), (Some(SECOND), act, &json!("switching")), "{said}");
        assert!(said.contains(words), "{said}");
        let went = ["switched", "turned_back", "left_behind"].map(|which| receipt.actors(which));
        assert_eq!(went, [0, 1, 0], "{}", receipt.0);
        receipt
    }

    fn is_as_it_was(&self, address: &str) {
        let (actor, before) = (self.host.actor(address), &self.before[usize::from(address == SECOND)]);
        for of in ["digest", "label", "restarts", "address"] {
            assert_eq!(actor[of], before[of], "{of} of {address}");
        }
        if address == FIRST {
            assert_eq!(self.host.state(address), self.state);
        }
    }

    fn stays_untouched(self) {
        self.is_as_it_was(FIRST);
        self.is_as_it_was(SECOND);
        self.goes_on_at([TOTAL, UNLUCKY]);
    }

    /// A good version is taken by both, with these totals.
    fn goes_on_at(self, totals: [u64; 2]) {
        let last = self.host.last_receipt("counter");
        self.host.write_file("counter.wasm", &next_after(&self.host.actor(FIRST)));
        let receipt = self.host.receipt_after("counter", last).settled();
        assert_eq!(receipt.actors("switched"), 2);
        for (actor, total) in [FIRST, SECOND].into_iter().zip(totals) {
            assert_eq!(self.host.call(actor, "get", json!([])), json!(total), "{actor}");
        }
    }
}
