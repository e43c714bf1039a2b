//! One request per host and interval, whoever asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

/// Gives each host its turns, so that one request goes to it per interval, and remembers which hosts fail.
pub trait HostSlots: Send + Sync {
    /// Reserves the next free turn at `host` and keeps the `interval_ms` after it free, unless that turn is more than
    /// `max_wait_ms` away; then nothing is reserved.
    fn reserve<'a>(
        &'a self,
        host: &'a str,
        interval_ms: u64,
        max_wait_ms: u64,
    ) -> BoxFuture<'a, Result<Turn, SlotsUnavailable>>;

    /// Keeps everybody away from `host` for `pause_ms`.
    fn pause<'a>(&'a self, host: &'a str, pause_ms: u64) -> BoxFuture<'a, Result<(), SlotsUnavailable>>;

    /// Notes whether `host` answered as a server in order does; gives how often in a row it did not.
    fn note<'a>(&'a self, host: &'a str, answered: bool) -> BoxFuture<'a, Result<u32, SlotsUnavailable>>;
}

/// When a host may be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// In how many milliseconds.
    pub wait_ms: u64,
    /// How often in a row the host failed.
    pub n_failures: u32,
}

/// Turns kept in this process only.
pub struct MemorySlots {
    clock: Arc<dyn Clock>,
    hosts: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    free_at: Option<UnixMs>,
    n_failures: u32,
}

impl MemorySlots {
    /// No host has been asked yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, hosts: Mutex::default() }
    }

    fn with<T>(&self, host: &str, change: impl FnOnce(&mut Kept, UnixMs) -> T) -> T {
        let now = self.clock.now();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS {
            hosts.retain(|_, kept| kept.n_failures > 0 || kept.free_at.is_some_and(|free_at| free_at > now));
        }
        change(hosts.entry(host.to_owned()).or_default(), now)
    }

    fn reserve_now(&self, host: &str, interval_ms: u64, max_wait_ms: u64) -> Turn {
        self.with(host, |kept, now| {
            let free_at = kept.free_at.unwrap_or(now).max(now);
            let wait_ms = u64::try_from(free_at.0 - now.0).unwrap_or(0);
            if wait_ms <= max_wait_ms {
                kept.free_at = Some(free_at.plus_ms(i64::try_from(interval_ms).unwrap_or(i64::MAX)));
            }
            Turn { wait_ms, n_failures: kept.n_failures }
        })
    }

    fn pause_now(&self, host: &str, pause_ms: u64) {
        self.with(host, |kept, now| {
            let until = now.plus_ms(i64::try_from(pause_ms).unwrap_or(i64::MAX));
            kept.free_at = Some(kept.free_at.unwrap_or(until).max(until));
        });
    }

    fn note_now(&self, host: &str, answered: bool) -> u32 {
        self.with(host, |kept, _| {
            kept.n_failures = if answered { 0 } else { kept.n_failures.saturating_add(1) };
            kept.n_failures
        })
    }
}

impl HostSlots for MemorySlots {
    fn reserve<'a>(
        &'a self,
        host: &'a str,
        interval_ms: u64,
        max_wait_ms: u64,
    ) -> BoxFuture<'a, Result<Turn, SlotsUnavailable>> {
        Box::pin(std::future::ready(Ok(self.reserve_now(host, interval_ms, max_wait_ms))))
    }

    fn pause<'a>(&'a self, host: &'a str, pause_ms: u64) -> BoxFuture<'a, Result<(), SlotsUnavailable>> {
        self.pause_now(host, pause_ms);
        Box::pin(std::future::ready(Ok(())))
    }

    fn note<'a>(&'a self, host: &'a str, answered: bool) -> BoxFuture<'a, Result<u32, SlotsUnavailable>> {
        Box::pin(std::future::ready(Ok(self.note_now(host, answered))))
    }
}

/// Pause after the `n`th failure in a row: none after the first, then 30 s, doubled with each up to an hour.
///
/// From the fifth on it is longer than any turn is waited for, so the host is left alone until one request after the
/// pause shows how it is: a circuit breaker.
pub(super) fn failure_pause_ms(n_failures: u32) -> u64 {
    const FIRST_MS: u64 = 30_000;
    const LONGEST_MS: u64 = 3_600_000;
    match n_failures {
        0 | 1 => 0,
        n => (FIRST_MS << (n - 2).min(20)).min(LONGEST_MS),
    }
}

/// Room for a few requests at each host and for many in all.
pub(super) struct Lanes {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A place in both lanes; dropping it frees them.
pub(super) struct Lane {
    _all: OwnedSemaphorePermit,
    _host: OwnedSemaphorePermit,
}

impl Lanes {
    /// Requests under way in all, and at one host.
    const MAX_IN_ALL: usize = 64;
    const MAX_AT_HOST: usize = 8;

    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(Self::MAX_IN_ALL)), hosts: Mutex::default() }
    }

    /// Waits for room; `None` never happens, as no lane is ever closed.
    pub(super) async fn enter(&self, host: &str) -> Option<Lane> {
        let lane = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            if hosts.len() >= MAX_HOSTS {
                hosts.retain(|_, lane| lane.available_permits() < Self::MAX_AT_HOST);
            }
            hosts
                .entry(host.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(Self::MAX_AT_HOST)))
                .clone()
        };
        // The host's first, so that one slow host does not hold room that others could use.
        let host = lane.acquire_owned().await.ok()?;
        Some(Lane { _host: host, _all: self.all.clone().acquire_owned().await.ok()? })
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
        let wait = |host, interval_ms| slots.reserve_now(host, interval_ms, 20_000).wait_ms;
        assert_eq!(wait("a.example", 5_000), 0);
        assert_eq!(wait("a.example", 5_000), 5_000);
        assert_eq!(wait("b.example", 5_000), 0);
        clock.advance_ms(7_000);
        assert_eq!(wait("a.example", 5_000), 3_000);
        clock.advance_ms(60_000);
        assert_eq!(wait("a.example", 0), 0);
        assert_eq!(wait("a.example", 0), 0, "without an interval nobody waits");
        slots.pause_now("a.example", 60_000);
        assert_eq!(
            (wait("a.example", 5_000), wait("a.example", 5_000)),
            (60_000, 60_000),
            "not waited for, not taken"
        );
        slots.pause_now("a.example", 1_000);
        assert_eq!(wait("a.example", 5_000), 60_000, "a shorter pause does not end a longer one");
    }

    #[test]
    fn pauses_double_with_each_failure_in_a_row_and_end_with_an_answer() {
        let slots = MemorySlots::new(Arc::new(FixedClock::at(UnixMs(0))));
        let pauses: Vec<u64> =
            (0..11).map(|_| failure_pause_ms(slots.note_now("a.example", false)) / 1_000).collect();
        assert_eq!(pauses, [0, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
        assert_eq!(slots.reserve_now("a.example", 0, 0).n_failures, 11);
        assert_eq!((slots.note_now("a.example", true), slots.note_now("a.example", false)), (0, 1));
    }

    #[tokio::test]
    async fn a_host_has_room_for_a_few_requests_and_others_do_not_wait_for_it() {
        let lanes = Lanes::new();
        let mut held = Vec::new();
        for _ in 0..Lanes::MAX_AT_HOST {
            held.push(lanes.enter("a.example").await);
        }
        let one_more = tokio::time::timeout(std::time::Duration::from_millis(20), lanes.enter("a.example"));
        assert!(one_more.await.is_err());
        assert!(lanes.enter("b.example").await.is_some());
        held.pop();
        assert!(lanes.enter("a.example").await.is_some());
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
