//! The files of a package, computed from its input alone.

use askama::Template;
use serde::Serialize;

use super::input::PackageInput;
use super::manifest::{self, Algorithm, MANIFEST, Manifest, ManifestEntry, SHA256SUMS, SM3SUMS};
use super::{analysis, record};
use crate::domain::capture::{Capture, CapturePurpose};
use crate::domain::evidence::{Exhibit, PackageId};
use crate::domain::finding::FindingId;
use crate::domain::review::Verdict;
use crate::kit::clock::UnixMs;
use crate::kit::digest::Digests;

/// The judged text, into whose bytes the analysis points.
pub(super) const AD_TEXT: &str = "ad-text.txt";

/// One file of a package before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path inside the package, with `/`.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// 制作方法: how the content came to be.
    pub made_by: &'static str,
}

/// Name of the package of a finding sealed at an instant: `ev-<finding>-<UTC date>T<UTC time>Z`.
///
/// # Errors
/// When the instant is outside the years 0 to 9999 or the finding's name is too long to prefix.
pub fn package_id(finding: &FindingId, sealed_at: UnixMs) -> Result<PackageId, crate::kit::id::ParseIdError> {
    let compact: String = sealed_at.rfc3339().chars().filter(|c| !matches!(c, '-' | ':' | '.')).collect();
    PackageId::parse(&format!("ev-{finding}-{compact}"))
}

/// Every file of the package in the order of writing; the last is `SHA256SUMS`, whose digest is the seal.
///
/// # Errors
/// When a document cannot be made, with its name.
pub fn files(input: &PackageInput) -> anyhow::Result<Vec<File>> {
    let id = package_id(&input.finding.id, input.sealed_at)?;
    let mut files = Vec::new();
    for (index, captured) in input.captures.iter().enumerate() {
        let folder = capture_folder(index, &captured.capture);
        files.push(File {
            path: format!("{folder}/body.bin"),
            bytes: captured.body.clone(),
            made_by: "as received: response body after transfer decoding, not altered",
        });
        files.push(json(
            format!("{folder}/exchange.json"),
            "recorded while fetching: request, response headers, redirects, address, times",
            &exchange(input, index),
        )?);
    }
    files.push(File {
        path: AD_TEXT.to_owned(),
        bytes: input.ad.draft.text.clone().into_bytes(),
        made_by: "derived: words extracted from the captures, UTF-8; offsets of the analysis point into it",
    });
    files.push(json("analysis.json".to_owned(), "derived: hit analysis", &analysis::document(input, &id))?);
    files.push(text("analysis.html", "derived: hit analysis for reading", analysis::page(input, &id)?));
    files.push(json(
        "decisions.json".to_owned(),
        "recorded: decisions of reviewers",
        &input.decisions.iter().map(decision).collect::<Vec<_>>(),
    )?);
    files.push(json("custody.json".to_owned(), "recorded: custody until sealing", &custody(input, &id))?);
    files.push(text(
        "record.txt",
        "filled from recorded data; blanks are for people",
        record::text(input, &id)?,
    ));
    files.push(text("record.html", "the same record for printing", record::page(input, &id)?));
    files.push(text("README.txt", "fixed text with names filled in", readme(input, &id)?));
    files.push(text("verify.sh", "fixed text", include_str!("templates/verify.sh").to_owned()));

    let listed = Manifest {
        schema: manifest::SCHEMA.to_owned(),
        package_id: id.to_string(),
        finding_id: input.finding.id.to_string(),
        ad_id: input.ad.id.to_string(),
        sealed_at: input.sealed_at.rfc3339(),
        sealed_by: input.sealed_by.clone(),
        software: format!("adwatch {}", input.software.version),
        rule_pack: input.finding.assessment.pack_revision.clone(),
        files: files.iter().map(ManifestEntry::of).collect(),
    };
    files.push(json(MANIFEST.to_owned(), "list of the files above", &listed)?);
    let sm3 = manifest::sums(&files, Algorithm::Sm3);
    files.push(text(SM3SUMS, "SM3 of every file above", sm3));
    let sha256 = manifest::sums(&files, Algorithm::Sha256);
    files.push(text(SHA256SUMS, "SHA-256 of every file above", sha256));
    Ok(files)
}

