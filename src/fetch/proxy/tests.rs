//! The proxy spoken to as a browser does, with canaries on the addresses that must stay silent.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::fetch::test_server::{Reply, TestServer, answer};
use crate::kit::clock::{FixedClock, UnixMs};

/// Each call takes the next answer; the last one stays.
struct Names {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    n_asked: AtomicUsize,
}

impl Resolver for Names {
    fn resolve(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let nth = self.n_asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(&name).map(|turns| turns[nth.min(turns.len() - 1)].clone());
        Box::pin(async move { answer.ok_or_else(|| std::io::Error::other("no such name")) })
    }
}

async fn proxy_with(
    names: &[(&str, &[&str])],
    allowed: &[&str],
    allowed_only: bool,
    limits: ProxyLimits,
) -> FilteringProxy {
    let answers = names
        .iter()
        .map(|(name, turns)| ((*name).to_owned(), turns.iter().map(|ip| vec![ip.parse().unwrap()]).collect()))
        .collect();
    let allowed: Vec<String> = allowed.iter().map(|origin| (*origin).to_owned()).collect();
    let resolver = Arc::new(Names { answers, n_asked: AtomicUsize::new(0) });
    let clock = Arc::new(FixedClock::at(UnixMs(1_795_395_900_000)));
    let allowed = AllowedOrigins::parse(&allowed).unwrap();
    FilteringProxy::start(resolver, clock, allowed, allowed_only, limits).await.unwrap()
}

async fn proxy(names: &[(&str, &[&str])], allowed: &[&str]) -> FilteringProxy {
    proxy_with(names, allowed, false, ProxyLimits::default()).await
}

/// Sends `head` and reads until the proxy closes.
async fn ask(proxy: &FilteringProxy, head: &str) -> String {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is an end like any other.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(url: &str) -> String {
    let host = url.split('/').nth(2).unwrap_or_default();
    format!("GET {url} HTTP/1.1\r\nHost: {host}\r\nProxy-Connection: keep-alive\r\n\r\n")
}

fn connect(authority: &str) -> String {
    format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n")
}

/// Listens and counts who comes.
async fn canary(address: &str) -> (u16, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            *counted.lock().unwrap() += 1;
        }
    });
    (port, count)
}

#[tokio::test]
async fn what_is_not_public_is_refused_and_the_canaries_stay_silent() {
    let (v4, calls_v4) = canary("127.0.0.1").await;
    let (v6, calls_v6) = match TcpListener::bind("[::1]:0").await {
        Ok(_) => canary("::1").await,
        Err(_) => canary("127.0.0.1").await,
    };
    let proxy = proxy(
        &[
            ("rebind.example.com", &["127.0.0.1"]),
            ("meta.example.com", &["169.254.169.254"]),
            ("mapped.example.com", &["::ffff:127.0.0.1"]),
            ("lan.example.com", &["192.168.1.1"]),
            ("six.example.com", &["::1"]),
        ],
        &[],
    )
    .await;
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0",
        "localhost",
        "a.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "printer",
        "printer.local",
        "rebind.example.com",
        "meta.example.com",
        "mapped.example.com",
        "lan.example.com",
        "six.example.com",
    ];
    for host in hosts {
        let port = if host.contains("::1") || host.starts_with("six") { v6 } else { v4 };
        for head in [get(&format!("http://{host}:{port}/x")), connect(&format!("{host}:{port}"))] {
            let answer = ask(&proxy, &head).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{head} {answer}");
        }
    }
    assert_eq!((*calls_v4.lock().unwrap(), *calls_v6.lock().unwrap()), (0, 0), "a canary sang");
    let requests = proxy.requests();
    assert_eq!(requests.len(), 2 * hosts.len());
    assert!(requests.iter().all(|request| matches!(request.outcome, ProxyOutcome::Refused(_))));
    let ProxyOutcome::Refused(why) = &requests[0].outcome else { unreachable!() };
    assert_eq!(why, "address 127.0.0.1 is not public (loopback, RFC 1122)");
}

#[tokio::test]
async fn only_the_web_passes() {
    let proxy = proxy(&[("a.example.com", &["93.184.215.14"])], &[]).await;
    let cases = [
        "GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        "GET ftp://a.example.com/ HTTP/1.1\r\n\r\n",
        "GET https://a.example.com/ HTTP/1.1\r\n\r\n",
        "GET http://user@a.example.com/ HTTP/1.1\r\n\r\n",
        "GET /relative HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
        "GET http://a.example.com:25/ HTTP/1.1\r\n\r\n",
        "CONNECT a.example.com:22 HTTP/1.1\r\n\r\n",
        "CONNECT user@a.example.com:443 HTTP/1.1\r\n\r\n",
        "CONNECT a.example.com:443/x HTTP/1.1\r\n\r\n",
        "POST http://a.example.com/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST http://a.example.com/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST http://a.example.com/ HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
    ];
    for head in cases {
        let answer = ask(&proxy, head).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{head}: {answer}");
    }
}

