//! Families of figures as text, in the form that Prometheus reads (OpenMetrics 1.0).

use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::control::figures::{Histogram, STEPS};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Figures of one name, told apart by their labels.
#[derive(Debug)]
pub struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    rows: Vec<(Labels, Value)>,
}

type Labels = Vec<(&'static str, String)>;

#[derive(Debug)]
enum Value {
    Count(f64),
    Level(f64),
    Times { steps: Vec<(f64, u64)>, seconds: f64 },
}

impl Family {
    /// What only grows. The text adds `_total` to its name.
    pub fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: MetricType::Counter, rows: Vec::new() }
    }

    /// What goes up and down.
    pub fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: MetricType::Gauge, rows: Vec::new() }
    }

    /// How long things took, in seconds.
    pub fn times(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: MetricType::Histogram, rows: Vec::new() }
    }

    /// Adds a figure.
    pub fn add<const N: usize>(&mut self, labels: [(&'static str, &str); N], value: f64) {
        let value = if matches!(self.kind, MetricType::Counter) { Value::Count(value) } else { Value::Level(value) };
        self.rows.push((owned(labels), value));
    }

    /// Adds what a histogram holds.
    pub fn add_times<const N: usize>(&mut self, labels: [(&'static str, &str); N], histogram: &Histogram) {
        let (counts, sum_us) = histogram.read();
        let ends = STEPS.iter().map(|us| *us as f64 / 1e6).chain([f64::INFINITY]);
        let times = Value::Times { steps: ends.zip(counts).collect(), seconds: sum_us as f64 / 1e6 };
        self.rows.push((owned(labels), times));
    }

    /// With one figure that has no labels.
    #[must_use]
    pub fn of(mut self, value: f64) -> Self {
        self.add([], value);
        self
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut family = encoder.encode_descriptor(self.name, self.help, None, self.kind)?;
        self.rows.iter().try_for_each(|(labels, value)| match labels.is_empty() {
            true => value.encode(&mut family),
            false => value.encode(&mut family.encode_family(labels)?),
        })
    }
}

fn owned<const N: usize>(labels: [(&'static str, &str); N]) -> Labels {
    labels.map(|(name, value)| (name, value.to_owned())).into()
}

impl Value {
    fn encode(&self, encoder: &mut MetricEncoder<'_>) -> Result<(), Error> {
        match self {
            Self::Count(count) => encoder.encode_counter::<NoLabelSet, _, f64>(count, None),
            Self::Level(level) => encoder.encode_gauge(level),
            Self::Times { steps, seconds } => {
                let count = steps.iter().map(|(_, count)| count).sum();
                encoder.encode_histogram::<NoLabelSet>(*seconds, count, steps, None)
            }
        }
    }
}

#[derive(Debug)]
struct Families(Vec<Family>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        self.0.iter().filter(|family| !family.rows.is_empty()).try_for_each(|family| family.encode(&mut encoder))
    }
}

/// The text of these figures.
pub fn write(families: Vec<Family>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families(families)));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).expect("a string takes it");
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn figures_as_text() {
        let mut calls = Family::counter("changeling_calls", "Calls");
        calls.add([("component", "a\"b")], 3.0);
        let took = Histogram::default();
        took.add(Duration::from_micros(20));
        let mut times = Family::times("changeling_call_duration_seconds", "Times");
        times.add_times([], &took);
        let text = write(vec![calls, Family::gauge("up", "Up").of(1.5), Family::gauge("none", "None"), times]);
        assert!(text.starts_with("# HELP changeling_calls Calls\n# TYPE changeling_calls counter\n"), "{text}");
        assert!(text.contains("changeling_calls_total{component=\"a\\\"b\"} 3.0\n"), "{text}");
        assert!(text.contains("# TYPE up gauge\nup 1.5\n") && !text.contains("none"), "{text}");
        assert!(text.contains("changeling_call_duration_seconds_sum 0.00002\n"), "{text}");
        assert!(text.contains("changeling_call_duration_seconds_bucket{le=\"0.000025\"} 1\n"), "{text}");
        assert!(text.contains("_bucket{le=\"+Inf\"} 1\n") && text.ends_with("# EOF\n"), "{text}");
    }
}
