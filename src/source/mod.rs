//! Floor 3: connectors. Each knows one kind of source: which pages to fetch, and how to read them.
//!
//! Connectors are pure: the crawl engine fetches and keeps a page first and gives it here afterwards, so an old
//! capture can be read again by a better connector.

pub mod adapter;
mod app_store;
pub mod catalog;
pub mod import;
mod landing;
mod news_site;
mod page;
mod settings;
mod telegram_channel;
mod weibo_timeline;

#[cfg(test)]
mod tests;

pub use page::Page;
pub use settings::{RENDER, Setting, max_landings, render_profile};

use std::collections::BTreeMap;

use crate::domain::ad::AdDraft;
use crate::domain::capture::{CapturePurpose, Exchange};
use crate::domain::run::RunOutcome;
use crate::domain::source::{Source, SourceKind};
use crate::extract::MissingField;
use crate::extract::filters::Filters;
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// A page to fetch.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Target {
    /// Its address.
    pub url: String,
    /// Why it is fetched.
    pub purpose: CapturePurpose,
    /// The connector's own word for it, for example `list` or `article`; given back with the page.
    pub role: String,
    /// How to ask for it.
    pub ask: Ask,
    /// What the connector knows already and wants back with the page, by its own names.
    pub known: BTreeMap<String, String>,
}

/// How to ask for a page, beside its address.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ask {
    /// A body, sent with POST; without one the request is a GET.
    pub body: Option<String>,
    /// Request headers beside those of every request.
    pub headers: Vec<(String, String)>,
    /// A credential to send, by name; its value is known to the caller alone and goes into no record.
    pub credential: Option<CredentialUse>,
    /// Pause between two requests to the host, in milliseconds, when it is to be longer than usual.
    pub min_interval_ms: u64,
}

/// Which credential goes where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CredentialUse {
    /// Its name.
    pub name: String,
    /// The request header that carries it.
    pub header: String,
    /// What stands before it in the header, for example `Bearer `.
    pub prefix: String,
}

impl Target {
    /// A page that is asked for with a plain GET.
    pub fn new(url: impl Into<String>, purpose: CapturePurpose, role: &str) -> Self {
        Self { url: url.into(), purpose, role: role.to_owned(), ask: Ask::default(), known: BTreeMap::new() }
    }

    /// Whether it is the page of one item (an article, the detail of an app) and not a list that has to be looked at
    /// each time.
    pub fn is_item(&self) -> bool {
        self.purpose == CapturePurpose::Page && matches!(self.role.as_str(), "article" | "detail")
    }
}

/// A page as it was captured.
#[derive(Debug, Clone, Copy)]
pub struct CapturedPage<'a> {
    /// What was asked and answered.
    pub exchange: &'a Exchange,
    /// The body as received; it may carry a content encoding.
    pub body: &'a [u8],
    /// What tells where ads are.
    pub filters: &'a Filters,
}

impl<'a> CapturedPage<'a> {
    /// A page whose ads the built-in list tells.
    pub fn new(exchange: &'a Exchange, body: &'a [u8]) -> Self {
        Self { exchange, body, filters: Filters::built_in() }
    }

    /// The same with other lists.
    #[must_use]
    pub fn with_filters(self, filters: &'a Filters) -> Self {
        Self { filters, ..self }
    }
}

/// What was read in one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// How it went.
    pub outcome: RunOutcome,
    /// Ads, posts, listings and articles of the page, in its order.
    pub drafts: Vec<AdDraft>,
    /// Pages to fetch next, in the order of their importance.
    pub targets: Vec<Target>,
    /// What was odd.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Nothing could be read, for this reason.
    pub fn nothing(outcome: RunOutcome) -> Self {
        Self { outcome, drafts: Vec::new(), targets: Vec::new(), problems: Vec::new() }
    }

    fn shape_changed(field: MissingField) -> Self {
        Self::nothing(RunOutcome::ShapeChanged { field: field.0 })
    }
}

/// The words of a captured page as a reader sees them, whatever its kind.
///
/// # Errors
/// Why there is nothing to read: gone, refused, a login page, not decodable.
pub fn words_of(captured: &CapturedPage<'_>) -> Result<String, RunOutcome> {
    let (page, _) = Page::open(captured).map_err(|reading| reading.outcome)?;
    let is_html = page.content_type.is_none_or(|kind| kind.contains("html"));
    Ok(if is_html { crate::extract::html::page_text(&page.text) } else { page.text })
}

/// Reads one kind of source.
pub trait Connector: Send + Sync {
    /// The kind.
    fn kind(&self) -> SourceKind;

    /// One sentence for help and documentation.
    fn about(&self) -> &str;

    /// An entry address of the right form, for help.
    fn example_url(&self) -> &str;

    /// The settings a source of this kind may carry.
    fn settings(&self) -> Vec<Setting<'_>>;

    /// What to fetch first, at `now`.
    ///
    /// # Errors
    /// The source's address or one of its settings is not usable; the problem says which and what would be.
    fn entry(&self, source: &Source, now: UnixMs) -> Result<Vec<Target>, Problem> {
        settings::check(source, &self.settings())?;
        self.first_targets(source, now)
    }

    /// [`Connector::entry`] without the check of the settings.
    ///
    /// # Errors
    /// As [`Connector::entry`].
    fn first_targets(&self, source: &Source, now: UnixMs) -> Result<Vec<Target>, Problem>;

    /// Reads a captured page: refusals, login pages, content encoding and charset first, then as its kind.
    fn read(&self, source: &Source, target: &Target, captured: &CapturedPage<'_>) -> Reading {
        let (page, mut problems) = match Page::open(captured) {
            Ok(opened) => opened,
            Err(reading) => return *reading,
        };
        let mut reading = match target.purpose {
            CapturePurpose::Landing | CapturePurpose::Popup => landing::read(&page),
            CapturePurpose::Discover | CapturePurpose::Page | CapturePurpose::Picture => {
                self.read_page(source, target, &page)
            }
        };
        problems.append(&mut reading.problems);
        reading.problems = problems;
        reading
    }

    /// Reads a page that was opened.
    fn read_page(&self, source: &Source, target: &Target, page: &Page<'_>) -> Reading;
}

/// The connectors that are built in, in the order of [`SourceKind::BUILT_IN`].
pub const CONNECTORS: &[&dyn Connector] = &[
    &news_site::NewsSite,
    &app_store::AppStore,
    &telegram_channel::TelegramChannel,
    &weibo_timeline::WeiboTimeline,
];

/// The connector of a kind that is built in; `None` for adapters and for what is imported.
pub fn connector(kind: &SourceKind) -> Option<&'static dyn Connector> {
    match kind {
        SourceKind::NewsSite => Some(&news_site::NewsSite),
        SourceKind::AppStore => Some(&app_store::AppStore),
        SourceKind::TelegramChannel => Some(&telegram_channel::TelegramChannel),
        SourceKind::WeiboTimeline => Some(&weibo_timeline::WeiboTimeline),
        SourceKind::Import | SourceKind::Adapter(_) => None,
    }
}
