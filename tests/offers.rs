//! Which files become upgrades, and which do not: the newest wins, verdicts stand, the same bytes are nothing new.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::{Host, bytes, variant};

#[test]
fn what_is_no_component_is_named_and_changes_nothing() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([2]));

    host.write_file("counter.wasm", b"\0asm\x01\0\0\0");
    let line = host.wait_for_log("counter.wasm");
    assert!(line.contains("core module"), "{line}");
    host.write_file("Counter.wasm", b"");
    host.wait_for_log("Counter.wasm");

    assert_eq!(host.call("counter", "get", json!([])), json!(2));
}

#[test]
fn the_same_bytes_again_change_nothing_and_that_is_said() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    for file in ["counter@again", "counter", "counter"] {
        host.put(file, "counter-v1");
        let line = host.wait_for_log(&format!("{file}.wasm"));
        assert!(line.contains("changes nothing: counter runs these bytes already"), "{line}");
    }
    let bytes = std::fs::read(host.dir().join("counter.wasm")).expect("it lies there");
    let deployed = host.deploy("counter", &bytes);
    assert_eq!((deployed.status, &deployed.body["$type"]), (200, &json!("changeling.nothing/1")), "{}", deployed.body);
    assert_eq!(host.receipts("counter").len(), 1);
}

#[test]
fn the_version_from_two_versions_ago_is_an_upgrade_like_any_other() {
    let host = Host::start();
    let first = host.drop_in("counter", "counter-v1").settled();
    host.drop_in("counter", "counter-v2").settled();
    host.drop_in_variant("counter", "counter-v2", "3").settled();
    host.call("counter", "increment", json!([4]));

    let receipt = host.drop_in("counter", "counter-v1").settled();

    assert_eq!(receipt.0["to"], first.0["to"]);
    assert_eq!(receipt.actors("switched"), 1);
    assert_eq!(host.call("counter", "get", json!([])), json!(4));
}

#[test]
fn what_was_refused_is_not_tried_again_until_somebody_says_deploy() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let refused = host.drop_in("counter", "counter-change-errs").ended("refused");
    // Under another name, and under the same one after something else lay there.
    host.put("counter@again", "counter-change-errs");
    host.wait_for_log("counter@again.wasm changes nothing: refused before");
    host.put("counter", "counter-v1");
    host.wait_for_log("counter.wasm changes nothing");
    host.put("counter", "counter-change-errs");
    host.wait_for_log("counter.wasm changes nothing: refused before");
    assert_eq!(host.last_receipt("counter"), refused.id());

    let deployed = host.deploy("counter", &variant("counter-change-errs", ""));
    assert_eq!(deployed.status, 202, "other bytes are another version: {}", deployed.body);
    host.receipt_after("counter", refused.id()).ended("refused");

    let bytes = std::fs::read(host.dir().join("counter.wasm")).expect("it lies there");
    let last = host.last_receipt("counter");
    let deployed = host.deploy("counter", &bytes);
    assert_eq!(deployed.status, 202, "{}", deployed.body);
    let again = host.receipt_after("counter", last).ended("refused");
    assert_eq!(again.0["to"], refused.0["to"]);
    assert_eq!(again.0["asked_by"]["by"], "deploy");
}

#[test]
fn of_files_dropped_together_the_newest_wins() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let last = host.last_receipt("counter");
    assert!(host.interrupt().success());
    let now = SystemTime::now();
    for (age, name) in [(5, "counter@c"), (0, "counter@a"), (10, "counter@b")] {
        let path = host.dir().join(format!("{name}.wasm"));
        std::fs::write(&path, variant("counter-v2", name)).expect("the file is written");
        let file = std::fs::File::open(&path).expect("it is there");
        file.set_modified(now - Duration::from_secs(age)).expect("its time is set");
    }
    host.start_again();
    host.until("all three have a receipt", |host| host.receipts("counter").len() == 4);

    // They are taken by age. How many of the older ones have begun before a newer one is seen is a matter of speed.
    let receipts = host.receipts("counter");
    let files: Vec<_> = receipts[..3].iter().map(|receipt| receipt.0["asked_by"]["file"].clone()).collect();
    assert_eq!(files, ["counter@a.wasm", "counter@c.wasm", "counter@b.wasm"]);
    let newest = receipts[0].clone().settled();
    assert_eq!(newest.id(), last + 3);
    assert_eq!(host.actor("counter")["digest"], newest.0["to"]["digest"]);
    for older in &receipts[1..3] {
        assert!(["superseded", "settled"].contains(&older.outcome()), "{}", older.0);
    }
}

