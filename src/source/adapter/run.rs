//! The interpreter: what an adapter asks for, and what it reads in the answers.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::document::{self, Document};
use super::fields::{Counted, FROM_LIST, Fields};
use super::take::{At, Scope};
use super::template::{Template, Writing, request_value};
use super::{Adapter, By, Condition, Detail, DetailReads, Host, Item, Paginate, Told};
use crate::domain::capture::CapturePurpose;
use crate::domain::run::RunOutcome;
use crate::domain::source::{Source, SourceKind};
use crate::extract::html;
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;
use crate::source::settings::{self, MAX_LANDINGS, Setting};
use crate::source::{
    Ask, CapturedPage, Connector, CredentialUse, Page, Reading, Target, landing, news_site, page,
};

const PAGES: Setting<'static> = Setting {
    name: "pages",
    default: "1",
    unit: "pages",
    example: "1",
    help: "How many pages of the list are fetched, from its first.",
};
const LIMIT: Setting<'static> = Setting {
    name: "limit",
    default: "30",
    unit: "pages per list",
    example: "100",
    help: "How many pages behind one page of the list are fetched, from its top.",
};

/// Most list pages that one list page leads to.
const MAX_MORE: usize = 50;

impl Connector for Adapter {
    fn kind(&self) -> SourceKind {
        SourceKind::Adapter(self.id.clone())
    }

    fn about(&self) -> &str {
        &self.about
    }

    fn example_url(&self) -> &str {
        &self.example_url
    }

    fn settings(&self) -> Vec<Setting<'_>> {
        let mut settings: Vec<Setting<'_>> = self.parameters.iter().map(super::Parameter::setting).collect();
        settings.extend(self.paginate.as_ref().map(|_| PAGES));
        if let Some(detail) = &self.detail {
            settings.push(LIMIT);
            settings.extend(matches!(detail.reads, DetailReads::Article).then_some(MAX_LANDINGS));
        }
        settings
    }

    fn first_targets(&self, source: &Source, now: UnixMs) -> Result<Vec<Target>, Problem> {
        let mut known = self.values(&source.settings)?;
        settings::number(source, &PAGES)?;
        settings::number(source, &LIMIT)?;
        settings::number(source, &MAX_LANDINGS)?;
        self.check_entry(source, &known, now)?;
        let Some(bootstrap) = &self.bootstrap else {
            return Ok(vec![self.list_target(source, &mut known, 1, now)]);
        };
        let url = self.filled(&bootstrap.url, Writing::Url, source, &known, now);
        let mut target = Target::new(url, CapturePurpose::Discover, "bootstrap");
        target.ask = self.ask(source, bootstrap.body.as_ref(), &bootstrap.headers, &known, now, &target.url);
        Ok(vec![target])
    }

    fn read(&self, source: &Source, target: &Target, captured: &CapturedPage<'_>) -> Reading {
        let charset = match (&self.detail, target.role.as_str()) {
            (Some(detail), "detail") => detail.charset,
            (_, "landing") => None,
            _ => self.request.charset,
        };
        let opened = Page::decode(captured, charset);
        // An adapter may know better than the status what a refusal means.
        if let Ok((page, _)) = &opened
            && let Some(outcome) = self.refused(source, target, captured.exchange.status, page)
        {
            return Reading::nothing(outcome);
        }
        if let Some(outcome) = page::refusal(captured.exchange) {
            return Reading::nothing(outcome);
        }
        let (page, mut problems) = match opened {
            Ok(opened) => opened,
            Err(reading) => return *reading,
        };
        if let Some(outcome) = page::refusal_in_words(&page.text) {
            return Reading { problems, ..Reading::nothing(outcome) };
        }
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

    fn read_page(&self, source: &Source, target: &Target, page: &Page<'_>) -> Reading {
        let known = self.known(source, target);
        let (kind, unwrap) = match (target.role.as_str(), &self.detail, &self.bootstrap) {
            ("detail", Some(Detail { reads: DetailReads::Article, .. }), _) => {
                return article(source, target, page);
            }
            ("detail", Some(Detail { reads: DetailReads::Fields(kind, _), unwrap, .. }), _) => {
                (*kind, unwrap)
            }
            ("bootstrap", _, Some(bootstrap)) => (self.kind, &bootstrap.unwrap),
            _ => (self.kind, &self.request.unwrap),
        };
        let (document, problems) = match document::open(kind, unwrap, page) {
            Ok(opened) => opened,
            Err(field) => return Reading::nothing(RunOutcome::ShapeChanged { field }),
        };
        let scope = scope(&document, page, &known, source);
        let mut reading = match (target.role.as_str(), &self.detail) {
            ("detail", Some(Detail { reads: DetailReads::Fields(_, item), .. })) => {
                self.read_detail(&scope, target, item)
            }
            ("bootstrap", _) => self.read_bootstrap(&scope, source, known.clone()),
            _ => self.read_list(&scope, source, target),
        };
        reading.problems.splice(0..0, problems);
        reading
    }
}

