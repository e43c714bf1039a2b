//! Crawling one source: fetch, keep the bytes, read, judge, queue — in this order, page by page.
//!
//! Each page is one transaction written after its bytes are safe in the vault. A process killed at any point
//! leaves at most an unreferenced blob and an unfinished run; the next crawl closes that run and goes on.

use std::collections::{HashSet, VecDeque};

use crate::domain::ad::{AdDraft, AdId, Sighting};
use crate::domain::capture::{Capture, CaptureId, CapturePurpose};
use crate::domain::run::{CrawlRun, RunCounts, RunId, RunOutcome};
use crate::domain::source::{Source, SourceId};
use crate::fetch::{FetchRequest, Fetched};
use crate::group::fingerprint;
use crate::judge::{Judgement, Scratch, Setting};
use crate::source::{CapturedPage, Connector, Target};
use crate::store::page::{PageRecord, SeenAd};

use super::error::{Error, Result};
use super::{App, Config, adapters, new_id};

/// Pages behind one flagged ad that are captured at most.
const MAX_LANDINGS_PER_AD: usize = 3;

/// Links to these open a chat in an app: they are contacts of the advertiser, and there is no page behind them.
const MESSENGERS: &[&str] = &["t.me", "telegram.me", "wa.me", "u.wechat.com", "weixin.qq.com", "qm.qq.com"];

/// Pages that one run of one source fetches at most.
const MAX_PAGES_PER_RUN: usize = 2_000;

/// What happens while a source is crawled; for progress bars and logs.
#[derive(Debug, Clone)]
pub enum CrawlEvent {
    /// More pages are known to be fetched: how many are done, how many are known in all.
    Progress {
        /// Fetched or failed.
        n_done: usize,
        /// Known so far.
        n_known: usize,
    },
    /// A page could not be read.
    PageFailed {
        /// Its address.
        url: String,
        /// Why.
        outcome: RunOutcome,
    },
}

/// One page to fetch and what led to it.
struct Step {
    target: Target,
    parent: Option<CaptureId>,
}

/// What is known of a run while it lasts.
struct Progress {
    run_id: RunId,
    counts: RunCounts,
    waiting: VecDeque<Step>,
    known: HashSet<String>,
    n_done: usize,
    /// The first outcome that was not `Ok`, in the order of fetching: what a run without any success reports.
    first_failure: Option<RunOutcome>,
    slot_only: bool,
    n_read: u32,
}

impl App {
    /// Crawls one source and closes the run, whatever happens to single pages.
    ///
    /// # Errors
    /// `NotFound` when there is no such source; `Internal` when the database or the vault fails. Failures of
    /// pages are outcomes of the run.
    pub async fn crawl_source(
        &self,
        id: &SourceId,
        on_event: &(dyn Fn(CrawlEvent) + Sync),
    ) -> Result<CrawlRun> {
        let source = self.source(id).await?;
        self.close_killed_runs(id).await?;
        let connector = self.connector(&source.kind)?;
        let run_id: RunId = new_id();
        let started_at = self.clock.now();
        self.store.open_run(&run_id, id, started_at).await?;
        let mut progress = Progress::new(run_id.clone());
        match connector.entry(&source, started_at) {
            Ok(targets) => progress.add(targets, None),
            Err(problem) => progress.fail(RunOutcome::Blocked { why: problem.to_string() }),
        }
        let mut scratch = Scratch::default();
        while let Some(step) = progress.waiting.pop_front() {
            self.crawl_page(&source, connector, step, &mut progress, &mut scratch, on_event).await?;
            progress.n_done += 1;
            on_event(CrawlEvent::Progress { n_done: progress.n_done, n_known: progress.known.len() });
        }
        let outcome = progress.outcome();
        let finished_at = self.clock.now();
        self.store.finish_run(&run_id, &outcome, &progress.counts, finished_at).await?;
        tracing::info!(source.id = %id, run.id = %run_id, outcome = outcome.name(), n_pages = progress.counts.n_pages,
            "crawled source {id}: {}", outcome.describe());
        Ok(CrawlRun {
            id: run_id,
            source_id: id.clone(),
            started_at,
            finished_at: Some(finished_at),
            outcome: Some(outcome),
            counts: progress.counts,
        })
    }

