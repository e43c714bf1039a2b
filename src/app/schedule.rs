//! 采集计划: what is due becomes jobs, and workers take jobs through here.

use crate::domain::job::{JobKind, Lease};
use crate::domain::schedule::Schedule;
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;
use crate::store::job::NewJob;

use super::{App, Error, Result, new_id};

/// So often a job is started before it is given up when it fails each time.
const MAX_ATTEMPTS: u32 = 5;

/// So often a job is started before it is given up without being run: a job that was started this often and neither
/// ended nor failed kills its worker.
const MAX_STARTS: u32 = 12;

/// Pause before the second attempt; it doubles with each further one.
const FIRST_RETRY_MS: i64 = 60_000;
const LONGEST_RETRY_MS: i64 = 3_600_000;

/// Finished jobs and past due times are kept for 30 days.
const MEMORY_MS: i64 = 30 * 86_400_000;

/// Use cases of schedules and jobs.
pub struct Schedules<'a> {
    app: &'a App,
}

impl App {
    /// Schedules and jobs.
    pub fn schedule(&self) -> Schedules<'_> {
        Schedules { app: self }
    }
}

impl Schedules<'_> {
    /// Puts what is due into the job queue and gives the number of jobs started by this call: each enabled source
    /// whose due time passed since it was last started, the digest, and sending when notices are due.
    ///
    /// Each due time starts once, whichever of several workers calls first. Of due times that passed while no worker
    /// ran, only the latest starts.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn enqueue_due(&self, now: UnixMs) -> Result<u32> {
        let store = &self.app.store;
        let last_fires = store.last_fires().await?;
        let sources = store.list_sources().await?;
        let mut n_started = 0;
        for source in sources.iter().filter(|source| source.enabled) {
            let Some(schedule) = &source.schedule else { continue };
            let name = format!("source:{}", source.id);
            // A source that was just added waits for its next due time.
            let after = last_fires.get(&name).map_or(source.created_at, |last| source.created_at.max(*last));
            let kind = JobKind::Crawl { source_id: source.id.clone() };
            n_started += self.start(&name, schedule, after, kind, now).await?;
        }
        let oldest_source = sources.iter().map(|source| source.created_at).min();
        // Without a source there is nothing to report.
        if let Some(after) = last_fires.get("digest").copied().or(oldest_source) {
            let schedule = self.digest_schedule()?;
            n_started += self.start("digest", &schedule, after, JobKind::Digest, now).await?;
        }
        if store.notices_are_due(now).await? {
            n_started += u32::from(store.enqueue(&new_job(JobKind::Notify, now), now).await?);
        }
        self.app.queue_log_stamps(now).await?;
        if store.stamps_are_due(now).await? || store.log_stamps_are_due(now).await? {
            n_started += u32::from(store.enqueue(&new_job(JobKind::Stamp, now), now).await?);
        }
        if !store.due_rechecks(now, 1).await?.is_empty() {
            n_started += u32::from(store.enqueue(&new_job(JobKind::Recheck, now), now).await?);
        }
        if self.app.pictures_are_due().await? {
            n_started += u32::from(store.enqueue(&new_job(JobKind::ReadPictures, now), now).await?);
        }
        Ok(n_started)
    }

    /// Puts a crawl of a source into the queue at once; `false` when one waits or runs already.
    ///
    /// # Errors
    /// `NotFound` when there is no such source, `Internal` when the database fails.
    pub async fn crawl_soon(&self, id: &SourceId, now: UnixMs) -> Result<bool> {
        if self.app.store.source(id).await?.is_none() {
            return Err(Error::NotFound { kind: "source", id: id.to_string() });
        }
        let kind = JobKind::Crawl { source_id: id.clone() };
        Ok(self.app.store.enqueue(&new_job(kind, now), now).await?)
    }

    /// Takes the job that is due longest, for `ttl_ms`. A job that keeps killing its workers is given up.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn take_job(&self, worker: &str, ttl_ms: i64, now: UnixMs) -> Result<Option<Lease>> {
        while let Some(lease) = self.app.store.lease(worker, now, ttl_ms).await? {
            if lease.n_attempts <= MAX_STARTS {
                return Ok(Some(lease));
            }
            let why = format!(
                "started {} times without an end; its worker was killed each time",
                lease.n_attempts - 1
            );
            tracing::error!(job.id = %lease.job_id, job.kind = lease.kind.name(), "job given up: {why}");
            self.app.store.fail(&lease, &why, None, now).await?;
        }
        Ok(None)
    }

    /// Keeps a job for another `ttl_ms`; `false` when another worker has it now.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn keep_job(&self, lease: &Lease, ttl_ms: i64, now: UnixMs) -> Result<bool> {
        Ok(self.app.store.renew(lease, now, ttl_ms).await?)
    }

    /// Records how a job ended. One that failed is tried again after a pause that grows, until it is given up; one
    /// whose object is gone is given up at once.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn end_job(&self, lease: &Lease, outcome: &Result<()>, now: UnixMs) -> Result<()> {
        let store = &self.app.store;
        let Err(error) = outcome else {
            store.complete(lease, now).await?;
            return Ok(());
        };
        let hopeless = matches!(error, Error::NotFound { .. } | Error::Forbidden(_) | Error::Invalid(_));
        let retry_at = (!hopeless && lease.n_attempts < MAX_ATTEMPTS)
            .then(|| now.plus_ms(retry_pause_ms(lease.n_attempts, FIRST_RETRY_MS, LONGEST_RETRY_MS)));
        store.fail(lease, &error.to_string(), retry_at, now).await?;
        Ok(())
    }

    /// Puts a job back that this worker will not finish, because it ends: another may take it at once.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn put_job_back(&self, lease: &Lease, now: UnixMs) -> Result<()> {
        self.app.store.fail(lease, "its worker was stopped", Some(now), now).await?;
        Ok(())
    }

    /// Forgets jobs and due times of the past that nobody asks for again.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn forget_past(&self, now: UnixMs) -> Result<()> {
        let before = now.plus_ms(-MEMORY_MS);
        self.app.store.forget_jobs(before).await?;
        self.app.store.forget_fires(before).await?;
        Ok(())
    }

    /// Starts the latest due time of a schedule after `after`, if there is one; gives 1 or 0.
    async fn start(
        &self,
        name: &str,
        schedule: &Schedule,
        after: UnixMs,
        kind: JobKind,
        now: UnixMs,
    ) -> Result<u32> {
        let Some(due_at) = schedule.latest_due(after, now) else { return Ok(0) };
        let started = self.app.store.fire(name, due_at, &new_job(kind, now), now).await?;
        if started {
            tracing::info!(schedule = name, due_at = %due_at.rfc3339(), "due time started");
        }
        Ok(u32::from(started))
    }

    fn digest_schedule(&self) -> Result<Schedule> {
        let cron = &self.app.config.mail.digest_cron;
        Schedule::parse(cron, Schedule::DEFAULT_TIME_ZONE)
            .map_err(|error| Error::invalid("mail.digest_cron", error.to_string()))
    }
}

