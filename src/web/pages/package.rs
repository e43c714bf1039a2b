//! One evidence package: its seal, what happened to it, and the files that a person takes along.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::ChainCheck;
use crate::domain::evidence::PackageId;
use crate::web::Site;
use crate::web::desk::Taken;
use crate::web::error::Failure;
use crate::web::page::{Frame, Visit, When, html, visible};

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

fn parse(id: &str) -> Result<PackageId, Failure> {
    PackageId::parse(id).map_err(|_| Failure::NoPage)
}
