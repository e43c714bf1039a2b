//! The daily digest, and the daily clearing up.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::app::{App, Result};
use crate::domain::job::JobKind;
use crate::worker::job::Job;

/// Writes the digest into the outbox, freezes the figures of months that are over, and forgets jobs that nobody asks for again.
pub(in crate::worker) struct Digest;

impl Job for Digest {
    fn name(&self) -> &'static str {
        "digest"
    }

    fn run<'a>(&'a self, app: &'a App, _kind: &'a JobKind) -> BoxFuture<'a, Result<()>> {
        async move {
            app.notify().digest(app.now()).await?;
            app.registry().freeze_months().await?;
            app.schedule().forget_past(app.now()).await
        }
        .boxed()
    }
}
