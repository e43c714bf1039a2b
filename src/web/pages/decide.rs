//! The forms of a finding: accept, dismiss, take back, hold, pass over, comment, seal. What is required is checked by
//! the use case.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::finding::{Returned, neighbours, parse, render};
use crate::app;
use crate::domain::finding::FindingId;
use crate::domain::provision::ProvisionId;
use crate::domain::review::{DismissReason, RemarkKind, SkipReason, Verdict};
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::page::{Visit, When};
use crate::web::session::Flash;

/// `POST /findings/{id}/accept`.
pub async fn accept(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let provisions: Result<Vec<ProvisionId>, _> = form.all("provision").map(ProvisionId::parse).collect();
    let provisions = provisions.map_err(|error| Failure::Form(error.to_string()))?;
    decide(&site, &visit, &id, &form, Verdict::Accept { provisions }, visit.lang.words().done_accept).await
}

/// `POST /findings/{id}/dismiss`.
pub async fn dismiss(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let Some(reason) = DismissReason::parse(form.one("reason")) else {
        let why = app::Error::invalid("reason", visit.lang.words().dismiss_help);
        return refused(&site, &visit, &id, &form, why, true).await;
    };
    decide(&site, &visit, &id, &form, Verdict::Dismiss { reason }, visit.lang.words().done_dismiss).await
}

/// `POST /findings/{id}/undo`.
pub async fn undo(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    decide(&site, &visit, &id, &form, Verdict::Undo, visit.lang.words().done_undo).await
}

/// `POST /findings/{id}/take`: holds the finding, or goes on holding it. The page's script asks for JSON.
pub async fn take(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let wants_json = headers.get(header::ACCEPT).is_some_and(|kinds| kinds == "application/json");
    match site.desk.take(&form.session.actor, &id, form.one("over") == "1").await {
        Ok(held) if wants_json => {
            let until = When::from(held.until);
            Ok(Json(json!({"until_ms": held.until.0, "until": until.short})).into_response())
        }
        Err(app::Error::Conflict(why)) if wants_json => {
            Ok((StatusCode::CONFLICT, Json(json!({"why": why}))).into_response())
        }
        Ok(_) => Ok(see_other(&format!("/findings/{id}"))),
        Err(other) => Err(other.into()),
    }
}

/// `POST /findings/{id}/release`: the page was left.
pub async fn release(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    site.desk.release(&form.session.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /findings/{id}/skip`: passes it over with a reason, and on to the next.
pub async fn skip(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let reason = SkipReason::parse(form.one("reason"))
        .ok_or_else(|| app::Error::invalid("reason", visit.lang.words().skip_help))?;
    let (_, next) = neighbours(&site, &id, form.session.actor.name()).await?;
    site.desk.remark(&form.session.actor, &id, RemarkKind::Skip(reason), form.one("note")).await?;
    site.flashes.tell(&form.session.id, Flash::good(visit.lang.words().done_skip));
    Ok(onward(next))
}

/// `POST /findings/{id}/comment`.
pub async fn comment(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    site.desk.remark(&form.session.actor, &id, RemarkKind::Comment, form.one("note")).await?;
    site.flashes.tell(&form.session.id, Flash::good(visit.lang.words().done_comment));
    Ok(see_other(&format!("/findings/{id}#history")))
}

/// `POST /findings/{id}/seal`.
pub async fn seal(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let package = site.desk.seal(&form.session.actor, &id).await?;
    let done = format!("{}{}", visit.lang.words().done_seal, package.seal_sha256);
    site.flashes.tell(&form.session.id, Flash::good(done));
    Ok(see_other(&format!("/findings/{id}")))
}

async fn decide(
    site: &Site,
    visit: &Visit,
    id: &FindingId,
    form: &Form,
    verdict: Verdict,
    done: &str,
) -> Result<Response, Failure> {
    let dismissing = matches!(verdict, Verdict::Dismiss { .. });
    let undo = (verdict != Verdict::Undo).then(|| id.clone());
    let actor = &form.session.actor;
    let seen = form.one("seen").parse().ok();
    // What comes next is what stood behind it in the queue before it left.
    let next = match form.one("then") {
        "next" => Some(neighbours(site, id, actor.name()).await?.1),
        _ => None,
    };
    match site.desk.decide(actor, id, verdict, form.one("note"), seen).await {
        Ok(_) => {
            let text = if next.is_some() { format!("{done} {id}") } else { done.to_owned() };
            // On the page of the finding itself the form to take it back is there anyway.
            let undo = undo.filter(|_| next.is_some());
            site.flashes.tell(&form.session.id, Flash { good: true, text, undo });
            Ok(next.map_or_else(|| see_other(&format!("/findings/{id}")), onward))
        }
        Err(why @ (app::Error::Invalid(_) | app::Error::Conflict(_))) => {
            refused(site, visit, id, form, why, dismissing).await
        }
        Err(other) => Err(other.into()),
    }
}

fn onward(next: Option<FindingId>) -> Response {
    see_other(&next.map_or_else(|| "/queue".to_owned(), |next| format!("/findings/{next}")))
}

/// Shows the finding again with the reason on top and everything that was typed.
async fn refused(
    site: &Site,
    visit: &Visit,
    id: &FindingId,
    form: &Form,
    why: app::Error,
    dismissing: bool,
) -> Result<Response, Failure> {
    let failure = Failure::App(why);
    let explained = failure.explain(visit.lang);
    let mut problem = vec![explained.sentence];
    problem.extend(explained.details);
    let returned = Returned {
        problem,
        note: form.one("note").to_owned(),
        ticked: (!dismissing).then(|| form.all("provision").map(str::to_owned).collect()),
        dismissing,
    };
    render(site, visit, id, failure.status(), returned).await
}
