//! 命中片段: a rule and the published words it found.

use super::provision::ProvisionId;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a rule, `category.name.number`, for example `pg.principal-guarantee.1`; never reused.
    RuleId
);

/// 严重程度, 1 to 4: 4 explicit guarantee or unlicensed form, 3 concrete return, 2 implied, 1 absence or soft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Severity(u8);

impl Severity {
    /// Accepts 1 to 4.
    pub fn new(level: u8) -> Option<Self> {
        (1..=4).contains(&level).then_some(Self(level))
    }

    /// 1 to 4.
    pub fn level(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Severity {
    type Error = String;
    fn try_from(level: u8) -> Result<Self, String> {
        Self::new(level).ok_or_else(|| format!("severity {level} is not 1 to 4"))
    }
}

impl From<Severity> for u8 {
    fn from(severity: Severity) -> u8 {
        severity.0
    }
}

/// Bytes `start..end` of a text; both ends lie between characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The words it covers; empty when it does not fit `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// What the context says about a hit. Everything but `Asserted` is cleared: kept, shown, not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HitStatus {
    /// The text promises it.
    Asserted,
    /// The text denies it (不承诺保本).
    Negated,
    /// The text warns of it (谨防…骗局).
    Warned,
    /// The text reports it (法院判决, 警方通报).
    Reported,
    /// The text quotes law or explains a term.
    Quoted,
    /// The text supposes it (如果…).
    Hypothetical,
    /// A licensed institution speaks, within what it may say.
    Licensed,
    /// The text is no advertisement: no promise to anyone, no contact, no call to act.
    NotAd,
}

impl HitStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Asserted,
        Self::Negated,
        Self::Warned,
        Self::Reported,
        Self::Quoted,
        Self::Hypothetical,
        Self::Licensed,
        Self::NotAd,
    ];

    /// Stable name in tables and in the scan schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asserted => "asserted",
            Self::Negated => "negated",
            Self::Warned => "warned",
            Self::Reported => "reported",
            Self::Quoted => "quoted",
            Self::Hypothetical => "hypothetical",
            Self::Licensed => "licensed",
            Self::NotAd => "not-ad",
        }
    }

    /// The status with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the hit counts.
    pub fn is_asserted(self) -> bool {
        self == Self::Asserted
    }
}

/// Which power a hit falls under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Track {
    /// 广告法: punishable on the ad's wording by market regulation itself.
    A,
    /// 涉嫌非法集资线索: for the lead department (处置非法集资牵头部门), which alone may find it.
    B,
}

impl Track {
    /// `A` or `B`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

/// A rule and the published words it found.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Hit {
    /// Which rule.
    pub rule: RuleId,
    /// Category code of the rule, for example `PG`.
    pub category: String,
    /// Its severity here.
    pub severity: Severity,
    /// The published words, bytes of the judged text.
    pub span: Span,
    /// What the words were read as.
    pub normalized: String,
    /// Names of the transforms needed to read them so; evasion is itself a reason.
    pub transforms: Vec<String>,
    /// Provisions the rule proposes.
    pub provisions: Vec<ProvisionId>,
    /// Tracks the rule proposes.
    pub tracks: Vec<Track>,
    /// What the context says.
    pub status: HitStatus,
    /// The words that cleared it, if any, as bytes of the judged text.
    pub cue: Option<Span>,
    /// Why it has this status, one sentence, Chinese.
    pub because: Option<String>,
}
