//! One request: who asks, with which parameters, and the answer.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts as _, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::table::Endpoint;
use super::{Api, MAX_BODY_BYTES, idempotency};
use crate::app::tokens::Program;
use crate::app::users::require;
use crate::app::{App, Error};
use crate::domain::user::Actor;
use crate::kit::digest::sha256_hex;
use crate::web::error::Failure;
use crate::web::lang::Lang;
use crate::web::session::random_hex;

/// Every answer is for the program that asked, and is looked at again each time.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "private, no-cache"),
    ("vary", "Authorization, Accept-Language"),
];

/// A request that was let in.
pub struct Call {
    pub api: Arc<Api>,
    pub program: Option<Program>,
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    if_match: Option<String>,
    body: Bytes,
}

/// What a handler gives.
pub struct Reply {
    pub status: StatusCode,
    pub body: Content,
    /// Grows with every change of the thing; part of its entity tag.
    pub version: Option<u64>,
    pub location: Option<String>,
}

/// The body of an answer.
pub enum Content {
    Json(Vec<u8>),
    /// Bytes to be kept as a file, never shown.
    File {
        bytes: Vec<u8>,
        name: String,
        kind: &'static str,
    },
}

/// What handlers return.
pub type Answered = Result<Reply, Problem>;

impl Reply {
    /// 200 with this.
    pub fn ok(shape: &impl Serialize) -> Answered {
        let bytes = serde_json::to_vec(shape).map_err(|error| Failure::Render(error.to_string()))?;
        Ok(Self { status: StatusCode::OK, body: Content::Json(bytes), version: None, location: None })
    }

    /// 201 with this, which is to be found at `location`.
    pub fn created(shape: &impl Serialize, location: String) -> Answered {
        Ok(Self { status: StatusCode::CREATED, location: Some(location), ..Self::ok(shape)? })
    }

    /// The same with the version of the thing.
    #[must_use]
    pub fn of_version(self, version: u64) -> Self {
        Self { version: Some(version), ..self }
    }
}

impl Call {
    /// The use cases.
    pub fn app(&self) -> &App {
        &self.api.app
    }

    /// As whom the program acts.
    pub fn actor(&self) -> Result<&Actor, Problem> {
        self.program.as_ref().map(|program| &program.actor).ok_or(Problem::NoToken)
    }

    /// A name in the address; one that cannot be a name is not found.
    pub fn id<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        let text = self.path.get(name).map_or("", String::as_str);
        text.parse().map_err(|_| Problem::Failure(Failure::NoPage))
    }

    /// A parameter that was given; the table says what it looks like, and that was checked.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A parameter as a value.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let wrong = || Problem::parameter(name, "not understood");
        self.asked(name).map(|text| text.parse().map_err(|_| wrong())).transpose()
    }

    /// How many entries a page has.
    pub fn limit(&self) -> u32 {
        self.asked("limit").and_then(|text| text.parse().ok()).unwrap_or(50)
    }

    /// The version that the program saw: `None` takes the thing as it stands.
    pub fn version(&self) -> Result<Option<u64>, Problem> {
        match self.if_match.as_deref().map(str::trim) {
            None | Some("") => Err(Problem::NoVersion),
            Some("*") => Ok(None),
            // A tag that is not of this thing fits no version of it.
            Some(tag) => Ok(Some(version_of(tag).unwrap_or(u64::MAX))),
        }
    }

    /// The body.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                let message = error.to_string();
                Problem::Failure(Failure::App(Error::invalid("body", message)))
            }
            _ => Problem::Body(error.to_string()),
        })
    }
}

/// `"7-0a1b2c…"` → 7.
fn version_of(tag: &str) -> Option<u64> {
    let inner = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    inner.split_once('-')?.0.parse().ok()
}

