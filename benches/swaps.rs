//! A whole crowd of actors is swapped, at rest and while others call them, over HTTP and from tasks beside the host: how
//! long each is held, how long it takes in all, and the longest that any caller waits, beside a run of the same length
//! without a swap.
//!
//! Single shots, so not Criterion's: each is made a few times, to and fro between two versions.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use changeling_core::reason::Step;
use changeling_core::receipt::{Receipt, Spread};
use comfy_table::{Table, presets};
use tokio::task::JoinHandle;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use ureq::Agent;

use crate::births::BIRTH;
use crate::board::{Board, Floor, readable, spread};
use crate::host::{Host, Target};

/// How often each is made at rest, a few actors and a crowd, and with callers. Few of them take a moment, and their
/// pause, of which there are few in a round, is what that of a crowd is compared with.
const ROUNDS_OF_FEW: usize = 25;
const ROUNDS: usize = 5;
const LOADED_ROUNDS: usize = 3;
/// Callers of actors at random, one call after the other without a pause.
const CALLERS: u64 = 16;

/// Who they are.
#[derive(Clone, Copy)]
enum Callers {
    /// Clients, each with a thread and a connection.
    Http,
    /// Tasks in this process. As they never rest, they have all cores to themselves until there is a swap.
    Tasks,
}

impl Callers {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "clients",
            Self::Tasks => "tasks",
        }
    }
}

/// The pause of one actor among so many is what the others are compared with.
const FEW: usize = 10;

/// The longest that any caller waited while there was a swap, how long the actor that it waited for was held for that,
/// and the longest waits in two runs of the same length without one, which says what of a difference is chance.
#[derive(Clone, Copy)]
struct Waits {
    with: Duration,
    pause: Duration,
    without: [Duration; 2],
}

/// One swap of all.
struct Swap {
    total: Duration,
    receipt: Arc<Receipt>,
    /// Where there were callers.
    waits: Option<Waits>,
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
        "its pause",
        "without a swap",
        "again",
    ]);
    let increment = host.target("crowd", "increment");
    let pauses = Pauses::listen();
    let mut crowd: Arc<[Target]> = Arc::new([]);
    let mut version = ["counter-v1", "counter-v2"].into_iter().cycle().skip(1);
    let mut few = None;
    for size in sizes {
        crowd = (0..*size).map(|n| increment.of(n)).collect();
        crowd.iter().for_each(|actor| _ = actor.call_and_wait(1_u64.to_le_bytes().to_vec()));

        let rounds = if *size <= FEW { ROUNDS_OF_FEW } else { ROUNDS };
        let at_rest: Vec<_> = (0..rounds).map(|_| swap(host, version.next().unwrap_or_default())).collect();
        at_rest.iter().for_each(|swap| _ = table.add_row(swap.row(*size, "none")));
        rank(board, *size, &at_rest, &mut few);

        for kind in [Callers::Http, Callers::Tasks] {
            let before = total(&crowd);
            let mut made = 0;
            let loaded: Vec<_> = (0..LOADED_ROUNDS)
                .map(|_| {
                    let guest = version.next().unwrap_or_default();
                    let (swap, calls) = swap_under_load(host, &pauses, kind, &crowd, guest);
                    made += calls;
                    swap
                })
                .collect();
            assert_eq!(total(&crowd), before + made, "every call has counted, once");
            let callers = format!("{CALLERS} {}", kind.name());
            loaded.iter().for_each(|swap| _ = table.add_row(swap.row(*size, &callers)));
            rank_waits(board, *size, kind, &loaded);
        }
    }
    assert_eq!(crowd.len(), sizes.iter().copied().max().unwrap_or_default());
    println!("{table}");
}

fn swap(host: &Host, guest: &str) -> Swap {
    let begin = Instant::now();
    let receipt = host.deploy("crowd", guest);
    Swap { total: begin.elapsed(), receipt, waits: None }
}

/// As long without a swap as with one: the longest of more waits is longer. And how many calls there were.
fn swap_under_load(host: &Host, pauses: &Pauses, kind: Callers, crowd: &Arc<[Target]>, guest: &str) -> (Swap, u64) {
    let load = Load::start(host, kind, crowd);
    let swap = swap(host, guest);
    let with = load.stop(host);
    let pause = pauses.take().remove(&crowd[with.whom].address().to_string()).unwrap_or_default();
    let without = [(); 2].map(|()| {
        let load = Load::start(host, kind, crowd);
        std::thread::sleep(swap.total);
        load.stop(host)
    });
    let calls = with.calls + without.iter().map(|run| run.calls).sum::<u64>();
    let waits = Waits { with: with.longest, pause, without: without.map(|run| run.longest) };
    (Swap { waits: Some(waits), ..swap }, calls)
}

