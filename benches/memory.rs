//! What a living actor at rest takes of the machine's memory, beside an instance alone.

use criterion::Criterion;

use crate::board::{Board, Floor};
use crate::floor::Bare;
use crate::guests::wasm;
use crate::host::Host;

/// How many are made, each called once.
const ACTORS: usize = 1_000;
/// What a living actor may take, in bytes.
const ENOUGH: f64 = 24.0 * 1024.0;

/// Measures it, best before anything else has left free memory behind.
pub fn bench(_: &mut Criterion, board: &mut Board, host: &Host) {
    let _runtime = host.runtime.enter();
    let by = || 1_u64.to_le_bytes().to_vec();
    let increment = host.target("counter", "increment");
    let (actor, actors) = each(|n| {
        let actor = increment.of(n);
        assert_eq!(actor.call_and_wait(by()), by(), "it begins at nothing");
        actor
    });
    let bare = Bare::compile(&wasm("counter-v1"), "demo:counter/counter");
    let (instance, _instances) = each(|_| {
        let mut guest = bare.instantiate();
        let increment = guest.typed::<(u64,), (u64,)>("increment");
        assert_eq!(guest.call(&increment, (1,)), (1,));
        guest
    });
    let what = "memory of an idle actor";
    board.add_bytes(what, Floor { name: "instance", target: None }, vec![(actor, instance)]);
    board.add_bytes(what, Floor { name: "what it may take", target: Some(1.0) }, vec![(actor, ENOUGH)]);
    host.stop(actors.iter().map(|actor| actor.address().clone()));
}

/// The bytes that each of many takes, and they themselves.
fn each<T>(make: impl Fn(usize) -> T) -> (f64, Vec<T>) {
    let before = resident();
    let made: Vec<T> = (0..ACTORS).map(make).collect();
    ((resident() - before) / ACTORS as f64, made)
}

/// The bytes of this process that are in memory.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process knows itself");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its resident set");
    let kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib * 1024.0
}
