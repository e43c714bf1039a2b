//! The guarded client: one page per call, with the record of how it was got.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::cookies::{self, Jar};
use super::error::FetchError;
use super::guard::{AllowedOrigins, AnyNames, CheckedNames, Gate, Refusal, Resolver, SystemResolver};
use super::guard::{check_address, parse_url};
use super::politeness::{HostSlots, Lanes, MemorySlots, SlotsUnavailable, failure_pause_ms, retry_after_ms};
use super::proxy::{FilteringProxy, ProxyLimits};
use super::robots::{self, Rules};
use super::robots_cache::{Answer, RobotsCache};
use super::tls;
use crate::domain::capture::{Exchange, Redirect};
use crate::kit::clock::Clock;

/// The token by which robots.txt may name us.
const PRODUCT: &str = "adwatch";

/// Limits and manners.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// An address or page at which site owners reach the office; part of the user agent when not empty.
    pub contact: String,
    /// Pause between two requests to one host, in milliseconds; a longer `Crawl-delay` goes first.
    pub host_interval_ms: u64,
    /// A turn further away than this is not waited for, in milliseconds.
    pub max_wait_ms: u64,
    /// Largest body, in bytes as received.
    pub max_body_bytes: u64,
    /// Largest sum of response header names and values, in bytes.
    pub max_header_bytes: u32,
    /// Longest time to a connection, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Longest silence while a body arrives, in milliseconds.
    pub read_timeout_ms: u64,
    /// Longest time for one page with its redirects, waiting for turns not counted, in milliseconds.
    pub timeout_ms: u64,
    /// Most redirects that are followed.
    pub max_redirects: usize,
    /// Only origins that a request allows explicitly are reached, whatever links and redirects say.
    pub allowed_origins_only: bool,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            contact: String::new(),
            host_interval_ms: 5_000,
            max_wait_ms: 120_000,
            max_body_bytes: 10 << 20,
            max_header_bytes: 64 << 10,
            connect_timeout_ms: 10_000,
            read_timeout_ms: 10_000,
            timeout_ms: 30_000,
            max_redirects: 5,
            allowed_origins_only: false,
        }
    }
}

/// What to fetch.
#[derive(Debug, Clone, Default)]
pub struct FetchRequest {
    /// The address; http or https.
    pub url: String,
    /// Origins that may be reached although their address is not public (see [`AllowedOrigins`]).
    pub allowed_origins: Vec<String>,
    /// Fetch although robots.txt forbids; the caller records who ordered it and on which legal basis.
    pub ignore_robots: bool,
    /// A body: the request is a POST; without one it is a GET.
    pub body: Option<Bytes>,
    /// Request headers beside those of every request, recorded as sent.
    pub headers: Vec<(String, String)>,
    /// A header that is sent to the first origin alone and recorded nowhere: a cookie, a token.
    pub secret: Option<(String, String)>,
    /// Pause between two requests to the host, in milliseconds, when it is to be longer than usual.
    pub min_interval_ms: u64,
    /// Cookies that hosts set for this source; without one, none are kept.
    pub cookies: Option<Arc<Jar>>,
    /// Most redirects that are followed, when it is to be fewer than usual.
    pub max_redirects: Option<usize>,
}

impl FetchRequest {
    /// A request for a public address that obeys robots.txt.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

/// A page and how it was got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What was asked and answered. Header names are in lower case; `host` stands for `:authority` in HTTP/2.
    pub exchange: Exchange,
    /// The body as received, after transfer decoding only; `Content-Encoding` is still on it.
    pub body: Bytes,
    /// Certificates (DER) that the host of the final address showed, its own first; empty without TLS.
    pub certificates: Vec<Bytes>,
}

/// The guarded client. Cheap to share behind an `Arc`.
pub struct Fetcher {
    config: FetchConfig,
    clock: Arc<dyn Clock>,
    slots: Arc<dyn HostSlots>,
    lanes: Lanes,
    robots: RobotsCache,
    headers: HeaderMap,
    resolver: Arc<dyn Resolver>,
    public: reqwest::Client,
    allowed: reqwest::Client,
    chains: Arc<tls::Chains>,
}

