//! The soak: 64 actors and services under half of the calls that they can bear, and upgrade after upgrade. All is written
//! down outside the host, and then held against what is promised.

mod cast;
mod clients;
mod leaks;
mod line;
mod operator;
mod scenes;
mod watcher;

use std::time::{Duration, Instant};

use self::clients::Clients;
use self::operator::Operator;
use self::scenes::Play;
use self::watcher::Watcher;
use crate::support::recording::Recording;
use crate::support::{Host, judge};

/// After so many everything that is made once has been made: figures are compared with those taken here.
const WARM: usize = 10;
/// For so long it is measured how many calls there can be.
const LOOK: Duration = Duration::from_secs(1);
/// How often a word is said of how far it has come.
const NEWS: usize = 50;

#[test]
fn a_hundred_upgrades_under_load_keep_every_promise() {
    soak(size(100));
}

#[test]
#[ignore = "long: CHANGELING_SOAK_UPGRADES upgrades, 1,040 where it does not say: ten years of two a week"]
fn ten_years_of_upgrades_under_load() {
    soak(size(1_040));
}

fn size(upgrades: usize) -> usize {
    std::env::var("CHANGELING_SOAK_UPGRADES").map_or(upgrades, |text| text.parse().expect("a number"))
}

fn soak(upgrades: usize) {
    let (host, began) = (Host::with_manifest(cast::MANIFEST), Instant::now());
    let mut operator = Operator::of(&host).expect("everybody begins");
    let watcher = Watcher::start(&host);
    let clients = Clients::start(&host, &operator.is_in_vain);
    let capacity = clients.rate(if upgrades > WARM { LOOK } else { LOOK / 4 });
    clients.pace(capacity / 2.0);
    let ran = run(&mut operator, &clients, upgrades);
    let (done, calls) = (operator.upgrades(), clients.end());
    let mut recording = operator.end(calls);
    let (sights, mut broken) = watcher.end();
    recording.sights = sights;
    broken.extend(ran.err());
    broken.extend(judge(&recording));
    eprintln!("{done} upgrades in {:?}; capacity {capacity:.0} calls/s; {}", began.elapsed(), said(&recording));
    assert!(broken.is_empty(), "{} promises are broken:\n{}", broken.len(), broken.join("\n"));
}

/// Upgrade after upgrade, for as long as nothing is wrong with the calls.
fn run(operator: &mut Operator<'_>, clients: &Clients, upgrades: usize) -> Result<(), String> {
    let (mut play, mut warm, mut told) = (Play::default(), None, 0);
    while operator.upgrades() < upgrades && !clients.in_trouble() {
        play.next(operator)?;
        let done = operator.upgrades();
        if warm.is_none() && done >= WARM {
            let figures = leaks::measure(operator, clients, None)?;
            eprintln!("after {done}: {figures:?}");
            warm = Some(figures);
        }
        if done / NEWS > told {
            told = done / NEWS;
            eprintln!("{done} upgrades; {:?}", leaks::measure(operator, clients, None)?);
        }
    }
    // Whoever was in trouble says so in the recording.
    if !clients.in_trouble() {
        eprintln!("at the end: {:?}", leaks::measure(operator, clients, warm.as_ref())?);
    }
    Ok(())
}

/// The recording in figures.
fn said(recording: &Recording) -> String {
    let mut outcomes = std::collections::BTreeMap::<&str, usize>::new();
    recording.upgrades.iter().for_each(|upgrade| *outcomes.entry(upgrade.outcome()).or_default() += 1);
    // Of those who are called at their pace; what works on stage is waited for on purpose.
    let paced = recording.calls.iter().filter(|call| call.sender.starts_with("client"));
    let mut waits: Vec<Duration> = paced.map(|call| call.ended - call.began).collect();
    waits.sort_unstable();
    let at = |share: f64| waits.get((waits.len() as f64 * share) as usize).or(waits.last()).copied();
    let pauses = recording.upgrades.iter().filter_map(|upgrade| upgrade.receipt["pause_us"]["max"].as_u64()).max();
    let switches: u64 = recording.upgrades.iter().filter_map(|up| up.receipt["actors"]["switched"].as_u64()).sum();
    format!(
        "{} calls, p50 {:?}, p99 {:?}, longest {:?}; {switches} switches, longest pause {} µs; {outcomes:?}",
        waits.len(),
        at(0.5).unwrap_or_default(),
        at(0.99).unwrap_or_default(),
        waits.last().copied().unwrap_or_default(),
        pauses.unwrap_or_default()
    )
}
