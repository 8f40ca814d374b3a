//! What turns back turns back whole: whoever had gone over is where it was, and the receipt says so.

use serde_json::json;

use crate::support::{Host, bytes, variant};

#[test]
fn one_whose_state_is_not_taken_turns_the_others_back() {
    // The dry run looks at the first one alone; the last one is the one that fails.
    let host = Host::with_manifest("[components.counter]\nkeyed = true\nparallel = 1\nverify = 1\n");
    host.drop_in("counter", "counter-v1").settled();
    for (key, total) in [("a", 1), ("b", 2), ("c", 13), ("d", 4)] {
        host.call(&format!("counter/{key}"), "increment", json!([total]));
    }
    let before: Vec<_> = ["a", "b", "c", "d"].map(|key| host.state(&format!("counter/{key}"))).into();

    let receipt = host.drop_in("counter", "counter-change-errs-on-13").ended("rolled-back");

    assert_eq!(receipt.refusal(), (Some("counter/c"), "code-change", "13 brings bad luck"));
    assert_eq!((receipt.actors("switched"), receipt.actors("turned_back"), receipt.actors("left_behind")), (0, 2, 0));
    let after: Vec<_> = ["a", "b", "c", "d"].map(|key| host.state(&format!("counter/{key}"))).into();
    assert_eq!(after, before);
    for key in ["a", "b", "c", "d"] {
        let actor = host.actor(&format!("counter/{key}"));
        assert_eq!((&actor["label"], &actor["restarts"], &actor["handled"]), (&json!("0.1.0"), &json!(0), &json!(1)));
    }
}

#[test]
fn work_done_since_the_switch_is_kept_by_the_way_down() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\nparallel = 1\nverify = 1\n");
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/a", "increment", json!([1]));
    host.call("counter/b", "increment", json!([13]));
    let load = host.load(4, "counter/a", "increment", json!([1]));

    host.drop_in("counter", "counter-change-errs-on-13").ended("rolled-back");

    let made = load.end();
    assert_eq!(host.call("counter/a", "get", json!([])), json!(made + 1));
    assert_eq!(host.actor("counter/a")["label"], "0.1.0");
}

#[test]
fn an_upgrade_in_hand_is_turned_back_when_somebody_asks() {
    let manifest = "[components.recorder]\nkeyed = true\nparallel = 1\ncpu = \"30s\"\nverify = \"none\"\n";
    // The second one can be saved as the first; the third cannot.
    for (guest, left_behind) in [("recorder-v2", 0), ("recorder-v3", 1)] {
        let host = Host::with_manifest(manifest);
        host.prepare(&bytes(guest));
        host.drop_in("recorder", "recorder-v1").settled();
        host.call("recorder/a", "note", json!(["x", 1]));
        host.call("recorder/b", "last", json!(["x"]));
        let work = host.at_work("recorder/b", "work", json!([2_000]));
        let last = host.last_receipt("recorder");
        host.put("recorder", guest);
        host.until("a has gone over", |host| host.actor("recorder/a")["label"] != "0.1.0");
        let newer = host.actor("recorder/a")["label"].clone();
        assert_eq!(host.call("recorder/a", "note", json!(["x", 2])), json!({"ok": 2}));
        assert!(!work.is_finished());
        assert_eq!(host.post("/v1/components/recorder/turn-back", &[]).status, 204);

        let receipt = host.receipt_after("recorder", last).ended("rolled-back").says("it was asked to turn back");

        assert!(work.join().is_ok_and(|answer| answer.status == 200));
        // The one that worked had gone over when its work was done, and came back.
        assert_eq!((receipt.actors("left_behind"), receipt.actors("turned_back")), (left_behind, 2 - left_behind));
        assert_eq!(host.call("recorder/a", "last", json!(["x"])), json!(2));
        assert_eq!(host.actor("recorder/b")["label"], "0.1.0");
        if left_behind == 1 {
            assert_eq!(receipt.0["holders"], json!(["recorder/a"]));
            assert_eq!(host.actor("recorder/a")["label"], newer);
            // The next version takes it along.
            host.drop_in_variant("recorder", "recorder-v3", "again").settled();
            assert_eq!(host.call("recorder/a", "note", json!(["x", 3])), json!({"ok": 3}));
        } else {
            assert_eq!(host.actor("recorder/a")["label"], "0.1.0");
        }
    }
}

