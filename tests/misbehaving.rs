//! A bad version changes nothing: it is refused with a reason, and the current one runs on with its state.

use serde_json::{Value, json};

use crate::support::{Host, bytes, scripted};

/// Limits that a loop meets soon; the defaults would only take longer.
const HASTY: &str = "[components.counter]\nsave-limit = \"300ms\"\nchange-budget = \"300ms\"\n";

/// What a faulty counter that lives can be replaced by: it has the same exports, and takes over every total but 13.
const NEXT: &str = "counter-change-errs-on-13";

/// Every one of these is refused when it is dropped beside a counter that lives: in this act, in these words.
const REFUSED: &[(&str, &str, &str)] = &[
    ("change-errs", "code-change", "the old books do not balance"),
    ("change-traps", "code-change", "the old books burn at"),
    ("change-loops", "code-change", "300ms of CPU"),
    ("change-allocates", "code-change", "memory: it asked for"),
    ("save-errs", "save", "the ink has run dry"),
    ("save-loops", "save", "of CPU"),
    ("save-lies", "save", "version 7"),
    ("save-huge", "save", "larger"),
    ("save-garbage", "code-change", "does not take what it saved itself"),
    ("never-left", "save", "nobody leaves"),
    ("init-traps", "init", "the chair has collapsed"),
    ("unhealthy", "health check", "the abacus has lost a bead"),
];

#[test]
fn each_is_refused_by_name_and_the_current_version_is_untouched() {
    let host = Host::with_manifest(HASTY);
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([40]));
    let before = (host.state("counter"), host.actor("counter"));
    for (guest, act, words) in REFUSED {
        let receipt = host.drop_in("counter", &format!("counter-{guest}")).ended("refused");
        let (whose, refused_act, refused_words) = receipt.refusal();
        assert_eq!((whose, refused_act), (Some("counter"), *act), "{guest}: {refused_words}");
        assert!(refused_words.contains(words), "{guest}: {refused_words}");
        assert_eq!(receipt.0["component"], "counter");
        assert_eq!(receipt.0["to"]["label"], format!("0.2.0-{guest}"));
        assert!(receipt.0["pause_us"].is_null() && receipt.actors("switched") == 0, "{}", receipt.0);
        assert_eq!(
            (host.state("counter"), host.actor("counter")["digest"].clone()),
            (before.0.clone(), before.1["digest"].clone())
        );
    }
    let refused = host.happenings().iter().filter(|event| event["event"] == "refused").count();
    assert_eq!(refused, REFUSED.len());
    let after = host.actor("counter");
    assert_eq!((&after["handled"], &after["restarts"]), (&before.1["handled"], &json!(0)));
    assert_eq!(host.call("counter", "get", json!([])), json!(40));
    assert_eq!(host.receipts("counter").len(), REFUSED.len() + 1);
}

#[test]
fn where_actors_have_keys_a_refusal_names_those_that_there_are_and_no_other() {
    let host = Host::with_manifest(&format!("{HASTY}keyed = true\n"));
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/alice", "increment", json!([40]));
    for (guest, act, words) in REFUSED {
        let receipt = host.drop_in("counter", &format!("counter-{guest}")).ended("refused");
        let (whose, refused_act, refused_words) = receipt.refusal();
        assert!(refused_act == *act && refused_words.contains(words), "{guest}: {refused_act}: {refused_words}");
        match whose {
            Some(whose) => assert_eq!(whose, "counter/alice", "{guest}"),
            None => assert!(refused_words.starts_with("on a scratch instance: "), "{guest}: {refused_words}"),
        }
    }
    assert_eq!(host.call("counter/alice", "get", json!([])), json!(40));
}

#[test]
fn what_waits_while_a_version_is_refused_is_handled_by_the_one_that_stays() {
    let host = Host::with_manifest("[components.counter]\nverify = \"none\"\n");
    host.prepare(&bytes(NEXT));
    // Its save takes so long that messages come to wait behind it.
    host.drop_in("counter", "counter-live-save-slow").settled();
    host.call("counter", "increment", json!([13]));
    let last = host.last_receipt("counter");
    host.put("counter", NEXT);
    host.until("it is held", |host| host.actor("counter")["state"] == "held");
    let waiting: Vec<_> = (0..3).map(|_| host.calling("counter", "increment", json!([1]))).collect();
    host.until("three messages wait", |host| host.actor("counter")["mailbox"] == 3);

    let receipt = host.receipt_after("counter", last).ended("refused");

    assert_eq!(receipt.refusal(), (Some("counter"), "code-change", "13 brings bad luck"));
    let mut answers: Vec<_> = waiting.into_iter().map(|call| call.join().expect("it was answered").body).collect();
    answers.sort_by_key(Value::as_u64);
    assert_eq!(answers, [14, 15, 16]);
    let actor = host.actor("counter");
    assert_eq!((&actor["restarts"], &actor["label"]), (&json!(0), &json!("0.2.0-live-save-slow")));
}

