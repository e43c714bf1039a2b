//! Hand-over, receipt, masked copy, import from another office, holds and terms.

use super::super::tests::app_with_a_finding;
use super::*;
use crate::evidence::verify;

fn officer() -> Actor {
    Actor::person("李青").unwrap()
}

#[tokio::test]
async fn a_masked_copy_is_a_package_of_its_own_that_names_its_original() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let sealed = app.seal(&officer(), &id, None).await.unwrap();
    let to = folder.path().join("shared");
    let handed = app.export_masked(&officer(), &sealed.package.id, &to, "江州晚报").await.unwrap();
    let check = verify(&handed.path, &Expected::default()).unwrap();
    assert!(check.is_intact(), "{:?}", check.deviations);
    assert_eq!(check.package_id.unwrap(), format!("{}-masked", sealed.package.id));
    assert!(handed.masked.is_some() && handed.form.is_file());
    let manifest = std::process::Command::new("unzip")
        .arg("-p")
        .arg(&handed.path)
        .arg("datapackage.json")
        .output()
        .unwrap();
    let manifest = String::from_utf8(manifest.stdout).unwrap();
    assert!(manifest.contains(&sealed.seal_sha256), "it names its original");
    let custody = app.store.custody(&sealed.package.id).await.unwrap();
    let last = custody.last().unwrap();
    assert!(last.action == "exported-masked" && last.note.contains(&handed.sha256), "{last:?}");
}

#[tokio::test]
async fn a_hand_over_waits_for_its_receipt_and_takes_one() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let package = app.seal(&officer(), &id, None).await.unwrap().package.id;
    let to = folder.path().join("usb");
    let handed = app.export_evidence(&officer(), &package, &to, "江州市公安局").await.unwrap();
    assert_eq!(app.handovers(None).await.unwrap().len(), 1);
    let acknowledged = app.acknowledge_handover(&officer(), &handed.number, "王警官，公收〔2026〕7号").await;
    acknowledged.unwrap();
    assert_eq!(app.handovers(None).await.unwrap(), [], "nothing waits");
    let again = app.acknowledge_handover(&officer(), &handed.number, "again").await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    let unknown = app.acknowledge_handover(&officer(), "x", "words").await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    let of_package = app.handovers(Some(&package)).await.unwrap();
    assert!(of_package[0].receipt.as_deref().unwrap().contains("公收"));
    let custody = app.store.custody(&package).await.unwrap();
    assert_eq!(custody.last().unwrap().action, "received");
}

#[tokio::test]
async fn a_package_of_another_office_is_verified_before_it_is_taken_in() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (theirs, _, id) = app_with_a_finding(there.path()).await;
    let sealed = theirs.seal(&officer(), &id, None).await.unwrap();
    let (app, _, _) = app_with_a_finding(here.path()).await;
    let told = |key: String| Expected { key_fingerprint: Some(key), ..Expected::default() };
    let officer = officer();
    let import = |expected| app.import_package(&officer, &sealed.path, "海州市市场监督管理局", expected);
    let wrong = import(told("ab".repeat(32))).await;
    assert!(matches!(wrong, Err(Error::Conflict(_))), "{wrong:?}");
    assert!(!here.path().join("evidence/imported").exists(), "nothing was taken in");
    let taken = import(told(sealed.key_fingerprint.clone())).await.unwrap();
    assert_eq!(taken.seal.sha256, sealed.seal_sha256);
    assert!(Path::new(&taken.location).is_file());
    let again = import(Expected::default()).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    assert_eq!(app.imported_packages().await.unwrap(), [taken]);
    let mut bytes = std::fs::read(&sealed.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let changed = here.path().join("changed.wacz");
    std::fs::write(&changed, bytes).unwrap();
    let refused = app.import_package(&officer, &changed, "某局", Expected::default()).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
}

#[tokio::test]
async fn a_package_is_disposed_of_only_when_its_time_is_over_and_no_hold_stands() {
    const YEAR_MS: i64 = 366 * 86_400_000;
    let folder = tempfile::tempdir().unwrap();
    let (app, clock, id) = app_with_a_finding(folder.path()).await;
    let sealed = app.seal(&officer(), &id, None).await.unwrap();
    let package = sealed.package.id.clone();
    let early = app.dispose_package(&officer(), &package).await;
    assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
    app.hold_package(&officer(), &package, "法院调取").await.unwrap();
    clock.advance_ms(YEAR_MS);
    assert!(app.keeping().await.unwrap()[0].is_held);
    let held = app.dispose_package(&officer(), &package).await;
    assert!(matches!(held, Err(Error::Conflict(_))), "{held:?}");
    assert!(sealed.path.is_file());
    assert_eq!(app.release_package(&officer(), &package).await.unwrap(), 1);
    assert!(app.keeping().await.unwrap()[0].is_due(app.now()));
    app.dispose_package(&officer(), &package).await.unwrap();
    assert!(!sealed.path.exists());
    assert_eq!(app.keeping().await.unwrap().len(), 0);
    let shown = app.evidence_package(&officer(), &package).await.unwrap();
    let actions: Vec<&str> = shown.custody.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["sealed", "reported", "held", "released", "disposed", "read"]);
}
