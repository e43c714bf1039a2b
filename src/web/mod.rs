//! Floor 5: the review pages. Server-rendered, complete without JavaScript, nothing from elsewhere.
//!
//! What protects staff from captured content and from each other's browsers: every answer carries a strict
//! content security policy; templates escape every value; captured addresses are text, not links; raw captures
//! leave as attachments in a sandbox; each change needs a session, its token, an own origin and a role that may;
//! no GET changes anything; the `Host` must be ours.

mod access;
mod api;
mod app_desk;
pub mod desk;
mod error;
mod form;
mod group_desk;
mod guard;
mod lang;
mod looks;
mod page;
mod pages;
pub mod playback;
mod replay;
mod routes;
mod session;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::{Future, IntoFuture as _};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;

use crate::app::{App, Registry};
pub use access::{Access, AccessError};
use desk::Desk;
use error::Failure;
pub use looks::Looks;
use replay::Replays;

use routes::Needs;
use session::Flashes;

/// Everything the pages share.
struct Site {
    desk: Arc<dyn Desk>,
    registry: Registry,
    access: Access,
    flashes: Flashes,
    /// Where captured pages are shown; `None`: nowhere.
    replays: Option<Arc<Replays>>,
    /// What each address needs, by method and path.
    needs: HashMap<(Method, &'static str), Needs>,
}

/// Requests under way when the pages are told to stop have so long to finish.
const GRACE: Duration = Duration::from_secs(10);

/// Serves the pages and `/api/v1` on `listener`, and captured pages on an origin of their own, until `stop` is done; requests under way are finished, within ten seconds.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    access: Access,
    looks: Option<Looks>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (looking, replays) = match looks {
        Some(Looks { listener, origin }) => {
            let replays = Replays::at(&origin, app.clone());
            let shown = replay::router(replays.clone());
            (Some(tokio::spawn(axum::serve(listener, shown).into_future())), Some(replays))
        }
        None => (None, None),
    };
    let pages = router(app.clone(), app.registry().clone(), access.clone(), replays);
    let service = pages.nest(api::ROOT, api::router(app, access));
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
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
    let done = tokio::select! {
        done = serving => done,
        () = late => Ok(()),
    };
    if let Some(looking) = looking {
        looking.abort();
    }
    done
}

/// The pages as a service, for tests and for [`serve`].
fn router(desk: Arc<dyn Desk>, registry: Registry, access: Access, replays: Option<Arc<Replays>>) -> Router {
    let needs = routes::table().into_iter().map(|route| ((route.method, route.path), route.needs)).collect();
    let site = Arc::new(Site { desk, registry, access, flashes: Flashes::default(), replays, needs });
    routes::router()
        .fallback(async || Failure::NoPage)
        .method_not_allowed_fallback(async || Failure::Method)
        .layer(DefaultBodyLimit::max(form::MAX_FORM_BYTES))
        .layer(from_fn_with_state(site.clone(), guard::admit))
        .with_state(site)
}
