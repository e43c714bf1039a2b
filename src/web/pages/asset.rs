//! Style sheet, keys and mark, built in.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::web::error::Failure;

/// `GET /assets/{name}`.
pub async fn show(Path(name): Path<String>) -> Result<Response, Failure> {
    let (kind, body) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", include_str!("../static/style.css")),
        "keys.js" => ("text/javascript; charset=utf-8", include_str!("../static/keys.js")),
        "mark.svg" => ("image/svg+xml", include_str!("../static/mark.svg")),
        _ => return Err(Failure::NoPage),
    };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=60")], body).into_response())
}
