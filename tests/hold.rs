//! A switch waits for the message in hand, and the messages behind it wait for the switch. None is lost, none overtakes.

use serde_json::json;

use crate::support::{Host, bytes, variant};

/// Handlers that work for long, and no dry run: an upgrade comes to its hold while the first of them still runs.
const BUSY: &str = "[components.recorder]\ncpu = \"30s\"\nverify = \"none\"\n";
/// So long does a handler work for whose end an upgrade waits, in milliseconds.
const LONG: u64 = 2_000;

/// A recorder on its first version; the second is compiled already and is loaded fast.
fn busy(more: &str) -> Host {
    let host = Host::with_manifest(&format!("{BUSY}{more}"));
    host.prepare(&bytes("recorder-v2"));
    host.drop_in("recorder", "recorder-v1").settled();
    host
}

/// The same by key, and switched one at a time, so that one that works is waited for by all after it.
fn keyed() -> Host {
    let host = busy("keyed = true\nparallel = 1\n");
    host.call("recorder/b", "last", json!(["x"]));
    host
}

#[test]
fn a_handler_is_waited_for_and_not_interrupted() {
    let host = busy("");
    let last = host.last_receipt("recorder");
    let work = host.at_work("recorder", "work", json!([LONG]));
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    let notes: Vec<_> = (0..10).map(|n| host.calling("recorder", "note", json!([format!("sender {n}"), 1]))).collect();
    host.until("ten notes wait", |host| host.actor("recorder")["mailbox"] == 10);
    assert!(!work.is_finished());

    let receipt = host.receipt_after("recorder", last).settled();

    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    for note in notes {
        assert_eq!(note.join().expect("it was answered").body, json!({"ok": 1}));
    }
    assert_eq!(receipt.0["held"]["calls"], 10);
    assert!(receipt.0["held"]["wait_us_max"].as_u64() > Some(0), "{}", receipt.0);
    // The wait for the handler is none of the pause.
    let pause = receipt.0["pause_us"]["max"].as_u64().unwrap_or(u64::MAX);
    assert!(pause < LONG * 1_000, "{}", receipt.0);
    let actor = host.actor("recorder");
    assert_eq!((&actor["label"], &actor["restarts"]), (&json!("0.2.0"), &json!(0)));
}

#[test]
fn a_message_that_the_new_version_does_not_serve_is_handled_by_the_old_one_first() {
    let host = busy("");
    let last = host.last_receipt("recorder");
    host.call("recorder", "note", json!(["early", 1]));
    let work = host.at_work("recorder", "work", json!([LONG]));
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    let senders = host.calling("recorder", "senders", json!([]));
    host.until("the call waits", |host| host.actor("recorder")["mailbox"] == 1);
    let note = host.calling("recorder", "note", json!(["late", 1]));
    host.until("both wait", |host| host.actor("recorder")["mailbox"] == 2);
    assert!(!work.is_finished());

    let receipt = host.receipt_after("recorder", last).settled();

    // Handled by the old version, and before the note that came after it.
    let senders = senders.join().expect("it was answered");
    assert_eq!((senders.status, senders.body), (200, json!(1)));
    assert_eq!(note.join().expect("it was answered").body, json!({"ok": 1}));
    assert_eq!(receipt.actors("switched"), 1);
    assert_eq!(host.try_call("recorder", "senders", json!([])).problem(), "no-such-function");
    assert_eq!(host.call("recorder", "last", json!(["late"])), json!(1));
}

#[test]
fn an_actor_that_is_stopped_meanwhile_is_counted_and_the_others_go_over() {
    let host = keyed();
    host.call("recorder/c", "note", json!(["x", 1]));
    let work = host.at_work("recorder/b", "work", json!([LONG]));
    let last = host.last_receipt("recorder");
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    assert_eq!(host.post("/v1/actors/recorder%2Fc/stop", &[]).status, 204);
    assert!(!work.is_finished());

    let receipt = host.receipt_after("recorder", last).settled();

    assert_eq!((receipt.actors("switched"), receipt.actors("stopped")), (1, 1));
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
}

#[test]
fn a_stop_wins_over_a_hold() {
    let host = keyed();
    let work = host.at_work("recorder/b", "work", json!([LONG]));
    let last = host.last_receipt("recorder");
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    let stopped = host.post("/v1/actors/recorder%2Fb/stop", &[]);

    let receipt = host.receipt_after("recorder", last).settled();

    assert_eq!(stopped.status, 204);
    assert_eq!((receipt.actors("switched"), receipt.actors("stopped")), (0, 1));
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
}

#[test]
fn who_is_born_meanwhile_goes_over_too() {
    let host = keyed();
    let work = host.at_work("recorder/b", "work", json!([LONG]));
    let last = host.last_receipt("recorder");
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    assert_eq!(host.call("recorder/c", "note", json!(["x", 1])), json!({"ok": 1}));
    assert_eq!(host.actor("recorder/c")["label"], "0.1.0");
    assert!(!work.is_finished());

    let receipt = host.receipt_after("recorder", last).settled();

    assert_eq!(receipt.actors("switched"), 2);
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    for actor in ["recorder/b", "recorder/c"] {
        assert_eq!(host.actor(actor)["label"], "0.2.0");
    }
    assert_eq!(host.call("recorder/c", "last", json!(["x"])), json!(1));
}

