//! Callers that never rest but for their pace: first as fast as they are answered, to see how fast that is, then at half
//! of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cast::{ACCOUNTS, COUNTERS, LEDGERS, SCRIBES, SERVICES, WITNESSES, actor};
use super::line::Line;
use crate::support::Host;
use crate::support::recording::{Asked, Call, Heard};

const CLIENTS: usize = 8;
/// A reminder comes at most so late, in milliseconds.
pub const REMINDER: u64 = 400;

pub struct Clients {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<Call>>>,
}

#[derive(Default)]
struct Shared {
    /// Between two calls of one client, in microseconds.
    interval: AtomicU64,
    made: AtomicU64,
    is_paused: AtomicBool,
    paused: AtomicUsize,
    is_over: AtomicBool,
    /// Somebody heard what nobody may hear: there is no need to go on.
    in_trouble: Arc<AtomicBool>,
}

impl Clients {
    /// They say so to `in_trouble` when a call fails.
    pub fn start(host: &Host, in_trouble: &Arc<AtomicBool>) -> Self {
        let shared = Arc::new(Shared { in_trouble: in_trouble.clone(), ..Shared::default() });
        let client = |n: usize| {
            let (shared, line) = (shared.clone(), Line::new(host, &format!("client {n}")));
            std::thread::spawn(move || call(&shared, line, Random::new(n as u64 + 1)))
        };
        let threads = (0..CLIENTS).map(client).collect();
        Self { shared, threads }
    }

    /// How many calls a second there are for so long.
    pub fn rate(&self, span: Duration) -> f64 {
        let (began, before) = (Instant::now(), self.shared.made.load(Ordering::Relaxed));
        // What is measured is what happens in that time.
        std::thread::sleep(span);
        (self.shared.made.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64()
    }

    /// So many calls a second from here on, of all together.
    pub fn pace(&self, rate: f64) {
        let interval = CLIENTS as f64 * 1e6 / rate.max(1.0);
        self.shared.interval.store(interval as u64, Ordering::Relaxed);
    }

    /// Comes back when no call is on its way.
    pub fn pause(&self) {
        self.shared.is_paused.store(true, Ordering::SeqCst);
        let is_calling = |client: &JoinHandle<_>| !client.is_finished();
        while self.shared.paused.load(Ordering::SeqCst) < self.threads.iter().filter(|it| is_calling(it)).count() {
            std::thread::yield_now();
        }
    }

    pub fn go_on(&self) {
        self.shared.is_paused.store(false, Ordering::SeqCst);
        self.threads.iter().for_each(|client| client.thread().unpark());
    }

    pub fn in_trouble(&self) -> bool {
        self.shared.in_trouble.load(Ordering::Relaxed)
    }

    /// Their calls.
    pub fn end(mut self) -> Vec<Call> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.go_on();
        let clients = std::mem::take(&mut self.threads).into_iter();
        clients.flat_map(|client| client.join().expect("it writes down whatever it hears")).collect()
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.go_on();
    }
}

fn call(shared: &Shared, mut line: Line, mut random: Random) -> Vec<Call> {
    let mut next = Instant::now();
    while !shared.is_over.load(Ordering::Relaxed) {
        if shared.is_paused.load(Ordering::SeqCst) {
            shared.paused.fetch_add(1, Ordering::SeqCst);
            while shared.is_paused.load(Ordering::SeqCst) {
                std::thread::park();
            }
            shared.paused.fetch_sub(1, Ordering::SeqCst);
            next = Instant::now();
        }
        // The pace is the point of it; who is late does not catch up with a flood.
        let now = Instant::now();
        next = next.max(now.checked_sub(Duration::from_millis(100)).unwrap_or(now));
        std::thread::sleep(next.saturating_duration_since(now));
        next += Duration::from_micros(shared.interval.load(Ordering::Relaxed));
        if let Heard::Not(_) = one(&mut line, &mut random) {
            shared.in_trouble.store(true, Ordering::Relaxed);
        }
        shared.made.fetch_add(1, Ordering::Relaxed);
    }
    line.calls
}

/// Most calls are witnessed.
fn one<'a>(line: &'a mut Line, random: &mut Random) -> &'a Heard {
    match random.below(100) {
        0..45 => line.note(&actor("witness", random.below(WITNESSES))),
        45..50 => {
            line.ask(&actor("witness", random.below(WITNESSES)), Asked::Remind(random.below(REMINDER as usize) as u64))
        }
        50..62 => line.note(&actor("scribe", random.below(SCRIBES))),
        62..65 => {
            line.ask(&actor("scribe", random.below(SCRIBES)), Asked::Remind(random.below(REMINDER as usize) as u64))
        }
        65..75 => line.ask(&actor("counter", random.below(COUNTERS)), Asked::Increment),
        75..87 => {
            let (payer, payee) = (ACCOUNTS[random.below(4)], ACCOUNTS[random.below(4)]);
            let asked = Asked::Transfer(payer.into(), payee.into(), 1 + random.below(9) as i64);
            line.ask(&actor("ledger", random.below(LEDGERS)), asked)
        }
        87..90 => line.ask(&actor("ledger", random.below(LEDGERS)), Asked::Total),
        _ => line.ask(SERVICES[random.below(SERVICES.len())], Asked::Greet),
    }
}

/// Xorshift: each client's own, the same in every run.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
