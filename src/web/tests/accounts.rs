//! First login, sessions, the limiter, the second factor, accounts and audit pages.

use axum::http::{StatusCode, header};

use super::{
    Answered, HOST, HOSTILE, ID, Office, PASSWORD, assert_inert, cookies, enter, form, get, get_as, hidden,
    post, post_as, standard,
};
use crate::app::users::{IDLE_MS, LIFETIME_MS};
use crate::domain::user::{Actor, Role};
use crate::kit::clock::Clock as _;
use crate::kit::totp;
use crate::web::{Access, router};

struct Person {
    router: axum::Router,
    cookie: String,
    csrf: String,
}

impl Person {
    async fn get(&self, path: &str) -> Answered {
        get_as(&self.router, &self.cookie, path).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answered {
        post_as(&self.router, &self.cookie, &self.csrf, path, fields).await
    }
}

async fn office() -> Office {
    let office = Office::new(standard()).await;
    office.registry.with_password("李青", Role::Administrator, PASSWORD).await;
    office
}

async fn log_in(office: &Office, name: &str, password: &str) -> Person {
    let router = office.router();
    let entered = enter(&router, password, name, "").await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.text());
    let cookie = cookies(&entered);
    let csrf = hidden(&get_as(&router, &cookie, "/account").await.text(), "csrf");
    Person { router, cookie, csrf }
}

#[tokio::test]
async fn a_one_time_password_opens_nothing_until_it_is_changed() {
    let office = Office::new(standard()).await;
    let password = office.registry.first_administrator().await.unwrap().unwrap();
    assert_eq!(office.registry.first_administrator().await.unwrap(), None, "only the first start makes one");
    let admin = log_in(&office, "admin", &password).await;
    for path in ["/queue", "/users", "/audit", "/sources", &format!("/findings/{ID}")] {
        let answered = admin.get(path).await;
        assert_eq!(
            (answered.status, answered.header(header::LOCATION)),
            (StatusCode::SEE_OTHER, "/account"),
            "{path}"
        );
    }
    let seal = admin.post(&format!("/findings/{ID}/seal"), &[]).await;
    assert_eq!(seal.header(header::LOCATION), "/account");
    assert!(office.desk.changes.lock().unwrap().is_empty());
    let change = |old: &'static str, new: &'static str, repeat: &'static str| {
        [
            ("old", if old.is_empty() { password.clone() } else { old.to_owned() }),
            ("new", new.to_owned()),
            ("repeat", repeat.to_owned()),
        ]
    };
    for (case, fields) in [
        change("wrong", "一句只有自己记得的话", "一句只有自己记得的话"),
        change("", "一句只有自己记得的话", "另一句话另一句话另一句话"),
        change("", "short", "short"),
        change("", "admin-admin-admin", "admin-admin-admin"),
    ]
    .iter()
    .enumerate()
    {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(
            admin.post("/account/password", &fields).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{case}"
        );
    }
    let new = "一句只有自己记得的话";
    let done = admin.post("/account/password", &[("old", &password), ("new", new), ("repeat", new)]).await;
    assert_eq!(done.header(header::LOCATION), "/queue");
    assert_eq!(admin.get("/users").await.status, StatusCode::OK, "the same session goes on");
    assert_eq!(enter(&office.router(), &password, "admin", "").await.status, StatusCode::UNAUTHORIZED);
    log_in(&office, "ＡＤＭＩＮ ", new).await;
}

