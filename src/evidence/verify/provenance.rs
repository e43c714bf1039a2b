//! Certificates, environments and extracts of the capture log: whether they belong to the captures.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::contents::Contents;
use super::{Deviation, DeviationKind};
use crate::evidence::der;
use crate::evidence::timestamp;
use crate::kit::chain;
use crate::kit::digest::sha256_hex;

#[derive(Deserialize)]
struct CaptureRecord {
    capture_id: String,
    final_url: String,
    body: Body,
    provenance: Option<Provenance>,
}

#[derive(Deserialize)]
struct Body {
    sha256: String,
}

#[derive(Deserialize)]
struct Provenance {
    certificates_sha256: Vec<String>,
    certificates_file: Option<String>,
    environment_sha256: String,
    environment_file: Option<String>,
}

#[derive(Deserialize)]
struct LogDocument {
    day: String,
    ordinal: i64,
    capture_id: String,
    final_url: String,
    body_sha256: String,
}

/// One line of `log/DAY.txt`.
struct Link<'a> {
    digest: &'a str,
    hash: &'a str,
}

/// Checks what belongs to each capture, and the logs.
pub(super) fn check(contents: &Contents, found: &mut Vec<Deviation>) {
    let logs = logs(contents, found);
    let is_record = |path: &&String| {
        path.starts_with("captures/")
            && path.ends_with(".json")
            && !path.ends_with(super::LOG_SUFFIX)
            && !path.starts_with(super::ENVIRONMENT_PREFIX)
    };
    for path in contents.files.keys().filter(is_record) {
        let record = contents.bytes(path).map(serde_json::from_slice::<CaptureRecord>);
        // What cannot be read is named elsewhere.
        let Some(Ok(record)) = record else { continue };
        if let Some(provenance) = &record.provenance {
            check_provenance(contents, path, provenance, found);
        }
        let log_path = path.replace(".json", super::LOG_SUFFIX);
        if let Some(document) = contents.bytes(&log_path) {
            check_entry(&log_path, document, &record, &logs, found);
        }
    }
}

fn check_provenance(contents: &Contents, path: &str, provenance: &Provenance, found: &mut Vec<Deviation>) {
    if let Some(file) = &provenance.certificates_file {
        let pem = contents.text(file).unwrap_or_default();
        let shown: Vec<String> =
            der::every_pem(&pem, "CERTIFICATE").iter().map(|bytes| sha256_hex(bytes)).collect();
        if shown != provenance.certificates_sha256 {
            let detail = format!("its certificates are not those that {path} names");
            found.push(Deviation::of(file, DeviationKind::Certificate, detail));
        }
    }
    if let Some(file) = &provenance.environment_file {
        let digest = contents.files.get(file).map(|file| file.digests.sha256.as_str());
        if digest != Some(provenance.environment_sha256.as_str()) {
            let detail = format!("it is not the environment that {path} names");
            found.push(Deviation::of(file, DeviationKind::Content, detail));
        }
    }
}

fn check_entry(
    path: &str,
    document: &[u8],
    record: &CaptureRecord,
    logs: &BTreeMap<String, BTreeMap<i64, String>>,
    found: &mut Vec<Deviation>,
) {
    let mut wrong = |detail: String| found.push(Deviation::of(path, DeviationKind::Log, detail));
    let Ok(entry) = serde_json::from_slice::<LogDocument>(document) else {
        return wrong("it is no entry of a capture log".to_owned());
    };
    let same = entry.capture_id == record.capture_id
        && entry.final_url == record.final_url
        && entry.body_sha256 == record.body.sha256;
    if !same {
        wrong("it is about another capture, address or other bytes than the record beside it".to_owned());
    }
    let linked = logs.get(&entry.day).and_then(|log| log.get(&entry.ordinal));
    let digest = sha256_hex(document);
    if linked != Some(&digest) {
        let (day, ordinal) = (&entry.day, entry.ordinal);
        wrong(format!("log/{day}.txt does not have its SHA-256 {digest} at place {ordinal}"));
    }
}

/// The digests of each log by place, after checking the links and the tokens over the last.
fn logs(contents: &Contents, found: &mut Vec<Deviation>) -> BTreeMap<String, BTreeMap<i64, String>> {
    let mut logs = BTreeMap::new();
    for path in contents.files.keys() {
        let Some(day) = path.strip_prefix("log/").and_then(|name| name.strip_suffix(".txt")) else {
            continue;
        };
        let text = contents.text(path).unwrap_or_default();
        let mut wrong = |detail: String| found.push(Deviation::of(path, DeviationKind::Log, detail));
        let mut previous: Option<(i64, String)> = None;
        let mut digests = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let Some((ordinal, link)) = read_link(line) else {
                wrong(format!("line {} is not `place digest hash`", index + 1));
                break;
            };
            if let Some((place, before)) = &previous
                && (ordinal != place + 1 || chain::link(before, link.digest) != link.hash)
            {
                wrong(format!("its link {ordinal} does not follow from the one before it"));
                break;
            }
            if previous.is_some() {
                digests.insert(ordinal, link.digest.to_owned());
            }
            previous = Some((ordinal, link.hash.to_owned()));
        }
        let head = previous.map(|(_, hash)| hash).unwrap_or_default();
        for token in contents.files.keys().filter(|name| {
            name.strip_prefix(&format!("log/{day}.")).is_some_and(|rest| rest.ends_with(".tsr"))
        }) {
            let read = timestamp::read(contents.bytes(token).unwrap_or_default());
            let problem = match read {
                Ok(stamp) if stamp.imprint_sha256 == head => continue,
                Ok(stamp) => {
                    format!("it is about SHA-256 {}, the log ends with {head}", stamp.imprint_sha256)
                }
                Err(error) => error.to_string(),
            };
            found.push(Deviation::of(token, DeviationKind::Timestamp, problem));
        }
        logs.insert(day.to_owned(), digests);
    }
    logs
}

fn read_link(line: &str) -> Option<(i64, Link<'_>)> {
    let mut parts = line.split(' ');
    let ordinal = parts.next()?.parse().ok()?;
    let link = Link { digest: parts.next()?, hash: parts.next()? };
    parts.next().is_none().then_some((ordinal, link))
}
