//! An answer as something that paths can be looked up in.

use scraper::Html;
use serde_json::Value;

use super::unwrap::Unwrap;
use crate::extract::{feed, html, sitemap, table, transcript};
use crate::kit::problem::Problem;
use crate::source::Page;

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentKind {
    Html,
    Json,
    Feed,
    Sitemap,
    Table,
    Transcript,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Html, Self::Json, Self::Feed, Self::Sitemap, Self::Table, Self::Transcript];

    /// Stable name in adapter files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Feed => "feed",
            Self::Sitemap => "sitemap",
            Self::Table => "table",
            Self::Transcript => "transcript",
        }
    }
}

/// A parsed answer.
#[derive(Debug)]
pub(super) enum Document {
    Html(Html),
    Json(Value),
}

/// Parses the text of `page` after taking its wrappings off; odd but readable things are problems.
///
/// # Errors
/// What is missing, for `ShapeChanged`.
pub(super) fn open(
    kind: DocumentKind,
    unwrap: &[Unwrap],
    page: &Page<'_>,
) -> Result<(Document, Vec<Problem>), String> {
    let mut unwrapped: Option<String> = None;
    for step in unwrap {
        unwrapped = Some(step.apply(unwrapped.as_deref().unwrap_or(&page.text))?);
    }
    let text = unwrapped.as_deref().unwrap_or(&page.text);
    let missing = |field: crate::extract::MissingField| field.0;
    let json = match kind {
        DocumentKind::Html => return Ok((Document::Html(html::parse(text)), Vec::new())),
        DocumentKind::Json => serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| format!("JSON ({error})"))?,
        DocumentKind::Feed => {
            let (value, problems) = feed::document(text, &page.url).map_err(missing)?;
            return Ok((Document::Json(value), problems));
        }
        DocumentKind::Sitemap => sitemap::document(text).map_err(missing)?,
        DocumentKind::Table => table::document(text).map_err(missing)?,
        DocumentKind::Transcript => transcript::document(text).map_err(missing)?,
    };
    Ok((Document::Json(json), Vec::new()))
}
