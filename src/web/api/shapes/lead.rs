//! 线索 on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Instant;

/// One page of leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadList {
    /// What this is and is not.
    pub notice: &'static str,
    /// The most urgent first.
    pub leads: Vec<LeadLine>,
    /// `cursor` of the next page.
    pub next: Option<String>,
}

/// A lead in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadLine {
    /// Its name.
    pub id: String,
    /// How many steps it has; grows with every change.
    pub version: u64,
    /// The finding it came from.
    pub finding: String,
    /// Stable name of its state.
    pub state: String,
    /// Title of the ad.
    pub title: String,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// When it was registered.
    pub opened_at: Instant,
    /// Since when it is in this state.
    pub since: Instant,
    /// Last day of the term, in China; absent when nothing remains to be done.
    #[schema(format = Date)]
    pub last_day: Option<String>,
    /// Working days left; negative when overdue.
    pub days_left: Option<i64>,
    /// The rule that sets the term.
    pub basis: Option<&'static str>,
}

/// A lead with its steps.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadFull {
    /// What this is and is not.
    pub notice: &'static str,
    #[serde(flatten)]
    pub line: LeadLine,
    /// Whether the present term was extended.
    pub extended: bool,
    /// What was done, oldest first.
    pub steps: Vec<LeadStepJson>,
}

/// One step as recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadStepJson {
    /// When.
    pub at: Instant,
    /// Who recorded it.
    pub actor: String,
    /// Which.
    pub step: String,
    /// In words.
    pub detail: String,
}

/// What a step can be.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepWord {
    /// 延长期限: `approver`, `note`.
    Extend,
    /// 立案: `officers` (two or more), `approver`.
    File,
    /// 不予立案: `ground`, `approver`, `note`.
    Decline,
    /// 移送 or 函告: `to`, `office`, `note`.
    Refer,
    /// 处理决定: `outcome`.
    Decide,
    /// 结案: `note`.
    Close,
}

/// A step; which fields it needs depends on what it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepBody {
    /// Which.
    pub step: StepWord,
    /// 批准人.
    #[serde(default)]
    pub approver: String,
    /// 办案人员.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub officers: Vec<String>,
    /// Why nothing is filed: `minor-corrected`, `first-corrected`, `no-fault`, `other`.
    pub ground: Option<String>,
    /// To whom: `lead-department`, `sector-regulator`, `other-office`, `police`.
    pub to: Option<String>,
    /// Name of that office.
    #[serde(default)]
    pub office: String,
    /// The decision in words.
    #[serde(default)]
    pub outcome: String,
    /// Further words.
    #[serde(default)]
    pub note: String,
}
