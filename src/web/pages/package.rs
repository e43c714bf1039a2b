//! One evidence package: its seal, what happened to it, and the files that a person takes along.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::{ChainCheck, Error};
use crate::domain::evidence::PackageId;
use crate::web::Site;
use crate::web::desk::Taken;
use crate::web::error::Failure;
use crate::web::guard::policy_with;
use crate::web::page::{Frame, Visit, When, defang, html, shorten, visible};

#[derive(Template)]
#[template(path = "package.html")]
struct Page {
    frame: Frame,
    id: String,
    finding: String,
    place: String,
    sha256: String,
    sm3: String,
    at: When,
    by: String,
    events: Vec<Event>,
    is_whole: bool,
    can_replay: bool,
}

struct Event {
    at: When,
    actor: String,
    action: String,
    note: String,
}

/// `GET /packages/{id}`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let file = site.desk.package(&visit.logged_in()?.actor, &id).await?;
    let title = format!("{} {id}", visit.lang.words().package_title);
    let page = Page {
        id: id.to_string(),
        finding: file.package.finding_id.to_string(),
        place: file.package.location,
        sha256: file.package.seal.sha256,
        sm3: file.package.seal.sm3,
        at: file.package.sealed_at.into(),
        by: visible(&file.package.sealed_by),
        events: file
            .custody
            .into_iter()
            .map(|event| Event {
                at: event.at.into(),
                actor: visible(&event.actor),
                action: visible(&event.action),
                note: visible(&event.note),
            })
            .collect(),
        can_replay: site.replays.is_some(),
        is_whole: matches!(file.chain, ChainCheck::Whole { .. }),
        frame: Frame::new(&visit, "queue", title),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `GET /packages/{id}/package`, `/docx`, `/pdf`: a file to take along. That it was taken is put on record.
pub async fn take(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (what, kind) = match file.as_str() {
        "package" => (Taken::Package, "application/zip"),
        "docx" => (Taken::Docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        "pdf" => (Taken::Pdf, "application/pdf"),
        _ => return Err(Failure::NoPage),
    };
    let (name, bytes) = site.desk.take_package(&visit.logged_in()?.actor, &parse(&id)?, what).await?;
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .map_err(|error| Failure::Render(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, bytes).into_response())
}

/// Which page, and how.
#[derive(Deserialize)]
pub struct Wanted {
    /// From 1.
    n: Option<usize>,
    /// `seen`, `page` or `picture`.
    #[serde(rename = "as")]
    form: Option<String>,
}

#[derive(Template)]
#[template(path = "replay.html")]
struct ReplayedPage {
    frame: Frame,
    id: String,
    pages: Vec<Listed>,
    number: usize,
    url: String,
    at: When,
    forms: Vec<Form>,
    src: String,
}

struct Listed {
    number: usize,
    at: When,
    title: String,
    url: String,
    is_chosen: bool,
}

struct Form {
    name: &'static str,
    label: &'static str,
    is_chosen: bool,
}

/// `GET /packages/{id}/replay`: a page of the package in a frame of another origin.
pub async fn replay(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let w = visit.lang.words();
    let Some(replays) = &site.replays else {
        return Err(Failure::App(Error::Conflict(w.replay_none.to_owned())));
    };
    let actor = &visit.logged_in()?.actor;
    let key = format!("{} {id}", actor.name());
    let (base, replay) = match replays.opened(&key) {
        Some(opened) => opened,
        None => {
            let replay = Arc::new(site.desk.replay(actor, &id).await?);
            (replays.package(key, replay.clone())?, replay)
        }
    };
    let number = wanted.n.unwrap_or(1);
    let Some(page) = number.checked_sub(1).and_then(|at| replay.pages().get(at)) else {
        return Err(Failure::NoPage);
    };
    let index = number - 1;
    let mut known = Vec::new();
    if page.is_rendered {
        known.push(("seen", w.replay_seen, format!("{base}seen/{index}")));
    }
    known.push(("page", w.replay_page, format!("{base}page/{index}")));
    if let Some(picture) = &page.screenshot {
        known.push(("picture", w.replay_picture, format!("{base}picture/{picture}")));
    }
    let chosen = known.iter().position(|(name, ..)| Some(*name) == wanted.form.as_deref()).unwrap_or(0);
    let shown = ReplayedPage {
        id: id.to_string(),
        number,
        url: defang(&page.url),
        at: page.at.into(),
        src: known[chosen].2.clone(),
        forms: known
            .iter()
            .enumerate()
            .map(|(at, (name, label, _))| Form { name, label, is_chosen: at == chosen })
            .collect(),
        pages: replay
            .pages()
            .iter()
            .enumerate()
            .map(|(at, page)| Listed {
                number: at + 1,
                at: page.at.into(),
                title: visible(&page.title),
                url: shorten(&defang(&page.url), 120),
                is_chosen: at == index,
            })
            .collect(),
        frame: Frame::new(&visit, "queue", format!("{} {id}", w.replay_title)),
    };
    let mut response = html(StatusCode::OK, &shown)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy_with("frame-src", &base)?);
    Ok(response)
}

fn parse(id: &str) -> Result<PackageId, Failure> {
    PackageId::parse(id).map_err(|_| Failure::NoPage)
}
