//! The audit: who did what, and whether the record is whole.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use crate::app::audit::AuditForm;
use crate::app::{AuditEntry, AuditFilter, ChainCheck};
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, html, shorten, visible};
use crate::web::session::Flash;

const PAGE_SIZE: u32 = 100;

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    frame: Frame,
    filter: AuditFilter,
    is_filtered: bool,
    rows: Vec<Row>,
    next_href: Option<String>,
}

struct Row {
    ordinal: u64,
    at: When,
    actor: String,
    action: String,
    object: String,
    object_href: Option<String>,
    detail: Vec<(String, String)>,
    hash: String,
}

/// Filters, as in the address.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    actor: Option<String>,
    action: Option<String>,
    object: Option<String>,
    before: Option<String>,
}

/// `GET /audit`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let actor = &visit.logged_in()?.actor;
    let given = |field: &Option<String>| shorten(field.as_deref().unwrap_or_default().trim(), 80);
    let filter = AuditFilter {
        actor: given(&asked.actor),
        action: given(&asked.action),
        object: given(&asked.object),
    };
    let before = asked.before.as_deref().and_then(|ordinal| ordinal.parse().ok());
    let entries = site.registry.audit(actor, &filter, before, PAGE_SIZE).await?;
    let is_full = entries.len() == PAGE_SIZE as usize;
    let last = entries.last().map(|entry| entry.ordinal).filter(|ordinal| is_full && *ordinal > 1);
    let page = Page {
        next_href: last.map(|ordinal| href(&filter, ordinal)),
        is_filtered: filter != AuditFilter::default(),
        rows: entries.iter().map(row).collect(),
        filter: AuditFilter {
            actor: visible(&filter.actor),
            action: visible(&filter.action),
            object: visible(&filter.object),
        },
        frame: Frame::new(&visit, "audit", visit.lang.words().audit_title).with_flash(&site, &visit),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `POST /audit/verify`: recomputes the chain, which takes a while with many entries.
pub async fn verify(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let check = site.registry.check_audit(&form.session.actor).await?;
    let flash = Flash {
        good: matches!(check, ChainCheck::Whole { .. }),
        text: outcome(visit.lang, &check),
        undo: None,
    };
    site.flashes.tell(&form.session.id, flash);
    Ok(see_other("/audit"))
}

/// `POST /audit/export`: the whole audit as a file; a form, because it is put on record.
pub async fn export(State(site): State<Arc<Site>>, form: Form) -> Result<Response, Failure> {
    let (kind, name, wanted) = match form.one("form") {
        "csv" => ("text/csv; charset=utf-8", "attachment; filename=\"adwatch-audit.csv\"", AuditForm::Csv),
        "jsonl" => (
            "application/jsonl; charset=utf-8",
            "attachment; filename=\"adwatch-audit.jsonl\"",
            AuditForm::Jsonl,
        ),
        _ => return Err(Failure::Form("`form` is csv or jsonl".to_owned())),
    };
    let text = site.registry.export_audit(&form.session.actor, wanted).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, text).into_response())
}

fn outcome(lang: Lang, check: &ChainCheck) -> String {
    match check {
        ChainCheck::Whole { n_entries } => lang.pick(
            format!("审计链完整：{n_entries} 条记录，均未改动。"),
            format!("The chain is whole: {n_entries} entries, none changed."),
        ),
        ChainCheck::BrokenAt { ordinal } => lang.pick(
            format!("审计链在第 {ordinal} 条断开：该条被改动，或之前有记录被删除。"),
            format!("The chain breaks at entry {ordinal}: it was changed, or one before it was taken out."),
        ),
        ChainCheck::CutOff { n_found, n_written } => lang.pick(
            format!("审计链末尾缺失：写入过 {n_written} 条，仅存 {n_found} 条。"),
            format!("The end is missing: {n_written} entries were written, {n_found} are there."),
        ),
    }
}

fn href(filter: &AuditFilter, before: u64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("actor", &filter.actor), ("action", &filter.action), ("object", &filter.object)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    query.append_pair("before", &before.to_string());
    format!("/audit?{}", query.finish())
}

fn row(entry: &AuditEntry) -> Row {
    let facts = entry.detail.as_object();
    let shown = |value: &serde_json::Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        visible(&shorten(&text, 300))
    };
    Row {
        ordinal: entry.ordinal,
        at: entry.at.into(),
        actor: visible(&entry.actor),
        action: visible(&entry.action),
        object: visible(&entry.object),
        object_href: crate::domain::finding::FindingId::parse(&entry.object)
            .ok()
            .filter(|id| id.as_str().starts_with("f-"))
            .map(|id| format!("/findings/{id}")),
        detail: facts
            .map(|facts| {
                let said = facts.iter().map(|(name, value)| (visible(name), shown(value)));
                said.filter(|(_, value)| !value.is_empty()).collect()
            })
            .unwrap_or_default(),
        hash: entry.hash.chars().take(12).collect(),
    }
}
