//! The files of a package, computed from its input and the office's key alone.
//!
//! Every file but four at the root lies exactly one folder deep, because validators of WACZ look no deeper.

use askama::Template;
use serde::Serialize;

use super::datapackage;
use super::der;
use super::documents;
use super::input::PackageInput;
use super::sign::SigningKey;
use super::sums::{self, Algorithm, SHA256SUMS, SM3SUMS};
use super::{analysis, record, rendered, warc};
use crate::domain::capture::{Capture, CapturePurpose};
use crate::domain::evidence::{Exhibit, PackageId};
use crate::domain::finding::FindingId;
use crate::kit::clock::UnixMs;
use crate::kit::digest::Digests;

/// The judged text, into whose bytes the analysis points.
pub(super) const AD_TEXT: &str = "analysis/ad-text.txt";
/// Hit analysis for programs.
pub(super) const ANALYSIS: &str = "analysis/analysis.json";
/// The replayable archive.
pub(super) const WARC: &str = "archive/data.warc.gz";
/// Its index.
pub(super) const INDEX: &str = "indexes/index.cdx";
/// Its pages.
pub(super) const PAGES: &str = "pages/pages.jsonl";
/// Public half of the key that signed.
pub(super) const PUBLIC_KEY: &str = "signature/public-key.pem";
/// The certificate over that key, if the office has one.
pub(super) const CERTIFICATE: &str = "signature/certificate.pem";
/// Signature over `SHA256SUMS`.
pub(super) const SUMS_SIGNATURE: &str = "signature/SHA256SUMS.sig";
/// Custody until sealing.
pub(super) const CUSTODY: &str = "record/custody.json";

/// Files whose bytes depend on when, under which name and by whom the package is sealed. Everything else is the same
/// whenever the same captures, decisions and rules are sealed.
pub const VARYING: &[&str] = &[
    "about/README.txt",
    "record/record.html",
    "record/record.txt",
    CUSTODY,
    SHA256SUMS,
    SM3SUMS,
    SUMS_SIGNATURE,
    datapackage::DATAPACKAGE,
    datapackage::DATAPACKAGE_DIGEST,
];

/// One file of a package before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path inside the package, with `/`.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// Digests of the content.
    pub digests: Digests,
    /// 制作方法: how the content came to be.
    pub made_by: &'static str,
}

impl File {
    pub(super) fn new(path: impl Into<String>, made_by: &'static str, bytes: Vec<u8>) -> Self {
        Self { path: path.into(), digests: Digests::of(&bytes), bytes, made_by }
    }

    /// A file of indented JSON.
    pub(super) fn json(
        path: impl Into<String>,
        made_by: &'static str,
        content: &impl Serialize,
    ) -> anyhow::Result<Self> {
        let path = path.into();
        let mut bytes = serde_json::to_vec_pretty(content)
            .map_err(|error| anyhow::anyhow!("{path} of the evidence package cannot be written: {error}"))?;
        bytes.push(b'\n');
        Ok(Self::new(path, made_by, bytes))
    }
}

impl PackageInput {
    /// Name of the package: `ev-<finding>-<UTC date>T<UTC time>Z`, or that of the original and `-masked`.
    ///
    /// # Errors
    /// When the instant is outside the years 0 to 9999 or the finding's name is too long to prefix.
    pub fn package_id(&self) -> Result<PackageId, crate::kit::id::ParseIdError> {
        match &self.masked_from {
            Some(from) => PackageId::parse(&format!("{}-masked", from.package_id)),
            None => package_id(&self.finding.id, self.sealed_at),
        }
    }
}

pub(super) fn package_id(
    finding: &FindingId,
    sealed_at: UnixMs,
) -> Result<PackageId, crate::kit::id::ParseIdError> {
    let compact: String = sealed_at.rfc3339().chars().filter(|c| !matches!(c, '-' | ':' | '.')).collect();
    PackageId::parse(&format!("ev-{finding}-{compact}"))
}

