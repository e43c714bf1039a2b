//! A batch of records: bytes into the vault, then read and judge them side by side, then one transaction.

use bytes::Bytes;
use futures::future::try_join_all;

use super::{FileReport, Import, Result};
use crate::app::campaigns::with_pictures;
use crate::app::crawl::url_host;
use crate::app::id_of;
use crate::domain::ad::{AdDraft, AdId};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange, Imported};
use crate::domain::picture::PictureReading;
use crate::domain::run::{RunCounts, RunOutcome};
use crate::judge::Scratch;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;
use crate::kit::problem::Problem;
use crate::picture::attach;
use crate::source::CapturedPage;
use crate::source::import::{BadRecord, Content, Media, Record, Report, Saved, Words, media_of, read_saved};
use crate::store::import::Reporter;
use crate::store::page::{PageRecord, PageRecorded, SeenAd};

/// Code of the note that the words in a picture were not read.
pub(super) use crate::source::import::WORDS_NOT_READ;

/// The format of files that are pictures themselves.
const PICTURE_FORMAT: &str = "image";

pub(super) type Batch = Vec<std::result::Result<Record, BadRecord>>;

/// The file that carries the records.
pub(super) struct Carrier {
    name: String,
    format: &'static str,
    file: BlobRef,
    imported_at: UnixMs,
}

/// A record whose bytes are safe.
struct Kept {
    place: String,
    capture: Capture,
    content: KeptContent,
}

enum KeptContent {
    /// The body of an answer, to be read.
    Answer(Bytes),
    /// A picture with what was read in it.
    Picture(Bytes, Box<PictureReading>),
    /// Words that were read already.
    Words(Box<Words>),
}

/// A record that was read and judged.
struct Judged {
    page: PageRecord,
    place: String,
    outcome: RunOutcome,
    problems: Vec<Problem>,
}

impl Carrier {
    pub(super) fn new(import: &Import<'_>, name: &str, format: &'static str, file: BlobRef) -> Self {
        Self { name: name.to_owned(), format, file, imported_at: import.now }
    }

    fn imported(&self, place: &str) -> Imported {
        Imported {
            file_name: self.name.clone(),
            file_sha256: self.file.digests.sha256.clone(),
            format: self.format.to_owned(),
            place: place.to_owned(),
            imported_at: self.imported_at,
        }
    }

    /// An exchange that no host took part in, for bytes with this digest.
    fn exchange(&self, sha256: &str, content_type: Option<&str>, place: &str) -> Exchange {
        let url = format!("urn:sha256:{sha256}");
        let header = content_type.map(|value| ("content-type".to_owned(), value.to_owned()));
        Exchange {
            requested_url: url.clone(),
            final_url: url,
            request_headers: Vec::new(),
            status: 0,
            http_version: String::new(),
            response_headers: header.into_iter().collect(),
            redirects: Vec::new(),
            remote_addr: String::new(),
            started_at: self.imported_at,
            finished_at: self.imported_at,
            imported: Some(self.imported(place)),
            provenance: None,
            robots_override: None,
        }
    }
}

