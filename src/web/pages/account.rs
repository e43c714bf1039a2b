//! One's own account: password, second factor, sessions.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app;
use crate::app::Registry;
use crate::app::users::SessionLine;
use crate::domain::token::{ApiToken, Scope, TokenId};
use crate::domain::user::{Permission, SessionId};
use crate::kit::clock::UnixMs;
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::page::{Frame, Visit, When, html, shorten, visible};
use crate::web::session::Flash;

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    frame: Frame,
    must_change: bool,
    has_totp: bool,
    /// A secret to set up; shown until a code of it was seen.
    secret: String,
    sessions: Vec<Line>,
    tokens: Vec<TokenLine>,
    /// What a token may be used for, as far as the role goes: value and name.
    scopes: Vec<(&'static str, &'static str)>,
    /// A token that was just made, shown this once.
    made: Option<String>,
    problem: Vec<String>,
}

struct TokenLine {
    id: String,
    name: String,
    scope: String,
    until: When,
    used: Option<When>,
    is_valid: bool,
}

struct Line {
    id: String,
    opened: When,
    seen: When,
    address: String,
    agent: String,
    is_this: bool,
}

/// `GET /account`.
pub async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Failure> {
    render(&site, &visit, StatusCode::OK, Vec::new(), "", None).await
}

/// `POST /account/tokens`: makes a token, which the answer alone shows.
pub async fn add_token(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let session = &form.session;
    let chosen: Vec<&str> = form.all("scope").collect();
    let made = match (Scope::parse(&chosen.join(",")), form.one("days").parse()) {
        (Ok(scope), Ok(days)) => {
            let owner = &session.account.name;
            site.registry.add_token(&session.actor, owner, form.one("name"), scope, days).await
        }
        (Err(_), _) => Err(app::Error::invalid("scope", visit.lang.words().token_no_scope)),
        (_, Err(_)) => Err(app::Error::invalid("days", visit.lang.words().token_no_days)),
    };
    match made {
        Ok(made) => render(&site, &visit, StatusCode::OK, Vec::new(), "", Some(made.secret)).await,
        Err(why) => refused(&site, &visit, why, "").await,
    }
}

/// `POST /account/tokens/revoke`.
pub async fn revoke_token(
    State(site): State<Arc<Site>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Failure> {
    let id = TokenId::parse(form.one("token")).map_err(|error| Failure::Form(error.to_string()))?;
    site.registry.revoke_token(&form.session.actor, &id).await?;
    site.flashes.tell(&form.session.id, Flash::good(visit.lang.words().done_token));
    Ok(see_other("/account"))
}

/// `POST /account/password`.
pub async fn change_password(
    State(site): State<Arc<Site>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Failure> {
    let w = visit.lang.words();
    if form.one("new") != form.one("repeat") {
        let problem = vec![w.password_differs.to_owned()];
        return render(&site, &visit, StatusCode::UNPROCESSABLE_ENTITY, problem, "", None).await;
    }
    match site.registry.change_password(&form.session, form.one("old"), form.one("new")).await {
        Ok(()) => {
            site.flashes.tell(&form.session.id, Flash::good(w.done_password));
            Ok(see_other(if form.session.account.must_change { "/queue" } else { "/account" }))
        }
        Err(why) => refused(&site, &visit, why, "").await,
    }
}

/// `POST /account/code`: turns the second factor on.
pub async fn set_code(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let secret = form.one("secret");
    match site.registry.set_totp(&form.session, secret, form.one("code")).await {
        Ok(()) => {
            site.flashes.tell(&form.session.id, Flash::good(visit.lang.words().done_totp_on));
            Ok(see_other("/account"))
        }
        Err(why) => refused(&site, &visit, why, secret).await,
    }
}

/// `POST /account/no-code`: turns the second factor off.
pub async fn unset_code(
    State(site): State<Arc<Site>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Failure> {
    match site.registry.unset_totp(&form.session, form.one("password")).await {
        Ok(()) => {
            site.flashes.tell(&form.session.id, Flash::good(visit.lang.words().done_totp_off));
            Ok(see_other("/account"))
        }
        Err(why) => refused(&site, &visit, why, "").await,
    }
}

/// `POST /account/sessions`: ends one of one's own sessions.
pub async fn end_session(
    State(site): State<Arc<Site>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Failure> {
    let id = SessionId::parse(form.one("session")).map_err(|error| Failure::Form(error.to_string()))?;
    site.registry.end_session(&form.session, &id).await?;
    site.flashes.tell(&form.session.id, Flash::good(visit.lang.words().done_session));
    Ok(see_other("/account"))
}

async fn refused(site: &Site, visit: &Visit, why: app::Error, secret: &str) -> Result<Response, Failure> {
    match why {
        app::Error::Invalid(problems) => {
            let problem = problems.into_iter().map(|problem| problem.message).collect();
            render(site, visit, StatusCode::UNPROCESSABLE_ENTITY, problem, secret, None).await
        }
        other => Err(other.into()),
    }
}

async fn render(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    problem: Vec<String>,
    secret: &str,
    made: Option<String>,
) -> Result<Response, Failure> {
    let session = visit.logged_in()?;
    let sessions = site.registry.own_sessions(session).await?;
    let tokens = site.registry.tokens(&session.actor, Some(&session.account.name)).await?;
    let now = site.registry.now();
    let may = Permission::ALL.into_iter().filter(|permission| session.actor.may(*permission));
    let page = Page {
        must_change: session.account.must_change,
        has_totp: session.account.has_totp,
        secret: if secret.is_empty() { Registry::new_totp_secret()? } else { visible(&shorten(secret, 64)) },
        sessions: sessions.into_iter().map(|line| row(line, &session.id)).collect(),
        tokens: tokens.into_iter().map(|owned| token_line(owned.token, now)).collect(),
        scopes: may.map(|permission| (permission.as_str(), visit.lang.of(permission.label()))).collect(),
        made,
        problem,
        frame: Frame::new(visit, "account", visit.lang.words().account_title).with_flash(site, visit),
    };
    Ok(html(status, &page)?)
}

fn row(line: SessionLine, this: &SessionId) -> Line {
    Line {
        is_this: line.id == *this,
        id: line.id.to_string(),
        opened: line.opened_at.into(),
        seen: line.seen_at.into(),
        address: visible(&line.address),
        agent: visible(&shorten(&line.agent, 90)),
    }
}

fn token_line(token: ApiToken, now: UnixMs) -> TokenLine {
    TokenLine {
        is_valid: token.is_valid(now),
        id: token.id.to_string(),
        name: visible(&token.name),
        scope: token.scope.to_string(),
        until: token.expires_at.into(),
        used: token.used_at.map(When::from),
    }
}
