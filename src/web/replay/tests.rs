//! A hostile capture, shown: nothing in it runs, sends, or leads out of the package.

use axum::body::{Body, to_bytes};
use tower::ServiceExt as _;

use super::*;
use crate::domain::blob::BlobRef;
use crate::evidence::tests::{input, key, rendered, sealed_in};

const ORIGIN: &str = "http://127.0.0.1:8421";

/// What hostile pages try, each with a word that must not be in what is shown.
const TRIES: &[(&str, &str)] = &[
    ("<script>alert(1)</script>", "alert(1)"),
    ("<script src=http://evil.example/x.js></script>", "x.js"),
    ("<img src=http://evil.example/pixel.gif onerror=alert(2)>", "pixel"),
    ("<img srcset='http://evil.example/a.png 2x'>", "a.png"),
    ("<meta http-equiv=refresh content='0;url=http://evil.example/refresh'>", "refresh"),
    (
        "<form action=http://evil.example/form method=post><button formaction=http://evil.example/fa>x</button></form>",
        "evil",
    ),
    ("<a href=http://evil.example/link ping=http://evil.example/ping>link</a>", "evil"),
    ("<a href=' javascript:alert(3)'>js</a>", "javascript"),
    ("<a href='data:text/html,<script>alert(4)</script>'>data</a>", "text/html"),
    ("<link rel=preconnect href=http://evil.example><link rel=dns-prefetch href=//evil.example>", "evil"),
    ("<base href=http://evil.example/>", "evil"),
    ("<iframe srcdoc='<script>alert(5)</script>'></iframe>", "alert(5)"),
    ("<iframe src=http://evil.example/frame></iframe>", "evil"),
    ("<object data=http://evil.example/o></object><embed src=http://evil.example/e>", "evil"),
    ("<p style='background:url(http://evil.example/style.png)'>x</p>", "evil"),
    (
        "<style>@import 'http://evil.example/i.css'; p{background:URL( \"http://evil.example/u\" )}</style>",
        "evil",
    ),
    ("<svg><script>alert(6)</script><image href=http://evil.example/svg.png /></svg>", "evil"),
    ("<video poster=http://evil.example/p src=http://evil.example/v autoplay></video>", "evil"),
    ("<table background=http://evil.example/bg></table>", "evil"),
    ("<noscript><img src=http://evil.example/ns></noscript>", "evil"),
    ("<template><img src=http://evil.example/t></template>", "evil"),
    ("<body onload=alert(7)>", "alert(7)"),
];

/// The package of a rendered page with these captures, and the address below which it is shown.
fn opened(folder: &std::path::Path, page: &str) -> (Router, String) {
    let mut input = rendered::input_rendered();
    input.captures[1].body = page.as_bytes().to_vec();
    input.captures[1].capture.body = BlobRef::of(page.as_bytes());
    input.captures[1].capture.exchange.response_headers =
        vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
    let sealed = sealed_in(folder, &input, &key());
    let replays = Replays::at(ORIGIN, Arc::new(crate::web::tests::desk::MemoryDesk::new(Vec::new())));
    let base = replays.package("k".to_owned(), Arc::new(Replay::open(&sealed.path).unwrap())).unwrap();
    (router(replays), base)
}

async fn ask(router: &Router, method: &str, url: &str) -> (StatusCode, axum::http::HeaderMap, Vec<u8>) {
    let path = url.strip_prefix(ORIGIN).unwrap();
    let request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8421");
    let request = request.header(header::COOKIE, "adwatch=secret").body(Body::empty()).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, to_bytes(body, 1 << 24).await.unwrap().to_vec())
}

#[tokio::test]
async fn nothing_of_a_hostile_page_is_left_that_runs_or_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let all: String = TRIES.iter().map(|(markup, _)| *markup).collect();
    let (router, base) = opened(folder.path(), &format!("<h1>落地</h1>{all}<p>end</p>"));
    let (status, headers, body) = ask(&router, "GET", &format!("{base}page/1")).await;
    let shown = String::from_utf8(body).unwrap();
    assert_eq!(status, StatusCode::OK, "{shown}");
    assert!(shown.contains("<h1>落地</h1>") && shown.contains("<p>end</p>"), "{shown}");
    for (markup, word) in TRIES {
        assert!(!shown.contains(word), "{markup}: {shown}");
    }
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none'; "), "{policy}");
    assert!(!policy.contains("allow-") && !policy.contains("script-src"), "{policy}");
    for word in policy.split([' ', ';']).filter(|word| word.contains("://")) {
        assert_eq!(word, base, "only what belongs to this token: {policy}");
    }
    assert!(!headers.contains_key(header::SET_COOKIE));
    assert_eq!(headers["referrer-policy"], "no-referrer");
}

