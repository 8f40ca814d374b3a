//! What an actor was before its switch lies somewhere until the upgrade is published: beyond its share of memory in a file,
//! from which it comes back as it was, and of which nothing is left.

use std::thread::JoinHandle;

use serde_json::json;

use crate::support::{Answer, Host, bytes};

/// Every kept state goes to a file; one recorder after another, as each comes to a boundary.
const IN_FILES: &str = "[host]\nkept-states = \"0B\"\n\
                        [components.recorder]\nkeyed = true\nparallel = 1\ncpu = \"30s\"\nverify = \"none\"\n";

/// A has gone over, with what it was in a file; B works on, so that nothing is published.
struct HalfWay {
    host: Host,
    /// What A was before.
    before: Vec<u8>,
    work: JoinHandle<Answer>,
    /// The last receipt before this upgrade's.
    last: u64,
}

fn half_way(to: &str) -> HalfWay {
    let host = Host::with_manifest(IN_FILES);
    host.prepare(&bytes(to));
    host.drop_in("recorder", "recorder-v1").settled();
    host.call("recorder/a", "note", json!(["x", 1]));
    host.call("recorder/b", "note", json!(["y", 1]));
    let before = host.state("recorder/a");
    let last = host.last_receipt("recorder");
    let work = host.at_work("recorder/b", "work", json!([2_000]));
    host.put("recorder", to);
    host.until("a has gone over", |host| host.actor("recorder/a")["label"] != "0.1.0");
    assert_eq!(host.files("kept").len(), 1);
    HalfWay { host, before, work, last }
}

#[test]
fn a_swap_leaves_no_file() {
    let HalfWay { host, work, last, .. } = half_way("recorder-v2");

    host.receipt_after("recorder", last).settled();

    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    host.until("nothing is kept", |host| host.files("kept").is_empty());
    for (address, sender) in [("recorder/a", "x"), ("recorder/b", "y")] {
        assert_eq!(host.actor(address)["label"], "0.2.0");
        assert_eq!(host.call(address, "last", json!([sender])), json!(1));
    }
}

#[test]
fn one_that_handled_nothing_comes_back_from_its_file_as_it_was() {
    // Nothing leads down from the third version: only the file leads back.
    let HalfWay { host, before, work, last } = half_way("recorder-v3");
    assert_eq!(host.post("/v1/components/recorder/turn-back", &[]).status, 204);

    let receipt = host.receipt_after("recorder", last).ended("rolled-back");

    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!((receipt.actors("left_behind"), receipt.actors("switched")), (0, 0), "{}", receipt.0);
    assert_eq!((host.actor("recorder/a")["label"].clone(), host.state("recorder/a")), (json!("0.1.0"), before));
    assert_eq!(host.call("recorder/a", "note", json!(["x", 2])), json!({"ok": 2}));
    host.until("nothing is kept", |host| host.files("kept").is_empty());
}

#[test]
fn a_damaged_file_is_named_and_is_nobodys_state() {
    let HalfWay { host, work, last, .. } = half_way("recorder-v3");
    let newer = host.actor("recorder/a")["label"].clone();
    let file = host.files("kept").remove(0);
    let mut state = std::fs::read(&file).expect("a state");
    *state.last_mut().expect("a byte") ^= 1;
    std::fs::write(&file, state).expect("the file is changed");
    assert_eq!(host.post("/v1/components/recorder/turn-back", &[]).status, 204);

    let receipt = host.receipt_after("recorder", last).ended("rolled-back");

    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    receipt.clone().says(&format!("{} is damaged", file.display()));
    assert_eq!((receipt.actors("left_behind"), &receipt.0["holders"]), (1, &json!(["recorder/a"])), "{}", receipt.0);
    // It keeps the state that it has, on the version that holds it.
    assert_eq!(host.actor("recorder/a")["label"], newer);
    assert_eq!(host.call("recorder/a", "last", json!(["x"])), json!(1));
    host.until("nothing is kept", |host| host.files("kept").is_empty());
}

#[test]
fn what_a_killed_host_left_is_removed_by_the_next() {
    let HalfWay { mut host, work, .. } = half_way("recorder-v2");
    assert!(!work.is_finished());
    host.kill();
    assert_eq!(host.files("kept").len(), 1);
    host.write_file(".changeling/kept/.new-1-1", b"half of one");

    host.start_again();

    assert!(host.files("kept").is_empty());
    // Its caller was cut off.
    assert!(work.join().is_err());
}

#[test]
fn an_actor_whose_state_nobody_takes_is_not_switched_and_the_others_come_back() {
    // Memory takes the state of one of them.
    let manifest = "[host]\nkept-states = \"40B\"\n\
                    [components.counter]\nkeyed = true\nparallel = 1\nverify = \"none\"\n";
    let mut host = Host::with_manifest(manifest);
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/a", "increment", json!([1]));
    host.call("counter/b", "increment", json!([2]));
    let before = ["counter/a", "counter/b"].map(|actor| host.state(actor));
    assert!(before.iter().all(|state| (21..=40).contains(&state.len())));
    let kept = host.dir().join(".changeling/kept");
    std::fs::remove_dir(&kept).expect("it is empty");

    let receipt = host.drop_in("counter", "counter-v2").ended("rolled-back");

    let (whose, act, words) = receipt.refusal();
    assert_eq!((whose, act), (Some("counter/b"), "keep"));
    assert!(words.contains("memory has no room") && words.contains(&kept.display().to_string()), "{words}");
    assert_eq!((receipt.actors("turned_back"), receipt.actors("left_behind")), (1, 0));
    assert_eq!(["counter/a", "counter/b"].map(|actor| host.state(actor)), before);
    for actor in ["counter/a", "counter/b"] {
        let actor = host.actor(actor);
        assert_eq!((&actor["label"], &actor["restarts"]), (&json!("0.1.0"), &json!(0)));
    }
    // No verdict on the bytes: where the folder is back, they are taken.
    assert!(host.interrupt().success());
    host.start_again();
    host.deploy("counter", &bytes("counter-v2"));
    host.until("it is current", |host| host.actor("counter/b")["label"] == "0.2.0");
    assert_eq!(host.call("counter/b", "get", json!([])), json!(2));
}
