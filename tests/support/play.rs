//! The standard run, in two lives of a host: everything that changes something on disk, done once. What the host says on
//! the way is written down, and held against it later: by [`Told::holds`], in a life without any fault.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::host::folder;
use super::{Brittle, End, bytes};

/// Files that were refused once are looked at again soon; what actors were before a switch goes to a file; keyed actors
/// beside a singleton, switched one after the other and not tried before.
const MANIFEST: &str = "[host]\nsettle = \"10ms\"\nrescan = \"200ms\"\nkept-states = \"0B\"\n\n\
                        [components.keyed]\nkeyed = true\nparallel = 1\nverify = \"none\"\n";
/// What a disk says that refuses.
const REFUSALS: [&str; 3] = ["Input/output error", "No space left on device", "Read-only file system"];

/// What a host has said, and what it was asked.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Receipts that it gave as final.
    receipts: BTreeMap<u64, Value>,
    /// What is current by these.
    current: BTreeMap<String, String>,
    /// What may be current as well: asked for, and not answered.
    perhaps: BTreeMap<String, BTreeSet<Option<String>>>,
    /// What each counter said last in this life.
    totals: BTreeMap<String, u64>,
    /// What each counter may be at when its actor comes back.
    kept: BTreeMap<String, BTreeSet<u64>>,
    /// All that the lives before this one said in their logs.
    logs: String,
    /// Whether its disk refuses: then an upgrade may be refused, in the disk's words.
    faulty: bool,
}

/// An empty folder for a run: a manifest, and a first version that lies there already.
pub fn stage() -> TempDir {
    let dir = folder();
    std::fs::write(dir.path().join("changeling.toml"), MANIFEST).expect("the manifest is written");
    std::fs::write(dir.path().join("counter.wasm"), bytes("counter-v1")).expect("the guest is written");
    dir
}

/// The same folder once more, in a place of its own.
pub fn copy(from: &Path) -> TempDir {
    let dir = folder();
    copy_into(from, dir.path());
    dir
}

