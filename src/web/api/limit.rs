//! How often a program may ask: a bucket for each token, and one of wrong tokens for each address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::kit::clock::UnixMs;

/// Wrong tokens that an address may send at once, and how many more each minute.
const MAX_WRONG: f64 = 20.0;
/// Buckets that are full again are forgotten beyond this many.
const MAX_BUCKETS: usize = 10_000;

/// Counts requests.
pub struct Limiter {
    per_minute: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    n_left: f64,
    at: UnixMs,
}

impl Limiter {
    /// `per_minute` requests for each token, a quarter of them at once.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: f64::from(per_minute.max(1)), buckets: Mutex::default() }
    }

    /// Takes one request of a token; seconds to wait when there is none.
    pub fn take(&self, token: &str, now: UnixMs) -> Result<(), u64> {
        self.spend(format!("t{token}"), now, (self.per_minute / 4.0).max(1.0), self.per_minute)
    }

    /// Notes a wrong token of an address; seconds to wait when it sent too many.
    pub fn wrong(&self, address: &str, now: UnixMs) -> Result<(), u64> {
        self.spend(format!("a{address}"), now, MAX_WRONG, MAX_WRONG)
    }

    fn spend(&self, key: String, now: UnixMs, capacity: f64, per_minute: f64) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, bucket| now.0.saturating_sub(bucket.at.0) < 60_000);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { n_left: capacity, at: now });
        let minutes = now.0.saturating_sub(bucket.at.0).max(0) as f64 / 60_000.0;
        bucket.n_left = (bucket.n_left + minutes * per_minute).min(capacity);
        bucket.at = now;
        if bucket.n_left < 1.0 {
            // Between 1 and 60: the sign and the size fit.
            return Err((((1.0 - bucket.n_left) * 60.0 / per_minute).ceil()).clamp(1.0, 60.0) as u64);
        }
        bucket.n_left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_asks_too_often_waits_and_others_do_not() {
        let (limiter, now) = (Limiter::new(40), UnixMs(1_000_000));
        for n in 0..10 {
            assert_eq!(limiter.take("t-1", now), Ok(()), "{n}");
        }
        assert_eq!(limiter.take("t-1", now), Err(2));
        assert_eq!(limiter.take("t-2", now), Ok(()));
        assert_eq!(limiter.take("t-1", now.plus_ms(1_500)), Ok(()));
        assert_eq!(limiter.take("t-1", now.plus_ms(1_500)), Err(2));
    }

    #[test]
    fn guessing_closes_the_door_for_the_address_alone() {
        let (limiter, now) = (Limiter::new(600), UnixMs(0));
        for n in 0..20 {
            assert_eq!(limiter.wrong("192.0.2.1", now), Ok(()), "{n}");
        }
        assert_eq!(limiter.wrong("192.0.2.1", now), Err(3));
        assert_eq!(limiter.wrong("192.0.2.2", now), Ok(()));
        assert_eq!(limiter.wrong("192.0.2.1", now.plus_ms(3_000)), Ok(()));
    }
}
