//! 后台任务: work that a machine takes under a lease.

use super::source::SourceId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a job (UUID version 7, so ids sort by creation).
    JobId
);

/// What is to be done; serialized as the job's payload.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "job", rename_all = "kebab-case")]
pub enum JobKind {
    /// Crawl one source.
    Crawl {
        /// Which.
        source_id: SourceId,
    },
    /// Send the notices that wait in the outbox.
    Notify,
    /// Write the daily digest.
    Digest,
    /// Ask for the time stamps that sealed packages wait for.
    Stamp,
    /// Look again at pages after an order.
    Recheck,
    /// Read words in pictures that wait.
    ReadPictures,
}

impl JobKind {
    /// Stable name for the `job` table and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crawl { .. } => "crawl",
            Self::Notify => "notify",
            Self::Digest => "digest",
            Self::Stamp => "stamp",
            Self::Recheck => "recheck",
            Self::ReadPictures => "read-pictures",
        }
    }
}

/// A job taken by one worker until a time; after that another may take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which job.
    pub job_id: JobId,
    /// What to do.
    pub kind: JobKind,
    /// Name of the worker that holds it.
    pub holder: String,
    /// When the lease ends unless renewed.
    pub until: UnixMs,
    /// How often the job has been started, this time included.
    pub n_attempts: u32,
}