    async fn crawl_page(
        &self,
        source: &Source,
        connector: &dyn Connector,
        step: Step,
        progress: &mut Progress,
        scratch: &mut Scratch,
        on_event: &(dyn Fn(CrawlEvent) + Sync),
    ) -> Result<()> {
        let request = match request_for(&self.config, source, &step.target) {
            Ok(request) => request,
            Err(outcome) => {
                self.log_not_captured(progress.run_id.clone(), &source.id, &step.target.url, &outcome)
                    .await?;
                on_event(CrawlEvent::PageFailed { url: step.target.url, outcome: outcome.clone() });
                progress.fail(outcome);
                return Ok(());
            }
        };
        let Fetched { mut exchange, body, certificates } = match self.fetcher.get(request).await {
            Ok(fetched) => fetched,
            Err(error) => {
                let outcome = error.outcome();
                tracing::info!(source.id = %source.id, url = %step.target.url, "page not read: {error}");
                on_event(CrawlEvent::PageFailed { url: step.target.url.clone(), outcome: outcome.clone() });
                self.log_not_captured(progress.run_id.clone(), &source.id, &step.target.url, &outcome)
                    .await?;
                if outcome == RunOutcome::RateLimited {
                    progress.leave_host(url_host(&step.target.url).as_deref());
                }
                progress.fail(outcome);
                return Ok(());
            }
        };
        // Bytes first, row second: see the module text.
        let blob = self.vault.put(body.clone()).await?;
        exchange.provenance = Some(self.provenance(&certificates).await?);
        let capture = Capture {
            id: new_id(),
            source_id: source.id.clone(),
            run_id: progress.run_id.clone(),
            purpose: step.target.purpose,
            parent_id: step.parent,
            exchange,
            body: blob,
        };
        let page = CapturedPage { exchange: &capture.exchange, body: &body };
        let reading = connector.read(source, &step.target, &page);
        for problem in &reading.problems {
            tracing::info!(source.id = %source.id, url = %capture.exchange.final_url, "{problem}");
        }
        progress.count_page(&reading.outcome);
        if !matches!(reading.outcome, RunOutcome::Ok | RunOutcome::Empty | RunOutcome::SlotOnly) {
            on_event(CrawlEvent::PageFailed {
                url: capture.exchange.final_url.clone(),
                outcome: reading.outcome.clone(),
            });
        }
        let host = url_host(&capture.exchange.final_url);
        let ads: Vec<SeenAd> = reading
            .drafts
            .into_iter()
            .map(|draft| self.see(draft, source, &capture, host.as_deref(), scratch))
            .collect();
        progress.count_ads(&ads);
        let behind = pages_behind(&ads, &capture.exchange.final_url);
        let capture_id = capture.id.clone();
        let url = capture.exchange.final_url.clone();
        let landing = step.target.purpose == CapturePurpose::Landing;
        let recorded = self.store.record_page(&PageRecord { capture, ads, now: self.clock.now() }).await?;
        tracing::info!(source.id = %source.id, run.id = %progress.run_id, capture.id = %capture_id, "captured {url}");
        progress.counts.n_new_ads += recorded.n_new_ads;
        progress.counts.n_new_findings += recorded.n_new_findings;
        if !landing {
            // The next-level link of an ad is followed once, and never further (互联网广告管理办法 art 18).
            progress.add(reading.targets, Some(&capture_id));
            progress.add(behind, Some(&capture_id));
        }
        Ok(())
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
        let contacts = if assessment.flagged { self.contact_finder.find(&draft) } else { Vec::new() };
        SeenAd { id, draft, sighting, judgement: Some((assessment, hits)), contacts, alert }
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

impl Progress {
    fn new(run_id: RunId) -> Self {
        Self {
            run_id,
            counts: RunCounts::default(),
            waiting: VecDeque::new(),
            known: HashSet::new(),
            n_done: 0,
            first_failure: None,
            slot_only: false,
            n_read: 0,
        }
    }

    fn add(&mut self, targets: Vec<Target>, parent: Option<&CaptureId>) {
        for target in targets {
            let url = target.url.split('#').next().unwrap_or_default();
            let key = format!("{url} {}", target.ask.body.as_deref().unwrap_or_default());
            if self.known.len() < MAX_PAGES_PER_RUN && self.known.insert(key) {
                let parent = parent.filter(|_| target.purpose == CapturePurpose::Landing).cloned();
                self.waiting.push_back(Step { target, parent });
            }
        }
    }

    fn fail(&mut self, outcome: RunOutcome) {
        self.counts.n_failed += 1;
        self.first_failure.get_or_insert(outcome);
    }

    /// Gives up what waits on a host that asked for a pause; the next run takes it up.
    fn leave_host(&mut self, host: Option<&str>) {
        let n_before = self.waiting.len();
        self.waiting.retain(|step| url_host(&step.target.url).as_deref() != host);
        self.counts.n_failed += u32::try_from(n_before - self.waiting.len()).unwrap_or(u32::MAX);
    }

    fn count_page(&mut self, outcome: &RunOutcome) {
        self.counts.n_pages += 1;
        match outcome {
            RunOutcome::Ok => self.n_read += 1,
            RunOutcome::Empty => {}
            RunOutcome::SlotOnly => self.slot_only = true,
            failure => self.fail(failure.clone()),
        }
    }

    fn count_ads(&mut self, ads: &[SeenAd]) {
        self.counts.n_sightings += u32::try_from(ads.len()).unwrap_or(u32::MAX);
        for (assessment, hits) in ads.iter().filter_map(|ad| ad.judgement.as_ref()) {
            self.counts.n_hits += u32::try_from(hits.len()).unwrap_or(u32::MAX);
            self.counts.n_cleared += u32::from(!assessment.flagged && !hits.is_empty());
        }
    }

    /// A run with any success is `Ok` or `Partial`; without one it says why: silence is never success.
    fn outcome(&self) -> RunOutcome {
        match (&self.first_failure, self.n_read) {
            (Some(failure), 0) => failure.clone(),
            (Some(_), _) => RunOutcome::Partial { n_failed: self.counts.n_failed },
            (None, 0) if self.slot_only => RunOutcome::SlotOnly,
            (None, 0) => RunOutcome::Empty,
            (None, _) => RunOutcome::Ok,
        }
    }
}

/// The request for a page, with the credential it needs.
///
/// # Errors
/// The credential is not there: nothing is asked without it.
pub(super) fn request_for(
    config: &Config,
    source: &Source,
    target: &Target,
) -> std::result::Result<FetchRequest, RunOutcome> {
    let secret = target.ask.credential.as_ref().map(|wanted| {
        let variable = adapters::credential_variable(&wanted.name);
        let value = config.credential(&variable).ok_or_else(|| RunOutcome::Blocked {
            why: format!(
                "the credential `{}` is not there; set the environment variable {variable}",
                wanted.name
            ),
        });
        value.map(|value| (wanted.header.clone(), format!("{}{value}", wanted.prefix)))
    });
    Ok(FetchRequest {
        allowed_origins: source.allowed_origins.clone(),
        body: target.ask.body.clone().map(Into::into),
        headers: target.ask.headers.clone(),
        secret: secret.transpose()?,
        min_interval_ms: target.ask.min_interval_ms,
        ..FetchRequest::new(&target.url)
    })
}

/// Where flagged ads lead outside the site they stand on; posts and articles name it only in their links.
fn pages_behind(ads: &[SeenAd], page_url: &str) -> Vec<Target> {
    let origin = |url: &str| url::Url::parse(url).ok().map(|url| url.origin());
    let own = origin(page_url);
    let leaves = |url: &&String| {
        origin(url).is_some_and(|other| Some(&other) != own.as_ref())
            && url_host(url).is_some_and(|host| !MESSENGERS.contains(&host.as_str()))
    };
    ads.iter()
        .filter(|ad| ad.judgement.as_ref().is_some_and(|(assessment, _)| assessment.flagged))
        .flat_map(|ad| {
            let urls = ad.draft.landing_url.iter().chain(&ad.draft.links);
            urls.filter(leaves).take(MAX_LANDINGS_PER_AD)
        })
        .map(|url| Target::new(url, CapturePurpose::Landing, "landing"))
        .collect()
}

pub(super) fn url_host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, purpose: CapturePurpose) -> Target {
        Target::new(url, purpose, "")
    }

