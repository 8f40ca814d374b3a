//! What is done in a cell of the matrix, and how it is judged: a counter lives, something goes wrong, and what must not
//! have changed has not, and the next good version is taken.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Host, Receipt, bytes, scripted, variant};

/// What the scripted guest says when it errs or panics.
pub const SCRIPT: &str = "does as the script says";
/// Limits that anything slow or endless meets soon.
pub const HASTY: &str = "[host]\nsettle = \"20ms\"\nstalled = \"200ms\"\n\
                     [components.counter]\ncpu = \"100ms\"\nchange-budget = \"100ms\"\n";
/// Limits that what is slow stays within. Nothing is tried on a copy before, so that what is slow is so when it is live.
pub const PATIENT: &str = "[host]\nsettle = \"20ms\"\n\
                       [components.counter]\ncpu = \"20s\"\nchange-budget = \"20s\"\nverify = \"none\"\n";
/// What the counter is at before anything goes wrong.
pub const TOTAL: u64 = 40;
/// What one is at whose fault is in its `save`: versions are tried on 0 before they are taken, and must pass.
pub const UNLUCKY: u64 = 13;
pub const YEAR: i64 = 365 * 24 * 3_600 * 1_000;

pub const SHORT: &str = "save-limit = \"100ms\"\nhold-timeout = \"100ms\"\ndrain-timeout = \"300ms\"\n";

/// A counter that lives, and what it was before something went wrong.
pub struct Living {
    pub host: Host,
    pub total: u64,
    pub before: Value,
    pub state: Vec<u8>,
}

/// The first version, at its total.
pub fn living(manifest: &str, disk: &str) -> Living {
    Living::of(manifest, disk, &bytes("counter-v1"), TOTAL)
}

/// The upgrades that its table says are in hand.
pub fn in_hand(host: &Host) -> BTreeSet<u64> {
    crate::support::in_hand(&host.dir().join(".changeling"))
}

/// A good version after a scripted one: with the same exports, and without a fault.
pub fn flawless() -> Vec<u8> {
    scripted("none")
}

impl Living {
    pub fn of(manifest: &str, disk: &str, version: &[u8], total: u64) -> Self {
        let host = Host::that_may_fail(manifest, disk);
        host.write_file("counter.wasm", version);
        host.receipt_after("counter", 0).settled();
        assert_eq!(host.call("counter", "increment", json!([total])), json!(total));
        // What is written from here on is written for the sake of what comes.
        host.until("that upgrade is over", |host| in_hand(host).is_empty());
        let (before, state) = (host.actor("counter"), host.state("counter"));
        Self { host, total, before, state }
    }

    /// Drops a version in; its receipt.
    pub fn offered(&self, version: &[u8]) -> Receipt {
        let last = self.host.last_receipt("counter");
        self.host.write_file("counter.wasm", version);
        self.host.receipt_after("counter", last)
    }

    /// Drops a version in while calls flow, none of which fails; its receipt.
    pub fn offered_under_load(&self, version: &[u8]) -> Receipt {
        let calls = self.host.load(2, "counter", "get", json!([]));
        let receipt = self.offered(version);
        calls.end();
        receipt
    }

    /// Nothing has changed: version, state, restarts; and a good version is taken with that state.
    pub fn stays_untouched(self) {
        let Self { host, before, state, .. } = &self;
        let actor = host.actor("counter");
        for of in ["digest", "label", "restarts", "address"] {
            assert_eq!(actor[of], before[of], "{of}");
        }
        assert_eq!(&host.state("counter"), state);
        let total = host.call("counter", "get", json!([]));
        self.goes_on_at(&total);
    }

    /// A good version is taken, with this total, and is all that is kept.
    pub fn goes_on_at(self, total: &Value) {
        self.offered(&next_after(&self.host.actor("counter"))).settled();
        assert_eq!(&self.host.call("counter", "get", json!([])), total);
        let versions = self.host.get("/v1/components").body["components"][0]["versions"].clone();
        assert_eq!(versions.as_array().map(Vec::len), Some(1), "{versions}");
    }
}

/// A good version that this actor's can be followed by.
pub fn next_after(actor: &Value) -> Vec<u8> {
    match actor["label"].as_str() {
        Some("0.1.0") => variant("counter-v2", "next"),
        Some("0.2.0") => variant("counter-v1", "next"),
        _ => scripted("next"),
    }
}

/// A candidate of which no instance can be had is refused in these words as soon as it is loaded: its shapes are asked for.
pub fn never_starts(script: &str, words: &str) {
    refused_at("compiled", HASTY, script, "instantiation", words);
}

/// A candidate with this fault, which its proof does not meet but the counter's total does, is refused in this act and in
/// these words: when it is rehearsed and, where it need not be, when the actor is switched to it.
pub fn refused(fault: &str, act: &str, words: &str) {
    for (step, manifest) in ["verified", "switching"].into_iter().zip(both_ways(HASTY)) {
        refused_at(step, &manifest, &format!("{fault}@{TOTAL}"), act, words);
    }
}

pub fn refused_at(step: &str, manifest: &str, script: &str, act: &str, words: &str) {
    let living = living(manifest, "");
    let receipt = living.offered_under_load(&scripted(script)).ended("refused");
    let (_, refused_act, said) = receipt.refusal();
    assert!(refused_act == act && said.contains(words), "{script} in {refused_act}: {said}");
    assert_eq!((&receipt.0["component"], &receipt.0["step"]), (&json!("counter"), &json!(step)), "{script}");
    assert_eq!(receipt.actors("switched"), 0);
    living.stays_untouched();
}

/// The same of a first version: there is no component then, and a good one becomes it.
pub fn not_loaded(script: &str, act: &str, words: &str) {
    let host = Host::that_may_fail(HASTY, "");
    host.write_file("counter.wasm", &scripted(script));
    let receipt = host.receipt_after("counter", 0).ended("refused");
    let (_, refused_act, said) = receipt.refusal();
    assert!(refused_act == act && said.contains(words), "{script} in {refused_act}: {said}");
    assert_eq!(host.try_call("counter", "get", json!([])).problem(), "no-such-component");
    host.drop_in("counter", "counter-v1").settled();
    assert_eq!(host.call("counter", "increment", json!([1])), json!(1));
}

/// The manifest, and how versions are tried: on a copy first, or on the actor itself at once.
pub fn both_ways(manifest: &str) -> [String; 2] {
    ["\"all\"", "\"none\""].map(|verify| format!("{manifest}verify = {verify}\n"))
}
