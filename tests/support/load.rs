//! Clients that call without a pause until they are told to end. The first call that fails is the test's failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use serde_json::Value;

use super::Host;

/// Clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<u64>>,
}

impl Host {
    /// So many clients that call this one function.
    pub fn load(&self, clients: usize, address: &'static str, function: &'static str, args: Value) -> Load {
        self.load_of(clients, move |_| (address, function, args.clone()))
    }

    /// The same, with calls of each client's choice: it is given the client's number and that of the call, from 1.
    pub fn load_of(
        &self,
        clients: usize,
        next: impl Fn((usize, u64)) -> (&'static str, &'static str, Value) + Clone + Send + 'static,
    ) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |client| {
            let (call, stop, next) = (self.caller(), stop.clone(), next.clone());
            std::thread::spawn(move || {
                let mut made = 0;
                while !stop.load(Ordering::Relaxed) {
                    let (address, function, args) = next((client, made + 1));
                    let answer = call(address, function, args);
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    assert!(answer.body.get("err").is_none(), "{}", answer.body);
                    made += 1;
                }
                made
            })
        };
        let clients = (0..clients).map(client).collect();
        Load { stop, clients }
    }
}

impl Load {
    /// Ends it; how many calls were made, every one answered.
    #[track_caller]
    pub fn end(self) -> u64 {
        self.end_each().iter().sum()
    }

    /// The same, client by client.
    #[track_caller]
    pub fn end_each(self) -> Vec<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().map(|client| client.join().expect("no call failed")).collect()
    }
}
