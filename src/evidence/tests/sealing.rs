//! Writing packages: the same bytes each time, and nothing half done.

use std::collections::BTreeSet;

use super::*;

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = sealed_in(one.path(), &input(), &key());
    let second = sealed_in(two.path(), &input(), &key());
    assert_eq!(first.seal, second.seal);
    assert_eq!(fs::read(&first.path).unwrap(), fs::read(&second.path).unwrap());
    assert_eq!(
        fs::read(Beside::of(&first.path).signature).unwrap(),
        fs::read(Beside::of(&second.path).signature).unwrap()
    );
}

#[test]
fn sealing_the_same_content_later_changes_only_the_files_that_are_listed_as_varying() {
    let mut later = input();
    later.sealed_at = later.sealed_at.plus_ms(3_600_000);
    later.sealed_by = "王芳".to_owned();
    let (first, second) = (made(&input()), made(&later));
    let differing: BTreeSet<&str> = first
        .iter()
        .zip(&second)
        .inspect(|(one, two)| assert_eq!(one.path, two.path))
        .filter(|(one, two)| one.bytes != two.bytes)
        .map(|(one, _)| one.path.as_str())
        .collect();
    assert_eq!(differing, VARYING.iter().copied().collect());
}

#[test]
fn a_sealed_package_verifies_as_a_file_and_unpacked() {
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input(), &key());
    let expected = Expected {
        seal_sha256: Some(sealed.seal.sha256.clone()),
        key_fingerprint: Some(key().public_key().fingerprint()),
        now: Some(SEALED_AT),
        stamp_roots: None,
    };
    let report = verify(&sealed.path, &expected).unwrap();
    assert_eq!(report.deviations, []);
    assert_eq!(report.unchecked, Vec::<String>::new());
    assert_eq!(report.verdict(), Verdict::Intact);
    assert_eq!(report.package_id.as_deref(), Some("ev-f-0123456789abcdef-20261123T010500123Z"));
    assert_eq!(report.seal_sha256.as_deref(), Some(sealed.seal.sha256.as_str()));
    assert_eq!(report.n_files, sealed.n_files);
    let folder = unpacked(&sealed.path, &parent.path().join("unpacked"));
    let report = verify(&folder, &Expected { seal_sha256: None, ..expected }).unwrap();
    assert_eq!(report.deviations, []);
    assert_eq!(fs::read(folder.join("captures/01-page.bin")).unwrap(), page(), "bytes are kept as received");
}

#[test]
fn a_package_with_hostile_words_verifies() {
    let mut input = input();
    let hostile = "a\r\nWARC-Type: response\r\n\r\n二、伪造\u{202e}";
    input.captures[0].capture.exchange.response_headers.push(("x".to_owned(), hostile.to_owned()));
    input.captures[0].source_title = hostile.to_owned();
    input.ad.draft.title = Some(hostile.to_owned());
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input, &key());
    assert_eq!(verify(&sealed.path, &Expected::default()).unwrap().deviations, []);
}

#[test]
fn a_file_that_people_brought_is_sealed_without_a_made_up_answer() {
    let mut input = input();
    let exchange = &mut input.captures[1].capture.exchange;
    exchange.status = 0;
    exchange.redirects.clear();
    // A file without an address is named by its digest.
    exchange.final_url = format!("urn:sha256:{}", "ab".repeat(32));
    // As the file has them: they need not be in order.
    exchange.finished_at = SEALED_AT.plus_ms(86_400_000);
    exchange.imported = Some(Imported {
        file_name: "举报.html".to_owned(),
        file_sha256: "ab".repeat(32),
        format: "html".to_owned(),
        place: String::new(),
        imported_at: SEALED_AT.plus_ms(-30_000),
    });
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input, &key());
    assert_eq!(verify(&sealed.path, &Expected::default()).unwrap().deviations, []);
    let index = members(&sealed.path).into_iter().find(|(path, _)| path == "indexes/index.cdx").unwrap().1;
    assert_eq!(
        String::from_utf8(index).unwrap().matches("\"status\"").count(),
        2,
        "the page and its redirect"
    );
}

#[test]
fn a_failed_sealing_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let files = made(&input());
    // The signature cannot be written: the disk refuses after most of the work is done.
    fs::create_dir(parent.path().join(".ev-1.wacz.sig.unsealed")).unwrap();
    assert!(matches!(seal(parent.path(), "ev-1", &files, &key()), Err(SealError::Io { .. })));
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1, "only what the test put there");
}

#[test]
fn what_a_killed_sealing_left_is_put_aside_and_a_sealed_package_is_never_written_over() {
    let parent = tempfile::tempdir().unwrap();
    assert_eq!(sweep(&parent.path().join("nothing")).unwrap(), Vec::<PathBuf>::new());
    fs::write(parent.path().join(".ev-1.wacz.unsealed"), "half").unwrap();
    let moved = sweep(parent.path()).unwrap();
    assert_eq!(moved, [parent.path().join("quarantine/ev-1.wacz.unsealed")]);
    let sealed = seal(parent.path(), "ev-1", &made(&input()), &key()).unwrap();
    assert!(verify(&sealed.path, &Expected::default()).unwrap().is_intact());
    let again = seal(parent.path(), "ev-1", &made(&input()), &key());
    assert!(matches!(again, Err(SealError::Exists(_))));
    assert_eq!(sweep(parent.path()).unwrap(), Vec::<PathBuf>::new());
}

#[test]
fn what_is_no_package_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.wacz");
    fs::write(&text, "hello, this is no package at all, only some words").unwrap();
    for path in [folder.path(), &text] {
        let error = verify(path, &Expected::default()).unwrap_err();
        assert!(matches!(error, VerifyError::NotAPackage(_)), "{error}");
    }
    let missing = verify(&folder.path().join("missing.wacz"), &Expected::default()).unwrap_err();
    assert!(matches!(missing, VerifyError::Io { .. }));
}