impl Adapter {
    /// The address at which a source with these settings begins; what is known only when it is fetched stays as
    /// placeholders.
    ///
    /// # Errors
    /// A parameter is missing or of the wrong form.
    pub fn address(&self, settings: &BTreeMap<String, String>) -> Result<String, Problem> {
        let known = self.values(settings)?;
        Ok(self.request.url.fill(Writing::Url, &|piece| match piece {
            super::template::Piece::Name(name) => known.get(name).cloned(),
            _ => None,
        }))
    }

    /// Whether the credential goes to `url`.
    pub(super) fn sends_credential_to(&self, url: &str) -> bool {
        let host = Url::parse(url).ok().filter(|url| url.scheme() == "https");
        let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
        self.credential.is_some() && self.hosts.iter().any(|allowed| is_host(allowed, host, &BTreeMap::new()))
    }

    /// Parameters of the source with their defaults.
    fn values(&self, settings: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Problem> {
        let mut values = BTreeMap::new();
        for parameter in &self.parameters {
            let given =
                settings.get(&parameter.name).map(|value| value.trim()).filter(|value| !value.is_empty());
            let Some(value) = given.or(parameter.default.as_deref()) else {
                let message = format!(
                    "{} needs the setting `{}` ({}), for example {}={}",
                    self.id, parameter.name, parameter.help, parameter.name, parameter.example
                );
                return Err(Problem::new("missing-setting", message));
            };
            if parameter.matches.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
                let message = format!(
                    "the setting `{}` of {} cannot be `{value}`; for example {}={}",
                    parameter.name, self.id, parameter.name, parameter.example
                );
                return Err(Problem::new("wrong-setting", message));
            }
            values.insert(parameter.name.clone(), value.to_owned());
        }
        Ok(values)
    }

    fn known(&self, source: &Source, target: &Target) -> BTreeMap<String, String> {
        let mut known = self.values(&source.settings).unwrap_or_default();
        known.extend(target.known.iter().map(|(name, value)| (name.clone(), value.clone())));
        known
    }

    /// The first address must be one of the adapter's hosts; another is allowed when no credential is needed, because
    /// then nothing can leak.
    fn check_entry(
        &self,
        source: &Source,
        known: &BTreeMap<String, String>,
        now: UnixMs,
    ) -> Result<(), Problem> {
        let url = self.filled(&Template::parse(&source.url), Writing::Url, source, known, now);
        let entry = settings::entry_url(&Source { url, ..source.clone() })?;
        let host = entry.host_str().unwrap_or_default();
        let own_choice = source.allowed_origins.contains(&entry.origin().ascii_serialization());
        if own_choice || self.hosts.iter().any(|allowed| is_host(allowed, host, known)) {
            return Ok(());
        }
        let message = format!("source `{}`: {host} is not a host of {}", source.id, self.id);
        Err(Problem::new("wrong-address", message))
    }

    fn filled(
        &self,
        template: &Template,
        writing: Writing,
        source: &Source,
        known: &BTreeMap<String, String>,
        now: UnixMs,
    ) -> String {
        template.fill(writing, &|piece| request_value(piece, known, source.id.as_str(), now))
    }

