//! What receipts say, against what was seen: the versions, how it ended, how many went over, how long it took, who waited.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::super::recording::{Recording, Upgrade};
use super::Kind;

pub fn look_at(recording: &Recording, broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    let mut current: BTreeMap<&str, &str> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    let spans = spans(recording);
    for upgrade in &recording.upgrades {
        let receipt = &upgrade.receipt;
        let outcome = upgrade.outcome();
        let whose = || format!("{} to version {}, {outcome}", upgrade.component, upgrade.to);
        let fits = upgrade.outcomes.contains(&outcome);
        kind.insist(fits, || format!("{}: {:?} was to come of it: {receipt}", whose(), upgrade.outcomes));
        kind.insist(ids.insert(receipt["id"].as_u64()), || format!("{}: its receipt has a number twice", whose()));
        let from = current.get(upgrade.component.as_str()).copied();
        let says = receipt["from"]["digest"].as_str();
        kind.insist(says == from || outcome == "superseded", || format!("{}: {says:?} ran, not {from:?}", whose()));
        kind.insist(receipt["to"]["digest"] == upgrade.digest, || format!("{}: of other bytes: {receipt}", whose()));
        if upgrade.is_published() {
            current.insert(&upgrade.component, &upgrade.digest);
        }
        if let Some(all) = recording.population.get(&upgrade.component).filter(|_| from.is_some()) {
            counts(upgrade, *all, &mut kind);
        }
        times(upgrade, spans.get(upgrade.component.as_str()), &mut kind);
    }
}

/// All went over, or none.
fn counts(upgrade: &Upgrade, all: u64, kind: &mut Kind<'_>) {
    let receipt = &upgrade.receipt;
    let count = |which: &str| receipt["actors"][which].as_u64().unwrap_or_default();
    let (switched, back) = (count("switched"), count("turned_back"));
    let rest = ["not_now", "left_behind", "stopped", "crashed"].map(count);
    let whose = || format!("{} to version {}", upgrade.component, upgrade.to);
    kind.insist(rest == [0; 4], || format!("{}: {rest:?} came to no boundary, stayed, ended or died", whose()));
    let fits = match upgrade.outcome() {
        "rolled-back" => switched == 0 && (1..=all).contains(&back),
        _ if upgrade.is_published() => (switched, back) == (all, 0),
        _ => (switched, back) == (0, 0),
    };
    kind.insist(fits, || format!("{}: {switched} switched and {back} went back, of {all}: {receipt}", whose()));
    kind.insist(switched + back > 0 || receipt["bytes"] == 0, || format!("{}: a state went over by itself", whose()));
}

/// No pause is longer than the upgrade, no wait longer than that of any caller; who is known to have waited is counted.
fn times(upgrade: &Upgrade, calls: Option<&Spans>, kind: &mut Kind<'_>) {
    let receipt = &upgrade.receipt;
    let micros = |at: &str| Duration::from_micros(receipt.pointer(at).and_then(|it| it.as_u64()).unwrap_or_default());
    let whose = || format!("{} to version {}", upgrade.component, upgrade.to);
    let (pause, took) = (micros("/pause_us/max"), upgrade.ended - upgrade.began);
    kind.insist(pause <= took, || format!("{}: a pause of {pause:?} in {took:?}", whose()));
    let (held, wait) = (receipt["held"]["calls"].as_u64().unwrap_or_default(), micros("/held/wait_us_max"));
    let least = upgrade.held;
    kind.insist(held >= least, || format!("{}: {held} calls were held, and {least} waited", whose()));
    kind.insist(held > 0 || wait.is_zero(), || format!("{}: nobody was held, for {wait:?}", whose()));
    if let Some(calls) = calls.filter(|_| held > 0) {
        let (many, longest) = calls.meanwhile(upgrade);
        kind.insist(held <= many, || format!("{}: {held} calls were held, and {many} were made", whose()));
        kind.insist(wait <= longest, || format!("{}: a call was held for {wait:?}, and none took so long", whose()));
    }
}

/// When each call of a component began and ended, by their beginnings.
#[derive(Default)]
struct Spans {
    calls: Vec<(Instant, Instant)>,
    longest: Duration,
}

/// Of the components whose every call is in the recording.
fn spans(recording: &Recording) -> BTreeMap<&str, Spans> {
    let mut of: BTreeMap<&str, Spans> = recording.population.keys().map(|it| (it.as_str(), Spans::default())).collect();
    for call in &recording.calls {
        if let Some(spans) = call.to.split('/').next().and_then(|component| of.get_mut(component)) {
            spans.calls.push((call.began, call.ended));
            spans.longest = spans.longest.max(call.ended - call.began);
        }
    }
    of.values_mut().for_each(|spans| spans.calls.sort_unstable());
    of
}

impl Spans {
    /// How many calls were made while an upgrade was, and how long the longest of them took.
    fn meanwhile(&self, upgrade: &Upgrade) -> (u64, Duration) {
        let since = self.calls.partition_point(|(began, _)| *began + self.longest < upgrade.began);
        let calls = self.calls[since..].iter().take_while(|(began, _)| *began <= upgrade.ended);
        let meanwhile = calls.filter(|(_, ended)| *ended >= upgrade.began);
        meanwhile.fold((0, Duration::ZERO), |(many, longest), (began, ended)| (many + 1, longest.max(*ended - *began)))
    }
}
