//! The host ends and starts again; actors go on where they were.

use serde_json::{Value, json};

use crate::support::Host;

#[test]
fn after_an_interrupt_every_actor_goes_on_where_it_was() {
    let mut host = Host::with_manifest("[components.keyed]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("keyed", "counter-v2").settled();
    host.call("counter", "increment", json!([3]));
    for n in 1..=5 {
        host.call(&format!("keyed/k{n}"), "increment", json!([n]));
    }

    for _ in 0..2 {
        assert!(host.interrupt().success());
        host.start_again();

        assert_eq!(host.call("counter", "get", json!([])), json!(3));
        for n in 1..=5 {
            assert_eq!(host.call(&format!("keyed/k{n}"), "get", json!([])), json!(n));
        }
        host.until("nothing is parked", |host| host.files("parked").is_empty());
    }
}

#[test]
fn what_waits_at_an_interrupt_is_handled_or_answered_stopped() {
    for (drain, all) in [("10s", true), ("1ms", false)] {
        let manifest = format!("[components.recorder]\ncpu = \"30s\"\ndrain-timeout = \"{drain}\"\n");
        let mut host = Host::with_manifest(&manifest);
        host.drop_in("recorder", "recorder-v1").settled();
        let work = host.at_work("recorder", "work", json!([1_000]));
        let notes: Vec<_> = (0..20).map(|n| host.calling("recorder", "note", json!([format!("{n}"), 1]))).collect();
        host.until("twenty notes wait", |host| host.actor("recorder")["mailbox"] == 20);
        assert!(!work.is_finished());

        assert!(host.interrupt().success());
        host.start_again();

        let handled = notes.into_iter().map(|note| note.join().expect("it was answered")).filter(|answer| {
            assert!(answer.status == 200 || answer.problem() == "stopped", "{}", answer.body);
            answer.status == 200
        });
        let handled = handled.count();
        assert_eq!(handled == 20, all, "{handled} were handled");
        if all {
            assert!(work.join().is_ok_and(|answer| answer.status == 200));
            assert_eq!(host.call("recorder", "senders", json!([])), json!(handled));
        }
    }
}

#[test]
fn what_nobody_waits_for_and_nobody_heard_at_an_interrupt_is_counted() {
    for (drain, said) in
        [("1ms", Some("20 messages that nobody waited for: they were dropped unhandled")), ("10s", None)]
    {
        let mut host =
            Host::with_manifest(&format!("[components.timer]\ncpu = \"30s\"\ndrain-timeout = \"{drain}\"\n"));
        host.drop_in("timer", "timer").settled();
        let work = host.at_work("timer", "slow", json!([1_000]));
        (0..20).for_each(|_| assert!(host.try_call("timer", "once", json!([60_000])).status < 300));
        assert!(!work.is_finished());

        assert!(host.interrupt().success());

        let lines = host.log_so_far();
        let told = lines.iter().filter(|line| line.contains("nobody waited for")).collect::<Vec<_>>();
        assert_eq!(told.len(), said.iter().len(), "{lines:?}");
        assert!(said.iter().all(|said| told[0].contains(said)), "{told:?}");
    }
}

#[test]
fn what_the_table_says_is_current_comes_back_not_what_lies_in_the_folder() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("counter", "counter-v2").settled();
    host.put("counter@old", "counter-v1");
    host.until("it is current", |host| host.last_receipt("counter") == 3);
    std::fs::remove_file(host.dir().join("counter@old.wasm")).expect("it lay there");
    assert!(host.interrupt().success());
    host.start_again();

    assert_eq!(host.try_call("counter", "calls", json!([])).problem(), "no-such-function");
    assert_eq!(host.receipts("counter").len(), 3);
}

#[test]
fn what_was_dropped_while_no_host_ran_is_an_offer() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([3]));
    assert!(host.interrupt().success());
    host.put("counter", "counter-v2");
    host.start_again();

    host.receipt_after("counter", 1).settled();
    assert_eq!(host.call("counter", "get", json!([])), json!(3));
    assert_eq!(host.call("counter", "calls", json!([])), json!(0));
}