    fn ask(
        &self,
        source: &Source,
        body: Option<&Template>,
        headers: &[(String, Template)],
        known: &BTreeMap<String, String>,
        now: UnixMs,
        url: &str,
    ) -> Ask {
        let body = body.map(|body| {
            let is_json = matches!(body.pieces().first(), Some(super::template::Piece::Text(text)) if text.starts_with(['{', '[']));
            self.filled(body, if is_json { Writing::Json } else { Writing::Url }, source, known, now)
        });
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), self.filled(value, Writing::Plain, source, known, now)));
        let credential = self.credential.as_ref().filter(|_| self.sends_credential_to(url));
        Ask {
            body,
            headers: headers.collect(),
            credential: credential.map(|credential| CredentialUse {
                name: credential.name.clone(),
                header: credential.header.clone(),
                prefix: credential.prefix.clone(),
            }),
            min_interval_ms: self.min_interval_ms,
        }
    }

    /// The `nth` page of the list; `known` gets what it was asked with.
    fn list_target(
        &self,
        source: &Source,
        known: &mut BTreeMap<String, String>,
        nth: usize,
        now: UnixMs,
    ) -> Target {
        let mut set = None;
        if let Some(paginate) = &self.paginate {
            let number = paginate.start + paginate.step * (nth as u64 - 1);
            let name = match paginate.by {
                By::Page => Some("page"),
                By::Offset => Some("offset"),
                By::Cursor => {
                    known.entry("cursor".to_owned()).or_default();
                    None
                }
                By::Next => None,
            };
            known.extend(name.map(|name| (name.to_owned(), number.to_string())));
            let value = known.get(name.unwrap_or("cursor")).filter(|value| !value.is_empty()).cloned();
            set = paginate.param.clone().zip(value);
        }
        let mut url = self.filled(&Template::parse(&source.url), Writing::Url, source, known, now);
        // The first page is asked for as people do, without its number.
        if let Some((param, value)) = set.filter(|_| nth > 1) {
            url = with_query(&url, &param, &value);
        }
        self.list_page(source, url, nth, known, now)
    }

    fn list_page(
        &self,
        source: &Source,
        url: String,
        nth: usize,
        known: &BTreeMap<String, String>,
        now: UnixMs,
    ) -> Target {
        let purpose = if self.detail.is_some() { CapturePurpose::Discover } else { CapturePurpose::Page };
        let mut target = Target::new(url, purpose, &format!("list-{nth}"));
        let request = &self.request;
        target.ask = self.ask(source, request.body.as_ref(), &request.headers, known, now, &target.url);
        target.known = known.clone();
        target
    }

    fn read_bootstrap(
        &self,
        scope: &Scope<'_>,
        source: &Source,
        mut known: BTreeMap<String, String>,
    ) -> Reading {
        for (name, take) in self.bootstrap.iter().flat_map(|bootstrap| &bootstrap.take) {
            let Some(value) = take.first(scope, &scope.whole()) else {
                return Reading::nothing(RunOutcome::ShapeChanged { field: format!("bootstrap.{name}") });
            };
            known.insert(name.clone(), value);
        }
        let target = self.list_target(source, &mut known, 1, scope.page.captured_at);
        Reading { targets: vec![target], ..Reading::nothing(RunOutcome::Ok) }
    }

    /// What the answer says about itself, before it is read.
    fn refused(&self, source: &Source, target: &Target, status: u16, page: &Page<'_>) -> Option<RunOutcome> {
        if target.purpose == CapturePurpose::Landing || self.outcomes.is_empty() {
            return None;
        }
        let known = BTreeMap::new();
        let wants_document =
            self.outcomes.iter().flat_map(|(_, list)| list).any(|one| matches!(one, Condition::Path(..)));
        let is_list = target.role != "detail";
        let document = (wants_document && is_list)
            .then(|| document::open(self.kind, &self.request.unwrap, page).ok())
            .flatten();
        let scope = document.as_ref().map(|(document, _)| scope(document, page, &known, source));
        let (told, _) = self.outcomes.iter().find(|(_, conditions)| {
            conditions.iter().any(|condition| match condition {
                Condition::Status(wanted) => *wanted == status,
                Condition::Body(words) => page.text.contains(words.as_str()),
                Condition::Path(..) => {
                    scope.as_ref().is_some_and(|scope| scope.holds(condition, &scope.whole()))
                }
            })
        })?;
        Some(match told {
            Told::Gone => RunOutcome::Gone,
            Told::Blocked => RunOutcome::Blocked {
                why: format!("the answer is a refusal of {} (HTTP {status})", self.platform),
            },
            Told::LoginWall => RunOutcome::LoginWall,
            Told::RateLimited => RunOutcome::RateLimited,
            Told::Empty => RunOutcome::Empty,
        })
    }

    fn read_list(&self, scope: &Scope<'_>, source: &Source, target: &Target) -> Reading {
        let nth = page::number_in_role(target);
        let mut items: Vec<At<'_>> = Vec::new();
        if self.list.items.is_empty() {
            items.push(scope.whole());
        }
        for path in &self.list.items {
            items.extend(scope.items(path));
        }
        let mut reading = self.with_ads(scope, source);
        let more = self.more(scope, source, target);
        if items.is_empty() && more.is_empty() {
            let has_list = self.list.items.iter().any(|path| path.has_container(scope.document))
                || self.list.container.as_ref().is_some_and(|path| !scope.items(path).is_empty());
            let field = self.list.items.first().map_or("items", |path| path.text());
            reading.outcome = match has_list && (self.health.min_items == 0 || nth > 1) {
                true => RunOutcome::Empty,
                false => RunOutcome::ShapeChanged { field: field.to_owned() },
            };
            return reading;
        }
        let n_found = items.len();
        items.retain(|item| self.list.conditions.iter().all(|condition| scope.holds(condition, item)));
        let mut counted = Counted::default();
        let mut seen = BTreeSet::new();
        let mut details = Vec::new();
        for item in &items {
            let fields = Fields::read(&self.item, scope, item);
            if let Some(field) = fields.missing(&self.health.required) {
                counted.miss(field, &item.locator());
                continue;
            }
            match &self.detail {
                None => counted.add(fields.draft(self.gives, item.locator())),
                Some(detail) => match self.detail_target(detail, scope, item, &fields, source) {
                    Ok(target) if seen.insert((target.url.clone(), target.ask.body.clone())) => {
                        details.push(target)
                    }
                    Ok(_) => {}
                    Err(None) => counted.miss("url", &item.locator()),
                    Err(Some(foreign)) => counted.problems.push(foreign),
                },
            }
        }
        let limit = settings::number(source, &LIMIT).unwrap_or_default();
        if details.len() > limit {
            let message = format!("the list leads to {} pages; the first {limit} are read", details.len());
            counted.problems.push(Problem::new("over-limit", message));
            details.truncate(limit);
        }
        let is_empty =
            counted.drafts.is_empty() && details.is_empty() && more.is_empty() && counted.n_wordless == 0;
        let outcome = counted.outcome(self, n_found, items.len(), nth, is_empty);
        let goes_on = !items.is_empty() && target.role.starts_with("list-");
        let next =
            self.paginate.as_ref().filter(|_| goes_on).and_then(|paginate| {
                self.next_page(paginate, scope, source, target, nth, &mut counted.problems)
            });
        if let Some(problem) = counted.wordless() {
            counted.problems.push(problem);
        }
        reading.drafts.splice(0..0, counted.drafts);
        reading.targets.splice(0..0, details.into_iter().chain(more).chain(next));
        reading.problems.splice(0..0, counted.problems);
        // Ads around an empty list are a success of their own.
        reading.outcome =
            if outcome == RunOutcome::Empty && !reading.drafts.is_empty() { RunOutcome::Ok } else { outcome };
        reading
    }

    /// The ad slots and native ads of a page, when the adapter wants them.
    fn with_ads(&self, scope: &Scope<'_>, source: &Source) -> Reading {
        match scope.document {
            Document::Html(tree) if self.list.ads => {
                let slots = crate::extract::ad_block::ad_slots(tree, &scope.page.url, scope.page.filters);
                news_site::with_slots(source, scope.page, slots, Vec::new())
            }
            _ => Reading::nothing(RunOutcome::Ok),
        }
    }

    /// Further pages of the same form that the first one names.
    fn more(&self, scope: &Scope<'_>, source: &Source, target: &Target) -> Vec<Target> {
        let Some(take) = self.list.more.as_ref().filter(|_| target.role == "list-1") else {
            return Vec::new();
        };
        let mut seen = BTreeSet::from([target.url.clone()]);
        let urls = take
            .values(scope, &scope.whole())
            .into_iter()
            .filter_map(|href| html::resolve(&scope.base, &href));
        urls.filter(|url| seen.insert(url.clone()) && self.may_ask(url, source, scope.known))
            .take(MAX_MORE)
            .map(|url| {
                let mut more = self.list_page(source, url, 1, scope.known, scope.page.captured_at);
                more.role = "more".to_owned();
                more
            })
            .collect()
    }

    fn next_page(
        &self,
        paginate: &Paginate,
        scope: &Scope<'_>,
        source: &Source,
        target: &Target,
        nth: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Target> {
        let wanted = match source.settings.contains_key(PAGES.name) {
            true => settings::number(source, &PAGES).unwrap_or(1),
            false => paginate.pages,
        };
        if nth >= wanted.min(paginate.max) {
            return None;
        }
        let mut known = scope.known.clone();
        let now = scope.page.captured_at;
        let next = paginate.next.as_ref().map(|take| take.first(scope, &scope.whole()));
        match (paginate.by, next) {
            (By::Page | By::Offset, _) => Some(self.list_target(source, &mut known, nth + 1, now)),
            (By::Cursor, Some(Some(cursor))) if known.get("cursor") != Some(&cursor) => {
                known.insert("cursor".to_owned(), cursor);
                Some(self.list_target(source, &mut known, nth + 1, now))
            }
            (By::Next, Some(Some(href))) => {
                let url = html::resolve(&scope.base, &href).filter(|url| *url != target.url)?;
                if self.may_ask(&url, source, scope.known) {
                    return Some(self.list_page(source, url, nth + 1, &known, now));
                }
                problems.push(Problem::new(
                    "foreign-host",
                    format!("the next page {url} is not on a host of {}", self.id),
                ));
                None
            }
            _ => None,
        }
    }

    /// The page behind an item.
    ///
    /// # Errors
    /// The item does not say where it is, or it is on a host that may not be asked, which is a problem of its own.
    fn detail_target<'d>(
        &self,
        detail: &Detail,
        scope: &Scope<'d>,
        item: &At<'d>,
        fields: &Fields,
        source: &Source,
    ) -> Result<Target, Option<Problem>> {
        let href = match &detail.url {
            Some(take) => take.first(scope, item),
            None => fields.url.clone(),
        };
        let url = href.and_then(|href| html::resolve(&scope.base, &href)).ok_or(None)?;
        if !self.may_ask(&url, source, scope.known) {
            let message = format!("{url} is not on a host of {} and is not read", self.id);
            return Err(Some(Problem::new("foreign-host", message)));
        }
        let mut target = Target::new(url, CapturePurpose::Page, "detail");
        target.ask.min_interval_ms = self.min_interval_ms;
        if matches!(detail.reads, DetailReads::Fields(..)) {
            let headers = &self.request.headers;
            target.ask = self.ask(source, None, headers, scope.known, scope.page.captured_at, &target.url);
            target.ask.body = detail.body.as_ref().and_then(|body| body.first(scope, item));
        }
        target.known = scope.known.clone();
        target.known.extend(fields.told().map(|(name, value)| (format!("{FROM_LIST}{name}"), value)));
        Ok(target)
    }

    fn read_detail(&self, scope: &Scope<'_>, target: &Target, item: &Item) -> Reading {
        let whole = scope.whole();
        let mut fields = Fields::read(item, scope, &whole);
        fields.fill_from(&target.known);
        if let Some(field) = fields.missing(&self.health.required) {
            return Reading::nothing(RunOutcome::ShapeChanged { field: field.to_owned() });
        }
        match fields.draft(self.gives, whole.locator()) {
            Some(draft) => Reading { drafts: vec![draft], ..Reading::nothing(RunOutcome::Ok) },
            None => Reading::nothing(RunOutcome::ShapeChanged { field: "text".to_owned() }),
        }
    }

    fn may_ask(&self, url: &str, source: &Source, known: &BTreeMap<String, String>) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        let same_as_entry = Url::parse(&source.url).is_ok_and(|entry| entry.origin() == url.origin());
        same_as_entry
            || self.hosts.iter().any(|allowed| is_host(allowed, url.host_str().unwrap_or_default(), known))
    }
}

