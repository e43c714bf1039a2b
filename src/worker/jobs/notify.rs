//! Sending what waits in the outbox.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::app::{App, Result};
use crate::domain::job::JobKind;
use crate::worker::job::Job;

/// Sends notices. A letter that could not be sent waits in the outbox for its own next attempt, so the job itself is
/// done.
pub(in crate::worker) struct Notify;

impl Job for Notify {
    fn name(&self) -> &'static str {
        "notify"
    }

    fn run<'a>(&'a self, app: &'a App, _kind: &'a JobKind) -> BoxFuture<'a, Result<()>> {
        async move { app.notify().send_waiting(app.now()).await.map(drop) }.boxed()
    }
}
