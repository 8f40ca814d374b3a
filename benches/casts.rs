//! A cast to one actor at rest: posted as the router posts it, and nobody waits.

use std::time::Duration;

use changeling::actors::actor::Posted;
use changeling::actors::mailbox::Message;
use changeling::actors::run;
use changeling_core::reason::CallError;
use criterion::Criterion;
use futures_executor::block_on;

use crate::board::{Board, Floor, timed};
use crate::floor::{Bare, ChannelActor};
use crate::guests::wasm;
use crate::host::{Host, Target};

/// `gen_server:cast` of OTP 25 on a machine of this kind: 7.4 million a second.
const OTP_CAST: Duration = Duration::from_nanos(135);

/// Measures it.
pub fn bench(criterion: &mut Criterion, board: &mut Board, host: &Host) {
    let _runtime = host.runtime.enter();
    let increment = host.target("counter", "increment").of("casts");
    let by = || 1_u64.to_le_bytes().to_vec();
    increment.call_and_wait(by());
    let get = host.target("counter", "get").of("casts");

    let bare = Bare::compile(&wasm("counter-v1"), "demo:counter/counter");
    let mut guest = bare.instantiate();
    let typed = guest.typed::<(u64,), (u64,)>("increment");
    let mut handled = 1_u64;
    let mut casts = |times| {
        let took = timed(times, || cast(&increment, by()));
        handled += times;
        let counted = loop {
            match get.try_call_and_wait(Vec::new()) {
                Err(CallError::Overloaded) => std::thread::yield_now(),
                answer => break answer.expect("it answers"),
            }
        };
        assert_eq!(counted, handled.to_le_bytes(), "each was handled");
        took
    };
    board.beside(
        criterion,
        ("casts", "cast"),
        Floor { name: "typed `call_async`", target: None },
        |times| timed(times, || _ = guest.call(&typed, (1,))),
        &mut casts,
    );
    board.against_recorded("OTP cast, recorded", OTP_CAST, 2.0);

    let channel = ChannelActor::start();
    let mut sent = 0;
    board.beside(
        criterion,
        ("casts", "cast, beside a channel"),
        Floor { name: "channel actor", target: None },
        |times| {
            let took = timed(times, || channel.cast(1));
            sent += times + 1;
            assert_eq!(block_on(channel.increment(1)), sent, "each was handled");
            took
        },
        &mut casts,
    );
}

/// The counter has no function without a result, so the message says that nobody waits for it. A full mailbox is waited
/// for: what is measured is how many are handled.
fn cast(to: &Target, args: Vec<u8>) {
    let stage = &to.router().stage;
    let actor = stage.directory.actor(to.address()).expect("it lives");
    loop {
        let (function, args) = (to.function().clone(), args.clone());
        match actor.post(Message { function, args, sender: None, deadline: None, reply: None }) {
            Ok(Posted::Queued) => return,
            Ok(Posted::Wanted) => panic!("{} has no instance: nothing here crashes it", to.address()),
            Ok(Posted::Run(incarnation, message)) => {
                return stage.queue.run_here(run::run(actor, incarnation, Some(message)));
            }
            Err(CallError::Overloaded) => std::thread::yield_now(),
            Err(error) => panic!("{}: {error:?}", to.address()),
        }
    }
}