fn article(source: &Source, target: &Target, page: &Page<'_>) -> Reading {
    let mut reading = news_site::read_article(source, page);
    let mut told = Fields::default();
    told.fill_from(&target.known);
    if let Some(draft) =
        reading.drafts.first_mut().filter(|draft| draft.kind == crate::domain::ad::AdKind::Article)
    {
        draft.published_at = draft.published_at.or(told.published);
        draft.publisher = draft.publisher.take().or(told.publisher);
    }
    reading
}

fn scope<'d>(
    document: &'d Document,
    page: &'d Page<'d>,
    known: &'d BTreeMap<String, String>,
    source: &'d Source,
) -> Scope<'d> {
    let base = match document {
        Document::Html(tree) => html::base_of(tree, &page.url),
        Document::Json(_) => page.url.clone(),
    };
    Scope { document, page, base, known, source: source.id.as_str() }
}

fn is_host(allowed: &Host, host: &str, known: &BTreeMap<String, String>) -> bool {
    match allowed {
        Host::Any => true,
        Host::Exact(name) => name.eq_ignore_ascii_case(host),
        Host::Below(name) => {
            host.eq_ignore_ascii_case(name)
                || host
                    .to_ascii_lowercase()
                    .strip_suffix(&name.to_ascii_lowercase())
                    .is_some_and(|head| head.ends_with('.'))
        }
        Host::Parameter(name) => known.get(name).is_some_and(|value| {
            let given = value.split("//").last().unwrap_or_default();
            given.split(['/', ':']).next().is_some_and(|name| name.eq_ignore_ascii_case(host))
        }),
    }
}

fn with_query(url: &str, name: &str, value: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    let others: Vec<(String, String)> =
        parsed.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
    parsed.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
    parsed.into()
}
