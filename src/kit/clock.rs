//! Time as a value: engines take it as an argument, edges ask a [`Clock`].

use std::sync::atomic::{AtomicI64, Ordering};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// This instant moved by `ms` milliseconds, which may be negative.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Date, time and zone as shown on screens, for example `2026-11-23 09:05:00 +08:00`.
    pub fn beijing(self) -> String {
        self.zoned("Asia/Shanghai").map_or_else(
            || format!("{} ms", self.0),
            |zoned| zoned.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
        )
    }

    /// RFC 3339 in UTC with milliseconds, for records that machines read.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| format!("{} ms", self.0), |ts| ts.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
    }

    /// The instant in a named IANA time zone, or `None` when the zone or the year is unknown.
    pub fn zoned(self, zone: &str) -> Option<jiff::Zoned> {
        jiff::Timestamp::from_millisecond(self.0).ok()?.in_tz(zone).ok()
    }
}

/// Source of the present instant. Only edges hold one.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> UnixMs;
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `at` until it is moved.
    pub fn at(at: UnixMs) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Moves the clock forward by `ms` milliseconds.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_show_beijing_time_and_records_show_utc() {
        let at = UnixMs(1_795_393_500_123);
        assert_eq!(at.beijing(), "2026-11-23 08:25:00 +08:00");
        assert_eq!(at.rfc3339(), "2026-11-23T00:25:00.123Z");
    }
}
