//! Time, as the caller gives it: this crate never looks at a clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// An instant on the host's monotonic clock, in microseconds since the host began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, span: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Time {
    type Output = Duration;
    /// Zero where `earlier` is the later one.
    fn sub(self, earlier: Time) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// A moment of the wall clock, in milliseconds since 1970-01-01T00:00:00Z: for receipts and people, written as RFC 3339.
/// Nothing is decided by it but which of two files is the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(value_type = String, format = DateTime))]
#[serde(into = "String", try_from = "String")]
pub struct WallTime(pub u64);

impl WallTime {
    /// The last moment that RFC 3339 can name: the end of the year 9999.
    const LAST: u64 = 253_402_300_799_999;
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = Duration::from_millis(self.0.min(Self::LAST));
        humantime::format_rfc3339_millis(UNIX_EPOCH + since).fmt(f)
    }
}

impl From<WallTime> for String {
    fn from(at: WallTime) -> String {
        at.to_string()
    }
}

impl TryFrom<String> for WallTime {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let bad = || format!("`{text}` is not a moment as RFC 3339 writes it");
        let since =
            humantime::parse_rfc3339(&text).map_err(|_| bad())?.duration_since(UNIX_EPOCH).map_err(|_| bad())?;
        u64::try_from(since.as_millis()).map(Self).map_err(|_| bad())
    }
}
