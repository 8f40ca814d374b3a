//! Whole lives of a host out of a seed, held against the promises.

use changeling_core::sim::{self, Odds};

#[test]
fn first() {
    if let Ok(seed) = std::env::var("SEED") {
        let seed = seed.parse().unwrap();
        let report = sim::run(seed, Odds::rough(), seed % 3 == 0);
        println!("{}\n{:#?}", report.transcript.join("\n"), report.violations);
        return;
    }
    for seed in 0..6000 {
        let report = sim::run(seed, Odds::rough(), seed % 3 == 0);
        if !report.violations.is_empty() {
            let n = report.transcript.len().saturating_sub(60);
            panic!("seed {seed}: {:#?}\n{}", report.violations, report.transcript[n..].join("\n"));
        }
    }
}