#[test]
fn after_a_kill_the_host_serves_again_and_says_what_was_lost() {
    let mut host = Host::with_manifest("[components.keyed]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("keyed", "counter-v1").settled();
    for address in ["counter", "keyed/a", "keyed/b"] {
        host.call(address, "increment", json!([3]));
    }
    host.until("all three are counted", |host| {
        let counted = std::fs::read(host.dir().join(".changeling/alive.json")).expect("it is noted");
        serde_json::from_slice::<Value>(&counted).expect("JSON")["actors"] == 3
    });
    host.kill();
    host.start_again();

    let first = host.first_lines().first().expect("it says something");
    assert!(first.contains("the last host was killed: the state of about 3 actors is lost (counted at "), "{first}");
    for address in ["counter", "keyed/a", "keyed/b"] {
        assert_eq!(host.call(address, "get", json!([])), json!(0));
    }
}

#[test]
fn an_upgrade_that_a_kill_cut_off_is_recorded_and_the_older_version_is_current() {
    let mut host = Host::with_manifest("[components.recorder]\ncpu = \"30s\"\nverify = \"none\"\n");
    let first = host.drop_in("recorder", "recorder-v1").settled();
    // Its caller hears nothing any more.
    drop(host.at_work("recorder", "work", json!([20_000])));
    host.put("recorder", "recorder-v2");
    host.until_upgrade_is("recorder", "switching");
    host.kill();
    host.start_again();

    let receipt = host.receipt_after("recorder", first.id()).ended("interrupted");
    assert_eq!(receipt.0["previous"].as_str().map(str::len), Some(64));
    assert_eq!(host.call("recorder", "senders", json!([])), json!(0));
    assert_eq!(host.actor("recorder")["label"], "0.1.0");
}

#[test]
fn a_host_killed_at_any_step_comes_back_whole_and_loses_no_offer() {
    for step in ["compiled", "verified", "switching", "published"] {
        let mut host = Host::start();
        host.drop_in("counter", "counter-v1").settled();
        host.call("counter", "increment", json!([3]));
        host.put("counter", "counter-v2");
        host.until_upgrade_is("counter", step);
        host.kill();
        host.start_again();

        // It was done, or is recorded as cut off, or is an offer again.
        let receipt = host.receipt_after("counter", 1);
        assert!(["settled", "interrupted"].contains(&receipt.outcome()), "killed at {step}: {}", receipt.0);
        assert_eq!(host.call("counter", "increment", json!([1])), json!(1));
        let current = host.get("/v1/components").body["components"][0]["current"]["label"].clone();
        assert!(current == "0.2.0" || receipt.outcome() == "interrupted", "killed at {step}: {current}");
        assert_eq!(host.actor("counter")["label"], current);
        let (first, second) = (&host.receipts("counter")[1].0["previous"], &receipt.0["previous"]);
        assert!(first.is_null() && second.is_string(), "{first} {second}");
    }
}

#[test]
fn a_damaged_version_is_named_and_the_rest_starts() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let other = host.drop_in("other", "counter-v2").settled();
    host.call("counter", "increment", json!([3]));
    assert!(host.interrupt().success());
    let digest = other.0["to"]["digest"].as_str().expect("a digest").to_owned();
    let damaged = host.files("versions").into_iter().find(|file| file.to_string_lossy().contains(&digest));
    std::fs::write(damaged.expect("it is stored"), b"\0asm and nothing else").expect("it is damaged");
    host.start_again();

    assert_eq!(host.call("counter", "get", json!([])), json!(3));
    assert_eq!(host.try_call("other", "get", json!([])).problem(), "no-such-component");
    let said = |host: &Host| {
        host.happenings().iter().any(|event| event["what"].as_str().is_some_and(|what| what.contains("of other")))
    };
    assert!(said(&host), "nobody said which: {:?}", host.happenings());
    // Its parked state waits for its version; the other's file goes.
    host.until("one state is parked", |host| host.files("parked").len() == 1);
}

#[test]
fn a_damaged_parked_state_is_named_stays_and_the_rest_starts() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("other", "counter-v1").settled();
    host.call("counter", "increment", json!([3]));
    host.call("other", "increment", json!([4]));
    assert!(host.interrupt().success());
    let parked = host
        .files("parked")
        .into_iter()
        .find(|file| String::from_utf8_lossy(&std::fs::read(file).expect("it is readable")).contains("other"));
    let parked = parked.expect("it is parked");
    let mut bytes = std::fs::read(&parked).expect("it is readable");
    *bytes.last_mut().expect("it is not empty") ^= 1;
    std::fs::write(&parked, bytes).expect("it is damaged");
    host.start_again();

    assert_eq!(host.call("counter", "get", json!([])), json!(3));
    assert_eq!(host.call("other", "get", json!([])), json!(0));
    assert!(parked.exists());
    let said = |host: &Host| host.happenings().iter().any(|event| event["what"] == "the parked state of other");
    assert!(said(&host), "nobody said which: {:?}", host.happenings());
}

#[test]
fn a_second_host_on_the_same_folder_refuses_to_start() {
    let host = Host::start();
    let second = host.run(&["run", "--listen", "127.0.0.1:0", "."]);
    assert_eq!(second.status.code(), Some(1));
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(words.contains("changeling"), "{words}");
}
