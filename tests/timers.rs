//! Timers belong to the actor: they outlive the version that set them, and each fires once.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Host, variant};

#[test]
fn each_timer_set_before_fires_once_after() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    // Spread over the swaps to come, and one long after them.
    for n in 0..50 {
        host.call("timer", "once", json!([n * 20]));
    }
    host.call("timer", "once", json!([60_000]));
    for swap in 0..4 {
        host.drop_in_variant("timer", "timer", &swap.to_string()).settled();
    }
    host.until("fifty have fired", |host| host.call("timer", "ticks", json!([])) == json!(50));

    // A timer that fires twice would do so before one that is set now.
    host.call("timer", "once", json!([100]));
    host.until("one more has fired", |host| host.call("timer", "ticks", json!([])).as_u64() > Some(50));
    assert_eq!(host.call("timer", "ticks", json!([])), json!(51));
    assert_eq!(host.actor("timer")["restarts"], json!(0));
}

#[test]
fn a_timer_can_be_cancelled_after_a_swap() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    host.call("timer", "every", json!([60_000]));

    host.drop_in_variant("timer", "timer", "2").settled();

    assert_eq!(host.call("timer", "cancel", json!([])), json!(true));
    assert_eq!(host.call("timer", "cancel", json!([])), json!(false));
}

#[test]
fn ticking_goes_on_over_a_swap() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    host.call("timer", "every", json!([5]));
    for swap in 0..4 {
        host.drop_in_variant("timer", "timer", &swap.to_string()).settled();
        let before = host.call("timer", "ticks", json!([])).as_u64();
        host.until("it ticks", |host| host.call("timer", "ticks", json!([])).as_u64() > before);
    }
}

#[test]
fn a_sleeping_host_keeps_what_is_left_of_a_timer() {
    let mut host = Host::start();
    host.drop_in("timer", "timer").settled();
    host.call("timer", "once", json!([1]));
    host.until("it has fired", |host| host.call("timer", "ticks", json!([])) == json!(1));
    host.call("timer", "once", json!([500]));
    host.call("timer", "every", json!([60_000]));

    assert!(host.interrupt().success());
    host.start_again();

    host.until("the second has fired", |host| host.call("timer", "ticks", json!([])) == json!(2));
    assert_eq!(host.call("timer", "cancel", json!([])), json!(true));
}

#[test]
fn timers_go_back_with_their_actor() {
    let host =
        Host::with_manifest("[components.timer]\nkeyed = true\nparallel = 1\ncpu = \"30s\"\nverify = \"none\"\n");
    host.prepare(&variant("timer", "2"));
    host.drop_in("timer", "timer").settled();
    // One that is taken back before it fires.
    host.call("timer/a", "every", json!([3_000]));
    assert_eq!(host.call("timer/a", "cancel", json!([])), json!(true));
    host.call("timer/b", "ticks", json!([]));
    let work = host.at_work("timer/b", "slow", json!([1_500]));
    let (last, older) = (host.last_receipt("timer"), host.actor("timer/a")["digest"].clone());
    host.put_variant("timer", "timer", "2");
    host.until("a has gone over", |host| host.actor("timer/a")["digest"] != older);
    assert_eq!(host.post("/v1/components/timer/turn-back", &[]).status, 204);
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    host.receipt_after("timer", last).ended("rolled-back");

    // Were the number of the one taken back given out again, this one would fire when that one was to.
    let set = Instant::now();
    host.call("timer/a", "once", json!([3_500]));
    host.until("it has fired", |host| host.call("timer/a", "ticks", json!([])) != json!(0));
    assert!(set.elapsed() >= Duration::from_millis(3_500), "it fired after {:?}", set.elapsed());
    assert_eq!(host.actor("timer/a")["digest"], older);
}
