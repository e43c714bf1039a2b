//! Captures: what was asked and answered, and the bytes.

use axum::http::StatusCode;
use serde_json::json;

use super::call::{Answered, Call, Content, Reply};
use super::shapes::{CaptureJson, HeaderJson, RedirectJson};
use crate::domain::capture::CaptureId;

/// `GET /captures/{id}`.
pub async fn show(call: Call) -> Answered {
    let capture = call.app().capture(&call.id("id")?).await?;
    let exchange = capture.exchange;
    let headers = |headers: Vec<(String, String)>| {
        headers.into_iter().map(|(name, value)| HeaderJson { name, value }).collect()
    };
    let redirects = exchange.redirects.into_iter().map(|step| RedirectJson {
        url: step.url,
        status: step.status,
        location: step.location,
        remote_addr: step.remote_addr,
    });
    Reply::ok(&CaptureJson {
        id: capture.id.to_string(),
        source: capture.source_id.to_string(),
        run: capture.run_id.to_string(),
        purpose: capture.purpose.as_str().to_owned(),
        parent: capture.parent_id.map(|parent| parent.to_string()),
        requested_url: exchange.requested_url,
        final_url: exchange.final_url,
        redirects: redirects.collect(),
        remote_addr: exchange.remote_addr,
        status: exchange.status,
        http_version: exchange.http_version,
        request_headers: headers(exchange.request_headers),
        response_headers: headers(exchange.response_headers),
        started_at: exchange.started_at.into(),
        finished_at: exchange.finished_at.into(),
        size_bytes: capture.body.size_bytes,
        sha256: capture.body.digests.sha256,
        sm3: capture.body.digests.sm3,
        imported_from: exchange.imported.map(|imported| imported.file_name),
    })
}

/// `GET /captures/{id}/raw`: an attachment of a type that nothing opens; that it was taken is on record.
pub async fn raw(call: Call) -> Answered {
    let id: CaptureId = call.id("id")?;
    let (_, bytes) = call.app().capture_body(&id).await?;
    let detail = json!({"size_bytes": bytes.len()});
    call.app().registry().record(call.actor()?, "capture.download", id.as_str(), detail).await?;
    let body = Content::File { bytes, name: format!("{id}.bin"), kind: "application/octet-stream" };
    Ok(Reply { status: StatusCode::OK, body, version: None, location: None })
}
