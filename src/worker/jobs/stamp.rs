//! Asking for time stamps.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::app::{App, Result};
use crate::domain::job::JobKind;
use crate::worker::job::Job;

/// Asks the authorities. A package that got no stamp waits for its own next attempt, so the job itself is done.
pub(in crate::worker) struct Stamp;

impl Job for Stamp {
    fn name(&self) -> &'static str {
        "stamp"
    }

    fn run<'a>(&'a self, app: &'a App, _kind: &'a JobKind) -> BoxFuture<'a, Result<()>> {
        async move { app.stamp_waiting(app.now()).await.map(drop) }.boxed()
    }
}