/// Pause before attempt `n_attempts` + 1: `first_ms`, doubled with each attempt, at most `longest_ms`.
pub(super) fn retry_pause_ms(n_attempts: u32, first_ms: i64, longest_ms: i64) -> i64 {
    let factor = 1_i64 << n_attempts.saturating_sub(1).min(30);
    first_ms.saturating_mul(factor).min(longest_ms)
}

/// A job that is not taken in while one of the same kind and object waits or runs.
fn new_job(kind: JobKind, now: UnixMs) -> NewJob {
    let dedupe_key = match &kind {
        JobKind::Crawl { source_id } => format!("crawl:{source_id}"),
        JobKind::Notify | JobKind::Digest | JobKind::Stamp | JobKind::Recheck | JobKind::ReadPictures => {
            kind.name().to_owned()
        }
    };
    NewJob { id: new_id(), kind, dedupe_key: Some(dedupe_key), run_at: now }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::domain::source::{Source, SourceKind};
    use crate::kit::clock::FixedClock;

    /// Monday 2026-11-23 08:00:00 +08:00, when the sources below are due.
    const EIGHT: UnixMs = UnixMs(1_795_392_000_000);
    const DAY_MS: i64 = 86_400_000;

    async fn app(folder: &tempfile::TempDir) -> App {
        let config =
            crate::app::Config { data_dir: folder.path().join("data"), ..crate::app::Config::default() };
        App::open_with_clock(config, Arc::new(FixedClock::at(EIGHT))).await.unwrap()
    }

    /// A source that is due each day at eight, added a week ago.
    fn source(id: &str) -> Source {
        Source {
            id: SourceId::parse(id).unwrap(),
            kind: SourceKind::NewsSite,
            title: "江州新闻网".to_owned(),
            url: "https://news.example/".to_owned(),
            settings: BTreeMap::new(),
            schedule: Some(Schedule::parse("0 8 * * *", Schedule::DEFAULT_TIME_ZONE).unwrap()),
            allowed_origins: Vec::new(),
            enabled: true,
            created_at: EIGHT.plus_ms(-7 * DAY_MS),
        }
    }

    /// Takes every job that is due and gives what it is.
    async fn take_all(app: &App, now: UnixMs) -> Vec<Lease> {
        let mut leases = Vec::new();
        while let Some(lease) = app.schedule().take_job("worker", 60_000, now).await.unwrap() {
            leases.push(lease);
        }
        leases
    }

    fn crawls(leases: &[Lease]) -> Vec<&str> {
        let mut names: Vec<&str> = leases
            .iter()
            .filter_map(|lease| match &lease.kind {
                JobKind::Crawl { source_id } => Some(source_id.as_str()),
                JobKind::Notify
                | JobKind::Digest
                | JobKind::Stamp
                | JobKind::Recheck
                | JobKind::ReadPictures => None,
            })
            .collect();
        names.sort_unstable();
        names
    }

    #[tokio::test]
    async fn each_due_time_runs_once_and_of_missed_ones_only_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder).await;
        app.store.add_source(&source("city-news")).await.unwrap();
        let schedule = app.schedule();
        // A week was missed: one crawl. The digest is due at eight as well.
        assert_eq!(schedule.enqueue_due(EIGHT).await.unwrap(), 2);
        assert_eq!(schedule.enqueue_due(EIGHT).await.unwrap(), 0);
        assert_eq!(schedule.enqueue_due(EIGHT.plus_ms(DAY_MS - 1)).await.unwrap(), 0);
        let leases = take_all(&app, EIGHT).await;
        assert_eq!(crawls(&leases), ["city-news"]);
        for lease in &leases {
            schedule.end_job(lease, &Ok(()), EIGHT).await.unwrap();
        }
        assert_eq!(schedule.enqueue_due(EIGHT.plus_ms(DAY_MS)).await.unwrap(), 2);
        assert_eq!(crawls(&take_all(&app, EIGHT.plus_ms(DAY_MS)).await), ["city-news"]);
    }

    #[tokio::test]
    async fn several_workers_that_look_at_once_start_one_job() {
        let folder = tempfile::tempdir().unwrap();
        let first = Arc::new(app(&folder).await);
        first.store.add_source(&source("city-news")).await.unwrap();
        let second = Arc::new(app(&folder).await);
        let looks = (0..8).map(|n| {
            let app = Arc::clone(if n % 2 == 0 { &first } else { &second });
            tokio::spawn(async move { app.schedule().enqueue_due(EIGHT).await.unwrap() })
        });
        let mut n_started = 0;
        for look in looks.collect::<Vec<_>>() {
            n_started += look.await.unwrap();
        }
        assert_eq!(n_started, 2, "one crawl and one digest");
        assert_eq!(take_all(&first, EIGHT).await.len(), 2);
    }

    #[tokio::test]
    async fn only_enabled_sources_whose_time_came_after_they_were_added_are_due() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder).await;
        for source in [
            Source { enabled: false, ..source("off") },
            Source { schedule: None, ..source("by-hand") },
            Source { created_at: EIGHT.plus_ms(1), ..source("new") },
            source("due"),
            source("removed"),
        ] {
            app.store.add_source(&source).await.unwrap();
        }
        app.store.remove_source(&SourceId::parse("removed").unwrap(), EIGHT).await.unwrap();
        app.schedule().enqueue_due(EIGHT.plus_ms(60_000)).await.unwrap();
        assert_eq!(crawls(&take_all(&app, EIGHT.plus_ms(60_000)).await), ["due"]);
    }

    #[tokio::test]
    async fn without_a_source_nothing_is_due() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder).await;
        assert_eq!(app.schedule().enqueue_due(EIGHT).await.unwrap(), 0);
        let nowhere = SourceId::parse("nowhere").unwrap();
        assert!(matches!(app.schedule().crawl_soon(&nowhere, EIGHT).await, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn a_crawl_asked_for_by_hand_waits_once() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder).await;
        app.store.add_source(&source("city-news")).await.unwrap();
        let id = SourceId::parse("city-news").unwrap();
        assert!(app.schedule().crawl_soon(&id, EIGHT.plus_ms(-1)).await.unwrap());
        assert!(!app.schedule().crawl_soon(&id, EIGHT.plus_ms(-1)).await.unwrap());
        // The due time comes while it waits: no second crawl.
        app.schedule().enqueue_due(EIGHT).await.unwrap();
        assert_eq!(crawls(&take_all(&app, EIGHT).await), ["city-news"]);
    }

    #[tokio::test]
    async fn a_job_that_fails_is_tried_again_with_growing_pauses_and_then_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder).await;
        app.store.enqueue(&new_job(JobKind::Digest, EIGHT), EIGHT).await.unwrap();
        let failure = || Err(Error::Internal(anyhow::anyhow!("disk full")));
        let mut now = EIGHT;
        let mut pauses = Vec::new();
        for _ in 1..MAX_ATTEMPTS {
            let lease = app.schedule().take_job("worker", 60_000, now).await.unwrap().unwrap();
            app.schedule().end_job(&lease, &failure(), now).await.unwrap();
            let pause = retry_pause_ms(lease.n_attempts, FIRST_RETRY_MS, LONGEST_RETRY_MS);
            assert_eq!(take_all(&app, now.plus_ms(pause - 1)).await, []);
            pauses.push(pause / 60_000);
            now = now.plus_ms(pause);
        }
        assert_eq!(pauses, [1, 2, 4, 8]);
        let last = app.schedule().take_job("worker", 60_000, now).await.unwrap().unwrap();
        app.schedule().end_job(&last, &failure(), now).await.unwrap();
        assert_eq!(take_all(&app, now.plus_ms(100 * DAY_MS)).await, []);
    }

    #[tokio::test]
    async fn a_job_whose_object_is_gone_is_given_up_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder).await;
        app.store.enqueue(&new_job(JobKind::Digest, EIGHT), EIGHT).await.unwrap();
        let lease = app.schedule().take_job("worker", 60_000, EIGHT).await.unwrap().unwrap();
        let gone = Err(Error::NotFound { kind: "source", id: "city-news".to_owned() });
        app.schedule().end_job(&lease, &gone, EIGHT).await.unwrap();
        assert_eq!(take_all(&app, EIGHT.plus_ms(DAY_MS)).await, []);
    }

    #[tokio::test]
    async fn a_job_that_kills_its_workers_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder).await;
        app.store.enqueue(&new_job(JobKind::Digest, EIGHT), EIGHT).await.unwrap();
        let mut now = EIGHT;
        let mut n_starts = 0;
        while app.schedule().take_job("worker", 60_000, now).await.unwrap().is_some() {
            n_starts += 1;
            now = now.plus_ms(60_000);
        }
        assert_eq!(n_starts, MAX_STARTS);
    }

    #[tokio::test]
    async fn a_job_put_back_is_taken_at_once_by_another_worker() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder).await;
        app.store.enqueue(&new_job(JobKind::Digest, EIGHT), EIGHT).await.unwrap();
        let lease = app.schedule().take_job("stopping", 60_000, EIGHT).await.unwrap().unwrap();
        app.schedule().put_job_back(&lease, EIGHT).await.unwrap();
        assert!(!app.schedule().keep_job(&lease, 60_000, EIGHT).await.unwrap());
        assert_eq!(take_all(&app, EIGHT).await.len(), 1);
    }
}
