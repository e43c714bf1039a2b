//! From the form of a file to an adapter, with every mistake shown at its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use regex::Regex;
use toml::Spanned;

use super::document::DocumentKind;
use super::path::{CssPath, JsonPath};
use super::run::FIELDS;
use super::syntax::{
    AdapterForm, ConditionForm, DetailForm, ItemForm, PaginateForm, ParameterForm, Paths, TakeForm,
};
use super::take::{Origin, PAGE_URL, Path, Take};
use super::template::{LATE, Piece, Template, Writing};
use super::transform::Transform;
use super::unwrap::Unwrap;
use super::{
    Adapter, Bootstrap, By, Condition, Credential, Detail, DetailReads, Expect, Health, Host, Item, List,
    Paginate, Parameter, Request, Shape, Told,
};
use crate::domain::ad::AdKind;
use crate::domain::source::{AdapterId, SourceKind};
use crate::kit::diagnostic::{Diagnostic, Level, Place, TextFile};

type Text = Spanned<String>;

/// Charsets that may be set.
const CHARSETS: [&str; 4] = ["auto", "utf-8", "gb18030", "big5"];

/// Reads one adapter file; `None` when it has mistakes.
pub fn load(file: &TextFile) -> (Option<Adapter>, Vec<Diagnostic>) {
    let form = match toml::from_str::<AdapterForm>(&file.text) {
        Ok(form) => form,
        Err(error) => {
            let is_toml = toml::from_str::<toml::Table>(&file.text).is_ok();
            let place = Place { file: 0, span: error.span().unwrap_or_default() };
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            let code = if is_toml { "A002" } else { "A001" };
            let mistake =
                Diagnostic::new(code, Level::Error, std::slice::from_ref(file), &place, message, "here");
            return (None, vec![mistake]);
        }
    };
    let mut checker = Checker {
        file,
        diagnostics: Vec::new(),
        parameters: form.parameters.keys().map(|name| name.get_ref().clone()).collect(),
        given: form
            .bootstrap
            .iter()
            .flat_map(|boot| boot.take.keys().map(|name| name.get_ref().clone()))
            .collect(),
        used: BTreeSet::new(),
    };
    let adapter = checker.adapter(form);
    // What could not be read is missing elsewhere; saying so twice helps nobody.
    if checker.diagnostics.iter().any(|mistake| matches!(mistake.code, "A005" | "A006" | "A010")) {
        checker.diagnostics.retain(|mistake| !matches!(mistake.code, "A016" | "A017"));
    }
    checker.diagnostics.sort_by_key(|mistake| (mistake.span.start, mistake.code));
    let is_broken = checker.diagnostics.iter().any(Diagnostic::is_error);
    (adapter.filter(|_| !is_broken), checker.diagnostics)
}

struct Checker<'f> {
    file: &'f TextFile,
    diagnostics: Vec<Diagnostic>,
    parameters: BTreeSet<String>,
    given: BTreeSet<String>,
    /// Placeholders that some template uses.
    used: BTreeSet<String>,
}