/// Every file of the package in the order of writing.
///
/// # Errors
/// When a document cannot be made, with its name.
pub fn files(input: &PackageInput, key: &SigningKey) -> anyhow::Result<Vec<File>> {
    let id = input.package_id()?;
    let mut files = reading_files(input, &id)?;
    files.extend(captured_files(input)?);
    files.extend(log_files(input));
    files.push(text(PUBLIC_KEY, "public half of the signing key", key.public_key().pem()));
    if let Some(certificate) = key.certificate_pem() {
        files.push(text(CERTIFICATE, "certificate over the signing key", certificate.to_owned()));
    }
    with_lists(input, &id, files, key)
}

/// Adds the lists and the signatures over them.
pub(super) fn with_lists(
    input: &PackageInput,
    id: &PackageId,
    mut files: Vec<File>,
    key: &SigningKey,
) -> anyhow::Result<Vec<File>> {
    let sm3 = sums::sums(&files, Algorithm::Sm3);
    files.push(text(SM3SUMS, "SM3 of every file above", sm3));
    let sha256 = sums::sums(&files, Algorithm::Sha256);
    let signature = key.sign(sha256.as_bytes())?;
    files.push(text(SHA256SUMS, "SHA-256 of every file above", sha256));
    files.push(File::new(SUMS_SIGNATURE, "signature over SHA256SUMS", signature));
    files.extend(datapackage::manifest(input, id, &files, key)?);
    Ok(files)
}

/// The files as exhibits of the ledger.
pub fn exhibits(files: &[File]) -> Vec<Exhibit> {
    files
        .iter()
        .map(|file| Exhibit {
            path: file.path.clone(),
            size_bytes: file.bytes.len() as u64,
            digests: file.digests.clone(),
            made_by: file.made_by.to_owned(),
        })
        .collect()
}

/// `captures/01-page`, numbered from one in the order of fetching; `.bin` and `.json` follow.
pub(super) fn capture_path(index: usize, capture: &Capture) -> String {
    let what = match capture.purpose {
        CapturePurpose::Discover => "list",
        CapturePurpose::Page => "page",
        CapturePurpose::Landing => "landing",
        CapturePurpose::Picture => "picture",
        CapturePurpose::Popup => "popup",
    };
    format!("captures/{:02}-{what}", index + 1)
}

/// What people read.
fn reading_files(input: &PackageInput, id: &PackageId) -> anyhow::Result<Vec<File>> {
    let places = analysis::places(input);
    let decisions: Vec<_> = input.decisions.iter().map(documents::decision).collect();
    Ok(vec![
        text("about/README.txt", "fixed text with names filled in", Readme { input, id }.render()?),
        text("about/verify.sh", "fixed text", include_str!("templates/verify.sh").to_owned()),
        text(
            "record/record.html",
            "filled from recorded data; blanks are for people",
            record::page(input, id)?,
        ),
        text("record/record.txt", "the same record as plain text", record::text(input, id)?),
        File::json("record/decisions.json", "recorded: decisions of reviewers", &decisions)?,
        File::json(
            "record/parties.json",
            "derived: names and contacts found in the ad",
            &documents::parties(input),
        )?,
        File::json(CUSTODY, "recorded: custody until sealing", &documents::custody(input, id))?,
        text("analysis/analysis.html", "derived: hit analysis for reading", analysis::page(input, &places)?),
        File::json(ANALYSIS, "derived: hit analysis", &analysis::document(input, &places))?,
        File::new(
            AD_TEXT,
            "derived: words extracted from the captures, UTF-8; offsets of the analysis point into it",
            input.ad.draft.text.clone().into_bytes(),
        ),
    ])
}

