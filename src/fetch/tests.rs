//! The client against servers on loopback: what is recorded, what is refused, what is bounded.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use reqwest::dns::Resolve as _;

use super::guard::CheckedNames;
use super::test_server::{Reply, TestServer, answer, redirect};
use super::*;
use crate::domain::run::RunOutcome;
use crate::kit::clock::{FixedClock, UnixMs};

/// Names for tests: each call takes the next answer of its name, the last one stays.
#[derive(Default)]
struct Names {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    n_asked: AtomicUsize,
}

impl Names {
    fn of(answers: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let parse = |ips: &&[&str]| ips.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = answers
            .iter()
            .map(|(name, turns)| ((*name).to_owned(), turns.iter().map(parse).collect()))
            .collect();
        Arc::new(Self { answers, n_asked: AtomicUsize::new(0) })
    }
}

impl Resolver for Names {
    fn resolve(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let nth = self.n_asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(&name).map(|turns| turns[nth.min(turns.len() - 1)].clone());
        Box::pin(async move { answer.ok_or_else(|| std::io::Error::other(format!("no such name: {name}"))) })
    }
}

/// Records what was asked and lets everyone go at once.
#[derive(Default)]
struct Turns(Mutex<Vec<(String, u64)>>);

impl HostSlots for Turns {
    fn reserve<'a>(
        &'a self,
        host: &'a str,
        interval_ms: u64,
        _max_wait_ms: u64,
    ) -> BoxFuture<'a, Result<Turn, SlotsUnavailable>> {
        // Of a server with a port of its own only failures are asked for.
        if !host.contains(':') {
            self.0.lock().unwrap().push((host.to_owned(), interval_ms));
        }
        Box::pin(std::future::ready(Ok(Turn::default())))
    }

    fn pause<'a>(&'a self, host: &'a str, pause_ms: u64) -> BoxFuture<'a, Result<(), SlotsUnavailable>> {
        self.0.lock().unwrap().push((host.to_owned(), pause_ms));
        Box::pin(std::future::ready(Ok(())))
    }

    fn note<'a>(&'a self, _host: &'a str, answered: bool) -> BoxFuture<'a, Result<u32, SlotsUnavailable>> {
        Box::pin(std::future::ready(Ok(u32::from(!answered))))
    }
}

const NOW: UnixMs = UnixMs(1_795_395_900_000);

fn config() -> FetchConfig {
    FetchConfig { host_interval_ms: 0, max_body_bytes: 100_000, ..FetchConfig::default() }
}

fn fetcher_with(config: FetchConfig, resolver: Arc<dyn Resolver>) -> Fetcher {
    Fetcher::with_resolver(config, Arc::new(FixedClock::at(NOW)), resolver).unwrap()
}

fn fetcher() -> Fetcher {
    fetcher_with(config(), Names::of(&[]))
}

fn request(url: String, origins: &[&str]) -> FetchRequest {
    let allowed_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    FetchRequest { allowed_origins, ..FetchRequest::new(url) }
}

async fn get(fetcher: &Fetcher, server: &TestServer, path: &str) -> Result<Fetched, FetchError> {
    fetcher.get(request(format!("{}{path}", server.origin), &[&server.origin])).await
}

/// A server without robots.txt.
async fn server(answer_to: impl Fn(&str) -> Reply + Send + Sync + 'static) -> TestServer {
    TestServer::start(move |path| match path {
        "/robots.txt" => answer("404 Not Found", "", ""),
        other => answer_to(other),
    })
    .await
}

#[tokio::test]
async fn a_closed_network_is_not_left_by_address_or_redirect() {
    let names = Names::of(&[("public.example", &[&["93.184.215.14"]])]);
    let closed = FetchConfig { allowed_origins_only: true, ..config() };
    let fetcher = fetcher_with(closed, names.clone());
    let server = server(|path| match path {
        "/out" => redirect("http://public.example/"),
        _ => answer("200 OK", "", "inside"),
    })
    .await;
    assert_eq!(get(&fetcher, &server, "/in").await.unwrap().body, b"inside"[..]);
    let direct = fetcher.get(request("http://public.example/".to_owned(), &[&server.origin])).await;
    for refused in [direct, get(&fetcher, &server, "/out").await] {
        let FetchError::Refused(refusal) = refused.unwrap_err() else { panic!("not refused") };
        assert!(refusal.why.contains("allowed_origins_only"), "{refusal}");
    }
    assert_eq!(names.n_asked.load(Ordering::SeqCst), 0, "not even the name is asked for");
}

