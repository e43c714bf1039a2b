//! Importing files that people bring: keep the bytes, read, judge, queue, on the same path as a crawl.
//!
//! A file of any size goes through in batches of bounded size. Captures are named by what they contain, so that
//! importing a file again, also after a process was killed in the middle, adds nothing twice.

mod batch;
mod fetch;
mod file;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::finding::FindingId;
use crate::domain::run::{CrawlRun, RunCounts, RunId, RunOutcome};
use crate::domain::source::{Source, SourceId, SourceKind};
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;
use crate::source::import::{ColumnMap, Field, READERS, Reader, reader};

use super::error::{Error, Result};
use super::{App, new_id};

/// The source of files for which none is named.
pub const DEFAULT_SOURCE: &str = "import";

/// What to import, as a person says it.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// For which source; made when there is none of this name.
    pub source: Option<String>,
    /// What people call the source, when it is made.
    pub title: Option<String>,
    /// Format of the files by name; told from each file when it is not said.
    pub format: Option<String>,
    /// Which column holds what.
    pub columns: ColumnMap,
    /// Who published, for records that do not say: the station of a transcript.
    pub publisher: Option<String>,
    /// When it was published, for records that do not say.
    pub published_at: Option<UnixMs>,
    /// Whether addresses in the files are fetched.
    pub fetch: bool,
    /// Origins that may be reached although not public.
    pub allowed_origins: Vec<String>,
}

/// What happens during an import; for progress bars and logs.
#[derive(Debug, Clone)]
pub enum ImportEvent {
    /// A file was opened.
    Opened {
        /// Its name.
        file: String,
        /// Its format.
        format: &'static str,
        /// Which heading is taken for which field, for tables.
        columns: Vec<(Field, String)>,
    },
    /// How much of the file was read.
    Progress {
        /// Its name.
        file: String,
        /// Bytes read.
        n_bytes: u64,
        /// Bytes in all.
        size_bytes: u64,
        /// Records so far.
        n_records: u64,
    },
    /// A record, or the file, could not be read.
    Problem {
        /// The file.
        file: String,
        /// Where in it; empty for the file itself.
        place: String,
        /// What is wrong.
        problem: Problem,
    },
}

/// What came of one file.
#[derive(Debug, Clone, Default)]
pub struct FileReport {
    /// Its name, without its folder.
    pub name: String,
    /// Its format; `None` when it was not recognized.
    pub format: Option<&'static str>,
    /// Records that were read.
    pub n_records: u64,
    /// Answers in archives that hold nothing to judge: scripts, styles, redirects.
    pub n_passed_over: u64,
    /// Ads and posts in them.
    pub n_ads: u64,
    /// Ads never seen before.
    pub n_new_ads: u64,
    /// Sightings never recorded before.
    pub n_new_sightings: u64,
    /// Ads that were flagged, whether new or not.
    pub n_flagged: u64,
    /// Findings that are new in the queue.
    pub n_new_findings: u64,
    /// Pictures, also pages of a PDF, whose words were not read.
    pub n_pictures: u64,
    /// Addresses that were found and not fetched.
    pub n_unfetched: u64,
    /// Records that tell who reported; kept apart.
    pub n_reporters: u64,
    /// Records that could not be read.
    pub n_problems: u64,
    /// Why the file could not be read at all.
    pub failed: Option<Problem>,
}

/// What came of an import.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// The run it is recorded as.
    pub run: CrawlRun,
    /// Each file, in the order given.
    pub files: Vec<FileReport>,
}

/// Receives what happens.
pub type OnEvent<'a> = &'a (dyn Fn(ImportEvent) + Sync);

/// Every format that can be imported.
pub fn formats() -> &'static [Reader] {
    READERS
}

/// One import while it lasts.
struct Import<'a> {
    app: &'a App,
    source: Source,
    run_id: RunId,
    request: &'a ImportRequest,
    reader: Option<&'static Reader>,
    now: UnixMs,
    on_event: OnEvent<'a>,
}

