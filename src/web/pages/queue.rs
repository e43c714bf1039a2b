//! The queue: what waits, what is worst, why, in its own words.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use serde::Deserialize;

use super::asked::Asked;
use super::words::{self, Excerpt, SeverityShown};
use crate::domain::finding::{Assessment, FindingId, FindingState};
use crate::domain::hit::Severity;
use crate::domain::review::DismissReason;
use crate::domain::source::SourceId;
use crate::kit::redact;
use crate::web::Site;
use crate::web::desk::{QueueFilter, QueueItem, SourceLine};
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, html, shorten, visible};
use crate::web::session::Flash;

const PAGE_SIZE: u32 = 30;

#[derive(Template)]
#[template(path = "queue.html")]
struct Page {
    frame: Frame,
    tabs: Vec<Tab>,
    views: Vec<ViewLine>,
    state: String,
    severities: Vec<SelectOption>,
    sources: Vec<SelectOption>,
    rules: Vec<SelectOption>,
    asked: Fields,
    query: String,
    is_filtered: bool,
    is_detailed: bool,
    is_first: bool,
    may_bulk: bool,
    bulk_choices: Vec<(String, &'static str)>,
    first_href: String,
    next_href: Option<String>,
    rows: Vec<Row>,
}

/// What was typed, shown again.
struct Fields {
    text: String,
    party: String,
    contact: String,
    host: String,
    from: String,
    until: String,
}

struct Tab {
    name: &'static str,
    count: String,
    href: String,
    current: bool,
}

struct ViewLine {
    id: String,
    name: String,
    href: String,
    current: bool,
}

struct SelectOption {
    value: String,
    name: String,
    selected: bool,
}

/// A finding as lists show it.
pub struct Row {
    pub id: String,
    pub href: String,
    pub version: u64,
    pub title: String,
    pub severity: SeverityShown,
    pub priority: &'static str,
    pub priority_class: &'static str,
    pub state: &'static str,
    pub state_class: &'static str,
    pub kind: &'static str,
    pub publisher: String,
    /// Where it was last seen.
    pub source: String,
    /// Who works on it, and until when.
    pub holder: Option<(String, When)>,
    pub categories: Vec<String>,
    pub excerpts: Vec<Excerpt>,
    pub n_more: usize,
    pub reasons: String,
    pub first_seen: When,
    pub last_seen: When,
    pub n_sightings: u64,
}

/// `GET /`.
pub async fn start() -> Redirect {
    Redirect::to("/queue")
}

/// Query of [`go`].
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    to: Option<String>,
}

/// `GET /go`: to the finding of an identifier or of one of our addresses; any other words are searched for.
pub async fn go(Query(wanted): Query<Wanted>) -> Redirect {
    let to = wanted.to.unwrap_or_default();
    let word = to.trim().split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    match FindingId::parse(word) {
        Ok(id) if word.starts_with("f-") => Redirect::to(&format!("/findings/{id}")),
        _ => {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("state", "all")
                .append_pair("q", &shorten(to.trim(), 100))
                .finish();
            Redirect::to(&format!("/queue?{query}"))
        }
    }
}

