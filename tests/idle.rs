//! At rest an actor is a mailbox and an instance, and nothing else.

use serde_json::json;

use crate::support::Host;

#[test]
fn a_thousand_idle_actors_add_no_thread_and_no_descriptor() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/first", "increment", json!([1]));
    let before = (host.entries("task"), host.entries("fd"));
    let mappings = host.entries("maps");

    for n in 0..999 {
        host.call(&format!("counter/k{n}"), "increment", json!([1]));
    }

    assert_eq!(host.get("/v1/actors").body["actors"].as_array().map(Vec::len), Some(1_000));
    let after = (host.entries("task"), host.entries("fd"));
    // The loading may not have closed all its files when the first figures were taken.
    assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} became {after:?}");
    // What admission counts with.
    let added = host.entries("maps") - mappings;
    assert!(added <= 999 * 8, "{added} mappings");
}
