//! The page about a request that was not done.

use askama::Template;
use axum::response::{IntoResponse, Response};

use crate::web::error::Failure;
use crate::web::page::{Frame, Visit, html};

#[derive(Template)]
#[template(path = "failure.html")]
struct Page {
    frame: Frame,
    sentence: String,
    next: &'static str,
    details: Vec<String>,
    request_id: String,
}

/// The page about `why`; plain text when even that cannot be made.
pub fn page(visit: &Visit, why: &Failure) -> Response {
    let explained = why.explain(visit.lang);
    let page = Page {
        frame: Frame::new(visit, "", visit.lang.words().error_title),
        sentence: explained.sentence,
        next: explained.next,
        details: explained.details,
        request_id: visit.request_id.clone(),
    };
    html(why.status(), &page).unwrap_or_else(|_| (why.status(), page.sentence.clone()).into_response())
}
