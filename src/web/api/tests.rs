//! The API over the real application.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::table::table;
use super::{ROOT, openapi};
use crate::app::evidence::tests::app_with_a_finding;
use crate::app::{App, AuditFilter};
use crate::domain::finding::FindingId;
use crate::domain::token::Scope;
use crate::domain::user::{Actor, Permission, Role};
use crate::kit::clock::FixedClock;
use crate::web::Access;

const HOST: &str = "127.0.0.1:8420";

struct Office {
    app: Arc<App>,
    clock: Arc<FixedClock>,
    finding: FindingId,
    router: Router,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Office {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (app, clock, finding) = app_with_a_finding(folder.path()).await;
        let app = Arc::new(app);
        let access = Access::new(HOST.parse().unwrap(), false, &[]).unwrap();
        let router = Router::new().nest(ROOT, super::router(app.clone(), access));
        Self { app, clock, finding, router, _folder: folder }
    }

    /// A token of a new account with this role, for all that the role may.
    async fn token(&self, role: Role) -> String {
        let may: Vec<Permission> = Permission::ALL.into_iter().filter(|one| role.may(*one)).collect();
        self.token_for(role, Scope::of(&may)).await
    }

    async fn token_for(&self, role: Role, scope: Scope) -> String {
        let registry = self.app.registry();
        let name = format!("程序-{}", role.as_str());
        // The account may be there from an earlier token.
        let _ = registry.add_account(&Actor::machine(), &name, role).await;
        registry.add_token(&Actor::machine(), &name, "测试", scope, 1).await.unwrap().secret
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(request(Method::GET, token, path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, token: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = request(Method::POST, token, path).header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn audited(&self, action: &str) -> Vec<crate::app::AuditEntry> {
        let filter = AuditFilter { action: action.to_owned(), ..AuditFilter::default() };
        self.app.registry().audit(&Actor::machine(), &filter, None, 10).await.unwrap()
    }
}

fn request(method: Method, token: &str, path: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(format!("{ROOT}{path}")).header(header::HOST, HOST);
    if token.is_empty() { request } else { request.header(header::AUTHORIZATION, format!("Bearer {token}")) }
}

/// A path of the table for things that there are.
fn filled(path: &str, finding: &FindingId) -> String {
    match path {
        path if path.starts_with("/captures/") => path.replace("{id}", "c1"),
        path if path.starts_with("/leads/") => {
            let path = path.replace("{id}", &finding.as_str().replacen("f-", "l-", 1));
            path.replace("{kind}", "transfer").replace("{sha256}", "ab")
        }
        path if path.starts_with("/rules/") => path.replace("{id}", "pg.principal-guarantee.1"),
        path => path.replace("{id}", finding.as_str()),
    }
}

#[tokio::test]
async fn each_role_reaches_what_its_table_says_and_nobody_else_anything() {
    let office = Office::open().await;
    for role in Role::ALL {
        let token = office.token(role).await;
        for endpoint in table() {
            let path = filled(endpoint.path, &office.finding);
            let ask = async |token: &str| match endpoint.method {
                Method::GET => office.get(token, &path).await,
                // A body that no address takes changes nothing.
                _ if endpoint.body.is_some() => office.post(token, &path, &json!({"x": 1}), &[]).await,
                _ => office.post(token, &path, &json!({}), &[]).await,
            };
            let (method, answer) = (&endpoint.method, ask(&token).await);
            let allowed = endpoint.needs.is_none_or(|permission| role.may(permission));
            assert_eq!(answer.status != StatusCode::FORBIDDEN, allowed, "{method} {path} as {role:?}");
            assert!(!answer.status.is_server_error(), "{method} {path} as {role:?}: {}", answer.status);
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} as {role:?}");
            let nobody = ask("").await;
            let expected = if endpoint.needs.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
            assert_eq!(nobody.status, expected, "{method} {path} as nobody");
        }
    }
}

#[tokio::test]
async fn a_scope_narrows_what_the_role_may() {
    let office = Office::open().await;
    let token = office.token_for(Role::Administrator, Scope::of(&[Permission::See])).await;
    for endpoint in table() {
        let path = filled(endpoint.path, &office.finding);
        let answer = match endpoint.method {
            Method::GET => office.get(&token, &path).await,
            _ => office.post(&token, &path, &json!({"x": 1}), &[]).await,
        };
        let allowed = endpoint.needs.is_none_or(|permission| permission == Permission::See);
        assert_eq!(answer.status != StatusCode::FORBIDDEN, allowed, "{} {path}", endpoint.method);
    }
    let me = office.get(&token, "/me").await.json();
    assert_eq!((&me["may"], &me["role"]), (&json!(["see"]), &json!("administrator")));
}

#[tokio::test]
async fn the_document_and_the_router_name_the_same_addresses() {
    let office = Office::open().await;
    let document = openapi::document();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert((path.clone(), method.to_uppercase()));
        }
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let known = item.get(method.as_str().to_lowercase()).is_some();
            let asked =
                request(method.clone(), "", &filled(path, &office.finding)).body(Body::empty()).unwrap();
            let status = office.ask(asked).await.status;
            assert_eq!(status != StatusCode::METHOD_NOT_ALLOWED, known, "{method} {path}: {status}");
            assert_ne!(status, StatusCode::NOT_FOUND, "{method} {path}");
        }
    }
    let in_table: BTreeSet<(String, String)> =
        table().iter().map(|one| (one.path.to_owned(), one.method.to_string())).collect();
    assert_eq!(documented, in_table);
    let ids: Vec<&Value> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| &operation["operationId"])
        .collect();
    assert_eq!(ids.iter().map(|id| id.as_str().unwrap()).collect::<BTreeSet<_>>().len(), ids.len());
    for nothing in ["/", "", "/nothing", "/findings/", "/findings/f-1/../../me", "/FINDINGS"] {
        assert_eq!(office.get("", nothing).await.status, StatusCode::NOT_FOUND, "{nothing:?}");
    }
}

