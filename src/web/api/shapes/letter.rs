//! 文书 and 复查 on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Instant;

/// A letter as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterJson {
    /// What this is and is not.
    pub notice: &'static str,
    /// `register`, `approval`, `transfer`, `police`, `assistance`.
    pub kind: &'static str,
    /// On its first line.
    pub title: String,
    /// What nobody filled in; with any it cannot be issued.
    pub blanks: Vec<BlankJson>,
    /// The letter as a page for printing; with blanks marked as a draft.
    pub html: String,
}

/// A value that is missing.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlankJson {
    /// Its key in `fill`.
    pub key: String,
    /// What it is called on the form.
    pub label: String,
}

/// What a person or program fills in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueBody {
    /// Values by key; they add to what is known or replace it.
    #[serde(default)]
    pub fill: BTreeMap<String, String>,
}

/// A letter that was issued.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterIssued {
    /// Which.
    pub kind: &'static str,
    /// For which lead.
    pub lead: String,
    /// Names its file.
    pub sha256: String,
    /// How many steps the lead has now.
    pub version: u64,
}

/// Looks at the pages of a lead.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecheckList {
    /// The latest first.
    pub rechecks: Vec<RecheckJson>,
}

/// One look at one page.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecheckJson {
    /// When.
    pub at: Instant,
    /// The page.
    pub url: String,
    /// `still-there`, `changed`, `removed`, `unreachable`.
    pub result: &'static str,
    /// How that was told.
    pub detail: String,
    /// What was received.
    pub capture: Option<String>,
}
