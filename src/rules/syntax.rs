//! The form of rule files: TOML tables, every key known.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::pack::{CueStatus, Direction};
use crate::domain::hit::Track;
use crate::text::sentence::Scope;

/// `[pack]`: once in all files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackForm {
    pub id: Spanned<String>,
    pub revision: Spanned<String>,
    pub title: Spanned<String>,
    pub language: String,
    pub threshold: Spanned<f64>,
    pub ad_threshold: Option<Spanned<f64>>,
    #[serde(default)]
    pub weights: BTreeMap<Spanned<String>, Spanned<f64>>,
}

/// `[[list]]`: a named idea.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListForm {
    pub name: Spanned<String>,
    pub title: String,
    pub terms: Vec<Spanned<String>>,
}

/// `[[cue]]`: words that change what a hit means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CueForm {
    pub name: Spanned<String>,
    pub status: CueStatus,
    pub direction: Direction,
    pub scope: Scope,
    pub terms: Vec<Spanned<String>>,
    #[serde(default)]
    pub stop: Vec<Spanned<String>>,
}

/// `[[fragment]]`: a piece of patterns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FragmentForm {
    pub name: Spanned<String>,
    pub pattern: Spanned<String>,
}

/// `[[institution]]`: a licensed or public body and its hosts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstitutionForm {
    pub name: Spanned<String>,
    pub hosts: Vec<Spanned<String>>,
    pub kind: super::pack::InstitutionKind,
}

/// `[[provision]]`: an article of law.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProvisionForm {
    pub id: Spanned<String>,
    pub law: Spanned<String>,
    pub article: Spanned<String>,
    pub text: Spanned<String>,
    pub liability: Option<String>,
    pub effective_from: Spanned<String>,
    pub effective_to: Option<Spanned<String>>,
    pub checked_on: Spanned<String>,
}

/// `[[rule]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleForm {
    pub id: Spanned<String>,
    pub category: Spanned<String>,
    pub title: Spanned<String>,
    pub severity: Spanned<u8>,
    pub tracks: Spanned<Vec<Track>>,
    pub basis: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    pub why: Option<Spanned<String>>,
    pub any: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    pub all: Vec<Spanned<String>>,
    pub n_of: Option<NOfForm>,
    pub near: Option<NearForm>,
    #[serde(default)]
    pub unless: Vec<Spanned<String>>,
    #[serde(default)]
    pub absent: Vec<Spanned<String>>,
    #[serde(default = "sentence")]
    pub within: Scope,
    #[serde(default)]
    pub ad_only: bool,
    pub wording: Option<f64>,
    #[serde(default)]
    pub word: bool,
    #[serde(default)]
    pub not_in: Vec<Spanned<String>>,
    #[serde(default)]
    pub examples: Vec<Spanned<String>>,
    #[serde(default)]
    pub counter_examples: Vec<Spanned<String>>,
    #[serde(default)]
    pub references: Vec<String>,
}

/// `n_of = { n = 2, of = [...] }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NOfForm {
    pub n: Spanned<usize>,
    pub of: Vec<Spanned<String>>,
}

/// `near = { of = [...], chars = 12 }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NearForm {
    pub of: Vec<Spanned<String>>,
    pub chars: Spanned<usize>,
}

fn sentence() -> Scope {
    Scope::Sentence
}