impl Checker<'_> {
    fn adapter(&mut self, form: AdapterForm) -> Option<Adapter> {
        let about = form.adapter;
        let id = self.id(&about.id);
        let kind = self.word(&about.kind, &DocumentKind::ALL.map(|kind| (kind.as_str(), kind)));
        let gives = self.word(&about.gives, &AdKind::ALL.map(|kind| (kind.as_str(), kind)));
        let shape = self.word(&about.shape, &Shape::ALL.map(|shape| (shape.as_str(), shape)));
        let hosts = self.hosts(&about.hosts);
        let kind = kind?;
        let parameters = self.parameters(&form.parameters);
        let credential = form.credential.map(|form| {
            self.check_header(&form.header);
            if !crate::kit::id::is_valid(form.name.get_ref()) {
                let message = format!("`{}` cannot name a credential", form.name.get_ref());
                self.error("A018", form.name.span(), message, "use a-z 0-9 . _ -", None);
            }
            if hosts.iter().any(|host| matches!(host, Host::Any | Host::Parameter(_))) {
                let help = "name every host that may get it, as \"api.example.com\" or \"*.example.com\"";
                let message = "a credential could be sent to any host".to_owned();
                self.error(
                    "A009",
                    about.hosts.span(),
                    message,
                    "too wide for a credential",
                    Some(help.to_owned()),
                );
            }
            Credential {
                name: form.name.into_inner(),
                header: form.header.into_inner().to_ascii_lowercase(),
                prefix: form.prefix,
                help: form.help.into_inner(),
            }
        });
        let url_span = form.request.url.span();
        let request = Request {
            url: self.address(&form.request.url, &hosts),
            url_text: form.request.url.get_ref().clone(),
            body: form.request.body.as_ref().map(|body| self.template(body)),
            headers: self.headers(&form.request.headers),
            charset: form.request.charset.as_ref().and_then(|charset| self.charset(charset)),
            unwrap: self.unwraps(&form.request.unwrap),
        };
        let bootstrap = form.bootstrap.map(|boot| Bootstrap {
            url: self.address(&boot.url, &hosts),
            body: boot.body.as_ref().map(|body| self.template(body)),
            headers: self.headers(&boot.headers),
            unwrap: self.unwraps(&boot.unwrap),
            take: boot
                .take
                .iter()
                .filter_map(|(name, take)| Some((name.get_ref().clone(), self.take(take, kind)?)))
                .collect(),
        });
        let told = form.outcome;
        let outcomes = [
            (Told::Gone, told.gone),
            (Told::LoginWall, told.login_wall),
            (Told::RateLimited, told.rate_limited),
            (Told::Blocked, told.blocked),
            (Told::Empty, told.empty),
        ];
        let outcomes = outcomes
            .into_iter()
            .map(|(told, list)| {
                (told, list.iter().filter_map(|form| self.condition(form, kind, true)).collect::<Vec<_>>())
            })
            .filter(|(_, list)| !list.is_empty())
            .collect();
        let paginate = form.paginate.and_then(|form| self.paginate(form, kind, &request, &url_span));
        let list = List {
            items: form.list.items.as_ref().map(|paths| self.paths(paths, kind)).unwrap_or_default(),
            container: form
                .list
                .container
                .as_ref()
                .and_then(|path| self.path(path.get_ref(), path.span(), kind)),
            conditions: form
                .list
                .conditions
                .iter()
                .filter_map(|form| self.condition(form, kind, false))
                .collect(),
            more: form.list.more.as_ref().and_then(|take| self.take(take, kind)),
            ads: self.only_in_pages("ads", form.list.ads.as_ref(), kind),
        };
        let item_span = form.item.span();
        let item = self.item(form.item.into_inner(), kind);
        let detail = form.detail.and_then(|form| self.detail(form, kind));
        let has_words = !item.text.is_empty() || item.title.is_some();
        let detail_words = match &detail {
            None => has_words,
            Some(Detail { reads: DetailReads::Article, .. }) => true,
            Some(Detail { reads: DetailReads::Fields(_, item), .. }) => !item.text.is_empty(),
        };
        if !detail_words {
            let help = "add text = [{ path = \"…\" }]: what it says is what is judged".to_owned();
            self.error(
                "A017",
                item_span.clone(),
                "items have no words".to_owned(),
                "no `text` here",
                Some(help),
            );
        }
        if let Some(detail) = &detail
            && detail.url.is_none()
            && item.url.is_none()
        {
            self.error(
                "A016",
                item_span,
                "the list does not say where its pages are".to_owned(),
                "no `url` here",
                None,
            );
        }
        let health = Health {
            required: form
                .health
                .required
                .iter()
                .filter_map(|name| self.required(name, &item, detail.as_ref()))
                .collect(),
            max_missing: form.health.max_missing.as_ref().map_or(0.3, |share| self.share(share)),
            min_items: form.health.min_items.unwrap_or(0),
        };
        let used = self.used.clone();
        for name in form.parameters.keys().filter(|name| !used.contains(name.get_ref())) {
            let message = format!("nothing uses the parameter `{}`", name.get_ref());
            let help = format!("write {{{}}} where its value belongs, or take it out", name.get_ref());
            self.mistakes(Level::Warning, "A012", name.span(), message, "not used", Some(help));
        }
        let examples: BTreeMap<&str, &str> = parameters
            .iter()
            .map(|parameter| (parameter.name.as_str(), parameter.example.as_str()))
            .collect();
        let example_url = request.url.fill(Writing::Url, &|piece| match piece {
            Piece::Name(name) => examples.get(name.as_str()).map(|value| (*value).to_owned()),
            _ => None,
        });
        Some(Adapter {
            id: id?,
            version: *about.version.get_ref(),
            title: about.title.into_inner(),
            about: about.about.into_inner(),
            platform: about.platform.into_inner(),
            shape: shape?,
            credential,
            parameters,
            kind,
            gives: gives?,
            hosts,
            request,
            bootstrap,
            outcomes,
            paginate,
            min_interval_ms: form.politeness.min_interval_ms.map_or(0, Spanned::into_inner),
            list,
            item,
            detail,
            health,
            example_url,
        })
    }

    fn id(&mut self, id: &Text) -> Option<AdapterId> {
        let name = id.get_ref();
        let stem =
            self.file.path.rsplit('/').next().unwrap_or_default().strip_suffix(".toml").unwrap_or_default();
        let parsed = AdapterId::parse(name).ok();
        let is_taken = SourceKind::BUILT_IN.iter().any(|kind| kind.as_str() == name);
        let (message, help) = match &parsed {
            None => (format!("`{name}` cannot name an adapter"), "use a-z 0-9 . _ -".to_owned()),
            Some(_) if is_taken => {
                (format!("`{name}` is a kind that is built in"), "choose another name".to_owned())
            }
            Some(_) if name != stem => (
                format!("`{name}` is not the name of the file"),
                format!("write id = \"{stem}\", or rename the file"),
            ),
            Some(_) => return parsed,
        };
        self.error("A003", id.span(), message, "here", Some(help));
        None
    }

    fn word<T: Copy>(&mut self, text: &Text, known: &[(&'static str, T)]) -> Option<T> {
        let found = known.iter().find(|(name, _)| name == text.get_ref()).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let message = format!("`{}` is not known here", text.get_ref());
            self.error(
                "A004",
                text.span(),
                message,
                "not known",
                Some(format!("known: {}", names.join(", "))),
            );
        }
        found
    }

    fn charset(&mut self, text: &Text) -> Option<&'static str> {
        self.word(text, &CHARSETS.map(|name| (name, name))).filter(|name| *name != "auto")
    }

    fn hosts(&mut self, hosts: &Spanned<Vec<Text>>) -> Vec<Host> {
        if hosts.get_ref().is_empty() {
            let help = "name the hosts that may be asked, as [\"api.example.com\"]".to_owned();
            self.error("A009", hosts.span(), "no host may be asked".to_owned(), "empty", Some(help));
        }
        let mut read = Vec::new();
        for host in hosts.get_ref() {
            let text = host.get_ref().as_str();
            let parameter = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            let is_name = |name: &str| {
                url::Url::parse(&format!("http://{name}/")).is_ok_and(|url| url.host_str() == Some(name))
            };
            match (text, parameter, text.strip_prefix("*.")) {
                ("*", ..) => read.push(Host::Any),
                (_, Some(name), _) if self.parameters.contains(name) => {
                    read.push(Host::Parameter(name.to_owned()))
                }
                (_, _, Some(name)) if is_name(name) => read.push(Host::Below(name.to_owned())),
                (name, None, None) if is_name(name) => read.push(Host::Exact(name.to_owned())),
                _ => {
                    let help =
                        "write \"api.example.com\", \"*.example.com\", \"{parameter}\", or \"*\" for any";
                    let message = format!("`{text}` is not a host");
                    self.error("A009", host.span(), message, "no host", Some(help.to_owned()));
                }
            }
        }
        read
    }

    fn parameters(&mut self, forms: &BTreeMap<Text, ParameterForm>) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        for (name, form) in forms {
            let text = name.get_ref();
            let is_name = text.starts_with(|c: char| c.is_ascii_lowercase())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_name
                || LATE.contains(&text.as_str())
                || ["pages", "limit", "max_landings"].contains(&text.as_str())
            {
                let message = format!("`{text}` cannot name a parameter");
                let help = format!(
                    "use a-z 0-9 _; {}, pages, limit and max_landings have a meaning of their own",
                    LATE.join(", ")
                );
                self.error("A012", name.span(), message, "not a name", Some(help));
            }
            let matches = form.matches.as_ref().and_then(|pattern| self.regex(pattern));
            for value in std::iter::once(&form.example).chain(&form.default) {
                let fits = matches.as_ref().is_none_or(|pattern| pattern.is_match(value.get_ref()));
                if !fits || value.get_ref().trim().is_empty() && value.get_ref() == form.example.get_ref() {
                    let message = format!("`{}` is not a value that `{text}` may have", value.get_ref());
                    self.error("A012", value.span(), message, "does not fit `matches`", None);
                }
            }
            parameters.push(Parameter {
                name: text.clone(),
                help: form.help.clone(),
                example: form.example.get_ref().clone(),
                default: form.default.as_ref().map(|value| value.get_ref().clone()),
                unit: form.unit.clone(),
                matches,
            });
        }
        parameters
    }

    fn address(&mut self, url: &Text, hosts: &[Host]) -> Template {
        let template = self.template(url);
        let host = match template.pieces() {
            [Piece::Name(_), ..] => return template,
            [Piece::Text(text), rest @ ..] => {
                let after = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
                match (after, rest.first()) {
                    (Some(""), Some(Piece::Name(name))) => Host::Parameter(name.clone()),
                    (Some(after), _) if !after.is_empty() => {
                        let host = after.split(['/', '?', ':']).next().unwrap_or_default();
                        if host.len() == after.len() && !rest.is_empty() {
                            Host::Any
                        } else {
                            Host::Exact(host.to_owned())
                        }
                    }
                    _ => Host::Any,
                }
            }
            _ => Host::Any,
        };
        let allowed = match &host {
            Host::Exact(name) => hosts.iter().any(|allowed| match allowed {
                Host::Any => true,
                Host::Exact(other) => other == name,
                Host::Below(other) => {
                    name == other || name.strip_suffix(other.as_str()).is_some_and(|head| head.ends_with('.'))
                }
                Host::Parameter(_) => false,
            }),
            Host::Parameter(_) => hosts.contains(&host) || hosts.contains(&Host::Any),
            Host::Any | Host::Below(_) => false,
        };
        if !allowed {
            let (message, help) = match host {
                Host::Exact(name) => {
                    (format!("{name} is not one of `hosts`"), format!("add \"{name}\" to hosts in [adapter]"))
                }
                Host::Parameter(name) => (
                    format!("the host that `{name}` gives is not one of `hosts`"),
                    format!("add \"{{{name}}}\" to hosts in [adapter]"),
                ),
                _ => (
                    "this does not begin with http:// or https:// and a host".to_owned(),
                    "write https://api.example.com/…, or {url}".to_owned(),
                ),
            };
            self.error("A009", url.span(), message, "may not be asked", Some(help));
        }
        template
    }

    fn template(&mut self, text: &Text) -> Template {
        let template = Template::parse(text.get_ref());
        for piece in template.pieces() {
            match piece {
                Piece::Name(name) => {
                    self.used.insert(name.clone());
                    if !(self.parameters.contains(name)
                        || self.given.contains(name)
                        || LATE.contains(&name.as_str()))
                    {
                        let known: Vec<&str> = self
                            .parameters
                            .iter()
                            .chain(&self.given)
                            .map(String::as_str)
                            .chain(LATE.iter().copied())
                            .collect();
                        let message = format!("nothing fills {{{name}}}");
                        let help = format!("known: {}, date(%Y%m)", known.join(", "));
                        self.error("A008", text.span(), message, "unknown placeholder", Some(help));
                    }
                }
                Piece::Path(path) => {
                    let message = format!("{{{path}}} is a path, and a request has no item");
                    self.error("A008", text.span(), message, "unknown placeholder", None);
                }
                Piece::Date(format)
                    if jiff::fmt::strtime::format(format, jiff::civil::date(2026, 11, 23)).is_err() =>
                {
                    let message = format!("`{format}` is not a form of dates");
                    self.error("A008", text.span(), message, "write it as {date(%Y-%m-%d)}", None);
                }
                Piece::Date(_) | Piece::Text(_) => {}
            }
        }
        template
    }

    fn headers(&mut self, forms: &BTreeMap<Text, Text>) -> Vec<(String, Template)> {
        let mut headers = Vec::new();
        for (name, value) in forms {
            self.check_header(name);
            headers.push((name.get_ref().to_ascii_lowercase(), self.template(value)));
        }
        headers
    }

    fn check_header(&mut self, name: &Text) {
        let text = name.get_ref().to_ascii_lowercase();
        let is_token =
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        // These say who asks and how the answer is framed; the one client for all requests decides them.
        let is_ours =
            ["host", "user-agent", "content-length", "transfer-encoding", "accept-encoding", "connection"];
        if !is_token || is_ours.contains(&text.as_str()) {
            let message = format!("the header `{}` cannot be set", name.get_ref());
            let help = format!("never {}: requests are honest about who sends them", is_ours.join(", "));
            self.error("A018", name.span(), message, "not here", Some(help));
        }
    }

    fn unwraps(&mut self, texts: &[Text]) -> Vec<Unwrap> {
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

    fn regex(&mut self, pattern: &Text) -> Option<Regex> {
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

    fn path(&mut self, text: &str, span: Range<usize>, kind: DocumentKind) -> Option<Path> {
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

    fn paths(&mut self, paths: &Spanned<Paths>, kind: DocumentKind) -> Vec<Path> {
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

    fn take(&mut self, form: &Spanned<TakeForm>, kind: DocumentKind) -> Option<Take> {
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
    fn item_template(&mut self, text: &Text, kind: DocumentKind) -> Origin {
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

    fn item(&mut self, form: ItemForm, kind: DocumentKind) -> Item {
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

    fn detail(&mut self, form: DetailForm, list_kind: DocumentKind) -> Option<Detail> {
        let mut kinds: Vec<(&'static str, Option<DocumentKind>)> =
            DocumentKind::ALL.iter().map(|kind| (kind.as_str(), Some(*kind))).collect();
        kinds.insert(0, ("article", None));
        let kind = self.word(&form.kind, &kinds)?;
        // Where the page is, is said by the list, whose kind may be another.
        let url = form.url.as_ref().and_then(|take| self.take(take, list_kind));
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
        Some(Detail { url, charset, unwrap, reads })
    }

    fn condition(
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
            (None, None, Some(path), 1) => {
                Some(Condition::Path(self.path(path.get_ref(), path.span(), kind)?, expects.remove(0)))
            }
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

    fn paginate(
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

    fn only_in_pages(&mut self, key: &str, value: Option<&Spanned<bool>>, kind: DocumentKind) -> bool {
        if let Some(value) = value.filter(|_| kind != DocumentKind::Html) {
            let message = format!("`{key}` has no meaning for {}", kind.as_str());
            self.error("A015", value.span(), message, "only for html", None);
        }
        value.is_some_and(|value| *value.get_ref())
    }

    fn required(&mut self, name: &Text, item: &Item, detail: Option<&Detail>) -> Option<String> {
        let reads = |item: &Item| match name.get_ref().as_str() {
            "id" => item.id.is_some(),
            "url" => item.url.is_some(),
            "title" => item.title.is_some(),
            "text" => !item.text.is_empty(),
            "published" => item.published.is_some(),
            "publisher" => item.publisher.is_some(),
            "advertiser" => item.advertiser.is_some(),
            "label" => item.label.is_some(),
            "landing" => item.landing.is_some(),
            "images" => !item.images.is_empty(),
            _ => false,
        };
        let of_detail =
            matches!(detail, Some(Detail { reads: DetailReads::Fields(_, item), .. }) if reads(item));
        if !FIELDS.contains(&name.get_ref().as_str()) {
            let message = format!("`{}` is not a field", name.get_ref());
            self.error(
                "A016",
                name.span(),
                message,
                "unknown",
                Some(format!("known: {}", FIELDS.join(", "))),
            );
            return None;
        }
        if !reads(item) && !of_detail {
            let message = format!("`{}` is required, and nothing reads it", name.get_ref());
            let help = format!("add {} to [item]", name.get_ref());
            self.error("A016", name.span(), message, "never there", Some(help));
            return None;
        }
        Some(name.get_ref().clone())
    }

    fn share(&mut self, share: &Spanned<f64>) -> f64 {
        if !(0.0..=1.0).contains(share.get_ref()) {
            let message = format!("{} is not between 0 and 1", share.get_ref());
            self.error("A011", share.span(), message, "out of range", None);
        }
        *share.get_ref()
    }

    fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: String,
        label: &str,
        help: Option<String>,
    ) {
        self.mistakes(Level::Error, code, span, message, label, help);
    }

    fn mistakes(
        &mut self,
        level: Level,
        code: &'static str,
        span: Range<usize>,
        message: String,
        label: &str,
        help: Option<String>,
    ) {
        let place = Place { file: 0, span };
        let mistake = Diagnostic::new(code, level, std::slice::from_ref(self.file), &place, message, label);
        self.diagnostics.push(match help {
            Some(help) => mistake.with_help(help),
            None => mistake,
        });
    }
}

/// `message; known: a, b` → message and help.
fn split_help(why: &str) -> (String, Option<String>) {
    match why.split_once("; known: ") {
        Some((message, known)) => (message.to_owned(), Some(format!("known: {known}"))),
        None => (why.to_owned(), None),
    }
}
