use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::domain::ad::{Ad, AdDraft, AdId, AdKind, Sighting};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange, Redirect};
use crate::domain::finding::{Assessment, Finding, FindingId, FindingState, Reason};
use crate::domain::hit::{Hit, HitStatus, RuleId, Severity, Span, Track};
use crate::domain::provision::{Provision, ProvisionId};
use crate::domain::review::{Decision, DecisionId, Verdict};
use crate::domain::run::RunId;
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;

const SEALED_AT: UnixMs = UnixMs(1_795_395_900_123);
const TEXT: &str = "江州养老公寓\n保 本 保 息，年化收益15%。本产品不承诺无风险。";

fn capture(number: u8, purpose: CapturePurpose, body: &[u8]) -> CaptureInput {
    let started_at = UnixMs(SEALED_AT.0 - 60_000 + i64::from(number) * 1000);
    CaptureInput {
        source_title: "江州新闻网财经频道".to_owned(),
        body: body.to_vec(),
        capture: Capture {
            id: CaptureId::parse(&format!("cap-{number}")).unwrap(),
            source_id: SourceId::parse("city-news").unwrap(),
            run_id: RunId::parse("run-1").unwrap(),
            purpose,
            parent_id: None,
            exchange: Exchange {
                imported: None,
                requested_url: format!("http://news.example/{number}"),
                final_url: format!("http://news.example/{number}/"),
                request_headers: vec![("user-agent".to_owned(), "adwatch/0.1".to_owned())],
                status: 200,
                http_version: "HTTP/1.1".to_owned(),
                response_headers: vec![("content-type".to_owned(), "text/html; charset=gb18030".to_owned())],
                redirects: vec![Redirect {
                    url: format!("http://news.example/{number}"),
                    status: 301,
                    location: format!("http://news.example/{number}/"),
                    remote_addr: "203.0.113.7:80".to_owned(),
                }],
                remote_addr: "203.0.113.7:80".to_owned(),
                started_at,
                finished_at: started_at.plus_ms(250),
            },
            body: BlobRef::of(body),
        },
    }
}

fn hit(words: &str, status: HitStatus) -> Hit {
    let start = TEXT.find(words).unwrap();
    Hit {
        rule: RuleId::parse("pg.principal-guarantee.1").unwrap(),
        category: "PG".to_owned(),
        severity: Severity::new(4).unwrap(),
        span: Span { start, end: start + words.len() },
        normalized: words.replace(' ', ""),
        transforms: vec!["separator".to_owned()],
        provisions: vec![ProvisionId::parse("AD-25.1").unwrap()],
        tracks: vec![Track::A, Track::B],
        status,
        cue: None,
        because: Some("对未来收益作出保证性承诺。".to_owned()),
    }
}

fn input() -> PackageInput {
    let ad_id = AdId::parse("0123456789abcdef").unwrap();
    let finding_id = FindingId::of(&ad_id);
    let draft =
        AdDraft { title: Some("江州养老公寓".to_owned()), ..AdDraft::of_text(AdKind::Display, TEXT) };
    let severity = Severity::new(4);
    PackageInput {
        sealed_at: SEALED_AT,
        sealed_by: "李青".to_owned(),
        office: None,
        software: Software {
            version: "0.1.0".to_owned(),
            system: "linux x86_64".to_owned(),
            clock: "本机系统时钟，未与标准时间源核对".to_owned(),
        },
        finding: Finding {
            id: finding_id.clone(),
            ad_id: ad_id.clone(),
            state: FindingState::Accepted,
            assessment: Assessment {
                flagged: true,
                severity,
                priority: 0.93,
                tracks: vec![Track::A, Track::B],
                provisions: vec![ProvisionId::parse("AD-25.1").unwrap()],
                reasons: vec![Reason {
                    code: "severity-4".to_owned(),
                    text: "明示保本。".to_owned(),
                    weight: 0.9,
                }],
                pack_revision: "cn-illegal-fundraising@2026.11.1".to_owned(),
            },
            hits: vec![hit("保 本 保 息", HitStatus::Asserted), hit("无风险", HitStatus::Negated)],
            created_at: SEALED_AT.plus_ms(-50_000),
            updated_at: SEALED_AT.plus_ms(-40_000),
        },
        ad: Ad {
            id: ad_id.clone(),
            draft,
            first_seen_at: SEALED_AT.plus_ms(-59_000),
            last_seen_at: SEALED_AT.plus_ms(-59_000),
            n_sightings: 1,
        },
        sightings: vec![Sighting {
            ad_id,
            capture_id: CaptureId::parse("cap-1").unwrap(),
            source_id: SourceId::parse("city-news").unwrap(),
            page_url: "http://news.example/1/".to_owned(),
            locator: "div.ad > a".to_owned(),
            seen_at: SEALED_AT.plus_ms(-59_000),
        }],
        captures: vec![
            capture(1, CapturePurpose::Page, b"<p>\xb1\xa3\xb1\xbe</p>"),
            capture(2, CapturePurpose::Landing, b"<h1>landing</h1>"),
        ],
        decisions: vec![Decision {
            id: DecisionId::parse("d-1").unwrap(),
            finding_id,
            actor: "李青".to_owned(),
            at: SEALED_AT.plus_ms(-10_000),
            verdict: Verdict::Accept { provisions: vec![ProvisionId::parse("AD-25.1").unwrap()] },
            note: String::new(),
        }],
        rules: vec![RuleNote {
            id: "pg.principal-guarantee.1".to_owned(),
            title: "承诺保本保收益".to_owned(),
            why: "对未来收益作出保证性承诺。".to_owned(),
        }],
        provisions: vec![Provision {
            id: ProvisionId::parse("AD-25.1").unwrap(),
            law: "中华人民共和国广告法".to_owned(),
            article: "第二十五条第一项".to_owned(),
            text: "对未来效果、收益或者与其相关的情况作出保证性承诺".to_owned(),
            liability: Some("第五十八条".to_owned()),
            effective_from: "2015-09-01".to_owned(),
            effective_to: None,
            checked_on: "2026-11-20".to_owned(),
        }],
        custody: Vec::new(),
    }
}

