//! The shapes of the wire. They are not the domain's: a name changed inside changes nothing here.

mod evidence;
mod finding;
mod lead;
mod letter;
mod rule;
mod source;

pub use evidence::{CaptureJson, CustodyJson, HeaderJson, Package, PackageFull, PackageList, RedirectJson};
pub use finding::{
    CommentBody, ContactJson, ContactList, DecisionBody, DecisionJson, FindingFull, FindingLine, FindingList,
    HitJson, ReasonJson, RemarkJson, RevealBody, SightingJson, UndoBody, VerdictWord,
};
pub use lead::{
    CaseFull, CaseLine, CaseList, DutyJson, LeadFull, LeadLine, LeadList, LeadStepJson, ReferralJson,
    ReferralList, RulingJson, StepBody,
};
pub use letter::{BlankJson, IssueBody, LetterIssued, LetterJson, RecheckJson, RecheckList};
pub use rule::{Judged, ProvisionJson, ProvisionList, RuleFull, RuleLine, RuleList, TryBody};
pub use source::{RunJson, RunList, SourceJson, SourceList};

use serde::Serialize;
use utoipa::ToSchema;

use crate::kit::clock::UnixMs;

/// On everything that speaks of somebody's ad.
pub const SUSPECTED: &str = "涉嫌，尚未经主管部门认定 (suspected, not established)";

/// An instant, RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Instant(String);

impl From<UnixMs> for Instant {
    fn from(at: UnixMs) -> Self {
        Self(at.rfc3339())
    }
}

/// The token that asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Name of the token in the audit.
    pub token: String,
    /// What it is for.
    pub name: String,
    /// For whom it acts.
    pub account: String,
    /// Their role.
    pub role: String,
    /// What it may do: what both the role and the scope of the token allow.
    pub may: Vec<String>,
    /// It opens nothing from then on.
    pub expires_at: Instant,
}

/// The audit.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditList {
    /// Newest first.
    pub entries: Vec<AuditLine>,
    /// `cursor` of the next page.
    pub next: Option<String>,
}

/// One entry of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLine {
    /// 1 for the first entry.
    pub ordinal: u64,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To which thing.
    pub object: String,
    /// Further facts.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// SHA-256 over the hash of the entry before and the recorded text.
    pub hash: String,
}
