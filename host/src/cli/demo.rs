//! `demo`: a guided tour on real parts. Guests are built, a host runs, clients call, code is swapped under them, a bad
//! version is refused, the host ends and starts again; and every promise is checked on the way.

mod guests;
mod load;
mod stage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use serde_json::{Value, json};

use super::table;
use super::{Exit, Failure};
use load::Load;
use stage::Stage;

/// A guided tour: builds guests, starts a host, upgrades it under load, and says what it did.
#[derive(Args)]
#[command(after_help = "Example:\n  changeling demo --keep /tmp/tour")]
pub struct Demo {
    /// Fewer swaps; a quarter of a minute once the guests are built.
    #[arg(long, env = "CHANGELING_DEMO_SHORT", value_parser = BoolishValueParser::new())]
    short: bool,
    /// Leave the folder here, to go on with.
    #[arg(long, value_name = "DIR", env = "CHANGELING_DEMO_KEEP")]
    keep: Option<PathBuf>,
}

const CLIENTS: usize = 8;
const SWAPS: usize = 40;
const SWAPS_SHORT: usize = 8;

/// What was seen on the way.
#[derive(Default)]
struct Seen {
    receipts: Vec<Value>,
    broken: Vec<String>,
}

impl Seen {
    fn promise(&mut self, kept: bool, promise: String) {
        if !kept {
            say(&format!("  PROMISE BROKEN: {promise}"));
            self.broken.push(promise);
        }
    }
}

impl Demo {
    /// Tells the story.
    pub fn run(self) -> Result<Exit, Failure> {
        let swaps = if self.short { SWAPS_SHORT } else { SWAPS };
        let temporary = tempfile_dir()?;
        let dir = self.keep.clone().unwrap_or_else(|| temporary.clone());
        std::fs::create_dir_all(&dir)?;
        say("Guests are built: two versions of a counter, and one that goes wrong.");
        let guests = guests::build()?;
        let mut seen = Seen::default();
        let load = tour(&dir, &guests, swaps, &mut seen)?;
        print_figures(&load, &seen);
        match &self.keep {
            Some(dir) => say(&format!(
                "\nThe folder is yours: start a host with `changeling run {0}`, and call it with `changeling call --dir {0} counter get`.",
                dir.display()
            )),
            None => std::fs::remove_dir_all(&temporary)?,
        }
        match seen.broken.as_slice() {
            [] => Ok(Exit::Done),
            broken => Err(Failure::new(Exit::Error, format!("{} promises broke: {}", broken.len(), broken.join("; ")))),
        }
    }
}

fn tour(dir: &Path, guests: &guests::Built, swaps: usize, seen: &mut Seen) -> Result<load::Figures, Failure> {
    say(&format!("\nA host watches a folder.\n  $ changeling run {}", dir.display()));
    let mut host = Stage::start(dir)?;
    say("\nA component is dropped into it, and serves.");
    copy(&host, &guests.v1, seen)?;
    let first = host.call("increment", json!([0]))?;
    say(&format!("  $ changeling call counter increment 0\n  {first}"));

    say(&format!(
        "\n{CLIENTS} clients call `increment` without a pause. Meanwhile the second version is dropped in, which keeps"
    ));
    say("one more number, then the first one again, and so on. The state goes over each time, up and down.");
    let load = Load::start(&host, CLIENTS);
    for swap in 0..swaps {
        let file = if swap % 2 == 0 { &guests.v2 } else { &guests.v1 };
        let receipt = copy(&host, file, seen)?;
        if swap < 2 {
            let pause = receipt["pause_us"]["max"].as_u64().unwrap_or_default();
            say(&format!("  settled: the actor paused for {pause} µs"));
        }
        seen.promise(receipt["outcome"] == "settled", format!("swap {} ended as {}", swap + 1, receipt["outcome"]));
        load.wait_for_calls(20);
    }
    say(&format!("  … {swaps} swaps in all"));

    say("\nA version that goes wrong is dropped in: its code change answers with an error.");
    let receipt = copy(&host, &guests.bad, seen)?;
    let reason = receipt["reason"].as_str().unwrap_or_default();
    say(&format!("  {}: {reason}", receipt["outcome"].as_str().unwrap_or_default()));
    seen.promise(receipt["outcome"] == "refused", format!("the bad version ended as {}", receipt["outcome"]));
    load.wait_for_calls(20);
    let figures = load.stop();
    seen.promise(figures.failed == 0, format!("{} calls failed", figures.failed));

    let total = host.call("get", json!([]))?;
    say(&format!("\nThe clients made {} calls; the counter says {total}.", figures.made));
    seen.promise(
        total == json!(figures.made),
        format!("{} calls were made and the counter says {total}", figures.made),
    );

    say("\nThe host ends, in order, and starts again.\n  ^C");
    host.end()?;
    host = Stage::start(dir)?;
    let again = host.call("get", json!([]))?;
    say(&format!("  $ changeling call counter get\n  {again}"));
    seen.promise(again == total, format!("the counter says {again} after the restart and said {total} before"));
    host.end()?;
    Ok(figures)
}

/// Copies a guest into the folder and waits for its receipt.
fn copy(host: &Stage, file: &Path, seen: &mut Seen) -> Result<Value, Failure> {
    let last = seen.receipts.last().and_then(|receipt| receipt["id"].as_u64()).unwrap_or(0);
    if seen.receipts.len() < 3 || file.ends_with("counter_change_errs.wasm") {
        say(&format!("  $ cp {} {}", file.display(), host.dir().join("counter.wasm").display()));
    }
    std::fs::copy(file, host.dir().join("counter.wasm"))?;
    let receipt = host.receipt_after(last, Duration::from_secs(120))?;
    seen.receipts.push(receipt.clone());
    Ok(receipt)
}

fn print_figures(load: &load::Figures, seen: &Seen) {
    let pauses: Vec<u64> = seen.receipts.iter().filter_map(|receipt| receipt["pause_us"]["max"].as_u64()).collect();
    let settled = seen.receipts.iter().filter(|receipt| receipt["outcome"] == "settled").count();
    let refused = seen.receipts.iter().filter(|receipt| receipt["outcome"] == "refused").count();
    let spread = |values: Vec<u64>| match changeling_core::receipt::Spread::of(values) {
        Some(of) => format!("{} / {} / {} µs", of.p50, of.p99, of.max),
        None => "none".to_owned(),
    };
    println!();
    table::print(
        &["figure", "value"],
        [
            vec!["calls".into(), load.made.to_string()],
            vec!["calls that failed".into(), load.failed.to_string()],
            vec!["calls a second".into(), format!("{:.0}", load.made as f64 / load.took.as_secs_f64())],
            vec!["call over HTTP, p50 / p99 / max".into(), spread(load.latencies_us.clone())],
            vec!["upgrades that settled".into(), settled.to_string()],
            vec!["upgrades that were refused".into(), refused.to_string()],
            vec!["pause of the actor, p50 / p99 / max".into(), spread(pauses)],
            vec!["promises broken".into(), seen.broken.len().to_string()],
        ],
    );
}

/// The story goes to stderr: stdout has the figures alone.
fn say(text: &str) {
    anstream::eprintln!("{text}");
}

fn tempfile_dir() -> std::io::Result<PathBuf> {
    let dir = std::env::temp_dir().join(format!("changeling-demo-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}