impl Fetcher {
    /// A client with the resolver of the system and turns kept in this process.
    ///
    /// # Errors
    /// [`FetchError::Network`] when TLS cannot be set up, [`FetchError::Refused`] when the contact cannot be sent.
    pub fn new(config: FetchConfig, clock: Arc<dyn Clock>) -> Result<Self, FetchError> {
        Self::with_resolver(config, clock, Arc::new(SystemResolver))
    }

    /// The same with another resolver of names.
    ///
    /// # Errors
    /// As [`Fetcher::new`].
    pub fn with_resolver(
        config: FetchConfig,
        clock: Arc<dyn Clock>,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, FetchError> {
        let headers = request_headers(&config.contact)?;
        let chains = Arc::new(tls::Chains::default());
        let tls = tls::config(chains.clone())
            .map_err(|error| cannot_set_up(format!("TLS cannot be set up: {error}")))?;
        let public = client(&config, tls.clone(), CheckedNames(resolver.clone()))?;
        let allowed = client(&config, tls, AnyNames(resolver.clone()))?;
        let slots = Arc::new(MemorySlots::new(clock.clone()));
        Ok(Self {
            config,
            clock,
            slots,
            lanes: Lanes::new(),
            robots: RobotsCache::default(),
            headers,
            resolver,
            public,
            allowed,
            chains,
        })
    }

    /// Shares turns with other processes through `slots`.
    #[must_use]
    pub fn with_slots(mut self, slots: Arc<dyn HostSlots>) -> Self {
        self.slots = slots;
        self
    }

    /// What this client sends as `User-Agent`.
    pub fn user_agent(&self) -> &str {
        self.headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A way to the network for a browser that renders one page: the same guard, for everything the page asks.
    ///
    /// # Errors
    /// An allowed origin is none, or the system gives no port.
    pub async fn open_proxy(
        &self,
        allowed_origins: &[String],
        limits: ProxyLimits,
    ) -> Result<FilteringProxy, FetchError> {
        let allowed = AllowedOrigins::parse(allowed_origins)?;
        let (resolver, clock) = (self.resolver.clone(), self.clock.clone());
        let started =
            FilteringProxy::start(resolver, clock, allowed, self.config.allowed_origins_only, limits);
        started
            .await
            .map_err(|error| cannot_set_up(format!("the proxy of the browser cannot start: {error}")))
    }

    /// Waits until a browser may ask for the page: its address is checked, robots.txt allows it, and it is our turn.
    /// What the page itself asks for is checked by [`Fetcher::open_proxy`] alone, as a visitor's browser would ask.
    ///
    /// # Errors
    /// As [`Fetcher::get`] before anything is asked of the page.
    pub async fn admit(&self, request: &FetchRequest) -> Result<Url, FetchError> {
        let url = parse_url(&request.url)?;
        let trip = Trip {
            allowed: AllowedOrigins::parse(&request.allowed_origins)?,
            obeys_robots: !request.ignore_robots,
            min_interval_ms: request.min_interval_ms,
            ..Trip::default()
        };
        self.check(&url, &trip)?;
        let delay_ms = if trip.obeys_robots { self.ask_robots(&url, &trip).await? } else { 0 };
        let interval_ms = delay_ms.max(self.config.host_interval_ms).max(trip.min_interval_ms);
        self.wait_for_turn(&url, interval_ms).await?;
        Ok(url)
    }

    fn check(&self, url: &Url, trip: &Trip) -> Result<Gate, Refusal> {
        let gate = Gate::of(url, &trip.allowed)?;
        if self.config.allowed_origins_only && gate == Gate::PublicOnly {
            let why = "`allowed_origins_only` is set and its origin is not among the allowed ones";
            return Err(Refusal::new(url.as_str(), why));
        }
        Ok(gate)
    }

    /// Fetches one page, following redirects; every hop is checked, allowed by robots.txt, and waits its turn.
    ///
    /// # Errors
    /// See [`FetchError`]; an answer with an error status other than 429 and 503 is a page.
    pub async fn get(&self, request: FetchRequest) -> Result<Fetched, FetchError> {
        let first = parse_url(&request.url)?;
        let header = |name: &str, value: &str| own_header(first.as_str(), name, value);
        let headers =
            request.headers.iter().map(|(name, value)| header(name, value)).collect::<Result<_, _>>()?;
        let secret = request.secret.as_ref().map(|(name, value)| {
            header(name, value).map(|(name, mut value)| {
                value.set_sensitive(true);
                (name, value)
            })
        });
        let trip = Trip {
            allowed: AllowedOrigins::parse(&request.allowed_origins)?,
            obeys_robots: !request.ignore_robots,
            max_body: BodyLimit::Refuse(self.config.max_body_bytes),
            min_interval_ms: request.min_interval_ms,
            max_redirects: request.max_redirects.unwrap_or(self.config.max_redirects),
            origin: Some(first.origin()),
            headers,
            secret: secret.transpose()?,
            body: request.body,
            cookies: request.cookies,
        };
        self.follow(first, &trip).await
    }

    async fn follow(&self, first: Url, trip: &Trip) -> Result<Fetched, FetchError> {
        let mut url = first.clone();
        let mut redirects = Vec::new();
        let mut started_at = None;
        let mut sends_body = true;
        let mut budget = Duration::from_millis(self.config.timeout_ms);
        loop {
            let gate = self.check(&url, trip)?;
            let delay_ms = if trip.obeys_robots { self.ask_robots(&url, trip).await? } else { 0 };
            let interval_ms = delay_ms.max(self.config.host_interval_ms).max(trip.min_interval_ms);
            self.wait_for_turn(&url, interval_ms).await?;
            let _lane = self.lanes.enter(url.host_str().unwrap_or_default()).await;
            let began = Instant::now();
            let started_at = *started_at.get_or_insert_with(|| self.clock.now());
            let body = trip.body.as_ref().filter(|_| sends_body);
            let hop = tokio::time::timeout(budget, self.hop(&url, gate, trip, body));
            let hop = hop.await.unwrap_or_else(|_| {
                let why = format!("no complete answer within {} ms", self.config.timeout_ms);
                Err(FetchError::Network { url: first.to_string(), why })
            });
            self.note(&url, &hop).await;
            let hop = hop?;
            budget = budget.saturating_sub(began.elapsed());
            match hop {
                Hop::Redirect { status, location, remote_addr, headers } => {
                    if redirects.len() >= trip.max_redirects {
                        let why = format!("more than {} redirects", trip.max_redirects);
                        return Err(Refusal::new(first.as_str(), why).into());
                    }
                    redirects.push(Redirect {
                        url: url.to_string(),
                        status,
                        location: location.to_string(),
                        remote_addr,
                        headers,
                    });
                    // As browsers do: only 307 and 308 repeat the body.
                    sends_body &= matches!(status, 307 | 308);
                    url = location;
                }
                Hop::Page(page) => {
                    let exchange = Exchange {
                        imported: None,
                        provenance: None,
                        robots_override: None,
                        requested_url: first.to_string(),
                        request_headers: self.sent_headers(&url, trip),
                        final_url: url.to_string(),
                        status: page.status,
                        http_version: page.http_version,
                        response_headers: page.headers,
                        redirects,
                        remote_addr: page.remote_addr,
                        started_at,
                        finished_at: self.clock.now(),
                    };
                    return Ok(Fetched { exchange, body: page.body, certificates: page.certificates });
                }
            }
        }
    }

    /// One request and its answer, without following anything.
    async fn hop(&self, url: &Url, gate: Gate, trip: &Trip, body: Option<&Bytes>) -> Result<Hop, FetchError> {
        let client = match gate {
            Gate::PublicOnly => &self.public,
            Gate::Allowed => &self.allowed,
        };
        let request = match body {
            Some(body) => client.post(url.clone()).body(body.clone()),
            None => client.get(url.clone()),
        };
        let mut headers = self.headers_to(url, trip);
        headers.extend(trip.secret.clone().filter(|_| trip.stays_with(url)));
        if let Some(cookies) = trip.cookies.as_ref().and_then(|jar| jar.header(url))
            && !headers.contains_key("cookie")
        {
            headers.insert("cookie", cookies);
        }
        let request = request.headers(headers);
        let response = request.send().await.map_err(|error| no_answer(url, &error))?;
        let remote = response.remote_addr();
        if gate == Gate::PublicOnly
            && let Some(refusal) = remote.and_then(|remote| check_address(url.as_str(), remote.ip()))
        {
            return Err(refusal.into());
        }
        let remote_addr = remote.map(|remote| remote.to_string()).unwrap_or_default();
        let status = response.status().as_u16();
        if let Some(jar) = &trip.cookies {
            jar.keep(url, response.headers());
        }
        let headers = received_headers(response.headers());
        let header_bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if header_bytes > self.config.max_header_bytes as usize {
            let why = format!("its headers are {header_bytes} bytes, over {}", self.config.max_header_bytes);
            return Err(Refusal::new(url.as_str(), why).into());
        }
        let header =
            |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if matches!(status, 429 | 503) {
            return Err(self.stay_away(url, header("retry-after")).await);
        }
        if let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, header("location")) {
            let location = resolve_location(url, location)?;
            return Ok(Hop::Redirect { status, location, remote_addr, headers });
        }
        let http_version = format!("{:?}", response.version());
        let shown = response.extensions().get::<reqwest::tls::TlsInfo>();
        let certificates = self.chains.of(shown.and_then(reqwest::tls::TlsInfo::peer_certificate));
        let body = read_body(url, response, trip.max_body).await?;
        Ok(Hop::Page(Page { status, http_version, headers, remote_addr, certificates, body }))
    }

    /// Waits until robots.txt of the origin is known; answers its crawl delay in milliseconds, 0 when it has none.
    async fn ask_robots(&self, url: &Url, trip: &Trip) -> Result<u64, FetchError> {
        let origin = url.origin().ascii_serialization();
        let asking = || self.fetch_robots(url, trip);
        let answer = self.robots.answer(&origin, self.clock.now(), asking).await?;
        let denied = |why: String| Err(FetchError::RobotsDenied { url: url.to_string(), why });
        match &*answer {
            Answer::Failing { status } => {
                denied(format!("{origin}/robots.txt answered {status}, which RFC 9309 reads as a refusal"))
            }
            Answer::Rules(rules) => match rules.forbidden_by(&url[url::Position::BeforePath..]) {
                None if rules.visit_in_ms(self.clock.now()) > 0 => Err(FetchError::RateLimited {
                    host: url.host_str().unwrap_or_default().to_owned(),
                    retry_after_ms: rules.visit_in_ms(self.clock.now()),
                }),
                Some(line) => denied(format!("line {line} of {origin}/robots.txt")),
                None => Ok(rules.crawl_delay_ms.unwrap_or(0)),
            },
        }
    }

    async fn fetch_robots(&self, page: &Url, trip: &Trip) -> Result<Answer, FetchError> {
        let mut url = page.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        let trip = Trip {
            allowed: trip.allowed.clone(),
            max_body: BodyLimit::Cut(robots::MAX_BYTES),
            max_redirects: self.config.max_redirects,
            ..Trip::default()
        };
        // Boxed because fetching a page asks for robots.txt, which is fetched in the same way.
        let fetched = Box::pin(self.follow(url, &trip)).await?;
        Ok(match fetched.exchange.status {
            200..=299 => Answer::Rules(Rules::parse(PRODUCT, &fetched.body)),
            status @ 500.. => Answer::Failing { status },
            _ => Answer::Rules(Rules::allow_all()),
        })
    }

    async fn wait_for_turn(&self, url: &Url, interval_ms: u64) -> Result<(), FetchError> {
        let unavailable =
            |error: SlotsUnavailable| FetchError::Network { url: url.to_string(), why: error.to_string() };
        let (host, server) = (url.host_str().unwrap_or_default(), server_of(url));
        let max_wait_ms = self.config.max_wait_ms;
        // Failures are those of one server; turns are shared by all servers of the host.
        let failing = self.slots.reserve(&server, 0, max_wait_ms).await.map_err(unavailable)?;
        if failing.wait_ms > max_wait_ms && failing.n_failures > 0 {
            let (n_failures, retry_after_ms) = (failing.n_failures, failing.wait_ms);
            return Err(FetchError::HostDown { host: server, n_failures, retry_after_ms });
        }
        let turn = self.slots.reserve(host, interval_ms, max_wait_ms).await.map_err(unavailable)?;
        let wait_ms = turn.wait_ms.max(failing.wait_ms);
        if wait_ms > max_wait_ms {
            return Err(FetchError::RateLimited { host: host.to_owned(), retry_after_ms: wait_ms });
        }
        if wait_ms > 0 {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        Ok(())
    }

    /// Remembers whether the server is in order; one that fails again and again is given a pause that grows.
    async fn note(&self, url: &Url, hop: &Result<Hop, FetchError>) {
        let answered = match hop {
            Ok(Hop::Page(page)) => !matches!(page.status, 500 | 502 | 504 | 520..=530),
            Ok(Hop::Redirect { .. }) | Err(FetchError::RateLimited { .. } | FetchError::TooLarge { .. }) => {
                true
            }
            Err(FetchError::Network { .. }) => false,
            // Our own refusal says nothing about the server.
            Err(_) => return,
        };
        let server = server_of(url);
        let noted = match self.slots.note(&server, answered).await {
            Ok(n_failures) if failure_pause_ms(n_failures) > 0 => {
                self.slots.pause(&server, failure_pause_ms(n_failures)).await
            }
            noted => noted.map(drop),
        };
        if let Err(error) = noted {
            tracing::warn!(server, %error, "how the server answers could not be shared");
        }
    }

    /// Keeps everybody away from the host for as long as it asks.
    async fn stay_away(&self, url: &Url, retry_after: Option<&str>) -> FetchError {
        let host = url.host_str().unwrap_or_default();
        let retry_after_ms = retry_after_ms(retry_after, self.clock.now());
        if let Err(error) = self.slots.pause(host, retry_after_ms).await {
            tracing::warn!(host, %error, "the pause that the host asks for could not be shared");
        }
        FetchError::RateLimited { host: host.to_owned(), retry_after_ms }
    }

    fn sent_headers(&self, url: &Url, trip: &Trip) -> Vec<(String, String)> {
        let authority = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        let mut sent = vec![("host".to_owned(), authority)];
        sent.extend(received_headers(&self.headers_to(url, trip)));
        sent
    }

    /// The headers of a request but for its secret.
    fn headers_to(&self, url: &Url, trip: &Trip) -> HeaderMap {
        let mut headers = self.headers.clone();
        if trip.stays_with(url) {
            headers.extend(trip.headers.clone());
        }
        headers
    }
}

/// What stays the same over all hops of one request.
#[derive(Default)]
struct Trip {
    allowed: AllowedOrigins,
    obeys_robots: bool,
    max_body: BodyLimit,
    min_interval_ms: u64,
    max_redirects: usize,
    /// The only origin that gets headers of the request's own, because they may carry tokens.
    origin: Option<url::Origin>,
    headers: HeaderMap,
    secret: Option<(HeaderName, HeaderValue)>,
    body: Option<Bytes>,
    cookies: Option<Arc<Jar>>,
}

impl Trip {
    fn stays_with(&self, url: &Url) -> bool {
        self.origin.as_ref() == Some(&url.origin())
    }
}

#[derive(Debug, Clone, Copy)]
enum BodyLimit {
    /// A longer body is an error.
    Refuse(u64),
    /// A longer body is cut.
    Cut(u64),
}

impl Default for BodyLimit {
    fn default() -> Self {
        Self::Refuse(0)
    }
}

enum Hop {
    Redirect { status: u16, location: Url, remote_addr: String, headers: Vec<(String, String)> },
    Page(Page),
}

struct Page {
    status: u16,
    http_version: String,
    headers: Vec<(String, String)>,
    remote_addr: String,
    certificates: Vec<Bytes>,
    body: Bytes,
}

/// Host and port, without the port that the scheme has anyway.
fn server_of(url: &Url) -> String {
    url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()
}

fn cannot_set_up(why: String) -> FetchError {
    FetchError::Network { url: "any page".to_owned(), why }
}

fn client(
    config: &FetchConfig,
    tls: rustls::ClientConfig,
    names: impl reqwest::dns::Resolve + 'static,
) -> Result<reqwest::Client, FetchError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .tls_info(true)
        .dns_resolver(Arc::new(names))
        // A proxy would resolve names itself, behind the guard.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
        .read_timeout(Duration::from_millis(config.read_timeout_ms))
        .http2_max_header_list_size(config.max_header_bytes)
        .pool_max_idle_per_host(4)
        .build()
        .map_err(|error| cannot_set_up(format!("the client cannot be built: {}", causes(&error))))
}

/// A header of one request; who asks and how the answer is framed is not for requests to say.
fn own_header(url: &str, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Refusal> {
    const OURS: [&str; 6] =
        ["host", "user-agent", "content-length", "transfer-encoding", "accept-encoding", "connection"];
    let parsed = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
    parsed
        .filter(|(name, _)| !OURS.contains(&name.as_str()))
        // The value may be a secret and is not shown.
        .ok_or_else(|| Refusal::new(url, format!("the request header `{name}` cannot be sent")))
}

/// The headers of every request, in the order in which they are sent.
fn request_headers(contact: &str) -> Result<HeaderMap, Refusal> {
    let version = env!("CARGO_PKG_VERSION");
    let agent = match contact.trim() {
        "" => format!("{PRODUCT}/{version}"),
        contact => format!("{PRODUCT}/{version} (+{contact})"),
    };
    let agent = HeaderValue::from_str(&agent)
        .map_err(|_| Refusal::new(contact, "the contact in the user agent must be printable ASCII"))?;
    let accept = "text/html,application/xhtml+xml,application/json;q=0.9,application/xml;q=0.9,*/*;q=0.8";
    let headers = [
        ("user-agent", agent),
        ("accept", HeaderValue::from_static(accept)),
        ("accept-language", HeaderValue::from_static("zh-CN,zh;q=0.9,en;q=0.5")),
        // What is kept as evidence is then readable as it is.
        ("accept-encoding", HeaderValue::from_static("identity")),
    ];
    Ok(headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value)).collect())
}