#[tokio::test]
async fn an_exchange_is_recorded_as_it_went_over_the_wire() {
    let page = b"<title>\xc4\xfa\xba\xc3</title>";
    let server = server(move |path| match path {
        "/old?a=1" => redirect("/new"),
        _ => answer("404 Not Found", "Content-Type: text/html; charset=gbk\r\nX-B: 2\r\nX-A: 1\r\n", page),
    })
    .await;
    let contact = FetchConfig { contact: "https://office.example/contact".to_owned(), ..config() };
    let fetcher = fetcher_with(contact, Names::of(&[]));
    let fetched = get(&fetcher, &server, "/old?a=1#part").await.unwrap();
    let exchange = &fetched.exchange;
    assert_eq!(fetched.body, page[..], "an error page is a page, byte for byte");
    assert_eq!(exchange.requested_url, format!("{}/old?a=1", server.origin));
    assert_eq!(exchange.final_url, format!("{}/new", server.origin));
    assert_eq!((exchange.status, exchange.http_version.as_str()), (404, "HTTP/1.1"));
    assert_eq!((exchange.started_at, exchange.finished_at), (NOW, NOW));
    assert_eq!(exchange.remote_addr, format!("127.0.0.1:{}", server.port));
    let redirect = &exchange.redirects;
    assert_eq!(redirect.len(), 1);
    assert_eq!(redirect[0].location, exchange.final_url);
    assert_eq!((redirect[0].status, &redirect[0].remote_addr), (302, &exchange.remote_addr));
    let names: Vec<&str> = exchange.response_headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["content-type", "x-b", "x-a", "content-length", "connection"]);
    let sent = server.requests().pop().unwrap();
    let mut on_the_wire: Vec<String> =
        sent.lines().skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let mut recorded: Vec<String> =
        exchange.request_headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    on_the_wire.sort();
    recorded.sort();
    assert_eq!(recorded, on_the_wire);
    assert!(sent.contains(concat!(
        "adwatch/",
        env!("CARGO_PKG_VERSION"),
        " (+https://office.example/contact)"
    )));
}

#[tokio::test]
async fn private_addresses_are_refused_before_a_connection_is_made() {
    let server = server(|_| answer("200 OK", "", "secret")).await;
    let names = Names::of(&[
        ("inside.example.com", &[&["127.0.0.1"]]),
        ("both.example.com", &[&["93.184.215.14", "10.0.0.1"]]),
        ("six.example.com", &[&["::ffff:127.0.0.1"]]),
    ]);
    let fetcher = fetcher_with(config(), names);
    for host in [
        "127.0.0.1",
        "2130706433",
        "[::1]",
        "localhost",
        "inside.example.com",
        "both.example.com",
        "six.example.com",
    ] {
        let error = fetcher.get(request(format!("http://{host}:{}/", server.port), &[])).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused(_)), "{host}: {error}");
        assert!(matches!(error.outcome(), RunOutcome::Blocked { .. }));
    }
    assert_eq!(server.paths(), [""; 0], "no byte was sent");
}

#[tokio::test]
async fn a_redirect_is_checked_like_a_first_request() {
    let locations = [
        "http://127.0.0.2:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:1{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://inside.example.com:{port}/",
        "//inside.example.com:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        r"http://169.254.169.254:8888\@example.com/",
        r"\\127.0.0.2\share",
        "http://user@example.com/",
        "http://example.com:22/",
    ];
    for location in locations {
        let server = server(move |path| {
            let port = path.strip_prefix("/to/").unwrap_or("1");
            redirect(&location.replace("{port}", port))
        })
        .await;
        let names = Names::of(&[("inside.example.com", &[&["127.0.0.1"]])]);
        let path = format!("/to/{}", server.port);
        let error = get(&fetcher_with(config(), names), &server, &path).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused(_)), "{location}: {error}");
        assert_eq!(server.paths(), ["/robots.txt", path.as_str()], "{location}");
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_per_connection_and_the_checked_address_is_used() {
    let server = server(|_| answer("200 OK", "", "page")).await;
    // Resolving again would lead elsewhere: nothing listens on the second address.
    let names = Names::of(&[("rebind.example.com", &[&["127.0.0.1"], &["127.0.0.1"], &["127.99.99.99"]])]);
    let origin = format!("http://rebind.example.com:{}", server.port);
    let fetcher = fetcher_with(config(), names.clone());
    let fetched = fetcher.get(request(format!("{origin}/"), &[&origin])).await.unwrap();
    assert_eq!(fetched.exchange.remote_addr, format!("127.0.0.1:{}", server.port));
    assert_eq!(names.n_asked.load(Ordering::SeqCst), 2, "once for robots.txt, once for the page");
}

