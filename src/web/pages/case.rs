//! Cases: what is due, and one case. Its page and its forms are those of the lead that it was.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::lead::{Asked, Row, Tab, render, row};
use crate::app::lead::CaseFilter;
use crate::domain::case::CaseId;
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::guard::see_other;
use crate::web::page::{Frame, Visit, html};

#[derive(Template)]
#[template(path = "cases.html")]
struct ListPage {
    frame: Frame,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
}

/// `GET /cases`.
pub async fn list(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let w = visit.lang.words();
    let views = [
        ("open", w.leads_open, CaseFilter::Open),
        ("overdue", w.leads_overdue, CaseFilter::Overdue),
        ("all", w.filter_state_all, CaseFilter::All),
    ];
    let asked = asked.state.as_deref().unwrap_or("open");
    let (current, _, filter) = views.into_iter().find(|(name, ..)| *name == asked).unwrap_or(views[0]);
    let cases = site.desk.cases(&visit.logged_in()?.actor, filter).await?;
    let page = ListPage {
        tabs: views
            .into_iter()
            .map(|(key, name, _)| Tab { name, href: format!("/cases?state={key}"), current: key == current })
            .collect(),
        rows: cases.iter().map(|view| row(visit.lang, view)).collect(),
        frame: Frame::new(&visit, "cases", w.cases_title).with_flash(&site, &visit),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `GET /cases/{id}`. A lead that was not filed has no case yet: its own page is shown.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let lead = CaseId::parse(&id).and_then(|case| case.lead()).map_err(|_| Failure::NoPage)?;
    match site.desk.lead(&visit.logged_in()?.actor, &lead).await?.case() {
        Some(_) => render(&site, &visit, &lead, StatusCode::OK, Vec::new()).await,
        None => Ok(see_other(&format!("/leads/{lead}"))),
    }
}
