//! The forms of a finding: accept, dismiss, take back, seal. What is required is checked by the use case.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::finding::{Returned, parse, render};
use crate::app;
use crate::domain::finding::FindingId;
use crate::domain::provision::ProvisionId;
use crate::domain::review::{DismissReason, Verdict};
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::page::Visit;

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
    site.sessions.tell(&form.session, true, done);
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
    match site.desk.decide(&form.session.actor, id, verdict, form.one("note")).await {
        Ok(_) => {
            site.sessions.tell(&form.session, true, done.to_owned());
            Ok(see_other(&format!("/findings/{id}")))
        }
        Err(why @ (app::Error::Invalid(_) | app::Error::Conflict(_))) => {
            refused(site, visit, id, form, why, dismissing).await
        }
        Err(other) => Err(other.into()),
    }
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
