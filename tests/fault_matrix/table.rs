//! The disk refuses, or the host is killed, where the table says what is in hand and what is current.

use std::fs;

use serde_json::json;

use super::stage::{HASTY, Living, PATIENT, flawless, in_hand, living};
use crate::support::{Host, Receipt, bytes, scripted};

/// The disk fails while a version is deployed: it is refused in the system's words, and taken when the disk is well.
pub fn refused_by_the_disk(fault: &str, words: &str) {
    let living = living(HASTY, fault);
    living.host.disk_refuses();
    let refused = living.host.post("/v1/deploy?component=counter&wait=60s", &bytes("counter-v2"));
    assert!(refused.body.to_string().contains(words), "{fault}: {}", refused.body);
    // It was no upgrade yet, or its receipt says so.
    assert!(refused.status == 409 || refused.body["outcome"] == "refused", "{fault}: {refused:?}");
    living.host.disk_takes();
    living.stays_untouched();
}

/// The disk fails when the actor has switched, and the table is to say so: it turns back.
pub fn turned_back_by_the_disk(fault: &str, words: &str) {
    let living = living(HASTY, fault);
    living.host.disk_refuses();
    let receipt = Receipt(living.host.post("/v1/deploy?component=counter&wait=60s", &bytes("counter-v2")).body);
    let receipt = receipt.ended("rolled-back").says(words);
    assert_eq!((receipt.actors("switched"), receipt.actors("turned_back")), (0, 1), "{}", receipt.0);
    living.host.disk_takes();
    living.stays_untouched();
}

/// What is current after a kill, and what there is of the upgrade.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// It was not in hand yet.
    AsItWas,
    /// The version as it was; the upgrade is *interrupted*.
    Interrupted,
    /// The new version; the upgrade is *interrupted* all the same, since it was not over.
    New,
    /// The new version, and the upgrade has its receipt.
    Settled,
}

/// The host is killed at this change of its disk while a good version is taken.
pub fn killed_at(fault: &str, comes: Comes) {
    let mut living = living(HASTY, fault);
    living.host.disk_refuses();
    living.host.put("counter", "counter-v2");
    assert!(!living.host.wait().success());
    living.host.disk_takes();
    living.comes_back(comes);
}

/// The host is killed in this act of a slow candidate, which begins with the step after which it is looked for.
pub fn killed_in(script: &str, after: &str) {
    let mut living = living(PATIENT, "");
    living.host.write_file("counter.wasm", &scripted(script));
    living.host.until_upgrade_is("counter", after);
    living.host.kill();
    living.comes_back(if after == "switching" { Comes::Interrupted } else { Comes::AsItWas });
}

/// The same of the current version's `save`.
pub fn killed_while_the_old_saves(script: &str) {
    let mut living = Living::of_unlucky(PATIENT, "", script);
    living.host.write_file("counter.wasm", &flawless());
    living.host.until_upgrade_is("counter", "switching");
    living.host.kill();
    living.comes_back(Comes::Interrupted);
}

impl Living {
    /// After a kill: the version is the one that it must be, its state begins anew, which is said; the upgrade has a true
    /// receipt where it was in hand, and a good version is taken.
    pub fn comes_back(mut self, comes: Comes) {
        fs::remove_file(self.host.dir().join("counter.wasm")).expect("it was there");
        let in_hand = in_hand(&self.host);
        self.host.start_again();
        let said = self.host.first_lines().join("\n");
        assert!(said.contains("the last host was killed"), "{said}");
        let actor = self.host.actor("counter");
        let (is_new, outcome) = match comes {
            Comes::AsItWas => (false, None),
            Comes::Interrupted => (false, Some("interrupted")),
            Comes::New => (true, Some("interrupted")),
            Comes::Settled => (true, Some("settled")),
        };
        assert_eq!(actor["digest"] != self.before["digest"], is_new, "{actor}");
        let receipts = self.host.receipts("counter");
        let since: Vec<_> = receipts.iter().filter(|it| it.id() > 1).map(|it| (it.id(), Some(it.outcome()))).collect();
        assert_eq!(in_hand.len(), usize::from(outcome.is_some()), "{in_hand:?} are in hand");
        assert_eq!(since, in_hand.into_iter().map(|id| (id, outcome)).collect::<Vec<_>>());
        assert_eq!(self.host.call("counter", "increment", json!([1])), json!(1));
        self.goes_on_at(&json!(1));
    }
}

/// There was nothing before, so there is nothing after.
pub fn killed_in_its_first_init() {
    let mut host = Host::that_may_fail(PATIENT, "");
    host.write_file("counter.wasm", &scripted("init:slow"));
    host.until_upgrade_is("counter", "verified");
    host.kill();
    fs::remove_file(host.dir().join("counter.wasm")).expect("it was there");
    host.start_again();
    assert_eq!(host.try_call("counter", "get", json!([])).problem(), "no-such-component");
    host.drop_in("counter", "counter-v1").settled();
    assert_eq!(host.call("counter", "increment", json!([1])), json!(1));
}
