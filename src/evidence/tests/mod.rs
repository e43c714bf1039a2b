//! What the tests seal, and how they open and change it.

mod documents;
mod provenance;
pub(crate) mod rendered;
mod sealing;
mod tamper;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use super::package::{File, with_lists};
use super::zip::{self, Archive};
use super::*;
use crate::domain::ad::{Ad, AdDraft, AdId, AdKind, Sighting};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CaptureId, CapturePurpose, ClockState, Exchange, Imported, Redirect};
use crate::domain::finding::{Assessment, Finding, FindingId, FindingState, Reason};
use crate::domain::hit::{Hit, HitStatus, RuleId, Severity, Span, Track};
use crate::domain::provision::{Provision, ProvisionId};
use crate::domain::review::{Decision, DecisionId, Verdict as Decided};
use crate::domain::run::RunId;
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;

pub(super) const SEALED_AT: UnixMs = UnixMs(1_795_395_900_123);
pub(super) const TEXT: &str = "江州养老公寓\n保 本 保 息，年化收益15%。本产品不承诺无风险。";

/// The page as its server sends it, in GB18030.
fn page() -> Vec<u8> {
    let html =
        "<html><h1>江州养老公寓</h1><p>保 本 <b>保</b> 息，年化收益15%。本产品不承诺无风险。</p></html>";
    encoding_rs::GB18030.encode(html).0.into_owned()
}

/// The office's key.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32]).unwrap()
}

/// A key that is not the office's.
pub(super) fn other_key() -> SigningKey {
    SigningKey::from_seed(&[8; 32]).unwrap()
}

/// The files of the package of `input`, signed by the office.
pub(super) fn made(input: &PackageInput) -> Vec<File> {
    files(input, &key()).unwrap()
}

/// The package of `input`, sealed in `parent`.
pub(crate) fn sealed_in(parent: &Path, input: &PackageInput, key: &SigningKey) -> SealedFile {
    let id = input.package_id().unwrap();
    seal(parent, id.as_str(), &files(input, key).unwrap(), key).unwrap()
}

/// Path and content of each member of a package file.
pub(super) fn members(package: &Path) -> Vec<(String, Vec<u8>)> {
    let bytes = fs::read(package).unwrap();
    let archive = Archive::read(&mut fs::File::open(package).unwrap()).unwrap().unwrap();
    let content = |offset: u64, size: u64| bytes[offset as usize..(offset + size) as usize].to_vec();
    archive
        .members
        .into_iter()
        .map(|member| (member.path, content(member.offset, member.size_bytes)))
        .collect()
}

/// Puts other members into a package file.
pub(super) fn put(package: &Path, members: &[(String, Vec<u8>)]) {
    let mut bytes = Vec::new();
    zip::write(&mut bytes, members.iter().map(|(path, content)| (path.as_str(), content.as_slice())))
        .unwrap();
    overwrite(package, &bytes);
}

/// Unpacks a package into a folder.
pub(super) fn unpacked(package: &Path, folder: &Path) -> PathBuf {
    for (path, content) in members(package) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder.to_owned()
}

/// Replaces a sealed, read-only file.
pub(super) fn overwrite(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

/// Seals `files` without their lists, after a forger changed them, under new lists signed by `key`.
pub(super) fn relisted(input: &PackageInput, changed: Vec<File>, key: &SigningKey) -> Vec<File> {
    let id = input.package_id().unwrap();
    let lists = [
        sums::SHA256SUMS,
        sums::SM3SUMS,
        package::SUMS_SIGNATURE,
        datapackage::DATAPACKAGE,
        datapackage::DATAPACKAGE_DIGEST,
    ];
    let documents = changed.into_iter().filter(|file| !lists.contains(&file.path.as_str())).collect();
    with_lists(input, &id, documents, key).unwrap()
}

pub(super) fn capture(number: u8, purpose: CapturePurpose, body: &[u8]) -> CaptureInput {
    let started_at = UnixMs(SEALED_AT.0 - 60_000 + i64::from(number) * 1000);
    CaptureInput {
        source_title: "江州新闻网财经频道".to_owned(),
        body: body.to_vec(),
        certificates: Vec::new(),
        environment: None,
        rendering: None,
        capture: Capture {
            id: CaptureId::parse(&format!("cap-{number}")).unwrap(),
            source_id: SourceId::parse("city-news").unwrap(),
            run_id: RunId::parse("run-1").unwrap(),
            purpose,
            parent_id: None,
            exchange: Exchange {
                imported: None,
                provenance: None,
                robots_override: None,
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
                    headers: vec![
                        ("location".to_owned(), format!("/{number}/")),
                        ("server".to_owned(), "nginx".to_owned()),
                    ],
                }],
                remote_addr: "203.0.113.7:80".to_owned(),
                started_at,
                finished_at: started_at.plus_ms(250),
            },
            body: BlobRef::of(body),
        },
    }
}

pub(super) fn hit(words: &str, status: HitStatus) -> Hit {
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

pub(crate) fn input() -> PackageInput {
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
            build_sha256: Some("ab".repeat(32)),
            system: "linux x86_64".to_owned(),
            clock: ClockState::unchecked(),
        },
        finding: Finding {
            id: finding_id.clone(),
            ad_id: ad_id.clone(),
            state: FindingState::Accepted,
            office: None,
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
            capture(1, CapturePurpose::Page, &page()),
            capture(2, CapturePurpose::Landing, b"<h1>landing</h1>"),
        ],
        decisions: vec![Decision {
            id: DecisionId::parse("d-1").unwrap(),
            finding_id,
            actor: "李青".to_owned(),
            at: SEALED_AT.plus_ms(-10_000),
            verdict: Decided::Accept { provisions: vec![ProvisionId::parse("AD-25.1").unwrap()] },
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
        contacts: Vec::new(),
        signer: None,
        masked_from: None,
        logs: Vec::new(),
    }
}
