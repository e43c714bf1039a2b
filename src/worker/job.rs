//! What a worker can do: one entry in [`JOBS`] for each kind of job.

use futures::future::BoxFuture;

use super::jobs::{
    crawl::Crawl, digest::Digest, notify::Notify, pictures::ReadPictures, recheck::Recheck, stamp::Stamp,
};
use crate::app::{App, Result};
use crate::domain::job::JobKind;

/// One kind of unattended work. It only translates a payload into a use case.
pub(super) trait Job: Sync {
    /// Name in the `job` table and in logs, as [`JobKind::name`] gives it.
    fn name(&self) -> &'static str;

    /// Does the work. It may be ended at any point and done again from the start.
    fn run<'a>(&'a self, app: &'a App, kind: &'a JobKind) -> BoxFuture<'a, Result<()>>;
}

/// Every kind of work.
pub(super) const JOBS: &[&dyn Job] = &[&Crawl, &Notify, &Digest, &Stamp, &Recheck, &ReadPictures];

/// Does a job.
pub(super) async fn run(app: &App, kind: &JobKind) -> Result<()> {
    match JOBS.iter().find(|job| job.name() == kind.name()) {
        Some(job) => job.run(app, kind).await,
        None => Err(crate::app::Error::invalid("job", format!("no worker does `{}`", kind.name()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::SourceId;

    #[test]
    fn every_kind_of_job_has_one_entry() {
        let source_id = SourceId::parse("city-news").unwrap();
        let others =
            [JobKind::Notify, JobKind::Digest, JobKind::Stamp, JobKind::Recheck, JobKind::ReadPictures];
        for kind in others.into_iter().chain([JobKind::Crawl { source_id }]) {
            let n_entries = JOBS.iter().filter(|job| job.name() == kind.name()).count();
            assert_eq!(n_entries, 1, "{}", kind.name());
        }
    }
}
