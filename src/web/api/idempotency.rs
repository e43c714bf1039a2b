//! Requests that name themselves (`Idempotency-Key`) are done once: the answer is kept for a day and given again.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::call::{Answered, Content, Reply, respond};
use super::problem::Problem;
use crate::app::App;
use crate::app::tokens::KnownReply;
use crate::domain::token::TokenId;
use crate::kit::digest::sha256_hex;
use crate::web::error::Failure;

/// Longest name, in characters.
pub const MAX_KEY_CHARS: usize = 200;

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    body: String,
    version: Option<u64>,
    location: Option<String>,
}

/// The name of a request.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().map(str::trim).unwrap_or_default();
    if text.is_empty() || text.len() > MAX_KEY_CHARS {
        let why = format!("1 to {MAX_KEY_CHARS} visible characters");
        return Err(Problem::parameter("Idempotency-Key", why));
    }
    Ok(Some(text.to_owned()))
}

/// Tells requests apart.
pub fn digest(method: &Method, uri: &Uri, body: &[u8]) -> String {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    sha256_hex(&[method.as_str().as_bytes(), b" ", path.as_bytes(), b"\n", body].concat())
}

/// Does the work unless a request of this name was answered; then gives that answer again. Only what succeeded is
/// kept: after a refusal nothing has changed, and the same request may succeed later.
pub async fn once(
    app: &App,
    token: &TokenId,
    key: &str,
    request_sha256: &str,
    work: impl Future<Output = Answered>,
) -> Result<Response, Problem> {
    let registry = app.registry();
    match registry.reserve_reply(token, key, request_sha256).await? {
        KnownReply::Different => Err(Problem::KeyReused),
        KnownReply::Busy => Err(Problem::KeyBusy),
        KnownReply::Answered { status, content } => {
            let unreadable = |error: serde_json::Error| Problem::from(Failure::Render(error.to_string()));
            let kept: Kept = serde_json::from_str(&content).map_err(unreadable)?;
            let status = axum::http::StatusCode::from_u16(status).unwrap_or_default();
            let body = Content::Json(kept.body.into_bytes());
            let reply = Reply { status, body, version: kept.version, location: kept.location };
            let mut response = respond(reply, None)?;
            let name = HeaderName::from_static("idempotency-replayed");
            response.headers_mut().insert(name, HeaderValue::from_static("true"));
            Ok(response)
        }
        KnownReply::New => {
            let done = work.await;
            let kept = match &done {
                Ok(Reply { status, body: Content::Json(bytes), version, location }) => {
                    let body = String::from_utf8_lossy(bytes).into_owned();
                    let kept = Kept { body, version: *version, location: location.clone() };
                    serde_json::to_string(&kept).ok().map(|content| (status.as_u16(), content))
                }
                _ => None,
            };
            let kept = kept.as_ref().map(|(status, content)| (*status, content.as_str()));
            // The work is done; an answer that could not be kept must not look like a failure.
            if let Err(error) = registry.keep_reply(token, key, kept).await {
                tracing::warn!(%error, "the answer to a request could not be kept");
            }
            respond(done?, None)
        }
    }
}
