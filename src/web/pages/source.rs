//! The sources, and how each last went.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::run::RunOutcome;
use crate::web::Site;
use crate::web::desk::SourceLine;
use crate::web::error::Failure;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, defang, html, visible};

#[derive(Template)]
#[template(path = "sources.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    title: String,
    kind: &'static str,
    url: String,
    schedule: String,
    enabled: bool,
    run: Option<Run>,
}

struct Run {
    started: When,
    outcome: &'static str,
    /// CSS class: `good`, `mixed`, `bad`.
    class: &'static str,
    detail: String,
    n_pages: u32,
    n_sightings: u32,
    n_new_findings: u32,
    n_cleared: u32,
    n_failed: u32,
}

/// `GET /sources`.
pub async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Failure> {
    let lines = site.desk.sources().await?;
    let page = Page {
        rows: lines.iter().map(|line| row(visit.lang, line)).collect(),
        frame: Frame::new(&visit, "sources", visit.lang.words().sources_title),
    };
    Ok(html(StatusCode::OK, &page)?)
}

fn row(lang: Lang, SourceLine { source, last_run }: &SourceLine) -> Row {
    Row {
        id: source.id.to_string(),
        title: visible(&source.title),
        kind: lang.of(source.kind.label()),
        url: defang(&source.url),
        schedule: source.schedule.as_ref().map_or_else(
            || lang.words().schedule_none.to_owned(),
            |schedule| format!("{} ({})", schedule.cron(), schedule.time_zone()),
        ),
        enabled: source.enabled,
        run: last_run.as_ref().map(|run| Run {
            started: run.started_at.into(),
            outcome: run.outcome.as_ref().map_or(lang.words().running, |outcome| lang.of(outcome.label())),
            class: class(run.outcome.as_ref()),
            detail: visible(&run.outcome.as_ref().and_then(RunOutcome::detail).unwrap_or_default()),
            n_pages: run.counts.n_pages,
            n_sightings: run.counts.n_sightings,
            n_new_findings: run.counts.n_new_findings,
            n_cleared: run.counts.n_cleared,
            n_failed: run.counts.n_failed,
        }),
    }
}

fn class(outcome: Option<&RunOutcome>) -> &'static str {
    match outcome {
        Some(RunOutcome::Ok | RunOutcome::Empty) => "good",
        None | Some(RunOutcome::SlotOnly | RunOutcome::Partial { .. } | RunOutcome::RateLimited) => "mixed",
        Some(_) => "bad",
    }
}