/// `GET /queue`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let session = visit.logged_in()?;
    let wanted = asked.filter();
    let filter = QueueFilter { wanted: wanted.clone(), after: asked.after.clone(), limit: PAGE_SIZE };
    let found = site.desk.queue(&session.actor, &filter).await?;
    let sources = site.desk.sources().await?;
    let lang = visit.lang;
    let w = lang.words();
    let shown = |n: u64| match (found.counts.stopped, n) {
        (true, 0) => "…".to_owned(),
        (true, n) => format!("{n}+"),
        (false, n) => n.to_string(),
    };
    let tabs = FindingState::ALL
        .into_iter()
        .map(|state| Tab {
            name: lang.of(state.label()),
            count: shown(found.counts.of(state)),
            href: asked.href(state.as_str(), None),
            current: wanted.state == Some(state),
        })
        .chain([Tab {
            name: w.filter_state_all,
            count: shown(found.counts.all()),
            href: asked.href("all", None),
            current: wanted.state.is_none(),
        }])
        .collect();
    let query = asked.query();
    let views = site.registry.saved_views(session).await?;
    let views = views.into_iter().map(|view| ViewLine {
        current: view.query == query,
        href: format!("/queue?{}", view.query),
        name: visible(&view.name),
        id: view.id,
    });
    let state = wanted.state.map_or("all", FindingState::as_str);
    let titles = titles(&sources);
    let frame = Frame::new(&visit, "queue", w.queue_title).with_flash(&site, &visit);
    let page = Page {
        tabs,
        views: views.collect(),
        state: state.to_owned(),
        severities: severity_options(lang, wanted.min_severity),
        sources: sources
            .iter()
            .map(|line| SelectOption {
                value: line.source.id.to_string(),
                name: visible(&line.source.title),
                selected: wanted.source.as_ref() == Some(&line.source.id),
            })
            .collect(),
        rules: site
            .desk
            .pack()
            .rules
            .iter()
            .map(|rule| SelectOption {
                value: rule.id.to_string(),
                name: format!("{} {}", rule.id, rule.title),
                selected: wanted.rule.as_ref() == Some(&rule.id),
            })
            .collect(),
        asked: Fields {
            text: shown_again(&asked.q),
            party: shown_again(&asked.party),
            contact: shown_again(&asked.contact),
            host: shown_again(&asked.host),
            from: shown_again(&asked.from),
            until: shown_again(&asked.until),
        },
        query,
        is_filtered: asked.is_filtered(),
        is_detailed: asked.is_detailed(),
        is_first: asked.after.is_none(),
        may_bulk: frame.can.decide && wanted.state.is_some_and(FindingState::is_open),
        bulk_choices: bulk_choices(lang),
        first_href: asked.href(state, None),
        next_href: found.next.as_deref().map(|key| asked.href(state, Some(key))),
        rows: found.items.iter().map(|item| row(lang, item, &titles, &asked)).collect(),
        frame,
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `POST /views`: saves the queue as it is looked at under a name.
pub async fn save_view(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let asked = Asked::parse(form.one("query"));
    let state = asked.state().map_or("all", FindingState::as_str);
    let href = asked.href(state, None);
    let query = href.trim_start_matches("/queue?");
    site.registry.save_view(&form.session, form.one("name"), query).await?;
    let done = visit.lang.pick("视图已保存。", "The view is saved.");
    site.flashes.tell(&form.session.id, Flash::good(done));
    Ok(see_other(&href))
}

/// `POST /views/remove`.
pub async fn remove_view(State(site): State<Arc<Site>>, form: Form) -> Result<Response, Failure> {
    site.registry.remove_view(&form.session, form.one("id")).await?;
    Ok(see_other("/queue"))
}

/// Verdicts for many at once, with their names: those that need nothing but a reason.
pub fn bulk_choices(lang: Lang) -> Vec<(String, &'static str)> {
    let reasons = DismissReason::ALL.into_iter().filter(|reason| *reason != DismissReason::Duplicate);
    reasons.map(|reason| (format!("dismiss {}", reason.as_str()), lang.of(reason.label()))).collect()
}

/// Titles of the sources by their name.
pub fn titles(sources: &[SourceLine]) -> HashMap<SourceId, String> {
    sources.iter().map(|line| (line.source.id.clone(), visible(&line.source.title))).collect()
}

fn shown_again(field: &Option<String>) -> String {
    visible(&shorten(field.as_deref().unwrap_or_default(), 100))
}

fn severity_options(lang: Lang, chosen: Option<Severity>) -> Vec<SelectOption> {
    (1..=4)
        .rev()
        .filter_map(Severity::new)
        .map(|severity| SelectOption {
            value: severity.level().to_string(),
            name: format!(
                "{} {}{}",
                severity.level(),
                lang.of(severity.label()),
                if severity.level() == 4 { "" } else { lang.pick("及以上", " and above") }
            ),
            selected: chosen == Some(severity),
        })
        .collect()
}

/// A finding as lists show it.
pub fn row(lang: Lang, item: &QueueItem, titles: &HashMap<SourceId, String>, asked: &Asked) -> Row {
    let QueueItem { finding, ad, holder, source, version } = item;
    let draft = &ad.draft;
    let (excerpts, n_more) = words::excerpts(&redact::in_place(&draft.text), &finding.hits, 3);
    let (priority, priority_class) = words::priority(lang, &finding.assessment);
    let (state, state_class) = words::state(lang, finding.state);
    let title_of = |id: &SourceId| titles.get(id).cloned().unwrap_or_else(|| id.to_string());
    Row {
        id: finding.id.to_string(),
        href: asked.finding_href(&finding.id),
        version: *version,
        title: title(lang, draft),
        severity: words::severity(lang, finding.assessment.severity),
        priority,
        priority_class,
        state,
        state_class,
        kind: lang.of(draft.kind.label()),
        source: source.as_ref().map(title_of).map(|title| shorten(&title, 40)).unwrap_or_default(),
        holder: holder.as_ref().map(|held| (visible(&held.holder), held.until.into())),
        publisher: shorten(&visible(draft.publisher.as_deref().unwrap_or_default()), 40),
        categories: words::categories(lang, &finding.hits).into_iter().map(str::to_owned).collect(),
        excerpts,
        n_more,
        reasons: shorten(&reasons(&finding.assessment), 90),
        first_seen: ad.first_seen_at.into(),
        last_seen: ad.last_seen_at.into(),
        n_sightings: ad.n_sightings,
    }
}

fn reasons(assessment: &Assessment) -> String {
    let counting = assessment.reasons.iter().filter(|reason| reason.weight > 0.0);
    let texts: Vec<String> = counting.map(|reason| visible(reason.text.trim_end_matches('。'))).collect();
    texts.join("；")
}

/// Title of an ad, or its first line when it has none.
/// What an ad is called in lists: contact points of people masked.
pub fn title(lang: Lang, draft: &crate::domain::ad::AdDraft) -> String {
    let given = draft.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    let first = || draft.text.lines().map(str::trim).find(|line| !line.is_empty());
    given
        .or_else(first)
        .map_or_else(|| lang.words().untitled.to_owned(), |title| shorten(&visible(&redact::text(title)), 80))
}