#[test]
fn a_state_that_is_not_taken_is_named_with_its_actor() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/alice", "increment", json!([12]));
    host.call("counter/bob", "increment", json!([13]));

    let receipt = host.drop_in("counter", "counter-change-errs-on-13").ended("refused");

    assert_eq!(receipt.refusal(), (Some("counter/bob"), "code-change", "13 brings bad luck"));
    assert_eq!(receipt.0["step"], "verified");
    assert_eq!(
        receipt.0["rehearsal"],
        json!({"tried": 2, "passed": 1, "round_trips": 1, "round_trips_differ": 0, "not_tried": 0})
    );
    assert_eq!(host.call("counter/bob", "get", json!([])), json!(13));
}

#[test]
fn calls_go_on_while_version_after_version_is_refused() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let load = host.load(4, "counter", "increment", json!([1]));
    for guest in ["change-errs", "change-traps", "save-errs", "init-traps"] {
        host.drop_in("counter", &format!("counter-{guest}")).ended("refused");
    }
    let made = load.end();
    assert_eq!(host.call("counter", "get", json!([])), json!(made));
}

#[test]
fn a_changed_struct_with_the_old_number_is_refused_with_both_structures() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let receipt = host.drop_in("counter", "counter-version-forgotten");
    receipt.refused_with(&["version 1 was saved as {total:u64}", "this code's copy of it is {total:u64,calls:u64}"]);
}

#[test]
fn a_structure_that_is_too_long_is_refused() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([40]));
    let last = host.last_receipt("counter");
    host.write_file("counter.wasm", &scripted("shapes:wrong"));

    let receipt = host.receipt_after("counter", last).ended("refused");

    let (_, act, words) = receipt.refusal();
    assert_eq!(act, "shapes", "{words}");
    assert!(words.contains("state version 2 has 65537 bytes, where 65536 are allowed"), "{words}");
    assert_eq!(host.call("counter", "get", json!([])), json!(40));
}

#[test]
fn a_save_that_traps_on_the_live_state_loses_it_and_the_receipt_says_so() {
    for verify in ["\"all\"", "\"none\""] {
        let host = Host::with_manifest(&format!("[components.counter]\nverify = {verify}\n"));
        host.drop_in("counter", "counter-live-save-traps").settled();
        host.call("counter", "increment", json!([5]));

        let receipt = host.drop_in("counter", NEXT).ended("refused").says("the pen has exploded");

        let (whose, act, words) = receipt.refusal();
        assert_eq!((whose, act), (Some("counter"), "save"), "{words}");
        assert_eq!(words.matches("state is lost").count(), 1, "{words}");
        // Started again from init, by the old version.
        assert_eq!(host.call("counter", "get", json!([])), json!(0));
        let actor = host.actor("counter");
        assert_eq!((&actor["restarts"], &actor["label"]), (&json!(1), &json!("0.2.0-live-save-traps")));
    }
}

#[test]
fn a_save_that_errs_on_the_live_state_leaves_it_alone() {
    for verify in ["\"all\"", "\"none\""] {
        let host = Host::with_manifest(&format!("[components.counter]\nverify = {verify}\n"));
        host.drop_in("counter", "counter-live-save-errs").settled();
        host.call("counter", "increment", json!([5]));

        let receipt = host.drop_in("counter", NEXT).ended("refused");

        assert_eq!(receipt.refusal(), (Some("counter"), "save", "the ink has run dry"));
        assert_eq!(host.call("counter", "get", json!([])), json!(5));
        assert_eq!(host.actor("counter")["restarts"], json!(0));
    }
}

#[test]
fn a_save_that_takes_too_long_makes_it_not_now_and_the_actor_goes_on() {
    let host = Host::with_manifest("[components.counter]\nsave-limit = \"200ms\"\ndrain-timeout = \"300ms\"\n");
    host.drop_in("counter", "counter-live-save-slow").settled();
    host.call("counter", "increment", json!([5]));

    let receipt = host.drop_in("counter", NEXT).ended("partial");

    assert_eq!((receipt.actors("switched"), receipt.actors("not_now")), (0, 1));
    assert_eq!(receipt.0["holders"], json!(["counter"]));
    // The last try may find it at the save of the one before.
    let (whose, act, why) = receipt.refusal();
    assert_eq!((whose, act), (Some("counter"), "switch"));
    assert!(why.starts_with("its save did not end within 200ms") || why.starts_with("it did not come to"), "{why}");
    assert_eq!(receipt.0["reason"], json!(format!("counter is still on an older version: {why}")));
    assert_eq!((&receipt.0["rehearsal"]["tried"], &receipt.0["rehearsal"]["not_tried"]), (&json!(0), &json!(1)));
    assert_eq!(host.call("counter", "increment", json!([1])), json!(6));
    let actor = host.actor("counter");
    assert_eq!((&actor["restarts"], &actor["label"]), (&json!(0), &json!("0.2.0-live-save-slow")));
    host.until("it is told why", |host| {
        let component = host.get("/v1/components/counter").body;
        let versions = component["versions"].as_array().cloned().unwrap_or_default();
        let told = |version: &Value| version["why"][0].as_str().map(str::to_owned);
        versions.iter().filter_map(told).any(|why| why.starts_with("counter is tried again at its next boundary: it"))
    });
}

