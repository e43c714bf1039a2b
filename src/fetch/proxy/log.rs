//! What a proxy was asked.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use crate::kit::clock::UnixMs;

/// Most requests that are remembered; a page with more is made to fill memories.
const MAX_ENTRIES: usize = 5_000;

/// One request of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxiedRequest {
    /// When it came.
    pub asked_at: UnixMs,
    /// `GET`, `POST`, …; `CONNECT` for https and WebSocket.
    pub method: String,
    /// The address; for `CONNECT` only `host:port` is known.
    pub target: String,
    /// What became of it.
    pub outcome: ProxyOutcome,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyOutcome {
    /// It went to this address, which was checked before.
    Sent(SocketAddr),
    /// The guard or a limit refused it; nothing left this machine.
    Refused(String),
    /// It was allowed, and the other side gave no answer.
    Failed(String),
}

/// The requests in the order of their coming.
#[derive(Default)]
pub(super) struct Log(Mutex<Vec<ProxiedRequest>>);

impl Log {
    pub(super) fn add(&self, request: ProxiedRequest) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < MAX_ENTRIES {
            entries.push(request);
        }
    }

    pub(super) fn entries(&self) -> Vec<ProxiedRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
