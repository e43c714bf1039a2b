//! Captured pages, shown inert: on an origin of their own, from a sealed package or the vault alone, without scripts,
//! forms, cookies and network.
//!
//! An address begins with a token that a page of the application made for one visitor; it is the only thing that this
//! origin asks for, so it needs no cookie and knows no session. What is safe does not hang on how pages are rewritten:
//! every answer is a sandbox without any permission, and its policy names nothing but its own token as a source, so a
//! browser neither runs what was captured nor asks anybody for anything.

mod css;
mod markup;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::desk::Desk;
use super::session::random_hex;
use crate::evidence::{Replay, Replayed};
use crate::extract::{charset, content};

/// How long a token holds.
const LIFE: Duration = Duration::from_secs(1_800);
/// Tokens at one time; the oldest goes first.
const MAX_OPEN: usize = 2_000;
/// Largest page that is rewritten.
const MAX_PAGE_BYTES: usize = 8 << 20;

/// On every answer.
const HEADERS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-dns-prefetch-control", "off"),
    // What asks is a sandbox, which is of no origin at all.
    ("cross-origin-resource-policy", "cross-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
];

/// What can be looked at just now.
pub struct Replays {
    origin: String,
    desk: Arc<dyn Desk>,
    open: Mutex<HashMap<String, Open>>,
}

#[derive(Clone)]
struct Open {
    until: Instant,
    /// For whom and what, so that turning pages does not check a package again.
    key: String,
    shown: Shown,
}

#[derive(Clone)]
enum Shown {
    Package(Arc<Replay>),
    /// Pictures that our own browser made, by SHA-256.
    Pictures(Arc<HashSet<String>>),
}

impl Replays {
    /// Looks are served under `origin`, for example `http://127.0.0.1:8421`.
    pub(super) fn at(origin: &str, desk: Arc<dyn Desk>) -> Arc<Self> {
        Arc::new(Self { origin: origin.trim_end_matches('/').to_owned(), desk, open: Mutex::default() })
    }

    /// A package that this key has open already, and the address below which it is shown.
    pub(super) fn opened(&self, key: &str) -> Option<(String, Arc<Replay>)> {
        let now = Instant::now();
        let open = self.lock();
        let (token, one) = open.iter().find(|(_, one)| one.key == key && one.until > now)?;
        match &one.shown {
            Shown::Package(replay) => Some((self.base(token), replay.clone())),
            Shown::Pictures(_) => None,
        }
    }

    /// The address below which a package is shown for a while; ends in `/`.
    pub(super) fn package(&self, key: String, replay: Arc<Replay>) -> anyhow::Result<String> {
        self.admit(key, Shown::Package(replay))
    }

    /// The address below which pictures, named by their SHA-256, are shown for a while; ends in `/`.
    pub(super) fn pictures(&self, pictures: HashSet<String>) -> anyhow::Result<String> {
        self.admit(String::new(), Shown::Pictures(Arc::new(pictures)))
    }

    fn admit(&self, key: String, shown: Shown) -> anyhow::Result<String> {
        let token = random_hex()?;
        let now = Instant::now();
        let mut open = self.lock();
        open.retain(|_, one| one.until > now);
        if open.len() >= MAX_OPEN
            && let Some(oldest) = open.iter().min_by_key(|(_, one)| one.until).map(|(token, _)| token.clone())
        {
            open.remove(&oldest);
        }
        open.insert(token.clone(), Open { until: now + LIFE, key, shown });
        Ok(self.base(&token))
    }

    fn find(&self, token: &str) -> Option<Shown> {
        let open = self.lock();
        open.get(token).filter(|one| one.until > Instant::now()).map(|one| one.shown.clone())
    }

    fn base(&self, token: &str) -> String {
        format!("{}/{token}/", self.origin)
    }