/// What was captured: raw bytes, and the same as an archive that can be replayed.
fn captured_files(input: &PackageInput) -> anyhow::Result<Vec<File>> {
    let mut raw = Vec::new();
    let mut metadata = Vec::new();
    let answers = rendered::answers(input);
    for (index, captured) in input.captures.iter().enumerate() {
        let path = capture_path(index, &captured.capture);
        let body_file = format!("{path}.bin");
        let record = File::json(
            format!("{path}.json"),
            "recorded while fetching: request, response headers, redirects, address, times",
            &documents::exchange(input, index, body_file.clone(), &answers[index]),
        )?;
        metadata.push(record.bytes.clone());
        raw.push(File {
            path: body_file,
            bytes: captured.body.clone(),
            // Whoever gathered the input compared them with the bytes; hashing is most of the work of sealing.
            digests: captured.capture.body.digests.clone(),
            made_by: "as received: response body after transfer decoding, not altered",
        });
        raw.push(record);
        if !captured.certificates.is_empty() {
            let pem: String =
                captured.certificates.iter().map(|bytes| der::to_pem(bytes, "CERTIFICATE")).collect();
            raw.push(text(
                &format!("{path}.pem"),
                "as received: certificates that the host showed, its own first",
                pem,
            ));
        }
        raw.extend(rendered::files(captured, index));
    }
    for (index, document) in environments(input).into_iter().enumerate() {
        let path = environment_path(index);
        raw.push(File::new(path, "recorded: program, rules, settings and system at capture", document));
    }
    let archive = warc::warc(input, &metadata, &answers)?;
    let mut files = vec![
        text(PAGES, "list of the pages for replaying", pages(input)?),
        text(INDEX, "index of the archive", warc::cdxj(&archive.index)?),
        File::new(WARC, "the captures as WARC 1.1 records, for replaying", archive.bytes),
    ];
    files.extend(raw);
    Ok(files)
}

/// The environments in which the captures were made, each once, in the order of their first capture.
pub(super) fn environments(input: &PackageInput) -> Vec<Vec<u8>> {
    let mut distinct: Vec<Vec<u8>> = Vec::new();
    for document in input.captures.iter().filter_map(|captured| captured.environment.as_ref()) {
        if !distinct.contains(document) {
            distinct.push(document.clone());
        }
    }
    distinct
}

/// `captures/environment-1.json`.
pub(super) fn environment_path(index: usize) -> String {
    format!("captures/environment-{}.json", index + 1)
}

/// Extracts of the capture logs: links, documents and tokens.
fn log_files(input: &PackageInput) -> Vec<File> {
    let mut files = Vec::new();
    for log in &input.logs {
        let day = &log.day;
        let mut lines =
            format!("{} {} {}\n", log.links.first().map_or(0, |link| link.ordinal - 1), "-", log.before);
        for link in &log.links {
            lines.push_str(&format!("{} {} {}\n", link.ordinal, link.digest, link.hash));
        }
        files.push(text(&format!("log/{day}.txt"), "recorded: links of the day's capture log", lines));
        for (id, document) in &log.documents {
            let Some(index) = input.captures.iter().position(|captured| captured.capture.id == *id) else {
                continue;
            };
            let capture = &input.captures[index].capture;
            let path = format!("{}.log.json", capture_path(index, capture));
            files.push(text(&path, "recorded: entry of the capture log, byte for byte", document.clone()));
        }
        for token in &log.tokens {
            files.push(File::new(
                format!("log/{day}.{}.tsr", token.authority),
                "as received: time stamp over the last link of the day's log",
                token.bytes.clone(),
            ));
        }
    }
    files
}

fn pages(input: &PackageInput) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Header {
        format: &'static str,
        id: &'static str,
        title: &'static str,
    }
    #[derive(Serialize)]
    struct Page<'a> {
        id: &'a str,
        url: &'a str,
        ts: String,
        title: &'a str,
    }
    let header = Header { format: "json-pages-1.0", id: "pages", title: "Captures" };
    let mut lines = vec![serde_json::to_string(&header)?];
    for captured in &input.captures {
        let exchange = &captured.capture.exchange;
        lines.push(serde_json::to_string(&Page {
            id: captured.capture.id.as_str(),
            url: &exchange.final_url,
            ts: exchange.started_at.rfc3339(),
            title: &captured.source_title,
        })?);
    }
    Ok(lines.join("\n") + "\n")
}

#[derive(Template)]
#[template(path = "readme.txt", escape = "none")]
struct Readme<'a> {
    input: &'a PackageInput,
    id: &'a PackageId,
}

fn text(path: &str, made_by: &'static str, content: String) -> File {
    File::new(path, made_by, content.into_bytes())
}
