//! Whether what a package says fits together: a package signed by whoever changed it can still contradict itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::contents::Contents;
use super::lists::Lists;
use super::provenance;
use super::warc::{self, Record};
use super::{Deviation, DeviationKind};
use crate::domain::hit::Span;
use crate::evidence::datapackage::DATAPACKAGE;
use crate::evidence::documents::instant;
use crate::evidence::package::{AD_TEXT, ANALYSIS, CUSTODY, INDEX, PAGES, WARC};
use crate::kit::clock::UnixMs;

/// A clock may be wrong by so much before it is a contradiction.
const CLOCK_SLACK_MS: i64 = 86_400_000;
/// What heads and metadata of one record add to the raw bytes, at most.
const RECORD_BYTES: u64 = 1 << 20;

const SHA256_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[derive(Deserialize)]
struct Moment {
    utc: String,
}

#[derive(Deserialize)]
struct CaptureRecord {
    final_url: String,
    #[serde(default)]
    redirects: Vec<RedirectStep>,
    started_at: Moment,
    finished_at: Moment,
    body: Body,
    /// Of a file that people brought: then the times above are as the file has them.
    imported_from: Option<Imported>,
    /// What a browser made of it.
    #[serde(default)]
    rendering: Option<Rendering>,
}

#[derive(Deserialize)]
struct Rendering {
    record: Body,
    parts: Vec<Body>,
    answers: Vec<Answer>,
}