    /// A poisoned lock means that another request panicked; the map is never left half written.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Open>> {
        self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The origin of captured pages as a service.
pub fn router(replays: Arc<Replays>) -> Router {
    Router::new()
        .route("/{token}/seen/{index}", get(seen))
        .route("/{token}/page/{index}", get(page))
        .route("/{token}/at", get(at))
        .route("/{token}/picture/{name}", get(picture))
        .fallback(async || refused(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || refused(StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(replays.clone(), guard))
        .with_state(replays)
}

/// Gives every answer the sandbox that belongs to its token; cookies are neither read nor set.
async fn guard(State(replays): State<Arc<Replays>>, request: Request, next: Next) -> Response {
    let token = request.uri().path().split('/').nth(1).unwrap_or_default().to_owned();
    let own = replays.origin.split_once("://").map(|(_, host)| host.to_owned()).unwrap_or_default();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let mut response = match host.is_some_and(|host| host.eq_ignore_ascii_case(&own)) {
        true => next.run(request).await,
        // Another name for this address is a rebinding attack or a mistake.
        false => refused(StatusCode::MISDIRECTED_REQUEST),
    };
    let source = match token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => replays.base(&token),
        false => "'none'".to_owned(),
    };
    let policy = format!(
        "sandbox; default-src 'none'; img-src {source} data:; style-src {source} 'unsafe-inline'; \
         font-src {source} data:; media-src {source}; frame-src {source}; form-action 'none'; base-uri 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// `GET /{token}/seen/{index}`: the elements that the browser saw.
async fn seen(State(replays): State<Arc<Replays>>, Path((token, index)): Path<(String, usize)>) -> Response {
    let found = read(&replays, &token, move |replay| {
        let Some(url) = replay.pages().get(index).map(|page| page.url.clone()) else { return Ok(None) };
        Ok(replay.elements(index)?.map(|body| Replayed {
            url,
            content_type: "text/html; charset=utf-8".to_owned(),
            content_encoding: None,
            body,
        }))
    });
    found.await
}

/// `GET /{token}/page/{index}`: a capture as received.
async fn page(State(replays): State<Arc<Replays>>, Path((token, index)): Path<(String, usize)>) -> Response {
    read(&replays, &token, move |replay| replay.page(index)).await
}

#[derive(Deserialize)]
struct Wanted {
    u: String,
}

/// `GET /{token}/at?u=ADDRESS`: what answers an address in the package.
async fn at(
    State(replays): State<Arc<Replays>>,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    read(&replays, &token, move |replay| replay.answer(&wanted.u)).await
}

/// `GET /{token}/picture/{name}`: a picture that our browser made.
async fn picture(
    State(replays): State<Arc<Replays>>,
    Path((token, name)): Path<(String, String)>,
) -> Response {
    let found = match replays.find(&token) {
        Some(Shown::Pictures(pictures)) if pictures.contains(&name) => {
            replays.desk.rendered_picture(&name).await.ok()
        }
        Some(Shown::Package(replay)) => {
            let read = tokio::task::spawn_blocking(move || replay.picture(&name));
            read.await.ok().and_then(Result::ok).flatten()
        }
        Some(Shown::Pictures(_)) | None => None,
    };
    match found {
        Some(bytes) => ([(header::CONTENT_TYPE, "image/png")], bytes).into_response(),
        None => refused(StatusCode::NOT_FOUND),
    }
}

/// Finds something in the token's package and makes it fit to be shown, off the async threads.
async fn read(
    replays: &Arc<Replays>,
    token: &str,
    find: impl FnOnce(&Replay) -> std::io::Result<Option<Replayed>> + Send + 'static,
) -> Response {
    let Some(Shown::Package(replay)) = replays.find(token) else { return refused(StatusCode::NOT_FOUND) };
    let base = replays.base(token);
    let shown = tokio::task::spawn_blocking(move || match find(&replay) {
        Ok(Some(found)) => shown(&replay, &base, found),
        Ok(None) => refused(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::warn!("a package cannot be replayed: {error}");
            refused(StatusCode::INTERNAL_SERVER_ERROR)
        }
    });
    shown.await.unwrap_or_else(|_| refused(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Only what can be looked at is given: pages, styles, pictures, type faces, sound.
fn shown(replay: &Replay, base: &str, found: Replayed) -> Response {
    let mime = found.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_page = matches!(mime.as_str(), "text/html" | "application/xhtml+xml" | "");
    if is_page || mime == "text/css" || mime == "text/plain" {
        if found.body.len() > MAX_PAGE_BYTES {
            return refused(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let (unpacked, _) = content::decode(&found.body, found.content_encoding.as_deref());
        let (decoded, _) = charset::decode(&unpacked, Some(&found.content_type));
        let place = Place { replay, base, url: &found.url };
        let (kind, text) = match mime.as_str() {
            "text/css" => ("text/css; charset=utf-8", css::rewritten(&decoded.text, &place)),
            "text/plain" => ("text/plain; charset=utf-8", decoded.text),
            _ => ("text/html; charset=utf-8", markup::rewritten(&decoded.text, &place)),
        };
        return ([(header::CONTENT_TYPE, kind)], text).into_response();
    }
    let is_seen = ["image/", "font/", "audio/", "video/"].iter().any(|kind| mime.starts_with(kind))
        || (mime.starts_with("application/") && mime.contains("font"));
    let Ok(kind) = HeaderValue::from_str(&mime) else { return refused(StatusCode::NOT_FOUND) };
    if !is_seen {
        return refused(StatusCode::NOT_FOUND);
    }
    let (unpacked, _) = content::decode(&found.body, found.content_encoding.as_deref());
    // Type faces are asked for in a mode that wants this said; a sandbox is the origin `null`.
    let allowed = (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("null"));
    ([(header::CONTENT_TYPE, kind), allowed], unpacked.into_owned()).into_response()
}

/// Where a captured text stands: addresses in it are resolved against `url` and answered from the package.
struct Place<'a> {
    replay: &'a Replay,
    base: &'a str,
    url: &'a str,
}

impl Place<'_> {
    /// The address under which this origin shows `link`; `None` when the package has nothing there.
    fn local(&self, link: &str) -> Option<String> {
        let link = link.trim();
        if link.starts_with("data:image/") {
            return Some(link.to_owned());
        }
        let url = url::Url::parse(self.url).ok()?.join(link).ok()?;
        if !matches!(url.scheme(), "http" | "https") || !self.replay.has(url.as_str()) {
            return None;
        }
        let fragment = url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default();
        let bare = url.as_str().split('#').next().unwrap_or_default();
        let asked: String = url::form_urlencoded::byte_serialize(bare.as_bytes()).collect();
        Some(format!("{}at?u={asked}{fragment}", self.base))
    }
}

fn refused(status: StatusCode) -> Response {
    let words = match status {
        StatusCode::NOT_FOUND => {
            "证据包内没有这项内容，或者查看时间已过。 Not in this package, or the time for looking is over.\n"
        }
        _ => "不能显示。 This cannot be shown.\n",
    };
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], words).into_response()
}
