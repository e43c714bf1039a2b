mod accounts;
mod app;
mod contacts;
pub(crate) mod desk;
mod groups;
mod leads;
mod review;
mod roles;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use tower::ServiceExt as _;

use crate::app::Registry;
use crate::domain::hit::HitStatus;
use crate::domain::run::RunOutcome;
use crate::domain::user::Role;
use crate::kit::clock::FixedClock;
use crate::web::routes::{self, Needs};
use crate::web::{Access, router};
use desk::{MemoryDesk, NOW, finding, source};

const HOST: &str = "127.0.0.1:8420";
const PASSWORD: &str = "abcde-fghij-kmnpq-rstuv";
const ID: &str = "f-a000000000000000";
const TEXT: &str = "江州颐养公寓招募会员\n保 本 保 息，年化收益15%，每月返300元。\n本公司不承诺无风险。";

/// Captured text as a hostile site writes it; each must appear escaped or not at all.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</textarea></title></style><script>alert(1)</script>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "{{7*7}}{% raw %}<b>x</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;<script>alert(1)</script>",
    "<a href=//evil.example>x</a>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "\u{202e}<iframe src=//evil.example>\u{0}\r\nSet-Cookie: a=b",
];

struct Visitor {
    router: Router,
    desk: Arc<MemoryDesk>,
    cookie: String,
    csrf: String,
}

struct Answered {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    bytes: Vec<u8>,
}

impl Answered {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(router: &Router, request: Request<Body>) -> Answered {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 24).await.unwrap().to_vec();
    Answered { status: parts.status, headers: parts.headers, bytes }
}

fn get(path: &str) -> axum::http::request::Builder {
    Request::builder().uri(path).header(header::HOST, HOST)
}

fn post(path: &str) -> axum::http::request::Builder {
    get(path).method(Method::POST).header(header::ORIGIN, format!("http://{HOST}"))
}

