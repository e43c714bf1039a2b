//! Floor 5: the review pages. Server-rendered, complete without JavaScript, nothing from elsewhere.
//!
//! What protects staff from captured content and from each other's browsers: every answer carries a strict
//! content security policy; templates escape every value; captured addresses are text, not links; raw captures
//! leave as attachments in a sandbox; each change needs a session, its token and an own origin; no GET changes
//! anything; the `Host` must be ours.

mod access;
mod app_desk;
pub mod desk;
mod error;
mod form;
mod guard;
mod lang;
mod page;
mod pages;
pub mod playback;
mod session;

#[cfg(test)]
mod tests;

use std::future::{Future, IntoFuture as _};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub use access::{Access, AccessError};
use desk::Desk;
use error::Failure;
use session::Sessions;

/// Everything the pages share.
struct Site {
    desk: Arc<dyn Desk>,
    access: Access,
    sessions: Sessions,
}

/// Requests under way when the pages are told to stop have so long to finish.
const GRACE: Duration = Duration::from_secs(10);

/// Serves the pages on `listener` until `stop` is done; requests under way are finished, within ten seconds.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    desk: Arc<dyn Desk>,
    listener: TcpListener,
    access: Access,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = router(desk, access).into_make_service_with_connect_info::<SocketAddr>();
    let (told, heard) = tokio::sync::oneshot::channel::<()>();
    let stop = async move {
        stop.await;
        drop(told);
    };
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop).into_future();
    // A browser that never finishes its request must not keep the process alive.
    let late = async {
        let _ = heard.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        done = serving => done,
        () = late => Ok(()),
    }
}

/// The pages as a service, for tests and for [`serve`].
pub fn router(desk: Arc<dyn Desk>, access: Access) -> Router {
    let site = Arc::new(Site { desk, access, sessions: Sessions::default() });
    Router::new()
        .route("/", get(pages::queue::start))
        .route("/login", get(pages::login::show).post(pages::login::enter))
        .route("/logout", post(pages::login::leave))
        .route("/queue", get(pages::queue::show))
        .route("/findings/{id}", get(pages::finding::show))
        .route("/findings/{id}/accept", post(pages::decide::accept))
        .route("/findings/{id}/dismiss", post(pages::decide::dismiss))
        .route("/findings/{id}/undo", post(pages::decide::undo))
        .route("/findings/{id}/seal", post(pages::decide::seal))
        .route("/captures/{id}", get(pages::capture::show))
        .route("/captures/{id}/raw", get(pages::capture::raw))
        .route("/sources", get(pages::source::show))
        .route("/assets/{name}", get(pages::asset::show))
        .fallback(async || Failure::NoPage)
        .method_not_allowed_fallback(async || Failure::Method)
        .layer(DefaultBodyLimit::max(form::MAX_FORM_BYTES))
        .layer(from_fn_with_state(site.clone(), guard::admit))
        .with_state(site)
}
