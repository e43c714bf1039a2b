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
    let router = router(app.clone(), app.registry().clone(), access);
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
    for path in
        ["/captures/c1", "/captures/c1/raw", "/sources", "/queue?state=all&after=0.5_f-1", "/queue?after=x"]
    {
        assert_eq!(visit(path.to_owned()).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(visit("/captures/c9".to_owned()).await.status, StatusCode::NOT_FOUND);
}
