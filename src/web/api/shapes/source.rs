//! Sources and runs on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Instant;

/// The sources.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceList {
    /// By name.
    pub sources: Vec<SourceJson>,
}

/// One source.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceJson {
    /// Its name.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Which connector reads it.
    pub kind: String,
    /// Entry address.
    pub url: String,
    /// When it is crawled, as a cron expression.
    pub schedule: Option<String>,
    /// Whether it is crawled at all.
    pub enabled: bool,
    /// Its last run.
    pub last_run: Option<RunJson>,
}

/// One page of runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunList {
    /// Newest first.
    pub runs: Vec<RunJson>,
    /// `cursor` of the next page.
    pub next: Option<String>,
}

/// One look at one source.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunJson {
    /// Its name.
    pub id: String,
    /// Of which source.
    pub source: String,
    /// When it began.
    pub started_at: Instant,
    /// When it ended; absent while it runs or when it was killed.
    pub finished_at: Option<Instant>,
    /// How it ended.
    pub outcome: Option<String>,
    /// What the name does not say.
    pub detail: Option<String>,
    /// Pages captured.
    pub n_pages: u32,
    /// Ads and posts extracted.
    pub n_sightings: u32,
    /// Ads not seen before.
    pub n_new_ads: u32,
    /// Findings new in this run.
    pub n_new_findings: u32,
    /// Ads whose every hit was cleared by context.
    pub n_cleared: u32,
    /// Pages that failed.
    pub n_failed: u32,
}