#[tokio::test]
async fn an_allowed_page_passes_as_it_is_on_a_connection_of_its_own() {
    let server = TestServer::start(|path| match path {
        "/page?a=b" => Reply::Bytes(
            b"HTTP/1.1 200 Fine\r\nX-One: 1\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\n\xb1\xa3\xb1\xbe"
                .to_vec(),
        ),
        _ => answer("404 Not Found", "", ""),
    })
    .await;
    let name = format!("http://site.example.com:{}", server.port);
    let proxy = proxy(&[("site.example.com", &["127.0.0.1"])], &[&name]).await;
    let mut head = get(&format!("{name}/page?a=b"));
    // A second request behind the first must not reach the first one's host.
    head.push_str(&get(&format!("{name}/smuggled")));
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), async {
        while !bytes.ends_with(b"\xb1\xa3\xb1\xbe") {
            bytes.push(stream.read_u8().await.unwrap());
        }
    });
    read.await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        text.starts_with("HTTP/1.1 200 Fine\r\nX-One: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"),
        "{text}"
    );
    drop(stream);
    let asked = server.requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].starts_with("GET /page?a=b HTTP/1.1\r\n") && !asked[0].contains("Proxy"),
        "{}",
        asked[0]
    );
    let ProxyOutcome::Sent(address) = proxy.requests()[0].outcome else { panic!("{:?}", proxy.requests()) };
    assert_eq!(address.to_string(), format!("127.0.0.1:{}", server.port));
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways_to_the_checked_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut four = [0_u8; 4];
        stream.read_exact(&mut four).await.unwrap();
        stream.write_all(&four.map(|byte| byte + 1)).await.unwrap();
    });
    // Resolving again would lead elsewhere: nothing listens on the second address.
    let origin = format!("https://shop.example.com:{port}");
    let proxy = proxy(&[("shop.example.com", &["127.0.0.1", "127.99.99.99"])], &[&origin]).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(connect(&format!("shop.example.com:{port}")).as_bytes()).await.unwrap();
    let mut head = [0_u8; 39];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 Connection established\r\n\r\n");
    stream.write_all(b"abcd").await.unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).await.unwrap();
    assert_eq!(back, b"bcde");
}

#[tokio::test]
async fn a_name_that_turns_private_is_refused_at_that_connection() {
    let (port, calls) = canary("127.0.0.1").await;
    let limits = ProxyLimits { connect_timeout_ms: 50, ..ProxyLimits::default() };
    let names: &[(&str, &[&str])] = &[("turn.example.com", &["93.184.215.14", "127.0.0.1"])];
    let proxy = proxy_with(names, &[], false, limits).await;
    for _ in 0..3 {
        ask(&proxy, &get(&format!("http://turn.example.com:{port}/"))).await;
    }
    let outcomes: Vec<_> = proxy.requests().into_iter().map(|request| request.outcome).collect();
    assert!(!matches!(outcomes[0], ProxyOutcome::Refused(_)), "the first answer was public: {outcomes:?}");
    assert!(outcomes[1..].iter().all(|outcome| matches!(outcome, ProxyOutcome::Refused(_))), "{outcomes:?}");
    assert_eq!(*calls.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_closed_network_is_not_left() {
    let proxy = proxy_with(&[("a.example.com", &["93.184.215.14"])], &[], true, ProxyLimits::default()).await;
    let answer = ask(&proxy, &connect("a.example.com:443")).await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("allowed_origins_only"), "{answer}");
}

#[tokio::test]
async fn limits_end_what_goes_on_for_ever() {
    let server = TestServer::start(|path| match path {
        "/endless" => Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 10_000]),
        "/silent" => Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx".to_vec()),
        _ => answer("200 OK", "", "page"),
    })
    .await;
    let limits =
        ProxyLimits { max_bytes: 100_000, max_requests: 4, idle_timeout_ms: 300, ..ProxyLimits::default() };
    let proxy = proxy_with(&[], &[&server.origin], false, limits.clone()).await;
    let answer = ask(&proxy, &get(&format!("{}/silent", server.origin))).await;
    assert!(answer.ends_with("\r\n\r\nx"), "the silent one is left: {answer}");
    let answer = ask(&proxy, &get(&format!("{}/endless", server.origin))).await;
    assert!(answer.len() <= 120_000, "{}", answer.len());
    let answer = ask(&proxy, &get(&format!("{}/more", server.origin))).await;
    assert!(answer.contains("more than 100000 bytes"), "{answer}");
    let fresh = proxy_with(&[], &[&server.origin], false, limits).await;
    for nth in 0..6 {
        let answer = ask(&fresh, &get(&format!("{}/{nth}", server.origin))).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200 "), nth < 4, "{nth}: {answer}");
    }
}
