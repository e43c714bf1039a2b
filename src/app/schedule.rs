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
    /// whose due time passed since it was last started, the digest, and sending when notices wait.
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
        if store.waiting_notices().await?.0 > 0 {
            n_started += u32::from(store.enqueue(&new_job(JobKind::Notify, now), now).await?);
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
            let why = format!("started {} times without an end; its worker was killed each time", lease.n_attempts - 1);
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
        JobKind::Notify | JobKind::Digest => kind.name().to_owned(),
    };
    NewJob { id: new_id(), kind, dedupe_key: Some(dedupe_key), run_at: now }
}