    #[test]
    fn a_page_is_fetched_once_per_run_whatever_its_fragment() {
        let mut progress = Progress::new(RunId::parse("r").unwrap());
        let page = CapturePurpose::Page;
        progress.add(
            vec![target("http://a/1", page), target("http://a/1#top", page), target("http://a/2", page)],
            None,
        );
        assert_eq!(progress.waiting.len(), 2);
    }

    #[test]
    fn a_host_that_asks_for_a_pause_is_left_alone_for_the_rest_of_the_run() {
        let mut progress = Progress::new(RunId::parse("r").unwrap());
        let page = CapturePurpose::Page;
        progress.add(["http://a/1", "http://b/1", "http://a/2"].map(|url| target(url, page)).to_vec(), None);
        progress.leave_host(Some("a"));
        let left: Vec<&str> = progress.waiting.iter().map(|step| step.target.url.as_str()).collect();
        assert_eq!(left, ["http://b/1"]);
        assert_eq!(progress.counts.n_failed, 2, "what was left alone is counted");
    }

    #[test]
    fn a_run_without_success_says_why_and_never_ok() {
        let outcome = |steps: &[RunOutcome]| {
            let mut progress = Progress::new(RunId::parse("r").unwrap());
            for step in steps {
                progress.count_page(step);
            }
            progress.outcome()
        };
        let gone = RunOutcome::Gone;
        assert_eq!(outcome(&[]), RunOutcome::Empty);
        assert_eq!(outcome(&[RunOutcome::Empty]), RunOutcome::Empty);
        assert_eq!(outcome(&[RunOutcome::SlotOnly]), RunOutcome::SlotOnly);
        assert_eq!(outcome(std::slice::from_ref(&gone)), gone);
        assert_eq!(outcome(&[RunOutcome::Ok, gone]), RunOutcome::Partial { n_failed: 1 });
        assert_eq!(outcome(&[RunOutcome::Ok]), RunOutcome::Ok);
    }
}
