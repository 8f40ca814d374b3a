//! What receipts say, against what was seen: the versions, how it ended, how many went over, how long it took, who waited.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::recording::{Recording, Upgrade};
use super::Kind;

pub fn look_at(recording: &Recording, broken: &mut Vec<String>) {
    let mut kind = Kind::new(broken);
    let mut current: BTreeMap<&str, &str> = BTreeMap::new();
    let mut ids = BTreeSet::new();
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
        times(recording, upgrade, &mut kind);
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
fn times(recording: &Recording, upgrade: &Upgrade, kind: &mut Kind<'_>) {
    let receipt = &upgrade.receipt;
    let micros = |at: &str| Duration::from_micros(receipt.pointer(at).and_then(|it| it.as_u64()).unwrap_or_default());
    let whose = || format!("{} to version {}", upgrade.component, upgrade.to);
    let (pause, took) = (micros("/pause_us/max"), upgrade.ended - upgrade.began);
    kind.insist(pause <= took, || format!("{}: a pause of {pause:?} in {took:?}", whose()));
    let (held, wait) = (receipt["held"]["calls"].as_u64().unwrap_or_default(), micros("/held/wait_us_max"));
    let least = upgrade.held;
    kind.insist(held >= least, || format!("{}: {held} calls were held, and {least} waited", whose()));
    kind.insist(held > 0 || wait.is_zero(), || format!("{}: nobody was held, for {wait:?}", whose()));
    if held > 0 && recording.population.contains_key(&upgrade.component) {
        let of = |to: &str| to.split('/').next() == Some(upgrade.component.as_str());
        let calls = recording.calls.iter().filter(|call| of(&call.to));
        let meanwhile = calls.filter(|call| call.began <= upgrade.ended && call.ended >= upgrade.began);
        let (many, longest) = meanwhile
            .fold((0, Duration::ZERO), |(many, longest), call| (many + 1, longest.max(call.ended - call.began)));
        kind.insist(held <= many, || format!("{}: {held} calls were held, and {many} were made", whose()));
        kind.insist(wait <= longest, || format!("{}: a call was held for {wait:?}, and none took so long", whose()));
    }
}
