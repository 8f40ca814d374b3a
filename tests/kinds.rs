//! What is hosted: components with the SDK and without, services, and who is not hosted and why.

use serde_json::json;

use crate::support::Host;

#[test]
fn an_actor_without_the_sdk_is_hosted_and_keeps_its_state() {
    let host = Host::start();
    host.drop_in("plain", "plain").settled();
    assert_eq!(host.call("plain", "add", json!([5])), json!(5));

    let receipt = host.drop_in_variant("plain", "plain", "2").settled();

    assert_eq!((receipt.actors("switched"), &receipt.0["bytes"]), (1, &json!(8)));
    assert_eq!(host.call("plain", "sum", json!([])), json!(5));
    assert_eq!(host.state("plain"), 5_i64.to_le_bytes());
}

#[test]
fn a_component_that_knows_nothing_of_its_host_is_a_service() {
    let host = Host::start();
    host.drop_in("stranger", "stranger").settled();
    assert_eq!(host.call("stranger", "count", json!(["to be or not"])), json!(4));
    assert_eq!(host.call("stranger", "longest", json!([""])), json!(null));
    assert_eq!(host.get("/v1/components").body["components"][0]["kind"], "service");

    host.drop_in_variant("stranger", "stranger", "2").settled();

    assert_eq!(host.call("stranger", "longest", json!(["to be or not"])), json!("not"));
}

/// It counts the calls that its instance has served.
const SERVICE: &str = r#"(component
    (core module $counting
        (global $calls (mut i32) (i32.const 0))
        (func (export "count") (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (global.get $calls)))
    (core instance $instance (instantiate $counting))
    (func (export "count") (result u32) (canon lift (core func $instance "count"))))"#;

#[test]
fn a_service_may_have_an_instance_for_each_call() {
    let host = Host::with_manifest("[components.fresh]\nfresh = true\n");
    let bytes = wat::parse_str(SERVICE).expect("a component");
    for component in ["fresh", "reused"] {
        let last = host.last_receipt(component);
        host.deploy(component, &bytes);
        host.receipt_after(component, last).settled();
    }

    let counts = |component: &str| [1, 2, 3].map(|_| host.call(component, "count", json!([])));
    assert_eq!(counts("reused"), [json!(1), json!(2), json!(3)]);
    assert_eq!(counts("fresh"), [json!(1), json!(1), json!(1)]);
}

#[test]
fn who_is_refused_by_init_hears_its_words_and_leaves_no_actor() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\n");
    host.drop_in("counter", "counter-init-errs").settled();

    for _ in 0..2 {
        let answer = host.try_call("counter/a", "increment", json!([1]));
        assert_eq!(answer.problem(), "refused", "{}", answer.body);
        assert!(answer.body["detail"].as_str().is_some_and(|words| words.contains("no seats left")), "{}", answer.body);
        host.until("there is no actor", |host| host.get("/v1/actors").body["actors"] == json!([]));
    }
}

#[test]
fn a_service_is_switched_at_once() {
    let host = Host::start();
    host.drop_in("greeter", "greeter-v1").settled();
    assert_eq!(host.call("greeter", "greet", json!(["Ada"])), json!("Hello, Ada!"));
    assert_eq!(host.try_call("greeter", "farewell", json!(["Ada"])).problem(), "no-such-function");

    host.drop_in("greeter", "greeter-v2").settled();

    assert_eq!(host.call("greeter", "greet", json!(["Ada"])), json!("Welcome, Ada!"));
    assert_eq!(host.call("greeter", "farewell", json!(["Ada"])), json!("Come again, Ada!"));
}

#[test]
fn calls_in_flight_end_on_the_version_they_began_on_and_new_ones_go_to_the_new() {
    let host = Host::with_manifest("[components.greeter]\ncpu = \"60s\"\n");
    host.drop_in("greeter", "greeter-v1").settled();
    let last = host.last_receipt("greeter");
    let work = host.calling("greeter", "work", json!([2_000_000_000_u64]));
    host.put("greeter", "greeter-v2");
    host.until("new calls go to the new one", |host| host.call("greeter", "greet", json!(["Ada"])) == "Welcome, Ada!");
    if !work.is_finished() {
        let component = &host.get("/v1/components").body["components"][0];
        let old = component["versions"].as_array().into_iter().flatten().find(|version| version["role"] == "old");
        assert!(work.is_finished() || old.is_some(), "{component}");
    }
    assert!(work.join().is_ok_and(|answer| answer.status == 200 && answer.body.is_number()));
    host.receipt_after("greeter", last).settled();
}

#[test]
fn no_call_of_a_service_fails_over_swaps() {
    let host = Host::start();
    host.drop_in("greeter", "greeter-v1").settled();
    let load = host.load(4, "greeter", "greet", json!(["Ada"]));
    for swap in 0..6 {
        host.drop_in("greeter", if swap % 2 == 0 { "greeter-v2" } else { "greeter-v1" }).settled();
    }
    load.end();
    let component = &host.get("/v1/components").body["components"][0];
    assert_eq!(component["versions"].as_array().map(Vec::len), Some(1), "{component}");
}

#[test]
fn an_actor_without_a_state_begins_anew_and_the_receipt_says_so() {
    let host = Host::start();
    host.drop_in("forgetful", "forgetful").settled();
    assert_eq!(host.call("forgetful", "come", json!([])), json!(1));

    let receipt =
        host.drop_in_variant("forgetful", "forgetful", "2").settled().says("begin anew: it exports no `state`");

    assert_eq!((receipt.actors("switched"), &receipt.0["bytes"]), (1, &json!(0)));
    assert_eq!(host.call("forgetful", "come", json!([])), json!(1));
    assert_eq!(host.actor("forgetful")["digest"], receipt.0["to"]["digest"]);
}

#[test]
fn one_with_a_state_begins_anew_where_that_is_asked_for() {
    let host = Host::with_manifest("[components.counter]\nstrategy = \"restart\"\n");
    host.drop_in("counter", "counter-increment-traps").settled();
    // Without the hooks of the one before, and in spite of its state.
    host.drop_in("counter", "counter-v1")
        .settled()
        .says("begin anew: as was asked")
        .says("exports `lifecycle`, this does not");
    host.call("counter", "increment", json!([5]));

    host.drop_in("counter", "counter-v2").settled();

    assert_eq!(host.call("counter", "get", json!([])), json!(0));
    assert_eq!(host.actor("counter")["restarts"], json!(0));
}

#[test]
fn an_actor_does_not_become_a_service() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([5]));
    host.drop_in("counter", "greeter-v1").refused_with(&["is an actor", "this is a service", "`changeling remove`"]);
    assert_eq!(host.call("counter", "get", json!([])), json!(5));
}

#[test]
fn an_import_that_nobody_provides_is_named() {
    let host = Host::start();
    let receipt = host.drop_in("teller", "teller").ended("refused");
    let (_, act, words) = receipt.refusal();
    assert_eq!(act, "imports");
    assert!(words.contains("demo:ledger/accounts"), "{words}");
    assert_eq!(host.try_call("teller", "enrolled", json!([])).problem(), "no-such-component");

    // Its surroundings are at fault, not its bytes: under another name it is looked at again.
    host.drop_in("ledger", "ledger-v1").settled();
    let last = host.last_receipt("teller");
    host.put("teller@again", "teller");
    host.receipt_after("teller", last).ended("refused").says("demo:ledger/accounts");
}
