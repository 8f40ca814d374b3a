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
fn calls_of_a_service_that_are_in_flight_end_on_the_version_they_began_on() {
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
fn an_actor_does_not_become_a_service() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([5]));
    host.drop_in("counter", "greeter-v1").refused_with(&["is a actor", "this is a service"]);
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
