//! Code is swapped while it runs: the state goes over, and no call is lost.

use std::time::{Duration, Instant};

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

/// How often the two versions are copied over each other; more are asked for by `CHANGELING_TEST_SWAPS`.
const SWAPS: u32 = 25;
/// After so many everything that is made once has been made: figures are compared with those taken here.
const WARM: u32 = 10;

#[test]
fn no_call_fails_through_swap_after_swap_and_nothing_leaks() {
    let swaps = std::env::var("CHANGELING_TEST_SWAPS").map_or(SWAPS, |swaps| swaps.parse().expect("a number of swaps"));
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let load = host.load(16, "counter", "increment", json!([1]));
    let mut warm = None;
    for swap in 1..=swaps {
        let receipt = host.drop_in("counter", if swap % 2 == 1 { "counter-v2" } else { "counter-v1" }).settled();
        assert!(receipt.0["pause_us"]["max"].is_u64(), "{}", receipt.0);
        if swap == WARM {
            warm = Some(Figures::of(&host));
        }
    }
    // A second for what is put away in the background. The clients go on: they hold connections in both figures.
    let last = Instant::now();
    host.until("the last swap is a second ago", |_| last.elapsed() > Duration::from_secs(1));
    let (warm, end) = (warm.expect("there were more swaps than that"), Figures::of(&host));
    let made = load.end();

    eprintln!("{made} calls, {swaps} swaps; after {WARM}: {warm:?}; at the end: {end:?}");
    assert_eq!(host.call("counter", "get", json!([])), json!(made));
    assert!(host.receipts("counter").iter().all(|receipt| receipt.actors("switched") == 1 || receipt.id() == 1));
    assert!(end.resident <= warm.resident + (8 << 20), "{warm:?} became {end:?}");
    assert!(end.descriptors <= warm.descriptors && end.threads <= warm.threads, "{warm:?} became {end:?}");
    assert!(end.mappings <= warm.mappings + 32, "{warm:?} became {end:?}");
}

/// What a host takes of its machine.
#[derive(Debug)]
struct Figures {
    resident: u64,
    descriptors: usize,
    threads: usize,
    mappings: usize,
}

impl Figures {
    fn of(host: &Host) -> Self {
        let (descriptors, threads) = (host.entries("fd"), host.entries("task"));
        Self { resident: host.resident(), descriptors, threads, mappings: host.entries("maps") }
    }
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
