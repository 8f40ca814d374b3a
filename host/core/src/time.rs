//! Time, as the caller gives it: this crate never looks at a clock.

use std::ops::{Add, Sub};
use std::time::Duration;

/// An instant on the host's monotonic clock, in microseconds since the host began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, span: Duration) -> Time {
        Time(
            self.0
                .saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        )
    }
}

impl Sub for Time {
    type Output = Duration;
    /// Zero where `earlier` is the later one.
    fn sub(self, earlier: Time) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// A moment of the wall clock, in milliseconds since 1970-01-01T00:00:00Z: for receipts and people. Nothing is decided
/// by it but which of two files is the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct WallTime(pub u64);
