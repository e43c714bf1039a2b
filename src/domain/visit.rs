//! 回访: what earlier looks at a page tell about when to look again.

use super::capture::CaptureId;
use crate::kit::clock::UnixMs;

/// Pause after the first visit that found no change; it doubles with each further one.
const FIRST_PAUSE_MS: i64 = 6 * 3_600_000;
/// The longest pause.
const LONGEST_PAUSE_MS: i64 = 14 * 86_400_000;
/// The shortest pause for a page that is known to change.
const SHORTEST_PAUSE_MS: i64 = 3_600_000;

/// A page as it was seen so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The capture that holds its bytes as last seen.
    pub capture_id: CaptureId,
    /// Their digest.
    pub body_sha256: String,
    /// `ETag` of that answer.
    pub etag: Option<String>,
    /// `Last-Modified` of that answer.
    pub last_modified: Option<String>,
    /// First visit.
    pub first_at: UnixMs,
    /// Last visit.
    pub last_at: UnixMs,
    /// Visits in all.
    pub n_visits: u32,
    /// Visits that found other bytes than the one before.
    pub n_changes: u32,
    /// Visits without a change, since the last change.
    pub n_unchanged: u32,
}

impl Visit {
    /// The first visit of a page.
    pub fn first(capture_id: CaptureId, body_sha256: String, at: UnixMs) -> Self {
        Self {
            capture_id,
            body_sha256,
            etag: None,
            last_modified: None,
            first_at: at,
            last_at: at,
            n_visits: 1,
            n_changes: 0,
            n_unchanged: 0,
        }
    }

    /// The same after a visit at `at` that found the bytes of `capture_id`.
    #[must_use]
    pub fn seen(&self, capture_id: CaptureId, body_sha256: String, at: UnixMs) -> Self {
        let changed = body_sha256 != self.body_sha256;
        Self {
            capture_id,
            body_sha256,
            last_at: at,
            n_visits: self.n_visits.saturating_add(1),
            n_changes: self.n_changes.saturating_add(u32::from(changed)),
            n_unchanged: if changed { 0 } else { self.n_unchanged.saturating_add(1) },
            ..self.clone()
        }
    }

    /// When the page is worth another look.
    ///
    /// A page that changed at its last visit, or was seen once, is due at once. Otherwise the pause doubles with each
    /// visit that finds nothing new, up to two weeks, but is never longer than half the mean time between the changes
    /// that were seen.
    pub fn due_at(&self) -> UnixMs {
        if self.n_unchanged == 0 {
            return self.last_at;
        }
        let mut pause_ms =
            FIRST_PAUSE_MS.saturating_mul(1 << (self.n_unchanged - 1).min(20)).min(LONGEST_PAUSE_MS);
        if self.n_changes > 0 {
            let mean_ms = (self.last_at.0 - self.first_at.0).max(0) / i64::from(self.n_changes);
            pause_ms = pause_ms.min((mean_ms / 2).max(SHORTEST_PAUSE_MS));
        }
        self.last_at.plus_ms(pause_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn capture() -> CaptureId {
        CaptureId::parse("c").unwrap()
    }

    #[test]
    fn a_page_that_stays_the_same_is_asked_for_less_and_less() {
        let mut visit = Visit::first(capture(), "a".to_owned(), UnixMs(0));
        assert_eq!(visit.due_at(), UnixMs(0), "seen once says nothing");
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let at = visit.due_at();
            visit = visit.seen(capture(), "a".to_owned(), at);
            pauses.push((visit.due_at().0 - at.0) / HOUR_MS);
        }
        assert_eq!(pauses, [6, 12, 24, 48, 96, 192, 336, 336, 336]);
    }

    #[test]
    fn a_change_makes_it_due_and_frequent_changes_keep_the_pause_short() {
        let mut visit = Visit::first(capture(), "0".to_owned(), UnixMs(0));
        for hour in 1..=8 {
            visit = visit.seen(capture(), hour.to_string(), UnixMs(hour * HOUR_MS));
        }
        assert_eq!(visit.due_at(), UnixMs(8 * HOUR_MS));
        let visit = visit.seen(capture(), "8".to_owned(), UnixMs(9 * HOUR_MS));
        assert_eq!(visit.due_at(), UnixMs(10 * HOUR_MS), "it changed each hour, so half of six is too long");
        assert_eq!((visit.n_visits, visit.n_changes, visit.n_unchanged), (10, 8, 1));
    }
}
