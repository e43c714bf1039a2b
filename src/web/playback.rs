//! Plays the small internet of `fixtures/demo/` on loopback: one port for each site, for the demo and for tests.
//!
//! Nothing here knows what a crawl is: the sites answer like the real ones would, with their charsets,
//! validators (`ETag`, `Last-Modified`), redirects and `robots.txt`.

mod planted;
mod site;

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use include_dir::{Dir, include_dir};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use planted::{Planted, planted};
use site::{Answer, Site, address, fill};

static SITES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/demo");

/// The running sites. Dropping it closes them; [`Playback::stop`] also waits until they are closed.
pub struct Playback {
    origins: BTreeMap<&'static str, String>,
    entries: Vec<Entry>,
    stop: watch::Sender<()>,
    servers: Vec<JoinHandle<io::Result<()>>>,
}

/// A place where a crawl starts, in the words of `adwatch source add`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the source, for example `jz-news`.
    pub id: String,
    /// Stable name of its kind, for example `news-site`.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// Where it starts.
    pub url: String,
    /// Settings of its connector, by name.
    pub settings: BTreeMap<String, String>,
    /// The only origins that a crawl of it reaches.
    pub allowed_origins: Vec<String>,
}

impl Playback {
    /// Starts every site on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// A port cannot be had, or a manifest is wrong (`InvalidData`, with the file and what is wrong with it).
    pub async fn start() -> io::Result<Self> {
        let sites = load().map_err(invalid)?;
        let mut listeners = Vec::with_capacity(sites.len());
        let mut origins = BTreeMap::new();
        for site in sites {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            origins.insert(site.name, format!("http://{}", listener.local_addr()?));
            listeners.push((site, listener));
        }
        let entries = entries(listeners.iter().map(|(site, _)| site), &origins).map_err(invalid)?;
        let (stop, _) = watch::channel(());
        let mut servers = Vec::with_capacity(listeners.len());
        for (site, listener) in listeners {
            let played = Played {
                last_modified: site.last_modified().map_err(invalid)?,
                site,
                origins: origins.clone(),
            };
            let router = Router::new().fallback(answer).with_state(Arc::new(played));
            let mut stopped = stop.subscribe();
            servers.push(tokio::spawn(
                axum::serve(listener, router)
                    .with_graceful_shutdown(async move {
                        // An error says that the sender is gone, which means the same.
                        let _ = stopped.changed().await;
                    })
                    .into_future(),
            ));
        }
        Ok(Self { origins, entries, stop, servers })
    }

    /// Name of each site and its origin, for example `portal` at `http://127.0.0.1:40123`.
    pub fn origins(&self) -> &BTreeMap<&'static str, String> {
        &self.origins
    }

    /// Where a crawl of the sites starts.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Closes the sites and waits until open answers are finished.
    ///
    /// # Errors
    /// A site had stopped serving before.
    pub async fn stop(self) -> io::Result<()> {
        drop(self.stop);
        for server in self.servers {
            server.await.map_err(io::Error::other)??;
        }
        Ok(())
    }
}

struct Played {
    site: Site,
    origins: BTreeMap<&'static str, String>,
    last_modified: jiff::Timestamp,
}

async fn answer(
    State(played): State<Arc<Played>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "405");
    }
    match played.site.route(uri.path(), uri.query()) {
        Answer::File(file) => played.send(file, &headers),
        Answer::Redirect { to, status } => {
            let mut response = plain(StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND), "");
            insert(&mut response, header::LOCATION, &fill(to, &played.origins));
            response
        }
        Answer::Missing => plain(StatusCode::NOT_FOUND, "404"),
    }
}

impl Played {
    fn send(&self, file: &str, asked: &HeaderMap) -> Response<Body> {
        let Some(page) = self.site.render(file, &self.origins) else {
            return plain(StatusCode::NOT_FOUND, "404");
        };
        let fresh = is_fresh(asked, &page.etag, self.last_modified);
        let mut response = Response::new(if fresh { Body::empty() } else { Body::from(page.body) });
        if fresh {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            insert(&mut response, header::CONTENT_TYPE, &page.content_type);
        }
        insert(&mut response, header::ETAG, &page.etag);
        insert(&mut response, header::LAST_MODIFIED, &http_date(self.last_modified));
        response
    }
}

/// Whether the asker already has this answer (RFC 9110 §13.2.2: `If-None-Match` goes before the date).
fn is_fresh(asked: &HeaderMap, etag: &str, last_modified: jiff::Timestamp) -> bool {
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(known) = text(header::IF_NONE_MATCH) {
        return known.split(',').any(|known| known.trim().trim_start_matches("W/") == etag);
    }
    text(header::IF_MODIFIED_SINCE)
        .and_then(|since| jiff::fmt::rfc2822::parse(since).ok())
        .is_some_and(|since| since.timestamp() >= last_modified)
}

fn http_date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

fn insert(response: &mut Response<Body>, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn load() -> Result<Vec<Site>, String> {
    SITES.dirs().map(Site::load).collect()
}

fn entries<'a>(
    sites: impl Iterator<Item = &'a Site>,
    origins: &BTreeMap<&'static str, String>,
) -> Result<Vec<Entry>, String> {
    let allowed_origins: Vec<String> = origins.values().cloned().collect();
    let mut entries = Vec::new();
    for site in sites {
        for entry in &site.manifest.entry {
            entries.push(Entry {
                id: entry.id.clone(),
                kind: entry.kind.clone(),
                title: entry.title.clone(),
                url: address(&origins[site.name], &entry.path)?,
                settings: entry.settings.clone(),
                allowed_origins: allowed_origins.clone(),
            });
        }
    }
    Ok(entries)
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod fixture_tests;

#[cfg(test)]
mod tests;
