//! A thousand actors that crash at once, and those that crash as soon as they live: they come back, each in its time, and
//! everybody else is served meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;

use super::guest::{Entry, Guest, deed};
use super::{Neighbour, offer};
use crate::support::Host;

const CROWD: usize = 1_000;

fn addresses(client: usize) -> impl Iterator<Item = String> {
    (client..CROWD).step_by(4).map(|n| format!("hostile/{n}"))
}

/// Calls this function of each of them.
fn call_each(host: &Host, function: &'static str, is_right: fn(&crate::support::Answer) -> bool) {
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let call = host.caller();
            std::thread::spawn(move || {
                for address in addresses(client) {
                    let answer = call(&address, function, json!([1]));
                    assert!(is_right(&answer), "{address} {function}: {answer:?}");
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().expect("each is answered rightly"));
}

#[test]
fn a_thousand_that_crash_at_once_come_back() {
    let host = Host::with_manifest("[components.hostile]\nkeyed = true\n");
    offer(&host, "hostile", &Guest::default().at(Entry::Deed, deed::TRAP).build()).settled();
    call_each(&host, "add", |answer| answer.body == json!(1));
    let neighbour = Neighbour::of(&host);
    let begun = Instant::now();

    call_each(&host, "deed", |answer| answer.problem() == "crashed");
    call_each(&host, "add", |answer| answer.body == json!(1));

    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let actors = host.get("/v1/actors").body["actors"].as_array().cloned().unwrap_or_default();
    let once = actors.iter().filter(|actor| actor["restarts"] == json!(1)).count();
    assert_eq!(once, CROWD, "each has begun anew once");
    neighbour.ends_well();
}

#[test]
fn who_crashes_as_soon_as_it_lives_waits_longer_each_time() {
    let host = Host::with_manifest("[components.hostile]\nkeyed = true\n");
    // Born with a timer, of which it dies.
    let lives = "(drop (call $send-after (i64.const 0) (i32.const 65536) (i32.const 1)))";
    let guest = Guest::default().at(Entry::Init, lives).at(Entry::HandleInfo, deed::TRAP);
    offer(&host, "hostile", &guest.build()).settled();
    let neighbour = Neighbour::of(&host);
    let begun = Instant::now();
    for n in 0..200 {
        // It may die before it comes to this.
        host.try_call(&format!("hostile/{n}"), "add", json!([1]));
    }
    host.until("they have crashed four times", |host| {
        let actors = host.get("/v1/actors").body["actors"].as_array().cloned().unwrap_or_default();
        let mut theirs = actors.iter().filter(|actor| actor["address"] != json!("neighbour"));
        theirs.all(|actor| actor["restarts"].as_u64() >= Some(4))
    });
    // After 100, 200 and 400 ms; the fourth is counted as soon as it has crashed.
    assert!(begun.elapsed() >= Duration::from_millis(700));
    let crashes = host.happenings().iter().filter(|event| event["event"] == "crashed").count();
    let most = 200 * (5 + begun.elapsed().as_secs() as usize);
    assert!((800..most).contains(&crashes), "{crashes} crashes in {:?}", begun.elapsed());
    neighbour.ends_well();
}
