//! Code is swapped while it runs: the state goes over, and no call is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;

use crate::support::Host;

#[test]
fn the_state_goes_over_to_the_newer_version() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    assert_eq!(host.call("counter", "increment", json!([5])), json!(5));

    let receipt = host.drop_in("counter", "counter-v2").settled();

    assert_eq!(host.call("counter", "get", json!([])), json!(5));
    assert_eq!(host.call("counter", "calls", json!([])), json!(0));
    assert_eq!(receipt.actors("switched"), 1);
    assert_eq!(receipt.0["from"]["label"], "0.1.0");
    assert_eq!(receipt.0["to"]["label"], "0.2.0");
    assert!(receipt.0["pause_us"]["max"].as_u64().is_some_and(|pause| pause > 0), "{}", receipt.0);
}

#[test]
fn the_state_goes_back_to_the_older_version_by_the_way_down() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("counter", "counter-v2").settled();
    host.call("counter", "increment", json!([7]));

    host.drop_in("counter", "counter-v1").settled();

    assert_eq!(host.call("counter", "get", json!([])), json!(7));
    assert_eq!(host.try_call("counter", "calls", json!([])).problem(), "no-such-function");
}

#[test]
fn calls_flow_through_swap_after_swap_and_none_is_lost() {
    const CLIENTS: usize = 16;
    const SWAPS: usize = 20;
    let host = Host::start();
    let first = host.drop_in("counter", "counter-v1").settled();
    let stop = Arc::new(AtomicBool::new(false));
    let made = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (call, stop, made) = (host.caller(), stop.clone(), made.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let answer = call("counter", "increment", json!([1]));
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    made.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();

    let mut last = first.id();
    for swap in 0..SWAPS {
        host.put("counter", if swap % 2 == 0 { "counter-v2" } else { "counter-v1" });
        let receipt = host.receipt_after("counter", last).settled();
        assert!(receipt.0["pause_us"]["max"].is_u64(), "{}", receipt.0);
        last = receipt.id();
    }

    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("no call failed");
    }
    assert_eq!(host.call("counter", "get", json!([])), json!(made.load(Ordering::Relaxed)));
}

#[test]
fn keyed_actors_each_keep_their_own() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    for n in 0..20 {
        host.call(&format!("counter/k{n}"), "increment", json!([n]));
    }

    let receipt = host.drop_in("counter", "counter-v2").settled();

    assert_eq!(receipt.actors("switched"), 20);
    for n in 0..20 {
        assert_eq!(host.call(&format!("counter/k{n}"), "get", json!([])), json!(n));
    }
}

#[test]
fn timers_go_on_over_a_swap() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    host.call("timer", "every", json!([1]));
    let before = host.call("timer", "ticks", json!([])).as_u64();
    let digest = host.get("/v1/actors").body["actors"][0]["digest"].clone();
    assert!(digest.is_string() && before.is_some());
}

#[test]
fn a_service_is_switched_at_once() {
    let host = Host::start();
    host.drop_in("greeter", "greeter-v1").settled();
    assert!(host.call("greeter", "greet", json!(["Ada"])).is_string());
    assert_eq!(host.try_call("greeter", "farewell", json!(["Ada"])).problem(), "no-such-function");

    host.drop_in("greeter", "greeter-v2").settled();

    assert!(host.call("greeter", "farewell", json!(["Ada"])).is_string());
}
