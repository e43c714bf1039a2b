//! Crawling one source: fetch, keep the bytes, read, judge, queue — in this order.
//!
//! What a run still has to fetch is in the database beside what it found, and both change in one transaction, written
//! after the bytes are safe in the vault. A process killed at any point leaves at most unreferenced blobs and an
//! unfinished run; the next crawl of the source goes on with it.

mod canonical;
mod look;
mod progress;
mod run;
mod silence;
#[cfg(test)]
mod tests;

use crate::domain::ad::{AdDraft, AdId, Sighting};
use crate::domain::capture::{Capture, CapturePurpose};
use crate::domain::run::{CrawlRun, RunId, RunOutcome};
use crate::domain::source::{Source, SourceId};
use crate::group::fingerprint;
use crate::judge::{Judgement, Scratch, Setting};
use crate::source::Target;
use crate::store::group::Marks;
use crate::store::page::SeenAd;

use super::App;
use super::error::{Error, Result};
use super::new_id;
use progress::Progress;
use run::Run;

pub(super) use look::request_for;

/// Pages behind one flagged ad that are captured at most.
const MAX_LANDINGS_PER_AD: usize = 3;

/// Links to these open a chat in an app: they are contacts of the advertiser, and there is no page behind them.
const MESSENGERS: &[&str] = &["t.me", "telegram.me", "wa.me", "u.wechat.com", "weixin.qq.com", "qm.qq.com"];

/// An unfinished run older than this is closed and not resumed: its lists are of another day.
const RESUMABLE_MS: i64 = 24 * 3_600_000;

/// How a source is crawled when not in the usual way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrawlOptions {
    /// Starts over also when a killed process left a run unfinished.
    pub fresh: bool,
    /// Asks also for pages that seldom change and were seen lately.
    pub everything: bool,
}

/// What happens while a source is crawled; for progress bars and logs.
#[derive(Debug, Clone)]
pub enum CrawlEvent {
    /// A run that was interrupted goes on.
    Resumed {
        /// Pages that it had done.
        n_done: u64,
    },
    /// More pages are known to be fetched: how many are done, how many are known in all.
    Progress {
        /// Fetched or failed.
        n_done: u64,
        /// Known so far.
        n_known: u64,
    },
    /// A page could not be read.
    PageFailed {
        /// Its address.
        url: String,
        /// Why.
        outcome: RunOutcome,
    },
}

impl App {
    /// Crawls one source, or goes on with a run of it that was interrupted, and closes the run, whatever happens to
    /// single pages.
    ///
    /// Whoever crawls a source that another process is crawling takes the run over; the other then stops, and what it
    /// gives has no outcome.
    ///
    /// # Errors
    /// `NotFound` when there is no such source; `Internal` when the database or the vault fails. Failures of
    /// pages are outcomes of the run.
    pub async fn crawl_source(
        &self,
        id: &SourceId,
        options: CrawlOptions,
        on_event: &(dyn Fn(CrawlEvent) + Sync),
    ) -> Result<CrawlRun> {
        let source = self.source(id).await?;
        let connector = self.connector(&source.kind)?;
        let holder = uuid::Uuid::now_v7().simple().to_string();
        let now = self.clock.now();
        let resumed = if options.fresh {
            None
        } else {
            self.store.take_over_run(id, &holder, now.plus_ms(-RESUMABLE_MS)).await?
        };
        let mut run = match resumed {
            Some(open) => {
                on_event(CrawlEvent::Resumed { n_done: open.n_done });
                tracing::info!(source.id = %id, run.id = %open.run.id, n_done = open.n_done, "goes on with a run");
                Run::resumed(self, &source, connector, holder, open)
            }
            None => {
                self.close_killed_runs(id).await?;
                let run_id: RunId = new_id();
                self.store.open_held_run(&run_id, id, &holder, now).await?;
                Run::new(self, &source, connector, holder, run_id, now)
            }
        };
        run.options = options;
        let ended = run.go_on(on_event).await?;
        let Run { id: run_id, started_at, progress, .. } = run;
        let mut crawl_run = CrawlRun {
            id: run_id,
            source_id: id.clone(),
            started_at,
            finished_at: None,
            outcome: None,
            counts: progress.counts,
        };
        if !ended {
            tracing::info!(source.id = %id, run.id = %crawl_run.id, "another process goes on with this run");
            return Ok(crawl_run);
        }
        let outcome = progress.outcome();
        let finished_at = self.clock.now();
        self.store.finish_run(&crawl_run.id, &outcome, &progress.counts, finished_at).await?;
        tracing::info!(source.id = %id, run.id = %crawl_run.id, outcome = outcome.name(),
            n_pages = progress.counts.n_pages, "crawled source {id}: {}", outcome.describe());
        (crawl_run.finished_at, crawl_run.outcome) = (Some(finished_at), Some(outcome));
        self.tell_of_silence(&source, &crawl_run).await?;
        Ok(crawl_run)
    }