/// Copies what lies in a folder, modes and all.
pub fn copy_into(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).expect("a folder");
            std::fs::set_permissions(&target, entry.metadata().expect("a mode").permissions()).expect("its mode");
            copy_into(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// A run until the host dies: `None` says that it has.
type Until<T = ()> = Option<T>;

impl Told {
    /// The first life: two components begin, one is upgraded with its state, an upgrade of the other is refused.
    pub fn first_life(&mut self, host: &mut Brittle) -> Until {
        self.take_first(host)?;
        self.deploy(host, "keyed", "counter-v1", "settled")?;
        self.add(host, "counter", 3)?;
        self.add(host, "keyed/a", 1)?;
        self.add(host, "keyed/b", 2)?;
        self.deploy(host, "counter", "counter-v2", "settled")?;
        self.add(host, "counter", 1)?;
        self.deploy(host, "keyed", "counter-save-errs", "refused")?;
        self.add(host, "keyed/a", 1)
    }

    /// The second: everybody goes on; an upgrade of the keyed ones, of which the second is not taken, turns the first one
    /// back; then they are upgraded and go on, and are removed.
    pub fn second_life(&mut self, host: &mut Brittle) -> Until {
        self.come_back(host)?;
        self.add(host, "counter", 1)?;
        // From 2 to the total that brings bad luck.
        self.add(host, "keyed/b", 11)?;
        self.deploy(host, "keyed", "counter-change-errs-on-13", "rolled-back")?;
        self.deploy(host, "keyed", "counter-v2", "settled")?;
        self.add(host, "keyed/a", 1)?;
        self.remove(host, "keyed")?;
        self.add(host, "counter", 1)
    }

    /// The version that lay in the folder when the host began.
    fn take_first(&mut self, host: &mut Brittle) -> Until {
        self.may_be("counter", Some(digest_of("counter-v1")));
        let found = host.ask("GET", "/v1/upgrades?component=counter&wait=5s", &[])?;
        match found.body["upgrades"].get(0).cloned() {
            Some(receipt) => self.receipt(&receipt, "settled"),
            None => assert!(self.faulty, "the file in the folder was not taken: {}", found.body),
        }
        // Where the disk refused: once more, as a person would.
        if self.current.contains_key("counter") {
            Some(())
        } else {
            self.deploy(host, "counter", "counter-v1", "settled")
        }
    }

    fn may_be(&mut self, component: &str, digest: Option<String>) {
        self.perhaps.entry(component.to_owned()).or_default().insert(digest);
    }

    /// Offers a version and hears what becomes of it: `outcome`, or, from a disk that refuses, its words.
    fn deploy(&mut self, host: &mut Brittle, component: &str, guest: &str, outcome: &str) -> Until {
        self.may_be(component, Some(digest_of(guest)));
        let answer = host.ask("POST", &format!("/v1/deploy?component={component}&wait=30s"), &bytes(guest))?;
        match (answer.status, answer.body["$type"].as_str()) {
            (200, Some("changeling.receipt/1")) => self.receipt(&answer.body, outcome),
            (200, Some("changeling.nothing/1")) if self.faulty => {
                self.current.insert(component.to_owned(), digest_of(guest));
                self.perhaps.remove(component);
            }
            (409, _) => {
                self.is_of_the_disk(&answer.body);
                self.is_as_it_was(component);
            }
            _ => panic!("{component} as {guest}: {answer:?}"),
        }
        Some(())
    }

    /// Whatever was refused: files that the folder offers by itself may still come.
    fn is_as_it_was(&mut self, component: &str) {
        if self.current.contains_key(component) || component != "counter" {
            self.perhaps.remove(component);
        }
    }

    fn receipt(&mut self, receipt: &Value, wanted: &str) {
        let (id, outcome) = (receipt["id"].as_u64().expect("a number"), receipt["outcome"].as_str().expect("a word"));
        let component = receipt["component"].as_str().expect("a name").to_owned();
        assert!(self.receipts.insert(id, receipt.clone()).is_none_or(|told| told == *receipt), "told in two ways");
        match outcome {
            "settled" | "partial" => {
                let digest = receipt["to"]["digest"].as_str().expect("a digest").to_owned();
                self.current.insert(component.clone(), digest);
                self.perhaps.remove(&component);
            }
            _ => self.is_as_it_was(&component),
        }
        if outcome != wanted {
            self.is_of_the_disk(receipt);
        }
    }

    fn is_of_the_disk(&self, said: &Value) {
        let text = said.to_string();
        assert!(self.faulty && is_of_the_disk(&text), "not for the disk's sake: {text}");
    }

    /// A call that the disk has nothing to do with: answered, and once.
    fn add(&mut self, host: &mut Brittle, address: &str, by: u64) -> Until {
        let component = address.split('/').next().unwrap_or_default();
        let answer = host.call(address, "increment", &json!([by]))?;
        if !self.current.contains_key(component) && !self.perhaps.contains_key(component) {
            assert_eq!(answer.problem(), "no-such-component", "{answer:?}");
            return Some(());
        }
        if answer.status == 404 && self.faulty && self.perhaps.contains_key(component) {
            return Some(());
        }
        let total = self.totals.entry(address.to_owned()).or_default();
        *total += by;
        assert_eq!((answer.status, answer.body), (200, json!(*total)), "{address}");
        Some(())
    }

    fn remove(&mut self, host: &mut Brittle, component: &str) -> Until {
        self.may_be(component, None);
        let answer = host.ask("DELETE", &format!("/v1/components/{component}"), &[])?;
        if answer.status == 204 {
            self.current.remove(component);
            let of = |address: &String| address.split('/').next() == Some(component);
            self.totals.retain(|address, _| !of(address));
            self.kept.retain(|address, _| !of(address));
        } else if answer.status == 404 {
            assert!(!self.current.contains_key(component), "{answer:?}");
        } else {
            self.is_of_the_disk(&answer.body);
            assert!(answer.body.to_string().contains("nothing has changed"), "{answer:?}");
        }
        self.perhaps.remove(component);
        Some(())
    }

    /// After a start: every actor is where it may be, and its counter goes on from there.
    fn come_back(&mut self, host: &mut Brittle) -> Until {
        for (address, kept) in self.kept.clone() {
            let answer = host.call(&address, "get", &json!([]))?;
            let component = address.split('/').next().unwrap_or_default();
            if answer.status == 404 && !self.must_be_there(component) {
                continue;
            }
            let total = answer.body.as_u64().unwrap_or_else(|| panic!("{address}: {answer:?}"));
            assert!(kept.contains(&total), "{address} is at {total} and may be at {kept:?}");
            self.totals.insert(address, total);
        }
        Some(())
    }

    fn must_be_there(&self, component: &str) -> bool {
        let perhaps_not = self.perhaps.get(component).is_some_and(|it| it.contains(&None));
        self.current.contains_key(component) && !perhaps_not
    }

    /// A life is over: what it may have kept of its counters.
    pub fn ended(&mut self, end: &End) {
        let in_order = end.code == Some(0);
        for address in self.totals.keys().chain(self.kept.keys()).cloned().collect::<BTreeSet<_>>() {
            let is_lost = !in_order || end.log.contains(&format!("the state of {address}:"));
            let kept = self.kept.entry(address.clone()).or_default();
            match self.totals.get(&address) {
                Some(total) if !is_lost => *kept = [*total].into(),
                // Cut off before it was put away, or after it.
                total => kept.extend(total.copied().into_iter().chain(is_lost.then_some(0))),
            }
        }
        self.logs.push_str(&end.log);
        self.totals.clear();
    }

    /// Whether the life that comes has a disk that refuses.
    pub fn with_faults(&mut self, faulty: bool) {
        self.faulty = faulty;
    }

    /// Starts a host without any fault, and holds against it all that was said before: what is current, what there is a
    /// receipt of, what every counter is at, what its log says of the last end, and that all of the folder is whole.
    pub fn holds(mut self, dir: &Path) {
        let state = dir.join(".changeling");
        let was_killed = was_killed(&state);
        let cut_off = cut_off(&state);
        let mut host = Brittle::start(dir, "");
        assert!(host.served(), "it does not start again:\n{}", host.end().log);
        self.faulty = false;
        self.current_is_as_told(&mut host);
        self.come_back(&mut host).expect("it lives");
        for address in self.totals.keys().cloned().collect::<Vec<_>>() {
            self.add(&mut host, &address, 1).expect("it lives");
        }
        self.receipts_are_as_told(&mut host, &cut_off);
        let end = host.end();
        assert_eq!(end.code, Some(0), "{}", end.log);
        assert_eq!(end.log.contains("the last host was killed"), was_killed, "{}", end.log);
        is_whole(&state);
        let said = self.logs.lines().filter(|line| !line.contains("\"point ")).count();
        assert!(said < 300, "a flood:\n{}", self.logs);
    }

    fn current_is_as_told(&mut self, host: &mut Brittle) {
        // A file that lies in the folder and was not taken yet is taken now.
        if !self.current.contains_key("counter") {
            let path = "/v1/upgrades?component=counter&wait=30s";
            let found = host.ask("GET", path, &[]).expect("it lives");
            assert!(found.body["upgrades"][0].is_object(), "nobody took the file in the folder");
        }
        let found = host.ask("GET", "/v1/components", &[]).expect("it lives").body;
        let current: BTreeMap<_, _> = found["components"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|it| Some((it["name"].as_str()?.to_owned(), it["current"]["digest"].as_str()?.to_owned())))
            .collect();
        for component in ["counter", "keyed"] {
            let (is, told) = (current.get(component), self.current.get(component));
            let perhaps = self.perhaps.get(component).is_some_and(|it| it.contains(&is.cloned()));
            assert!(is == told || perhaps, "{component} is {is:?}; {told:?} was told, or {:?}", self.perhaps);
        }
        self.current = current;
        self.perhaps.clear();
    }

    fn receipts_are_as_told(&self, host: &mut Brittle, cut_off: &BTreeSet<u64>) {
        let found = host.ask("GET", "/v1/upgrades?limit=1000", &[]).expect("it lives").body;
        let found = found["upgrades"].as_array().expect("a list");
        let by_id: BTreeMap<_, _> = found.iter().filter_map(|it| Some((it["id"].as_u64()?, it))).collect();
        assert_eq!(by_id.len(), found.len(), "two receipts of one upgrade");
        for (id, told) in &self.receipts {
            let stands = by_id.get(id).is_some_and(|is| (&is["outcome"], &is["to"]) == (&told["outcome"], &told["to"]));
            // A disk that refused to the very end.
            let said = self.logs.contains(&format!("the receipt of upgrade {id} is not written yet"));
            assert!(stands || said, "{told} was told, and there is {:?}", by_id.get(id));
        }
        for id in cut_off {
            let outcome = by_id.get(id).map(|it| &it["outcome"]);
            assert_eq!(outcome, Some(&json!("interrupted")), "upgrade {id} was in hand");
        }
        // What is current got there by an upgrade that says so.
        for (component, digest) in &self.current {
            let of = |it: &&Value| it["component"] == *component && it["outcome"] != "refused";
            let newest = found.iter().filter(of).max_by_key(|it| it["id"].as_u64());
            let fits = newest.is_some_and(|it| match it["outcome"].as_str() {
                Some("settled" | "partial") => it["to"]["digest"] == *digest,
                // Cut off before, or after, it was current.
                Some("interrupted") => it["to"]["digest"] == *digest || it["from"]["digest"] == *digest,
                _ => it["from"]["digest"] == *digest,
            });
            let unwritten = self.logs.contains("is not written yet");
            assert!(fits || unwritten, "{component} is {digest}, and its newest receipt is {newest:?}");
        }
    }
}

/// The digest of a guest's bytes.
pub fn digest_of(guest: &str) -> String {
    hex(&Sha256::digest(bytes(guest)))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn was_killed(state: &Path) -> bool {
    std::fs::read(state.join("alive.json"))
        .is_ok_and(|text| serde_json::from_slice::<Value>(&text).is_ok_and(|it| it["ended"] == false))
}

/// The upgrades that the table says are in hand; none where there is no table yet.
pub fn in_hand(state: &Path) -> BTreeSet<u64> {
    let Ok(text) = std::fs::read(state.join("table.json")) else { return BTreeSet::new() };
    let table: Value = serde_json::from_slice(&text).expect("the table is JSON");
    let in_hand = table["in_hand"].as_object().expect("by component");
    in_hand.values().map(|it| it["id"].as_u64().expect("a number")).collect()
}

/// The upgrades that are in hand and have no receipt: the next host says that they were interrupted. Only when no host
/// runs.
pub fn cut_off(state: &Path) -> BTreeSet<u64> {
    let id = |name: String| name.strip_suffix(".json")?.parse().ok();
    let recorded = files(&state.join("receipts")).into_iter().filter_map(|(name, _)| id(name)).collect();
    in_hand(state).difference(&recorded).copied().collect()
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    entries.filter(|path| path.is_file()).map(|it| (name(&it), std::fs::read(&it).expect("a file"))).collect()
}

/// All that lies in the host's folder is whole. Only when no host runs, and after one that began without a fault.
pub fn is_whole(state: &Path) {
    no_temporary_file(state);
    versions_are_whole(state);
    receipts_follow_each_other(state);
    events_are_whole(state);
}

fn no_temporary_file(state: &Path) {
    for folder in ["", "versions", "compiled", "receipts", "parked", "kept"] {
        let left: Vec<_> = files(&state.join(folder)).into_iter().map(|it| it.0).collect();
        assert!(!left.iter().any(|name| name.starts_with(".new-")), "{folder}: {left:?}");
    }
}

/// Every version is what its name says.
fn versions_are_whole(state: &Path) {
    for (name, bytes) in files(&state.join("versions")) {
        assert_eq!(name, format!("{}.wasm", hex(&Sha256::digest(bytes))));
    }
}

/// So many are kept.
const RECEIPTS: usize = 1_000;

/// Every receipt but the first says which was before it, and each is before one at most. The first that is still there
/// may follow one that is not, where there are as many as are kept. Only when no host runs.
pub fn receipts_follow_each_other(state: &Path) {
    let receipts = files(&state.join("receipts"));
    let digests: BTreeSet<_> = receipts.iter().map(|(_, text)| hex(&Sha256::digest(text))).collect();
    let previous: Vec<_> = receipts
        .iter()
        .map(|(name, text)| {
            let receipt: Value = serde_json::from_slice(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            receipt["previous"].as_str().map(str::to_owned)
        })
        .map(|previous| previous.filter(|it| receipts.len() < RECEIPTS || digests.contains(it)))
        .collect();
    let named: BTreeSet<_> = previous.iter().flatten().cloned().collect();
    assert!(named.is_subset(&digests), "one follows a receipt that is not there: {previous:?}");
    let first = previous.iter().filter(|it| it.is_none()).count();
    assert_eq!((first, named.len()), (receipts.len().min(1), receipts.len().saturating_sub(1)), "{previous:?}");
}

/// Every line of the log of events can be read, and their numbers grow. Only when no host runs.
fn events_are_whole(state: &Path) {
    let log = std::fs::read_to_string(state.join("events.jsonl")).unwrap_or_default();
    let seqs: Vec<_> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"))["seq"].as_u64())
        .collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    assert!(log.is_empty() || log.ends_with('\n'), "torn: {log}");
}

/// Whether it is said in the words of a disk that refuses.
pub fn is_of_the_disk(said: &str) -> bool {
    REFUSALS.iter().any(|words| said.contains(words))
}
