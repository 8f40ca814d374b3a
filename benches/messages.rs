//! What a message costs: packed beside typed, on the same instance, and all the way through a host.

use std::time::Duration;

use criterion::Criterion;
use futures_executor::block_on;

use crate::board::{Board, Floor, timed};
use crate::floor::{Bare, ChannelEcho};
use crate::guests::wasm;
use crate::host::Host;

/// The sizes of a payload.
const PAYLOADS: [(&str, usize); 3] = [("32 B", 32), ("1 KiB", 1 << 10), ("1 MiB", 1 << 20)];
/// A list of 1 KiB and one of 1 MiB there and back, OTP 25 on a machine of this kind, at rest.
const OTP_ECHO: [(&str, Duration, f64); 2] =
    [("1 KiB", Duration::from_nanos(1_860), 0.6), ("1 MiB", Duration::from_micros(651), 0.3)];

/// Measures them.
pub fn bench(criterion: &mut Criterion, board: &mut Board, host: &Host) {
    let _runtime = host.runtime.enter();
    let counter = Bare::compile(&wasm("counter-v1"), "demo:counter/counter");
    let (mut one, mut other) = (counter.instantiate(), counter.instantiate());
    let (typed, packed) = (one.typed::<(u64,), (u64,)>("increment"), other.packed("increment"));
    let by = 1_u64.to_le_bytes();
    board.beside(
        criterion,
        ("messages", "packed increment"),
        Floor { name: "typed", target: Some(1.4) },
        |times| timed(times, || _ = one.call(&typed, (1,))),
        |times| timed(times, || _ = other.call_packed(&packed, &by)),
    );

    let greeter = Bare::compile(&wasm("greeter-v1"), "demo:greeter/greeter");
    for (size, bytes) in PAYLOADS {
        let payload = vec![7_u8; bytes];
        let message = packed_list(&payload);
        let (mut one, mut other) = (greeter.instantiate(), greeter.instantiate());
        let (typed, packed) = (one.typed::<(&[u8],), (Vec<u8>,)>("echo"), other.packed("echo"));
        assert_eq!(other.call_packed(&packed, &message), message, "it gives back what it was given");
        board.beside(
            criterion,
            ("messages", &format!("packed echo of {size}")),
            Floor { name: "typed", target: (size == "1 MiB").then_some(1.5) },
            |times| timed(times, || _ = one.call(&typed, (&payload,))),
            |times| timed(times, || _ = other.call_packed(&packed, &message)),
        );
    }

    let echo = host.target("greeter", "echo");
    let channel = ChannelEcho::start();
    for (size, bytes) in PAYLOADS {
        let payload = vec![7_u8; bytes];
        let mut guest = greeter.instantiate();
        let typed = guest.typed::<(&[u8],), (Vec<u8>,)>("echo");
        // What comes back is what is sent next: whoever sends a message has made it before.
        let mut message = packed_list(&payload);
        board.beside(
            criterion,
            ("messages", &format!("service echo of {size}")),
            Floor { name: "typed", target: None },
            |times| timed(times, || _ = guest.call(&typed, (&payload,))),
            |times| timed(times, || message = echo.call_and_wait(std::mem::take(&mut message))),
        );
        assert!(message.ends_with(&payload), "it gives back what it was given");
        for (_, recorded, target) in OTP_ECHO.iter().filter(|(of, ..)| *of == size) {
            board.against_recorded("OTP echo of a list, recorded", *recorded, *target);
        }
        let mut bytes = payload.clone();
        board.beside(
            criterion,
            ("messages", &format!("service echo of {size}, beside a channel")),
            Floor { name: "task with a channel", target: None },
            |times| timed(times, || bytes = block_on(channel.echo(std::mem::take(&mut bytes)))),
            |times| timed(times, || message = echo.call_and_wait(std::mem::take(&mut message))),
        );
    }
}

/// A list of bytes as a message: how many, in LEB128, then they themselves.
fn packed_list(bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    let mut left = bytes.len();
    while left >= 0x80 {
        message.push(left as u8 | 0x80);
        left >>= 7;
    }
    message.push(left as u8);
    message.extend_from_slice(bytes);
    message
}
