//! How long a caller waits for one actor while guests beside it do their worst: the median, the 99th percentile and the
//! longest, beside the same alone. Four callers of the hostile one never rest.
//!
//! Single shots, so not Criterion's: alone and beside each kind in turn, a few rounds of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use comfy_table::{Table, presets};

use crate::board::{Board, Floor, readable, spread};
use crate::host::{Host, Target};
use crate::hostile::{Entry, Guest, deed, laughing, ringing};

/// Callers of the hostile guest at a time.
const CALLERS: usize = 4;

/// What guests do when they are called, and where.
const DEEDS: [(&str, Entry, &str); 13] = [
    ("spin", Entry::Deed, deed::LOOP),
    ("trap", Entry::Deed, deed::TRAP),
    ("recurse", Entry::Deed, deed::RECURSE),
    ("grow their memory", Entry::Deed, deed::GROW),
    ("grow their tables", Entry::Deed, deed::GROW_TABLE),
    ("fill 60 MiB", Entry::Deed, deed::FILL),
    ("hoard handles", Entry::Deed, deed::HOARD),
    ("want random bytes", Entry::Deed, deed::RANDOM),
    ("flood the log", Entry::Deed, deed::LOG),
    ("flood stderr", Entry::Deed, deed::PRINT),
    ("spin in their allocator", Entry::Realloc, deed::LOOP),
    ("spin after their result", Entry::PostReturn, deed::LOOP),
    ("trap after their result", Entry::PostReturn, deed::TRAP),
];

/// Of one run: the median, the 99th percentile and the longest, in nanoseconds.
#[derive(Clone, Copy)]
struct Waits([f64; 3]);

/// Measures them: each so often, and for so long.
pub fn bench(board: &mut Board, host: &Host, rounds: usize, span: Duration) {
    let _runtime = host.runtime.enter();
    let neighbour = host.target("counter", "increment").of("neighbour");
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["beside guests that", "p50", "p99", "max", "alone: p50", "p99", "max"]);
    for (kind, attack) in attacks() {
        attack.prepare(host);
        let pairs: Vec<(Waits, Waits)> = (0..rounds)
            .map(|_| {
                let alone = waits(&neighbour, span);
                (attack.beside(host, || waits(&neighbour, span)), alone)
            })
            .collect();
        let median = |of: fn(&(Waits, Waits)) -> f64| readable(spread(pairs.iter().map(of)).1);
        table.add_row([
            kind.to_owned(),
            median(|it| it.0.0[0]),
            median(|it| it.0.0[1]),
            median(|it| it.0.0[2]),
            median(|it| it.1.0[0]),
            median(|it| it.1.0[1]),
            median(|it| it.1.0[2]),
        ]);
        let p99s = pairs.iter().map(|(beside, alone)| (beside.0[1], alone.0[1])).collect();
        board.add(&format!("p99 of a call beside guests that {kind}"), Floor { name: "alone", target: None }, p99s);
    }
    println!("{table}");
}

/// Calls one after the other for so long.
fn waits(neighbour: &Target, span: Duration) -> Waits {
    let end = Instant::now() + span;
    let mut waits = Vec::new();
    while Instant::now() < end || waits.is_empty() {
        let begin = Instant::now();
        neighbour.call_and_wait(1_u64.to_le_bytes().to_vec());
        waits.push(begin.elapsed().as_secs_f64() * 1e9);
    }
    waits.sort_by(f64::total_cmp);
    let at = |share: usize| waits[(waits.len() - 1) * share / 100];
    Waits([at(50), at(99), at(100)])
}

/// What is done to the host.
enum Attack {
    /// A guest has callers that never rest.
    Calls { guest: Vec<u8>, function: &'static str, args: Vec<u8> },
    /// Versions that spin as they start are offered, one after the other; how many there were.
    Offers(AtomicU32),
    /// The timers of an actor always ring.
    Rings,
}

fn attacks() -> impl Iterator<Item = (&'static str, Attack)> {
    let deeds = DEEDS.into_iter().map(move |(kind, entry, deed)| {
        let (function, args) = match entry {
            Entry::Deed => ("deed", vec![0; 4]),
            _ => ("echo", b"\x02hi".to_vec()),
        };
        (kind, Attack::Calls { guest: Guest::default().at(entry, deed).build_service(), function, args })
    });
    let laughing = Attack::Calls { guest: laughing(), function: "laugh", args: Vec::new() };
    let offers = Attack::Offers(AtomicU32::new(0));
    deeds.chain([("laugh", laughing), ("spin as they start", offers), ("ring all the time", Attack::Rings)])
}

impl Attack {
    fn prepare(&self, host: &Host) {
        match self {
            Self::Calls { guest, .. } => _ = host.deploy_bytes("hostile", guest),
            Self::Offers(_) => {}
            Self::Rings => _ = host.deploy_bytes("ringing", &ringing(0).build()),
        }
    }

    /// While it goes on, does something else.
    fn beside<T>(&self, host: &Host, act: impl FnOnce() -> T) -> T {
        let ends = Arc::new(AtomicBool::new(false));
        match self {
            Self::Calls { function, args, .. } => {
                let hostile = host.target("hostile", function);
                let caller = |_| host.runtime.spawn(call(hostile.clone(), args.clone(), ends.clone()));
                let callers: Vec<_> = (0..CALLERS).map(caller).collect();
                let done = act();
                ends.store(true, Ordering::Relaxed);
                let ended = host.runtime.block_on(futures_util::future::join_all(callers));
                assert!(ended.into_iter().all(|ended| ended.is_ok()), "no caller has failed");
                done
            }
            Self::Offers(made) => std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !ends.load(Ordering::Relaxed) {
                        // Bytes that were refused are not judged again.
                        let n = made.fetch_add(1, Ordering::Relaxed);
                        let other = format!("\\{:02x}\\{:02x}", n & 255, n >> 8);
                        let guest = Guest::default().at(Entry::Start, deed::LOOP).with_data(4096, &other);
                        host.offer("starting", &guest.build_service());
                    }
                });
                let done = act();
                ends.store(true, Ordering::Relaxed);
                done
            }),
            Self::Rings => {
                let add = host.target("ringing", "add");
                add.call_and_wait(1_u32.to_le_bytes().to_vec());
                host.target("ringing", "deed").call_and_wait(vec![0; 4]);
                let done = act();
                add.call_and_wait(u32::MAX.to_le_bytes().to_vec());
                done
            }
        }
    }
}

async fn call(hostile: Target, args: Vec<u8>, ends: Arc<AtomicBool>) {
    while !ends.load(Ordering::Relaxed) {
        // It dies of each; one that had no room was refused.
        _ = hostile.try_call(args.clone()).await;
        // A call that is answered at once gives nobody else a turn.
        tokio::task::yield_now().await;
    }
}