#[test]
fn a_save_without_end_holds_up_nobody_else() {
    let manifest = "[components.counter]\nkeyed = true\nsave-limit = \"200ms\"\ndrain-timeout = \"300ms\"\nhold-timeout = \"200ms\"\n";
    let host = Host::with_manifest(manifest);
    host.drop_in("counter", "counter-live-save-loops").settled();
    host.call("counter/endless", "increment", json!([5]));

    let receipt = host.drop_in("counter", NEXT).ended("partial");

    assert_eq!(receipt.0["holders"], json!(["counter/endless"]));
    assert_eq!(host.call("counter/new", "increment", json!([1])), json!(1));
    assert_eq!(host.actor("counter/new")["label"], json!("0.2.0-change-errs-on-13"));
}

#[test]
fn an_init_that_errs_is_unproven_beside_a_living_actor_and_refused_without_one() {
    let host = Host::start();
    let receipt = host.drop_in("first", "counter-init-errs").ended("refused");
    assert_eq!(receipt.refusal(), (Some("first"), "init", "no seats left"));
    assert_eq!(host.try_call("first", "get", json!([])).problem(), "no-such-component");

    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([5]));
    let receipt = host.drop_in("counter", "counter-init-errs").settled();
    assert_eq!(receipt.0["findings"], json!(["unproven: a scratch init answered: no seats left"]));
    assert_eq!(host.call("counter", "get", json!([])), json!(5));

    let host = Host::with_manifest("[components.counter]\nrequire-proof = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("counter", "counter-init-errs").refused_with(&["proof is required", "no seats left"]);
}

#[test]
fn a_version_without_a_way_down_is_taken_and_is_not_left_downwards() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("counter", "counter-no-way-back").settled();
    host.call("counter", "increment", json!([5]));

    let receipt = host.drop_in("counter", "counter-v1").ended("refused");

    assert_eq!(receipt.0["step"], "checked");
    let (_, act, words) = receipt.refusal();
    assert!(act == "state" && words.contains("{total:u64,calls:u64}") && words.contains("{total:u64}"), "{words}");
    assert_eq!(host.call("counter", "get", json!([])), json!(5));
}

#[test]
fn a_way_down_that_changes_the_state_refuses_nothing_and_is_said() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/alice", "increment", json!([12]));
    host.call("counter/bob", "increment", json!([13]));
    let last = host.last_receipt("counter");
    host.write_file("counter.wasm", &scripted("down:wrong@13"));

    let receipt = host.receipt_after("counter", last).settled();

    let figures = json!({"tried": 2, "passed": 2, "round_trips": 1, "round_trips_differ": 1, "not_tried": 0});
    assert_eq!(receipt.0["rehearsal"], figures);
    let shown = host.run(&["upgrades", &receipt.id().to_string()]);
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains("2 of 2 live states were taken; 1 of 2 came back the same by the way down"), "{shown}");
}

#[test]
fn a_version_that_crashes_at_work_answers_so_and_starts_again() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([5]));
    host.drop_in("counter", "counter-increment-traps").settled();
    assert_eq!(host.call("counter", "get", json!([])), json!(5));

    let crashed = host.try_call("counter", "increment", json!([2]));

    assert_eq!((crashed.status, crashed.problem()), (500, "crashed"));
    assert!(crashed.body["reason"].as_str().is_some_and(|why| why.contains("cannot add 2 to 5")), "{}", crashed.body);
    assert_eq!(host.call("counter", "get", json!([])), json!(0));
    // And it is left as any other.
    host.drop_in("counter", NEXT).settled();
    assert_eq!(host.call("counter", "increment", json!([2])), json!(2));
}

#[test]
fn who_waits_to_begin_anew_keeps_no_version_in_service() {
    let host = Host::with_manifest("[components.counter]\ndrain-timeout = \"200ms\"\n");
    host.drop_in("counter", "counter-increment-traps").settled();
    // Each time it waits for twice as long; the last time for longer than an older version may take to go.
    for _ in 0..6 {
        assert_eq!(host.try_call("counter", "increment", json!([1])).problem(), "crashed");
    }

    let receipt = host.drop_in("counter", NEXT).settled();

    assert_eq!((receipt.actors("switched"), receipt.actors("not_now")), (0, 0));
    assert_eq!(host.call("counter", "get", json!([])), json!(0));
}