/// The files as exhibits of the ledger.
pub fn exhibits(files: &[File]) -> Vec<Exhibit> {
    files
        .iter()
        .map(|file| Exhibit {
            path: file.path.clone(),
            size_bytes: file.bytes.len() as u64,
            digests: Digests::of(&file.bytes),
            made_by: file.made_by.to_owned(),
        })
        .collect()
}

/// `captures/01-page`, numbered from one in the order of fetching.
pub(super) fn capture_folder(index: usize, capture: &Capture) -> String {
    let what = match capture.purpose {
        CapturePurpose::Discover => "list",
        CapturePurpose::Page => "page",
        CapturePurpose::Landing => "landing",
    };
    format!("captures/{:02}-{what}", index + 1)
}

/// An instant as records show it: UTC for machines, Asia/Shanghai for people.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Moment {
    pub utc: String,
    pub beijing: String,
}

impl From<UnixMs> for Moment {
    fn from(at: UnixMs) -> Self {
        Self { utc: at.rfc3339(), beijing: at.beijing() }
    }
}

#[derive(Serialize)]
struct ExchangeJson<'a> {
    capture_id: &'a str,
    source_id: &'a str,
    source_title: &'a str,
    run_id: &'a str,
    purpose: &'static str,
    /// The page whose ad leads here.
    parent_capture_id: Option<&'a str>,
    requested_url: &'a str,
    redirects: Vec<RedirectJson<'a>>,
    final_url: &'a str,
    remote_addr: &'a str,
    started_at: Moment,
    finished_at: Moment,
    request_headers: &'a [(String, String)],
    http_version: &'a str,
    status: u16,
    response_headers: &'a [(String, String)],
    body: BodyJson<'a>,
    /// From which file, when people brought it; then the program did not ask the host itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported_from: Option<ImportedJson<'a>>,
}

#[derive(Serialize)]
struct ImportedJson<'a> {
    file_name: &'a str,
    file_sha256: &'a str,
    format: &'a str,
    place: &'a str,
    imported_at: Moment,
}

#[derive(Serialize)]
struct RedirectJson<'a> {
    url: &'a str,
    status: u16,
    location: &'a str,
    remote_addr: &'a str,
}

#[derive(Serialize)]
struct BodyJson<'a> {
    file: &'static str,
    size_bytes: u64,
    sha256: &'a str,
    sm3: &'a str,
}

fn exchange(input: &PackageInput, index: usize) -> ExchangeJson<'_> {
    let captured = &input.captures[index];
    let capture = &captured.capture;
    let exchange = &capture.exchange;
    ExchangeJson {
        capture_id: capture.id.as_str(),
        source_id: capture.source_id.as_str(),
        source_title: &captured.source_title,
        run_id: capture.run_id.as_str(),
        purpose: capture.purpose.as_str(),
        parent_capture_id: capture.parent_id.as_ref().map(|id| id.as_str()),
        requested_url: &exchange.requested_url,
        redirects: exchange
            .redirects
            .iter()
            .map(|step| RedirectJson {
                url: &step.url,
                status: step.status,
                location: &step.location,
                remote_addr: &step.remote_addr,
            })
            .collect(),
        final_url: &exchange.final_url,
        remote_addr: &exchange.remote_addr,
        started_at: exchange.started_at.into(),
        finished_at: exchange.finished_at.into(),
        request_headers: &exchange.request_headers,
        http_version: &exchange.http_version,
        status: exchange.status,
        response_headers: &exchange.response_headers,
        body: BodyJson {
            file: "body.bin",
            size_bytes: capture.body.size_bytes,
            sha256: &capture.body.digests.sha256,
            sm3: &capture.body.digests.sm3,
        },
        imported_from: exchange.imported.as_ref().map(|imported| ImportedJson {
            file_name: &imported.file_name,
            file_sha256: &imported.file_sha256,
            format: &imported.format,
            place: &imported.place,
            imported_at: imported.imported_at.into(),
        }),
    }
}