#[test]
fn what_comes_during_an_upgrade_waits_and_the_newest_of_those_wins() {
    let host = Host::with_manifest("[components.recorder]\ncpu = \"30s\"\nverify = \"none\"\n");
    host.prepare(&bytes("recorder-v2"));
    host.drop_in("recorder", "recorder-v1").settled();
    host.call("recorder", "note", json!(["x", 1]));
    let work = host.at_work("recorder", "work", json!([2_000]));
    let last = host.last_receipt("recorder");
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    for mark in ["older", "newer"] {
        let deployed = host.deploy("recorder", &variant("recorder-v2", mark));
        assert_eq!(deployed.status, 202, "{}", deployed.body);
    }
    assert!(!work.is_finished());
    host.until("all three have a receipt", |host| host.receipts("recorder").len() == 4);

    let outcome = |id| host.receipts("recorder").into_iter().find(|r| r.id() == id).map(|r| r.outcome().to_owned());
    assert_eq!(outcome(last + 1).as_deref(), Some("settled"));
    assert_eq!(outcome(last + 2).as_deref(), Some("superseded"));
    assert_eq!(outcome(last + 3).as_deref(), Some("settled"));
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!(host.call("recorder", "last", json!(["x"])), json!(1));
}

#[test]
fn what_a_limit_stood_in_the_way_of_is_judged_again_when_the_manifest_allows_more() {
    let host = Host::with_manifest("[components.counter]\nmemory = \"64KiB\"\n");
    let first = host.drop_in("counter", "counter-v1").ended("refused").says("memory: it asked for");
    // Somebody else's setting changes nothing.
    host.write_file("changeling.toml", b"[components.counter]\nmemory = \"64KiB\"\n[components.other]\ncpu = \"2s\"\n");
    host.wait_for_log("components.other");

    host.write_file("changeling.toml", b"[components.counter]\nmemory = \"65KiB\"\n");
    let second = host.receipt_after("counter", first.id()).ended("refused").says("memory: it asked for");
    host.write_file("changeling.toml", b"[components.counter]\nmemory = \"8MiB\"\n");
    host.receipt_after("counter", second.id()).settled();

    assert_eq!(host.call("counter", "get", json!([])), json!(0));
    assert_eq!(host.receipts("counter").len(), 3);
}

#[test]
fn what_a_limit_stood_in_the_way_of_is_judged_again_when_it_is_copied_again() {
    let host = Host::with_manifest("[components.counter]\nmemory = \"64KiB\"\n");
    host.drop_in("counter", "counter-v1").ended("refused");
    host.drop_in("counter", "counter-v1").ended("refused").says("memory: it asked for");
}

#[test]
fn after_a_removal_the_next_copy_of_the_same_bytes_is_an_offer_and_what_lies_there_is_none() {
    let host = Host::start();
    let first = host.drop_in("counter", "counter-v1").settled();
    assert!(host.run(&["remove", "counter"]).status.success());
    // Whatever lay there would be told before this.
    host.drop_in("other", "counter-v1").settled();
    assert_eq!(host.last_receipt("counter"), first.id());

    host.drop_in("counter", "counter-v1").settled();

    assert_eq!(host.call("counter", "get", json!([])), json!(0));
}

#[test]
fn an_export_that_the_manifest_names_is_kept_until_it_names_it_no_more() {
    let host = Host::with_manifest("[components.counter]\nkeep-exports = [\"demo:counter/counter\"]\n");
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("counter", "counter-v2").settled();

    let refused = host.drop_in("counter", "counter-v1").ended("refused");

    let (_, act, words) = refused.refusal();
    let says = [
        "counter 0.2.0 exports demo:counter/counter#calls",
        "0.1.0 does not export it",
        "take \"demo:counter/counter\" out",
    ];
    assert!(act == "exports" && says.iter().all(|says| words.contains(says)), "{act}: {words}");
    host.write_file("changeling.toml", b"");
    host.receipt_after("counter", refused.id()).settled();
}
