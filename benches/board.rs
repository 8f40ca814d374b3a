//! The measurements of one run, each beside its floor, and the table that they end in.

use std::fmt;
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets};
use criterion::{Criterion, SamplingMode};

/// What was measured so far.
#[derive(Default)]
pub struct Board {
    rows: Vec<Row>,
}

/// What something is measured against, and how near it shall come.
#[derive(Clone, Copy)]
pub struct Floor<'a> {
    /// What it is.
    pub name: &'a str,
    /// The largest ratio that is good enough; none where the ratio is for information.
    pub target: Option<f64>,
}

struct Row {
    what: String,
    against: String,
    target: Option<f64>,
    /// The thing and its floor, in nanoseconds or bytes, sample by sample.
    pairs: Vec<(f64, f64)>,
    readable: fn(f64) -> String,
}

impl Board {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures something and its floor in turn. Both do what they do so many times and say how long it took.
    pub fn beside(
        &mut self,
        criterion: &mut Criterion,
        (group, what): (&str, &str),
        against: Floor<'_>,
        mut floor: impl FnMut(u64) -> Duration,
        mut subject: impl FnMut(u64) -> Duration,
    ) {
        let mut samples: Vec<(u64, f64, f64)> = Vec::new();
        let mut in_group = criterion.benchmark_group(group);
        in_group.sampling_mode(SamplingMode::Flat);
        in_group.bench_function(what, |bencher| {
            bencher.iter_custom(|times| {
                let under = floor(times);
                let took = subject(times);
                let each = |span: Duration| span.as_secs_f64() * 1e9 / times as f64;
                samples.push((times, each(took), each(under)));
                took
            });
        });
        in_group.finish();
        // Flat sampling does the same number each time; those with another number were to warm up.
        let Some(measured) = samples.last().map(|(times, ..)| *times) else { return };
        let pairs = samples.iter().filter(|(times, ..)| *times == measured).map(|(_, took, under)| (*took, *under));
        self.add(what, against, pairs.collect());
    }

    /// The row that was added last, once more, against a figure that was measured elsewhere.
    pub fn against_recorded(&mut self, name: &str, recorded: Duration, target: f64) {
        let Some(last) = self.rows.last() else { return };
        let floor = recorded.as_secs_f64() * 1e9;
        let pairs = last.pairs.iter().map(|(took, _)| (*took, floor)).collect();
        let what = last.what.clone();
        self.add(&what, Floor { name, target: Some(target) }, pairs);
    }

    /// Takes what was measured otherwise: the thing and its floor, in nanoseconds.
    pub fn add(&mut self, what: &str, against: Floor<'_>, pairs: Vec<(f64, f64)>) {
        self.push(what, against, pairs, readable);
    }

    /// The same in bytes.
    pub fn add_bytes(&mut self, what: &str, against: Floor<'_>, pairs: Vec<(f64, f64)>) {
        self.push(what, against, pairs, |bytes| format!("{:.1} KiB", bytes / 1024.0));
    }

    fn push(&mut self, what: &str, against: Floor<'_>, pairs: Vec<(f64, f64)>, readable: fn(f64) -> String) {
        let (what, target) = (what.to_owned(), against.target);
        self.rows.push(Row { what, against: against.name.to_owned(), target, pairs, readable });
    }

    /// The median of a floor that was measured, in nanoseconds.
    pub fn floor_of(&self, what: &str) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.what == what)?;
        Some(spread(row.pairs.iter().map(|(_, floor)| *floor)).1)
    }
}

/// How long `act` takes so many times.
pub fn timed(times: u64, mut act: impl FnMut()) -> Duration {
    let begin = Instant::now();
    (0..times).for_each(|_| act());
    begin.elapsed()
}

/// The tenth percentile, the median and the ninetieth.
pub fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |share: usize| values.get(values.len().saturating_sub(1) * share / 100).copied().unwrap_or(f64::NAN);
    (at(10), at(50), at(90))
}

/// Nanoseconds in the unit that people read.
pub fn readable(nanos: f64) -> String {
    match nanos {
        _ if nanos < 1e3 => format!("{nanos:.0} ns"),
        _ if nanos < 1e6 => format!("{:.2} µs", nanos / 1e3),
        _ => format!("{:.2} ms", nanos / 1e6),
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["what", "median", "beside", "median", "ratio", "p10 to p90", "target", ""]);
        for row in &self.rows {
            let (_, took, _) = spread(row.pairs.iter().map(|pair| pair.0));
            let (_, floor, _) = spread(row.pairs.iter().map(|pair| pair.1));
            let (low, ratio, high) = spread(row.pairs.iter().map(|pair| pair.0 / pair.1));
            let verdict = match row.target {
                None => "",
                Some(target) if ratio <= target => "met",
                Some(_) => "missed",
            };
            table.add_row([
                row.what.clone(),
                (row.readable)(took),
                row.against.clone(),
                (row.readable)(floor),
                format!("{ratio:.2}"),
                format!("{low:.2} to {high:.2}"),
                row.target.map(|target| format!("≤ {target}")).unwrap_or_default(),
                verdict.to_owned(),
            ]);
        }
        for column in [1, 3, 4, 5] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.fmt(f)
    }
}