#[test]
fn who_traps_after_its_switch_comes_back_as_it_was_before_it() {
    let host =
        Host::with_manifest("[components.timer]\nkeyed = true\nparallel = 1\ncpu = \"30s\"\nverify = \"none\"\n");
    host.prepare(&variant("timer", "2"));
    let first = host.drop_in("timer", "timer").settled();
    let tick = |ticks: u64| {
        host.call("timer/a", "once", json!([0]));
        host.until("it has ticked", |host| host.call("timer/a", "ticks", json!([])) == json!(ticks));
    };
    (1..=3).for_each(tick);
    host.call("timer/b", "ticks", json!([]));
    // It comes to no boundary, so that nothing is published.
    let work = host.at_work("timer/b", "slow", json!([3_000]));
    host.put_variant("timer", "timer", "2");
    host.until("a has gone over", |host| host.actor("timer/a")["digest"] != first.0["to"]["digest"]);
    tick(4);

    let crashed = host.try_call("timer/a", "boom", json!([]));

    assert_eq!((crashed.status, crashed.problem()), (500, "crashed"));
    assert_eq!(host.call("timer/a", "ticks", json!([])), json!(3));
    let actor = host.actor("timer/a");
    assert_eq!((&actor["digest"], &actor["restarts"]), (&first.0["to"]["digest"], &json!(1)));
    assert!(!work.is_finished());
    let receipt = host.receipt_after("timer", first.id()).ended("rolled-back").says("since the switch is lost");
    let (whose, act, words) = receipt.refusal();
    assert_eq!((whose, act), (Some("timer/a"), "switch"));
    assert!(words.contains("boom, after 4 ticks"), "{words}");
    assert_eq!((receipt.actors("crashed"), receipt.actors("turned_back")), (1, 1), "{}", receipt.0);
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!(host.call("timer/a", "ticks", json!([])), json!(3));
    assert_eq!(host.actor("timer/b")["digest"], first.0["to"]["digest"]);
}

#[test]
fn what_the_older_version_lacks_is_handled_by_the_newer_one_on_the_way_back() {
    let manifest = "[components.recorder]\nkeyed = true\nparallel = 1\ncpu = \"30s\"\nverify = \"none\"\n";
    let host = Host::with_manifest(manifest);
    host.prepare(&bytes("recorder-v1"));
    host.drop_in("recorder", "recorder-v2").settled();
    host.call("recorder/a", "note", json!(["x", 1]));
    host.call("recorder/b", "last", json!(["x"]));
    let last = host.last_receipt("recorder");
    let b = host.at_work("recorder/b", "work", json!([2_500]));
    host.put("recorder", "recorder-v1");
    host.until("a has gone over", |host| host.actor("recorder/a")["label"] == "0.1.0");
    let a = host.at_work("recorder/a", "work", json!([1_000]));
    let senders = host.calling("recorder/a", "senders", json!([]));
    host.until("the call waits", |host| host.actor("recorder/a")["mailbox"] == 1);
    assert_eq!(host.post("/v1/components/recorder/turn-back", &[]).status, 204);

    let receipt = host.receipt_after("recorder", last).ended("rolled-back");

    assert_eq!((receipt.actors("turned_back"), receipt.actors("left_behind")), (2, 0), "{}", receipt.0);
    let senders = senders.join().expect("it was answered");
    assert_eq!((senders.status, senders.body), (200, json!(1)));
    assert!(a.join().is_ok_and(|answer| answer.status == 200) && b.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!(host.actor("recorder/a")["label"], "0.2.0");
    assert_eq!(host.call("recorder/a", "last", json!(["x"])), json!(1));
}