#[tokio::test]
async fn a_name_that_turns_private_is_refused_at_that_connection() {
    let names = Names::of(&[("rebind.example.com", &[&["93.184.215.14"], &["192.168.1.1"]])]);
    let checked = CheckedNames(names);
    let first = checked.resolve("rebind.example.com".parse().unwrap()).await.map(Iterator::collect::<Vec<_>>);
    assert_eq!(first.unwrap(), ["93.184.215.14:0".parse().unwrap()]);
    let second = checked.resolve("rebind.example.com".parse().unwrap()).await;
    let error = second.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("192.168.1.1 is not public"), "{error}");
}

#[tokio::test]
async fn pages_cannot_send_us_on_by_themselves() {
    let server = server(|_| {
        answer(
            "200 OK",
            "Refresh: 0; url=http://127.0.0.2/\r\n",
            "<meta http-equiv=refresh content='0;url=/b'>",
        )
    })
    .await;
    get(&fetcher(), &server, "/a").await.unwrap();
    assert_eq!(server.paths(), ["/robots.txt", "/a"]);
}

#[tokio::test]
async fn redirects_end() {
    let server = server(redirect_to_self).await;
    let error = get(&fetcher(), &server, "/loop").await.unwrap_err();
    assert!(error.to_string().contains("more than 5 redirects"), "{error}");
    assert_eq!(server.paths().len(), 7, "robots.txt, the page and 5 redirects");
}

fn redirect_to_self(path: &str) -> Reply {
    redirect(path)
}

#[tokio::test]
async fn bodies_are_bounded_whether_announced_or_endless() {
    let server = server(|path| match path {
        "/announced" => Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n".to_vec()),
        "/chunked" => Reply::Endless(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            [&b"1000\r\n"[..], &[b'x'; 0x1000], b"\r\n"].concat(),
        ),
        "/until-close" => Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 10_000]),
        _ => answer("200 OK", "", vec![b'x'; 100_000]),
    })
    .await;
    for path in ["/announced", "/chunked", "/until-close"] {
        let error = get(&fetcher(), &server, path).await.unwrap_err();
        assert_eq!(error.outcome(), RunOutcome::TooLarge { limit_bytes: 100_000 }, "{path}: {error}");
    }
    assert_eq!(
        get(&fetcher(), &server, "/full").await.unwrap().body.len(),
        100_000,
        "the limit itself is allowed"
    );
}

#[tokio::test]
async fn compressed_bodies_are_kept_as_received() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 2_000_000]).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 5_000);
    let sent = bomb.clone();
    let server = server(move |_| answer("200 OK", "Content-Encoding: gzip\r\n", &sent)).await;
    let fetched = get(&fetcher(), &server, "/bomb").await.unwrap();
    assert_eq!(fetched.body, bomb, "nothing is unpacked while fetching");
    assert_eq!(fetched.exchange.response_header("Content-Encoding"), Some("gzip"));
}

#[tokio::test]
async fn headers_are_bounded() {
    let server = server(|path| match path {
        "/many" => answer("200 OK", &"X-A: 1\r\n".repeat(5_000), ""),
        _ => answer("200 OK", &format!("X-Big: {}\r\n", "x".repeat(70_000)), ""),
    })
    .await;
    for path in ["/many", "/big"] {
        assert!(get(&fetcher(), &server, path).await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn slow_servers_are_left() {
    let server = server(|path| match path {
        "/silent" => Reply::Stall(Vec::new()),
        "/half" => Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec()),
        _ => Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec()),
    })
    .await;
    let limits =
        [FetchConfig { read_timeout_ms: 50, ..config() }, FetchConfig { timeout_ms: 50, ..config() }];
    for (limit, path) in
        limits.iter().flat_map(|limit| ["/silent", "/half", "/broken-off"].map(|path| (limit, path)))
    {
        let fetcher = fetcher_with(limit.clone(), Names::of(&[]));
        let error = get(&fetcher, &server, path).await.unwrap_err();
        assert!(matches!(error, FetchError::Network { .. }), "{path}: {error}");
    }
}

#[tokio::test]
async fn answers_that_are_not_http_are_network_problems() {
    let server = server(|_| Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())).await;
    let error = get(&fetcher(), &server, "/").await.unwrap_err();
    assert!(matches!(error.outcome(), RunOutcome::Network { .. }), "{error}");
    let closed = request("http://127.0.0.1:1/".to_owned(), &["http://127.0.0.1:1"]);
    let error = fetcher().get(closed).await.unwrap_err();
    assert!(matches!(error.outcome(), RunOutcome::Network { .. }), "{error}");
}

