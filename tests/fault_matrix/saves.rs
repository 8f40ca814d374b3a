//! The `save` of the one that lives, and what is kept of it.

use std::time::Duration;

use serde_json::json;

use super::stage::{HASTY, Living, SHORT, UNLUCKY, both_ways, flawless, in_hand, living};
use crate::support::{Host, Receipt, bytes, scripted};

/// A `save` that errs leaves the actor as it was, with the upgrade refused; it goes over when it can be saved.
pub fn refused_by_the_old(script: &str, words: &str) {
    refused_over_a_state(script, "save", words, |living| {
        // What the older one did is held against no bytes: the same ones again are an offer.
        living.offered(&flawless()).settled();
    });
}

/// The same where the bytes are nothing that the newer version can read.
pub fn refused_by_the_new(script: &str, act: &str) {
    refused_over_a_state(script, act, "", |_| ());
}

fn refused_over_a_state(script: &str, act: &str, words: &str, then: fn(&Living)) {
    for manifest in both_ways(HASTY) {
        let living = Living::of_unlucky(&manifest, "", script);
        let receipt = living.offered_under_load(&flawless()).ended("refused");
        let (whose, refused_act, said) = receipt.refusal();
        assert_eq!((whose, refused_act), (Some("counter"), act), "{said}");
        assert!(said.contains(words), "{said}");
        assert_eq!(living.host.actor("counter")["restarts"], json!(0));
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(UNLUCKY + 1));
        then(&living);
        living.goes_on_at(&json!(UNLUCKY + 1));
    }
}

/// A `save` that dies loses the state that it was to save, and the receipt says so; the actor begins anew.
pub fn lost_by_the_old(script: &str, words: &str) {
    for manifest in both_ways(HASTY) {
        let living = Living::of_unlucky(&manifest, "", script);
        let receipt = living.offered_under_load(&flawless()).ended("refused").says("state is lost").says(words);
        let (whose, act, said) = receipt.refusal();
        assert_eq!((whose, act), (Some("counter"), "save"), "{said}");
        assert_eq!(living.host.actor("counter")["restarts"], json!(1));
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
        living.goes_on_at(&json!(1));
    }
}

impl Living {
    /// A scripted one whose fault is in what it does at the unlucky total.
    pub fn of_unlucky(manifest: &str, disk: &str, script: &str) -> Self {
        let host = Host::that_may_fail(manifest, disk);
        host.write_file("counter.wasm", &scripted(script));
        host.receipt_after("counter", 0).settled();
        assert_eq!(host.call("counter", "increment", json!([UNLUCKY])), json!(UNLUCKY));
        host.until("that upgrade is over", |host| in_hand(host).is_empty());
        let before = host.actor("counter");
        Self { host, total: UNLUCKY, before, state: Vec::new() }
    }
}

/// The upgrade waits as long as was said, and the one who saves is named; nobody else waits for it. It saves on where it
/// was, and its callers wait no longer than they want to.
pub fn an_endless_save_is_waited_for_no_longer_than_said() {
    let ways = both_ways(&format!("{HASTY}{SHORT}"));
    for (manifest, endless) in ways.iter().flat_map(|manifest| ENDLESS.map(|endless| (manifest, endless))) {
        let (living, receipt) = saving_on(manifest, endless);
        assert_eq!(living.host.call("other", "increment", json!([1])), json!(1));
        let late = living.host.run(&["call", "counter", "get", "--deadline", "50ms"]);
        assert_eq!(late.status.code(), Some(7), "{}", String::from_utf8_lossy(&late.stderr));
        let actor = living.host.actor("counter");
        assert_eq!((&actor["digest"], &actor["restarts"]), (&living.before["digest"], &json!(0)));
        assert_ne!(actor["digest"], receipt.0["to"]["digest"]);
    }
}

/// When it has had all the time that a `save` may take, it dies of that, which is told, and begins anew on what is current.
pub fn an_endless_save_ends() {
    for endless in ENDLESS {
        let (living, receipt) = saving_on(&format!("{HASTY}{SHORT}verify = \"none\"\n"), endless);
        living.host.until_within(LONG, "it has begun anew", |host| {
            host.actor("counter")["digest"] == receipt.0["to"]["digest"] && host.actor("counter")["state"] == "idle"
        });
        let crash = living.host.happenings().into_iter().find(|event| event["event"] == "crashed").expect("it died");
        // One that computes has a minute of CPU, and a minute of the clock; whichever is over first.
        let is_over = ["of CPU", "did not end within 60s"].iter().any(|words| crash.to_string().contains(words));
        assert!(crash["address"] == "counter" && is_over, "{crash}");
        assert_eq!(living.host.actor("counter")["restarts"], json!(1));
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
        living.goes_on_at(&json!(1));
    }
}

/// One computes, the other waits, which no bound on CPU sees.
const ENDLESS: [&str; 2] = ["save:loop@13", "save:wait@13"];
/// Longer than a minute of CPU takes, beside others.
const LONG: Duration = Duration::from_secs(600);

/// One whose `save` has no end, past the upgrade that gave up on it; and the receipt of that.
fn saving_on(manifest: &str, endless: &str) -> (Living, Receipt) {
    let living = Living::of_unlucky(manifest, "", endless);
    living.host.drop_in("other", "counter-v1").settled();
    let receipt = living.offered(&flawless()).ended("partial");
    assert_eq!(receipt.0["holders"], json!(["counter"]));
    (living, receipt)
}

/// It runs on to its end, and the actor goes on; it goes over when its `save` is quick again.
pub fn a_slow_save_is_not_now() {
    for manifest in both_ways(&format!("{HASTY}{SHORT}")) {
        let living = Living::of_unlucky(&manifest, "", "save:slow@13");
        let receipt = living.offered(&flawless()).ended("partial");
        assert_eq!((receipt.actors("switched"), receipt.actors("not_now")), (0, 1));
        assert_eq!(receipt.0["holders"], json!(["counter"]));
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(UNLUCKY + 1));
        living.host.until("it has gone over", |host| host.actor("counter")["digest"] == receipt.0["to"]["digest"]);
        assert_eq!(living.host.call("counter", "get", json!([])), json!(UNLUCKY + 1));
        assert_eq!(living.host.actor("counter")["restarts"], json!(0));
    }
}

/// A state that finds no room in memory and none on disk is not left: its actor stays where it is.
pub fn kept_states_need_a_disk(fault: &str, words: &str) {
    let manifest = HASTY.replace("[host]\n", "[host]\nkept-states = \"0B\"\n");
    let living = living(&manifest, fault);
    living.host.disk_refuses();
    let receipt = living.offered_under_load(&bytes("counter-v2")).ended("refused").says(words);
    assert_eq!(receipt.actors("switched"), 0);
    living.host.disk_takes();
    living.stays_untouched();
}
