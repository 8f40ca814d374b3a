//! A host with guests that die at each of their entries: they are refused, or started again, and it serves everybody else.

use serde_json::json;

use super::guest::{Entry, Guest, deed};
use super::{Neighbour, crashes, offer};
use crate::support::Host;

const HASTY: &str = "[components.hostile]\nkeyed = true\ncpu = \"100ms\"\nsave-limit = \"100ms\"\n\
                     change-budget = \"100ms\"\nmemory = \"8MiB\"\n";

/// What they do, and what is said of it.
const DEEDS: [(&str, &str); 5] = [
    (deed::TRAP, "unreachable code reached"),
    (deed::LOOP, "100ms of CPU"),
    (deed::RECURSE, "it recursed too deep"),
    (deed::GROW, "memory: it asked for"),
    (deed::GROW_TABLE, "table: it asked for"),
];

#[test]
fn who_dies_on_the_way_in_is_refused_in_that_act() {
    let host = Host::with_manifest(HASTY);
    let neighbour = Neighbour::of(&host);
    for (deed, words) in DEEDS {
        for (entry, act) in [
            (Entry::Start, "instantiation"),
            (Entry::Shapes, "shapes"),
            (Entry::Realloc, "init"),
            (Entry::Init, "init"),
            (Entry::Health, "health check"),
            (Entry::Save, "save"),
            (Entry::CodeChange, "code-change"),
        ] {
            let receipt = offer(&host, "hostile", &Guest::default().at(entry, deed).build()).ended("refused");
            let (_, in_act, why) = receipt.refusal();
            assert_eq!(in_act, act, "{deed} at {entry:?}: {why}");
            assert!(why.contains(words), "{deed} at {entry:?}: {why}");
        }
    }
    assert_eq!(host.try_call("hostile/a", "add", json!([1])).problem(), "no-such-component");
    neighbour.ends_well();
}

#[test]
fn who_dies_at_work_starts_again() {
    let host = Host::with_manifest(HASTY);
    let neighbour = Neighbour::of(&host);
    for (at, (deed, words)) in DEEDS.into_iter().enumerate() {
        let in_a_moment = "(drop (call $send-after (i64.const 0) (i32.const 65536) (i32.const 1)))";
        let work = format!("(if (local.get $n) (then {deed}) (else {in_a_moment}))");
        let guest = Guest::default().at(Entry::Deed, &work);
        let guest = [Entry::PostReturn, Entry::HandleInfo, Entry::Terminate, Entry::Status]
            .into_iter()
            .fold(guest, |guest, entry| guest.at(entry, deed));
        offer(&host, "hostile", &guest.build()).settled();
        let of = |who: &str| format!("hostile/{who}-{at}");

        assert_eq!(host.call(&of("a"), "add", json!([5])), json!(5));
        let why = crashes(&host, &of("a"), "deed", json!([1]));
        assert!(why.contains(words), "{deed}: {why}");
        assert_eq!(host.call(&of("a"), "add", json!([1])), json!(1), "{deed}: it begins anew");

        let why = crashes(&host, &of("b"), "echo", json!(["hi"]));
        assert!(why.contains(words), "{deed} in post-return: {why}");

        host.call(&of("c"), "deed", json!([0]));
        host.until("it dies of a timer", |host| host.actor(&of("c"))["restarts"] == json!(1));

        host.call(&of("e"), "add", json!([1]));
        let shown = host.get(&format!("/v1/actors/hostile%2Fe-{at}/status"));
        assert_eq!(shown.problem(), "crashed", "{}", shown.body);
        assert!(shown.body.to_string().contains(words), "{deed} when it is to show itself: {}", shown.body);
        assert_eq!(host.call(&of("e"), "add", json!([1])), json!(1), "{deed}: it begins anew");

        // Told to end, it is gone, whatever it does about it.
        host.call(&of("d"), "add", json!([1]));
        assert_eq!(host.post(&format!("/v1/actors/hostile%2Fd-{at}/stop"), &[]).status, 204);
        let (line, _) = host.log_until("it died in terminate");
        assert!(line.contains(&of("d")), "{line}");
    }
    neighbour.ends_well();
}

#[test]
fn who_waits_for_ever_is_waited_for_by_nobody() {
    let host = Host::with_manifest("[http]\ndeadline = \"200ms\"\n[components.hostile]\nkeyed = true\n");
    let neighbour = Neighbour::of(&host);
    offer(&host, "hostile", &Guest::default().at(Entry::Deed, deed::WAIT).build()).settled();
    assert_eq!(host.try_call("hostile/a", "deed", json!([0])).problem(), "deadline-exceeded");
    assert_eq!(host.try_call("hostile/a", "add", json!([1])).problem(), "deadline-exceeded");
    assert_eq!(host.call("hostile/b", "add", json!([1])), json!(1));
    neighbour.ends_well();
}

#[test]
fn who_waits_for_ever_is_ended_all_the_same() {
    let host = Host::with_manifest(
        "[http]\ndeadline = \"200ms\"\n[components.hostile]\nkeyed = true\ndrain-timeout = \"200ms\"\n",
    );
    offer(&host, "hostile", &Guest::default().at(Entry::Deed, deed::WAIT).build()).settled();
    let waits = |who: &str| assert_eq!(host.try_call(who, "deed", json!([0])).problem(), "deadline-exceeded");
    waits("hostile/a");
    assert_eq!(host.post("/v1/actors/hostile%2Fa/restart", &[]).status, 204);
    assert_eq!(host.call("hostile/a", "add", json!([1])), json!(1));
    waits("hostile/a");
    assert_eq!(host.post("/v1/actors/hostile%2Fa/stop", &[]).status, 204);
    waits("hostile/b");
    assert_eq!(host.ask("DELETE", "/v1/components/hostile").status, 204);
    assert_eq!(host.try_call("hostile/b", "add", json!([1])).problem(), "no-such-component");
}

#[test]
fn a_service_whose_calls_all_die_serves_those_that_do_not() {
    let host = Host::with_manifest(HASTY);
    let neighbour = Neighbour::of(&host);
    for (deed, words) in DEEDS {
        let work = format!("(if (local.get $n) (then {deed}))");
        offer(&host, "hostile", &Guest::default().at(Entry::Deed, &work).build_service()).settled();
        for _ in 0..20 {
            let why = crashes(&host, "hostile", "deed", json!([1]));
            assert!(why.contains(words), "{deed}: {why}");
            assert_eq!(host.call("hostile", "deed", json!([0])), json!(0));
        }
    }
    neighbour.ends_well();
}
