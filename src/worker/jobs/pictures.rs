//! Reading pictures that wait.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::app::{App, Result};
use crate::domain::job::JobKind;
use crate::worker::job::Job;

/// Reads words in pictures that were kept while nothing could read them. Some at a time: what is left is due again.
pub(in crate::worker) struct ReadPictures;

impl Job for ReadPictures {
    fn name(&self) -> &'static str {
        "read-pictures"
    }

    fn run<'a>(&'a self, app: &'a App, _kind: &'a JobKind) -> BoxFuture<'a, Result<()>> {
        async move {
            let done = app.read_waiting_pictures().await?;
            tracing::info!(n_read = done.n_read, n_waiting = done.n_waiting, "read words in pictures");
            Ok(())
        }
        .boxed()
    }
}
