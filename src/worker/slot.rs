//! One slot of a worker: takes a job, keeps its lease while it runs, records how it ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{WorkerOptions, is_stopped, job, stopped};
use crate::app::{App, Error, Result};
use crate::domain::job::Lease;

pub(super) struct Slot {
    pub(super) app: Arc<App>,
    /// Name under which jobs are leased.
    pub(super) name: String,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) options: WorkerOptions,
}

/// How the time with a job ended.
enum End {
    /// The job ended.
    Done(Result<()>),
    /// Another worker has the job now.
    Lost,
    /// The worker is to stop and the job took longer than the grace.
    Stopped,
}

impl Slot {
    /// Works until the worker is to stop.
    pub(super) async fn work(mut self) {
        let ttl_ms = self.ttl_ms();
        while !is_stopped(&self.stop) {
            let taken = self.app.schedule().take_job(&self.name, ttl_ms, self.app.now()).await;
            match taken {
                Ok(Some(lease)) => self.do_job(&lease).await,
                Ok(None) => self.rest().await,
                Err(error) => {
                    tracing::warn!(worker = %self.name, "no job could be taken: {error}");
                    self.rest().await;
                }
            }
        }
    }

    async fn do_job(&mut self, lease: &Lease) {
        let (id, kind) = (&lease.job_id, lease.kind.name());
        tracing::debug!(job.id = %id, job.kind = kind, n_attempts = lease.n_attempts, "job started");
        let end = self.run(lease).await;
        let now = self.app.now();
        let recorded = match &end {
            End::Done(outcome) => {
                if let Err(error) = outcome {
                    tracing::warn!(job.id = %id, job.kind = kind, n_attempts = lease.n_attempts, "job failed: {error}");
                }
                self.app.schedule().end_job(lease, outcome, now).await
            }
            End::Lost => {
                tracing::warn!(job.id = %id, job.kind = kind, "another worker has this job now; it was ended here");
                Ok(())
            }
            End::Stopped => self.app.schedule().put_job_back(lease, now).await,
        };
        if let Err(error) = recorded {
            // The lease ends by itself, and the job is done again.
            tracing::warn!(job.id = %id, job.kind = kind, "the end of the job was not recorded: {error}");
        }
    }

    /// Runs a job in a task of its own, so that one that panics ends alone, and keeps its lease meanwhile.
    async fn run(&mut self, lease: &Lease) -> End {
        let app = Arc::clone(&self.app);
        let kind = lease.kind.clone();
        let mut task = Task(tokio::spawn(async move { job::run(&app, &kind).await }));
        let renewal = Duration::from_millis((self.options.lease_ms / 3).max(1));
        let grace = Duration::from_millis(self.options.grace_ms);
        loop {
            tokio::select! {
                joined = &mut task.0 => return End::Done(ended(joined)),
                () = tokio::time::sleep(renewal) => {
                    if self.is_lost(lease).await {
                        return End::Lost;
                    }
                }
                () = stopped(&mut self.stop) => {
                    return match tokio::time::timeout(grace, &mut task.0).await {
                        Ok(joined) => End::Done(ended(joined)),
                        Err(_) => End::Stopped,
                    };
                }
            }
        }
    }

    /// Renews a lease; true when it is known to be lost.
    async fn is_lost(&self, lease: &Lease) -> bool {
        match self.app.schedule().keep_job(lease, self.ttl_ms(), self.app.now()).await {
            Ok(kept) => !kept,
            Err(error) => {
                tracing::warn!(job.id = %lease.job_id, "lease not renewed, will be tried again: {error}");
                false
            }
        }
    }

    async fn rest(&mut self) {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(self.options.idle_ms)) => {}
            () = stopped(&mut self.stop) => {}
        }
    }

    fn ttl_ms(&self) -> i64 {
        i64::try_from(self.options.lease_ms).unwrap_or(i64::MAX)
    }
}

/// A task that ends when it is let go.
struct Task(JoinHandle<Result<()>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn ended(joined: std::result::Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    joined.unwrap_or_else(|error| Err(Error::Internal(anyhow::anyhow!("the job panicked: {error}"))))
}