impl App {
    /// Imports files one after the other. What is wrong with a file or a record is in the report and goes to
    /// `on_event`; the rest is imported.
    ///
    /// # Errors
    /// `Invalid` when the request is wrong; `Internal` when database or vault fail.
    pub async fn import(&self, request: &ImportRequest, on_event: OnEvent<'_>) -> Result<ImportReport> {
        let reader = match request.format.as_deref() {
            None => None,
            Some(name) => Some(reader(name).ok_or_else(|| {
                let known: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
                Error::invalid("as", format!("`{name}` is no format; use one of {}", known.join(", ")))
            })?),
        };
        let source = self.source_of_import(request).await?;
        self.close_killed_runs(&source.id).await?;
        let run_id: RunId = new_id();
        let started_at = self.clock.now();
        self.store.open_run(&run_id, &source.id, started_at).await?;
        let import =
            Import { app: self, source, run_id: run_id.clone(), request, reader, now: started_at, on_event };
        let mut files = Vec::new();
        let mut counts = RunCounts::default();
        for path in &request.paths {
            files.push(import.file(path, &mut counts).await?);
        }
        let outcome = outcome(&files);
        let finished_at = self.clock.now();
        self.store.finish_run(&run_id, &outcome, &counts, finished_at).await?;
        let source_id = import.source.id.clone();
        tracing::info!(source.id = %source_id, run.id = %run_id, outcome = outcome.name(), n_files = files.len(),
            "imported {} files for source {source_id}", files.len());
        let run = CrawlRun {
            id: run_id,
            source_id,
            started_at,
            finished_at: Some(finished_at),
            outcome: Some(outcome),
            counts,
        };
        Ok(ImportReport { run, files })
    }

    /// Who reported the ad of a finding, each value masked: enough to tell reports apart, not to tell who it was.
    ///
    /// # Errors
    /// `NotFound` when there is no such finding.
    pub async fn masked_reporters(&self, id: &FindingId) -> Result<Vec<Vec<(String, String)>>> {
        let ad = self.finding(id).await?.ad.id;
        let reporters = self.store.reporters_of(&[ad]).await?;
        let masked = |(heading, value): (String, String)| (heading, mask(&value));
        Ok(reporters
            .into_iter()
            .map(|reporter| reporter.identity.into_iter().map(masked).collect())
            .collect())
    }

    async fn source_of_import(&self, request: &ImportRequest) -> Result<Source> {
        let name = request.source.as_deref().unwrap_or(DEFAULT_SOURCE);
        let id = SourceId::parse(name).map_err(|error| Error::invalid("source", error.to_string()))?;
        if let Some(source) = self.store.source(&id).await? {
            return Ok(source);
        }
        let title = request
            .title
            .clone()
            .unwrap_or_else(|| if name == DEFAULT_SOURCE { "导入文件".to_owned() } else { name.to_owned() });
        let source = Source {
            id,
            kind: SourceKind::Import,
            title,
            url: "file import".to_owned(),
            settings: Default::default(),
            schedule: None,
            allowed_origins: Vec::new(),
            enabled: false,
            created_at: self.clock.now(),
        };
        self.store.add_source(&source).await?;
        Ok(source)
    }
}

impl Import<'_> {
    fn problem(&self, report: &mut FileReport, place: &str, problem: Problem) {
        report.n_problems += 1;
        self.tell(&report.name, place, problem);
    }

    fn tell(&self, file: &str, place: &str, problem: Problem) {
        // A table without headings shows its first row here, which may tell a reporter.
        if problem.code != "no-column" {
            tracing::info!(file, place, "{problem}");
        }
        (self.on_event)(ImportEvent::Problem { file: file.to_owned(), place: place.to_owned(), problem });
    }

    fn progress(&self, report: &FileReport, n_read: &AtomicU64, size_bytes: u64) {
        (self.on_event)(ImportEvent::Progress {
            file: report.name.clone(),
            n_bytes: n_read.load(Ordering::Relaxed).min(size_bytes),
            size_bytes,
            n_records: report.n_records,
        });
    }
}

fn outcome(files: &[FileReport]) -> RunOutcome {
    let n_failed: u64 = files.iter().map(|file| file.n_problems + u64::from(file.failed.is_some())).sum();
    let n_failed = u32::try_from(n_failed).unwrap_or(u32::MAX);
    match (files.iter().any(|file| file.n_records > 0), n_failed) {
        (true, 0) => RunOutcome::Ok,
        (false, 0) => RunOutcome::Empty,
        _ => RunOutcome::Partial { n_failed },
    }
}

/// `张三丰` as `张**`, `13800001234` as `138****1234`; of anything else the first character.
fn mask(value: &str) -> String {
    let chars: Vec<char> = value.chars().collect();
    let n_digits = chars.iter().filter(|c| c.is_ascii_digit()).count();
    let shown = |range: std::ops::Range<usize>| chars[range].iter().collect::<String>();
    if n_digits >= 7 && chars.len() >= 9 {
        return format!("{}****{}", shown(0..3), shown(chars.len() - 4..chars.len()));
    }
    format!("{}{}", shown(0..chars.len().min(1)), "*".repeat(chars.len().saturating_sub(1).min(8)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn masked_values_tell_reports_apart_and_not_who_it_was() {
        let cases = [
            ("13800001234", "138****1234"),
            ("张三丰", "张**"),
            ("", ""),
            ("a", "a"),
            ("6222021", "6******"),
        ];
        for (value, masked) in cases {
            assert_eq!(super::mask(value), masked, "{value}");
        }
    }
}
