//! 广告: a distinct creative, and the places where it was seen.

use std::collections::BTreeMap;

use super::capture::CaptureId;
use super::hit::Span;
use super::picture::{Derived, ReadAs};
use super::source::SourceId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names an ad by its content: the same creative has the same id wherever it is seen.
    AdId
);

/// What sort of thing carries the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdKind {
    /// A slot in a page.
    Display,
    /// A whole article; may be news, may be 软文.
    Article,
    /// An app's store entry.
    AppListing,
    /// A post of an account or channel.
    Post,
    /// A page behind an ad.
    Landing,
    /// Text handed over without its place (`adwatch scan`).
    Text,
}

impl AdKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Display, Self::Article, Self::AppListing, Self::Post, Self::Landing, Self::Text];

    /// Stable name for the `ad` table and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Display => "display",
            Self::Article => "article",
            Self::AppListing => "app-listing",
            Self::Post => "post",
            Self::Landing => "landing",
            Self::Text => "text",
        }
    }

    /// The kind with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What extraction found in one capture: one ad, post, listing or article.
///
/// `text` is what is judged: parts joined by a line feed, in reading order. All spans point into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdDraft {
    /// What sort of thing.
    pub kind: AdKind,
    /// Title or headline; also the first line of `text` when there is one.
    pub title: Option<String>,
    /// The words, UTF-8, as published (after charset and entity decoding, nothing else).
    pub text: String,
    /// Where in the capture: CSS path, JSON pointer or `text`.
    pub locator: String,
    /// Addresses of its images.
    pub images: Vec<String>,
    /// Where it leads, resolved against the page.
    pub landing_url: Option<String>,
    /// Addresses of links inside the words, resolved.
    pub links: Vec<String>,
    /// Who advertises, as shown.
    pub advertiser: Option<String>,
    /// Who publishes, as shown (account, paper, channel).
    pub publisher: Option<String>,
    /// The label 广告/推广/赞助 as shown; its absence is a fact too (广告法 art 14).
    pub label: Option<String>,
    /// When it was published, as the page says.
    pub published_at: Option<UnixMs>,
    /// Names the platform gives it (`trackId`, `mid`, `data-post`, slot id).
    pub platform_ids: BTreeMap<String, String>,
    /// Which parts of `text` were read in pictures, in the order of the text. They stand behind everything that was
    /// published as text.
    pub derived: Vec<Derived>,
}

impl AdDraft {
    /// A draft with only words in it.
    pub fn of_text(kind: AdKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            title: None,
            text: text.into(),
            locator: "text".to_owned(),
            images: Vec::new(),
            landing_url: None,
            links: Vec::new(),
            advertiser: None,
            publisher: None,
            label: None,
            published_at: None,
            platform_ids: BTreeMap::new(),
            derived: Vec::new(),
        }
    }

    /// The words that were published as text, without those read in pictures.
    pub fn published_text(&self) -> &str {
        let Some(first) = self.derived.first() else { return &self.text };
        let words = self.text.get(..first.span().start).unwrap_or(&self.text);
        words.strip_suffix('\n').unwrap_or(words)
    }

    /// What the codes in its pictures say: addresses, numbers, words.
    pub fn code_contents(&self) -> impl Iterator<Item = &str> {
        let codes = self.derived.iter().filter(|part| part.role != ReadAs::Words);
        codes.map(|part| part.span().of(&self.text))
    }

    /// Whether any of these bytes of `text` were read in a picture.
    pub fn is_derived(&self, span: Span) -> bool {
        let touches = |part: &Derived| {
            let own = part.span();
            own.start < span.end && span.start < own.end
        };
        self.derived.iter().any(touches)
    }
}

/// A distinct creative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ad {
    /// Its name, derived from its content.
    pub id: AdId,
    /// What was first extracted.
    pub draft: AdDraft,
    /// When it was first seen.
    pub first_seen_at: UnixMs,
    /// When it was last seen.
    pub last_seen_at: UnixMs,
    /// How often it was seen.
    pub n_sightings: u64,
}

/// 出现: this ad, in that capture, at that place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Which ad.
    pub ad_id: AdId,
    /// In which capture.
    pub capture_id: CaptureId,
    /// Of which source.
    pub source_id: SourceId,
    /// The page it stood on.
    pub page_url: String,
    /// Where in the capture.
    pub locator: String,
    /// When.
    pub seen_at: UnixMs,
}
