//! At rest an actor is a mailbox and an instance, and nothing else: no thread, descriptor, task, run or timer.

use serde_json::json;

use crate::support::Host;

#[test]
fn a_thousand_idle_actors_add_nothing_that_runs_or_waits() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/first", "increment", json!([1]));
    let before = (host.entries("task"), host.entries("fd"));
    let mappings = host.entries("maps");
    // Each open connection has one.
    let tasks = |host: &Host| {
        host.figure("changeling_runtime_tasks")
            .zip(host.figure("changeling_http_connections"))
            .map(|(all, open)| all - open)
    };
    let tasks_before = tasks(&host);
    assert!(tasks_before.is_some());

    for n in 0..999 {
        host.call(&format!("counter/k{n}"), "increment", json!([1]));
    }

    assert_eq!(host.get("/v1/actors").body["actors"].as_array().map(Vec::len), Some(1_000));
    let after = (host.entries("task"), host.entries("fd"));
    // The loading may not have closed all its files when the first figures were taken.
    assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} became {after:?}");
    host.until("there are no more tasks than before", |host| tasks(host) <= tasks_before);
    // An instance that a run has is not at rest.
    host.until("all are idle", |host| {
        host.figure("changeling_actors{component=\"counter\",state=\"idle\"}") == Some(1_000.0)
    });
    assert_eq!(host.figure("changeling_timers"), Some(0.0));
    // What admission counts with.
    let added = host.entries("maps") - mappings;
    assert!(added <= 999 * 8, "{added} mappings");

    // One that waits for something is counted.
    host.drop_in("timer", "timer").settled();
    host.call("timer", "once", json!([60_000]));
    host.until("a timer is set", |host| host.figure("changeling_timers") == Some(1.0));
}
