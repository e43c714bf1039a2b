use super::make::{NOW, finding_id, looked_at, page, seen};
use crate::domain::office::{Office, OfficeId, Scope};
use crate::domain::source::SourceId;
use crate::domain::user::{Actor, Role, UserId};
use crate::store::audit::AuditNote;
use crate::store::finding::FindingFilter;
use crate::store::user::Credentials;
use crate::store::view::SavedView;
use crate::store::{Db, StoreError};

fn office(id: &str, parent: Option<&str>) -> Office {
    let parse = |id| OfficeId::parse(id).unwrap();
    Office {
        id: parse(id), name: format!("{id} 市场监督管理局"), parent: parent.map(parse), created_at: NOW
    }
}

fn note() -> AuditNote {
    AuditNote {
        at: NOW,
        actor: Actor::person("王芳").unwrap(),
        action: "test".to_owned(),
        object: "office".to_owned(),
        detail: serde_json::json!({}),
    }
}

pub(super) async fn offices_come_back_and_their_findings_are_apart(db: Db) {
    let (city, east) = (office("city", None), office("east", Some("city")));
    db.add_office(&city, &note()).await.unwrap();
    db.add_office(&east, &note()).await.unwrap();
    assert!(matches!(db.add_office(&east, &note()).await, Err(StoreError::Exists { .. })));
    let orphan = office("orphan", Some("nowhere"));
    assert!(matches!(db.add_office(&orphan, &note()).await, Err(StoreError::NotFound { .. })));
    assert_eq!(db.offices().await.unwrap(), [city.clone(), east.clone()]);

    looked_at(&db, "city-news").await;
    looked_at(&db, "apps").await;
    let (news, apps) = (SourceId::parse("city-news").unwrap(), SourceId::parse("apps").unwrap());
    db.record_page(&page("city-news", "page-1", vec![seen("city-news", "page-1", "保本一")])).await.unwrap();
    assert_eq!(db.set_source_office(&news, Some(&east.id), &note()).await.unwrap(), 1);
    assert_eq!(db.set_source_office(&apps, Some(&city.id), &note()).await.unwrap(), 0);
    db.record_page(&page("apps", "page-2", vec![seen("apps", "page-2", "保本二")])).await.unwrap();
    let missing = OfficeId::parse("nowhere").unwrap();
    assert!(db.set_source_office(&news, Some(&missing), &note()).await.is_err());
    assert_eq!(
        db.offices_of_sources().await.unwrap().into_iter().collect::<Vec<_>>(),
        [(apps, city.id.clone()), (news.clone(), east.id.clone())]
    );
    let (one, two) = (finding_id("保本一"), finding_id("保本二"));
    let offices = db.offices_of_findings(&[&one, &two]).await.unwrap();
    assert_eq!((&offices[&one], &offices[&two]), (&east.id, &city.id));
    let seen_by = async |ids: &[&OfficeId]| {
        let scope = Scope::Offices(ids.iter().map(|id| (*id).clone()).collect());
        let filter = FindingFilter { scope, ..FindingFilter::default() };
        let listed = db.list_findings(&filter, None, 10).await.unwrap().findings.len() as u64;
        assert_eq!(db.count_findings(&filter).await.unwrap().all(), listed);
        let searched = FindingFilter { text: Some("保本".to_owned()), ..filter };
        assert_eq!(db.list_findings(&searched, None, 10).await.unwrap().findings.len() as u64, listed);
        listed
    };
    assert_eq!(seen_by(&[&east.id]).await, 1);
    assert_eq!(seen_by(&[&city.id, &east.id]).await, 2);
    assert_eq!(seen_by(&[&missing]).await, 0);
    db.set_finding_office(&one, &city.id, &note()).await.unwrap();
    assert_eq!((seen_by(&[&east.id]).await, seen_by(&[&city.id]).await), (0, 2));
    assert!(db.set_finding_office(&one, &missing, &note()).await.is_err());
    assert!(db.set_finding_office(&finding_id("没有"), &city.id, &note()).await.is_err());
    assert_eq!(db.set_source_office(&news, None, &note()).await.unwrap(), 1);
    assert_eq!(db.finding(&one).await.unwrap().unwrap().finding.office, None);
    assert_eq!(db.count_findings(&FindingFilter::default()).await.unwrap().all(), 2);
}

async fn account(db: &Db, name: &str) -> UserId {
    let account = crate::domain::user::Account {
        id: UserId::parse(&format!("u-{name}")).unwrap(),
        name: name.to_owned(),
        role: Role::Reviewer,
        must_change: false,
        has_totp: false,
        created_at: NOW,
        disabled_at: None,
        office: None,
    };
    let id = account.id.clone();
    let credentials =
        Credentials { account, password_hash: "x".to_owned(), totp_secret: None, totp_last_step: 0 };
    db.add_account(&credentials, name, &note()).await.unwrap();
    id
}

pub(super) async fn a_person_belongs_to_an_office(db: Db) {
    let east = office("east", None);
    db.add_office(&east, &note()).await.unwrap();
    let id = account(&db, "wang").await;
    db.set_user_office(&id, Some(&east.id), &note()).await.unwrap();
    assert_eq!(db.credentials("wang").await.unwrap().unwrap().account.office, Some(east.id));
    let missing = OfficeId::parse("nowhere").unwrap();
    assert!(db.set_user_office(&id, Some(&missing), &note()).await.is_err());
    db.set_user_office(&id, None, &note()).await.unwrap();
    assert_eq!(db.credentials("wang").await.unwrap().unwrap().account.office, None);
}

pub(super) async fn a_view_is_saved_under_its_name(db: Db) {
    let (wang, li) = (account(&db, "wang").await, account(&db, "li").await);
    let view = |id: &str, name: &str, query: &str| SavedView {
        id: id.to_owned(),
        name: name.to_owned(),
        query: query.to_owned(),
    };
    db.save_view(&wang, &view("v-1", "高危", "state=pending&severity=4"), 2, NOW).await.unwrap();
    db.save_view(&wang, &view("v-2", "高危", "severity=4"), 2, NOW.plus_ms(1)).await.unwrap();
    db.save_view(&wang, &view("v-3", "养老", "q=x"), 2, NOW.plus_ms(2)).await.unwrap();
    let third = db.save_view(&wang, &view("v-4", "第三", "q=y"), 2, NOW.plus_ms(3)).await;
    assert!(matches!(third, Err(StoreError::Exists { .. })));
    let saved = db.saved_views(&wang).await.unwrap();
    assert_eq!(saved, [view("v-1", "高危", "severity=4"), view("v-3", "养老", "q=x")]);
    db.remove_view(&li, "v-1").await.unwrap();
    assert_eq!(db.saved_views(&wang).await.unwrap().len(), 2, "only one's own");
    db.remove_view(&wang, "v-1").await.unwrap();
    assert_eq!(db.saved_views(&wang).await.unwrap().len(), 1);
    assert!(db.saved_views(&li).await.unwrap().is_empty());
}