#[tokio::test]
async fn robots_txt_is_asked_once_a_day_and_obeyed() {
    let server = TestServer::start(|path| match path {
        "/robots.txt" => answer("200 OK", "", "user-agent: *\ndisallow: /private\ncrawl-delay: 7\n"),
        _ => answer("200 OK", "", "page"),
    })
    .await;
    let clock = Arc::new(FixedClock::at(NOW));
    let turns = Arc::new(Turns::default());
    let fetcher =
        Fetcher::with_resolver(config(), clock.clone(), Names::of(&[])).unwrap().with_slots(turns.clone());
    let both = futures::future::join(get(&fetcher, &server, "/a"), get(&fetcher, &server, "/b")).await;
    assert!(both.0.is_ok() && both.1.is_ok());
    let error = get(&fetcher, &server, "/private/x").await.unwrap_err();
    assert_eq!(error.outcome(), RunOutcome::RobotsDenied);
    assert!(error.to_string().contains("line 2 of"), "{error}");
    let mut paths = server.paths();
    paths.sort();
    assert_eq!(paths, ["/a", "/b", "/robots.txt"]);
    let delays: Vec<u64> = turns.0.lock().unwrap().iter().map(|(_, interval_ms)| *interval_ms).collect();
    assert_eq!(delays, [0, 7_000, 7_000], "robots.txt itself, then pages at the pace it asks for");
    clock.advance_ms(24 * 60 * 60 * 1000);
    get(&fetcher, &server, "/c").await.unwrap();
    assert_eq!(server.paths().iter().filter(|path| *path == "/robots.txt").count(), 2);
    let ordered = FetchRequest {
        ignore_robots: true,
        ..request(format!("{}/private/x", server.origin), &[&server.origin])
    };
    assert!(fetcher.get(ordered).await.is_ok());
}

