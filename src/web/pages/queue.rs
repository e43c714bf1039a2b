//! The queue: what waits, what is worst, why, in its own words.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use serde::Deserialize;

use super::words::{self, Excerpt, SeverityShown};
use crate::domain::finding::{Assessment, FindingId, FindingState};
use crate::domain::hit::Severity;
use crate::domain::source::SourceId;
use crate::web::Site;
use crate::web::desk::{QueueFilter, QueueItem};
use crate::web::error::Failure;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, html, shorten, visible};

const PAGE_SIZE: u32 = 30;

#[derive(Template)]
#[template(path = "queue.html")]
struct Page {
    frame: Frame,
    tabs: Vec<Tab>,
    state: String,
    severities: Vec<SelectOption>,
    sources: Vec<SelectOption>,
    text: String,
    is_filtered: bool,
    is_first: bool,
    first_href: String,
    next_href: Option<String>,
    rows: Vec<Row>,
}

struct Tab {
    name: &'static str,
    count: u64,
    href: String,
    current: bool,
}

struct SelectOption {
    value: String,
    name: String,
    selected: bool,
}

struct Row {
    id: String,
    title: String,
    severity: SeverityShown,
    priority: &'static str,
    priority_class: &'static str,
    state: &'static str,
    state_class: &'static str,
    kind: &'static str,
    publisher: String,
    /// Where it was last seen.
    source: String,
    /// Who works on it, and until when.
    holder: Option<(String, When)>,
    categories: Vec<String>,
    excerpts: Vec<Excerpt>,
    n_more: usize,
    reasons: String,
    first_seen: When,
    last_seen: When,
    n_sightings: u64,
}

/// Filters of the queue, as in its address.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    state: Option<String>,
    severity: Option<String>,
    source: Option<String>,
    q: Option<String>,
    after: Option<String>,
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
    let filter = asked.filter();
    let found = site.desk.queue(&filter).await?;
    let sources = site.desk.sources().await?;
    let lang = visit.lang;
    let w = lang.words();
    let counts = [found.n_pending, found.n_accepted, found.n_dismissed];
    let tabs = FindingState::ALL
        .into_iter()
        .zip(counts)
        .map(|(state, count)| Tab {
            name: lang.of(state.label()),
            count,
            href: asked.href(state.as_str(), None),
            current: filter.state == Some(state),
        })
        .chain([Tab {
            name: w.filter_state_all,
            count: counts.iter().sum(),
            href: asked.href("all", None),
            current: filter.state.is_none(),
        }])
        .collect();
    let state = filter.state.map_or("all", FindingState::as_str);
    let title_of = |id: &SourceId| {
        let known = sources.iter().find(|line| line.source.id == *id);
        visible(known.map_or(id.as_str(), |line| line.source.title.as_str()))
    };
    let page = Page {
        frame: Frame::new(&visit, "queue", w.queue_title).with_flash(&site, &visit),
        tabs,
        state: state.to_owned(),
        severities: severity_options(lang, filter.min_severity),
        sources: sources
            .iter()
            .map(|line| SelectOption {
                value: line.source.id.to_string(),
                name: visible(&line.source.title),
                selected: filter.source.as_ref() == Some(&line.source.id),
            })
            .collect(),
        text: visible(filter.text.as_deref().unwrap_or_default()),
        is_filtered: filter.text.is_some() || filter.source.is_some() || filter.min_severity.is_some(),
        is_first: filter.after.is_none(),
        first_href: asked.href(state, None),
        next_href: found.next.as_deref().map(|key| asked.href(state, Some(key))),
        rows: found.items.iter().map(|item| row(lang, item, title_of)).collect(),
    };
    Ok(html(StatusCode::OK, &page)?)
}

impl Asked {
    /// Values that do not parse are as if not given: a filter is a view, not a command.
    fn filter(&self) -> QueueFilter {
        let given = |field: &Option<String>| field.clone().filter(|value| !value.trim().is_empty());
        let state = match self.state.as_deref() {
            Some("all") => None,
            Some(name) => FindingState::parse(name).or(Some(FindingState::Pending)),
            None => Some(FindingState::Pending),
        };
        QueueFilter {
            state,
            source: given(&self.source).and_then(|id| SourceId::parse(&id).ok()),
            min_severity: given(&self.severity).and_then(|level| level.parse().ok()).and_then(Severity::new),
            text: given(&self.q).map(|text| shorten(text.trim(), 100)),
            after: given(&self.after),
            limit: PAGE_SIZE,
        }
    }

    fn href(&self, state: &str, after: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", state);
        let kept = [("severity", &self.severity), ("source", &self.source), ("q", &self.q)];
        for (name, value) in kept {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                query.append_pair(name, value);
            }
        }
        if let Some(key) = after {
            query.append_pair("after", key);
        }
        format!("/queue?{}", query.finish())
    }
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

fn row(lang: Lang, item: &QueueItem, title_of: impl Fn(&SourceId) -> String) -> Row {
    let QueueItem { finding, ad, holder, source } = item;
    let draft = &ad.draft;
    let (excerpts, n_more) = words::excerpts(&draft.text, &finding.hits, 3);
    let (priority, priority_class) = words::priority(lang, &finding.assessment);
    let (state, state_class) = words::state(lang, finding.state);
    Row {
        id: finding.id.to_string(),
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
pub fn title(lang: Lang, draft: &crate::domain::ad::AdDraft) -> String {
    let given = draft.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    let first = || draft.text.lines().map(str::trim).find(|line| !line.is_empty());
    given
        .or_else(first)
        .map_or_else(|| lang.words().untitled.to_owned(), |title| shorten(&visible(title), 80))
}
