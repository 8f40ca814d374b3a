//! Whoever puts versions into service, in every way that there is, one after the other, and writes down what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cast::{self, ACCOUNTS, DEPOSIT, POPULATION, SERVICES};
use super::line::Line;
use crate::support::recording::{Asked, Call, Heard, Recording, Renewal, Upgrade, Version};
use crate::support::{Host, digest, greeting, marked, variant};

/// No upgrade takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Operator<'a> {
    pub host: &'a Host,
    pub recording: Recording,
    /// What its own calls are made by.
    pub line: Line,
    /// The number of the last bytes that it made.
    last: Version,
    /// The number of the last receipt that it has seen.
    seen: u64,
    began: usize,
    /// Calls have failed: nothing is waited for any more.
    pub is_in_vain: Arc<AtomicBool>,
}

/// What is to be offered.
#[derive(Clone)]
pub struct Offer {
    pub component: &'static str,
    pub version: Version,
    pub bytes: Vec<u8>,
    began: Instant,
}

/// What must come of something.
pub type Outcomes = &'static [&'static str];
pub const SETTLED: Outcomes = &["settled"];

impl<'a> Operator<'a> {
    /// With everybody on the first version of their components, and nobody called so far.
    pub fn of(host: &'a Host) -> Result<Self, String> {
        let recording = Recording {
            population: POPULATION.map(|(name, count)| (name.to_owned(), count as u64)).into(),
            deposits: ACCOUNTS.map(|account| (account.to_owned(), DEPOSIT)).into(),
            ..Recording::default()
        };
        let line = Line::new(host, "operator");
        let is_in_vain = Arc::default();
        let mut operator = Self { host, recording, line, last: 0, seen: 0, began: 0, is_in_vain };
        for (component, guest) in cast::firsts() {
            let offer = operator.offer(component, guest);
            operator.deploy(offer, "", SETTLED)?;
        }
        // Else nothing could be told from what is mapped.
        let maps = operator.maps();
        if let Some(not) = operator.recording.upgrades.iter().find(|upgrade| !maps.contains(&upgrade.digest)) {
            return Err(format!("{} runs, and its code is not mapped by a name with its digest", not.component));
        }
        operator.began = operator.recording.upgrades.len();
        operator.look_at_witnesses();
        for n in 0..=cast::COUNTERS {
            let counter = if n == cast::COUNTERS { cast::STILL.to_owned() } else { cast::actor("counter", n) };
            operator.line.ask(&counter, Asked::Increment);
        }
        for ledger in (0..cast::LEDGERS).map(|n| cast::actor("ledger", n)) {
            for account in ACCOUNTS {
                host.call(&ledger, "open", json!([account, DEPOSIT]));
            }
        }
        Ok(operator)
    }

    /// How many upgrades there were, but for the first loads.
    pub fn upgrades(&self) -> usize {
        self.recording.upgrades.iter().filter(|upgrade| upgrade.outcome() != "tried").count() - self.began
    }

    /// What every witness knows now; all of them.
    pub fn look_at_witnesses(&mut self) {
        let witnesses = (0..cast::WITNESSES).map(|n| cast::actor("witness", n));
        let scribes = (0..cast::SCRIBES).map(|n| cast::actor("scribe", n));
        for address in witnesses.chain(scribes).chain([cast::STAGE.to_owned()]) {
            self.line.ask(&address, Asked::Look);
        }
    }

    /// The last word: what every ledger holds, and what every witness knows when all reminders have come.
    pub fn end(mut self, calls: Vec<Call>) -> Recording {
        // No reminder comes later; and one that came twice would have.
        std::thread::sleep(Duration::from_millis(super::clients::REMINDER + 1_000));
        self.look_at_witnesses();
        for ledger in (0..cast::LEDGERS).map(|n| cast::actor("ledger", n)) {
            self.line.ask(&ledger, Asked::Total);
            for account in ACCOUNTS {
                self.line.ask(&ledger, Asked::Balance(account.into()));
            }
        }
        self.recording.calls.extend(calls);
        self.recording.calls.extend(self.line.calls);
        self.recording
    }

    /// Bytes that there were not before.
    pub fn offer(&mut self, component: &'static str, guest: &str) -> Offer {
        self.last += 1;
        let version = self.last;
        let bytes = match guest {
            _ if guest.starts_with("witness") => marked(guest, version),
            _ if guest.starts_with("greeter") => greeting(&format!("{version:05}")),
            _ => variant(guest, &format!("version {version}")),
        };
        Offer { component, version, bytes, began: Instant::now() }
    }

    /// By a file in the folder.
    pub fn put(&mut self, offer: Offer, outcomes: Outcomes) -> Result<(), String> {
        let offer = Offer { began: Instant::now(), ..offer };
        self.host.write_file(&format!("{}.wasm", offer.component), &offer.bytes);
        let path = format!("/v1/upgrades?component={}&after={}&wait=1s", offer.component, self.seen);
        let receipt = self.receipt(&path, |body| body["upgrades"][0].clone())?;
        self.is_over(offer, receipt, outcomes, 0);
        Ok(())
    }

    /// Over HTTP, waiting for what comes of it.
    pub fn deploy(&mut self, mut offer: Offer, how: &str, outcomes: Outcomes) -> Result<(), String> {
        let id = self.begin(&mut offer, how)?;
        self.await_receipt(id, offer, outcomes, 0)
    }