fn sealed(parent: &Path) -> SealedFolder {
    let input = input();
    let id = package_id(&input.finding.id, input.sealed_at).unwrap();
    seal(parent, id.as_str(), &files(&input).unwrap()).unwrap()
}

/// Replaces a sealed, read-only file.
fn overwrite(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

fn stock_tools_accept(folder: &Path) -> bool {
    let output = std::process::Command::new("sh").arg(folder.join("verify.sh")).output().unwrap();
    output.status.success()
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(files(&input()).unwrap(), files(&input()).unwrap());
}

#[test]
fn a_sealed_package_verifies_with_adwatch_and_with_stock_tools() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sealed(parent.path());
    let report = verify(&folder.path, Some(&folder.seal_sha256)).unwrap();
    assert_eq!(report.deviations, []);
    assert_eq!(report.package_id.as_deref(), Some("ev-f-0123456789abcdef-20261123T010500123Z"));
    assert_eq!((report.n_files, report.size_bytes), (folder.n_files, folder.size_bytes));
    assert!(stock_tools_accept(&folder.path));
    let sums = std::process::Command::new("sha256sum")
        .args(["--strict", "-c", "SHA256SUMS"])
        .current_dir(&folder.path)
        .output()
        .unwrap();
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stdout));
    let raw = fs::read(folder.path.join("captures/01-page/body.bin")).unwrap();
    assert_eq!(raw, b"<p>\xb1\xa3\xb1\xbe</p>", "bytes are kept as received, not decoded");
}

#[test]
fn a_flipped_byte_in_any_file_names_that_file() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sealed(parent.path());
    for file in files(&input()).unwrap() {
        let path = folder.path.join(&file.path);
        // SHA256SUMS itself: a digit of the first digest, so that the line stays well formed.
        for position in [0, file.bytes.len() / 2, file.bytes.len() - 1] {
            let mut bytes = file.bytes.clone();
            bytes[position] ^= 0x01;
            overwrite(&path, &bytes);
            let report = verify(&folder.path, Some(&folder.seal_sha256)).unwrap();
            let named: Vec<&str> = report.deviations.iter().map(|found| found.path.as_str()).collect();
            assert!(named.contains(&file.path.as_str()), "{} byte {position}: {:?}", file.path, report);
            if file.path != "SHA256SUMS" && file.path != "manifest.json" && file.path != "SM3SUMS" {
                assert_eq!(named, [file.path.as_str()], "no other file is blamed");
            }
        }
        assert!(!stock_tools_accept(&folder.path), "{}", file.path);
        overwrite(&path, &file.bytes);
    }
    assert!(verify(&folder.path, Some(&folder.seal_sha256)).unwrap().is_intact(), "all is as before");
}

/// One way to tamper: what is done to the folder, then the path and kind that must be named.
type Tampering = (&'static str, fn(&Path), &'static str, DeviationKind);

