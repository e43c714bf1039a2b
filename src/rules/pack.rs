//! A rule pack as values: what [`super::load`] makes of the files.

use std::collections::BTreeMap;

use super::PackFile;
use super::term::Term;
use super::wording::Wording;
use crate::domain::hit::{HitStatus, RuleId, Severity, Track};
use crate::domain::provision::{Provision, ProvisionId};
use crate::kit::diagnostic::{Located, Place};
use crate::text::sentence::Scope;

/// Rules, lists, cues, institutions and provisions that judge together.
#[derive(Debug, Clone, Default)]
pub struct RulePack {
    /// Name, for example `cn-illegal-fundraising`.
    pub id: String,
    /// Revision, for example `2026.11.1`.
    pub revision: String,
    /// Title, Chinese.
    pub title: String,
    /// Language of the rules, for example `zh`.
    pub language: String,
    /// Priority from which a text is flagged, 0 to 1.
    pub threshold: f64,
    /// Ad-likeness from which a text counts as an advertisement, 0 to 1.
    pub ad_threshold: f64,
    /// Weights of reasons by code, 0 to 1.
    pub weights: BTreeMap<String, f64>,
    /// Rules in the order of the files.
    pub rules: Vec<Rule>,
    /// Named lists.
    pub lists: BTreeMap<String, TermList>,
    /// Pieces of patterns, used as `<name>`.
    pub fragments: BTreeMap<String, Located<String>>,
    /// Context cues.
    pub cues: Vec<Cue>,
    /// Licensed and public bodies.
    pub institutions: Vec<Institution>,
    /// What its words sound like; `None` in a pack that does not weigh them.
    pub wording: Option<Wording>,
    /// Provisions by id.
    pub provisions: BTreeMap<ProvisionId, Provision>,
    /// The files it was loaded from; places point into them.
    pub files: Vec<PackFile>,
}

impl RulePack {
    /// `cn-illegal-fundraising@2026.11.1`, as findings record it.
    pub fn revision_name(&self) -> String {
        format!("{}@{}", self.id, self.revision)
    }

    /// The rule with this id.
    pub fn rule(&self, id: &RuleId) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == *id)
    }

    /// The weight of a reason: the pack's, else the built-in one, else 0.
    pub fn weight(&self, code: &str) -> f64 {
        self.weights.get(code).copied().or_else(|| default_weight(code)).unwrap_or(0.0)
    }
}

/// Reason codes a pack may weigh, with the weight used when it does not.
pub const WEIGHTS: [(&str, f64); 13] = [
    ("severity-4", 0.9),
    ("severity-3", 0.75),
    ("severity-2", 0.45),
    ("severity-1", 0.2),
    ("further-category", 0.3),
    ("evasion", 0.35),
    ("contact", 0.25),
    ("call-to-act", 0.2),
    ("offer", 0.15),
    ("link", 0.1),
    ("publisher-kind", 0.2),
    ("disguised-warning", 0.3),
    ("wording", 0.25),
];

fn default_weight(code: &str) -> Option<f64> {
    WEIGHTS.iter().find(|(known, _)| *known == code).map(|(_, weight)| *weight)
}

/// A named idea, used as `@name`.
#[derive(Debug, Clone)]
pub struct TermList {
    /// What it stands for, Chinese.
    pub title: String,
    /// Its terms; may name other lists.
    pub terms: Vec<Located<Term>>,
    /// Where its name stands.
    pub place: Place,
}

/// A context cue in the manner of ConText.
#[derive(Debug, Clone)]
pub struct Cue {
    /// Name, for reports.
    pub name: String,
    /// What it makes of a hit.
    pub status: CueStatus,
    /// Which side it acts on.
    pub direction: Direction,
    /// How far it acts.
    pub scope: Scope,
    /// The words.
    pub terms: Vec<Located<Term>>,
    /// Words that end its reach.
    pub stop: Vec<Located<Term>>,
    /// Where its name stands.
    pub place: Place,
}

