//! The middleware every request passes: own host, own origin, logged in, language, and the headers of every answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::Site;
use super::access::Access;
use super::error::{Failed, Failure};
use super::lang::Lang;
use super::page::Visit;
use super::pages::failure;
use super::routes::Needs;
use super::session::random_hex;
use crate::app::users::require;

const LANG_COOKIE: &str = "adwatch-lang";

/// On every answer that does not bring its own.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
];

/// Where somebody whose password must be changed is led, and what they may do until then.
const CHANGE_PASSWORD: &str = "/account";
const BEFORE_CHANGE: &[&str] = &["/account", "/account/password", "/logout"];

/// The policy of a page that shows captured content from an address of its own: pictures, or a page in a frame.
pub fn policy_with(what: &str, source: &str) -> Result<HeaderValue, Failure> {
    let usual = HEADERS[0].1;
    let policy = match what {
        "img-src" => usual.replacen("img-src 'self'", &format!("img-src 'self' {source}"), 1),
        what => format!("{usual}; {what} {source}"),
    };
    HeaderValue::from_str(&policy).map_err(|error| Failure::Render(error.to_string()))
}

/// Admits or refuses a request, and finishes its answer.
pub async fn admit(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    let chosen = query_lang(&request);
    let (mut visit, token) = visit(&site, &request);
    let session = match &token {
        Some(token) => site.registry.session(token, &visit.address).await,
        None => Ok(None),
    };
    let refused = match session {
        Ok(session) => {
            visit.session = session;
            refuse(&site, &request, &visit)
        }
        Err(error) => Some(Failure::App(error).into_response()),
    };
    request.extensions_mut().insert(visit.clone());
    let mut response = match refused {
        Some(response) => response,
        None => next.run(request).await,
    };
    if let Some(Failed(why)) = response.extensions_mut().remove::<Failed>() {
        why.log(&visit.request_id);
        response = failure::page(&visit, &why);
    }
    finish(response, &visit, chosen)
}

/// Who asks, and the token that may say who that is.
fn visit(site: &Site, request: &Request) -> (Visit, Option<String>) {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip());
    let lang = query_lang(request)
        .or_else(|| cookie(request.headers(), LANG_COOKIE).and_then(|code| Lang::parse(&code)))
        .unwrap_or_default();
    let (name, _) = site.access.cookie();
    let token = cookie(request.headers(), name).filter(|_| !request.uri().path().starts_with("/assets/"));
    let visit = Visit {
        lang,
        request_id: random_hex().map(|hex| hex[..12].to_owned()).unwrap_or_default(),
        session: None,
        address: site.access.address(peer, request.headers()).to_string(),
        here: here(request),
    };
    (visit, token)
}

fn refuse(site: &Site, request: &Request, visit: &Visit) -> Option<Response> {
    let text = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    if !site.access.is_own_host(host) {
        return Some(Failure::Host.into_response());
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads {
        let fetch_site = text(HeaderName::from_static("sec-fetch-site"));
        if !Access::is_own_origin(host, text(header::ORIGIN), fetch_site) {
            return Some(Failure::Origin.into_response());
        }
    }
    let needs = needs(site, request);
    let Some(session) = &visit.session else {
        return (needs != Needs::Nothing).then(|| to_login(visit, reads));
    };
    let path = request.uri().path();
    if session.account.must_change && needs != Needs::Nothing && !BEFORE_CHANGE.contains(&path) {
        return Some(Redirect::to(CHANGE_PASSWORD).into_response());
    }
    match needs {
        Needs::May(permission) => {
            require(&session.actor, permission).err().map(|error| Failure::App(error).into_response())
        }
        Needs::Nothing | Needs::Login => None,
    }
}

/// What the address needs; one that is not in the table, or not in this way, needs a login and is then not found.
fn needs(site: &Site, request: &Request) -> Needs {
    let method = if *request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let known = |matched: &MatchedPath| {
        site.needs
            .iter()
            .find(|((m, path), _)| *m == method && *path == matched.as_str())
            .map(|(_, needs)| *needs)
    };
    request.extensions().get::<MatchedPath>().and_then(known).unwrap_or(Needs::Login)
}

fn to_login(visit: &Visit, reads: bool) -> Response {
    if !reads {
        return Failure::Login.into_response();
    }
    let next: String = url::form_urlencoded::byte_serialize(visit.here.as_bytes()).collect();
    let wanted = if visit.here == "/" { "/login".to_owned() } else { format!("/login?next={next}") };
    Redirect::to(&wanted).into_response()
}

fn finish(mut response: Response, visit: &Visit, chosen: Option<Lang>) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&visit.request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if let Some(lang) = chosen {
        let cookie = format!("{LANG_COOKIE}={}; Path=/; SameSite=Lax; Max-Age=31536000", lang.code());
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// The cookie that opens a session, or ends it when `token` is empty.
pub fn session_cookie(access: &Access, token: &str) -> Result<HeaderValue, Failure> {
    let (name, attributes) = access.cookie();
    let age = if token.is_empty() { "; Max-Age=0" } else { "" };
    HeaderValue::from_str(&format!("{name}={token}{attributes}{age}"))
        .map_err(|error| Failure::Render(error.to_string()))
}

/// Value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

/// To another page after a form was taken.
pub fn see_other(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path.to_owned())]).into_response()
}

fn query_lang(request: &Request) -> Option<Lang> {
    url::form_urlencoded::parse(request.uri().query()?.as_bytes())
        .find(|(name, _)| name == "lang")
        .and_then(|(_, code)| Lang::parse(&code))
}

/// Path and query without `lang`.
fn here(request: &Request) -> String {
    let uri = request.uri();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if name != "lang" {
            query.append_pair(&name, &value);
        }
    }
    match query.finish() {
        query if query.is_empty() => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    }
}