/// Answers a request: with what `endpoint` gives, or with `otherwise`.
pub async fn answer(
    api: Arc<Api>,
    endpoint: Option<Arc<Endpoint>>,
    otherwise: Problem,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let lang = lang_of(&parts.headers);
    let request_id = random_hex().map(|hex| hex[..12].to_owned()).unwrap_or_default();
    let read = to_bytes(body, MAX_BODY_BYTES).await;
    let done = match (endpoint, read) {
        (_, Err(_)) => Err(Problem::TooLarge),
        (None, _) => Err(otherwise),
        (Some(endpoint), Ok(body)) => serve(api, &endpoint, &mut parts, body).await,
    };
    let mut response = done.unwrap_or_else(|problem| problem.respond(lang, &request_id));
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

async fn serve(
    api: Arc<Api>,
    endpoint: &Endpoint,
    parts: &mut Parts,
    body: Bytes,
) -> Result<Response, Problem> {
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    // HTTP/2 and absolute addresses carry it in the address.
    let host = text(header::HOST).or_else(|| parts.uri.authority().map(|host| host.as_str()));
    if !api.access.is_own_host(host.unwrap_or_default()) {
        return Err(Failure::Host.into());
    }
    let program = match endpoint.needs {
        Some(permission) => {
            let program = admit(&api, parts).await?;
            require(&program.actor, permission)?;
            Some(program)
        }
        None => None,
    };
    let path = RawPathParams::from_request_parts(parts, &()).await;
    let path = path.map_err(|_| Problem::Failure(Failure::NoPage))?;
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = endpoint.check_query(parts.uri.query().unwrap_or_default())?;
    let takes_body = endpoint.body.is_some();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json =
        kind.is_some_and(|kind| kind.split(';').next().unwrap_or_default().trim() == "application/json");
    if takes_body && !is_json {
        return Err(Problem::MediaType);
    }
    let if_match = parts.headers.get(header::IF_MATCH);
    let if_match = if_match.map(|value| value.to_str().unwrap_or_default().to_owned());
    if endpoint.versioned && if_match.is_none() {
        return Err(Problem::NoVersion);
    }
    let key = idempotency::key(&parts.headers)?.filter(|_| parts.method == Method::POST);
    let run = endpoint.run;
    let call = Call { api: api.clone(), program: program.clone(), path, query, if_match, body };
    match (key, program) {
        (Some(key), Some(program)) => {
            let request = idempotency::digest(&parts.method, &parts.uri, &call.body);
            idempotency::once(&api.app, &program.token.id, &key, &request, run(call)).await
        }
        _ => {
            let reply = run(call).await?;
            respond(reply, parts.headers.get(header::IF_NONE_MATCH).filter(|_| parts.method != Method::POST))
        }
    }
}

/// The program behind the token of a request.
async fn admit(api: &Api, parts: &Parts) -> Result<Program, Problem> {
    let now = api.app.now();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip());
    let address = api.access.address(peer, &parts.headers).to_string();
    let sent = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, secret)) = sent.and_then(|sent| sent.split_once(' ')) else {
        return Err(Problem::NoToken);
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::NoToken);
    }
    // The token is looked up before the address is counted: an office behind one address keeps working while somebody
    // in it sends wrong tokens.
    let Some(program) = api.app.registry().program(secret.trim(), &address).await? else {
        api.limiter.wrong(&address, now).map_err(Problem::TooMany)?;
        return Err(Problem::NoToken);
    };
    api.limiter.take(program.token.id.as_str(), now).map_err(Problem::TooMany)?;
    Ok(program)
}

/// A reply as a response; 304 when the program has it already.
pub fn respond(reply: Reply, known: Option<&HeaderValue>) -> Result<Response, Problem> {
    let Reply { status, body, version, location } = reply;
    let header = |text: &str| {
        HeaderValue::from_str(text).map_err(|error| Problem::from(Failure::Render(error.to_string())))
    };
    let bytes = match &body {
        Content::Json(bytes) | Content::File { bytes, .. } => bytes,
    };
    let digest = &sha256_hex(bytes)[..16];
    let tag = version.map_or_else(|| format!("\"{digest}\""), |version| format!("\"{version}-{digest}\""));
    let has = |known: &HeaderValue| {
        let known = known.to_str().unwrap_or_default();
        known.split(',').any(|one| matches!(one.trim(), "*") || one.trim().trim_start_matches("W/") == tag)
    };
    if status == StatusCode::OK && known.is_some_and(has) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, header(&tag)?)]).into_response());
    }
    let mut response = match body {
        Content::Json(bytes) => {
            (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes)
                .into_response()
        }
        Content::File { bytes, name, kind } => {
            let disposition = header(&format!("attachment; filename=\"{name}\""))?;
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
                (header::CONTENT_DISPOSITION, disposition),
            ];
            (status, headers, bytes).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, header(&tag)?);
    if let Some(location) = location {
        headers.insert(header::LOCATION, header(&location)?);
    }
    Ok(response)
}

/// The first language of `Accept-Language` that there is; Chinese otherwise.
fn lang_of(headers: &HeaderMap) -> Lang {
    let wanted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut names = wanted.split(',').map(|name| name.split([';', '-']).next().unwrap_or_default().trim());
    names.find_map(Lang::parse).unwrap_or_default()
}
