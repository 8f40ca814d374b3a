//! Callers while a version is compiled that takes all that a compiler may have: the slowest of a hundred of their calls over
//! HTTP, beside the same without a compiler at work.

use std::time::{Duration, Instant};

use changeling_core::receipt::Outcome;
use ureq::Agent;

use crate::board::{Board, Floor};
use crate::bomb;
use crate::host::Host;

/// How often each is measured, in turn, and for how long.
const ROUNDS: u8 = 7;
const SPAN: Duration = Duration::from_secs(3);
/// Callers, each of which rests this long after an answer: less than the machine bears.
const CALLERS: usize = 2;
const REST: Duration = Duration::from_micros(500);

/// Measures it; `is_real` says whether for good.
pub fn bench(board: &mut Board, host: &Host, is_real: bool) {
    let (rounds, span) = if is_real { (ROUNDS, SPAN) } else { (1, SPAN / 100) };
    // Its fast tier is not enough either: it takes six seconds, as the host's manifest has it.
    let (depth, locals) = if is_real { (3_000, 3_000) } else { (10, 10) };
    let bomb = bomb::loops(depth, locals);
    let (mut halves, mut hundredths) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let bytes = bomb::marked(bomb.clone(), round);
        let alone = measure(host, span);
        let beside = std::thread::scope(|scope| {
            let compiled = scope.spawn(|| host.offer("bomb", &bytes));
            let beside = measure(host, span);
            assert!(!is_real || !compiled.is_finished(), "it was compiled all the while");
            let receipt = compiled.join().expect("it was offered");
            assert_eq!(receipt.outcome == Outcome::Refused, is_real, "{receipt:?}");
            beside
        });
        halves.push((at(&beside, 50), at(&alone, 50)));
        hundredths.push((at(&beside, 99), at(&alone, 99)));
    }
    let against = |name| Floor { name, target: None };
    board.add("half of all calls over HTTP, beside a compiler", against("without it"), halves);
    board.add("p99 of calls over HTTP, beside a compiler", against("without it"), hundredths);
}

/// How long each call took, in nanoseconds, sorted.
fn measure(host: &Host, span: Duration) -> Vec<f64> {
    let (url, token) = host.door();
    let begin = Instant::now();
    let caller = |n: usize| {
        let (url, bearer) = (format!("{url}/v1/call/counter/caller-{n}/increment"), format!("Bearer {token}"));
        move || {
            let agent = Agent::new_with_defaults();
            let mut took = Vec::new();
            while begin.elapsed() < span || took.is_empty() {
                let called = Instant::now();
                let answer = agent.post(&url).header("authorization", &bearer).send_json([1]);
                let text = answer.expect("it answers").body_mut().read_to_string();
                took.push(called.elapsed().as_secs_f64() * 1e9);
                assert!(text.is_ok());
                std::thread::sleep(REST);
            }
            took
        }
    };
    let callers: Vec<_> = (0..CALLERS).map(|n| std::thread::spawn(caller(n))).collect();
    let mut all: Vec<f64> = callers.into_iter().flat_map(|it| it.join().expect("every call was answered")).collect();
    all.sort_by(f64::total_cmp);
    all
}

fn at(sorted: &[f64], share: usize) -> f64 {
    sorted[(sorted.len() * share).div_ceil(100) - 1]
}