/// An answer to a request of the page, in the archive.
#[derive(Deserialize)]
struct Answer {
    target: String,
    size_bytes: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct RedirectStep {
    url: String,
}

#[derive(Deserialize)]
struct Imported {
    imported_at: Moment,
}

#[derive(Deserialize)]
struct Body {
    file: String,
    size_bytes: u64,
    sha256: String,
    sm3: String,
}

#[derive(Deserialize)]
struct Dated {
    at: Moment,
}

#[derive(Deserialize)]
struct Analysis {
    hits: Vec<AnalysisHit>,
}

#[derive(Deserialize)]
struct AnalysisHit {
    number: usize,
    start: usize,
    end: usize,
    text: String,
    raw: Vec<RawPlace>,
}

#[derive(Deserialize)]
struct RawPlace {
    file: String,
    start: usize,
    end: usize,
}

#[derive(Deserialize)]
struct IndexFields {
    url: String,
    digest: String,
    length: String,
    offset: String,
}

/// Checks times, archive, index and offsets. Files that are named already are not judged again.
pub(super) fn check(
    contents: &Contents,
    lists: &Lists,
    now: Option<UnixMs>,
    deviations: &mut Vec<Deviation>,
) {
    let broken: BTreeSet<String> = deviations.iter().map(|known| known.path.clone()).collect();
    let mut found = Vec::new();
    let sealed_at = lists.package.as_ref().and_then(|package| instant(&package.evidence.sealed_at));
    let captures = captures(contents, &broken, &mut found);
    check_times(contents, &captures, sealed_at, now, &mut found);
    // A capture whose record was changed is named; the archive is not blamed for it.
    if !broken.contains(WARC)
        && !broken.iter().any(|path| path.starts_with("captures/") && path.ends_with(".json"))
    {
        check_archive(contents, &captures, &mut found);
    }
    if !broken.contains(AD_TEXT) {
        check_offsets(contents, &mut found);
    }
    provenance::check(contents, &mut found);
    deviations.extend(found.into_iter().filter(|deviation| !broken.contains(&deviation.path)));
}

fn captures(
    contents: &Contents,
    broken: &BTreeSet<String>,
    found: &mut Vec<Deviation>,
) -> BTreeMap<String, CaptureRecord> {
    let mut captures = BTreeMap::new();
    let paths = contents.files.keys().filter(|path| {
        path.starts_with("captures/")
            && path.ends_with(".json")
            && !path.ends_with(super::LOG_SUFFIX)
            && !path.starts_with(super::ENVIRONMENT_PREFIX)
    });
    for path in paths {
        let read = contents.bytes(path).map(serde_json::from_slice::<CaptureRecord>);
        let Some(Ok(record)) = read else {
            found.push(Deviation::of(path, DeviationKind::Archive, "it is no record of a capture"));
            continue;
        };
        let rendered =
            record.rendering.iter().flat_map(|seen| std::iter::once(&seen.record).chain(&seen.parts));
        for body in std::iter::once(&record.body).chain(rendered) {
            let fits = contents.files.get(&body.file).is_some_and(|file| {
                file.size_bytes == body.size_bytes
                    && file.digests.sha256 == body.sha256
                    && file.digests.sm3 == body.sm3
            });
            if !fits && !broken.contains(&body.file) {
                let detail = format!("its size or digests are not those of {}", body.file);
                found.push(Deviation::of(path, DeviationKind::Archive, detail));
            }
        }
        captures.insert(path.clone(), record);
    }
    captures
}

fn check_times(
    contents: &Contents,
    captures: &BTreeMap<String, CaptureRecord>,
    sealed_at: Option<UnixMs>,
    now: Option<UnixMs>,
    found: &mut Vec<Deviation>,
) {
    let mut backwards =
        |path: &str, detail: String| found.push(Deviation::of(path, DeviationKind::Time, detail));
    let Some(sealed_at) = sealed_at else { return };
    if let Some(now) = now.filter(|now| sealed_at > now.plus_ms(CLOCK_SLACK_MS)) {
        backwards(
            DATAPACKAGE,
            format!("it was sealed at {}, but now it is {}", sealed_at.rfc3339(), now.rfc3339()),
        );
    }
    for (path, capture) in captures {
        let (began, ended) = match &capture.imported_from {
            Some(imported) => (instant(&imported.imported_at.utc), instant(&imported.imported_at.utc)),
            None => (instant(&capture.started_at.utc), instant(&capture.finished_at.utc)),
        };
        match (began, ended) {
            (Some(began), Some(ended)) if began <= ended && ended <= sealed_at => {}
            _ => backwards(
                path,
                format!(
                    "begun {}, ended {}, sealed {}: times run backwards or cannot be read",
                    capture.started_at.utc,
                    capture.finished_at.utc,
                    sealed_at.rfc3339()
                ),
            ),
        }
    }
    for path in [CUSTODY, "record/decisions.json"] {
        let Some(bytes) = contents.bytes(path) else { continue };
        let Ok(events) = serde_json::from_slice::<Vec<Dated>>(bytes) else {
            backwards(path, "it is no list of events".to_owned());
            continue;
        };
        let times: Vec<Option<UnixMs>> = events.iter().map(|event| instant(&event.at.utc)).collect();
        let ordered = times.windows(2).all(|pair| pair[0] <= pair[1]);
        let in_time = times.iter().all(|at| at.is_some_and(|at| at <= sealed_at));
        if !ordered || !in_time {
            backwards(
                path,
                format!(
                    "its events are not in the order of time up to the sealing at {}",
                    sealed_at.rfc3339()
                ),
            );
        }
    }
}

fn check_archive(
    contents: &Contents,
    captures: &BTreeMap<String, CaptureRecord>,
    found: &mut Vec<Deviation>,
) {
    let mut wrong =
        |path: &str, detail: String| found.push(Deviation::of(path, DeviationKind::Archive, detail));
    let Some(archive) = contents.open(WARC) else { return };
    let answers = answers(captures);
    let raw_bytes: u64 =
        captures.values().map(|capture| capture.body.size_bytes).sum::<u64>() + answers.values().sum::<u64>();
    let n_redirects: usize = captures.values().map(|capture| capture.redirects.len()).sum();
    let n_expected = captures.len() * 3 + n_redirects + answers.len() + 2;
    let records = match warc::records(archive, raw_bytes + RECORD_BYTES * n_expected as u64) {
        Ok(records) => records,
        Err(problem) => return wrong(WARC, problem),
    };
    let is_content = |record: &&Record| {
        // What people brought may be named by a URN too.
        let is_beside = record.url.starts_with("urn:text:") || record.url.starts_with("urn:answer:");
        record.kind == "response" || (record.kind == "resource" && !is_beside)
    };
    let responses: Vec<&Record> = records.iter().filter(is_content).collect();
    let n_answers = answers.keys().filter(|(target, _)| !target.starts_with("urn:answer:")).count();
    if responses.len() != captures.len() + n_redirects + n_answers || records.len() > n_expected {
        wrong(
            WARC,
            format!(
                "{} responses for {} captures with {n_redirects} redirects and {n_answers} answers",
                responses.len(),
                captures.len()
            ),
        );
    }
    let there: BTreeSet<(&str, &str)> =
        records.iter().map(|record| (record.url.as_str(), record.payload_sha256.as_str())).collect();
    for (target, sha256) in answers.keys().filter(|(target, sha256)| !there.contains(&(*target, *sha256))) {
        wrong(WARC, format!("it has no answer of {target} with SHA-256 {sha256}"));
    }
    for (path, capture) in captures {
        let is_it = |record: &&&Record| {
            record.url == capture.final_url && record.payload_sha256 == capture.body.sha256
        };
        if responses.iter().find(is_it).is_none() {
            wrong(WARC, format!("it has no response of {} with the bytes of {path}", capture.final_url));
        }
    }
    check_index(contents, &responses, &mut wrong);
}

/// What the archive must hold beside the captures themselves, each once: address, SHA-256 and size.
fn answers(captures: &BTreeMap<String, CaptureRecord>) -> BTreeMap<(&str, &str), u64> {
    // The captures themselves, with the redirects that led to them, have records of their own.
    let mut own: BTreeSet<(&str, &str)> =
        captures.values().map(|capture| (capture.final_url.as_str(), capture.body.sha256.as_str())).collect();
    let steps = captures.values().flat_map(|capture| &capture.redirects);
    own.extend(steps.map(|step| (step.url.as_str(), SHA256_OF_NOTHING)));
    let rendered = captures.values().filter_map(|capture| capture.rendering.as_ref());
    let listed = rendered.flat_map(|rendering| &rendering.answers);
    listed
        .map(|answer| ((answer.target.as_str(), answer.sha256.as_str()), answer.size_bytes))
        .filter(|(named, _)| !own.contains(named))
        .collect()
}

fn check_index(contents: &Contents, responses: &[&Record], wrong: &mut impl FnMut(&str, String)) {
    let mut indexed: Vec<(u64, u64, String, String)> = Vec::new();
    let text = contents.text(INDEX).unwrap_or_default();
    for (number, line) in text.lines().enumerate() {
        let fields =
            line.splitn(3, ' ').nth(2).and_then(|json| serde_json::from_str::<IndexFields>(json).ok());
        let read = fields.and_then(|fields| {
            Some((fields.offset.parse().ok()?, fields.length.parse().ok()?, fields.url, fields.digest))
        });
        match read {
            Some(entry) => indexed.push(entry),
            None => wrong(INDEX, format!("line {} cannot be read", number + 1)),
        }
    }
    let mut expected: Vec<(u64, u64, String, String)> = responses
        .iter()
        .map(|record| {
            (
                record.offset,
                record.size_bytes,
                record.url.clone(),
                format!("sha256:{}", record.payload_sha256),
            )
        })
        .collect();
    indexed.sort_unstable();
    expected.sort_unstable();
    if indexed != expected {
        wrong(
            INDEX,
            format!("its {} lines do not name the {} responses of {WARC}", indexed.len(), expected.len()),
        );
    }
    let known: BTreeSet<&str> = responses.iter().map(|record| record.url.as_str()).collect();
    let pages = contents.text(PAGES).unwrap_or_default();
    for line in pages.lines().skip(1) {
        let url = serde_json::from_str::<serde_json::Value>(line).ok();
        let url = url.as_ref().and_then(|page| page.get("url")?.as_str());
        if !url.is_some_and(|url| known.contains(url)) {
            wrong(PAGES, format!("it lists {url:?}, which the archive does not have"));
        }
    }
}

/// Whether the analysis quotes the words to which it points.
fn check_offsets(contents: &Contents, found: &mut Vec<Deviation>) {
    let mut wrong = |detail: String| found.push(Deviation::of(ANALYSIS, DeviationKind::Analysis, detail));
    let (Some(analysis), Some(text)) = (contents.bytes(ANALYSIS), contents.bytes(AD_TEXT)) else { return };
    let Ok(analysis) = serde_json::from_slice::<Analysis>(analysis) else {
        return wrong("it is no analysis of this form".to_owned());
    };
    let text = String::from_utf8_lossy(text);
    for hit in &analysis.hits {
        let span = Span { start: hit.start, end: hit.end };
        if span.of(&text) != hit.text {
            let (start, end) = (hit.start, hit.end);
            wrong(format!("hit {} quotes other words than stand at {start}–{end} of {AD_TEXT}", hit.number));
        }
        for place in &hit.raw {
            let size = contents.files.get(&place.file).map_or(0, |file| file.size_bytes);
            if place.start >= place.end || place.end as u64 > size {
                let (start, end) = (place.start, place.end);
                wrong(format!(
                    "hit {} points to {start}–{end} of {}, which has {size} bytes",
                    hit.number, place.file
                ));
            }
        }
    }
}
