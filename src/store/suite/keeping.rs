//! Packages after sealing.

use super::evidence::{audit, package};
use super::make::{NOW, one_finding};
use crate::domain::evidence::{CustodyEvent, PackageId};
use crate::kit::digest::Digests;
use crate::store::keeping::{Handover, Hold, ImportedPackage};
use crate::store::{ChainCheck, Db, StoreError};

fn event(name: &str, action: &str) -> CustodyEvent {
    CustodyEvent {
        at: NOW,
        actor: "王芳".to_owned(),
        action: action.to_owned(),
        package_id: PackageId::parse(name).unwrap(),
        note: String::new(),
    }
}

fn handover(number: &str) -> Handover {
    Handover {
        id: number.to_owned(),
        package_id: PackageId::parse("p-1").unwrap(),
        recipient: "江州市公安局".to_owned(),
        copy_sha256: "ab".repeat(32),
        is_masked: true,
        handed_at: NOW,
        handed_by: "王芳".to_owned(),
        received_at: None,
        receipt: None,
    }
}

pub(super) async fn a_hand_over_is_acknowledged_once(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    db.add_package(&package("p-1", &finding), &[], &audit("p-1")).await.unwrap();
    let id = PackageId::parse("p-1").unwrap();
    db.add_handover(&handover("h-1"), &event("p-1", "exported")).await.unwrap();
    assert_eq!(db.handovers(None).await.unwrap(), [handover("h-1")]);
    let received = |_: &Handover| event("p-1", "received");
    assert!(db.acknowledge("h-1", NOW, "王警官", received).await.unwrap());
    assert!(!db.acknowledge("h-1", NOW, "again", received).await.unwrap());
    let unknown = db.acknowledge("h-9", NOW, "x", received).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })), "{unknown:?}");
    assert_eq!(db.handovers(None).await.unwrap(), []);
    let of_package = db.handovers(Some(&id)).await.unwrap();
    assert_eq!(of_package[0].receipt.as_deref(), Some("王警官"));
    assert_eq!(db.check_custody(&id).await.unwrap(), ChainCheck::Whole { n_entries: 3 });
}

pub(super) async fn a_package_is_disposed_of_once_and_never_under_a_hold(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    db.add_package(&package("p-1", &finding), &[], &audit("p-1")).await.unwrap();
    let id = PackageId::parse("p-1").unwrap();
    let kept = db.kept_packages().await.unwrap();
    assert_eq!((kept.len(), kept[0].lead, kept[0].is_held), (1, None, false));
    let hold = Hold {
        package_id: id.clone(),
        placed_at: NOW,
        placed_by: "王芳".to_owned(),
        reason: "法院调取".to_owned(),
    };
    db.place_hold(&hold, &event("p-1", "held")).await.unwrap();
    assert_eq!(db.holds(&id).await.unwrap(), std::slice::from_ref(&hold));
    assert!(db.kept_packages().await.unwrap()[0].is_held);
    let disposed = event("p-1", "disposed");
    let refused = db.dispose_package(&disposed, "hit-only", &audit("p-1")).await;
    assert!(matches!(refused, Err(StoreError::Exists { .. })), "{refused:?}");
    let released = event("p-1", "released");
    assert_eq!(db.release_holds(&id, NOW, "王芳", &released).await.unwrap(), 1);
    assert_eq!(db.release_holds(&id, NOW, "王芳", &released).await.unwrap(), 0);
    db.dispose_package(&disposed, "hit-only", &audit("p-1")).await.unwrap();
    let again = db.dispose_package(&disposed, "hit-only", &audit("p-1")).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    assert_eq!(db.kept_packages().await.unwrap(), []);
    assert!(db.package(&id).await.unwrap().is_some(), "the row stays");
    assert_eq!(db.check_custody(&id).await.unwrap(), ChainCheck::Whole { n_entries: 4 });
}

pub(super) async fn a_package_of_another_office_is_taken_in_once(db: Db) {
    let taken = ImportedPackage {
        id: PackageId::parse("ev-other").unwrap(),
        from_office: "海州市市场监督管理局".to_owned(),
        location: "evidence/imported/ev-other.wacz".to_owned(),
        seal: Digests::of(b"other"),
        key_fingerprint: "cd".repeat(32),
        sealed_at: NOW.plus_ms(-1_000),
        imported_at: NOW,
        imported_by: "王芳".to_owned(),
    };
    db.add_imported(&taken, &audit("ev-other")).await.unwrap();
    let again = db.add_imported(&taken, &audit("ev-other")).await;
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    assert_eq!(db.imported_packages().await.unwrap(), [taken]);
}
