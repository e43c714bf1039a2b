//! Accounts, for administrators.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app;
use crate::domain::user::{Account, Permission, Role};
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, html, visible};
use crate::web::session::Flash;

#[derive(Template)]
#[template(path = "users.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    roles: Vec<RoleLine>,
    /// A new one-time password, shown once: whose, and what.
    given: Option<(String, String)>,
    problem: Vec<String>,
    name: String,
}

struct Row {
    name: String,
    role: &'static str,
    must_change: bool,
    has_totp: bool,
    created: When,
    disabled: Option<When>,
}

struct RoleLine {
    value: &'static str,
    name: &'static str,
    allows: Vec<bool>,
}

impl Page {
    /// Names of what roles may do, as columns.
    fn permissions(&self) -> Vec<&'static str> {
        Permission::ALL.into_iter().map(|permission| self.frame.lang.of(permission.label())).collect()
    }
}

/// `GET /users`.
pub async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Failure> {
    render(&site, &visit, StatusCode::OK, None, Vec::new(), "").await
}

/// `POST /users`: makes an account.
pub async fn add(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let name = form.one("name").trim();
    let made = site.registry.add_account(&form.session.actor, name, parse(&form)?).await;
    given(&site, &visit, name, made).await
}

/// `POST /users/reset`: a new one-time password.
pub async fn reset(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let name = form.one("name");
    given(&site, &visit, name, site.registry.reset_password(&form.session.actor, name).await).await
}

/// `POST /users/role`.
pub async fn role(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let changed = site.registry.set_role(&form.session.actor, form.one("name"), parse(&form)?).await;
    done(&site, &visit, &form, changed).await
}

/// `POST /users/disable`.
pub async fn disable(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let changed = site.registry.set_disabled(&form.session.actor, form.one("name"), true).await;
    done(&site, &visit, &form, changed).await
}

/// `POST /users/enable`.
pub async fn enable(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let changed = site.registry.set_disabled(&form.session.actor, form.one("name"), false).await;
    done(&site, &visit, &form, changed).await
}

/// `POST /users/end-sessions`.
pub async fn end_sessions(
    State(site): State<Arc<Site>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Failure> {
    let ended = site.registry.end_sessions_of(&form.session.actor, form.one("name")).await;
    done(&site, &visit, &form, ended.map(drop)).await
}

fn parse(form: &Form) -> Result<Role, Failure> {
    Role::parse(form.one("role")).ok_or_else(|| Failure::Form("no such role".to_owned()))
}

async fn given(
    site: &Site,
    visit: &Visit,
    name: &str,
    made: app::Result<String>,
) -> Result<Response, Failure> {
    match made {
        Ok(password) => {
            let given = Some((visible(name), password));
            render(site, visit, StatusCode::OK, given, Vec::new(), "").await
        }
        Err(why) => refused(site, visit, why, name).await,
    }
}

async fn done(site: &Site, visit: &Visit, form: &Form, done: app::Result<()>) -> Result<Response, Failure> {
    match done {
        Ok(()) => {
            site.flashes.tell(&form.session.id, Flash::good(visit.lang.words().done_user));
            Ok(see_other("/users"))
        }
        Err(why) => refused(site, visit, why, "").await,
    }
}

async fn refused(site: &Site, visit: &Visit, why: app::Error, name: &str) -> Result<Response, Failure> {
    let failure = Failure::App(why);
    match &failure {
        Failure::App(app::Error::Invalid(_) | app::Error::Conflict(_)) => {
            let problem = failure.explain(visit.lang).details;
            render(site, visit, failure.status(), None, problem, name).await
        }
        _ => Err(failure),
    }
}

async fn render(
    site: &Site,
    visit: &Visit,
    status: StatusCode,
    given: Option<(String, String)>,
    problem: Vec<String>,
    name: &str,
) -> Result<Response, Failure> {
    let lang = visit.lang;
    let accounts = site.registry.accounts(&visit.logged_in()?.actor).await?;
    let page = Page {
        rows: accounts.iter().map(row).collect(),
        roles: Role::ALL.into_iter().map(|role| role_line(lang, role)).collect(),
        given,
        problem,
        name: visible(name),
        frame: Frame::new(visit, "users", lang.words().users_title).with_flash(site, visit),
    };
    Ok(html(status, &page)?)
}

fn row(account: &Account) -> Row {
    Row {
        name: account.name.clone(),
        role: account.role.as_str(),
        must_change: account.must_change,
        has_totp: account.has_totp,
        created: account.created_at.into(),
        disabled: account.disabled_at.map(When::from),
    }
}

fn role_line(lang: Lang, role: Role) -> RoleLine {
    RoleLine {
        value: role.as_str(),
        name: lang.of(role.label()),
        allows: Permission::ALL.into_iter().map(|permission| role.may(permission)).collect(),
    }
}