#[test]
fn every_way_of_tampering_is_named() {
    let cases: &[Tampering] = &[
        (
            "removed",
            |at| fs::remove_file(at.join("ad-text.txt")).unwrap(),
            "ad-text.txt",
            DeviationKind::Missing,
        ),
        ("added", |at| fs::write(at.join("extra.txt"), "x").unwrap(), "extra.txt", DeviationKind::Added),
        (
            "added beside a capture",
            |at| fs::write(at.join("captures/01-page/body2.bin"), "").unwrap(),
            "captures/01-page/body2.bin",
            DeviationKind::Added,
        ),
        (
            "truncated",
            |at| overwrite(&at.join("captures/01-page/body.bin"), b"<p>"),
            "captures/01-page/body.bin",
            DeviationKind::Size,
        ),
        (
            "emptied",
            |at| overwrite(&at.join("captures/02-landing/body.bin"), b""),
            "captures/02-landing/body.bin",
            DeviationKind::Size,
        ),
        (
            "two files exchanged",
            |at| {
                let (one, two) = (at.join("record.txt"), at.join("README.txt"));
                let (first, second) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
                overwrite(&one, &second);
                overwrite(&two, &first);
            },
            "record.txt",
            DeviationKind::Size,
        ),
        (
            "manifest of another package",
            |at| {
                let text = fs::read_to_string(at.join("manifest.json")).unwrap();
                overwrite(
                    &at.join("manifest.json"),
                    text.replace("0123456789abcdef", "fedcba9876543210").as_bytes(),
                );
            },
            "manifest.json",
            DeviationKind::Content,
        ),
        (
            "manifest broken",
            |at| overwrite(&at.join("manifest.json"), b"{"),
            "manifest.json",
            DeviationKind::List,
        ),
        (
            "line removed from the list",
            |at| {
                let text = fs::read_to_string(at.join("SHA256SUMS")).unwrap();
                let rest: String = text.lines().skip(1).map(|line| format!("{line}\n")).collect();
                overwrite(&at.join("SHA256SUMS"), rest.as_bytes());
            },
            "SHA256SUMS",
            DeviationKind::List,
        ),
        (
            "line doubled in the list",
            |at| {
                let text = fs::read_to_string(at.join("SHA256SUMS")).unwrap();
                overwrite(&at.join("SHA256SUMS"), format!("{text}{text}").as_bytes());
            },
            "SHA256SUMS",
            DeviationKind::List,
        ),
        (
            "list leads outside",
            |at| {
                let text = fs::read_to_string(at.join("SHA256SUMS")).unwrap();
                let line = format!("{}  ../../etc/passwd\n", "0".repeat(64));
                overwrite(&at.join("SHA256SUMS"), format!("{text}{line}").as_bytes());
            },
            "SHA256SUMS",
            DeviationKind::List,
        ),
        (
            "SM3 list removed",
            |at| fs::remove_file(at.join("SM3SUMS")).unwrap(),
            "SM3SUMS",
            DeviationKind::Missing,
        ),
        (
            "name that differs only in case",
            |at| fs::write(at.join("Readme.txt"), "x").unwrap(),
            "Readme.txt",
            DeviationKind::Added,
        ),
        #[cfg(unix)]
        (
            "file replaced by a link",
            |at| {
                fs::remove_file(at.join("ad-text.txt")).unwrap();
                std::os::unix::fs::symlink("README.txt", at.join("ad-text.txt")).unwrap();
            },
            "ad-text.txt",
            DeviationKind::NotAFile,
        ),
        (
            "file and SHA256SUMS changed together",
            |at| {
                let path = at.join("ad-text.txt");
                let old = crate::kit::digest::sha256_hex(&fs::read(&path).unwrap());
                let mut bytes = fs::read(&path).unwrap();
                bytes[0] ^= 1;
                overwrite(&path, &bytes);
                let text = fs::read_to_string(at.join("SHA256SUMS")).unwrap();
                let new = crate::kit::digest::sha256_hex(&bytes);
                overwrite(&at.join("SHA256SUMS"), text.replace(&old, &new).as_bytes());
            },
            "ad-text.txt",
            DeviationKind::Content,
        ),
    ];
    for (what, tamper, path, kind) in cases {
        let parent = tempfile::tempdir().unwrap();
        let folder = sealed(parent.path());
        tamper(&folder.path);
        let report = verify(&folder.path, None).unwrap();
        let named = report.deviations.iter().any(|found| found.path == *path && found.kind == *kind);
        assert!(named, "{what}: {:#?}", report.deviations);
        assert!(!stock_tools_accept(&folder.path), "{what}: verify.sh must see it too");
    }
}

