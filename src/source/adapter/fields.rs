//! What one item says, and what is counted over the items of a page.

use std::collections::BTreeMap;

use super::take::{At, Scope, Take};
use super::{Adapter, Item};
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::run::RunOutcome;
use crate::extract::html;
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// Names under which what the list said about an item comes back with its page.
pub(super) const FROM_LIST: &str = "item.";

/// What one item says.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub id: Option<String>,
    pub url: Option<String>,
    pub title: Option<String>,
    pub text: Vec<String>,
    pub published: Option<UnixMs>,
    pub publisher: Option<String>,
    pub advertiser: Option<String>,
    pub label: Option<String>,
    pub landing: Option<String>,
    pub images: Vec<String>,
    pub links: Vec<String>,
    pub ids: BTreeMap<String, String>,
}

/// Fields that may be required.
pub(super) const FIELDS: &[&str] =
    &["id", "url", "title", "text", "published", "publisher", "advertiser", "label", "landing", "images"];

impl Fields {
    pub(super) fn read<'d>(item: &Item, scope: &Scope<'d>, at: &At<'d>) -> Self {
        let one = |take: &Option<Take>| take.as_ref().and_then(|take| take.first(scope, at));
        let address = |take: &Option<Take>| one(take).and_then(|href| html::resolve(&scope.base, &href));
        let addresses = |takes: &[Take]| {
            let mut found: Vec<String> = Vec::new();
            for href in takes.iter().flat_map(|take| take.values(scope, at)) {
                if let Some(url) = html::resolve(&scope.base, &href).filter(|url| !found.contains(url)) {
                    found.push(url);
                }
            }
            found
        };
        let ids = item.ids.iter().filter_map(|(name, take)| Some((name.clone(), take.first(scope, at)?)));
        Self {
            id: one(&item.id),
            url: address(&item.url),
            title: one(&item.title),
            text: item.text.iter().flat_map(|take| take.values(scope, at)).collect(),
            published: item.published.as_ref().and_then(|take| take.time(scope, at)),
            publisher: one(&item.publisher),
            advertiser: one(&item.advertiser),
            label: one(&item.label),
            landing: address(&item.landing),
            images: addresses(&item.images),
            links: addresses(&item.links),
            ids: ids.collect(),
        }
    }

    pub(super) fn missing<'r>(&self, required: &'r [String]) -> Option<&'r str> {
        required.iter().map(String::as_str).find(|name| match *name {
            "id" => self.id.is_none(),
            "url" => self.url.is_none(),
            "title" => self.title.is_none(),
            "text" => self.text.is_empty(),
            "published" => self.published.is_none(),
            "publisher" => self.publisher.is_none(),
            "advertiser" => self.advertiser.is_none(),
            "label" => self.label.is_none(),
            "landing" => self.landing.is_none(),
            "images" => self.images.is_empty(),
            _ => false,
        })
    }

    /// What a page behind the list may not say again.
    pub(super) fn told(&self) -> impl Iterator<Item = (&'static str, String)> {
        let published = self.published.map(|at| at.0.to_string());
        let told = [
            ("id", self.id.clone()),
            ("url", self.url.clone()),
            ("title", self.title.clone()),
            ("published", published),
            ("publisher", self.publisher.clone()),
            ("advertiser", self.advertiser.clone()),
            ("label", self.label.clone()),
        ];
        told.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    pub(super) fn fill_from(&mut self, known: &BTreeMap<String, String>) {
        let told = |name: &str| known.get(&format!("{FROM_LIST}{name}")).cloned();
        self.id = self.id.take().or_else(|| told("id"));
        self.url = self.url.take().or_else(|| told("url"));
        self.title = self.title.take().or_else(|| told("title"));
        self.publisher = self.publisher.take().or_else(|| told("publisher"));
        self.advertiser = self.advertiser.take().or_else(|| told("advertiser"));
        self.label = self.label.take().or_else(|| told("label"));
        self.published = self.published.or_else(|| Some(UnixMs(told("published")?.parse().ok()?)));
    }

    /// The draft; `None` without words.
    pub(super) fn draft(self, kind: AdKind, locator: String) -> Option<AdDraft> {
        let mut lines: Vec<String> = self.title.iter().cloned().collect();
        for line in self.text {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        if lines.is_empty() {
            return None;
        }
        let mut platform_ids = self.ids;
        platform_ids.extend(self.id.map(|id| ("id".to_owned(), id)));
        platform_ids.extend(self.url.map(|url| ("url".to_owned(), url)));
        Some(AdDraft {
            title: self.title,
            locator,
            images: self.images,
            landing_url: self.landing.or_else(|| self.links.first().cloned()),
            links: self.links,
            advertiser: self.advertiser,
            publisher: self.publisher,
            label: self.label,
            published_at: self.published,
            platform_ids,
            ..AdDraft::of_text(kind, lines.join("\n"))
        })
    }
}

/// What was counted over the items of one page.
#[derive(Default)]
pub(super) struct Counted {
    pub drafts: Vec<AdDraft>,
    pub problems: Vec<Problem>,
    pub n_missing: usize,
    pub n_wordless: usize,
    pub missing: Option<String>,
}

impl Counted {
    pub(super) fn add(&mut self, draft: Option<AdDraft>) {
        match draft {
            Some(draft) => self.drafts.push(draft),
            None => self.n_wordless += 1,
        }
    }

    pub(super) fn miss(&mut self, field: &str, locator: &str) {
        self.n_missing += 1;
        self.missing.get_or_insert_with(|| field.to_owned());
        self.problems.push(Problem::new("missing-field", format!("{locator} has no `{field}`")));
    }

    pub(super) fn wordless(&self) -> Option<Problem> {
        let message = format!("{} items have no words", self.n_wordless);
        (self.n_wordless > 0).then(|| Problem::new("wordless", message))
    }

    /// The health of the page: too few items, or too many without a field that all must have, are a changed shape.
    pub(super) fn outcome(
        &self,
        adapter: &Adapter,
        n_found: usize,
        n_kept: usize,
        nth: usize,
        is_empty: bool,
    ) -> RunOutcome {
        let min_items = adapter.health.min_items;
        if nth == 1 && n_found < min_items {
            return RunOutcome::ShapeChanged { field: format!("items ({n_found} of at least {min_items})") };
        }
        let share = self.n_missing as f64 / n_kept.max(1) as f64;
        match &self.missing {
            Some(field) if share > adapter.health.max_missing || is_empty => {
                RunOutcome::ShapeChanged { field: field.clone() }
            }
            _ if is_empty => RunOutcome::Empty,
            _ => RunOutcome::Ok,
        }
    }
}