#[test]
fn every_reference_of_the_document_leads_to_a_schema() {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(facts) => {
                if let Some(Value::String(target)) = facts.get("$ref") {
                    found.push(target.clone());
                }
                facts.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let document = openapi::document();
    let mut references = Vec::new();
    walk(&document, &mut references);
    assert!(references.len() > 40, "{references:?}");
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn a_cookie_opens_nothing_and_neither_does_a_token_that_ended() {
    let office = Office::open().await;
    let token = office.token(Role::Reviewer).await;
    for (name, value) in [
        ("cookie", format!("adwatch={token}; __Host-adwatch={token}")),
        ("authorization", format!("Basic {token}")),
        ("authorization", token.clone()),
        ("authorization", format!("Bearer {}", &token[..token.len() - 1])),
        ("authorization", "Bearer ".to_owned()),
        ("x-api-key", token.clone()),
    ] {
        let asked = request(Method::GET, "", "/findings").header(name, value.as_str());
        let answer = office.ask(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}: {value}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{name}");
    }
    let in_query = office.get("", &format!("/findings?access_token={token}")).await;
    assert_eq!(in_query.status, StatusCode::UNAUTHORIZED);
    office.clock.advance_ms(86_400_000);
    assert_eq!(office.get(&token, "/findings").await.status, StatusCode::UNAUTHORIZED, "after a day");
}

#[tokio::test]
async fn a_finding_is_read_decided_taken_back_and_commented() {
    let office = Office::open().await;
    let token = office.token(Role::Reviewer).await;
    let list = office.get(&token, "/findings?state=pending&min_severity=2&q=%E4%BF%9D%E6%9C%AC").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.json());
    assert_eq!(list.json()["findings"][0]["id"], json!(office.finding.as_str()));
    assert!(list.json()["notice"].as_str().unwrap().contains("涉嫌"));
    let path = format!("/findings/{}", office.finding);
    let seen = office.get(&token, &path).await;
    let tag = seen.header("etag").to_owned();
    assert!(tag.starts_with("\"1-"), "{tag}");
    let hit = &seen.json()["hits"][0];
    let (start, end) = (hit["start"].as_u64().unwrap() as usize, hit["end"].as_u64().unwrap() as usize);
    assert_eq!(json!(seen.json()["text"].as_str().unwrap()[start..end]), hit["words"]);

    let decide = format!("{path}/decisions");
    let accept = json!({"verdict": "accept", "provisions": ["AD-25.1"], "note": "明示保本"});
    for (body, headers, expected) in [
        (&accept, &[][..], StatusCode::PRECONDITION_REQUIRED),
        (&accept, &[("if-match", "\"9-x\"")][..], StatusCode::PRECONDITION_FAILED),
        (&accept, &[("if-match", "\"nonsense\"")][..], StatusCode::PRECONDITION_FAILED),
        (&json!({"verdict": "accept"}), &[("if-match", "*")][..], StatusCode::UNPROCESSABLE_ENTITY),
        (&json!({"verdict": "dismiss"}), &[("if-match", "*")][..], StatusCode::UNPROCESSABLE_ENTITY),
        (&json!({"verdict": "acquit"}), &[("if-match", "*")][..], StatusCode::UNPROCESSABLE_ENTITY),
        (
            &json!({"verdict": "accept", "provisions": ["AD-25.1"], "actor": "别人"}),
            &[("if-match", "*")][..],
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let refused = office.post(&token, &decide, body, headers).await;
        assert_eq!(refused.status, expected, "{body} {headers:?}: {}", refused.json());
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
    let stale = office.post(&token, &decide, &accept, &[("if-match", "\"9-x\"")]).await.json();
    assert_eq!(
        (&stale["current"]["version"], &stale["type"]),
        (&json!(1), &json!("urn:adwatch:problem:stale"))
    );

    let done = office.post(&token, &decide, &accept, &[("if-match", &tag)]).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.json());
    assert_eq!((&done.json()["state"], &done.json()["version"]), (&json!("accepted"), &json!(2)));
    assert_eq!(done.header("location"), format!("{ROOT}{path}"));
    let again = office.post(&token, &decide, &accept, &[("if-match", "*")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(again.json()["current"]["state"], json!("accepted"));
    let noted = &office.audited("finding.accept").await[0];
    assert!(noted.detail["token"].is_string() && noted.detail["from"].is_string(), "{:?}", noted.detail);

    let said = office.post(&token, &format!("{path}/comments"), &json!({"note": "已电话核实"}), &[]).await;
    assert_eq!(said.status, StatusCode::CREATED, "{}", said.json());
    let undone =
        office.post(&token, &format!("{path}/undo"), &json!({}), &[("if-match", "\"2-x\"")]).await.json();
    assert_eq!((&undone["state"], &undone["remarks"][0]["note"]), (&json!("pending"), &json!("已电话核实")));
}

#[tokio::test]
async fn a_lead_goes_its_way_step_by_step() {
    let office = Office::open().await;
    let token = office.token(Role::Approver).await;
    let decide = format!("/findings/{}/decisions", office.finding);
    let accept = json!({"verdict": "accept", "provisions": ["AD-25.1"]});
    office.post(&token, &decide, &accept, &[("if-match", "*")]).await;
    let leads = office.get(&token, "/leads").await.json();
    let lead = &leads["leads"][0];
    assert_eq!((&lead["state"], lead["days_left"].is_number()), (&json!("verifying"), true), "{leads}");
    let steps = format!("/leads/{}/steps", lead["id"].as_str().unwrap());
    let file = json!({"step": "file", "officers": ["李青", "王芳"], "approver": "处长"});
    let stale = office.post(&token, &steps, &file, &[("if-match", "\"5-x\"")]).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.json());
    let one = json!({"step": "file", "officers": ["李青"], "approver": "处长"});
    assert_eq!(office.post(&token, &steps, &one, &[("if-match", "*")]).await.status.as_u16(), 422);
    let filed = office.post(&token, &steps, &file, &[("if-match", "\"0-x\"")]).await;
    assert_eq!((filed.status, &filed.json()["state"]), (StatusCode::CREATED, &json!("filed")));
    let not_now = office.post(&token, &steps, &file, &[("if-match", "*")]).await;
    assert_eq!(not_now.status, StatusCode::CONFLICT);
    assert_eq!(office.get(&token, "/leads?state=filed").await.json()["leads"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_request_that_names_itself_is_done_once() {
    let office = Office::open().await;
    let token = office.token(Role::Reviewer).await;
    let path = format!("/findings/{}/comments", office.finding);
    let (body, key) = (json!({"note": "只说一次"}), [("idempotency-key", "k-1")]);
    let first = office.post(&token, &path, &body, &key).await;
    let second = office.post(&token, &path, &body, &key).await;
    assert_eq!((first.status, &first.bytes), (second.status, &second.bytes));
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
    assert_eq!(second.header("location"), first.header("location"));
    let other = office.post(&token, &path, &json!({"note": "别的"}), &key).await;
    assert_eq!(other.json()["type"], json!("urn:adwatch:problem:key-reused"));
    let remarks = office.get(&token, &format!("/findings/{}", office.finding)).await.json();
    assert_eq!(remarks["remarks"].as_array().unwrap().len(), 1);
    // A refusal is not kept: what it lacked may be there the next time.
    let decide = format!("/findings/{}/decisions", office.finding);
    let accept = json!({"verdict": "accept", "provisions": ["AD-25.1"]});
    let with = |tag| [("idempotency-key", "k-2"), ("if-match", tag)];
    assert_eq!(office.post(&token, &decide, &accept, &with("\"7-x\"")).await.status.as_u16(), 412);
    assert_eq!(office.post(&token, &decide, &accept, &with("\"1-x\"")).await.status.as_u16(), 201);
    assert_eq!(
        office.post(&token, &decide, &accept, &with("\"1-x\"")).await.status.as_u16(),
        201,
        "replayed"
    );
    office.clock.advance_ms(86_400_000 - 1_000);
    assert_eq!(office.post(&token, &path, &body, &key).await.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn what_the_program_has_is_not_sent_again() {
    let office = Office::open().await;
    let token = office.token(Role::Viewer).await;
    for path in
        ["/findings", "/rules", "/provisions", &format!("/findings/{}", office.finding), "/captures/c1"]
    {
        let first = office.get(&token, path).await;
        let tag = first.header("etag").to_owned();
        let again = |tag: &str| {
            let asked = request(Method::GET, &token, path).header(header::IF_NONE_MATCH, tag);
            office.ask(asked.body(Body::empty()).unwrap())
        };
        for same in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let unchanged = again(&same).await;
            assert_eq!(
                (unchanged.status, unchanged.bytes.len()),
                (StatusCode::NOT_MODIFIED, 0),
                "{path} {same}"
            );
        }
        assert_eq!(again("\"other\"").await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn contacts_are_masked_until_somebody_says_why_and_that_is_on_record() {
    let office = Office::open().await;
    let path = format!("/findings/{}/contacts", office.finding);
    let viewer = office.token(Role::Viewer).await;
    let masked = office.get(&viewer, &path).await.json();
    assert_eq!(masked["masked"], json!(true));
    let reveal = format!("{path}/reveal");
    let why = json!({"why": "联系当事人"});
    assert_eq!(office.post(&viewer, &reveal, &why, &[]).await.status, StatusCode::FORBIDDEN);
    let reviewer = office.token(Role::Reviewer).await;
    assert_eq!(office.post(&reviewer, &reveal, &json!({"why": " "}), &[]).await.status.as_u16(), 422);
    assert!(office.audited("contact.reveal").await.is_empty());
    let shown = office.post(&reviewer, &reveal, &why, &[]).await;
    assert_eq!((shown.status, &shown.json()["masked"]), (StatusCode::OK, &json!(false)));
    assert_eq!(office.audited("contact.reveal").await[0].detail["why"], json!("联系当事人"));
}

#[tokio::test]
async fn a_package_is_sealed_and_taken_along() {
    let office = Office::open().await;
    let token = office.token(Role::Reviewer).await;
    let path = format!("/findings/{}/packages", office.finding);
    let asked = request(Method::POST, &token, &path).body(Body::empty()).unwrap();
    let sealed = office.ask(asked).await;
    assert_eq!(sealed.status, StatusCode::CREATED, "{}", sealed.json());
    let seal = sealed.json()["seal_sha256"].as_str().unwrap().to_owned();
    let at = sealed.header("location").strip_prefix(ROOT).unwrap().to_owned();
    let file = office.get(&token, &format!("{at}/content")).await;
    assert_eq!(crate::kit::digest::sha256_hex(&file.bytes), seal);
    assert!(file.header("content-disposition").starts_with("attachment; filename=\""), "{:?}", file.headers);
    let custody = office.get(&token, &at).await.json();
    let actions: Vec<&str> =
        custody["custody"].as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"downloaded") && custody["chain_is_whole"] == json!(true), "{custody}");
    assert_eq!(office.get(&token, &path).await.json()["packages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn raw_bytes_leave_as_attachments_that_nothing_opens() {
    let office = Office::open().await;
    let token = office.token(Role::Viewer).await;
    let raw = office.get(&token, "/captures/c1/raw").await;
    assert_eq!(raw.bytes, "<p>页面</p>".as_bytes());
    assert_eq!(raw.header("content-type"), "application/octet-stream");
    assert!(raw.header("content-security-policy").contains("sandbox"));
    assert_eq!(
        (raw.header("x-content-type-options"), raw.header("content-disposition")),
        ("nosniff", "attachment; filename=\"c1.bin\"")
    );
    assert_eq!(office.audited("capture.download").await.len(), 1);
}

#[tokio::test]
async fn rules_are_listed_explained_and_tried() {
    let office = Office::open().await;
    let token = office.token(Role::Viewer).await;
    let rules = office.get(&token, "/rules").await.json();
    let first = rules["rules"][0]["id"].as_str().unwrap().to_owned();
    assert!(
        !office.get(&token, &format!("/rules/{first}")).await.json()["explained"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    let tried = office
        .post(&token, "/rules/try", &json!({"text": "保本保息，年化收益15%，加微信 jz88661"}), &[])
        .await;
    assert_eq!((tried.status, &tried.json()["flagged"]), (StatusCode::OK, &json!(true)), "{}", tried.json());
    let long = office.post(&token, "/rules/try", &json!({"text": "长".repeat(50_001)}), &[]).await;
    assert_eq!(long.status.as_u16(), 422);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let office = Office::open().await;
    let token = office.token(Role::Administrator).await;
    for (path, status) in [
        ("/findings?limit=0", 400),
        ("/findings?limit=201", 400),
        ("/findings?limit=1&limit=2", 400),
        ("/findings?state=guilty", 400),
        ("/findings?cursor=%00", 400),
        ("/findings?cursor=x", 400),
        ("/findings?created_from=yesterday", 400),
        ("/findings?created_from=%2B99999-01-01T00:00:00Z", 400),
        ("/findings?next=1", 400),
        ("/findings?source=..%2F..%2Fetc", 400),
        ("/runs?cursor=eF8x", 400),
        ("/audit?cursor=LTE", 400),
        ("/findings/..%2f..%2fetc%2fpasswd", 404),
        ("/findings/%00", 404),
        ("/findings/%ff", 404),
        ("/captures/%2e%2e/raw", 404),
        ("/captures/none/raw", 404),
        ("/packages/..%5c..%5cx/content", 404),
        ("/leads/l-none", 404),
        ("/rules/none", 404),
    ] {
        let answer = office.get(&token, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", String::from_utf8_lossy(&answer.bytes));
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], json!(status), "{path}");
        assert_eq!(problem["request_id"], json!(answer.header("x-request-id")), "{path}");
    }
    for (kind, body, status) in [
        ("text/plain", "{}", 415),
        ("application/json", "{", 400),
        ("application/json", "", 400),
        ("application/json", "[]", 422),
        ("application/json", "{\"text\": 1}", 422),
        ("application/json; charset=utf-8", "{\"text\": \"x\"}", 200),
    ] {
        let asked = request(Method::POST, &token, "/rules/try").header(header::CONTENT_TYPE, kind);
        let answer = office.ask(asked.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{kind} {body}");
    }
    let large = Body::from(vec![b' '; super::MAX_BODY_BYTES + 1]);
    let asked = request(Method::POST, &token, "/rules/try").header(header::CONTENT_TYPE, "application/json");
    assert_eq!(office.ask(asked.body(large).unwrap()).await.status.as_u16(), 413);
}

#[tokio::test]
async fn refusals_speak_the_language_that_is_asked_for() {
    let office = Office::open().await;
    for (wanted, words) in [("", "缺少有效"), ("en-US,zh;q=0.5", "A valid token"), ("fr, zh-CN", "缺少有效")]
    {
        let asked = request(Method::GET, "", "/findings").header(header::ACCEPT_LANGUAGE, wanted);
        let problem = office.ask(asked.body(Body::empty()).unwrap()).await.json();
        assert!(problem["title"].as_str().unwrap().starts_with(words), "{wanted}: {problem}");
    }
}

#[tokio::test]
async fn a_foreign_host_name_gets_nothing_and_guessing_is_stopped() {
    let office = Office::open().await;
    let token = office.token(Role::Viewer).await;
    let asked = Request::builder()
        .uri(format!("{ROOT}/findings"))
        .header(header::HOST, "evil.example")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    assert_eq!(office.ask(asked.body(Body::empty()).unwrap()).await.status, StatusCode::MISDIRECTED_REQUEST);
    let wrong = format!("adwatch_{}", "0".repeat(64));
    for _ in 0..20 {
        assert_eq!(office.get(&wrong, "/me").await.status, StatusCode::UNAUTHORIZED);
    }
    let stopped = office.get(&wrong, "/me").await;
    assert_eq!((stopped.status, stopped.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "3"));
    assert_eq!(office.get(&token, "/me").await.status, StatusCode::OK, "a colleague behind the same address");
    office.clock.advance_ms(3_000);
    assert_eq!(office.get(&wrong, "/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_list_is_read_page_by_page_without_gaps() {
    let office = Office::open().await;
    let token = office.token(Role::Auditor).await;
    for n in 0..5 {
        let detail = json!({"n": n});
        office.app.registry().record(&Actor::machine(), "test.page", "x", detail).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = office.get(&token, &format!("/audit?action=test.&limit=2{cursor}")).await.json();
        seen.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["detail"]["n"].clone()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(seen), json!([4, 3, 2, 1, 0]));
    let runs = office.get(&token, "/runs?limit=1").await.json();
    assert_eq!((runs["runs"][0]["id"].as_str(), &runs["next"]), (Some("run-1"), &Value::Null));
}
