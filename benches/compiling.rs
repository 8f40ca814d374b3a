//! Callers while versions are compiled that are hard on a compiler, one after the other without a pause: the slowest of a
//! hundred of their calls over HTTP, beside the same without a compiler at work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use changeling_core::receipt::Outcome;
use ureq::Agent;

use crate::board::{Board, Floor};
use crate::bomb;
use crate::host::Host;

/// How often each is measured, in turn, and for how long at least.
const ROUNDS: u8 = 3;
const SPAN: Duration = Duration::from_secs(2);
/// Callers, each of which rests this long after an answer: less than the machine bears.
const CALLERS: usize = 2;
const REST: Duration = Duration::from_micros(500);

/// What is compiled, and what comes of it.
type Bomb = (&'static str, fn() -> Vec<u8>, Outcome);

/// The loops take all that the host's manifest gives, in both tiers.
const BOMBS: [Bomb; 10] = [
    ("3,000 loops in each other", || bomb::loops(3_000, 3_000), Outcome::Refused),
    ("a function of 10,000 operations", || bomb::long_function(10_000, 100, 10), Outcome::Settled),
    ("20,000 functions", || bomb::many_functions(20_000), Outcome::Settled),
    ("5,000 blocks in each other", || bomb::blocks(5_000), Outcome::Settled),
    ("60 MiB of data", || bomb::data(60), Outcome::Settled),
    ("50,000 locals in each of 200 functions", || bomb::many_locals(200, 50_000), Outcome::Settled),
    ("lists of lists, 101 deep", || bomb::deep_type(101), Outcome::Refused),
    ("pairs of pairs, 18 deep", || bomb::exponential_type(18), Outcome::Refused),
    ("2,000 strings in another encoding", || bomb::adapters(2_000), Outcome::Settled),
    ("40 memories of 4 GiB", || bomb::huge_memories(40), Outcome::Refused),
];
/// Where nothing is measured for good, it is only whether one can be offered.
const FIRST: [Bomb; 1] = [("loops", || bomb::loops(10, 10), Outcome::Settled)];

/// Measures it; `is_real` says whether for good.
pub fn bench(board: &mut Board, host: &Host, is_real: bool) {
    let (bombs, rounds, span) = if is_real { (&BOMBS[..], ROUNDS, SPAN) } else { (&FIRST[..], 1, SPAN / 100) };
    let mut offered = 0_u32;
    for (name, bytes, outcome) in bombs {
        let bytes = bytes();
        let (mut halves, mut hundredths) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let begin = Instant::now();
            let beside = measure(host, |is_over| {
                while begin.elapsed() < span {
                    // Bytes that there were not before.
                    let marked = offered.to_le_bytes().into_iter().fold(bytes.clone(), bomb::marked);
                    offered += 1;
                    let receipt = host.offer("bomb", &marked);
                    assert_eq!(receipt.outcome, *outcome, "{name}: {receipt:?}");
                }
                is_over.store(true, Ordering::Relaxed);
            });
            let took = begin.elapsed();
            let alone = measure(host, |is_over| {
                std::thread::sleep(took);
                is_over.store(true, Ordering::Relaxed);
            });
            halves.push((at(&beside, 50), at(&alone, 50)));
            hundredths.push((at(&beside, 99), at(&alone, 99)));
        }
        let against = |name| Floor { name, target: None };
        board.add(&format!("half of all calls over HTTP, beside a compiler of {name}"), against("without"), halves);
        board.add(&format!("p99 of calls over HTTP, beside a compiler of {name}"), against("without"), hundredths);
    }
}

/// How long each call took while `meanwhile` went on, which says when it is over; in nanoseconds, sorted.
fn measure(host: &Host, meanwhile: impl FnOnce(&AtomicBool)) -> Vec<f64> {
    let (url, token) = host.door();
    let is_over = AtomicBool::new(false);
    let caller = |n: usize| {
        let (url, bearer) = (format!("{url}/v1/call/counter/caller-{n}/increment"), format!("Bearer {token}"));
        let agent = Agent::new_with_defaults();
        let mut took = Vec::new();
        while !is_over.load(Ordering::Relaxed) || took.is_empty() {
            let called = Instant::now();
            let answer = agent.post(&url).header("authorization", &bearer).send_json([1]);
            let text = answer.expect("it answers").body_mut().read_to_string();
            took.push(called.elapsed().as_secs_f64() * 1e9);
            assert!(text.is_ok());
            std::thread::sleep(REST);
        }
        took
    };
    let mut all: Vec<f64> = std::thread::scope(|scope| {
        let caller = &caller;
        let callers: Vec<_> = (0..CALLERS).map(|n| scope.spawn(move || caller(n))).collect();
        meanwhile(&is_over);
        callers.into_iter().flat_map(|it| it.join().expect("every call was answered")).collect()
    });
    all.sort_by(f64::total_cmp);
    all
}

fn at(sorted: &[f64], share: usize) -> f64 {
    sorted[(sorted.len() * share).div_ceil(100) - 1]
}
