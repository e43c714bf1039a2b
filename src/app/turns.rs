//! Turns of hosts kept in the database, so that several processes and machines share one pause per host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::fetch::{HostSlots, SlotsUnavailable, Turn};
use crate::kit::clock::{Clock, UnixMs};
use crate::store::{Db, StoreError};

/// Hosts that this process remembers to be paused or failing, before it forgets all of them.
const MAX_HOSTS: usize = 10_000;

/// Lends the store's host slots to the fetcher.
pub(super) struct StoreTurns {
    store: Db,
    clock: Arc<dyn Clock>,
    /// Hosts that are paused or fail, as far as this process knows: asking about all others costs no query.
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    paused_until: UnixMs,
    n_failures: u32,
}

impl Default for Known {
    fn default() -> Self {
        Self { paused_until: UnixMs(0), n_failures: 0 }
    }
}

impl StoreTurns {
    pub(super) fn new(store: Db, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, known: Mutex::default() }
    }

    fn known(&self, host: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied()
    }

    fn remember(&self, host: &str, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_HOSTS {
            known.clear();
        }
        change(known.entry(host.to_owned()).or_default());
    }

    async fn take(&self, host: &str, interval_ms: u64, max_wait_ms: u64) -> Result<Turn, StoreError> {
        let now = self.clock.now();
        let known = self.known(host).unwrap_or_default();
        let wait_ms = |until: UnixMs| u64::try_from(until.0 - now.0).unwrap_or(0);
        if interval_ms == 0 {
            return Ok(Turn { wait_ms: wait_ms(known.paused_until), n_failures: known.n_failures });
        }
        let (free_at, n_failures) = self.store.host_state(host).await?.unwrap_or((now, 0));
        if n_failures != known.n_failures {
            self.remember(host, |known| known.n_failures = n_failures);
        }
        if wait_ms(free_at) > max_wait_ms {
            return Ok(Turn { wait_ms: wait_ms(free_at), n_failures });
        }
        let turn = self.store.reserve_host(host, now, interval_ms).await?;
        Ok(Turn { wait_ms: wait_ms(turn), n_failures })
    }

    async fn keep_away(&self, host: &str, pause_ms: u64) -> Result<(), StoreError> {
        let until = self.clock.now().plus_ms(i64::try_from(pause_ms).unwrap_or(i64::MAX));
        self.remember(host, |known| known.paused_until = known.paused_until.max(until));
        self.store.pause_host(host, until).await
    }

    async fn count(&self, host: &str, answered: bool) -> Result<u32, StoreError> {
        if answered && self.known(host).is_none_or(|known| known.n_failures == 0) {
            return Ok(0);
        }
        let n_failures = self.store.note_host(host, self.clock.now(), answered).await?;
        self.remember(host, |known| known.n_failures = n_failures);
        Ok(n_failures)
    }
}

impl HostSlots for StoreTurns {
    fn reserve<'a>(
        &'a self,
        host: &'a str,
        interval_ms: u64,
        max_wait_ms: u64,
    ) -> BoxFuture<'a, Result<Turn, SlotsUnavailable>> {
        self.take(host, interval_ms, max_wait_ms).map(unavailable).boxed()
    }

    fn pause<'a>(&'a self, host: &'a str, pause_ms: u64) -> BoxFuture<'a, Result<(), SlotsUnavailable>> {
        self.keep_away(host, pause_ms).map(unavailable).boxed()
    }

    fn note<'a>(&'a self, host: &'a str, answered: bool) -> BoxFuture<'a, Result<u32, SlotsUnavailable>> {
        self.count(host, answered).map(unavailable).boxed()
    }
}

fn unavailable<T>(result: Result<T, StoreError>) -> Result<T, SlotsUnavailable> {
    result.map_err(|error| SlotsUnavailable(error.to_string()))
}
