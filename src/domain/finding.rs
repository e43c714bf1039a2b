//! 待审项: one ad judged by one pack revision; the unit of review.

use super::ad::AdId;
use super::hit::{Hit, Severity, Track};
use super::office::OfficeId;
use super::provision::ProvisionId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a finding; derived from the ad, so that one ad is one finding however often it is seen.
    FindingId
);

impl FindingId {
    /// The finding of this ad. 16 hexadecimal characters keep two of ten million ads apart (chance of a clash 3e-6);
    /// a clash would keep the second out of the queue.
    pub fn of(ad: &AdId) -> Self {
        let short: String = ad.as_str().chars().take(16).collect();
        Self::parse(&format!("f-{short}")).unwrap_or_else(|_| Self(format!("f-{}", "0".repeat(16))))
    }
}

/// One independent reason for or against, as a value.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// Stable kebab-case word, for example `explicit-guarantee`.
    pub code: String,
    /// One sentence, Chinese.
    pub text: String,
    /// Weight between 0 and 1 in the noisy-or of the priority; 0 for a reason that only informs.
    pub weight: f64,
}

/// 研判结论 of the machine on one text.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Assessment {
    /// Whether it goes to the queue.
    pub flagged: bool,
    /// Strongest asserted severity; `None` when nothing is asserted.
    pub severity: Option<Severity>,
    /// 0 to 1, noisy-or of the reasons' weights.
    pub priority: f64,
    /// Tracks of the asserted hits, without repeats.
    pub tracks: Vec<Track>,
    /// Provisions of the asserted hits, without repeats, strongest first.
    pub provisions: Vec<ProvisionId>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Which pack judged, for example `cn-illegal-fundraising@2026.11.1`.
    pub pack_revision: String,
}

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// Waits for a person.
    Pending,
    /// Somebody looked at it and asked another person to decide.
    SecondReview,
    /// 证据不足待补充: somebody looked at it and said what is missing.
    NeedsEvidence,
    /// A person found it 涉嫌违法.
    Accepted,
    /// A person found it not to be.
    Dismissed,
}

impl FindingState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::SecondReview, Self::NeedsEvidence, Self::Accepted, Self::Dismissed];

    /// Stable name for the `finding` table and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::SecondReview => "second-review",
            Self::NeedsEvidence => "needs-evidence",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
        }
    }

    /// The state with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether a person still has to decide.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::SecondReview | Self::NeedsEvidence)
    }
}

/// One ad judged, waiting for or bearing a person's decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its name.
    pub id: FindingId,
    /// Which ad.
    pub ad_id: AdId,
    /// Where it stands.
    pub state: FindingState,
    /// Whose it is; `None` when its source belongs to no office.
    pub office: Option<OfficeId>,
    /// What the machine concluded.
    pub assessment: Assessment,
    /// Every hit, asserted and cleared, in the order of the text.
    pub hits: Vec<Hit>,
    /// When it entered the queue.
    pub created_at: UnixMs,
    /// When it last changed.
    pub updated_at: UnixMs,
}
