//! Looks all the time at what is said to be there: one current version of each component, and which.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::recording::Sight;
use crate::support::{Answer, Host};

pub struct Watcher {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<(Vec<Sight>, Vec<String>)>,
}

/// Between two looks: as often as one likes would be at the cost of those who are looked at.
const PAUSE: Duration = Duration::from_millis(60);

impl Watcher {
    pub fn start(host: &Host) -> Self {
        let (is_over, read) = (Arc::new(AtomicBool::new(false)), host.reader());
        let thread = std::thread::spawn({
            let is_over = is_over.clone();
            move || {
                let mut seen = Seen::default();
                while !is_over.load(Ordering::Relaxed) {
                    seen.look(&read);
                    std::thread::sleep(PAUSE);
                }
                let Seen { sights, broken, .. } = seen;
                (sights, broken)
            }
        });
        Self { is_over, thread }
    }

    /// What was seen, and what was wrong by itself.
    pub fn end(self) -> (Vec<Sight>, Vec<String>) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the host lives")
    }
}

#[derive(Default)]
struct Seen {
    sights: Vec<Sight>,
    /// The last sight of each component.
    last: BTreeMap<String, usize>,
    broken: Vec<String>,
}

impl Seen {
    fn look(&mut self, read: &impl Fn(&str) -> Answer) {
        let began = Instant::now();
        let found = read("/v1/components").body;
        let at = (began, Instant::now());
        for component in found["components"].as_array().into_iter().flatten() {
            let name = component["name"].as_str().unwrap_or_default();
            let versions = component["versions"].as_array().map_or(&[][..], Vec::as_slice);
            let current: Vec<_> = versions.iter().filter(|version| version["role"] == "current").collect();
            match (current.as_slice(), component["current"]["digest"].as_str()) {
                ([one], Some(digest)) if one["digest"] == digest => self.is_current(name, digest, at),
                _ => self.is_wrong(name, component),
            }
        }
    }

    fn is_current(&mut self, name: &str, digest: &str, at: (Instant, Instant)) {
        match self.last.get(name).map(|last| &mut self.sights[*last]) {
            Some(sight) if sight.digest == digest => sight.last = at,
            _ => {
                self.last.insert(name.to_owned(), self.sights.len());
                let (component, digest) = (name.to_owned(), digest.to_owned());
                self.sights.push(Sight { component, digest, first: at, last: at });
            }
        }
    }

    fn is_wrong(&mut self, name: &str, component: &Value) {
        if self.broken.len() < 5 {
            self.broken.push(format!("of {name} not one version is current: {component}"));
        }
    }
}
