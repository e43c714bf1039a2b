//! Offices, for administrators: which there are, who and what belongs to them.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app;
use crate::app::office::OfficeLine;
use crate::domain::office::OfficeId;
use crate::domain::source::SourceId;
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::page::{Frame, Visit, html, visible};
use crate::web::session::Flash;

#[derive(Template)]
#[template(path = "offices.html")]
struct Page {
    frame: Frame,
    lines: Vec<Line>,
    users: Vec<Belonging>,
    sources: Vec<Belonging>,
}

struct Line {
    id: String,
    name: String,
    parent: String,
    people: String,
    n_sources: usize,
    n_open: u64,
    n_all: u64,
}

/// A person or a source with the office it belongs to.
struct Belonging {
    id: String,
    name: String,
    /// Empty for none.
    office: String,
}

/// `GET /offices`.
pub async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Failure> {
    let actor = &visit.logged_in()?.actor;
    let lines = site.desk.offices(actor).await?;
    let users = site.registry.accounts(actor).await?;
    let sources = site.desk.sources().await?;
    let office_of = |id: &SourceId| {
        let owner = lines.iter().find(|line| line.sources.contains(id));
        owner.map(|line| line.office.id.to_string()).unwrap_or_default()
    };
    let page = Page {
        users: users
            .into_iter()
            .map(|account| Belonging {
                id: account.name.clone(),
                name: visible(&account.name),
                office: account.office.map(|office| office.to_string()).unwrap_or_default(),
            })
            .collect(),
        sources: sources
            .iter()
            .map(|line| Belonging {
                id: line.source.id.to_string(),
                name: visible(&line.source.title),
                office: office_of(&line.source.id),
            })
            .collect(),
        lines: lines.iter().map(line).collect(),
        frame: Frame::new(&visit, "offices", visit.lang.pick("机构与辖区", "Offices"))
            .with_flash(&site, &visit),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `POST /offices`: adds one.
pub async fn add(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let parent = Some(form.one("parent")).filter(|parent| !parent.is_empty());
    site.registry.add_office(&form.session.actor, form.one("id"), form.one("name"), parent).await?;
    done(&site, &form, visit.lang.words().done_user.to_owned())
}

/// `POST /offices/user`: makes an account belong to an office, or to none.
pub async fn move_user(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let office = office(&form)?;
    site.registry.set_user_office(&form.session.actor, form.one("user"), office.as_ref()).await?;
    done(&site, &form, visit.lang.words().done_user.to_owned())
}

/// `POST /offices/source`: makes a source belong to an office, or to none; its open findings go along.
pub async fn route_source(
    State(site): State<Arc<Site>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Failure> {
    let office = office(&form)?;
    let source = SourceId::parse(form.one("source")).map_err(|_| Failure::NoPage)?;
    let n = site.desk.route_source(&form.session.actor, &source, office.as_ref()).await?;
    let told = match visit.lang.pick(true, false) {
        true => format!("已更改，{n} 条未决内容一并转移。"),
        false => format!("Done; {n} open findings went along."),
    };
    done(&site, &form, told)
}

fn done(site: &Site, form: &Form, told: String) -> Result<Response, Failure> {
    site.flashes.tell(&form.session.id, Flash::good(told));
    Ok(see_other("/offices"))
}

/// The office of the form; `None` when the empty choice was sent.
pub fn office(form: &Form) -> Result<Option<OfficeId>, Failure> {
    match form.one("office") {
        "" => Ok(None),
        id => OfficeId::parse(id)
            .map(Some)
            .map_err(|error| app::Error::invalid("office", error.to_string()).into()),
    }
}

fn line(line: &OfficeLine) -> Line {
    let counts = line.counts;
    Line {
        id: line.office.id.to_string(),
        name: visible(&line.office.name),
        parent: line.office.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
        people: line.people.iter().map(|name| visible(name)).collect::<Vec<_>>().join("、"),
        n_sources: line.sources.len(),
        n_open: counts.pending + counts.second_review + counts.needs_evidence,
        n_all: counts.all(),
    }
}