#[tokio::test]
async fn the_status_of_robots_txt_decides_as_rfc_9309_says() {
    let cases = [
        ("200 OK", Some(RunOutcome::RobotsDenied)),
        ("401 Unauthorized", None),
        ("404 Not Found", None),
        ("500 Internal Server Error", Some(RunOutcome::RobotsDenied)),
        ("503 Service Unavailable", Some(RunOutcome::RateLimited)),
    ];
    for (status, expected) in cases {
        let server = TestServer::start(move |path| match path {
            "/robots.txt" => answer(status, "", "user-agent: adwatch\ndisallow: /"),
            _ => answer("200 OK", "", "page"),
        })
        .await;
        let outcome = get(&fetcher(), &server, "/").await.err().map(|error| error.outcome());
        assert_eq!(outcome, expected, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_obeys_robots_txt_of_where_it_leads() {
    let target = TestServer::start(|path| match path {
        "/robots.txt" => answer("200 OK", "", "user-agent: *\ndisallow: /"),
        _ => answer("200 OK", "", "page"),
    })
    .await;
    let location = format!("{}/page", target.origin);
    let server = server(move |_| redirect(&location)).await;
    let both = request(format!("{}/", server.origin), &[&server.origin, &target.origin]);
    assert_eq!(fetcher().get(both).await.unwrap_err().outcome(), RunOutcome::RobotsDenied);
    assert_eq!(target.paths(), ["/robots.txt"]);
}

#[tokio::test]
async fn a_busy_host_is_left_alone_for_as_long_as_it_asks() {
    let server = server(|_| answer("429 Too Many Requests", "Retry-After: 300\r\n", "")).await;
    let fetcher = fetcher();
    for expected_ms in [300_000, 300_000] {
        let error = get(&fetcher, &server, "/").await.unwrap_err();
        let FetchError::RateLimited { retry_after_ms, host } = &error else { panic!("{error}") };
        assert_eq!((*retry_after_ms, host.as_str()), (expected_ms, "127.0.0.1"));
    }
    assert_eq!(server.paths(), ["/robots.txt", "/"], "the second request was not sent");
}

#[test]
fn a_contact_that_could_forge_headers_is_refused() {
    let contact = FetchConfig { contact: "a\r\nHost: b".to_owned(), ..config() };
    let made = Fetcher::new(contact, Arc::new(FixedClock::at(NOW)));
    assert!(matches!(made.err(), Some(FetchError::Refused(_))));
}

#[tokio::test]
async fn a_secret_goes_to_the_first_origin_and_into_no_record() {
    let other = server(|_| answer("200 OK", "", "fine")).await;
    let elsewhere = format!("{}/end", other.origin);
    let first = server(move |path| match path {
        "/start" => redirect("/second"),
        _ => redirect(&elsewhere),
    })
    .await;
    let fetcher = fetcher();
    let fetched = fetcher.get(FetchRequest {
        body: Some("q=1".into()),
        headers: vec![("x-token".to_owned(), "abc".to_owned())],
        secret: Some(("cookie".to_owned(), "SUB=hush".to_owned())),
        ..request(format!("{}/start", first.origin), &[&first.origin, &other.origin])
    });
    let fetched = fetched.await.unwrap();
    let asked = first.requests();
    assert!(
        asked.iter().any(|head| head.starts_with("POST /start") && head.contains("SUB=hush")),
        "{asked:?}"
    );
    assert!(
        asked.iter().any(|head| head.starts_with("GET /second") && head.contains("SUB=hush")),
        "{asked:?}"
    );
    let told = other.requests();
    assert!(told.iter().all(|head| !head.contains("SUB=hush") && !head.contains("x-token")), "{told:?}");
    let robots = asked.iter().filter(|head| head.contains("/robots.txt"));
    assert!(robots.into_iter().all(|head| !head.contains("SUB=hush")), "robots.txt is asked without it");
    assert!(!format!("{:?}", fetched.exchange).contains("hush"));
}

#[tokio::test]
async fn nobody_pretends_to_be_another_client() {
    let server = server(|_| answer("200 OK", "", "fine")).await;
    for name in ["user-agent", "Host", "bad name"] {
        let request = FetchRequest {
            headers: vec![(name.to_owned(), "x".to_owned())],
            ..request(format!("{}/", server.origin), &[&server.origin])
        };
        let error = fetcher().get(request).await.unwrap_err();
        assert!(error.to_string().contains("cannot be sent"), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_fails_again_and_again_is_left_alone() {
    let server = server(|path| match path {
        "/fine" => answer("200 OK", "", "fine"),
        _ => answer("502 Bad Gateway", "", ""),
    })
    .await;
    let clock = Arc::new(FixedClock::at(NOW));
    let config = FetchConfig { max_wait_ms: 0, ..config() };
    let fetcher = Fetcher::with_resolver(config, clock.clone(), Names::of(&[])).unwrap();
    assert_eq!(get(&fetcher, &server, "/1").await.unwrap().exchange.status, 502);
    assert_eq!(get(&fetcher, &server, "/2").await.unwrap().exchange.status, 502);
    let error = get(&fetcher, &server, "/fine").await.unwrap_err();
    let FetchError::HostDown { n_failures: 2, retry_after_ms: 30_000, .. } = &error else {
        panic!("{error}")
    };
    assert!(error.leaves_host());
    clock.advance_ms(30_000);
    assert_eq!(
        get(&fetcher, &server, "/3").await.unwrap().exchange.status,
        502,
        "one request shows how it is"
    );
    clock.advance_ms(30_000);
    assert!(matches!(get(&fetcher, &server, "/fine").await, Err(FetchError::HostDown { n_failures: 3, .. })));
    clock.advance_ms(30_000);
    assert_eq!(get(&fetcher, &server, "/fine").await.unwrap().exchange.status, 200);
    assert_eq!(get(&fetcher, &server, "/4").await.unwrap().exchange.status, 502);
    assert_eq!(get(&fetcher, &server, "/fine").await.unwrap().exchange.status, 200, "one failure is none");
}

#[tokio::test]
async fn a_site_that_wants_visits_at_night_is_not_asked_by_day() {
    let server = TestServer::start(|path| match path {
        "/robots.txt" => answer("200 OK", "", "user-agent: *\nvisit-time: 1600-2200\n"),
        _ => answer("200 OK", "", "fine"),
    })
    .await;
    let error = get(&fetcher(), &server, "/").await.unwrap_err();
    assert!(matches!(error, FetchError::RateLimited { .. }), "{error}");
    assert_eq!(server.paths(), ["/robots.txt"]);
}
