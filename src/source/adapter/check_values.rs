//! Checking the values of a file: paths, transforms, patterns, conditions, and what is made of them.

use std::collections::BTreeMap;
use std::ops::Range;

use regex::Regex;
use toml::Spanned;

use super::check::Checker;
use super::document::DocumentKind;
use super::path::{CssPath, JsonPath};
use super::syntax::{ConditionForm, DetailForm, ItemForm, PaginateForm, Paths, TakeForm};
use super::take::{Origin, PAGE_URL, Path, Take};
use super::template::{Piece, Template};
use super::transform::Transform;
use super::unwrap::Unwrap;
use super::{By, Condition, Detail, DetailReads, Expect, Item, Paginate, Request};

type Text = Spanned<String>;

impl Checker<'_> {
    pub(super) fn unwraps(&mut self, texts: &[Text]) -> Vec<Unwrap> {
        let mut unwraps = Vec::new();
        for text in texts {
            match Unwrap::parse(text.get_ref()) {
                Ok(unwrap) => unwraps.push(unwrap),
                Err(why) => {
                    let (message, help) = split_help(&why);
                    self.error("A007", text.span(), message, "cannot be taken off", help);
                }
            }
        }
        unwraps
    }

    pub(super) fn regex(&mut self, pattern: &Text) -> Option<Regex> {
        match Regex::new(pattern.get_ref()) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let why = error
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .replace("error:", "")
                    .trim()
                    .to_owned();
                self.error(
                    "A010",
                    pattern.span(),
                    format!("the pattern does not compile: {why}"),
                    "here",
                    None,
                );
                None
            }
        }
    }

    pub(super) fn path(&mut self, text: &str, span: Range<usize>, kind: DocumentKind) -> Option<Path> {
        let parsed = match kind {
            DocumentKind::Html => CssPath::parse(text).map(Path::Css),
            _ => JsonPath::parse(text).map(Path::Json),
        };
        match parsed {
            Ok(path) => Some(path),
            Err(why) => {
                let form = if kind == DocumentKind::Html {
                    "a CSS selector, as `a.title@href`"
                } else {
                    "a pointer, as `/data/*/title`"
                };
                let message = format!("`{text}` cannot be read: {why}");
                let help = format!("a path in {} is {form}", kind.as_str());
                self.error("A005", span, message, "no path", Some(help));
                None
            }
        }
    }

    pub(super) fn paths(&mut self, paths: &Spanned<Paths>, kind: DocumentKind) -> Vec<Path> {
        match paths.get_ref() {
            Paths::One(path) => self.path(path, paths.span(), kind).into_iter().collect(),
            Paths::Several(list) => {
                if list.is_empty() {
                    self.error("A005", paths.span(), "no path".to_owned(), "empty", None);
                }
                list.iter().filter_map(|path| self.path(path.get_ref(), path.span(), kind)).collect()
            }
        }
    }

    pub(super) fn take(&mut self, form: &Spanned<TakeForm>, kind: DocumentKind) -> Option<Take> {
        let (origin, transforms) = match form.get_ref() {
            TakeForm::Path(path) => (Origin::Paths(vec![self.path(path, form.span(), kind)?]), Vec::new()),
            TakeForm::Paths(list) => {
                let paths: Vec<Path> =
                    list.iter().filter_map(|path| self.path(path.get_ref(), path.span(), kind)).collect();
                if list.is_empty() {
                    self.error("A005", form.span(), "no path".to_owned(), "empty", None);
                }
                (Origin::Paths(paths), Vec::new())
            }
            TakeForm::Table(table) => {
                let origin = match (&table.path, &table.pattern, &table.template) {
                    (Some(paths), None, None) => Origin::Paths(self.paths(paths, kind)),
                    (None, Some(pattern), None) => Origin::Match(self.regex(pattern)?),
                    (None, None, Some(template)) => self.item_template(template, kind),
                    _ => {
                        let help = "write exactly one of path, match (a pattern) and template".to_owned();
                        let message = "it is not clear where this value stands".to_owned();
                        self.error("A005", form.span(), message, "none, or several", Some(help));
                        return None;
                    }
                };
                let mut transforms = Vec::new();
                for text in &table.transforms {
                    match Transform::parse(text.get_ref()) {
                        Ok(transform) => transforms.push(transform),
                        Err(why) => {
                            let (message, help) = split_help(&why);
                            self.error("A006", text.span(), message, "no such transform", help);
                        }
                    }
                }
                (origin, transforms)
            }
        };
        Some(Take { origin, transforms })
    }

    /// A template of an item: paths in it are looked up in the item.
    pub(super) fn item_template(&mut self, text: &Text, kind: DocumentKind) -> Origin {
        let template = Template::parse(text.get_ref());
        let mut paths = BTreeMap::new();
        for piece in template.pieces() {
            match piece {
                Piece::Path(path) => {
                    if let Some(parsed) = self.path(path, text.span(), kind) {
                        paths.insert(path.clone(), parsed);
                    }
                }
                Piece::Name(name) if name == PAGE_URL => {}
                Piece::Name(name) if !self.parameters.contains(name) && !self.given.contains(name) => {
                    let help =
                        "in items a placeholder is a parameter, {page_url}, or a path as {/id} or {@data-id}"
                            .to_owned();
                    self.error(
                        "A008",
                        text.span(),
                        format!("nothing fills {{{name}}}"),
                        "unknown placeholder",
                        Some(help),
                    );
                }
                Piece::Name(name) => drop(self.used.insert(name.clone())),
                Piece::Date(_) | Piece::Text(_) => {}
            }
        }
        Origin::Template(template, paths)
    }

    pub(super) fn item(&mut self, form: ItemForm, kind: DocumentKind) -> Item {
        let mut one = |take: Option<Spanned<TakeForm>>| take.and_then(|take| self.take(&take, kind));
        let (id, url, title) = (one(form.id), one(form.url), one(form.title));
        let (published, publisher, advertiser) =
            (one(form.published), one(form.publisher), one(form.advertiser));
        let (label, landing) = (one(form.label), one(form.landing));
        let mut all =
            |takes: Vec<Spanned<TakeForm>>| takes.iter().filter_map(|take| self.take(take, kind)).collect();
        let (text, images, links) = (all(form.text), all(form.images), all(form.links));
        let ids =
            form.ids.iter().filter_map(|(name, take)| Some((name.get_ref().clone(), self.take(take, kind)?)));
        let ids = ids.collect();
        Item { id, url, title, text, published, publisher, advertiser, label, landing, images, links, ids }
    }

    pub(super) fn detail(&mut self, form: DetailForm, list_kind: DocumentKind) -> Option<Detail> {
        let mut kinds: Vec<(&'static str, Option<DocumentKind>)> =
            DocumentKind::ALL.iter().map(|kind| (kind.as_str(), Some(*kind))).collect();
        kinds.insert(0, ("article", None));
        let kind = self.word(&form.kind, &kinds)?;
        // Where the page is, is said by the list, whose kind may be another.
        let url = form.url.as_ref().and_then(|take| self.take(take, list_kind));
        let body = form.body.as_ref().map(|body| self.item_template(body, list_kind));
        let body = body.map(|origin| Take { origin, transforms: Vec::new() });
        let charset = form.charset.as_ref().and_then(|charset| self.charset(charset));
        let unwrap = self.unwraps(&form.unwrap);
        let reads = match (kind, form.item) {
            (None, None) => DetailReads::Article,
            (Some(kind), Some(item)) => {
                DetailReads::Fields(kind, Box::new(self.item(item.into_inner(), kind)))
            }
            (None, Some(item)) => {
                let message = "an article is read by its form, not by fields".to_owned();
                self.error(
                    "A015",
                    item.span(),
                    message,
                    "has no meaning here",
                    Some("take [detail.item] out, or write kind = \"html\"".to_owned()),
                );
                return None;
            }
            (Some(_), None) => {
                let help = "add [detail.item] with text = [{ path = \"…\" }]".to_owned();
                self.error(
                    "A017",
                    form.kind.span(),
                    "the pages behind the list have no words".to_owned(),
                    "needs [detail.item]",
                    Some(help),
                );
                return None;
            }
        };
        Some(Detail { url, body, charset, unwrap, reads })
    }

    pub(super) fn condition(
        &mut self,
        form: &Spanned<ConditionForm>,
        kind: DocumentKind,
        of_answer: bool,
    ) -> Option<Condition> {
        let (span, form) = (form.span(), form.get_ref());
        let texts = |values: &[toml::Value]| {
            values
                .iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect()
        };
        let mut expects = Vec::new();
        expects.extend(form.equals.as_ref().map(|value| Expect::OneOf(texts(std::slice::from_ref(value)))));
        expects.extend(form.one_of.as_ref().map(|values| Expect::OneOf(texts(values))));
        expects.extend(form.exists.map(Expect::Exists));
        expects.extend(form.matches.as_ref().and_then(|pattern| self.regex(pattern)).map(Expect::Matches));
        match (form.status, &form.body, &form.path, expects.len()) {
            (Some(status), None, None, 0) if of_answer => Some(Condition::Status(status)),
            (None, Some(body), None, 0) if of_answer && !body.is_empty() => {
                Some(Condition::Body(body.clone()))
            }
            (None, None, Some(paths), 1) => Some(Condition::Path(self.paths(paths, kind), expects.remove(0))),
            _ => {
                let help = match of_answer {
                    true => {
                        "one of { status = 432 }, { body = \"words\" }, { path = \"/ok\", equals = -100 }"
                    }
                    false => "as { path = \"/card_type\", equals = 9 }",
                };
                let help = format!("{help}; with a path: equals, in, exists or matches");
                let message = "this condition tests nothing, or several things".to_owned();
                self.error("A013", span, message, "not one test", Some(help));
                None
            }
        }
    }

    pub(super) fn paginate(
        &mut self,
        form: PaginateForm,
        kind: DocumentKind,
        request: &Request,
        url: &Range<usize>,
    ) -> Option<Paginate> {
        let by = self.word(
            &form.by,
            &[("page", By::Page), ("offset", By::Offset), ("cursor", By::Cursor), ("next", By::Next)],
        )?;
        let next = form.next.as_ref().and_then(|take| self.take(take, kind));
        let place = match by {
            By::Page => "page",
            By::Offset => "offset",
            By::Cursor => "cursor",
            By::Next => "",
        };
        let has_place = form.param.is_some() || self.used.contains(place);
        let mut lacks = |what: &str, help: &str| {
            let message = format!("pagination by {} needs {what}", form.by.get_ref());
            self.error("A014", form.by.span(), message, "not enough", Some(help.to_owned()));
        };
        match by {
            By::Cursor | By::Next if form.next.is_none() => {
                lacks("to know where it goes on", "add next = \"…\": where the answer says it");
            }
            By::Page | By::Offset | By::Cursor if !has_place => {
                let help =
                    format!("add param = \"…\" (a query parameter), or write {{{place}}} into url or body");
                lacks("a place for it", &help);
            }
            By::Offset if form.step.is_none() => lacks("a step", "add step = 20: how many items a page has"),
            _ => {}
        }
        for number in [&form.pages, &form.max].into_iter().flatten() {
            if !(1..=1000).contains(number.get_ref()) {
                let message = format!("{} is not between 1 and 1000", number.get_ref());
                self.error("A011", number.span(), message, "out of range", None);
            }
        }
        if let Some(step) = form.step.as_ref().filter(|step| !(1..=1000).contains(step.get_ref())) {
            self.error(
                "A011",
                step.span(),
                format!("{} is not between 1 and 1000", step.get_ref()),
                "out of range",
                None,
            );
        }
        // Otherwise the second page would be the first one again.
        if request.url_text == "{url}" && form.param.is_none() && by != By::Next {
            let message = "an address that people give has no place for a number".to_owned();
            self.error("A014", url.clone(), message, "needs param in [paginate]", None);
        }
        let number = |number: Option<Spanned<usize>>, default| number.map_or(default, Spanned::into_inner);
        Some(Paginate {
            by,
            param: form.param.map(Spanned::into_inner),
            start: form.start.unwrap_or(u64::from(by == By::Page)),
            step: form.step.map_or(1, Spanned::into_inner),
            next,
            pages: number(form.pages, 1),
            max: number(form.max, 50),
        })
    }
}

/// `message; known: a, b` → message and help.
fn split_help(why: &str) -> (String, Option<String>) {
    match why.split_once("; known: ") {
        Some((message, known)) => (message.to_owned(), Some(format!("known: {known}"))),
        None => (why.to_owned(), None),
    }
}
