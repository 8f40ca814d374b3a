//! Whole lives of a host out of a seed, held against the promises.

use changeling_core::sim::{self, Odds};

fn rough(seed: u64) -> Odds {
    Odds { kills: (seed % 3) as u32, ..Odds::rough() }
}

#[test]
fn first() {
    if let Ok(seed) = std::env::var("SEED") {
        let seed = seed.parse().unwrap();
        let report = sim::run_in_words(seed, rough(seed));
        println!("{}\n{:#?}", report.transcript.join("\n"), report.violations);
        return;
    }
    let mut all = std::collections::BTreeMap::new();
    let mut sums = (0,0,0);
    let (a, b): (u64, u64) = (std::env::var("FROM").unwrap().parse().unwrap(), std::env::var("TO").unwrap().parse().unwrap());
    for seed in a..b {
        let report = sim::run(seed, rough(seed));
        for (k, v) in &report.outcomes { *all.entry(k.clone()).or_insert(0) += v; }
        sums.0 += report.switches; sums.1 += report.kept_births; sums.2 += report.strays;
        if !report.violations.is_empty() {
            let report = sim::run_in_words(seed, rough(seed));
            let n = report.transcript.len().saturating_sub(60);
            panic!("seed {seed}: {:#?}\n{}", report.violations, report.transcript[n..].join("\n"));
        }
    }
    println!("{all:?} {sums:?}");
}