impl Import<'_> {
    /// Keeps, reads, judges and records a batch.
    pub(super) async fn batch(
        &self,
        carrier: &Carrier,
        batch: Batch,
        report: &mut FileReport,
        counts: &mut RunCounts,
        addresses: &mut Vec<String>,
    ) -> Result<()> {
        let mut reporters = Vec::new();
        let mut keeping = Vec::new();
        for item in batch {
            match item {
                Err(bad) => self.problem(report, &bad.place, bad.problem),
                Ok(Record { content: Content::Address(url), .. }) => {
                    report.n_records += 1;
                    addresses.push(url);
                }
                Ok(Record { place, content: Content::Saved(saved) }) => {
                    let content_type = header(&saved, "content-type");
                    if media_of(saved.status, content_type, &saved.body) == Media::Other {
                        report.n_passed_over += 1;
                    } else {
                        report.n_records += 1;
                        keeping.push((place, KeepingContent::Answer(saved)));
                    }
                }
                Ok(Record { place, content: Content::Words(words) }) => {
                    report.n_records += 1;
                    keeping.push((place, KeepingContent::Words(words)));
                }
                Ok(Record { place, content: Content::Report(said) }) => {
                    report.n_records += 1;
                    keeping.push((place, KeepingContent::Report(said)));
                }
            }
        }
        // Bytes first, row second: see the module text of the crawl.
        let kept =
            try_join_all(keeping.into_iter().map(|(place, content)| self.keep(carrier, place, content)))
                .await?;
        let mut records = Vec::with_capacity(kept.len());
        for (kept, reporter) in kept {
            records.push(kept);
            reporters.extend(reporter);
        }
        report.n_reporters += reporters.len() as u64;
        let judged = tokio::task::block_in_place(|| self.judge_all(records));
        let mut pages = Vec::with_capacity(judged.len());
        for Judged { page, place, outcome, problems } in judged {
            self.count(report, counts, &page, &outcome);
            for problem in problems {
                match problem.code.as_str() {
                    WORDS_NOT_READ => report.n_pictures += 1,
                    // What a page says about itself, as a crawl logs it.
                    "slot-only" | "charset-mismatch" | "charset" | "content-encoding" => {
                        tracing::debug!(file = report.name, place, "{problem}");
                    }
                    _ => self.problem(report, &place, problem),
                }
            }
            if !matches!(outcome, RunOutcome::Ok | RunOutcome::Empty | RunOutcome::SlotOnly) {
                self.problem(report, &place, Problem::new(outcome.name(), outcome.describe()));
            }
            pages.push(page);
        }
        let pages = merged(pages);
        let with_pictures: Vec<AdId> = pages
            .iter()
            .flat_map(|page| &page.ads)
            .filter(|ad| !ad.pictures.is_empty())
            .map(|ad| ad.id.clone())
            .collect();
        let recorded = self.app.store.record_pages(&pages).await?;
        for id in &with_pictures {
            // One that was kept before its words could be read has more to judge now.
            let is_new = self.app.renew_from_pictures(id, self.now).await?;
            report.n_new_findings += u64::from(is_new == Some(true));
        }
        self.app.store.record_reporters(&reporters).await?;
        report.count_recorded(&recorded, counts);
        Ok(())
    }

    async fn keep(
        &self,
        carrier: &Carrier,
        place: String,
        content: KeepingContent,
    ) -> Result<(Kept, Option<Reporter>)> {
        let (exchange, body, content, identity) = match content {
            KeepingContent::Answer(saved) => {
                let (exchange, body) = self.answer(carrier, &place, *saved);
                let blob = self.app.vault.put(body.clone()).await?;
                let media = media_of(exchange.status, exchange.response_header("content-type"), &body);
                if media == Media::Picture {
                    // Archives hold hundreds of pictures: the worker reads the words in them.
                    let later = carrier.format != PICTURE_FORMAT;
                    let reading = self.app.picture(&blob, body.clone(), later).await?;
                    (exchange, blob, KeptContent::Picture(body, Box::new(reading)), None)
                } else {
                    (exchange, blob, KeptContent::Answer(body), None)
                }
            }
            KeepingContent::Words(words) => {
                let sha256 = &carrier.file.digests.sha256;
                (carrier.exchange(sha256, None, ""), carrier.file.clone(), KeptContent::Words(words), None)
            }
            KeepingContent::Report(said) => {
                let Report { words, row, reporter } = *said;
                let blob = self.app.vault.put(Bytes::from(row)).await?;
                let content_type = "text/csv; charset=utf-8";
                let exchange = carrier.exchange(&blob.digests.sha256, Some(content_type), &place);
                (exchange, blob, KeptContent::Words(Box::new(words)), Some(reporter))
            }
        };
        let capture = Capture {
            id: self.capture_id(&exchange, &body),
            source_id: self.source.id.clone(),
            run_id: self.run_id.clone(),
            purpose: CapturePurpose::Page,
            parent_id: None,
            exchange,
            body,
        };
        let reporter = identity
            .filter(|identity| !identity.is_empty())
            .map(|identity| Reporter { capture_id: capture.id.clone(), identity });
        Ok((Kept { place, capture, content }, reporter))
    }

    fn answer(&self, carrier: &Carrier, place: &str, saved: Saved) -> (Exchange, Bytes) {
        let Saved { url, saved_at, status, http_version, headers, remote_addr, body } = saved;
        let sha256 = if url.is_none() { sha256_hex(&body) } else { String::new() };
        let mut exchange = carrier.exchange(&sha256, None, place);
        if let Some(url) = url {
            exchange.requested_url.clone_from(&url);
            exchange.final_url = url;
        }
        // A file cannot have been saved after it was imported; a clock that says so was wrong.
        let at = saved_at.filter(|at| at.0 > 0 && *at <= self.now).unwrap_or(self.now);
        (exchange.started_at, exchange.finished_at) = (at, at);
        exchange.status = if http_version.is_empty() { 0 } else { status };
        exchange.http_version = http_version;
        exchange.response_headers = headers;
        exchange.remote_addr = remote_addr;
        (exchange, Bytes::from(body))
    }

    /// Named by source, content and where it comes from, so that the same record is the same capture every time.
    fn capture_id(&self, exchange: &Exchange, body: &BlobRef) -> CaptureId {
        let imported = exchange.imported.as_ref();
        let is_answer = exchange.status != 0;
        let key = [
            self.source.id.as_str(),
            &body.digests.sha256,
            &exchange.final_url,
            &if is_answer { exchange.finished_at.0.to_string() } else { String::new() },
            imported.filter(|_| !is_answer).map_or("", |imported| &imported.file_sha256),
            imported.filter(|_| !is_answer).map_or("", |imported| &imported.place),
        ];
        let digest = sha256_hex(key.join("\n").as_bytes());
        id_of(&format!("imp-{}", &digest[..32]))
    }

    /// Reads and judges on every processor.
    fn judge_all(&self, records: Vec<Kept>) -> Vec<Judged> {
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        let n_each = records.len().div_ceil(n_threads).max(1);
        let mut records = records.into_iter();
        std::thread::scope(|scope| {
            let threads: Vec<_> = std::iter::from_fn(|| {
                let share: Vec<Kept> = records.by_ref().take(n_each).collect();
                (!share.is_empty()).then_some(share)
            })
            .map(|share| {
                scope.spawn(move || {
                    let mut scratch = Scratch::default();
                    share.into_iter().map(|kept| self.judge(kept, &mut scratch)).collect::<Vec<_>>()
                })
            })
            .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    fn judge(&self, kept: Kept, scratch: &mut Scratch) -> Judged {
        let Kept { place, capture, content } = kept;
        let mut pictures = Vec::new();
        let (drafts, page_url, outcome, problems) = match content {
            KeptContent::Picture(body, read) => {
                let mut reading = read_saved(&CapturedPage::new(&capture.exchange, &body));
                reading.problems.extend(read.problems.iter().cloned());
                if read.is_waiting() {
                    let message = "the picture is kept; the words in it wait to be read";
                    reading.problems.push(Problem::new(WORDS_NOT_READ, message));
                }
                pictures.push((capture.body.digests.sha256.clone(), *read));
                for draft in &mut reading.drafts {
                    attach(draft, &pictures);
                }
                (reading.drafts, None, reading.outcome, reading.problems)
            }
            KeptContent::Answer(body) => {
                let reading =
                    read_saved(&CapturedPage::new(&capture.exchange, &body).with_filters(self.app.filters()));
                (reading.drafts, None, reading.outcome, reading.problems)
            }
            KeptContent::Words(words) => (vec![words.draft], words.page_url, RunOutcome::Ok, Vec::new()),
        };
        let host = url_host(page_url.as_deref().unwrap_or(&capture.exchange.final_url));
        let ads = drafts.into_iter().map(|draft| {
            let draft = self.completed(draft);
            let mut seen = self.app.see(draft, &self.source, &capture, host.as_deref(), scratch);
            if let Some(url) = &page_url {
                seen.sighting.page_url.clone_from(url);
            }
            with_pictures(seen, &pictures)
        });
        let page = PageRecord { ads: ads.collect(), capture, now: self.now };
        Judged { page, place, outcome, problems }
    }

    /// What a person said about all records, where a record says nothing itself.
    fn completed(&self, draft: AdDraft) -> AdDraft {
        AdDraft {
            publisher: draft.publisher.or_else(|| self.request.publisher.clone()),
            published_at: draft.published_at.or(self.request.published_at),
            ..draft
        }
    }

    pub(super) fn count(
        &self,
        report: &mut FileReport,
        counts: &mut RunCounts,
        page: &PageRecord,
        outcome: &RunOutcome,
    ) {
        counts.n_pages += 1;
        counts.n_failed +=
            u32::from(!matches!(outcome, RunOutcome::Ok | RunOutcome::Empty | RunOutcome::SlotOnly));
        counts.n_sightings += u32::try_from(page.ads.len()).unwrap_or(u32::MAX);
        report.n_ads += page.ads.len() as u64;
        for (assessment, hits) in page.ads.iter().filter_map(|ad| ad.judgement.as_ref()) {
            counts.n_hits += u32::try_from(hits.len()).unwrap_or(u32::MAX);
            counts.n_cleared += u32::from(!assessment.flagged && !hits.is_empty());
            report.n_flagged += u64::from(assessment.flagged);
        }
    }
}

enum KeepingContent {
    Answer(Box<Saved>),
    Words(Box<Words>),
    Report(Box<Report>),
}

fn header<'a>(saved: &'a Saved, name: &str) -> Option<&'a str> {
    saved.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Pages of one capture as one page: the rows of a file share its capture.
fn merged(pages: Vec<PageRecord>) -> Vec<PageRecord> {
    let mut merged: Vec<PageRecord> = Vec::with_capacity(pages.len());
    for page in pages {
        match merged.last_mut() {
            Some(last) if last.capture.id == page.capture.id => last.ads.extend::<Vec<SeenAd>>(page.ads),
            _ => merged.push(page),
        }
    }
    merged
}

impl FileReport {
    /// Adds what a transaction wrote to the report of the file and the counts of its run.
    pub(super) fn count_recorded(&mut self, recorded: &PageRecorded, counts: &mut RunCounts) {
        self.n_new_ads += u64::from(recorded.n_new_ads);
        self.n_new_findings += u64::from(recorded.n_new_findings);
        self.n_new_sightings += u64::from(recorded.n_sightings);
        counts.n_new_ads += recorded.n_new_ads;
        counts.n_new_findings += recorded.n_new_findings;
    }
}
