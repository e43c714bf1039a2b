//! Login with the password of this start, and the name under which decisions are recorded.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use askama::Template;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use crate::domain::user::Actor;
use crate::web::Site;
use crate::web::access::{safe_next, same};
use crate::web::error::Failure;
use crate::web::form::{Fields, Form};
use crate::web::guard::{cookie, see_other, session_cookie};
use crate::web::page::{Frame, Visit, html};
use crate::web::session::random_hex;

/// Ties the login form to the browser it was shown in, so that no foreign page can log staff in under another name.
const FORM_COOKIE: &str = "adwatch-login";

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    frame: Frame,
    token: String,
    next: String,
    name: String,
    problem: &'static str,
}

/// Query of the login page.
#[derive(Deserialize)]
pub struct Wanted {
    next: Option<String>,
}

/// `GET /login`.
pub async fn show(visit: Visit, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let next = safe_next(wanted.next.as_deref());
    if visit.session.is_some() {
        return Ok(see_other(next));
    }
    page(&visit, StatusCode::OK, next, "", "")
}

/// `POST /login`.
pub async fn enter(
    State(site): State<Arc<Site>>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let address = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip());
    let expected = form_token(request.headers());
    let fields = Fields::read(request, &["token", "next", "name", "password"]).await?;
    let next = safe_next(Some(fields.one("next")));
    let name = fields.one("name").trim();
    let w = visit.lang.words();
    let again = |status, problem| page(&visit, status, next, name, problem);
    let now = site.desk.now();
    if !expected.is_some_and(|expected| same(&expected, fields.one("token"))) {
        return again(StatusCode::FORBIDDEN, w.login_stale);
    }
    if !site.sessions.may_try(address, now) {
        return again(StatusCode::TOO_MANY_REQUESTS, w.login_too_many);
    }
    if !site.access.is_password(fields.one("password")) {
        site.sessions.failed(address, now);
        tracing::warn!(%address, "wrong password at login");
        return again(StatusCode::UNAUTHORIZED, w.login_wrong);
    }
    let Some(actor) = Actor::person(name) else {
        return again(StatusCode::UNPROCESSABLE_ENTITY, w.login_no_name);
    };
    tracing::info!(%address, actor = actor.name(), "logged in");
    let token = site.sessions.open(actor, now)?;
    let mut response = see_other(next);
    response.headers_mut().append(header::SET_COOKIE, session_cookie(&site.access, &token)?);
    Ok(response)
}

/// `POST /logout`.
pub async fn leave(State(site): State<Arc<Site>>, form: Form) -> Result<Response, Failure> {
    site.sessions.close(&form.session);
    let mut response = see_other("/login");
    response.headers_mut().append(header::SET_COOKIE, session_cookie(&site.access, "")?);
    Ok(response)
}

fn page(
    visit: &Visit,
    status: StatusCode,
    next: &str,
    name: &str,
    problem: &'static str,
) -> Result<Response, Failure> {
    let token = random_hex()?;
    let page = Page {
        frame: Frame::new(visit, "login", visit.lang.words().login_title),
        token: token.clone(),
        next: next.to_owned(),
        name: name.to_owned(),
        problem,
    };
    let mut response = html(status, &page)?;
    let attributes = "Path=/login; HttpOnly; SameSite=Strict; Max-Age=3600";
    let cookie = HeaderValue::from_str(&format!("{FORM_COOKIE}={token}; {attributes}"))
        .map_err(|error| Failure::Render(error.to_string()))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

fn form_token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, FORM_COOKIE)
}