fn form(fields: &[(&str, &str)]) -> Body {
    Body::from(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}

async fn pages(desk: MemoryDesk) -> (Router, Arc<MemoryDesk>) {
    let office = Office::new(desk).await;
    office.registry.with_password("李青", Role::Administrator, PASSWORD).await;
    (office.router(), office.desk)
}

/// What the pages stand on, so that a test can make accounts, move the clock and start the pages again.
struct Office {
    desk: Arc<MemoryDesk>,
    registry: Registry,
    clock: Arc<FixedClock>,
}

impl Office {
    async fn new(desk: MemoryDesk) -> Self {
        let clock = Arc::new(FixedClock::at(NOW));
        let registry = Registry::in_memory(clock.clone()).await;
        Self { desk: Arc::new(desk), registry, clock }
    }

    fn router(&self) -> Router {
        let access = Access::new(HOST.parse().unwrap(), false, &[]).unwrap();
        router(self.desk.clone(), self.registry.clone(), access, None)
    }
}

fn standard() -> MemoryDesk {
    MemoryDesk::new(vec![
        finding(
            "a",
            "江州颐养公寓招募会员",
            TEXT,
            0.96,
            &[
                (
                    "保 本 保 息",
                    "pg.principal-guarantee.1",
                    "PG",
                    4,
                    HitStatus::Asserted,
                    &["AD-25.1", "FF-11"],
                ),
                ("每月返300元", "hy.payout.1", "HY", 4, HitStatus::Asserted, &["AD-25.1"]),
                ("无风险", "pg.no-risk.1", "PG", 4, HitStatus::Negated, &["AD-25.1"]),
            ],
        ),
        finding(
            "b",
            "第二条",
            "稳赚不赔",
            0.8,
            &[("稳赚不赔", "pg.principal-guarantee.1", "PG", 4, HitStatus::Asserted, &["AD-25.1"])],
        ),
    ])
}

/// Value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

fn cookies(answered: &Answered) -> String {
    let pairs = answered.headers.get_all(header::SET_COOKIE).iter();
    pairs.map(|value| value.to_str().unwrap().split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

async fn log_in(desk: MemoryDesk) -> Visitor {
    let (router, desk) = pages(desk).await;
    let entered = enter(&router, PASSWORD, "李青", "").await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text());
    let cookie = cookies(&entered);
    let queue =
        ask(&router, get("/queue").header(header::COOKIE, &cookie).body(Body::empty()).unwrap()).await;
    Visitor { router, desk, cookie, csrf: hidden(&queue.text(), "csrf") }
}

async fn enter(router: &Router, password: &str, name: &str, next: &str) -> Answered {
    let login = ask(router, get("/login").body(Body::empty()).unwrap()).await;
    let token = hidden(&login.text(), "token");
    let fields = [("token", token.as_str()), ("next", next), ("name", name), ("password", password)];
    let request = post("/login").header(header::COOKIE, cookies(&login)).body(form(&fields)).unwrap();
    ask(router, request).await
}

async fn get_as(router: &Router, cookie: &str, path: &str) -> Answered {
    ask(router, get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
}

async fn post_as(router: &Router, cookie: &str, csrf: &str, path: &str, fields: &[(&str, &str)]) -> Answered {
    let mut all = vec![("csrf", csrf)];
    all.extend_from_slice(fields);
    ask(router, post(path).header(header::COOKIE, cookie).body(form(&all)).unwrap()).await
}

impl Visitor {
    async fn get(&self, path: &str) -> Answered {
        get_as(&self.router, &self.cookie, path).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answered {
        post_as(&self.router, &self.cookie, &self.csrf, path, fields).await
    }

    fn changes(&self) -> Vec<String> {
        self.desk.changes.lock().unwrap().clone()
    }
}

/// Every address of the table, filled in, that takes this method.
fn addresses(method: &Method) -> Vec<(String, Needs)> {
    let filled = |path: &str| match path {
        "/assets/{name}" => "/assets/style.css".to_owned(),
        path if path.starts_with("/captures/") => path.replace("{id}", "cap-1"),
        path if path.starts_with("/findings/") && path.contains("{sha256}") => {
            path.replace("{id}", ID).replace("{sha256}", "aa11")
        }
        path if path.starts_with("/leads/") => path
            .replace("{id}", &ID.replacen("f-", "l-", 1))
            .replace("{kind}", "transfer")
            .replace("{sha256}", "ab"),
        path if path.starts_with("/cases/") => path.replace("{id}", &ID.replacen("f-", "c-", 1)),
        path => path.replace("{id}", ID).replace("{n}", "1"),
    };
    routes::table()
        .into_iter()
        .filter(|route| route.method == *method)
        .map(|route| (filled(route.path), route.needs))
        .collect()
}

fn pages_behind_login() -> Vec<String> {
    let closed = |(path, needs): (String, Needs)| (needs != Needs::Nothing).then_some(path);
    addresses(&Method::GET).into_iter().filter_map(closed).collect()
}

fn changes_behind_login() -> Vec<String> {
    let closed = |(path, needs): (String, Needs)| (needs != Needs::Nothing).then_some(path);
    addresses(&Method::POST).into_iter().filter_map(closed).collect()
}

#[tokio::test]
async fn anonymous_visitors_get_the_login_page_and_nothing_else() {
    let (router, desk) = pages(standard()).await;
    let others = ["/nothing", "/assets/../queue"].map(str::to_owned);
    for path in pages_behind_login().into_iter().chain(changes_behind_login()).chain(others) {
        let answered = ask(&router, get(&path).body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER, "GET {path}");
        assert!(answered.header(header::LOCATION).starts_with("/login"), "GET {path}");
        assert!(!answered.text().contains("颐养"), "GET {path}");
    }
    for path in changes_behind_login() {
        let answered = ask(&router, post(&path).body(form(&[("csrf", "x")])).unwrap()).await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED, "POST {path}");
    }
    for path in ["/login", "/assets/style.css", "/assets/keys.js", "/assets/mark.svg"] {
        let answered = ask(&router, get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}");
    }
    assert!(desk.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_forged_or_stolen_cookie_opens_nothing() {
    let (router, _) = pages(standard()).await;
    for cookie in ["adwatch=", "adwatch=0", "adwatch=' or 1=1", &format!("adwatch={}", "0".repeat(64))] {
        let answered =
            ask(&router, get("/queue").header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER, "{cookie}");
    }
    let visitor = log_in(standard()).await;
    assert_eq!(visitor.post("/logout", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(visitor.get("/queue").await.status, StatusCode::SEE_OTHER, "the cookie is dead after logout");
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let (router, _) = pages(standard()).await;
    let entered = enter(&router, PASSWORD, "李青", "").await;
    let cookie = entered.header(header::SET_COOKIE);
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let access = Access::new("0.0.0.0:1".parse().unwrap(), true, &["ads.example".to_owned()]).unwrap();
    let (name, attributes) = access.cookie();
    assert!(name.starts_with("__Host-") && attributes.contains("Secure"));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_guessing_is_stopped() {
    let (router, _) = pages(standard()).await;
    for _ in 0..5 {
        assert_eq!(enter(&router, "wrong", "李青", "").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(enter(&router, PASSWORD, "李青", "").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn login_never_leads_to_another_site() {
    let (router, _) = pages(standard()).await;
    for (next, leads_to) in [
        ("/findings/f-a000000000000000", "/findings/f-a000000000000000"),
        ("//evil.example", "/queue"),
        ("/\\evil.example", "/queue"),
        ("https://evil.example/", "/queue"),
        ("javascript:alert(1)", "/queue"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("/\r\nLocation: //evil.example", "/queue"),
    ] {
        let entered = enter(&router, PASSWORD, "李青", next).await;
        assert_eq!(entered.header(header::LOCATION), leads_to, "{next:?}");
    }
}

#[tokio::test]
async fn a_login_form_from_elsewhere_is_refused() {
    let (router, _) = pages(standard()).await;
    let fields = [("token", "x"), ("next", ""), ("name", "李青"), ("password", PASSWORD)];
    let without_cookie = ask(&router, post("/login").body(form(&fields)).unwrap()).await;
    assert_eq!(without_cookie.status, StatusCode::FORBIDDEN);
    assert!(
        without_cookie
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .all(|c| !c.to_str().unwrap().starts_with("adwatch="))
    );
}

#[tokio::test]
async fn a_change_without_own_origin_or_token_is_refused() {
    let visitor = log_in(standard()).await;
    for path in &changes_behind_login() {
        let fields = [("csrf", visitor.csrf.as_str()), ("provision", "AD-25.1"), ("reason", "news")];
        let with = |request: axum::http::request::Builder, body: Body| {
            request.header(header::COOKIE, &visitor.cookie).body(body).unwrap()
        };
        let base = || get(path).method(Method::POST);
        let foreign = [
            with(base(), form(&fields)),
            with(base().header(header::ORIGIN, "http://evil.example"), form(&fields)),
            with(base().header(header::ORIGIN, "null"), form(&fields)),
            with(base().header("sec-fetch-site", "cross-site"), form(&fields)),
            with(post(path), form(&fields[1..])),
            with(post(path), form(&[("csrf", "")])),
            with(post(path), form(&[("csrf", &"0".repeat(64))])),
            with(post(&format!("{path}?csrf={}", visitor.csrf)), Body::empty()),
        ];
        for (case, request) in foreign.into_iter().enumerate() {
            assert_eq!(
                ask(&visitor.router, request).await.status,
                StatusCode::FORBIDDEN,
                "{path} case {case}"
            );
        }
    }
    assert!(visitor.changes().is_empty());
    assert_eq!(visitor.get("/queue").await.status, StatusCode::OK, "still logged in");
}

#[tokio::test]
async fn no_get_changes_anything() {
    let visitor = log_in(standard()).await;
    for path in changes_behind_login() {
        // Some addresses show a page and take a form.
        if pages_behind_login().contains(&path) {
            continue;
        }
        for method in [Method::GET, Method::HEAD] {
            let request = get(&format!("{path}?csrf={}&provision=AD-25.1&reason=news", visitor.csrf))
                .method(method)
                .header(header::COOKIE, &visitor.cookie)
                .body(Body::empty())
                .unwrap();
            assert_eq!(ask(&visitor.router, request).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
    for path in pages_behind_login() {
        visitor.get(&path).await;
    }
    assert!(visitor.changes().is_empty());
}

#[tokio::test]
async fn a_foreign_host_name_gets_no_page() {
    let visitor = log_in(standard()).await;
    for host in ["evil.example", "127.0.0.1.evil.example:8420", ""] {
        let request = Request::builder()
            .uri("/queue")
            .header(header::HOST, host)
            .header(header::COOKIE, &visitor.cookie)
            .body(Body::empty())
            .unwrap();
        let answered = ask(&visitor.router, request).await;
        assert_eq!(answered.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(!answered.text().contains("颐养"));
    }
}

#[tokio::test]
async fn every_answer_carries_the_strict_headers() {
    let visitor = log_in(standard()).await;
    let others =
        ["/login", "/nothing", "/findings/f-0", "/findings/%2e%2e", "/assets/style.css", "/assets/x"];
    for path in pages_behind_login().into_iter().chain(others.map(str::to_owned)) {
        let answered = visitor.get(&path).await;
        let policy = answered.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answered.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert!(!answered.header("x-request-id").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn pages_need_nothing_inline_and_nothing_from_elsewhere() {
    let visitor = log_in(standard()).await;
    for path in pages_behind_login().into_iter().chain(["/nothing".to_owned()]) {
        let page = visitor.get(&path).await.text();
        for wrong in [" style=", " onclick=", "<style", "src=\"http", "href=\"http", "href=\"//"] {
            assert!(!page.contains(wrong), "{path} has `{wrong}`");
        }
    }
}

#[tokio::test]
async fn raw_captures_leave_as_inert_attachments() {
    let visitor = log_in(standard()).await;
    let answered = visitor.get("/captures/cap-1/raw").await;
    assert_eq!(answered.bytes, visitor.desk.body, "byte for byte");
    assert_eq!(answered.header(header::CONTENT_TYPE), "text/plain");
    assert_eq!(answered.header(header::CONTENT_DISPOSITION), "attachment; filename=\"cap-1.txt\"");
    assert_eq!(answered.header(header::CONTENT_SECURITY_POLICY), "default-src 'none'; sandbox");
    assert_eq!(answered.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    for path in
        ["/captures/..%2f..%2fetc%2fpasswd", "/captures/..%2f..%2fetc%2fpasswd/raw", "/captures/a%00/raw"]
    {
        assert_eq!(visitor.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn hostile_words_stay_words_on_every_page() {
    for hostile in HOSTILE {
        // Long enough that titles and previews are cut, which must not undo the escaping.
        for padding in [0, 900, 30_000] {
            let words = format!("{}{hostile}{}", "长".repeat(padding / 3), "x".repeat(padding));
            let mut desk = standard();
            {
                let files = desk.files.get_mut().unwrap();
                let file = &mut files[0];
                let draft = &mut file.ad.draft;
                draft.title = Some(words.clone());
                draft.publisher = Some(words.clone());
                draft.advertiser = Some(words.clone());
                draft.label = Some(words.clone());
                draft.landing_url = Some(words.clone());
                draft.links = vec![words.clone()];
                draft.platform_ids = [(words.clone(), words.clone())].into();
                draft.text = format!("{words}{TEXT}{words}");
                for hit in &mut file.finding.hits {
                    hit.span.start += words.len();
                    hit.span.end += words.len();
                    hit.normalized = words.clone();
                    hit.because = Some(words.clone());
                    hit.transforms = vec![words.clone()];
                    hit.cue = Some(hit.span);
                }
                file.finding.assessment.reasons[0].text = words.clone();
                file.sightings[0].page_url = words.clone();
                file.sightings[0].locator = words.clone();
            }
            desk.header = words.clone();
            desk.body = words.clone().into_bytes();
            let why = RunOutcome::Blocked { why: words.clone() };
            desk.sources = vec![source("city-news", &words, Some(why))];
            let visitor = log_in(desk).await;
            let dismissed = visitor
                .post(&format!("/findings/{ID}/dismiss"), &[("reason", "other"), ("note", hostile)])
                .await;
            assert_eq!(dismissed.status, StatusCode::SEE_OTHER);
            let search: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
            let search = format!("/queue?q={search}&state={search}&source={search}&after={search}");
            for path in
                ["/queue?state=all", &search, &format!("/findings/{ID}"), "/captures/cap-1", "/sources"]
            {
                let answered = visitor.get(path).await;
                assert_eq!(answered.status, StatusCode::OK, "{path}");
                assert_inert(&answered.text(), path);
            }
        }
    }
}

/// Only the tags of our own templates, only links to our own pages.
fn assert_inert(page: &str, path: &str) {
    for tag in
        ["<img src=x", "<svg/", "<iframe", "<b>x", "<meta http-equiv", "<script>", "onerror=alert(1)>", "\0"]
    {
        assert!(!page.contains(tag), "{path} contains `{tag}`");
    }
    assert_eq!(page.matches("<script").count(), 1, "{path}: only our own script");
    for attribute in ["href=", "src=", "action=", "formaction="] {
        for value in page.split(&format!(" {attribute}\"")).skip(1) {
            assert!(
                value.starts_with('/') && !value.starts_with("//") || value.starts_with('#'),
                "{path} {attribute}{:.60}",
                value
            );
        }
    }
    assert!(!page.contains("49{%"), "{path}: captured text is not a template");
}

#[tokio::test]
async fn error_pages_do_not_echo_what_was_asked() {
    let visitor = log_in(standard()).await;
    for path in
        ["/nothing/%3Cscript%3Ealert(1)%3C/script%3E", "/findings/%3Cscript%3E", "/captures/%3Csvg%3E"]
    {
        let answered = visitor.get(path).await;
        assert_eq!(answered.status, StatusCode::NOT_FOUND, "{path}");
        assert_inert(&answered.text(), path);
        assert!(answered.text().contains(answered.header("x-request-id")), "the page names the request");
    }
}

#[tokio::test]
async fn a_reviewer_accepts_takes_back_and_dismisses() {
    let visitor = log_in(standard()).await;
    let path = |what: &str| format!("/findings/{ID}/{what}");
    let page = visitor.get(&format!("/findings/{ID}")).await.text();
    assert!(page.contains("value=\"AD-25.1\" checked"), "proposed provisions are ticked");
    assert!(
        page.contains(
            "class=\"hitlink s4\" href=\"#hit-1\" title=\"读作 保本保息\">保 本 保 息<sup>1</sup></a>"
        ),
        "{page}"
    );
    assert!(
        page.contains("class=\"hitlink cleared\" href=\"#hit-3\">无风险"),
        "cleared words are shown as such"
    );

    let without = visitor.post(&path("accept"), &[("note", "想留下的话")]).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        without.text().contains("至少引用一条") && without.text().contains("想留下的话"),
        "nothing typed is lost"
    );
    assert!(!without.text().contains("value=\"AD-25.1\" checked"), "ticks come back as they were sent");

    let fields = [("provision", "AD-25.1"), ("provision", "FF-11"), ("note", "明示保本")];
    let accepted = visitor.post(&path("accept"), &fields).await;
    assert_eq!(
        (accepted.status, accepted.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, "/findings/f-a000000000000000")
    );
    let page = visitor.get(&format!("/findings/{ID}")).await.text();
    assert!(page.contains("已记录：涉嫌违法") && page.contains("明示保本") && page.contains("李青"));
    assert!(
        !visitor.get(&format!("/findings/{ID}")).await.text().contains("已记录："),
        "the message is shown once"
    );

    let twice = visitor.post(&path("dismiss"), &[("reason", "news"), ("note", "x")]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert_eq!(visitor.post(&path("undo"), &[("note", "")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        visitor.post(&path("dismiss"), &[("note", "x")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        visitor.post(&path("dismiss"), &[("reason", "news"), ("note", "")]).await.status,
        StatusCode::SEE_OTHER
    );
    let id = ID;
    assert_eq!(visitor.changes(), [format!("accept {id}"), format!("undo {id}"), format!("dismiss {id}")]);
}

#[tokio::test]
async fn sealing_shows_the_seal() {
    let visitor = log_in(standard()).await;
    let sealed = visitor.post(&format!("/findings/{ID}/seal"), &[]).await;
    assert_eq!(sealed.status, StatusCode::SEE_OTHER);
    let page = visitor.get(&format!("/findings/{ID}")).await.text();
    assert!(page.matches(&"ab".repeat(32)).count() >= 2, "in the message and in the list");
}

#[tokio::test]
async fn a_form_with_a_foreign_field_or_too_many_bytes_is_refused() {
    let visitor = log_in(standard()).await;
    let path = format!("/findings/{ID}/accept");
    let foreign = visitor.post(&path, &[("provision", "AD-25.1"), ("actor", "别人")]).await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST);
    let large = visitor.post(&path, &[("note", &"x".repeat(70_000))]).await;
    assert_eq!(large.status, StatusCode::BAD_REQUEST);
    let not_an_id = visitor.post(&path, &[("provision", "../x")]).await;
    assert_eq!(not_an_id.status, StatusCode::BAD_REQUEST);
    assert!(visitor.changes().is_empty());
}
