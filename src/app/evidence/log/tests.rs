//! The log of a small application: whole, tampered with, and what a package proves by it.

use super::super::tests::app_with_a_finding;
use super::*;
use crate::domain::user::Actor;
use crate::evidence::{Expected, verify};

#[tokio::test]
async fn a_package_carries_the_entries_of_its_captures_and_their_links() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let report = app.check_capture_logs(None, None).await.unwrap();
    assert!(report.is_whole() && report.n_unlogged == 0, "{report:?}");
    assert_eq!(report.days.len(), 1);
    let sealed = app.seal(&Actor::person("李青").unwrap(), &id, None).await.unwrap();
    let check = verify(&sealed.path, &Expected::default()).unwrap();
    assert!(check.is_intact(), "{:?}", check.deviations);
    let unzipped = std::process::Command::new("unzip").arg("-p").arg(&sealed.path).arg("log/*.txt").output();
    let lines = String::from_utf8(unzipped.unwrap().stdout).unwrap();
    // The hash before, and the links of both captures; the third page is not of this package.
    assert_eq!(lines.lines().count(), 3, "{lines}");
}

#[tokio::test]
async fn an_entry_that_says_other_bytes_than_the_capture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, _) = app_with_a_finding(folder.path()).await;
    let rows = app.capture_log("2026-11-23").await.unwrap();
    assert_eq!(app.compare_with_capture(&rows[0]).await.unwrap(), None);
    let digest = sha256_hex("<p>页面</p>".as_bytes());
    let forged = rows[0].document.replace(&digest, &"ab".repeat(32));
    let row = LogRow { document: forged, ..rows[0].clone() };
    let named = app.compare_with_capture(&row).await.unwrap().unwrap();
    assert!(named.contains("entry 1") && named.contains("capture c1"), "{named}");
    let lost = rows[0].document.replace("\"c1\"", "\"c77\"");
    let row = LogRow { document: lost, ..rows[0].clone() };
    assert!(app.compare_with_capture(&row).await.unwrap().unwrap().contains("not there"));
}