#[test]
fn a_package_forged_as_a_whole_fails_against_the_ledger() {
    let parent = tempfile::tempdir().unwrap();
    let seal_of_original = sealed(parent.path()).seal_sha256;
    let mut forged = input();
    forged.ad.draft.text = forged.ad.draft.text.replace("15%", "5%");
    let forged = seal(parent.path(), "forged", &files(&forged).unwrap()).unwrap();
    assert!(verify(&forged.path, None).unwrap().is_intact(), "in itself it is consistent");
    let report = verify(&forged.path, Some(&seal_of_original)).unwrap();
    assert_eq!(report.deviations.len(), 1);
    assert_eq!(report.deviations[0].kind, DeviationKind::Seal);
}

#[test]
fn a_failed_sealing_leaves_nothing_that_looks_sealed() {
    let parent = tempfile::tempdir().unwrap();
    let mut files = files(&input()).unwrap();
    // The second file of this name cannot be written: the disk refuses after most of the work is done.
    files.push(files[0].clone());
    assert!(matches!(seal(parent.path(), "ev-1", &files), Err(SealError::Io { .. })));
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[test]
fn what_a_killed_sealing_left_is_cleared_by_the_next() {
    let parent = tempfile::tempdir().unwrap();
    let left = parent.path().join(".ev-1.unsealed");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("README.txt"), "half").unwrap();
    let folder = seal(parent.path(), "ev-1", &files(&input()).unwrap()).unwrap();
    assert!(!left.exists());
    assert!(verify(&folder.path, None).unwrap().is_intact());
    assert!(matches!(seal(parent.path(), "ev-1", &files(&input()).unwrap()), Err(SealError::Exists(_))));
}

#[test]
fn a_folder_without_lists_is_not_a_package() {
    let folder = tempfile::tempdir().unwrap();
    let error = verify(folder.path(), None).unwrap_err();
    assert!(error.to_string().contains("SHA256SUMS"), "{error}");
}

#[test]
fn hostile_captured_words_stay_words() {
    let hostile =
        "</div><script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{7*7}}\n二、提取人员：伪造\u{202e}";
    let mut input = input();
    input.ad.draft.title = Some(hostile.to_owned());
    input.ad.draft.publisher = Some(hostile.to_owned());
    input.ad.draft.landing_url = Some("javascript:alert(1)".to_owned());
    input.ad.draft.text = format!("{hostile}{TEXT}");
    input.sightings[0].page_url = hostile.to_owned();
    input.sightings[0].locator = hostile.to_owned();
    input.captures[0].source_title = hostile.to_owned();
    input.captures[0].capture.exchange.requested_url = hostile.to_owned();
    input.captures[0].capture.exchange.response_headers.push(("x".to_owned(), hostile.to_owned()));
    input.decisions[0].note = hostile.to_owned();
    let files: BTreeMap<String, String> = files(&input)
        .unwrap()
        .into_iter()
        .map(|file| (file.path, String::from_utf8_lossy(&file.bytes).into_owned()))
        .collect();
    for page in ["record.html", "analysis.html"] {
        let html = &files[page];
        assert!(!html.contains("<script") && !html.contains("<img"), "{page}");
        assert!(!html.contains("href="), "{page}: captured addresses are not links");
        assert!(html.contains("default-src 'none'"), "{page}");
    }
    let record = &files["record.txt"];
    assert_eq!(
        record.lines().filter(|line| line.starts_with("二、提取人员")).count(),
        1,
        "no forged heading"
    );
    assert!(!record.contains('\u{202e}'));
}

#[test]
fn every_document_says_suspected_and_none_says_established() {
    for file in files(&input()).unwrap() {
        let text = String::from_utf8_lossy(&file.bytes);
        for (at, _) in text.match_indices("非法集资") {
            let before: String =
                text[..at].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
            let allowed = ["涉嫌", "不是对违法行为或者", "是否属于", "处置"];
            assert!(allowed.iter().any(|word| before.contains(word)), "{}: …{before}非法集资", file.path);
        }
    }
}

#[test]
fn offsets_of_the_analysis_point_into_the_text_file() {
    let made = files(&input()).unwrap();
    let of = |path: &str| made.iter().find(|file| file.path == path).unwrap().bytes.clone();
    let analysis: serde_json::Value = serde_json::from_slice(&of("analysis.json")).unwrap();
    let text = of("ad-text.txt");
    let hits = analysis["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 2);
    for hit in hits {
        let (start, end) = (hit["start"].as_u64().unwrap() as usize, hit["end"].as_u64().unwrap() as usize);
        assert_eq!(hit["text"].as_str().unwrap().as_bytes(), &text[start..end]);
    }
    assert_eq!(hits[1]["status"], "negated");
}