/// Headers as received, but for the values of cookies: they are keys to a session and belong into no record.
fn received_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &HeaderName, value: &HeaderValue| match name.as_str() {
        "set-cookie" => cookies::without_value(&header_text(value.as_bytes())),
        _ => header_text(value.as_bytes()),
    };
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(name, value))).collect()
}

/// UTF-8 where it is UTF-8; otherwise each byte as the character of the same number (ISO 8859-1), so none is lost.
fn header_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The address in `Location`, read by the same parser and under the same rules as any other.
fn resolve_location(base: &Url, location: &str) -> Result<Url, Refusal> {
    // Joining would turn a backslash into a slash and forget a user name, so the text itself is checked first.
    if location.chars().any(|c| c.is_control() || c == '\\') {
        let why = format!("it redirects to {location:?}, which contains a backslash or a control character");
        return Err(Refusal::new(base.as_str(), why));
    }
    let joined = base
        .join(location)
        .map_err(|error| Refusal::new(base.as_str(), format!("it redirects to {location:?}: {error}")))?;
    parse_url(joined.as_str())
}

async fn read_body(
    url: &Url,
    mut response: reqwest::Response,
    limit: BodyLimit,
) -> Result<Bytes, FetchError> {
    let (BodyLimit::Refuse(limit_bytes) | BodyLimit::Cut(limit_bytes)) = limit;
    let too_large = || FetchError::TooLarge { url: url.to_string(), limit_bytes };
    let refuses = matches!(limit, BodyLimit::Refuse(_));
    if refuses && response.content_length().is_some_and(|announced| announced > limit_bytes) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(url, &error))? {
        let room = usize::try_from(limit_bytes).unwrap_or(usize::MAX) - body.len();
        if chunk.len() > room {
            if refuses {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk[..room]);
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The guard's refusal when it is the cause, otherwise what the network said.
fn no_answer(url: &Url, error: &reqwest::Error) -> FetchError {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<Refusal>() {
            return FetchError::Refused(Refusal::new(url.as_str(), refusal.why.clone()));
        }
        cause = inner.source();
    }
    let why = if error.is_timeout() { format!("time ran out ({})", causes(error)) } else { causes(error) };
    FetchError::Network { url: url.to_string(), why }
}

/// The innermost two causes, which carry the facts; the outer ones repeat the URL.
fn causes(error: &dyn std::error::Error) -> String {
    let mut all = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        all.push(inner.to_string());
        cause = inner.source();
    }
    if all.is_empty() {
        return error.to_string();
    }
    all.split_off(all.len().saturating_sub(2)).join(": ")
}
