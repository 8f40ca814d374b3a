//! Many guests that each take what one may have: all together they have what their host gives, and not a byte more.

use serde_json::json;

use super::guest::{Entry, Guest, deed};
use super::{Neighbour, offer};
use crate::support::{Answer, Host};

const ROOM: u64 = 256 << 20;
/// Of its own, and of an allocator that gives back later: beyond what its guests have.
const SLACK: u64 = 128 << 20;
const CROWD: usize = 100;

const SMALL: &str = "[host]\nmemory = \"256MiB\"\n[components.hostile]\nkeyed = true\ncpu = \"10s\"\n";

/// A crowd of them, each of which does its deed; what they were answered.
fn all_at_once(host: &Host, guest: &Guest) -> Vec<Answer> {
    offer(host, "hostile", &guest.build()).settled();
    let clients = (0..4).map(|client| {
        let call = host.caller();
        std::thread::spawn(move || {
            let mine = (client..CROWD).step_by(4);
            mine.map(|n| call(&format!("hostile/{n}"), "deed", json!([0]))).collect::<Vec<_>>()
        })
    });
    let clients: Vec<_> = clients.collect();
    clients.into_iter().flat_map(|client| client.join().expect("it is answered")).collect()
}

/// Some had what they wanted; the others were told that there is no more, by name.
#[track_caller]
fn is_shared_out(host: &Host, answers: &[Answer]) {
    let full = "all that this host may use is in use";
    let (fine, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(fine.len() >= 5 && others.len() >= 5, "{} were fine, {} were not", fine.len(), others.len());
    for answer in others {
        let is_told = answer.body.to_string().contains(full) || answer.problem() == "overloaded";
        assert!(is_told, "{answer:?}");
    }
    let resident = host.resident();
    assert!(resident < ROOM + SLACK, "{} MiB are in use, where {} are allowed", resident >> 20, ROOM >> 20);
}

#[test]
fn memory_of_many_guests_is_what_the_host_gives() {
    let host = Host::with_manifest(SMALL);
    let neighbour = Neighbour::of(&host);
    // 16 MiB each, and written to.
    let takes = "(drop (memory.grow (i32.const 256)))
        (memory.fill (i32.const 2097152) (i32.const 7) (i32.const 16777216))";
    let answers = all_at_once(&host, &Guest::default().at(Entry::Deed, takes));
    is_shared_out(&host, &answers);
    neighbour.ends_well();
}

#[test]
fn timers_of_many_guests_are_of_that_too() {
    let host = Host::with_manifest(SMALL);
    let neighbour = Neighbour::of(&host);
    // 1,000 tokens of 4 KiB each.
    let sets = "(local $left i32) (local.set $left (i32.const 1000))
        (loop $more
            (drop (call $send-after (i64.const 3600000) (i32.const 65536) (i32.const 4096)))
            (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";
    let answers = all_at_once(&host, &Guest::default().at(Entry::Deed, sets));
    is_shared_out(&host, &answers);

    // Whoever is gone has none.
    assert_eq!(host.ask("DELETE", "/v1/components/hostile").status, 204);
    offer(&host, "hostile", &Guest::default().at(Entry::Deed, sets).build());
    assert_eq!(host.call("hostile/again", "deed", json!([0])), json!(0));
    neighbour.ends_well();
}

#[test]
fn who_takes_and_dies_again_and_again_leaves_nothing() {
    // What dies is unmapped a little later: so little that many of them have room.
    let host = Host::with_manifest(&format!("{SMALL}memory = \"8MiB\"\n"));
    let dies = Guest::default().at(Entry::Deed, deed::GROW).build();
    offer(&host, "hostile", &dies).settled();
    let (mut before, mut mappings) = (0, 0);
    for round in 0..4 {
        for n in 0..50 {
            let answer = host.try_call(&format!("hostile/{round}-{n}"), "deed", json!([0]));
            assert_eq!(answer.problem(), "crashed", "{answer:?}");
        }
        let stop = |n| host.post(&format!("/v1/actors/hostile%2F{round}-{n}/stop"), &[]).status;
        assert!((0..50).all(|n| stop(n) == 204));
        if round == 0 {
            (before, mappings) = (host.resident(), host.entries("maps"));
        }
    }
    let more = host.resident().saturating_sub(before);
    assert!(more < 32 << 20, "{more} bytes more");
    assert!(host.entries("maps") < mappings + 100, "{} mappings, {mappings} before", host.entries("maps"));
}

#[test]
fn the_timers_of_the_dead_are_forgotten() {
    let host = Host::with_manifest(SMALL);
    // 1,000 that fire in an hour.
    let sets = "(local $left i32) (if (local.get $n) (then (unreachable))) (local.set $left (i32.const 1000))
        (loop $more
            (drop (call $send-after (i64.const 3600000) (i32.const 65536) (i32.const 1)))
            (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";
    offer(&host, "hostile", &Guest::default().at(Entry::Deed, sets).build()).settled();
    let mut before = 0;
    for n in 0..400 {
        let who = format!("hostile/{n}");
        host.call(&who, "deed", json!([0]));
        assert_eq!(host.try_call(&who, "deed", json!([1])).problem(), "crashed");
        assert_eq!(host.post(&format!("/v1/actors/hostile%2F{n}/stop"), &[]).status, 204);
        if n == 20 {
            before = host.resident();
        }
    }
    let more = host.resident().saturating_sub(before);
    assert!(more < 16 << 20, "{more} bytes more");
}
