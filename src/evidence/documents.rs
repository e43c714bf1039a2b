//! The machine-readable records of a package: each capture, the decisions, custody until sealing.

use serde::Serialize;

use super::input::PackageInput;
use super::package::{capture_path, environment_path, environments};
use super::rendered::{self, Answer, RenderingJson};
use crate::domain::capture::ClockState;
use crate::domain::evidence::PackageId;
use crate::domain::party::Contact;
use crate::domain::review::{Decision, Verdict};
use crate::kit::clock::UnixMs;

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
pub(super) struct ExchangeJson<'a> {
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
    /// What the record of versions before did not have is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<ProvenanceJson<'a>>,
    /// From which file, when people brought it; then the program did not ask the host itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported_from: Option<ImportedJson<'a>>,
    /// What a browser made of it, when it was looked at with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    rendering: Option<RenderingJson<'a>>,
}

#[derive(Serialize)]
struct ProvenanceJson<'a> {
    /// SHA-256 of each certificate (DER) that the host showed, its own first.
    certificates_sha256: &'a [String],
    /// Their file, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificates_file: Option<String>,
    environment_sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment_file: Option<String>,
    clock: &'a ClockState,
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
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    headers: &'a [(String, String)],
}

#[derive(Serialize)]
struct BodyJson<'a> {
    file: String,
    size_bytes: u64,
    sha256: &'a str,
    sm3: &'a str,
}

/// `captures/NN-….json`; `body_file` is the path of its bytes.
pub(super) fn exchange<'a>(
    input: &'a PackageInput,
    index: usize,
    body_file: String,
    answers: &[Answer<'a>],
) -> ExchangeJson<'a> {
    let captured = &input.captures[index];
    let body_file_stem = capture_path(index, &captured.capture);
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
                headers: &step.headers,
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
            file: body_file,
            size_bytes: capture.body.size_bytes,
            sha256: &capture.body.digests.sha256,
            sm3: &capture.body.digests.sm3,
        },
        provenance: exchange.provenance.as_ref().map(|provenance| ProvenanceJson {
            certificates_sha256: &provenance.certificates,
            certificates_file: (!captured.certificates.is_empty()).then(|| body_file_stem.clone() + ".pem"),
            environment_sha256: &provenance.environment,
            environment_file: captured.environment.as_ref().and_then(|document| {
                environments(input).iter().position(|known| known == document).map(environment_path)
            }),
            clock: &provenance.clock,
        }),
        imported_from: exchange.imported.as_ref().map(|imported| ImportedJson {
            file_name: &imported.file_name,
            file_sha256: &imported.file_sha256,
            format: &imported.format,
            place: &imported.place,
            imported_at: imported.imported_at.into(),
        }),
        rendering: rendered::document(captured, index, answers),
    }
}

#[derive(Serialize)]
pub(super) struct DecisionJson<'a> {
    decision_id: &'a str,
    at: Moment,
    actor: &'a str,
    verdict: &'static str,
    verdict_text: &'static str,
    provisions: Vec<&'a str>,
    dismiss_reason: Option<&'static str>,
    note: &'a str,
}

/// One entry of `record/decisions.json`.
pub(super) fn decision(decision: &Decision) -> DecisionJson<'_> {
    let (provisions, dismiss_reason) = match &decision.verdict {
        Verdict::Accept { provisions } => (provisions.iter().map(|id| id.as_str()).collect(), None),
        Verdict::Dismiss { reason } => (Vec::new(), Some(reason.as_str())),
        Verdict::NeedEvidence | Verdict::AskSecond | Verdict::Undo => (Vec::new(), None),
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
pub(super) struct CustodyJson {
    at: Moment,
    actor: String,
    action: String,
    package_id: Option<String>,
    note: String,
}

/// `record/custody.json`: captures, decisions, earlier packages and this sealing, in the order of time.
pub(super) fn custody(input: &PackageInput, id: &PackageId) -> Vec<CustodyJson> {
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
    let note = "the digest of the sealed file is kept in the office's custody ledger".to_owned();
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

#[derive(Serialize)]
pub(super) struct PartiesJson<'a> {
    /// As the page shows it; `null`: not shown, and not looked up elsewhere.
    advertiser: Option<&'a str>,
    publisher: Option<&'a str>,
    /// Ways to reach or recognize who is behind the ad; offsets are bytes of `analysis/ad-text.txt`.
    contacts: &'a [Contact],
}

/// `record/parties.json`.
pub(super) fn parties(input: &PackageInput) -> PartiesJson<'_> {
    PartiesJson {
        advertiser: input.ad.draft.advertiser.as_deref(),
        publisher: input.ad.draft.publisher.as_deref(),
        contacts: &input.contacts,
    }
}

/// The instant of an RFC 3339 text.
pub(super) fn instant(text: &str) -> Option<UnixMs> {
    Some(UnixMs(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
}
