//! One request per host and interval, whoever asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;

use crate::kit::clock::{Clock, UnixMs};

/// How long to stay away when a host says "too many" without a time, and the least that is believed.
const RETRY_AFTER_FLOOR_MS: u64 = 30_000;
/// The most that is believed.
const RETRY_AFTER_CAP_MS: u64 = 24 * 60 * 60 * 1000;
/// Hosts kept in memory before those whose turn has passed are forgotten.
const MAX_HOSTS: usize = 10_000;

/// The keeper of turns could not be reached.
#[derive(Debug, Clone, thiserror::Error)]
#[error("turns of hosts cannot be reserved: {0}")]
pub struct SlotsUnavailable(pub String);

/// Gives each host its turns, so that one request goes to it per interval.
pub trait HostSlots: Send + Sync {
    /// Reserves the next free turn at `host` and keeps the `interval_ms` after it free.
    ///
    /// Answers how many milliseconds to wait before using the turn.
    fn reserve<'a>(&'a self, host: &'a str, interval_ms: u64)
    -> BoxFuture<'a, Result<u64, SlotsUnavailable>>;
}

/// Turns kept in this process only.
pub struct MemorySlots {
    clock: Arc<dyn Clock>,
    next_free: Mutex<HashMap<String, UnixMs>>,
}

impl MemorySlots {
    /// No host has been asked yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, next_free: Mutex::default() }
    }

    fn reserve_now(&self, host: &str, interval_ms: u64) -> u64 {
        let now = self.clock.now();
        let mut next_free = self.next_free.lock().unwrap_or_else(PoisonError::into_inner);
        if next_free.len() >= MAX_HOSTS {
            next_free.retain(|_, free_at| *free_at > now);
        }
        let free_at = next_free.get(host).copied().unwrap_or(now).max(now);
        next_free.insert(host.to_owned(), free_at.plus_ms(i64::try_from(interval_ms).unwrap_or(i64::MAX)));
        u64::try_from(free_at.0 - now.0).unwrap_or(0)
    }
}

impl HostSlots for MemorySlots {
    fn reserve<'a>(
        &'a self,
        host: &'a str,
        interval_ms: u64,
    ) -> BoxFuture<'a, Result<u64, SlotsUnavailable>> {
        Box::pin(std::future::ready(Ok(self.reserve_now(host, interval_ms))))
    }
}

/// How long `Retry-After` (RFC 9110 §10.2.3: seconds or a date) asks to stay away, within 30 s and 24 h.
pub(super) fn retry_after_ms(header: Option<&str>, now: UnixMs) -> u64 {
    let asked = header.map(str::trim).and_then(|text| match text.parse::<u64>() {
        Ok(seconds) => Some(seconds.saturating_mul(1000)),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
            Some(u64::try_from(at.saturating_sub(now.0)).unwrap_or(0))
        }
    });
    asked.unwrap_or(0).clamp(RETRY_AFTER_FLOOR_MS, RETRY_AFTER_CAP_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::clock::FixedClock;

    #[test]
    fn a_host_gets_one_turn_per_interval_and_hosts_do_not_wait_for_each_other() {
        let clock = Arc::new(FixedClock::at(UnixMs(1_000)));
        let slots = MemorySlots::new(clock.clone());
        assert_eq!(slots.reserve_now("a.example", 5_000), 0);
        assert_eq!(slots.reserve_now("a.example", 5_000), 5_000);
        assert_eq!(slots.reserve_now("b.example", 5_000), 0);
        clock.advance_ms(7_000);
        assert_eq!(slots.reserve_now("a.example", 5_000), 3_000);
        clock.advance_ms(60_000);
        assert_eq!(slots.reserve_now("a.example", 0), 0);
        assert_eq!(slots.reserve_now("a.example", 0), 0, "without an interval nobody waits");
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_date_and_bounded() {
        let now = UnixMs(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT
        let cases = [
            (None, 30_000),
            (Some("120"), 120_000),
            (Some("1"), 30_000),
            (Some("99999999"), 86_400_000),
            (Some("99999999999999999999999"), 30_000),
            (Some("Sun, 06 Nov 1994 08:51:37 GMT"), 120_000),
            (Some("Sun, 06 Nov 1994 08:00:00 GMT"), 30_000),
            (Some("soon"), 30_000),
        ];
        for (header, expected) in cases {
            assert_eq!(retry_after_ms(header, now), expected, "{header:?}");
        }
    }
}
