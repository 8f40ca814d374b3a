//! A call to an actor at rest, and back with the answer: from a thread outside, and from a task.

use std::future::Future;
use std::time::{Duration, Instant};

use criterion::Criterion;
use futures_executor::block_on;

use crate::board::{Board, Floor, timed};
use crate::floor::{Bare, ChannelActor};
use crate::guests::wasm;
use crate::host::Host;

/// `gen_server:call` of OTP 25 on a machine of this kind, at rest.
const OTP_CALL: Duration = Duration::from_nanos(1_180);

/// Measures them.
pub fn bench(criterion: &mut Criterion, board: &mut Board, host: &Host) {
    let _runtime = host.runtime.enter();
    let increment = host.target("counter", "increment").of("calls");
    let by = || 1_u64.to_le_bytes().to_vec();
    assert_eq!(increment.call_and_wait(by()), by(), "it counts");

    let bare = Bare::compile(&wasm("counter-v1"), "demo:counter/counter");
    let mut guest = bare.instantiate();
    let typed = guest.typed::<(u64,), (u64,)>("increment");
    board.beside(
        criterion,
        ("calls", "call from a thread"),
        Floor { name: "typed `call_async`", target: None },
        |times| timed(times, || _ = guest.call(&typed, (1,))),
        |times| timed(times, || _ = increment.call_and_wait(by())),
    );
    board.against_recorded("OTP call, recorded", OTP_CALL, 0.6);

    let channel = ChannelActor::start();
    board.beside(
        criterion,
        ("calls", "call from a thread, beside a channel"),
        Floor { name: "channel actor", target: Some(1.0) },
        |times| timed(times, || _ = block_on(channel.increment(1))),
        |times| timed(times, || _ = increment.call_and_wait(by())),
    );

    board.beside(
        criterion,
        ("calls", "call from a task"),
        Floor { name: "channel actor", target: None },
        |times| {
            let channel = channel.clone();
            in_a_task(host, async move {
                let begin = Instant::now();
                for _ in 0..times {
                    channel.increment(1).await;
                }
                begin.elapsed()
            })
        },
        |times| {
            let increment = increment.clone();
            in_a_task(host, async move {
                let begin = Instant::now();
                for _ in 0..times {
                    increment.call(by()).await;
                }
                begin.elapsed()
            })
        },
    );
    board.against_recorded("OTP call, recorded", OTP_CALL, 0.6);
}

/// On a thread of the runtime, where tasks are.
fn in_a_task(host: &Host, task: impl Future<Output = Duration> + Send + 'static) -> Duration {
    host.runtime.block_on(host.runtime.spawn(task)).expect("the task ends")
}
