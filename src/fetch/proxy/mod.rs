//! The filtering proxy: the only way by which a browser reaches the network.
//!
//! A page decides what its browser asks for: scripts, frames, pop-ups, WebSockets, names that change their address.
//! So the check stands where no page can pass by: the browser knows no other way out than a proxy on loopback, and
//! the proxy resolves each name itself, checks every address by the same guard as [`super::Fetcher`], and connects to
//! a checked address. Each rendered page has a proxy of its own, with the origins that its source allows.

mod head;
mod log;
mod relay;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use url::Url;

use super::guard::{AllowedOrigins, Gate, Refusal, Resolver, check_address};
use crate::kit::clock::Clock;
use log::Log;

pub use log::{ProxiedRequest, ProxyOutcome};

/// Limits of one proxy, that is of one rendered page.
#[derive(Debug, Clone)]
pub struct ProxyLimits {
    /// Connections at one time; more wait.
    pub max_connections: usize,
    /// Requests in all; more are refused.
    pub max_requests: u64,
    /// Bytes received in all; then every connection ends.
    pub max_bytes: u64,
    /// Longest time to a connection, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Longest silence on a connection, in milliseconds.
    pub idle_timeout_ms: u64,
    /// Longest life of a connection, in milliseconds.
    pub max_connection_ms: u64,
}

impl Default for ProxyLimits {
    fn default() -> Self {
        Self {
            max_connections: 64,
            max_requests: 3_000,
            max_bytes: 128 << 20,
            connect_timeout_ms: 10_000,
            idle_timeout_ms: 20_000,
            max_connection_ms: 120_000,
        }
    }
}

/// What a proxy shares with its connections.
struct Shared {
    resolver: Arc<dyn Resolver>,
    clock: Arc<dyn Clock>,
    allowed: AllowedOrigins,
    allowed_only: bool,
    limits: ProxyLimits,
    log: Log,
    n_requests: AtomicU64,
    n_bytes: AtomicU64,
}

/// A running proxy. It ends, with all its connections, when it is dropped.
pub struct FilteringProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

impl FilteringProxy {
    /// Starts listening on a free loopback port.
    ///
    /// # Errors
    /// The system gives no port.
    pub(super) async fn start(
        resolver: Arc<dyn Resolver>,
        clock: Arc<dyn Clock>,
        allowed: AllowedOrigins,
        allowed_only: bool,
        limits: ProxyLimits,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            resolver,
            clock,
            allowed,
            allowed_only,
            limits,
            log: Log::default(),
            n_requests: AtomicU64::new(0),
            n_bytes: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { address, shared, accepting })
    }

    /// Where the browser finds it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked until now, allowed or refused, in the order of asking.
    pub fn requests(&self) -> Vec<ProxiedRequest> {
        self.shared.log.entries()
    }
}

impl Drop for FilteringProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Owns the tasks of all connections, so that they end with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let turns = Arc::new(Semaphore::new(shared.limits.max_connections));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(turn) = turns.clone().acquire_owned().await else { return };
        let Ok((client, _)) = listener.accept().await else {
            // No more file handles, most likely: connections that end give some back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shared = shared.clone();
        connections.spawn(async move {
            let life = Duration::from_millis(shared.limits.max_connection_ms);
            // A connection that lives too long ends like one that broke: the browser reports it to the page.
            let _ = tokio::time::timeout(life, relay::serve(&shared, client)).await;
            drop(turn);
        });
        while connections.try_join_next().is_some() {}
    }
}

impl Shared {
    /// Whether one more request fits into the limits.
    fn count_request(&self) -> Result<(), String> {
        let n = self.n_requests.fetch_add(1, Ordering::Relaxed);
        if n >= self.limits.max_requests {
            return Err(format!("the page asked for more than {} things", self.limits.max_requests));
        }
        self.has_room()
    }

    fn has_room(&self) -> Result<(), String> {
        if self.n_bytes.load(Ordering::Relaxed) > self.limits.max_bytes {
            return Err(format!("the page received more than {} bytes", self.limits.max_bytes));
        }
        Ok(())
    }

    /// Counts received bytes; an error when there were too many.
    fn count_bytes(&self, n: usize) -> Result<(), String> {
        self.n_bytes.fetch_add(n as u64, Ordering::Relaxed);
        self.has_room()
    }

    /// The addresses to which a connection for `url` may go.
    async fn checked_addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, Cause> {
        let gate = Gate::of(url, &self.allowed)?;
        if self.allowed_only && gate == Gate::PublicOnly {
            let why = "`allowed_origins_only` is set and its origin is not among the allowed ones";
            return Err(Refusal::new(url.as_str(), why).into());
        }
        let port = url.port_or_known_default().unwrap_or(80);
        let addresses = match url.host() {
            Some(url::Host::Ipv4(ip)) => vec![ip.into()],
            Some(url::Host::Ipv6(ip)) => vec![ip.into()],
            Some(url::Host::Domain(name)) => self.resolve(name).await?,
            None => Vec::new(),
        };
        if gate == Gate::PublicOnly
            && let Some(refusal) = addresses.iter().find_map(|ip| check_address(url.as_str(), *ip))
        {
            return Err(refusal.into());
        }
        if addresses.is_empty() {
            return Err(Cause::Failed("its name has no address".to_owned()));
        }
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }

    async fn resolve(&self, name: &str) -> Result<Vec<std::net::IpAddr>, Cause> {
        let limit = Duration::from_millis(self.limits.connect_timeout_ms);
        match tokio::time::timeout(limit, self.resolver.resolve(name.to_owned())).await {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(Cause::Failed(format!("the name `{name}` cannot be resolved: {error}"))),
            Err(_) => Err(Cause::Failed(format!("the name `{name}` was not resolved in time"))),
        }
    }

    /// A connection to a checked address of `url`.
    async fn connect(&self, url: &Url) -> Result<(TcpStream, SocketAddr), Cause> {
        let addresses = self.checked_addresses(url).await?;
        let mut last = String::new();
        // Two are enough: a page waits for each of its parts.
        for address in addresses.iter().take(2) {
            let limit = Duration::from_millis(self.limits.connect_timeout_ms);
            match tokio::time::timeout(limit, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok((stream, *address)),
                Ok(Err(error)) => last = format!("{address}: {error}"),
                Err(_) => last = format!("{address}: no connection within {} ms", limit.as_millis()),
            }
        }
        Err(Cause::Failed(last))
    }
}

/// Why a request went nowhere.
enum Cause {
    /// The guard or a limit refused it.
    Refused(String),
    /// It was allowed and the other side did not answer.
    Failed(String),
}

impl From<Refusal> for Cause {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.why)
    }
}