/// What all of them have counted.
fn total(crowd: &[Target]) -> u64 {
    let count = |actor: &Target| actor.call_and_wait(0_u64.to_le_bytes().to_vec());
    crowd.iter().map(|actor| u64::from_le_bytes(count(actor).try_into().expect("a number"))).sum()
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

    fn row(&self, size: usize, callers: &str) -> Vec<String> {
        assert_eq!(self.receipt.actors.switched, size as u64, "all of them: {:?}", self.receipt);
        let (pause, span) = (self.pause(), |span: Duration| readable(nanos(span)));
        let micros = |us: u64| span(Duration::from_micros(us));
        let [worst, paused, without, again] =
            self.waits.map(|it| [it.with, it.pause, it.without[0], it.without[1]].map(span)).unwrap_or_default();
        vec![
            size.to_string(),
            callers.to_owned(),
            span(self.total),
            span(self.switching()),
            micros(pause.p50),
            micros(pause.p99),
            micros(pause.max),
            worst,
            paused,
            without,
            again,
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
fn rank_waits(board: &mut Board, size: usize, kind: Callers, swaps: &[Swap]) {
    let waits = || swaps.iter().filter_map(|swap| swap.waits);
    let mut rank = |what: String, floor, pairs: Vec<(f64, f64)>| {
        let best = pairs.into_iter().min_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
        board.add(
            &format!("worst wait of {} {what}, best of {}", kind.name(), swaps.len()),
            floor,
            best.into_iter().collect(),
        );
    };
    let floor = Floor { name: "that actor's pause and the worst without a swap", target: Some(1.0) };
    let pairs = waits().map(|it| (nanos(it.with), nanos(it.without[0] + it.pause)));
    rank(format!("in a swap of {size}"), floor, pairs.collect());
    let floor = Floor { name: "the same in a run before", target: None };
    let pairs = waits().map(|it| (nanos(it.without[1]), nanos(it.without[0])));
    rank(format!("of {size} without a swap"), floor, pairs.collect());
}

fn nanos(span: Duration) -> f64 {
    span.as_secs_f64() * 1e9
}

/// How long each actor was held by the last swap, as the host tells whoever traces it.
#[derive(Clone, Default)]
struct Pauses(Arc<Mutex<HashMap<String, Duration>>>);

impl Pauses {
    fn listen() -> Self {
        let pauses = Self::default();
        let only = Targets::new().with_target("changeling::switch", LevelFilter::TRACE);
        tracing_subscriber::registry().with(pauses.clone().with_filter(only)).init();
        pauses
    }

    fn take(&self) -> HashMap<String, Duration> {
        std::mem::take(&mut self.0.lock().expect("nobody panics with it"))
    }
}

impl<S: Subscriber> Layer<S> for Pauses {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut switch = Switch::default();
        event.record(&mut switch);
        self.0.lock().expect("nobody panics with it").insert(switch.address, switch.pause);
    }
}

#[derive(Default)]
struct Switch {
    address: String,
    pause: Duration,
}

impl Visit for Switch {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "pause_us" {
            self.pause = Duration::from_micros(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "address" {
            self.address = format!("{value:?}");
        }
    }
}

/// Callers that never rest.
struct Load {
    stop: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Seen>>,
}

/// What a caller has seen: the longest that it waited, and for whom; and how many calls it has made.
#[derive(Default)]
struct Seen {
    longest: Duration,
    whom: usize,
    calls: u64,
}

impl Seen {
    fn see(&mut self, wait: Duration, whom: usize) {
        self.calls += 1;
        if wait > self.longest {
            (self.longest, self.whom) = (wait, whom);
        }
    }
}

/// Whom the n-th caller calls, one after the other.
fn at_random(n: u64, crowd: usize) -> impl Iterator<Item = usize> {
    let next =
        |random: &u64| Some(random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    let numbers = std::iter::successors(Some(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(n)), next);
    numbers.map(move |random| (random >> 33) as usize % crowd)
}

async fn task(n: u64, crowd: Arc<[Target]>, stop: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    for whom in at_random(n, crowd.len()).take_while(|_| !stop.load(Ordering::Relaxed)) {
        let begin = Instant::now();
        crowd[whom].call(1_u64.to_le_bytes().to_vec()).await;
        seen.see(begin.elapsed(), whom);
        // A call to an actor at rest never waits, and its task would never let another run.
        tokio::task::yield_now().await;
    }
    seen
}

fn client(n: u64, crowd: &[Target], stop: &AtomicBool, (url, token): (String, String)) -> Seen {
    let mut seen = Seen::default();
    let (agent, bearer) = (Agent::new_with_defaults(), format!("Bearer {token}"));
    for whom in at_random(n, crowd.len()).take_while(|_| !stop.load(Ordering::Relaxed)) {
        let call = agent.post(format!("{url}/v1/call/{}/increment", crowd[whom].address()));
        let begin = Instant::now();
        let answer = call.header("authorization", &bearer).send_json([1]);
        let text = answer.expect("no call fails").body_mut().read_to_string();
        seen.see(begin.elapsed(), whom);
        assert!(text.is_ok());
    }
    seen
}

impl Load {
    fn start(host: &Host, kind: Callers, crowd: &Arc<[Target]>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let caller = |n| {
            let (stop, crowd) = (stop.clone(), crowd.clone());
            match kind {
                Callers::Tasks => host.runtime.spawn(task(n, crowd, stop)),
                Callers::Http => {
                    let door = host.door();
                    host.runtime.spawn_blocking(move || client(n, &crowd, &stop, door))
                }
            }
        };
        let callers = (1..=CALLERS).map(caller).collect();
        Self { stop, callers }
    }

    /// Of all callers together.
    fn stop(self, host: &Host) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let all = host.runtime.block_on(futures_util::future::join_all(self.callers));
        all.into_iter().map(|seen| seen.expect("no call fails")).fold(Seen::default(), |all, seen| {
            let calls = all.calls + seen.calls;
            let longer = if seen.longest > all.longest { seen } else { all };
            Seen { calls, ..longer }
        })
    }
}
