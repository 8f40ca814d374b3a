//! SIGKILL at any instant: what was acknowledged is so, everything on disk is whole, and the next start says what it found.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Brittle, Points, bytes, cut_off, digest_of, each, is_whole, receipts_follow_each_other, stage};

/// Before every write, sync and rename of the standard run, and in the middle or right after each.
const KILLS: [&str; 2] = ["kill", "kill-in"];

#[test]
fn a_host_killed_at_any_change_of_its_disk_comes_back_whole() {
    let points = Points::of_the_standard_run();
    each(points.faults(&KILLS), Some(30), |fault| points.run(fault));
}

#[test]
#[ignore = "long: some 600 kills, one at every change of the disk"]
fn every_kill_at_a_change_of_the_disk() {
    let points = Points::of_the_standard_run();
    each(points.faults(&KILLS), None, |fault| points.run(fault));
}

#[test]
fn a_host_killed_at_any_instant_under_load_forgets_nothing_that_it_acknowledged() {
    hunt(32);
}

#[test]
#[ignore = "long: CHANGELING_KILLS kills under load (300, say), 10,000 where it does not say"]
fn many_kills_at_any_instant_under_load() {
    hunt(std::env::var("CHANGELING_KILLS").map_or(10_000, |text| text.parse().expect("a number")));
}