    /// Tried on copies; after that it is loaded fast.
    pub fn tried(&mut self, offer: &Offer) -> Result<(), String> {
        self.deploy(offer.clone(), "&dry-run=true", &["tried"])
    }

    /// Over HTTP, without waiting; the number of its receipt to come.
    pub fn begin(&mut self, offer: &mut Offer, how: &str) -> Result<u64, String> {
        offer.began = Instant::now();
        let answer = self.host.post(&format!("/v1/deploy?component={}{how}", offer.component), &offer.bytes);
        answer.body["id"].as_u64().ok_or_else(|| format!("{} was not begun: {answer:?}", offer.component))
    }

    /// What came of one that was begun, with so many calls behind its hold.
    pub fn await_receipt(&mut self, id: u64, offer: Offer, outcomes: Outcomes, held: u64) -> Result<(), String> {
        let receipt = self.receipt(&format!("/v1/upgrades/{id}?wait=1s"), |body| match body["outcome"].is_null() {
            true => Value::Null,
            false => body.clone(),
        })?;
        self.is_over(offer, receipt, outcomes, held);
        Ok(())
    }

    fn receipt(&self, path: &str, find: impl Fn(&Value) -> Value) -> Result<Value, String> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && !self.is_in_vain.load(Ordering::Relaxed) {
            let found = find(&self.host.get(path).body);
            if !found.is_null() {
                return Ok(found);
            }
        }
        Err(format!("no receipt came, or calls had failed before: {path}"))
    }

    fn is_over(&mut self, offer: Offer, receipt: Value, outcomes: Outcomes, held: u64) {
        let Offer { component, version: to, bytes, began } = offer;
        self.seen = self.seen.max(receipt["id"].as_u64().unwrap_or_default());
        let (digest, ended, component) = (digest(&bytes), Instant::now(), component.to_owned());
        self.recording.upgrades.push(Upgrade { component, to, digest, began, ended, outcomes, held, receipt });
    }

    /// An actor is told to begin anew, and has.
    pub fn renew(&mut self, address: &str) -> Result<(), String> {
        let began = Instant::now();
        let answer = self.host.post(&format!("/v1/actors/{}/restart", address.replace('/', "%2F")), &[]);
        self.renewed(address, began);
        if answer.status == 204 { Ok(()) } else { Err(format!("{address} was not begun anew: {answer:?}")) }
    }

    pub fn renewed(&mut self, address: &str, began: Instant) {
        let renewal = Renewal { address: address.to_owned(), began, ended: Instant::now() };
        self.recording.renewals.push(renewal);
    }

    /// What is loaded of a component, by the roles that it says they have.
    pub fn roles(&self, component: &str) -> Vec<String> {
        let found = self.host.get(&format!("/v1/components/{component}")).body;
        let versions = found["versions"].as_array().cloned().unwrap_or_default();
        versions.iter().map(|version| version["role"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Every version but the current one is gone: from the list, and from the memory of the host.
    pub fn is_purged(&self, component: &str) -> Result<(), String> {
        let lately = self.recording.upgrades.iter().rev().filter(|upgrade| upgrade.component == component);
        let current = lately.clone().find(|upgrade| upgrade.is_published()).map(|upgrade| &upgrade.digest);
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            let roles = self.roles(component);
            let maps = self.maps();
            let old = lately.clone().take(10).filter(|old| Some(&old.digest) != current);
            let mapped = old.clone().find(|old| maps.contains(&old.digest));
            match mapped {
                None if roles == ["current"] => return Ok(()),
                Some(old) if Instant::now() > until => {
                    return Err(format!("version {} of {component} is over, and still mapped", old.to));
                }
                None if Instant::now() > until => {
                    let last = lately.clone().next().map_or(0, |upgrade| upgrade.to);
                    return Err(format!("of {component} there are versions {roles:?} after the upgrade to {last}"));
                }
                _ => std::thread::yield_now(),
            }
        }
    }

    fn maps(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/maps", self.host.pid())).expect("it runs")
    }

    /// A service greets in words that there were not before: its idle instances go.
    pub fn renew_services(&mut self) -> Result<(), String> {
        for service in SERVICES {
            let offer = self.offer(service, "greeter-v1");
            self.deploy(offer, "", SETTLED)?;
        }
        Ok(())
    }

    /// A call by somebody who is heard of when it is over.
    pub fn calling(&self, mut line: Line, to: &str, asked: Asked, row: Option<(u32, u32)>) -> Calling {
        let to = to.to_owned();
        Calling(std::thread::spawn(move || {
            line.ask(&to, asked);
            let mut call = line.calls.pop().expect("it was made");
            call.row = row;
            call
        }))
    }

    /// It goes into the recording.
    pub fn hear(&mut self, calling: Calling) -> Heard {
        let call = calling.0.join().expect("it writes down whatever it hears");
        let heard = call.heard.clone();
        self.recording.calls.push(call);
        heard
    }
}

/// A call that is on its way.
pub struct Calling(std::thread::JoinHandle<Call>);

impl Calling {
    pub fn is_over(&self) -> bool {
        self.0.is_finished()
    }
}