#[tokio::test]
async fn a_restart_logs_nobody_out_and_time_does() {
    let office = office().await;
    let person = log_in(&office, "李青", PASSWORD).await;
    assert_eq!(
        get_as(&office.router(), &person.cookie, "/queue").await.status,
        StatusCode::OK,
        "another process"
    );
    let start = office.clock.now();
    // Used every hour, it lasts its whole life …
    for hour in 1..12 {
        office.clock.advance_ms(3_600_000);
        assert_eq!(person.get("/queue").await.status, StatusCode::OK, "{hour}");
    }
    // … and not longer.
    office.clock.advance_ms(LIFETIME_MS - (office.clock.now().0 - start.0));
    assert_eq!(person.get("/queue").await.status, StatusCode::SEE_OTHER);
    let idle = log_in(&office, "李青", PASSWORD).await;
    office.clock.advance_ms(IDLE_MS);
    assert_eq!(idle.get("/queue").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_can_be_ended_from_another_and_a_disabled_account_is_out_at_once() {
    let office = office().await;
    let (one, two) = (log_in(&office, "李青", PASSWORD).await, log_in(&office, "李青", PASSWORD).await);
    let page = one.get("/account").await.text();
    let other = hidden(&page, "session");
    assert_eq!(one.post("/account/sessions", &[("session", &other)]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(two.get("/queue").await.status, StatusCode::SEE_OTHER);
    assert_eq!(one.get("/queue").await.status, StatusCode::OK);

    let added = one.post("/users", &[("name", "王工"), ("role", "reviewer")]).await.text();
    let password =
        added.split("<code class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(!one.get("/users").await.text().contains(&password), "a one-time password is shown once");
    let wang = log_in(&office, "王工", &password).await;
    assert_eq!(wang.get("/account").await.status, StatusCode::OK);
    // One cannot end the sessions of somebody else by knowing their name.
    let token = one.cookie.trim_start_matches("adwatch=");
    let session = office.registry.session(token, "").await.unwrap().unwrap();
    let foreign = session.id.to_string();
    wang.post("/account/sessions", &[("session", &foreign)]).await;
    assert_eq!(one.get("/queue").await.status, StatusCode::OK);
    assert_eq!(one.post("/users/disable", &[("name", "王工")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(wang.get("/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(enter(&office.router(), &password, "王工", "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let office = office().await;
    let person = log_in(&office, "李青", PASSWORD).await;
    for (path, fields) in [
        ("/users/role", vec![("name", "李青"), ("role", "viewer")]),
        ("/users/disable", vec![("name", "李青")]),
    ] {
        assert_eq!(person.post(path, &fields).await.status, StatusCode::CONFLICT, "{path}");
    }
    assert_eq!(
        person.post("/users/role", &[("name", "李青"), ("role", "emperor")]).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        person.post("/users", &[("name", "李青"), ("role", "viewer")]).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(person.get("/users").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_role_change_counts_from_the_next_request() {
    let office = office().await;
    office.registry.with_password("王工", Role::Reviewer, PASSWORD).await;
    let wang = log_in(&office, "王工", PASSWORD).await;
    let path = format!("/findings/{ID}/dismiss");
    office.registry.set_role(&Actor::machine(), "王工", Role::Viewer).await.unwrap();
    assert_eq!(wang.post(&path, &[("reason", "news"), ("note", "")]).await.status, StatusCode::FORBIDDEN);
    office.registry.set_role(&Actor::machine(), "王工", Role::Reviewer).await.unwrap();
    assert_eq!(wang.post(&path, &[("reason", "news"), ("note", "")]).await.status, StatusCode::SEE_OTHER);
}

/// A18: by account from many addresses, by address over many accounts; the right password does not help then.
#[tokio::test]
async fn guessing_is_stopped_per_address_and_per_account() {
    let office = office().await;
    let hosts = ["ads.example".to_owned()];
    let access = Access::new("0.0.0.0:1".parse().unwrap(), true, &hosts).unwrap();
    let router = router(office.desk.clone(), office.registry.clone(), access, None);
    let attempt = async |name: &str, password: &str, from: &str| {
        let login = super::ask(&router, get("/login").body(axum::body::Body::empty()).unwrap()).await;
        let token = hidden(&login.text(), "token");
        let fields =
            [("token", token.as_str()), ("next", ""), ("name", name), ("password", password), ("code", "")];
        let request = post("/login")
            .header(header::COOKIE, cookies(&login))
            .header("x-forwarded-for", format!("203.0.113.99, {from}"))
            .body(form(&fields))
            .unwrap();
        super::ask(&router, request).await.status
    };
    for n in 0..10 {
        assert_eq!(
            attempt("李青", "wrong", &format!("198.51.100.{n}")).await,
            StatusCode::UNAUTHORIZED,
            "{n}"
        );
    }
    assert_eq!(
        attempt("李青", PASSWORD, "198.51.100.77").await,
        StatusCode::TOO_MANY_REQUESTS,
        "the account is closed"
    );
    office.clock.advance_ms(15 * 60_000);
    assert_eq!(attempt("李青", PASSWORD, "198.51.100.77").await, StatusCode::SEE_OTHER, "and opens again");
    for n in 0..5 {
        assert_eq!(attempt(&format!("nobody-{n}"), "x", "192.0.2.1").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        attempt("李青", PASSWORD, "192.0.2.1").await,
        StatusCode::TOO_MANY_REQUESTS,
        "the address is closed"
    );
    assert_eq!(
        attempt("李青", PASSWORD, "192.0.2.2").await,
        StatusCode::SEE_OTHER,
        "others are not punished"
    );
    let failures = office
        .registry
        .audit(
            &Actor::machine(),
            &crate::app::AuditFilter { action: "login.failed".to_owned(), ..Default::default() },
            None,
            100,
        )
        .await
        .unwrap();
    assert_eq!(failures.len(), 15, "each wrong one is on record");
    assert_eq!(
        failures[0].detail["from"], "192.0.2.1",
        "with the address that the proxy saw, not one that was made up"
    );
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_is_taken_once() {
    let office = office().await;
    let person = log_in(&office, "李青", PASSWORD).await;
    let secret = hidden(&person.get("/account").await.text(), "secret");
    let bytes = totp::from_base32(&secret).unwrap();
    let wrong = person.post("/account/code", &[("secret", &secret), ("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains(&secret), "the key that was typed into the phone stays");
    let code = totp::code(&bytes, totp::step(office.clock.now()));
    assert_eq!(
        person.post("/account/code", &[("secret", &secret), ("code", &code)]).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(!person.get("/account").await.text().contains(&secret), "the key is never shown again");

    office.clock.advance_ms(60_000);
    let code = totp::code(&bytes, totp::step(office.clock.now()));
    let attempt = async |code: &str| {
        let router = office.router();
        let login = super::ask(&router, get("/login").body(axum::body::Body::empty()).unwrap()).await;
        let token = hidden(&login.text(), "token");
        let fields = [
            ("token", token.as_str()),
            ("next", ""),
            ("name", "李青"),
            ("password", PASSWORD),
            ("code", code),
        ];
        super::ask(
            &router,
            post("/login").header(header::COOKIE, cookies(&login)).body(form(&fields)).unwrap(),
        )
        .await
        .status
    };
    assert_eq!(attempt("").await, StatusCode::UNAUTHORIZED);
    assert_eq!(attempt("000000").await, StatusCode::UNAUTHORIZED);
    assert_eq!(attempt(&code).await, StatusCode::SEE_OTHER);
    assert_eq!(attempt(&code).await, StatusCode::UNAUTHORIZED, "a code that was overheard is worth nothing");
    assert_eq!(
        person.post("/account/no-code", &[("password", "wrong")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        person.post("/account/no-code", &[("password", PASSWORD)]).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn the_audit_shows_who_did_what_from_where_and_is_checked_and_taken_along() {
    let office = office().await;
    let person = log_in(&office, "李青", PASSWORD).await;
    person.post("/users", &[("name", "=HYPERLINK(1)"), ("role", "viewer")]).await;
    person.post("/users/role", &[("name", "=HYPERLINK(1)"), ("role", "auditor")]).await;
    assert_eq!(person.get("/captures/cap-1/raw").await.status, StatusCode::OK);
    enter(&office.router(), "wrong", "李青", "").await;
    let page = person.get("/audit").await.text();
    for words in
        ["user.role", "old_role", "capture.download", "cap-1", "login.failed", "127.0.0.1", "anonymous"]
    {
        assert!(page.contains(words), "{words} in {page}");
    }
    let only = person.get("/audit?action=capture.&actor=%E6%9D%8E%E9%9D%92").await.text();
    assert!(only.contains("capture.download") && !only.contains("user.role"));
    assert_eq!(person.post("/audit/verify", &[]).await.status, StatusCode::SEE_OTHER);
    assert!(person.get("/audit").await.text().contains("审计链完整"));
    let csv = person.post("/audit/export", &[("form", "csv")]).await;
    assert!(
        csv.text().starts_with('\u{feff}')
            && csv.header(header::CONTENT_DISPOSITION).starts_with("attachment")
    );
    assert!(csv.text().contains("user =HYPERLINK") && !csv.text().contains(",\"="), "{}", csv.text());
    let lines = person.post("/audit/export", &[("form", "jsonl")]).await.text();
    let mut previous = crate::kit::chain::GENESIS.to_owned();
    for line in lines.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        previous = crate::kit::chain::link(&previous, entry["payload"].as_str().unwrap());
        assert_eq!(entry["hash"], previous.as_str(), "anyone can check the chain");
    }
    assert!(lines.contains("audit.export"), "the first export is on record");
}

/// A7 on the pages of accounts and audit: names, browsers and captured identifiers are words.
#[tokio::test]
async fn hostile_names_stay_words_in_accounts_and_audit() {
    let office = office().await;
    let person = log_in(&office, "李青", PASSWORD).await;
    for hostile in HOSTILE {
        let short: String = hostile.chars().filter(|c| !c.is_control()).take(40).collect();
        enter(&office.router(), "x", hostile, "/queue").await;
        office.clock.advance_ms(61_000);
        let added = person.post("/users", &[("name", &short), ("role", "viewer")]).await;
        assert_inert(&added.text(), "POST /users");
        person.post(&format!("/findings/{ID}/comment"), &[("note", hostile)]).await;
        let agent = format!(
            "/account?{}",
            url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect::<String>()
        );
        for path in ["/users", "/audit", &agent, &format!("/findings/{ID}"), "/queue?state=all"] {
            let answered = person.get(path).await;
            assert_eq!(answered.status, StatusCode::OK, "{path}");
            assert_inert(&answered.text(), path);
        }
        let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        let filtered =
            person.get(&format!("/audit?actor={query}&action={query}&object={query}&before={query}")).await;
        assert_inert(&filtered.text(), "/audit");
        let go = person.get(&format!("/go?to={query}")).await;
        assert!(
            go.header(header::LOCATION).starts_with("/queue?state=all&q="),
            "{}",
            go.header(header::LOCATION)
        );
    }
    let host = format!("http://{HOST}/findings/{ID}?x=1");
    let to: String = url::form_urlencoded::byte_serialize(host.as_bytes()).collect();
    assert_eq!(person.get(&format!("/go?to={to}")).await.header(header::LOCATION), format!("/findings/{ID}"));
}

#[tokio::test]
async fn somebody_elses_work_is_shown_and_not_overwritten() {
    let office = office().await;
    office.registry.with_password("王工", Role::Reviewer, PASSWORD).await;
    let (li, wang) = (log_in(&office, "李青", PASSWORD).await, log_in(&office, "王工", PASSWORD).await);
    let path = |what: &str| format!("/findings/{ID}/{what}");
    assert_eq!(li.post(&path("take"), &[]).await.status, StatusCode::SEE_OTHER);
    let page = wang.get(&format!("/findings/{ID}")).await.text();
    assert!(page.contains("<b>李青</b> 正在审核这一条"), "{page}");
    assert!(wang.get("/queue").await.text().contains("李青 审核中"));
    let refused = wang.post(&path("dismiss"), &[("reason", "news"), ("note", "我的理由")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("我的理由"), "what was typed is not lost");
    assert_eq!(wang.post(&path("take"), &[]).await.status, StatusCode::CONFLICT);
    assert_eq!(wang.post(&path("take"), &[("over", "1")]).await.status, StatusCode::SEE_OTHER);
    let stale = wang.post(&path("dismiss"), &[("reason", "news"), ("seen", "7")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "decided on what another version said");
    assert_eq!(
        wang.post(&path("dismiss"), &[("reason", "news"), ("seen", "1"), ("then", "next")]).await.status,
        StatusCode::SEE_OTHER
    );
    let next = wang.get("/queue").await.text();
    assert!(
        next.contains("data-undo") && next.contains(&path("undo")),
        "the decision can be taken back from the next page"
    );
    let page = wang.get(&format!("/findings/{ID}")).await.text();
    assert!(page.contains("王工"));
}
