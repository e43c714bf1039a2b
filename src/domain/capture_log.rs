//! 采集日志: what was looked at on one day, also what yielded nothing or was refused.

use super::capture::Capture;
use super::run::{RunCounts, RunId, RunOutcome};
use super::source::SourceId;
use crate::kit::clock::UnixMs;

/// Version of the form of a log's documents.
pub const SCHEMA: &str = "adwatch-capture-log/1";

/// The day of an instant in Asia/Shanghai, for example `2026-11-30`: which log an entry belongs to.
pub fn day_of(at: UnixMs) -> String {
    at.beijing().chars().take(10).collect()
}

/// One thing that happened while looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEntry {
    /// A page was kept, or a file that people brought.
    Captured {
        /// The capture.
        capture: Box<Capture>,
        /// How many ads stood on it; 0: looked at and nothing found.
        n_ads: usize,
    },
    /// A page was asked for and not obtained.
    NotCaptured {
        /// In which run.
        run_id: RunId,
        /// Of which source.
        source_id: SourceId,
        /// Its address.
        url: String,
        /// Why: refused by robots.txt or by our own guard, no answer, too large …
        outcome: RunOutcome,
    },
    /// A look at a source ended.
    RunEnded {
        /// The run.
        run_id: RunId,
        /// The source.
        source_id: SourceId,
        /// How it ended; `Empty` when there was nothing.
        outcome: RunOutcome,
        /// What it counted.
        counts: RunCounts,
    },
}

impl LogEntry {
    /// Stable name for the `capture_log` table and its documents.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Captured { capture, .. } if capture.exchange.imported.is_some() => "imported",
            Self::Captured { .. } => "captured",
            Self::NotCaptured { .. } => "not-captured",
            Self::RunEnded { .. } => "run-ended",
        }
    }
}

/// The last entry of an earlier day, named by the first of the next: no whole day can be taken out unseen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Follows {
    /// The earlier day.
    pub day: String,
    /// How many entries it had then.
    pub n_entries: i64,
    /// Its head then.
    pub head: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        // 2026-11-23 00:00 in Beijing.
        let midnight = UnixMs(1_795_363_200_000);
        assert_eq!(day_of(midnight), "2026-11-23");
        assert_eq!(day_of(midnight.plus_ms(-1)), "2026-11-22");
    }
}
