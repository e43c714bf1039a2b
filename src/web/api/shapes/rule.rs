//! Rules on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{HitJson, ReasonJson};

/// The rules in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleList {
    /// `id@revision`.
    pub pack: String,
    /// In the order of the pack.
    pub rules: Vec<RuleLine>,
}

/// One rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleLine {
    /// Its name.
    pub id: String,
    /// Category code.
    pub category: String,
    /// Chinese.
    pub title: String,
    /// 1 to 4.
    pub severity: u8,
    /// Tracks it proposes.
    pub tracks: Vec<String>,
    /// Provisions it proposes.
    pub provisions: Vec<String>,
}

/// One rule explained.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleFull {
    #[serde(flatten)]
    pub rule: RuleLine,
    /// Why it is a rule, Chinese.
    pub why: String,
    /// The page of the rule: conditions, provisions with their text, examples.
    pub explained: String,
}

/// The provisions.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProvisionList {
    /// By name.
    pub provisions: Vec<ProvisionJson>,
}

/// One provision.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProvisionJson {
    /// Its name.
    pub id: String,
    /// `《…法》第…条`.
    pub citation: String,
    /// The words that bind.
    pub text: String,
    /// The article that carries the penalty.
    pub liability: Option<String>,
    /// First day in force.
    pub effective_from: String,
    /// Last day in force.
    pub effective_to: Option<String>,
}

/// A text to judge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryBody {
    /// The words.
    #[schema(max_length = 50000)]
    pub text: String,
    /// Host of the page on which they stood, for licensed institutions.
    pub publisher_host: Option<String>,
}

/// What the rules say about a text.
#[derive(Debug, Serialize, ToSchema)]
pub struct Judged {
    /// What this is and is not.
    pub notice: &'static str,
    /// Whether it would go to the queue.
    pub flagged: bool,
    /// Strongest asserted severity.
    pub severity: Option<u8>,
    /// 0 to 1.
    pub priority: f64,
    /// Provisions that are proposed.
    pub provisions: Vec<String>,
    /// Why.
    pub reasons: Vec<ReasonJson>,
    /// Every hit.
    pub hits: Vec<HitJson>,
    /// Which rules judged.
    pub pack: String,
}
