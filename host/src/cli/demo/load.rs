//! The load generator of the tour: clients that call without a pause, each on a connection of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ureq::http::Method;

use super::super::client::Client;
use super::stage::Stage;

/// Clients at work.
pub struct Load {
    clients: Vec<JoinHandle<Figures>>,
    shared: Arc<Shared>,
    began: Instant,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    made: AtomicU64,
}

/// What the clients saw.
#[derive(Default)]
pub struct Figures {
    /// Calls that were answered with a result.
    pub made: u64,
    /// Calls that were not.
    pub failed: u64,
    /// How long each took, in microseconds.
    pub latencies_us: Vec<u64>,
    /// From the first call to the last.
    pub took: Duration,
}

impl Load {
    /// Starts so many.
    pub fn start(host: &Stage, clients: usize) -> Self {
        let shared = Arc::<Shared>::default();
        let client = |_| {
            let (reach, shared) = (host.reach(), shared.clone());
            std::thread::spawn(move || match Client::new(&reach) {
                Ok(client) => call_on(&client, &shared),
                Err(_) => Figures { failed: 1, ..Figures::default() },
            })
        };
        Self { clients: (0..clients).map(client).collect(), began: Instant::now(), shared: shared.clone() }
    }

    /// Waits until so many more calls have been answered, or none can be.
    pub fn wait_for_calls(&self, more: u64) {
        let enough = self.shared.made.load(Ordering::Relaxed) + more;
        while self.shared.made.load(Ordering::Relaxed) < enough
            && self.clients.iter().any(|client| !client.is_finished())
        {
            std::thread::yield_now();
        }
    }

    /// Ends them and adds up what they saw.
    pub fn stop(self) -> Figures {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut sum = Figures { took: self.began.elapsed(), ..Figures::default() };
        for client in self.clients {
            match client.join() {
                Ok(saw) => {
                    sum.made += saw.made;
                    sum.failed += saw.failed;
                    sum.latencies_us.extend(saw.latencies_us);
                }
                Err(_) => sum.failed += 1,
            }
        }
        sum
    }
}

fn call_on(client: &Client, shared: &Shared) -> Figures {
    let mut saw = Figures::default();
    while !shared.stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let headers = [("content-type", "application/json")];
        match client.json(Method::POST, "/v1/call/counter/increment", &headers, Some(b"[1]")) {
            Ok(_) => {
                saw.made += 1;
                shared.made.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => saw.failed += 1,
        }
        saw.latencies_us.push(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    saw
}
