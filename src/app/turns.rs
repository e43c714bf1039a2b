//! Turns of hosts kept in the database, so that several processes and machines share one pause per host.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::fetch::{HostSlots, SlotsUnavailable};
use crate::kit::clock::Clock;
use crate::store::Db;

/// Lends the store's host slots to the fetcher.
pub(super) struct StoreTurns {
    store: Db,
    clock: Arc<dyn Clock>,
}

impl StoreTurns {
    pub(super) fn new(store: Db, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

impl HostSlots for StoreTurns {
    fn reserve<'a>(
        &'a self,
        host: &'a str,
        interval_ms: u64,
    ) -> BoxFuture<'a, Result<u64, SlotsUnavailable>> {
        async move {
            if interval_ms == 0 {
                return Ok(0);
            }
            let now = self.clock.now();
            let turn = self
                .store
                .reserve_host(host, now, interval_ms)
                .await
                .map_err(|error| SlotsUnavailable(error.to_string()))?;
            Ok(u64::try_from(turn.0 - now.0).unwrap_or(0))
        }
        .boxed()
    }
}
