//! robots.txt of the origins met, each fetched once a day.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::FetchError;
use super::robots::Rules;
use crate::kit::clock::UnixMs;

/// Longest time that rules are used without asking again (RFC 9309 §2.4).
const MAX_AGE_MS: i64 = 24 * 60 * 60 * 1000;
/// A failing server is asked again sooner.
const MAX_AGE_OF_FAILURE_MS: i64 = 10 * 60 * 1000;
/// Origins kept before all are forgotten.
const MAX_ORIGINS: usize = 10_000;

/// What robots.txt of an origin said.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// Its rules; no file (4xx) means no rules.
    Rules(Rules),
    /// 5xx: nothing may be fetched until it answers (RFC 9309 §2.3.1.4).
    Failing {
        /// The HTTP status.
        status: u16,
    },
}

struct Kept {
    answer: Arc<Answer>,
    asked_at: UnixMs,
}

/// Answers by origin. While one task asks, others that need the same origin wait for its answer.
#[derive(Default)]
pub(super) struct RobotsCache(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Kept>>>>>);

impl RobotsCache {
    /// The kept answer of `origin`, or what `ask` gets now. Errors are not kept.
    pub(super) async fn answer<Asking>(
        &self,
        origin: &str,
        now: UnixMs,
        ask: impl FnOnce() -> Asking,
    ) -> Result<Arc<Answer>, FetchError>
    where
        Asking: Future<Output = Result<Answer, FetchError>>,
    {
        let cell = self.cell(origin);
        let mut kept = cell.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| is_fresh(kept, now)) {
            return Ok(kept.answer.clone());
        }
        let answer = Arc::new(ask().await?);
        *kept = Some(Kept { answer: answer.clone(), asked_at: now });
        Ok(answer)
    }

    fn cell(&self, origin: &str) -> Arc<tokio::sync::Mutex<Option<Kept>>> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() >= MAX_ORIGINS && !cells.contains_key(origin) {
            cells.clear();
        }
        cells.entry(origin.to_owned()).or_default().clone()
    }
}

fn is_fresh(kept: &Kept, now: UnixMs) -> bool {
    let max_age_ms = match *kept.answer {
        Answer::Rules(_) => MAX_AGE_MS,
        Answer::Failing { .. } => MAX_AGE_OF_FAILURE_MS,
    };
    (0..max_age_ms).contains(&(now.0 - kept.asked_at.0))
}
