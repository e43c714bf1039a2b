//! The forms of a finding: accept, dismiss, take back, hold, pass over, comment, seal. What is required is checked by
//! the use case.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::asked::Asked;
use super::finding::{Returned, parse, render};
use crate::app;
use crate::domain::finding::{FindingId, FindingState};
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
        return refused(&site, &visit, &id, &form, why, "dismiss").await;
    };
    decide(&site, &visit, &id, &form, Verdict::Dismiss { reason }, visit.lang.words().done_dismiss).await
}

/// `POST /findings/{id}/need-evidence`: 证据不足待补充; the note says what is missing.
pub async fn need_evidence(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let done = visit.lang.pick("已记录：证据不足，待补充。", "Recorded: more evidence is asked for.");
    decide(&site, &visit, &parse(&id)?, &form, Verdict::NeedEvidence, done).await
}

/// `POST /findings/{id}/ask-second`: another person decides.
pub async fn ask_second(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let done = visit.lang.pick("已提请他人复核。", "Another person is asked to decide.");
    decide(&site, &visit, &parse(&id)?, &form, Verdict::AskSecond, done).await
}

/// `POST /findings/{id}/move`: to another office.
pub async fn move_office(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let none = || app::Error::invalid("office", visit.lang.pick("请选择机构", "choose an office"));
    let office = super::office::office(&form)?.ok_or_else(none)?;
    let (_, next) = around(&site, &form, &id).await?;
    site.desk.move_finding(&form.session.actor, &id, &office, form.one("why")).await?;
    site.flashes.tell(&form.session.id, Flash::good(visit.lang.pick("已转交。", "Moved.")));
    Ok(onward(&form, next))
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
    let (_, next) = around(&site, &form, &id).await?;
    site.desk.remark(&form.session.actor, &id, RemarkKind::Skip(reason), form.one("note")).await?;
    site.flashes.tell(&form.session.id, Flash::good(visit.lang.words().done_skip));
    Ok(onward(&form, next))
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
    let sent = verdict.as_str();
    let undo = (verdict != Verdict::Undo).then(|| id.clone());
    let actor = &form.session.actor;
    let seen = form.one("seen").parse().ok();
    // What comes next is what stood behind it in the queue before it left.
    let next = match form.one("then") {
        "next" => Some(around(site, form, id).await?.1),
        _ => None,
    };
    match site.desk.decide(actor, id, verdict, form.one("note"), seen).await {
        Ok(_) => {
            let text = if next.is_some() { format!("{done} {id}") } else { done.to_owned() };
            // On the page of the finding itself the form to take it back is there anyway.
            let undo = undo.filter(|_| next.is_some());
            site.flashes.tell(&form.session.id, Flash { good: true, text, undo });
            Ok(match next {
                Some(next) => onward(form, next),
                None => see_other(&list(form).finding_href(id)),
            })
        }
        Err(why @ (app::Error::Invalid(_) | app::Error::Conflict(_))) => {
            refused(site, visit, id, form, why, sent).await
        }
        Err(other) => Err(other.into()),
    }
}

/// The list from which the finding was opened.
fn list(form: &Form) -> Asked {
    Asked::parse(form.one("in"))
}

/// What stands around a finding in the list from which it was opened.
async fn around(
    site: &Site,
    form: &Form,
    id: &FindingId,
) -> app::Result<(Option<FindingId>, Option<FindingId>)> {
    site.desk.neighbours(&form.session.actor, &list(form).filter(), id).await
}

fn onward(form: &Form, next: Option<FindingId>) -> Response {
    let list = list(form);
    let state = list.state().map_or("all", FindingState::as_str);
    see_other(&match next {
        Some(next) => list.finding_href(&next),
        None if list.query().is_empty() => "/queue".to_owned(),
        None => list.href(state, None),
    })
}

/// Shows the finding again with the reason on top and everything that was typed.
async fn refused(
    site: &Site,
    visit: &Visit,
    id: &FindingId,
    form: &Form,
    why: app::Error,
    sent: &'static str,
) -> Result<Response, Failure> {
    let failure = Failure::App(why);
    let explained = failure.explain(visit.lang);
    let mut problem = vec![explained.sentence];
    problem.extend(explained.details);
    let returned = Returned {
        problem,
        note: form.one("note").to_owned(),
        ticked: (sent == "accept").then(|| form.all("provision").map(str::to_owned).collect()),
        sent,
        revealed: false,
    };
    render(site, visit, id, &list(form), failure.status(), returned).await
}