/// At least so many kills under load, on several folders at once.
fn hunt(kills: usize) {
    let folders = 2 * std::thread::available_parallelism().map_or(2, usize::from);
    let seed = seed();
    eprintln!("{kills} kills, CHANGELING_SEED={seed}");
    std::thread::scope(|scope| {
        for folder in 0..folders {
            scope.spawn(move || {
                let random = Random(seed.wrapping_add(folder as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
                Hunted::new(random).run(kills.div_ceil(folders));
            });
        }
    });
}

/// How long a life under load is at most, in milliseconds.
const LIFE: u64 = 250;
/// One life in so many ends in order.
const IN_ORDER: u64 = 5;

/// One folder on which a host is killed again and again.
struct Hunted {
    random: Random,
    dir: TempDir,
    /// What is current by the last upgrade that was acknowledged, and by one that was asked for and not answered.
    current: String,
    perhaps: Option<String>,
    /// What each counter is at when its actor comes back.
    kept: BTreeMap<&'static str, u64>,
    /// Upgrades that were acknowledged.
    settled: Vec<u64>,
}

const COUNTERS: [&str; 3] = ["counter", "keyed/a", "keyed/b"];

impl Hunted {
    fn new(random: Random) -> Self {
        let dir = stage();
        let mut host = Brittle::start(dir.path(), "");
        let first = host.ask("GET", "/v1/upgrades?component=counter&wait=60s", &[]).expect("it lives").body;
        let keyed = host.ask("POST", "/v1/deploy?component=keyed&wait=60s", &bytes("counter-v1")).expect("it lives");
        assert_eq!(keyed.body["outcome"], "settled", "{keyed:?}");
        assert_eq!(host.end().code, Some(0));
        let current = first["upgrades"][0]["to"]["digest"].as_str().expect("a digest").to_owned();
        let kept = COUNTERS.map(|counter| (counter, 0)).into();
        Self { random, dir, current, perhaps: None, kept, settled: Vec::new() }
    }

    /// Lives until so many of them were ended by a kill.
    fn run(mut self, kills: usize) {
        let (mut killed, mut was_killed) = (0, false);
        let state = self.dir.path().join(".changeling");
        while killed < kills {
            let cut_off = cut_off(&state);
            let mut host = Brittle::start(self.dir.path(), "");
            assert!(host.served(), "{}", host.end().log);
            self.is_as_acknowledged(&mut host, &cut_off);
            let clients = COUNTERS.map(|counter| self.client(&host, counter));
            let deployer = self.deployer(&host);
            let rest = std::time::Duration::from_millis(self.random.below(LIFE));
            let in_order = self.random.below(IN_ORDER) == 0;
            // The instant is the point of it: not an event of the host's.
            std::thread::sleep(rest);
            if !in_order {
                host.kill();
            }
            let end = host.end();
            assert_eq!(end.code, in_order.then_some(0), "{}", end.log);
            assert_eq!(end.log.contains("the last host was killed"), was_killed, "{}", end.log);
            was_killed = !in_order;
            killed += usize::from(was_killed);
            for (counter, client) in COUNTERS.into_iter().zip(clients) {
                let answered = client.join().unwrap_or_else(|_| panic!("an answer was not true: {}", end.log));
                // In order, whatever was handled was answered; after a kill it begins from nothing.
                self.kept.insert(counter, if in_order { answered } else { 0 });
            }
            let upgrades = deployer.join().unwrap_or_else(|_| panic!("an answer was not true: {}", end.log));
            self.settled.extend(upgrades.settled);
            self.current = upgrades.current;
            self.perhaps = upgrades.perhaps;
            receipts_follow_each_other(&state);
        }
        let last = Brittle::start(self.dir.path(), "");
        assert_eq!(last.end().code, Some(0));
        is_whole(&state);
    }

    /// After a start, before anybody else asks for anything. `cut_off`: the upgrades that the last host was killed in.
    fn is_as_acknowledged(&mut self, host: &mut Brittle, cut_off: &BTreeSet<u64>) {
        let found = host.ask("GET", "/v1/components/counter", &[]).expect("it lives").body;
        let is = found["current"]["digest"].as_str().expect("a digest").to_owned();
        let expected = is == self.current || self.perhaps.as_ref() == Some(&is);
        assert!(expected, "{is} is current, {} was told, and {:?} asked for", self.current, self.perhaps);
        self.current = is;
        self.perhaps = None;
        for (counter, kept) in &self.kept {
            let total = host.call(counter, "get", &json!([])).expect("it lives");
            assert_eq!((total.status, &total.body), (200, &json!(kept)), "{counter}");
        }
        let found = host.ask("GET", "/v1/upgrades?component=counter&limit=1000", &[]).expect("it lives").body;
        let found = found["upgrades"].as_array().expect("a list");
        let interrupted = cut_off.iter().map(|id| (*id, "interrupted"));
        for (id, outcome) in self.settled.drain(..).map(|id| (id, "settled")).chain(interrupted) {
            let receipt = found.iter().find(|it| it["id"] == id);
            assert!(receipt.is_some_and(|it| it["outcome"] == outcome), "{id} was {outcome}, and there is {receipt:?}");
        }
    }

    /// Counts by one until the host is gone; what it was answered last.
    fn client(&self, host: &Brittle, counter: &'static str) -> JoinHandle<u64> {
        let (ask, mut total) = (host.asker(), self.kept[counter]);
        std::thread::spawn(move || {
            loop {
                let answer = ask("POST", &format!("/v1/call/{counter}/increment"), b"[1]");
                match answer {
                    Some(answer) if answer.status == 200 => {
                        assert_eq!(answer.body, json!(total + 1), "{counter}: lost or doubled in one life");
                        total += 1;
                    }
                    // It is ending.
                    Some(answer) => {
                        assert!(ENDINGS.contains(&answer.problem()), "{counter}: {answer:?}");
                        return total;
                    }
                    None => return total,
                }
            }
        })
    }

    /// Goes from one version to the other and back until the host is gone.
    fn deployer(&self, host: &Brittle) -> JoinHandle<Upgrades> {
        let ask = host.asker();
        let mut upgrades = Upgrades { settled: Vec::new(), current: self.current.clone(), perhaps: None };
        std::thread::spawn(move || {
            loop {
                let is_first = upgrades.current == digest_of("counter-v1");
                let next = if is_first { "counter-v2" } else { "counter-v1" };
                upgrades.perhaps = Some(digest_of(next));
                let answer = ask("POST", "/v1/deploy?component=counter&wait=60s", &bytes(next));
                match answer.as_ref().map(|answer| (answer.status, answer.body["outcome"].as_str())) {
                    Some((200, Some("settled" | "partial"))) => {
                        let answer = answer.expect("it was just looked at");
                        upgrades.current = digest_of(next);
                        upgrades.perhaps = None;
                        if answer.body["outcome"] == "settled" {
                            upgrades.settled.push(answer.body["id"].as_u64().expect("a number"));
                        }
                    }
                    // It is ending, or dead.
                    _ => return upgrades,
                }
            }
        })
    }
}

/// What the one that deploys was told.
struct Upgrades {
    settled: Vec<u64>,
    current: String,
    perhaps: Option<String>,
}

/// What a call is answered by a host that ends.
const ENDINGS: [&str; 2] = ["stopped", "ending"];

/// Xorshift: repeatable by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn seed() -> u64 {
    let given = std::env::var("CHANGELING_SEED").map(|text| text.parse().expect("a number"));
    given.unwrap_or_else(|_| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| u64::from(since.subsec_nanos()))
    })
}