#[tokio::test]
async fn a_rendered_page_is_shown_with_what_the_package_has() {
    let folder = tempfile::tempdir().unwrap();
    let (router, base) = opened(folder.path(), "<a href='/1#top'>back</a><a href='/3'>out</a>");
    let get = async |path: &str| ask(&router, "GET", &format!("{base}{path}")).await;
    let (_, _, seen) = get("seen/0").await;
    let seen = String::from_utf8(seen).unwrap();
    assert!(seen.contains("保 本 保 息"), "{seen}");
    let style = format!("{base}at?u=http%3A%2F%2Fstatic.example%2Fa.css");
    assert!(seen.contains(&style) && seen.contains("at?u=http%3A%2F%2Fstatic.example%2Fold.png"), "{seen}");
    let (_, headers, style) = ask(&router, "GET", &style).await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
    let dot = format!("url(\"{base}at?u=http%3A%2F%2Fstatic.example%2Fdot.png\")");
    assert!(String::from_utf8(style).unwrap().contains(&dot), "addresses in styles are led into the package");
    let (_, headers, picture) = get("at?u=http%3A%2F%2Fstatic.example%2Fold.png").await;
    assert_eq!(
        (&headers[header::CONTENT_TYPE], picture),
        (&HeaderValue::from_static("image/png"), rendered::picture(3, 2))
    );
    let (_, _, screenshot) = get("picture/01-screenshot.png").await;
    assert_eq!(screenshot, rendered::picture(200, 1_000));
    let (_, _, landing) = get("page/1").await;
    let landing = String::from_utf8(landing).unwrap();
    assert!(landing.contains("at?u=http%3A%2F%2Fnews.example%2F1#top\">back"), "{landing}");
    assert!(landing.contains("<a>out</a>"), "{landing}");
}

#[tokio::test]
async fn everything_else_is_refused_and_still_in_a_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let (router, base) = opened(folder.path(), "<p>x</p>");
    let other = format!("{ORIGIN}/{}/", "a".repeat(64));
    for (method, url, expected) in [
        ("GET", format!("{base}at?u=http%3A%2F%2Fstatic.example%2Fa.js"), 404),
        ("GET", format!("{base}at?u=http%3A%2F%2Fevil.example%2F"), 404),
        ("GET", format!("{base}at?u=file%3A%2F%2F%2Fetc%2Fpasswd"), 404),
        ("GET", format!("{base}at?u=urn%3Aanswer%3Apost%3Ahttp%3A%2F%2Fapi.example%2Flog"), 404),
        ("GET", format!("{base}at"), 400),
        ("GET", format!("{base}page/7"), 404),
        ("GET", format!("{base}seen/1"), 404),
        ("GET", format!("{base}picture/..%2F..%2Fcaptures%2F01-page.bin"), 404),
        ("GET", format!("{base}picture/..%2Fx.png"), 404),
        ("GET", format!("{other}page/0"), 404),
        ("GET", format!("{ORIGIN}/"), 404),
        ("POST", format!("{base}page/0"), 405),
    ] {
        let (status, headers, _) = ask(&router, method, &url).await;
        assert_eq!(status.as_u16(), expected, "{method} {url}");
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("sandbox;"), "{url}");
    }
    let elsewhere =
        Request::builder().uri(base.strip_prefix(ORIGIN).unwrap()).header(header::HOST, "evil.example");
    let response = router.clone().oneshot(elsewhere.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_page_that_is_nested_without_end_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let deep = "<div>".repeat(60_000);
    let (router, base) = opened(folder.path(), &format!("{deep}<p>deep</p>"));
    let (status, _, body) = ask(&router, "GET", &format!("{base}page/1")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(String::from_utf8(body).unwrap().contains("<p>deep</p>"));
}

#[test]
fn a_package_without_renderings_opens() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = sealed_in(folder.path(), &input(), &key());
    let replay = Replay::open(&sealed.path).unwrap();
    assert_eq!(replay.pages().len(), 2);
    assert!(replay.pages().iter().all(|page| !page.is_rendered && page.screenshot.is_none()));
}
