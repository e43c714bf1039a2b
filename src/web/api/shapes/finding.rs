//! 待审项 on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Instant;

/// One page of findings.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingList {
    /// What this is and is not.
    pub notice: &'static str,
    /// Highest priority first.
    pub findings: Vec<FindingLine>,
    /// `cursor` of the next page.
    pub next: Option<String>,
}

/// A finding in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingLine {
    /// Its name.
    pub id: String,
    /// Grows with every change.
    pub version: u64,
    /// `pending`, `accepted`, `dismissed` …
    pub state: String,
    /// 1 to 4; absent when nothing is asserted.
    pub severity: Option<u8>,
    /// 0 to 1.
    pub priority: f64,
    /// `A` 广告法, `B` 涉嫌非法集资线索.
    pub tracks: Vec<String>,
    /// Title of the ad, contact points masked.
    pub title: Option<String>,
    /// How its words begin, contact points masked.
    pub excerpt: String,
    /// The words that the strongest rules found, contact points masked.
    pub words: Vec<String>,
    /// Who is working on it.
    pub holder: Option<String>,
    /// How often the ad was seen.
    pub n_sightings: u64,
    /// When the ad was first seen.
    pub first_seen_at: Instant,
    /// When it was last seen.
    pub last_seen_at: Instant,
    /// When it entered the queue.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// A finding with all that is known.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingFull {
    /// What this is and is not.
    pub notice: &'static str,
    #[serde(flatten)]
    pub line: FindingLine,
    /// What sort of thing carries the words.
    pub kind: String,
    /// The words as published, but letters and digits of contact points hidden in part, byte for byte: offsets are bytes of
    /// their UTF-8.
    pub text: String,
    /// Where it leads.
    pub landing_url: Option<String>,
    /// Who advertises, as shown.
    pub advertiser: Option<String>,
    /// Who publishes, as shown.
    pub publisher: Option<String>,
    /// The label 广告 as shown.
    pub label: Option<String>,
    /// Provisions that the machine proposes.
    pub provisions: Vec<String>,
    /// Why the machine flagged it.
    pub reasons: Vec<ReasonJson>,
    /// Which rules judged.
    pub pack: String,
    /// Every hit, asserted and cleared, in the order of the text.
    pub hits: Vec<HitJson>,
    /// Where it was seen, latest first, at most 200.
    pub sightings: Vec<SightingJson>,
    /// What people decided, oldest first.
    pub decisions: Vec<DecisionJson>,
    /// What people said besides, oldest first.
    pub remarks: Vec<RemarkJson>,
    /// Name of its 线索; it is there once the finding was accepted.
    pub lead: String,
}

/// One reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonJson {
    /// Stable word.
    pub code: String,
    /// One sentence, Chinese.
    pub text: String,
    /// 0 to 1; 0 only informs.
    pub weight: f64,
}

/// A rule and the words it found.
#[derive(Debug, Serialize, ToSchema)]
pub struct HitJson {
    /// Which rule.
    pub rule: String,
    /// Its category.
    pub category: String,
    /// 1 to 4.
    pub severity: u8,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The words as published.
    pub words: String,
    /// What they were read as.
    pub read_as: String,
    /// The transforms that took.
    pub transforms: Vec<String>,
    /// `asserted`, or what cleared it.
    pub status: String,
    /// Why it has this status, Chinese.
    pub because: Option<String>,
    /// Provisions that the rule proposes.
    pub provisions: Vec<String>,
    /// Tracks that the rule proposes.
    pub tracks: Vec<String>,
}

/// Where an ad was seen.
#[derive(Debug, Serialize, ToSchema)]
pub struct SightingJson {
    /// In which capture.
    pub capture: String,
    /// Of which source.
    pub source: String,
    /// The page it stood on.
    pub page_url: String,
    /// Where in the capture.
    pub locator: String,
    /// When.
    pub seen_at: Instant,
}

/// A verdict as recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionJson {
    /// Its name.
    pub id: String,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Instant,
    /// `accept`, `dismiss`, `undo` …
    pub verdict: String,
    /// Provisions that were cited.
    pub provisions: Vec<String>,
    /// Why it was dismissed.
    pub reason: Option<String>,
    /// Further words.
    pub note: String,
}

/// What somebody said.
#[derive(Debug, Serialize, ToSchema)]
pub struct RemarkJson {
    /// Its name.
    pub id: String,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Instant,
    /// `comment` or `skip`.
    pub kind: String,
    /// Why it was passed over.
    pub reason: Option<String>,
    /// The words.
    pub note: String,
}

/// Contact points.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactList {
    /// In the order of the words.
    pub contacts: Vec<ContactJson>,
    /// The words of the ad in full; absent where they are masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether values of people are hidden in part.
    pub masked: bool,
}

/// One contact point.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactJson {
    /// What sort.
    pub kind: String,
    /// Its canonical form.
    pub value: String,
    /// How sure.
    pub certainty: String,
    /// How many flagged ads show it.
    pub n_ads: u64,
}

/// What a verdict can be.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictWord {
    /// 涉嫌违法, under at least one provision.
    Accept,
    /// 不违法, with a reason.
    Dismiss,
}

/// A verdict.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// Which.
    pub verdict: VerdictWord,
    /// Provisions that are cited; at least one when accepting.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub provisions: Vec<String>,
    /// Why it is dismissed: `warning`, `news`, `licensed`, `not-ad`, `other`.
    pub reason: Option<String>,
    /// Further words, at most 2,000 characters.
    #[serde(default)]
    pub note: String,
}

/// Why a verdict is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoBody {
    /// In words.
    #[serde(default)]
    pub note: String,
}

/// Words for the others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentBody {
    /// At most 2,000 characters.
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// Why contact points are looked at in full.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealBody {
    /// In words; they go on record.
    #[schema(min_length = 1, max_length = 300)]
    pub why: String,
}
