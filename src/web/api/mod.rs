//! `/api/v1`: what the pages do, for programs.
//!
//! [`table`] is the one list of addresses: the router, the checks of parameters, the OpenAPI document and the tests are
//! made from it. What must stay true: only a bearer token opens anything, never a cookie; a program may do what both
//! its scope and the role of its owner allow; every answer is JSON except bytes that are taken as an attachment; every
//! refusal is a problem (RFC 9457) in the words of the pages.

mod audit;
mod call;
mod capture;
mod case;
mod evidence;
mod finding;
mod idempotency;
mod lead;
mod letter;
mod limit;
mod openapi;
mod page;
mod problem;
mod rule;
mod shapes;
mod source;
mod table;
mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::{MethodFilter, on};

use self::call::answer;
use self::limit::Limiter;
use self::problem::Problem;
use self::table::Endpoint;
use super::access::Access;
use super::error::Failure;
use crate::app::App;

/// Where the API begins.
pub const ROOT: &str = "/api/v1";

/// Longest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 256 << 10;

/// Everything that requests share.
pub struct Api {
    app: Arc<App>,
    access: Access,
    limiter: Limiter,
}

/// The API as a service, to be nested under [`ROOT`].
pub fn router(app: Arc<App>, access: Access) -> Router {
    let limiter = Limiter::new(app.config().api.requests_per_minute);
    let api = Arc::new(Api { app, access, limiter });
    let router = table::table().into_iter().fold(Router::new(), |router, endpoint| {
        let filter = if endpoint.method == Method::GET { MethodFilter::GET } else { MethodFilter::POST };
        let endpoint: Arc<Endpoint> = Arc::new(endpoint);
        let path = endpoint.path;
        let handler = move |State(api): State<Arc<Api>>,
                            request: Request|
              -> futures::future::BoxFuture<'static, Response> {
            Box::pin(answer(api, Some(endpoint.clone()), Problem::from(Failure::NoPage), request))
        };
        router.route(path, on(filter, handler))
    });
    let nothing = async |State(api): State<Arc<Api>>, request: Request| {
        answer(api, None, Failure::NoPage.into(), request).await
    };
    let method = async |State(api): State<Arc<Api>>, request: Request| {
        answer(api, None, Failure::Method.into(), request).await
    };
    router
        .fallback(nothing)
        .method_not_allowed_fallback(method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(api)
}
