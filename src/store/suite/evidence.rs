use super::make::{NOW, one_finding};
use super::reviews::execute;
use crate::domain::evidence::{CustodyEvent, Exhibit, PackageId};
use crate::domain::finding::FindingId;
use crate::domain::user::Actor;
use crate::kit::digest::Digests;
use crate::store::audit::AuditNote;
use crate::store::evidence::SealedPackage;
use crate::store::{ChainCheck, Db, StoreError};

pub(super) fn package(name: &str, finding: &FindingId) -> SealedPackage {
    SealedPackage {
        id: PackageId::parse(name).unwrap(),
        finding_id: finding.clone(),
        location: format!("evidence/{name}"),
        seal: Digests::of(name.as_bytes()),
        sealed_at: NOW,
        sealed_by: "王芳".to_owned(),
    }
}

fn exhibits() -> Vec<Exhibit> {
    ["a/正文.bin", "b.txt"]
        .map(|path| Exhibit {
            path: path.to_owned(),
            size_bytes: 5_000_000_000,
            digests: Digests::of(path.as_bytes()),
            made_by: "as received".to_owned(),
        })
        .to_vec()
}

pub(super) fn audit(name: &str) -> AuditNote {
    AuditNote {
        at: NOW,
        actor: Actor::person("王芳").unwrap(),
        action: "seal".to_owned(),
        object: format!("package {name}"),
        detail: serde_json::Value::Null,
    }
}

fn verified(name: &str, offset: i64) -> CustodyEvent {
    CustodyEvent {
        at: NOW.plus_ms(offset),
        actor: "李强".to_owned(),
        action: "verified".to_owned(),
        package_id: PackageId::parse(name).unwrap(),
        note: "全部一致".to_owned(),
    }
}

pub(super) async fn a_package_comes_back_with_its_exhibits(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let sealed = package("p-1", &finding);
    db.add_package(&sealed, &exhibits(), &audit("p-1")).await.unwrap();
    assert_eq!(db.package(&sealed.id).await.unwrap(), Some(sealed.clone()));
    assert_eq!(db.package(&PackageId::parse("p-9").unwrap()).await.unwrap(), None);
    assert_eq!(db.packages(&finding).await.unwrap(), std::slice::from_ref(&sealed));
    assert_eq!(db.exhibits(&sealed.id).await.unwrap(), exhibits());
    assert_eq!(db.audit_entries(None, 10).await.unwrap()[0].object, "package p-1");
    db.append_custody(&verified("p-1", 10)).await.unwrap();
    let custody = db.custody(&sealed.id).await.unwrap();
    assert_eq!(custody[0].action, "sealed");
    assert!(custody[0].note.contains(&sealed.seal.sha256));
    assert_eq!(custody[1..], [verified("p-1", 10)]);
}

pub(super) async fn a_package_is_never_written_twice(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    db.add_package(&package("p-1", &finding), &exhibits(), &audit("p-1")).await.unwrap();
    let second = SealedPackage { location: "elsewhere".to_owned(), ..package("p-1", &finding) };
    let error = db.add_package(&second, &[], &audit("p-1")).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists { kind: "evidence package", .. }), "{error}");
    assert_eq!(db.package(&second.id).await.unwrap().unwrap().location, "evidence/p-1");
    assert_eq!(db.custody(&second.id).await.unwrap().len(), 1);
}

pub(super) async fn the_custody_chain_shows_what_was_tampered_with(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    for name in ["p-1", "p-2"] {
        db.add_package(&package(name, &finding), &[], &audit(name)).await.unwrap();
        db.append_custody(&verified(name, 10)).await.unwrap();
    }
    let [first, second] = ["p-1", "p-2"].map(|name| PackageId::parse(name).unwrap());
    assert_eq!(db.check_custody(&first).await.unwrap(), ChainCheck::Whole { n_entries: 2 });
    execute(&db, "update custody_event set actor = '张三' where package_id = 'p-1' and ordinal = 2").await;
    assert_eq!(db.check_custody(&first).await.unwrap(), ChainCheck::BrokenAt { ordinal: 2 });
    execute(&db, "delete from custody_event where package_id = 'p-2' and ordinal = 2").await;
    assert_eq!(db.check_custody(&second).await.unwrap(), ChainCheck::CutOff { n_found: 1, n_written: 2 });
}

pub(super) async fn a_package_waits_for_each_authority_until_it_stamps(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let sealed = package("p-1", &finding);
    db.add_package(&sealed, &exhibits(), &audit("p-1")).await.unwrap();
    assert_eq!(db.recent_packages(1).await.unwrap(), std::slice::from_ref(&sealed));
    assert!(!db.stamps_are_due(NOW).await.unwrap());
    db.queue_stamps(&sealed.id, &["one", "two"], NOW).await.unwrap();
    db.queue_stamps(&sealed.id, &["two"], NOW.plus_ms(9)).await.unwrap();
    assert!(!db.stamps_are_due(NOW.plus_ms(-1)).await.unwrap());
    let waiting = db.waiting_stamps(NOW, 9).await.unwrap();
    assert_eq!(waiting.iter().map(|stamp| stamp.authority.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    db.stamp_done(&waiting[0], NOW.plus_ms(5), "ab").await.unwrap();
    db.stamp_failed(&waiting[1], "no answer", NOW.plus_ms(60)).await.unwrap();
    assert!(!db.stamps_are_due(NOW.plus_ms(59)).await.unwrap(), "one has its stamp, the other its pause");
    assert!(db.stamps_are_due(NOW.plus_ms(60)).await.unwrap());
    let stamps = db.stamps(&sealed.id).await.unwrap();
    assert_eq!((stamps[0].stamped_at, stamps[0].n_attempts), (Some(NOW.plus_ms(5)), 0));
    assert_eq!((stamps[1].stamped_at, stamps[1].n_attempts), (None, 1));
    assert_eq!(stamps[1].last_error.as_deref(), Some("no answer"));
}
