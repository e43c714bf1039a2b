//! Login with name, password and, where it is set up, a one-time code.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use crate::app::users::{LoggedIn, Login};
use crate::kit::totp::same;
use crate::web::Site;
use crate::web::access::safe_next;
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
    let expected = cookie(request.headers(), FORM_COOKIE);
    let agent = agent(request.headers());
    let fields = Fields::read(request, &["token", "next", "name", "password", "code"]).await?;
    let next = safe_next(Some(fields.one("next")));
    let name = fields.one("name").trim();
    let w = visit.lang.words();
    let again = |status, problem| page(&visit, status, next, name, problem);
    if !expected.is_some_and(|expected| same(&expected, fields.one("token"))) {
        return again(StatusCode::FORBIDDEN, w.login_stale);
    }
    let login = Login {
        name,
        password: fields.one("password"),
        code: fields.one("code").trim(),
        address: &visit.address,
        agent: &agent,
    };
    match site.registry.log_in(login).await? {
        LoggedIn::Wrong => {
            tracing::warn!(address = visit.address, "wrong name, password or code at login");
            again(StatusCode::UNAUTHORIZED, w.login_wrong)
        }
        LoggedIn::TooMany => again(StatusCode::TOO_MANY_REQUESTS, w.login_too_many),
        LoggedIn::Token(token) => {
            let mut response = see_other(next);
            response.headers_mut().append(header::SET_COOKIE, session_cookie(&site.access, &token)?);
            Ok(response)
        }
    }
}

/// `POST /logout`.
pub async fn leave(State(site): State<Arc<Site>>, form: Form) -> Result<Response, Failure> {
    site.registry.end_session(&form.session, &form.session.id).await?;
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

fn agent(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
