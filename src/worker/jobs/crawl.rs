//! Crawling one source.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::app::{App, CrawlOptions, Result};
use crate::domain::job::JobKind;
use crate::worker::job::Job;

/// Crawls the source that the payload names.
pub(in crate::worker) struct Crawl;

impl Job for Crawl {
    fn name(&self) -> &'static str {
        "crawl"
    }

    fn run<'a>(&'a self, app: &'a App, kind: &'a JobKind) -> BoxFuture<'a, Result<()>> {
        async move {
            let JobKind::Crawl { source_id } = kind else { return Ok(()) };
            app.crawl_source(source_id, CrawlOptions::default(), &|_| {}).await.map(drop)
        }
        .boxed()
    }
}
