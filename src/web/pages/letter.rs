//! Letters of a lead or case: what they say, what is missing, the draft as a file, and issuing.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::app;
use crate::domain::lead::LeadId;
use crate::letter::{KEYS, LetterKind, body, page};
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::page::{Frame, Visit, html, visible};
use crate::web::session::Flash;

/// Before each key in the names of fields.
const PREFIX: &str = "fill.";

#[derive(Template)]
#[template(path = "letter.html")]
struct Page {
    frame: Frame,
    problem: Vec<String>,
    lead_id: String,
    kind: &'static str,
    name: &'static str,
    tabs: Vec<Tab>,
    n_steps: usize,
    /// Our own HTML of the letter, with everything that somebody wrote escaped.
    paper: String,
    fields: Vec<Field>,
    n_blanks: usize,
    may_issue: bool,
}

struct Tab {
    href: String,
    name: &'static str,
    current: bool,
}

struct Field {
    name: String,
    label: &'static str,
    value: String,
    is_blank: bool,
    is_long: bool,
}

/// `GET /leads/{id}/letters/{kind}`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((id, kind)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (id, kind) = parse(&id, &kind)?;
    render(&site, &visit, &id, kind, &BTreeMap::new(), StatusCode::OK, Vec::new()).await
}

/// `POST /leads/{id}/letters/{kind}`: shows it with what was filled in, gives it as a draft, or issues it.
pub async fn act(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((id, kind)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Failure> {
    let (id, kind) = parse(&id, &kind)?;
    let given = given(&form);
    let actor = &form.session.actor;
    let done = match form.one("form") {
        "docx" => site
            .desk
            .letter_file(actor, &id, kind, &given, false)
            .await
            .map(|file| attachment(kind, "docx", file)),
        "pdf" => site
            .desk
            .letter_file(actor, &id, kind, &given, true)
            .await
            .map(|file| attachment(kind, "pdf", file)),
        "html" => {
            let draft = site.desk.letter(actor, &id, kind, &given).await?;
            Ok(attachment(kind, "html", page(&draft.document).into_bytes()))
        }
        "issue" => {
            let seen = form.one("seen").parse().ok();
            let issued = site.desk.issue_letter(actor, &id, kind, &given, seen).await;
            issued.map(|()| {
                let told = format!("{}{}", visit.lang.words().done_letter, name(visit.lang, kind));
                site.flashes.tell(&form.session.id, Flash::good(told));
                see_other(&format!("/leads/{id}"))
            })
        }
        _ => return render(&site, &visit, &id, kind, &given, StatusCode::OK, Vec::new()).await,
    };
    match done {
        Ok(response) => Ok(response),
        Err(why @ (app::Error::Invalid(_) | app::Error::Conflict(_))) => {
            let failure = Failure::App(why);
            let explained = failure.explain(visit.lang);
            let problem = [vec![explained.sentence], explained.details].concat();
            render(&site, &visit, &id, kind, &given, failure.status(), problem).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /leads/{id}/issued/{sha256}`: the file of a letter that was issued.
pub async fn issued(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((id, sha256)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let id = LeadId::parse(&id).map_err(|_| Failure::NoPage)?;
    let (kind, file) = site.desk.issued_letter(&visit.logged_in()?.actor, &id, &sha256).await?;
    Ok(attachment(kind, "docx", file))
}

async fn render(
    site: &Site,
    visit: &Visit,
    id: &LeadId,
    kind: LetterKind,
    given: &BTreeMap<String, String>,
    status: StatusCode,
    problem: Vec<String>,
) -> Result<Response, Failure> {
    let actor = &visit.logged_in()?.actor;
    let view = site.desk.lead(actor, id).await?;
    let draft = site.desk.letter(actor, id, kind, given).await?;
    let blanks = draft.document.blanks();
    // What is asked: what is missing, what a person filled in, and what every letter has.
    let is_asked = |key: &str| {
        blanks.iter().any(|blank| blank.key == key)
            || given.get(key).is_some_and(|value| !value.is_empty())
            || matches!(key, "number" | "to" | "date" | "party" | "officers") && kind.leaves()
    };
    let fields: Vec<Field> = KEYS
        .iter()
        .filter(|(key, _)| is_asked(key))
        .map(|(key, label)| Field {
            name: format!("{PREFIX}{key}"),
            label,
            value: draft.facts.get(key).unwrap_or_default().to_owned(),
            is_blank: blanks.iter().any(|blank| blank.key == *key),
            is_long: matches!(*key, "opinion" | "reason" | "matters" | "facts" | "goods" | "appraisal"),
        })
        .collect();
    let name = name(visit.lang, kind);
    let page = Page {
        problem: problem.iter().map(|line| visible(line)).collect(),
        lead_id: id.to_string(),
        kind: kind.as_str(),
        name,
        tabs: LetterKind::ALL
            .map(|one| Tab {
                href: format!("/leads/{id}/letters/{}", one.as_str()),
                name: self::name(visit.lang, one),
                current: one == kind,
            })
            .into(),
        n_steps: view.lead().steps.len(),
        paper: body(&draft.document),
        fields,
        n_blanks: blanks.len(),
        may_issue: visit
            .session
            .as_ref()
            .is_some_and(|session| session.actor.may(crate::domain::user::Permission::Issue)),
        frame: Frame::new(visit, if view.case().is_some() { "cases" } else { "leads" }, name)
            .with_flash(site, visit),
    };
    Ok(html(status, &page)?)
}

fn given(form: &Form) -> BTreeMap<String, String> {
    let value = |(key, _): &(&str, &str)| {
        let value = form.one(&format!("{PREFIX}{key}"));
        (!value.trim().is_empty()).then(|| ((*key).to_owned(), value.to_owned()))
    };
    KEYS.iter().filter_map(value).collect()
}

fn attachment(kind: LetterKind, end: &str, bytes: Vec<u8>) -> Response {
    let content_type = match end {
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "pdf" => "application/pdf",
        _ => "text/html; charset=utf-8",
    };
    let name = format!("attachment; filename=\"{}.{end}\"", kind.as_str());
    ([(header::CONTENT_TYPE, content_type.to_owned()), (header::CONTENT_DISPOSITION, name)], bytes)
        .into_response()
}

fn name(lang: crate::web::lang::Lang, kind: LetterKind) -> &'static str {
    let (zh, en) = kind.label();
    lang.pick(zh, en)
}

fn parse(id: &str, kind: &str) -> Result<(LeadId, LetterKind), Failure> {
    let id = LeadId::parse(id).map_err(|_| Failure::NoPage)?;
    Ok((id, LetterKind::parse(kind).ok_or(Failure::NoPage)?))
}
