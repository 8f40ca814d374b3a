//! A whole crowd of actors is swapped, at rest and while others call them: how long each is held, how long it takes in
//! all, and the longest that any caller waits, beside a run of the same length without a swap.
//!
//! Single shots, so not Criterion's: each is made a few times, to and fro between two versions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use changeling_core::reason::Step;
use changeling_core::receipt::{Receipt, Spread};
use comfy_table::{Table, presets};
use tokio::task::JoinHandle;

use crate::births::BIRTH;
use crate::board::{Board, Floor, readable, spread};
use crate::host::{Host, Target};

/// How often each is made at rest, and with callers.
const ROUNDS: usize = 5;
const LOADED_ROUNDS: usize = 3;
/// Tasks that call actors at random, one call after the other.
const CALLERS: u64 = 4;

/// The pause of one actor among so many is what the others are compared with.
const FEW: usize = 10;

/// One swap of all.
struct Swap {
    total: Duration,
    receipt: Arc<Receipt>,
    /// The longest that a caller waited; and in a run of the same length without a swap.
    waits: Option<(Duration, Duration)>,
}

/// Measures crowds of these sizes, which grow.
pub fn bench(board: &mut Board, host: &Host, sizes: &[usize]) {
    let _runtime = host.runtime.enter();
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "actors",
        "callers",
        "in all",
        "switching",
        "pause p50",
        "p99",
        "max",
        "worst wait",
        "without a swap",
    ]);
    let increment = host.target("crowd", "increment");
    let mut crowd: Arc<[Target]> = Arc::new([]);
    let mut version = ["counter-v1", "counter-v2"].into_iter().cycle().skip(1);
    let mut few = None;
    for size in sizes {
        crowd = (0..*size).map(|n| increment.of(n)).collect();
        crowd.iter().for_each(|actor| _ = actor.call_and_wait(1_u64.to_le_bytes().to_vec()));

        let at_rest: Vec<_> = (0..ROUNDS).map(|_| swap(host, version.next().unwrap_or_default())).collect();
        at_rest.iter().for_each(|swap| _ = table.add_row(swap.row(*size, 0)));
        rank(board, *size, &at_rest, &mut few);

        let loaded: Vec<_> =
            (0..LOADED_ROUNDS).map(|_| swap_under_load(host, &crowd, version.next().unwrap_or_default())).collect();
        loaded.iter().for_each(|swap| _ = table.add_row(swap.row(*size, CALLERS)));
        rank_waits(board, *size, &loaded);
    }
    assert_eq!(crowd.len(), sizes.iter().copied().max().unwrap_or_default());
    println!("{table}");
}

fn swap(host: &Host, guest: &str) -> Swap {
    let begin = Instant::now();
    let receipt = host.deploy("crowd", guest);
    Swap { total: begin.elapsed(), receipt, waits: None }
}

/// As long without a swap as with one: the longest of more waits is longer.
fn swap_under_load(host: &Host, crowd: &Arc<[Target]>, guest: &str) -> Swap {
    let load = Load::start(host, crowd);
    let swap = swap(host, guest);
    let with = load.stop(host);
    let load = Load::start(host, crowd);
    std::thread::sleep(swap.total);
    let without = load.stop(host);
    Swap { waits: Some((with, without)), ..swap }
}

impl Swap {
    fn pause(&self) -> Spread {
        self.receipt.pause_us.unwrap_or_default()
    }

    /// From the first hold to the new version being current, as the wall clock saw it.
    fn switching(&self) -> Duration {
        let at = |step| self.receipt.steps.get(&step).map_or(0, |at| at.0);
        Duration::from_millis(at(Step::Published).saturating_sub(at(Step::Switching)))
    }

    fn row(&self, size: usize, callers: u64) -> Vec<String> {
        assert_eq!(self.receipt.actors.switched, size as u64, "all of them: {:?}", self.receipt);
        let (pause, span) = (self.pause(), |span: Duration| readable(nanos(span)));
        let micros = |us: u64| span(Duration::from_micros(us));
        let waits = self.waits.map(|(with, without)| (span(with), span(without))).unwrap_or_default();
        vec![
            size.to_string(),
            callers.to_string(),
            span(self.total),
            span(self.switching()),
            micros(pause.p50),
            micros(pause.p99),
            micros(pause.max),
            waits.0,
            waits.1,
        ]
    }
}

/// The pause of one actor does not grow with their number, and the whole does no more than it must.
fn rank(board: &mut Board, size: usize, swaps: &[Swap], few: &mut Option<f64>) {
    let pauses = || swaps.iter().map(|swap| swap.pause().p50 as f64 * 1e3);
    match few {
        None if size == FEW => *few = Some(spread(pauses()).1),
        None => {}
        Some(pause) => {
            let floor = Floor { name: &format!("at {FEW}"), target: Some(1.5) };
            board.add(&format!("median pause at {size}"), floor, pauses().map(|p| (p, *pause)).collect());
        }
    }
    if let Some(instance) = board.floor_of(BIRTH).filter(|_| size > FEW) {
        let floor = Floor { name: &format!("{size} instances with a first call"), target: Some(1.5) };
        let pairs = swaps.iter().map(|swap| (nanos(swap.total), instance * size as f64));
        board.add(&format!("swap of {size}"), floor, pairs.collect());
    }
}

/// No caller waits longer for a swap than its actor's pause, and what it would have waited anyway. The best of all, for
/// a neighbour on this machine makes waits of its own.
fn rank_waits(board: &mut Board, size: usize, swaps: &[Swap]) {
    let pair = |swap: &Swap| {
        let (with, without) = swap.waits?;
        Some((nanos(with), nanos(without + Duration::from_micros(swap.pause().max))))
    };
    let best = swaps.iter().filter_map(pair).min_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let floor = Floor { name: "longest pause and wait without a swap", target: Some(1.0) };
    board.add(&format!("worst wait in a swap of {size}, best of {}", swaps.len()), floor, best.into_iter().collect());
}

fn nanos(span: Duration) -> f64 {
    span.as_secs_f64() * 1e9
}

/// Callers that never rest.
struct Load {
    stop: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Duration>>,
}

impl Load {
    fn start(host: &Host, crowd: &Arc<[Target]>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let caller = |n| {
            let (stop, crowd) = (stop.clone(), crowd.clone());
            host.runtime.spawn(async move {
                let (mut worst, mut random) = (Duration::ZERO, 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(n));
                while !stop.load(Ordering::Relaxed) {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let whom = &crowd[(random >> 33) as usize % crowd.len()];
                    let begin = Instant::now();
                    whom.call(1_u64.to_le_bytes().to_vec()).await;
                    worst = worst.max(begin.elapsed());
                    // A call to an actor at rest never waits, and its task would never let another run.
                    tokio::task::yield_now().await;
                }
                worst
            })
        };
        let callers = (1..=CALLERS).map(caller).collect();
        Self { stop, callers }
    }

    /// The longest that any of them waited.
    fn stop(self, host: &Host) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        let waits = host.runtime.block_on(futures_util::future::join_all(self.callers));
        waits.into_iter().map(|wait| wait.expect("no call fails")).max().unwrap_or_default()
    }
}