/// What a cue makes of a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CueStatus {
    /// Denied.
    Negated,
    /// Quoted from law or explained.
    Quoted,
    /// Warned of.
    Warned,
    /// Reported.
    Reported,
    /// Supposed.
    Hypothetical,
}

impl CueStatus {
    /// The status of a hit it clears.
    pub fn hit_status(self) -> HitStatus {
        match self {
            Self::Negated => HitStatus::Negated,
            Self::Quoted => HitStatus::Quoted,
            Self::Warned => HitStatus::Warned,
            Self::Reported => HitStatus::Reported,
            Self::Hypothetical => HitStatus::Hypothetical,
        }
    }
}

/// Which side of itself a cue acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// On what follows.
    Forward,
    /// On what precedes.
    Backward,
    /// On both.
    Both,
}

/// A licensed or public body that may say on its own hosts what others may not.
#[derive(Debug, Clone)]
pub struct Institution {
    /// Name, Chinese.
    pub name: String,
    /// Its hosts; each covers its subdomains.
    pub hosts: Vec<String>,
    /// What it is.
    pub kind: InstitutionKind,
}

/// What an institution is, and so what its pages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstitutionKind {
    /// Bank.
    Bank,
    /// Securities firm.
    Broker,
    /// Fund manager.
    Fund,
    /// Insurer.
    Insurer,
    /// Trust company.
    Trust,
    /// Exchange.
    Exchange,
    /// Regulator, government, police.
    Government,
    /// Court, procuratorate.
    Court,
    /// Industry association.
    Association,
}

impl InstitutionKind {
    /// Whether it sells financial products under licence; the others publish notices and decisions.
    pub fn is_licensed_seller(self) -> bool {
        matches!(self, Self::Bank | Self::Broker | Self::Fund | Self::Insurer | Self::Trust)
    }
}

/// One entry of a condition: it holds when any of its terms does.
pub type Alternatives = Vec<Term>;

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Name, `category.name.number`.
    pub id: RuleId,
    /// Category code, for example `PG`.
    pub category: String,
    /// Title, Chinese.
    pub title: String,
    /// Severity of its hits.
    pub severity: Severity,
    /// Tracks it proposes.
    pub tracks: Vec<Track>,
    /// Provisions it proposes.
    pub basis: Vec<Located<ProvisionId>>,
    /// Why it is a rule, Chinese.
    pub why: String,
    /// Trigger: at least one must occur; these words are highlighted.
    pub any: Vec<Located<Alternatives>>,
    /// Each must hold within the window.
    pub all: Vec<Located<Alternatives>>,
    /// At least `n` of these must hold within the window.
    pub n_of: Option<NOf>,
    /// One of these must stand close to the trigger.
    pub near: Option<Near>,
    /// None may hold within the window.
    pub unless: Vec<Located<Alternatives>>,
    /// None may hold in the whole text.
    pub absent: Vec<Located<Alternatives>>,
    /// The window of `all`, `n_of` and `unless`.
    pub within: Scope,
    /// Whether the text must look like an advertisement.
    pub ad_only: bool,
    /// The wording score that the text around a hit must reach.
    pub wording: Option<f64>,
    /// Whether a trigger must not touch a Latin letter or digit on either side.
    pub word: bool,
    /// Longer words in which the trigger does not count.
    pub not_in: Vec<Located<String>>,
    /// Texts it must find.
    pub examples: Vec<Located<String>>,
    /// Texts it must leave alone.
    pub counter_examples: Vec<Located<String>>,
    /// Where the wording was seen.
    pub references: Vec<String>,
    /// Where its id stands.
    pub place: Place,
}

/// At least `n` of these.
#[derive(Debug, Clone)]
pub struct NOf {
    /// How many.
    pub n: usize,
    /// Of which.
    pub of: Vec<Located<Alternatives>>,
}

/// One of these within a distance of the trigger.
#[derive(Debug, Clone)]
pub struct Near {
    /// Which.
    pub of: Vec<Located<Alternatives>>,
    /// Largest distance, in characters of the normalized text.
    pub max_chars: usize,
}
