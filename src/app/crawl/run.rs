//! The engine of a run: looks at several pages at once where hosts allow it, and records them by the batch.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::super::campaigns::with_pictures;
use super::super::error::Result;
use super::super::pictures::Shown;
use super::super::render::Kept;
use super::super::{App, new_id};
use super::look::{Answer, Job, Looked, is_remembered, look};
use super::{CrawlEvent, CrawlOptions, Progress, canonical, pages_behind, url_host};
use crate::domain::ad::AdDraft;
use crate::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange};
use crate::domain::manners::{Manners, day};
use crate::domain::run::{RunId, RunOutcome};
use crate::domain::source::Source;
use crate::domain::visit::Visit;
use crate::fetch::Jar;
use crate::judge::Scratch;
use crate::kit::clock::UnixMs;
use crate::picture::attach;
use crate::source::{CapturedPage, Connector, Target};
use crate::store::StoreError;
use crate::store::frontier::{CrawlStep, OpenRun, Step};
use crate::store::page::{PageRecord, SeenAd};
use crate::store::rendering::RenderingRow;

/// Pages that are looked at in one moment, at hosts that ask for no pause between requests.
const MAX_AT_ONCE: usize = 16;
/// The same for one host.
const MAX_AT_HOST: usize = 8;
/// Pages in one transaction.
const MAX_BATCH: usize = 64;
/// So long a page that is ready waits for others to be recorded with.
const GATHER: Duration = Duration::from_millis(20);
/// Waiting pages read from the frontier at once.
const PAGES_PER_LOAD: u32 = 256;
/// Pages that a run knows at most; what a list names beyond them is for the next run.
const MAX_KNOWN: u64 = 1_000_000;
/// Items followed one from the other, from the entry.
const MAX_DEPTH: u32 = 8;
/// A page without an answer is tried so often in one run.
const MAX_ATTEMPTS: u32 = 2;

/// Pictures of ads that one run fetches at most.
const MAX_PICTURES: u32 = 200;

/// A run and the process that holds it.
pub(super) struct Run<'a> {
    app: &'a App,
    source: &'a Source,
    connector: &'a dyn Connector,
    pub(super) id: RunId,
    pub(super) started_at: UnixMs,
    pub(super) progress: Progress,
    pub(super) options: CrawlOptions,
    manners: Manners,
    cookies: Arc<Jar>,
    n_asked_today: u32,
    /// Of those, what is not recorded yet.
    n_asked_now: u32,
    holder: String,
    n_known: u64,
    n_done: u64,
    next_ordinal: i64,
    /// Place of the last page that was taken from the frontier.
    loaded_to: i64,
    queue: VecDeque<Job>,
    /// Pages that need not be asked for, to be recorded as done with the next batch.
    passed_over: Vec<String>,
    /// Pictures that may still be fetched.
    n_pictures_left: u32,
    scratch: Scratch,
}

