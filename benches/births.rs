//! A first call to a key that has no actor yet: it is made, and answers. Beside the making of an instance alone.

use std::time::{Duration, Instant};

use criterion::Criterion;
use futures_executor::block_on;
use futures_util::StreamExt;
use futures_util::stream;

use crate::board::{Board, Floor};
use crate::floor::{Bare, ChannelActor};
use crate::guests::wasm;
use crate::host::{Host, Target};

/// How many live at a time, so that the machine's room for them is never met.
const ALIVE: u64 = 500;
/// How many are on their way at a time, where they do not come one after the other.
const AT_A_TIME: usize = 64;

/// The name under which its floor can be found.
pub const BIRTH: &str = "birth and first call";

/// Measures it.
pub fn bench(criterion: &mut Criterion, board: &mut Board, host: &Host) {
    let _runtime = host.runtime.enter();
    let increment = host.target("counter", "increment");
    let bare = Bare::compile(&wasm("counter-v1"), "demo:counter/counter");
    let floor = |times| in_batches(times, |batch| (made(&bare, batch), ()), |()| {});
    let stop = |born: Vec<Target>| host.stop(born.iter().map(|actor| actor.address().clone()));

    let one_by_one = |batch: u64| {
        let new: Vec<_> = (0..batch).map(|n| increment.of(n)).collect();
        let begin = Instant::now();
        new.iter().for_each(|actor| assert_eq!(actor.call_and_wait(by()), by(), "it begins at nothing"));
        (begin.elapsed(), new)
    };
    let against = Floor { name: "instance and first call", target: Some(1.3) };
    board.beside(criterion, ("births", BIRTH), against, floor, |times| in_batches(times, one_by_one, stop));

    let task = |batch: u64| {
        let begin = Instant::now();
        let tasks: Vec<_> = (0..batch)
            .map(|_| {
                let new = ChannelActor::start();
                assert_eq!(block_on(new.increment(1)), 1, "it begins at nothing");
                new
            })
            .collect();
        (begin.elapsed(), tasks)
    };
    let what = format!("{BIRTH}, beside a channel");
    let against = Floor { name: "task with a channel and first call", target: None };
    let tasks = |times| in_batches(times, task, drop);
    board.beside(criterion, ("births", &what), against, tasks, |times| in_batches(times, one_by_one, stop));

    let together = |batch: u64| {
        let new: Vec<_> = (0..batch).map(|n| increment.of(n)).collect();
        let begin = Instant::now();
        let calls = stream::iter(&new).map(|actor| actor.call(by())).buffer_unordered(AT_A_TIME);
        let answers = host.runtime.block_on(calls.collect::<Vec<_>>());
        assert!(answers.iter().all(|answer| *answer == by()), "each begins at nothing");
        (begin.elapsed(), new)
    };
    let what = format!("{BIRTH}, {AT_A_TIME} at a time");
    let against = Floor { name: "instance and first call", target: Some(1.3) };
    board.beside(criterion, ("births", &what), against, floor, |times| in_batches(times, together, stop));
}

fn by() -> Vec<u8> {
    1_u64.to_le_bytes().to_vec()
}

/// How long it takes to make so many instances and call each once. To drop them is not counted, as with actors.
fn made(bare: &Bare, batch: u64) -> Duration {
    let mut alive = Vec::new();
    let begin = Instant::now();
    for _ in 0..batch {
        let mut guest = bare.instantiate();
        let increment = guest.typed::<(u64,), (u64,)>("increment");
        assert_eq!(guest.call(&increment, (1,)), (1,));
        alive.push(guest);
    }
    begin.elapsed()
}

/// So many times in batches; what undoes a batch is not counted.
fn in_batches<T>(times: u64, batch: impl Fn(u64) -> (Duration, T), undo: impl Fn(T)) -> Duration {
    let sizes = (0..times).step_by(ALIVE as usize).map(|done| ALIVE.min(times - done));
    let took = sizes.map(|size| {
        let (took, made) = batch(size);
        undo(made);
        took
    });
    took.sum()
}
