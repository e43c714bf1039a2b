//! Taking values out of a document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::Regex;
use scraper::ElementRef;

use super::document::Document;
use super::path::{CssPath, Found, JsonPath, shown};
use super::template::{Piece, Template, Writing, request_value};
use super::transform::{Place, Transform};
use super::{Condition, Expect};
use crate::kit::clock::UnixMs;
use crate::source::Page;

/// The placeholder of items that is the address of the page.
pub(super) const PAGE_URL: &str = "page_url";

/// A path in either sort of document.
#[derive(Debug, Clone)]
pub(super) enum Path {
    Json(JsonPath),
    Css(CssPath),
}

impl Path {
    /// As written.
    pub fn text(&self) -> &str {
        match self {
            Self::Json(path) => &path.text,
            Self::Css(path) => &path.text,
        }
    }
}

/// Where a value stands and what is done to it.
#[derive(Debug, Clone)]
pub(super) struct Take {
    pub origin: Origin,
    pub transforms: Vec<Transform>,
}

#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// The first that gives something counts.
    Paths(Vec<Path>),
    /// Anywhere in the text of the page.
    Match(Regex),
    /// Put together from several places.
    Template(Template, BTreeMap<String, Path>),
}

/// The item that is being read.
#[derive(Debug, Clone)]
pub(super) enum At<'d> {
    Json(Found<'d>),
    Html(ElementRef<'d>),
}

impl At<'_> {
    /// Where it stands in the document.
    pub fn locator(&self) -> String {
        match self {
            Self::Json(found) if found.pointer.is_empty() => "/".to_owned(),
            Self::Json(found) => found.pointer.clone(),
            Self::Html(element) => crate::extract::html::css_path(*element),
        }
    }
}

/// The page that is being read.
pub(super) struct Scope<'d> {
    pub document: &'d Document,
    pub page: &'d Page<'d>,
    pub base: url::Url,
    /// Parameters and what the bootstrap request gave.
    pub known: &'d BTreeMap<String, String>,
    pub source: &'d str,
}

impl<'d> Scope<'d> {
    /// The whole document as one item.
    pub fn whole(&self) -> At<'d> {
        match self.document {
            Document::Json(root) => At::Json(Found { pointer: String::new(), value: Cow::Borrowed(root) }),
            Document::Html(page) => At::Html(page.root_element()),
        }
    }

    /// Items at `path`, from the root.
    pub fn items(&self, path: &Path) -> Vec<At<'d>> {
        match (path, self.document) {
            (Path::Json(path), Document::Json(root)) => {
                let whole = Found { pointer: String::new(), value: Cow::Borrowed(root) };
                path.find(root, &whole).into_iter().map(At::Json).collect()
            }
            (Path::Css(path), Document::Html(page)) => {
                let root = page.root_element();
                path.elements(root, root).into_iter().map(At::Html).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What stands at `path` of `item`, as texts.
    pub fn texts(&self, path: &Path, item: &At<'d>) -> Vec<String> {
        match (path, item, self.document) {
            (Path::Json(path), At::Json(item), Document::Json(root)) => {
                path.find(root, item).iter().filter_map(|found| shown(&found.value)).collect()
            }
            (Path::Css(path), At::Html(item), Document::Html(page)) => {
                path.values(page.root_element(), *item)
            }
            _ => Vec::new(),
        }
    }

    /// Whether `condition` holds for `item`; status and words of the whole answer are not known here.
    pub fn holds(&self, condition: &Condition, item: &At<'d>) -> bool {
        match condition {
            Condition::Path(paths, expect) => {
                let found = paths.iter().map(|path| self.texts(path, item)).find(|texts| !texts.is_empty());
                let texts = found.unwrap_or_default();
                match expect {
                    Expect::OneOf(wanted) => texts.iter().any(|text| wanted.contains(text)),
                    Expect::Exists(exists) => texts.is_empty() != *exists,
                    Expect::Matches(pattern) => texts.iter().any(|text| pattern.is_match(text)),
                }
            }
            Condition::Status(_) | Condition::Body(_) => false,
        }
    }

    fn place(&self) -> Place<'_> {
        Place { base: &self.base, now: self.page.captured_at }
    }
}

impl Take {
    /// All values, in order; blank ones are left out.
    pub fn values<'d>(&self, scope: &Scope<'d>, item: &At<'d>) -> Vec<String> {
        match &self.origin {
            Origin::Paths(paths) => {
                let tried = paths.iter().map(|path| self.transformed(scope, scope.texts(path, item)));
                tried.into_iter().find(|values| !values.is_empty()).unwrap_or_default()
            }
            Origin::Match(pattern) => {
                let group = usize::from(pattern.captures_len() > 1);
                let matches = pattern.captures_iter(&scope.page.text);
                let texts = matches.filter_map(|found| Some(found.get(group)?.as_str().to_owned()));
                self.transformed(scope, texts.collect())
            }
            Origin::Template(template, paths) => {
                let value = |piece: &Piece| match piece {
                    Piece::Path(text) => scope.texts(paths.get(text)?, item).into_iter().next(),
                    Piece::Name(name) if name == PAGE_URL => Some(scope.page.url.to_string()),
                    other => request_value(other, scope.known, scope.source, scope.page.captured_at),
                };
                let is_whole = template
                    .pieces()
                    .iter()
                    .all(|piece| matches!(piece, Piece::Text(_)) || value(piece).is_some());
                let is_address =
                    matches!(template.pieces().first(), Some(Piece::Text(text)) if text.starts_with("http"));
                let writing = if is_address { Writing::Url } else { Writing::Plain };
                let texts = is_whole.then(|| template.fill(writing, &value)).into_iter().collect();
                self.transformed(scope, texts)
            }
        }
    }

    /// The first value.
    pub fn first<'d>(&self, scope: &Scope<'d>, item: &At<'d>) -> Option<String> {
        self.values(scope, item).into_iter().next()
    }

    /// The first value as a time; one that no transform made a time is read in any of the known ways.
    pub fn time<'d>(&self, scope: &Scope<'d>, item: &At<'d>) -> Option<UnixMs> {
        let value = self.first(scope, item)?;
        if self.transforms.last().is_some_and(Transform::gives_time) {
            return value.parse().ok().map(UnixMs);
        }
        crate::extract::moment::parse_relative(&value, scope.page.captured_at)
    }

    fn transformed(&self, scope: &Scope<'_>, values: Vec<String>) -> Vec<String> {
        let mut values = values;
        for transform in &self.transforms {
            values = values.iter().flat_map(|value| transform.apply(value, scope.place())).collect();
        }
        values.iter().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
    }
}
