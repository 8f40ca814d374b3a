//! What a host takes of its machine when nobody calls: it must not grow.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::cast::ACTORS;
use super::clients::Clients;
use super::operator::Operator;
use crate::support::Host;

/// What comes and goes by chance, in bytes: pages that the allocator keeps.
const MEMORY: u64 = 24 << 20;
/// The same in mappings.
const MAPPINGS: usize = 32;
/// The same in threads: some wait for disks, as many as there is to wait for at a time, and for 10 s more.
const THREADS: usize = 8;
/// What is put away in the background has gone by then.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub struct Figures {
    /// Bytes in RAM that are no file's.
    pub memory: u64,
    /// But for the connections of callers.
    pub descriptors: usize,
    pub threads: usize,
    pub mappings: usize,
    pub children: usize,
    pub instances: usize,
}

impl Figures {
    fn of(host: &Host) -> Self {
        let Value::String(text) = host.get("/metrics").body else { panic!("no figures") };
        let figure = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found.and_then(|value| value.parse::<f64>().ok()).expect("the figure is there") as usize
        };
        Self {
            memory: memory(host.pid()),
            descriptors: host.entries("fd").saturating_sub(figure("changeling_http_connections")),
            threads: host.entries("task"),
            mappings: host.entries("maps"),
            children: children(host.pid()),
            instances: figure("changeling_instances"),
        }
    }

    fn is_within(&self, warm: &Self) -> bool {
        self.memory <= warm.memory + MEMORY
            && self.descriptors <= warm.descriptors
            && self.threads <= warm.threads + THREADS
            && self.mappings <= warm.mappings + MAPPINGS
            && self.is_at_rest()
    }

    /// One instance for each actor, and nothing else is about.
    fn is_at_rest(&self) -> bool {
        (self.instances, self.children) == (ACTORS, 0)
    }
}

/// The figures when nobody calls and services have no idle instance; held against those from before, where there are.
pub fn measure(operator: &mut Operator<'_>, clients: &Clients, warm: Option<&Figures>) -> Result<Figures, String> {
    clients.pause();
    operator.renew_services()?;
    let until = Instant::now() + PATIENCE;
    let figures = loop {
        let figures = Figures::of(operator.host);
        if warm.map_or_else(|| figures.is_at_rest(), |warm| figures.is_within(warm)) || Instant::now() > until {
            break figures;
        }
        // What goes does so by itself, and nobody tells.
        std::thread::sleep(Duration::from_millis(50));
    };
    clients.go_on();
    if !figures.is_at_rest() {
        return Err(format!("there are {ACTORS} actors and nobody calls, and the host holds {figures:?}"));
    }
    match warm {
        Some(warm) if !figures.is_within(warm) => Err(format!("the host has grown from {warm:?} to {figures:?}")),
        _ => Ok(figures),
    }
}

fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("the system counts it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("kilobytes") << 10
}

/// Processes that it started, compilers before all.
fn children(pid: u32) -> usize {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let of = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
    threads.flatten().map(|thread| of(thread).split_whitespace().count()).sum()
}
