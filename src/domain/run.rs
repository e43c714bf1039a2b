//! 采集批次: one look at one source, also when it found nothing.

use super::source::SourceId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a crawl run (UUID version 7).
    RunId
);

/// How a look at a page or a source ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum RunOutcome {
    /// Something was read.
    Ok,
    /// The answer was well-formed and held nothing.
    Empty,
    /// Ad slots were found but their creatives are not in the capture.
    SlotOnly,
    /// Some pages were read, others failed.
    Partial {
        /// How many pages failed.
        n_failed: u32,
    },
    /// robots.txt asks us not to.
    RobotsDenied,
    /// The host asks us to come back later.
    RateLimited,
    /// The host or our own guard refused.
    Blocked {
        /// Who or what refused, and why.
        why: String,
    },
    /// A login page was served instead.
    LoginWall,
    /// The item was removed.
    Gone,
    /// The answer no longer has the shape the connector knows.
    ShapeChanged {
        /// The missing field.
        field: String,
    },
    /// The body is over the size limit.
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The bytes do not decode in any charset we know.
    Charset,
    /// No answer.
    Network {
        /// What happened.
        why: String,
    },
}

impl RunOutcome {
    /// Stable name for tables, logs and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Empty => "empty",
            Self::SlotOnly => "slot-only",
            Self::Partial { .. } => "partial",
            Self::RobotsDenied => "robots-denied",
            Self::RateLimited => "rate-limited",
            Self::Blocked { .. } => "blocked",
            Self::LoginWall => "login-wall",
            Self::Gone => "gone",
            Self::ShapeChanged { .. } => "shape-changed",
            Self::TooLarge { .. } => "too-large",
            Self::Charset => "charset",
            Self::Network { .. } => "network",
        }
    }

    /// The name with its detail, for logs.
    pub fn describe(&self) -> String {
        match self.detail() {
            Some(detail) => format!("{}: {detail}", self.name()),
            None => self.name().to_owned(),
        }
    }

    /// What the name does not say: how many pages, which field, whose refusal.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Partial { n_failed } => Some(n_failed.to_string()),
            Self::Blocked { why } | Self::Network { why } => Some(why.clone()),
            Self::ShapeChanged { field } => Some(format!("`{field}`")),
            Self::TooLarge { limit_bytes } => Some(format!("> {limit_bytes} bytes")),
            _ => None,
        }
    }
}

/// What a run counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct RunCounts {
    /// Pages captured.
    pub n_pages: u32,
    /// Ads and posts extracted (sightings).
    pub n_sightings: u32,
    /// Ads not seen before.
    pub n_new_ads: u32,
    /// Hits, asserted and cleared.
    pub n_hits: u32,
    /// Findings new in this run.
    pub n_new_findings: u32,
    /// Ads whose every hit was cleared by context.
    pub n_cleared: u32,
    /// Pages that failed.
    pub n_failed: u32,
    /// Pages that were as they had been before.
    pub n_unchanged: u32,
    /// Pages that were not asked for, because they seldom change and were seen lately.
    pub n_not_due: u32,
    /// Pages that a limit of the run left for the next one.
    pub n_left: u32,
}

/// One look at one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlRun {
    /// Its name.
    pub id: RunId,
    /// Which source.
    pub source_id: SourceId,
    /// When it began.
    pub started_at: UnixMs,
    /// When it ended; `None` while it runs or if it was killed.
    pub finished_at: Option<UnixMs>,
    /// How it ended.
    pub outcome: Option<RunOutcome>,
    /// What it counted.
    pub counts: RunCounts,
}
