//! Where captured pages are shown: an address of its own beside that of the pages.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::app::WebSettings;

/// The listener of the origin for captured pages, and how browsers name it.
#[derive(Debug)]
pub struct Looks {
    /// Where it listens.
    pub listener: TcpListener,
    /// For example `http://127.0.0.1:8421`.
    pub origin: String,
}

impl Looks {
    /// Opens it beside pages that listen on `pages`: on the next port of a loopback address, or where the settings say.
    /// `None`, with a line in the log, when captured pages cannot be shown on an origin of their own: then they are not
    /// shown at all.
    ///
    /// # Errors
    /// When an address that the settings name cannot be had.
    pub async fn open(settings: &WebSettings, pages: SocketAddr) -> io::Result<Option<Self>> {
        let nothing = |why: &str| {
            tracing::warn!("captured pages are not shown: {why}");
            Ok(None)
        };
        let listener = match &settings.replay_listen {
            Some(address) => TcpListener::bind(address).await?,
            None if pages.ip().is_loopback() => {
                let next = SocketAddr::new(pages.ip(), pages.port().wrapping_add(1));
                match TcpListener::bind(next).await {
                    Ok(listener) => listener,
                    Err(_) => TcpListener::bind(SocketAddr::new(pages.ip(), 0)).await?,
                }
            }
            None => return nothing("`replay_listen` and `replay_origin` under [web] are not set"),
        };
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() && !settings.behind_tls_proxy {
            return nothing("`replay_listen` is not a loopback address, and no TLS proxy is stated");
        }
        let origin = match &settings.replay_origin {
            Some(origin) => origin.trim_end_matches('/').to_owned(),
            None if !settings.behind_tls_proxy => format!("http://{address}"),
            None => {
                return nothing(
                    "behind a TLS proxy `replay_origin` under [web] must name the origin for them",
                );
            }
        };
        Ok(Some(Self { listener, origin }))
    }
}
