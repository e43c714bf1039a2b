//! 整改复查: whether an ad still stands where it was seen.

use super::capture::CaptureId;
use super::lead::LeadId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a recheck (UUID version 7).
    RecheckId
);

/// What was found. The four are kept apart: a page that does not answer proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecheckResult {
    /// 仍在: the same ad, or all of its words.
    StillThere,
    /// 已修改: some of its words.
    Changed,
    /// 已移除: the page answers without its words, or says that it is gone.
    Removed,
    /// 无法访问: no page came.
    Unreachable,
}

impl RecheckResult {
    /// Every result.
    pub const ALL: [Self; 4] = [Self::StillThere, Self::Changed, Self::Removed, Self::Unreachable];

    /// Stable name for the `recheck` table, commands and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StillThere => "still-there",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Unreachable => "unreachable",
        }
    }

    /// The result with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == text)
    }
}

/// One look at one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recheck {
    /// Its name.
    pub id: RecheckId,
    /// For which lead or case.
    pub lead_id: LeadId,
    /// The page.
    pub url: String,
    /// When.
    pub at: UnixMs,
    /// What was found.
    pub result: RecheckResult,
    /// How that was told, one sentence, Chinese.
    pub detail: String,
    /// What was received; `None` when nothing was.
    pub capture_id: Option<CaptureId>,
}