#[test]
fn an_actor_that_dies_while_it_is_waited_for_starts_again_and_goes_over() {
    let host = Host::with_manifest("[components.timer]\nverify = \"none\"\ncpu = \"1500ms\"\n");
    host.prepare(&variant("timer", "2"));
    host.drop_in("timer", "timer").settled();
    let spin = host.at_work("timer", "spin", json!([]));
    let last = host.last_receipt("timer");
    host.put_variant("timer", "timer", "2");
    host.until_upgrade_is("timer", "switching");
    assert!(!spin.is_finished());

    let receipt = host.receipt_after("timer", last).settled();

    assert!(spin.join().is_ok_and(|answer| answer.problem() == "crashed"));
    assert_eq!((receipt.actors("switched"), receipt.actors("crashed")), (0, 1), "{}", receipt.0);
    host.call("timer", "ticks", json!([]));
    let actor = host.actor("timer");
    assert_eq!((&actor["restarts"], &actor["digest"]), (&json!(1), &receipt.0["to"]["digest"]));
}

#[test]
fn who_comes_to_no_boundary_is_named_and_goes_over_later() {
    let host = busy("drain-timeout = \"200ms\"\n");
    host.call("recorder", "note", json!(["x", 1]));
    let work = host.at_work("recorder", "work", json!([LONG]));

    let receipt = host.drop_in("recorder", "recorder-v2").ended("partial");

    assert_eq!((receipt.actors("switched"), receipt.actors("not_now")), (0, 1));
    assert_eq!(receipt.0["holders"], json!(["recorder"]));
    receipt.says("recorder is still on an older version: it did not come to a message boundary within ");
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    host.until("it has gone over", |host| host.actor("recorder")["label"] == "0.2.0");
    assert_eq!(host.call("recorder", "last", json!(["x"])), json!(1));
}

#[test]
fn laggards_may_be_reason_to_refuse() {
    let host = busy("drain-timeout = \"200ms\"\nlaggards = \"refuse\"\n");
    let work = host.at_work("recorder", "work", json!([LONG]));

    let receipt = host.drop_in("recorder", "recorder-v2").ended("refused");

    let (whose, act, words) = receipt.refusal();
    assert_eq!((whose, act), (Some("recorder"), "hold"), "{words}");
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!(host.actor("recorder")["label"], "0.1.0");
}

#[test]
fn laggards_may_be_ended_and_begun_anew() {
    let host = busy("drain-timeout = \"200ms\"\nlaggards = \"kill\"\n");
    host.call("recorder", "note", json!(["x", 1]));
    let work = host.at_work("recorder", "work", json!([LONG]));

    host.drop_in("recorder", "recorder-v2").settled();

    // It is ended where it is, in the middle of its work.
    assert!(work.join().is_ok_and(|answer| answer.problem() == "crashed" && answer.body["reason"] == "killed"));
    assert_eq!(host.call("recorder", "last", json!(["x"])), json!(0));
    let actor = host.actor("recorder");
    assert_eq!((&actor["label"], &actor["restarts"]), (&json!("0.2.0"), &json!(1)));
}

#[test]
fn who_gives_up_behind_a_hold_is_not_handled_and_nobody_else_notices() {
    let host = busy("");
    let last = host.last_receipt("recorder");
    let work = host.at_work("recorder", "work", json!([LONG]));
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    let impatient = host.run(&["call", "recorder", "note", "\"hasty\"", "1", "--deadline", "50ms"]);
    assert_eq!(impatient.status.code(), Some(7), "{}", String::from_utf8_lossy(&impatient.stderr));
    assert!(!work.is_finished());

    let receipt = host.receipt_after("recorder", last).settled();

    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!(receipt.actors("switched"), 1);
    assert_eq!(host.call("recorder", "last", json!(["hasty"])), json!(0));
}

#[test]
fn a_full_mailbox_answers_as_always() {
    let host = busy("mailbox = 3\n");
    let last = host.last_receipt("recorder");
    let work = host.at_work("recorder", "work", json!([LONG]));
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    let notes: Vec<_> = (0..3).map(|n| host.calling("recorder", "note", json!([format!("{n}"), 1]))).collect();
    host.until("three notes wait", |host| host.actor("recorder")["mailbox"] == 3);
    let refused = host.try_call("recorder", "note", json!(["fourth", 1]));
    assert_eq!((refused.status, refused.problem()), (503, "overloaded"));
    assert!(!work.is_finished());

    host.receipt_after("recorder", last).settled();

    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    for note in notes {
        assert_eq!(note.join().expect("it was answered").body, json!({"ok": 1}));
    }
}