#[derive(Serialize)]
struct DecisionJson<'a> {
    decision_id: &'a str,
    at: Moment,
    actor: &'a str,
    verdict: &'static str,
    verdict_text: &'static str,
    provisions: Vec<&'a str>,
    dismiss_reason: Option<&'static str>,
    note: &'a str,
}

fn decision(decision: &crate::domain::review::Decision) -> DecisionJson<'_> {
    let (provisions, dismiss_reason) = match &decision.verdict {
        Verdict::Accept { provisions } => (provisions.iter().map(|id| id.as_str()).collect(), None),
        Verdict::Dismiss { reason } => (Vec::new(), Some(reason.as_str())),
        Verdict::Undo => (Vec::new(), None),
    };
    DecisionJson {
        decision_id: decision.id.as_str(),
        at: decision.at.into(),
        actor: &decision.actor,
        verdict: decision.verdict.as_str(),
        verdict_text: decision.verdict.label().zh,
        provisions,
        dismiss_reason,
        note: &decision.note,
    }
}

#[derive(Serialize)]
struct CustodyJson {
    at: Moment,
    actor: String,
    action: String,
    package_id: Option<String>,
    note: String,
}

/// Captures, decisions, earlier packages and this sealing, in the order of time.
fn custody(input: &PackageInput, id: &PackageId) -> Vec<CustodyJson> {
    let captured = input.captures.iter().map(|captured| {
        let capture = &captured.capture;
        let note = format!(
            "capture {}: {} bytes, SHA-256 {}, SM3 {}",
            capture.id, capture.body.size_bytes, capture.body.digests.sha256, capture.body.digests.sm3
        );
        match &capture.exchange.imported {
            Some(imported) => {
                let note =
                    format!("{note}; from file {}, SHA-256 {}", imported.file_name, imported.file_sha256);
                (imported.imported_at, "adwatch".to_owned(), "imported".to_owned(), None, note)
            }
            None => (capture.exchange.finished_at, "adwatch".to_owned(), "captured".to_owned(), None, note),
        }
    });
    let decided = input.decisions.iter().map(|decision| {
        let action = format!("decided: {}", decision.verdict.as_str());
        (decision.at, decision.actor.clone(), action, None, decision.note.clone())
    });
    let earlier = input.custody.iter().map(|event| {
        let package = Some(event.package_id.to_string());
        (event.at, event.actor.clone(), event.action.clone(), package, event.note.clone())
    });
    let mut events: Vec<_> = captured.chain(decided).chain(earlier).collect();
    events.sort_by_key(|(at, ..)| *at);
    let note = "the digest of SHA256SUMS is kept in the office's custody ledger".to_owned();
    events.push((input.sealed_at, input.sealed_by.clone(), "sealed".to_owned(), Some(id.to_string()), note));
    events
        .into_iter()
        .map(|(at, actor, action, package_id, note)| CustodyJson {
            at: at.into(),
            actor,
            action,
            package_id,
            note,
        })
        .collect()
}

#[derive(Template)]
#[template(path = "readme.txt", escape = "none")]
struct Readme<'a> {
    input: &'a PackageInput,
    id: &'a PackageId,
}

fn readme(input: &PackageInput, id: &PackageId) -> anyhow::Result<String> {
    Ok(Readme { input, id }.render()?)
}

fn text(path: &str, made_by: &'static str, content: String) -> File {
    File { path: path.to_owned(), bytes: content.into_bytes(), made_by }
}

fn json(path: String, made_by: &'static str, content: &impl Serialize) -> anyhow::Result<File> {
    let mut bytes = serde_json::to_vec_pretty(content)
        .map_err(|error| anyhow::anyhow!("{path} of the evidence package cannot be written: {error}"))?;
    bytes.push(b'\n');
    Ok(File { path, bytes, made_by })
}
