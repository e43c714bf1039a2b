//! The pages over the real application: the shapes fit, a decision and a package arrive in the store.

use std::sync::Arc;

use axum::http::StatusCode;

use super::{HOST, PASSWORD, cookies, enter, hidden};
use crate::app::evidence::tests::app_with_a_finding;
use crate::domain::finding::FindingState;
use crate::domain::user::Role;
use crate::web::{Access, router};

#[tokio::test]
async fn a_finding_is_opened_accepted_and_sealed_in_the_real_application() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let app = Arc::new(app);
    app.registry().with_password("李青", Role::Reviewer, PASSWORD).await;
    let access = Access::new(HOST.parse().unwrap(), false, &[]).unwrap();
    let router = router(app.clone(), app.registry().clone(), access, None);
    let entered = enter(&router, PASSWORD, "李青", "").await;
    let cookie = cookies(&entered);
    let visit = |path: String| {
        let (router, cookie) = (router.clone(), cookie.clone());
        async move { super::get_as(&router, &cookie, &path).await }
    };
    let queue = visit("/queue?severity=4&source=city-news&q=%E4%BF%9D%E6%9C%AC".to_owned()).await;
    assert_eq!(queue.status, StatusCode::OK);
    assert!(queue.text().contains(&format!("/findings/{id}")), "{}", queue.text());
    let csrf = hidden(&queue.text(), "csrf");
    let page = visit(format!("/findings/{id}")).await.text();
    assert!(page.contains("class=\"hitlink s4\""), "{page}");
    let send = |what: &'static str, fields: Vec<(&'static str, &'static str)>| {
        let (router, cookie, csrf, id) = (router.clone(), cookie.clone(), csrf.clone(), id.clone());
        async move { super::post_as(&router, &cookie, &csrf, &format!("/findings/{id}/{what}"), &fields).await }
    };
    assert_eq!(send("accept", vec![]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(send("accept", vec![("provision", "AD-25.1")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(send("dismiss", vec![("reason", "news")]).await.status, StatusCode::CONFLICT);
    assert_eq!(send("seal", vec![]).await.status, StatusCode::SEE_OTHER);
    let view = app.finding(&id).await.unwrap();
    assert_eq!(view.finding.state, FindingState::Accepted);
    assert_eq!(view.decisions[0].actor, "李青");
    let packages = app.evidence_packages(&id).await.unwrap();
    assert_eq!(packages[0].sealed_by, "李青");
    let page = visit(format!("/findings/{id}")).await.text();
    assert!(page.contains(&packages[0].seal.sha256) && page.contains("涉嫌违法"));
    let package = format!("/packages/{}", packages[0].id);
    assert!(page.contains(&package), "the finding leads to its package");
    let shown = visit(package.clone()).await.text();
    assert!(shown.contains(&packages[0].seal.sha256) && shown.contains("reported"), "{shown}");
    for (file, begins) in [("package", "PK"), ("docx", "PK")] {
        let taken = visit(format!("{package}/{file}")).await;
        assert!(taken.status == StatusCode::OK && taken.bytes.starts_with(begins.as_bytes()), "{file}");
    }
    assert_eq!(visit(format!("{package}/exe")).await.status, StatusCode::NOT_FOUND);
    let shown = visit(package).await.text();
    assert!(shown.contains("downloaded") && shown.contains("report-downloaded"), "taking is on record");
    for path in
        ["/captures/c1", "/captures/c1/raw", "/sources", "/queue?state=all&after=0.5_f-1", "/queue?after=x"]
    {
        assert_eq!(visit(path.to_owned()).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(visit("/captures/c9".to_owned()).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_blind_sample_is_answered_by_another_person_and_figures_leave_as_files() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let app = Arc::new(app);
    for (name, role) in [("李青", Role::Reviewer), ("王工", Role::Reviewer), ("处长", Role::Approver)] {
        app.registry().with_password(name, role, PASSWORD).await;
    }
    let access = Access::new(HOST.parse().unwrap(), false, &[]).unwrap();
    let router = router(app.clone(), app.registry().clone(), access, None);
    let mut seats = std::collections::BTreeMap::new();
    for name in ["李青", "王工", "处长"] {
        let cookie = cookies(&enter(&router, PASSWORD, name, "").await);
        let csrf = hidden(&super::get_as(&router, &cookie, "/queue").await.text(), "csrf");
        seats.insert(name, (cookie, csrf));
    }
    let get = async |who: &str, path: &str| super::get_as(&router, &seats[who].0, path).await;
    let post = async |who: &str, path: &str, fields: &[(&str, &str)]| {
        super::post_as(&router, &seats[who].0, &seats[who].1, path, fields).await
    };
    let span = [("from", "2020-01-01"), ("until", "2099-12-31"), ("n", "5")];
    let draw = |kind| [&[("kind", kind)], &span[..]].concat();
    let nothing = post("处长", "/samples", &draw("blind")).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY, "nothing is decided yet");
    let decided = post("李青", &format!("/findings/{id}/dismiss"), &[("reason", "news")]).await;
    assert_eq!(decided.status, StatusCode::SEE_OTHER);
    assert_eq!(post("李青", "/samples", &draw("blind")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(post("处长", "/samples", &draw("blind")).await.status, StatusCode::SEE_OTHER);
    let asked = async |who: &str| {
        let page = get(who, "/samples").await.text();
        let (_, rest) = page.split_once("class=\"button primary\" href=\"/samples/")?;
        Some(format!("/samples/{}", rest.split('"').next()?))
    };
    assert_eq!(asked("李青").await, None, "who decided does not answer");
    let (who, path) = match asked("王工").await {
        Some(path) => ("王工", path),
        None => ("处长", asked("处长").await.unwrap()),
    };
    assert_eq!(get("李青", &path).await.status, StatusCode::FORBIDDEN);
    let item = get(who, &path).await.text();
    assert!(item.contains("保本") && !item.contains("排除") && !item.contains("李青"), "blind: {item}");
    assert_eq!(post(who, &path, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post(who, &path, &[("answer", "fine")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(post(who, &path, &[("answer", "violating")]).await.status, StatusCode::CONFLICT, "once");
    assert!(get("处长", "/samples").await.text().contains("一致 1/1"));

    let page = get("处长", "/statistics").await.text();
    assert!(
        page.contains("<rect ") && page.contains("李青") && page.contains("/statistics/export"),
        "{page}"
    );
    assert!(get("处长", "/statistics?from=x&until=2026-13-01").await.status == StatusCode::OK);
    assert_eq!(get("处长", "/statistics?month=2000-01").await.status, StatusCode::NOT_FOUND);
    for (form, begin) in [("csv", &b"\xef\xbb\xbf"[..]), ("xlsx", b"PK")] {
        let file = post("处长", "/statistics/export", &[("form", form)]).await;
        assert!(file.bytes.starts_with(begin), "{form}");
        assert!(file.header(axum::http::header::CONTENT_DISPOSITION).starts_with("attachment"));
        assert!(file.header(axum::http::header::CONTENT_SECURITY_POLICY).contains("sandbox"));
    }
}

#[tokio::test]
async fn the_list_of_another_office_is_not_there_by_any_door() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let app = Arc::new(app);
    let chief = crate::domain::user::Actor::machine();
    app.registry().with_password("小西", Role::Approver, PASSWORD).await;
    for office in ["east", "west"] {
        app.registry().add_office(&chief, office, office, None).await.unwrap();
    }
    let office = |id: &str| crate::domain::office::OfficeId::parse(id).unwrap();
    app.registry().set_user_office(&chief, "小西", Some(&office("west"))).await.unwrap();
    let source = crate::domain::source::SourceId::parse("city-news").unwrap();
    assert_eq!(app.set_source_office(&chief, &source, Some(&office("east"))).await.unwrap(), 1);
    let access = Access::new(HOST.parse().unwrap(), false, &[]).unwrap();
    let router = router(app.clone(), app.registry().clone(), access, None);
    let cookie = cookies(&enter(&router, PASSWORD, "小西", "").await);
    let queue = super::get_as(&router, &cookie, "/queue?state=all").await.text();
    assert!(!queue.contains(id.as_str()), "{queue}");
    let csrf = hidden(&queue, "csrf");
    let finding = super::get_as(&router, &cookie, &format!("/findings/{id}")).await;
    assert_eq!(finding.status, StatusCode::NOT_FOUND);
    for what in [
        "accept",
        "dismiss",
        "need-evidence",
        "ask-second",
        "undo",
        "take",
        "skip",
        "comment",
        "seal",
        "move",
    ] {
        let fields = [
            ("provision", "AD-25.1"),
            ("reason", if what == "skip" { "unsure" } else { "news" }),
            ("note", "x"),
            ("office", "west"),
            ("why", "x"),
        ];
        let path = format!("/findings/{id}/{what}");
        let answered = super::post_as(&router, &cookie, &csrf, &path, &fields).await;
        assert_eq!(answered.status, StatusCode::NOT_FOUND, "{what}");
    }
    assert_eq!(super::get_as(&router, &cookie, "/samples").await.status, StatusCode::FORBIDDEN);
    // Moved to the west, it is there.
    let fields = format!("/findings/{id}");
    app.move_finding(&chief, &id, &office("west"), "发布者登记地在西区").await.unwrap();
    assert_eq!(super::get_as(&router, &cookie, &fields).await.status, StatusCode::OK);
}
