//! At rest an actor is a mailbox and an instance, and nothing else.

use serde_json::json;

use crate::support::Host;

#[test]
fn a_thousand_idle_actors_add_no_thread_no_descriptor_and_no_task() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/first", "increment", json!([1]));
    let before = (host.entries("task"), host.entries("fd"));
    let mappings = host.entries("maps");
    // Each open connection has one.
    let tasks = |host: &Host| {
        let text = host.get("/metrics").body;
        let figures = text.as_str().expect("a text").lines();
        let figure = |name| figures.clone().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        figure("changeling_runtime_tasks ").zip(figure("changeling_http_connections ")).map(|(all, open)| all - open)
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
    // What admission counts with.
    let added = host.entries("maps") - mappings;
    assert!(added <= 999 * 8, "{added} mappings");
}
