//! Looking again at pages after an order.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::app::{App, Result};
use crate::domain::job::JobKind;
use crate::domain::user::Actor;
use crate::worker::job::Job;

/// Looks at everything whose look is due.
pub(in crate::worker) struct Recheck;

impl Job for Recheck {
    fn name(&self) -> &'static str {
        "recheck"
    }

    fn run<'a>(&'a self, app: &'a App, _kind: &'a JobKind) -> BoxFuture<'a, Result<()>> {
        async move { app.recheck_due(&Actor::machine()).await.map(drop) }.boxed()
    }
}