/// What a batch changes, collected page by page.
#[derive(Default)]
struct Batch {
    pages: Vec<PageRecord>,
    renderings: Vec<RenderingRow>,
    targets: Vec<(CaptureId, String)>,
    seen_again: Vec<(CaptureId, UnixMs)>,
    visits: BTreeMap<String, Visit>,
    done: Vec<String>,
    put_back: Vec<(String, i64)>,
    left_hosts: Vec<String>,
    added: Vec<Step>,
    events: Vec<CrawlEvent>,
    /// Pages without a capture, for the day's log.
    not_captured: Vec<(String, RunOutcome)>,
    /// Addresses of new captures, for the log.
    captured: Vec<(CaptureId, String)>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        app: &'a App,
        source: &'a Source,
        connector: &'a dyn Connector,
        holder: String,
        id: RunId,
        started_at: UnixMs,
    ) -> Self {
        Self {
            app,
            source,
            connector,
            id,
            started_at,
            progress: Progress::default(),
            options: CrawlOptions::default(),
            manners: Manners::default(),
            cookies: Arc::default(),
            n_asked_today: 0,
            n_asked_now: 0,
            holder,
            n_known: 0,
            n_done: 0,
            next_ordinal: 0,
            loaded_to: -1,
            queue: VecDeque::new(),
            passed_over: Vec::new(),
            n_pictures_left: MAX_PICTURES,
            scratch: Scratch::default(),
        }
    }

    pub(super) fn resumed(
        app: &'a App,
        source: &'a Source,
        connector: &'a dyn Connector,
        holder: String,
        open: OpenRun,
    ) -> Self {
        let mut progress: Progress =
            open.progress.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        progress.counts = open.run.counts;
        Self {
            progress,
            n_known: open.n_known,
            n_done: open.n_done,
            next_ordinal: open.next_ordinal,
            ..Self::new(app, source, connector, holder, open.run.id, open.run.started_at)
        }
    }

    /// Works until nothing waits or a limit is reached; `false` when another process took the run over.
    pub(super) async fn go_on(&mut self, on_event: &(dyn Fn(CrawlEvent) + Sync)) -> Result<bool> {
        self.manners = self.app.store.manners(&self.source.id).await?;
        self.n_asked_today = self.app.store.asked_on(&self.source.id, &day(self.app.clock.now())).await?;
        if self.n_known == 0 && !self.enter(on_event).await? {
            return Ok(false);
        }
        let (app, source, manners, cookies) =
            (self.app, self.source, self.manners.clone(), self.cookies.clone());
        let mut in_flight = FuturesUnordered::new();
        let mut at_hosts: HashMap<String, usize> = HashMap::new();
        loop {
            let mut looked: Vec<Looked> = Vec::new();
            loop {
                self.start(&mut in_flight, &mut at_hosts, |job| {
                    look(app, source, &manners, cookies.clone(), job)
                })
                .await?;
                if looked.len() >= MAX_BATCH {
                    break;
                }
                let next = match looked.is_empty() {
                    true => in_flight.next().await,
                    false => tokio::time::timeout(GATHER, in_flight.next()).await.unwrap_or(None),
                };
                let Some(next) = next else { break };
                let next = next?;
                if let Some(n) = at_hosts.get_mut(&next.job.step.host) {
                    *n = n.saturating_sub(1);
                }
                looked.push(next);
            }
            if looked.is_empty() && self.passed_over.is_empty() {
                self.progress.counts.n_left = u32::try_from(self.n_known - self.n_done).unwrap_or(u32::MAX);
                let forbidden = self.manners.forbids(self.app.clock.now(), self.n_asked_today);
                if let Some(why) = forbidden.filter(|_| self.progress.n_asked == 0) {
                    self.progress.fail(RunOutcome::Blocked { why });
                }
                // Nothing to write, but whether this process still holds the run.
                return self.record(Batch::default(), on_event).await;
            }
            looked.sort_by_key(|looked| looked.job.step.ordinal);
            let mut batch = Batch::default();
            for looked in looked {
                self.read(looked, &mut batch).await?;
            }
            if !self.record(batch, on_event).await? {
                return Ok(false);
            }
        }
    }

    /// Puts the entry of the source into the frontier.
    async fn enter(&mut self, on_event: &(dyn Fn(CrawlEvent) + Sync)) -> Result<bool> {
        let mut batch = Batch::default();
        match self.connector.entry(self.source, self.app.clock.now()) {
            Ok(targets) => self.add(targets, None, 0, &mut batch),
            Err(problem) => self.progress.fail(RunOutcome::Blocked { why: problem.to_string() }),
        }
        self.record(batch, on_event).await
    }

    /// Begins looks as long as hosts have room.
    async fn start<Look: Future>(
        &mut self,
        in_flight: &mut FuturesUnordered<Look>,
        at_hosts: &mut HashMap<String, usize>,
        look: impl Fn(Job) -> Look,
    ) -> Result<()> {
        while in_flight.len() < MAX_AT_ONCE && self.has_budget() {
            if self.queue.is_empty() {
                self.load().await?;
            }
            let pauses = self.app.config.fetch.host_interval_ms > 0;
            let has_room = |job: &Job| {
                let limit = if pauses || job.target.ask.min_interval_ms > 0 { 1 } else { MAX_AT_HOST };
                at_hosts.get(&job.step.host).is_none_or(|n| *n < limit)
            };
            let Some(nth) = self.queue.iter().position(has_room) else { return Ok(()) };
            let Some(job) = self.queue.remove(nth) else { return Ok(()) };
            *at_hosts.entry(job.step.host.clone()).or_default() += 1;
            self.progress.n_asked += 1;
            self.n_asked_today += 1;
            self.n_asked_now += 1;
            in_flight.push(look(job));
        }
        Ok(())
    }

    fn has_budget(&self) -> bool {
        self.progress.n_asked < self.app.config.fetch.max_pages_per_run
            && self.manners.forbids(self.app.clock.now(), self.n_asked_today).is_none()
    }

    /// Takes the next pages from the frontier.
    async fn load(&mut self) -> Result<()> {
        let store = &self.app.store;
        let steps = store.waiting_steps(&self.id, self.loaded_to, PAGES_PER_LOAD).await?;
        let Some(last) = steps.last() else { return Ok(()) };
        self.loaded_to = last.ordinal;
        let keys: Vec<String> = steps.iter().map(|step| step.key.clone()).collect();
        let mut visits = store.visits(&self.source.id, &keys).await?;
        let now = self.app.clock.now();
        for step in steps {
            let Ok(target) = serde_json::from_str::<Target>(&step.target) else {
                self.progress
                    .fail(RunOutcome::Network { why: "its place in the frontier is unreadable".to_owned() });
                self.passed_over.push(step.key);
                continue;
            };
            let visit = visits.remove(&step.key).filter(|_| is_remembered(&target));
            let is_due = visit.as_ref().is_none_or(|visit| visit.due_at() <= now);
            if target.is_item() && !is_due && !self.options.everything {
                self.progress.count_not_due();
                self.passed_over.push(step.key);
                continue;
            }
            self.queue.push_back(Job { step, target, visit });
        }
        Ok(())
    }

    /// Reads and judges one page.
    async fn read(&mut self, looked: Looked, batch: &mut Batch) -> Result<()> {
        let Looked { job: Job { step, target, visit }, answer } = looked;
        match answer {
            Answer::Failed { outcome, leaves_host } => {
                self.failed(step, &target, outcome, leaves_host, batch)
            }
            Answer::Page { exchange, body, blob, kept } => {
                let capture = Capture {
                    id: new_id(),
                    source_id: self.source.id.clone(),
                    run_id: self.id.clone(),
                    purpose: target.purpose,
                    parent_id: step.parent_id.clone(),
                    exchange: *exchange,
                    body: blob,
                };
                if is_remembered(&target) && capture.exchange.status == 200 {
                    let seen = visit_after(visit.as_ref(), &capture);
                    self.progress.counts.n_unchanged += u32::from(seen.n_unchanged > 0);
                    batch.visits.insert(step.key.clone(), seen);
                }
                batch.targets.push((capture.id.clone(), step.target.clone()));
                batch.captured.push((capture.id.clone(), capture.exchange.final_url.clone()));
                let outcome = self.extract(&step, &target, capture, &body, kept, batch).await?;
                self.progress.count_page(&outcome);
            }
            Answer::Unchanged { capture, body } => {
                let now = self.app.clock.now();
                if let Some(visit) = visit {
                    let seen = visit.seen(visit.capture_id.clone(), visit.body_sha256.clone(), now);
                    batch.visits.insert(step.key.clone(), seen);
                }
                batch.seen_again.push((capture.id.clone(), now));
                // Read again, because rules and connectors may have become better since.
                let outcome = self.extract(&step, &target, *capture, &body, None, batch).await?;
                self.progress.count_unchanged(&outcome);
            }
        }
        Ok(())
    }

    /// Reads the ads of a capture and what it leads to; gives how the reading went.
    async fn extract(
        &mut self,
        step: &Step,
        target: &Target,
        capture: Capture,
        body: &[u8],
        kept: Option<Box<Kept>>,
        batch: &mut Batch,
    ) -> Result<RunOutcome> {
        let exchange = &capture.exchange;
        let reading = match &kept {
            Some(kept) => kept.read(self.connector, self.app.filters(), self.source, target, exchange, body),
            None => self.connector.read(
                self.source,
                target,
                &CapturedPage::new(exchange, body).with_filters(self.app.filters()),
            ),
        };
        let url = &capture.exchange.final_url;
        for problem in &reading.problems {
            tracing::info!(source.id = %self.source.id, url = %url, "{problem}");
        }
        if !matches!(reading.outcome, RunOutcome::Ok | RunOutcome::Empty | RunOutcome::SlotOnly) {
            batch.events.push(CrawlEvent::PageFailed { url: url.clone(), outcome: reading.outcome.clone() });
        }
        let ads = self.see_all(reading.drafts, &capture).await?;
        // The next-level link of an ad is followed once, and never further (互联网广告管理办法 art 18).
        if target.purpose != CapturePurpose::Landing {
            let behind = pages_behind(&ads, url);
            let depth = step.depth + u32::from(target.purpose != CapturePurpose::Discover);
            self.add(reading.targets, Some(&capture.id), depth, batch);
            self.add(behind, Some(&capture.id), depth, batch);
        }
        batch.done.push(step.key.clone());
        self.take(capture, ads, kept, batch).await?;
        Ok(reading.outcome)
    }

    /// Judges the ads of a page with what their pictures say.
    async fn see_all(&mut self, drafts: Vec<AdDraft>, capture: &Capture) -> Result<Vec<SeenAd>> {
        let host = url_host(&capture.exchange.final_url);
        let mut ads: Vec<SeenAd> = Vec::with_capacity(drafts.len());
        for mut draft in drafts {
            let shown =
                Shown { source: self.source, manners: &self.manners, run_id: &self.id, parent: &capture.id };
            let pictures = self.app.pictures_shown(&shown, &draft, &mut self.n_pictures_left).await?;
            attach(&mut draft, &pictures);
            let seen = self.app.see(draft, self.source, capture, host.as_deref(), &mut self.scratch);
            ads.push(with_pictures(seen, &pictures));
        }
        self.progress.count_ads(&ads);
        Ok(ads)
    }

    /// A page to record, with what a browser made of it; windows that it opened are captures of their own.
    async fn take(
        &mut self,
        capture: Capture,
        ads: Vec<SeenAd>,
        kept: Option<Box<Kept>>,
        batch: &mut Batch,
    ) -> Result<()> {
        let opener = capture.id.clone();
        let mut popups = Vec::new();
        if let Some(mut kept) = kept {
            popups = std::mem::take(&mut kept.popups);
            batch.renderings.push(kept.row(&capture.id, &ads));
        }
        batch.pages.push(PageRecord { capture, ads, now: self.app.clock.now() });
        for popup in popups {
            let capture = Capture {
                id: new_id(),
                source_id: self.source.id.clone(),
                run_id: self.id.clone(),
                purpose: CapturePurpose::Popup,
                parent_id: Some(opener.clone()),
                exchange: popup.exchange,
                body: popup.blob,
            };
            let url = capture.exchange.final_url.clone();
            let target = Target::new(&url, CapturePurpose::Popup, "popup");
            let reading = popup.kept.read(
                self.connector,
                self.app.filters(),
                self.source,
                &target,
                &capture.exchange,
                &popup.body,
            );
            let ads = self.see_all(reading.drafts, &capture).await?;
            batch.captured.push((capture.id.clone(), url));
            batch.renderings.push(popup.kept.row(&capture.id, &ads));
            batch.pages.push(PageRecord { capture, ads, now: self.app.clock.now() });
        }
        Ok(())
    }

    fn failed(
        &mut self,
        step: Step,
        target: &Target,
        outcome: RunOutcome,
        leaves_host: bool,
        batch: &mut Batch,
    ) {
        // Dead landing pages are common and not worth the wait.
        let may_pass =
            matches!(outcome, RunOutcome::Network { .. }) && target.purpose != CapturePurpose::Landing;
        if may_pass && !leaves_host && step.n_attempts + 1 < MAX_ATTEMPTS {
            batch.put_back.push((step.key, self.next_ordinal));
            self.next_ordinal += 1;
            return;
        }
        batch.events.push(CrawlEvent::PageFailed { url: target.url.clone(), outcome: outcome.clone() });
        batch.not_captured.push((target.url.clone(), outcome.clone()));
        self.progress.fail(outcome);
        batch.done.push(step.key);
        if leaves_host {
            // What waits for this host is taken up by the next run.
            let n_before = self.queue.len();
            self.queue.retain(|job| job.step.host != step.host);
            tracing::debug!(host = step.host, n_pages = n_before - self.queue.len(), "host left alone");
            batch.left_hosts.push(step.host);
        }
    }

    fn add(&mut self, targets: Vec<Target>, parent: Option<&CaptureId>, depth: u32, batch: &mut Batch) {
        for target in targets {
            if depth > MAX_DEPTH || self.n_known + batch.added.len() as u64 >= MAX_KNOWN {
                continue;
            }
            let Ok(json) = serde_json::to_string(&target) else { continue };
            batch.added.push(Step {
                key: canonical::key(&target),
                ordinal: self.next_ordinal,
                host: url_host(&target.url).unwrap_or_default(),
                target: json,
                parent_id: parent.filter(|_| target.purpose == CapturePurpose::Landing).cloned(),
                depth,
                n_attempts: 0,
            });
            self.next_ordinal += 1;
        }
    }

    /// Writes a batch; `false` when another process holds the run.
    async fn record(&mut self, mut batch: Batch, on_event: &(dyn Fn(CrawlEvent) + Sync)) -> Result<bool> {
        batch.done.append(&mut self.passed_over);
        let progress = serde_json::to_string(&self.progress).unwrap_or_default();
        let today = day(self.app.clock.now());
        let step = CrawlStep {
            run_id: &self.id,
            source_id: &self.source.id,
            holder: &self.holder,
            counts: self.progress.counts,
            progress: &progress,
            pages: &batch.pages,
            renderings: &batch.renderings,
            targets: &batch.targets,
            seen_again: &batch.seen_again,
            visits: &batch.visits,
            done: &batch.done,
            put_back: &batch.put_back,
            left_hosts: &batch.left_hosts,
            added: &batch.added,
            asked: (&today, self.n_asked_now),
        };
        let recorded = match self.app.store.record_crawl(&step).await {
            Ok(recorded) => recorded,
            Err(StoreError::Changed { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        for (capture_id, url) in &batch.captured {
            tracing::info!(source.id = %self.source.id, run.id = %self.id, capture.id = %capture_id, "captured {url}");
        }
        for (url, outcome) in &batch.not_captured {
            self.app.log_not_captured(self.id.clone(), &self.source.id, url, outcome).await?;
        }
        self.n_asked_now = 0;
        let counts = &mut self.progress.counts;
        counts.n_new_ads += recorded.pages.n_new_ads;
        counts.n_new_findings += recorded.pages.n_new_findings;
        let ads = batch.pages.iter().flat_map(|page| &page.ads);
        for ad in ads.filter(|ad| !ad.pictures.is_empty()) {
            // An ad that was known without its pictures has more to judge now.
            let is_new = self.app.renew_from_pictures(&ad.id, self.app.clock.now()).await?;
            counts.n_new_findings += u32::from(is_new == Some(true));
        }
        counts.n_failed = counts.n_failed.saturating_add(u32::try_from(recorded.n_left).unwrap_or(u32::MAX));
        self.n_known += recorded.n_added;
        self.n_done += batch.done.len() as u64 + recorded.n_left;
        batch.events.into_iter().for_each(on_event);
        on_event(CrawlEvent::Progress { n_done: self.n_done, n_known: self.n_known });
        Ok(true)
    }
}

/// What is known of a page after it was captured once more.
fn visit_after(visit: Option<&Visit>, capture: &Capture) -> Visit {
    let Exchange { finished_at, .. } = capture.exchange;
    let body_sha256 = capture.body.digests.sha256.clone();
    let seen = match visit {
        Some(visit) => visit.seen(capture.id.clone(), body_sha256, finished_at),
        None => Visit::first(capture.id.clone(), body_sha256, finished_at),
    };
    let header = |name| capture.exchange.response_header(name).map(str::to_owned);
    Visit { etag: header("etag"), last_modified: header("last-modified"), ..seen }
}
