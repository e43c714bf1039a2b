//! 审核决定: what a person decided; appended, never changed.

use super::finding::{FindingId, FindingState};
use super::provision::ProvisionId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a decision (UUID version 7).
    DecisionId
);

/// Why a finding is not 涉嫌违法.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DismissReason {
    /// A warning or anti-fraud notice.
    Warning,
    /// A news report, a verdict, a statute.
    News,
    /// A licensed institution within its licence.
    Licensed,
    /// Not an advertisement.
    NotAd,
    /// 重复: another finding is the same; the note names it.
    Duplicate,
    /// Something else, said in the note.
    Other,
}

impl DismissReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Warning, Self::News, Self::Licensed, Self::NotAd, Self::Duplicate, Self::Other];

    /// Stable name for commands, forms and the `decision` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::News => "news",
            Self::Licensed => "licensed",
            Self::NotAd => "not-ad",
            Self::Duplicate => "duplicate",
            Self::Other => "other",
        }
    }

    /// The reason with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// 审核结论.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 涉嫌违法, under at least one provision.
    Accept {
        /// The provisions the reviewer names.
        provisions: Vec<ProvisionId>,
    },
    /// 不违法, with its reason.
    Dismiss {
        /// Why.
        reason: DismissReason,
    },
    /// 证据不足待补充: the note says what is missing.
    NeedEvidence,
    /// Another person is to decide; the note says why.
    AskSecond,
    /// Takes back the last decision; itself a decision.
    Undo,
}

impl Verdict {
    /// Stable name for the `decision` table.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accept { .. } => "accept",
            Self::Dismiss { .. } => "dismiss",
            Self::NeedEvidence => "need-evidence",
            Self::AskSecond => "ask-second",
            Self::Undo => "undo",
        }
    }

    /// The state a finding is in after this verdict.
    pub fn state_after(&self) -> FindingState {
        match self {
            Self::Accept { .. } => FindingState::Accepted,
            Self::Dismiss { .. } => FindingState::Dismissed,
            Self::NeedEvidence => FindingState::NeedsEvidence,
            Self::AskSecond => FindingState::SecondReview,
            Self::Undo => FindingState::Pending,
        }
    }
}

/// One decision, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its name.
    pub id: DecisionId,
    /// On which finding.
    pub finding_id: FindingId,
    /// Who decided.
    pub actor: String,
    /// When.
    pub at: UnixMs,
    /// What.
    pub verdict: Verdict,
    /// Further words.
    pub note: String,
}

/// How long somebody holds a finding without doing anything, in milliseconds.
pub const ASSIGNMENT_MS: i64 = 600_000;

/// 占用: somebody is working on a finding, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// On which.
    pub finding_id: FindingId,
    /// Who, by name.
    pub holder: String,
    /// Since when.
    pub since: UnixMs,
    /// Until when, unless they go on.
    pub until: UnixMs,
}

/// Why somebody passed a finding over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// Cannot tell.
    Unsure,
    /// Something must be looked into first.
    NeedsFacts,
    /// Another person should decide: knows the party, or the field.
    NotMine,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Unsure, Self::NeedsFacts, Self::NotMine];

    /// Stable name for forms and the `remark` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsure => "unsure",
            Self::NeedsFacts => "needs-facts",
            Self::NotMine => "not-mine",
        }
    }

    /// The reason with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemarkKind {
    /// Words for the others.
    Comment,
    /// Passed over.
    Skip(SkipReason),
}

/// What somebody said about a finding besides deciding; appended, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Its name (UUID version 7).
    pub id: String,
    /// About which finding.
    pub finding_id: FindingId,
    /// Who.
    pub actor: String,
    /// When.
    pub at: UnixMs,
    /// What it is.
    pub kind: RemarkKind,
    /// The words.
    pub note: String,
}
