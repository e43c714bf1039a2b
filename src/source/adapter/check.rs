//! From the form of a file to an adapter, with every mistake shown at its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;

use super::document::DocumentKind;
use super::fields::FIELDS;
use super::syntax::{AdapterForm, ParameterForm};
use super::template::{LATE, Piece, Template, Writing};
use super::{
    Adapter, Bootstrap, Credential, Detail, DetailReads, Health, Host, Item, List, Parameter, Request, Shape,
    Told,
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

pub(super) struct Checker<'f> {
    pub(super) file: &'f TextFile,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) parameters: BTreeSet<String>,
    pub(super) given: BTreeSet<String>,
    /// Placeholders that some template uses.
    pub(super) used: BTreeSet<String>,
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

    pub(super) fn word<T: Copy>(&mut self, text: &Text, known: &[(&'static str, T)]) -> Option<T> {
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

    pub(super) fn charset(&mut self, text: &Text) -> Option<&'static str> {
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

    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: String,
        label: &str,
        help: Option<String>,
    ) {
        self.mistakes(Level::Error, code, span, message, label, help);
    }

    pub(super) fn mistakes(
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