    pub(super) fn see(
        &self,
        draft: AdDraft,
        source: &Source,
        capture: &Capture,
        host: Option<&str>,
        scratch: &mut Scratch,
    ) -> SeenAd {
        let id: AdId = fingerprint(&draft);
        let Judgement { hits, assessment, problems } =
            self.judge.judge(&draft, &Setting { publisher_host: host }, scratch);
        for problem in problems {
            tracing::debug!(ad.id = %id, "{problem}");
        }
        let sighting = Sighting {
            ad_id: id.clone(),
            capture_id: capture.id.clone(),
            source_id: capture.source_id.clone(),
            page_url: capture.exchange.final_url.clone(),
            locator: draft.locator.clone(),
            seen_at: capture.exchange.finished_at,
        };
        let alert = self.alert(source, &id, &draft, &assessment, &hits, sighting.seen_at);
        let (contacts, marks) = if assessment.flagged {
            let contacts = self.contact_finder.find(&draft);
            let marks = self.marks(&draft, &contacts, &sighting.page_url);
            (contacts, marks)
        } else {
            (Vec::new(), Marks::default())
        };
        let judgement = Some((assessment, hits));
        SeenAd { id, draft, sighting, judgement, contacts, pictures: Vec::new(), marks, alert }
    }

    /// Closes runs of this source that a killed process left open, so that reports do not count them as running.
    pub(super) async fn close_killed_runs(&self, id: &SourceId) -> Result<()> {
        let now = self.clock.now();
        for run in self.store.unfinished_runs(now).await? {
            if run.source_id == *id {
                let why = "the process ended before the run did".to_owned();
                self.store.finish_run(&run.id, &RunOutcome::Network { why }, &run.counts, now).await?;
            }
        }
        Ok(())
    }

    /// The source of this name.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn source(&self, id: &SourceId) -> Result<Source> {
        self.store.source(id).await?.ok_or_else(|| Error::NotFound { kind: "source", id: id.to_string() })
    }
}

/// Where flagged ads lead outside the site they stand on; posts and articles name it only in their links.
fn pages_behind(ads: &[SeenAd], page_url: &str) -> Vec<Target> {
    let origin = |url: &str| url::Url::parse(url).ok().map(|url| url.origin());
    let own = origin(page_url);
    let leaves = |url: &&str| {
        origin(url).is_some_and(|other| Some(&other) != own.as_ref())
            && url_host(url).is_some_and(|host| !MESSENGERS.contains(&host.as_str()))
    };
    ads.iter()
        .filter(|ad| ad.judgement.as_ref().is_some_and(|(assessment, _)| assessment.flagged))
        .flat_map(|ad| {
            let urls = ad.draft.landing_url.iter().chain(&ad.draft.links).map(String::as_str);
            urls.chain(ad.draft.code_contents()).filter(leaves).take(MAX_LANDINGS_PER_AD)
        })
        .map(|url| Target::new(url, CapturePurpose::Landing, "landing"))
        .collect()
}

pub(super) fn url_host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}
