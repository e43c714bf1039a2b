use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::site::{Answer, Site};
use super::*;

#[test]
fn an_address_leads_to_its_stored_answer() {
    let portal = site("portal");
    let landing = site("landing");
    let cases: &[(&Site, &str, Answer<'_>)] = &[
        (&portal, "/", Answer::File("index.html")),
        (&portal, "/finance/index.html?spm=1.2", Answer::File("finance/index.html")),
        (&portal, "/finance/none.html", Answer::Missing),
        (&portal, "/site.toml", Answer::Missing),
        (&portal, "/finance", Answer::Missing),
        (&portal, "/../expected.toml", Answer::Missing),
        (&portal, "//robots.txt", Answer::Missing),
        (&portal, "", Answer::Missing),
        (&landing, "/dinghe/?from=jznews", Answer::File("dinghe/index.html")),
        (&landing, "/go?c=cdb", Answer::Redirect { to: "/chongdian/?c=cdb", status: 302 }),
        (&landing, "/go?c=other", Answer::Missing),
        (&landing, "/click?x=1&pid=fengtan", Answer::Redirect { to: "{{landing}}/fengtan/", status: 301 }),
    ];
    for (site, address, expected) in cases {
        let (path, query) =
            address.split_once('?').map_or((*address, None), |(path, query)| (path, Some(query)));
        assert_eq!(site.route(path, query), *expected, "{} {address}", site.name);
    }
}

#[test]
fn origins_take_the_place_of_their_placeholders() {
    let origins = BTreeMap::from([("landing", "http://127.0.0.1:81".to_owned())]);
    let text = r#"<a href="{{landing}}/x"> u={{landing:encoded}}%2Fx {{other}}"#;
    let expected = r#"<a href="http://127.0.0.1:81/x"> u=http%3A%2F%2F127.0.0.1%3A81%2Fx {{other}}"#;
    assert_eq!(fill(text, &origins), expected);
}

#[tokio::test]
async fn a_page_is_served_in_the_declared_charset_and_known_answers_are_not_repeated() {
    let playback = Playback::start().await.unwrap();
    let portal = &playback.origins()["portal"];
    let page = ask(portal, "GET /finance/index.html", "").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=gb2312"));
    assert!(std::str::from_utf8(&page.body).is_err(), "GB18030 on the wire");
    assert!(encoding_rs::GBK.decode(&page.body).0.contains("江州新闻网"));
    let etag = page.header("etag").unwrap();
    let modified = page.header("last-modified").unwrap();
    assert_eq!(modified, "Fri, 20 Nov 2026 02:30:00 GMT");
    let cases = [
        (format!("If-None-Match: {etag}"), 304),
        (format!("If-None-Match: \"other\", W/{etag}"), 304),
        (format!("If-None-Match: \"other\"\r\nIf-Modified-Since: {modified}"), 200),
        (format!("If-Modified-Since: {modified}"), 304),
        ("If-Modified-Since: Thu, 19 Nov 2026 02:30:00 GMT".to_owned(), 200),
        ("If-Modified-Since: yesterday".to_owned(), 200),
    ];
    for (header, status) in cases {
        let again = ask(portal, "GET /finance/index.html", &header).await;
        assert_eq!(again.status, status, "{header}");
        assert_eq!(again.body.is_empty(), status == 304, "{header}");
    }
    playback.stop().await.unwrap();
}

#[tokio::test]
async fn redirects_methods_and_missing_pages_answer_as_a_server_would() {
    let playback = Playback::start().await.unwrap();
    let landing = &playback.origins()["landing"];
    let click = ask(landing, "GET /click?pid=fengtan", "").await;
    assert_eq!(click.status, 301);
    assert_eq!(click.header("location"), Some(format!("{landing}/fengtan/").as_str()));
    assert_eq!(ask(landing, "GET /none", "").await.status, 404);
    assert_eq!(ask(landing, "POST /dinghe/", "Content-Length: 0").await.status, 405);
    let head = ask(landing, "HEAD /dinghe/", "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn stopping_frees_the_ports() {
    let playback = Playback::start().await.unwrap();
    let origins = playback.origins().clone();
    assert_eq!(ask(&origins["portal"], "GET /robots.txt", "").await.status, 200);
    playback.stop().await.unwrap();
    for origin in origins.values() {
        assert!(TcpStream::connect(origin.trim_start_matches("http://")).await.is_err(), "{origin}");
    }
}

fn site(name: &str) -> Site {
    load().unwrap().into_iter().find(|site| site.name == name).unwrap()
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, wanted: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case(wanted).then_some(value)
        })
    }
}

async fn ask(origin: &str, request: &str, header: &str) -> Reply {
    let host = origin.trim_start_matches("http://");
    let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    let mut stream = TcpStream::connect(host).await.unwrap();
    let sent = format!("{request} HTTP/1.1\r\nHost: {host}\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    let end = received.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head, body: received[end + 4..].to_vec() }
}
