//! One verdict for several findings: first they are shown with what will be recorded and their number, then it is
//! recorded one by one, and every result is told. What went through can be taken back from the same page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::asked::Asked;
use super::queue::{Row, bulk_choices, row, titles};
use crate::app;
use crate::domain::finding::FindingId;
use crate::domain::review::{DismissReason, Verdict};
use crate::web::Site;
use crate::web::desk::QueueItem;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, html, visible, visible_lines};

/// Findings of one form at most: a page of the queue.
const MAX_PICKED: usize = 30;

#[derive(Template)]
#[template(path = "bulk.html")]
struct Page {
    frame: Frame,
    /// What will be recorded; empty for taking back.
    verdict: String,
    verdict_name: String,
    note: String,
    query: String,
    back_href: String,
    is_done: bool,
    lines: Vec<Line>,
    n_good: usize,
}

struct Line {
    row: Row,
    /// Why it did not go through; empty when it did, or when nothing was tried.
    problem: String,
}

impl Line {
    fn is_good(&self) -> bool {
        self.problem.is_empty()
    }
}

/// `POST /queue/bulk`: shows what was picked; with `confirm=1` records it.
pub async fn decide(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let verdict = match form.one("verdict").split_once(' ') {
        Some(("dismiss", reason)) => DismissReason::parse(reason).map(|reason| Verdict::Dismiss { reason }),
        _ => None,
    };
    let verdict = verdict.ok_or_else(|| {
        app::Error::invalid("verdict", visit.lang.pick("请选择结论", "choose what to record"))
    })?;
    run(&site, &visit, &form, verdict, form.one("confirm") == "1").await
}

/// `POST /queue/bulk/undo`: takes back what a bulk form just recorded.
pub async fn undo(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    run(&site, &visit, &form, Verdict::Undo, true).await
}

async fn run(
    site: &Site,
    visit: &Visit,
    form: &Form,
    verdict: Verdict,
    confirmed: bool,
) -> Result<Response, Failure> {
    let lang = visit.lang;
    let picked = picked(lang, form)?;
    let actor = &form.session.actor;
    let asked = Asked::parse(form.one("in"));
    let titles = titles(&site.desk.sources().await?);
    let mut lines = Vec::with_capacity(picked.len());
    for (id, seen) in picked {
        let problem = if confirmed {
            match site.desk.decide(actor, &id, verdict.clone(), form.one("note"), Some(seen)).await {
                Ok(_) => String::new(),
                Err(
                    why @ (app::Error::Invalid(_) | app::Error::Conflict(_) | app::Error::NotFound { .. }),
                ) => why.to_string(),
                Err(other) => return Err(other.into()),
            }
        } else {
            String::new()
        };
        let file = site.desk.finding(actor, &id).await?;
        let item = QueueItem {
            source: file.sightings.first().map(|sighting| sighting.source_id.clone()),
            finding: file.finding,
            ad: file.ad,
            holder: file.holder,
            version: file.version,
        };
        lines.push(Line { row: row(lang, &item, &titles, &asked), problem: visible(&problem) });
    }
    let name = lang.of(verdict.label()).to_owned();
    let state = asked.state().map_or("all", crate::domain::finding::FindingState::as_str);
    let (value, verdict_name) = match &verdict {
        Verdict::Dismiss { reason } => {
            let value = format!("dismiss {}", reason.as_str());
            let chosen = bulk_choices(lang).into_iter().find(|(known, _)| *known == value);
            (value, format!("{name}：{}", chosen.map_or("", |(_, name)| name)))
        }
        _ => (String::new(), name),
    };
    let page = Page {
        frame: Frame::new(visit, "queue", lang.pick("批量审核", "Decide several")).with_flash(site, visit),
        verdict: value,
        verdict_name,
        note: visible_lines(form.one("note")),
        query: asked.query(),
        back_href: asked.href(state, None),
        is_done: confirmed,
        n_good: lines.iter().filter(|line| line.is_good()).count(),
        lines,
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// The findings of the form, each in the version that was seen.
fn picked(lang: Lang, form: &Form) -> Result<Vec<(FindingId, u64)>, Failure> {
    let parse = |text: &str| {
        let (id, version) = text.split_once('@')?;
        Some((FindingId::parse(id).ok()?, version.parse().ok()?))
    };
    let picked: Option<Vec<_>> = form.all("pick").map(parse).collect();
    match picked {
        Some(picked) if (1..=MAX_PICKED).contains(&picked.len()) => Ok(picked),
        _ => {
            let why = lang.pick("请先勾选 1–30 条", "tick 1 to 30 findings first");
            Err(app::Error::invalid("pick", why).into())
        }
    }
}
