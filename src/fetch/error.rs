//! Why a fetch gave no page.

use super::guard::Refusal;
use crate::domain::run::RunOutcome;

/// Why a fetch gave no page. Other answers of a server, also `404`, are pages and are kept.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Our own guard refused the address, or where it led.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// robots.txt asks us not to.
    #[error("robots.txt does not let `{url}` be fetched: {why}")]
    RobotsDenied {
        /// The address.
        url: String,
        /// The rule, or why robots.txt counts as a refusal.
        why: String,
    },
    /// The host asks us to come back later, or its turn is too far away.
    #[error("host `{host}` wants no request for {retry_after_ms} ms")]
    RateLimited {
        /// The host.
        host: String,
        /// How long to stay away, in milliseconds.
        retry_after_ms: u64,
    },
    /// The server failed so often in a row that it is left alone for a while.
    #[error("server `{host}` failed {n_failures} times in a row and is left alone for {retry_after_ms} ms")]
    HostDown {
        /// Host and port.
        host: String,
        /// How often.
        n_failures: u32,
        /// How long, in milliseconds.
        retry_after_ms: u64,
    },
    /// The body is over the limit; nothing of it is kept.
    #[error("`{url}` sent more than {limit_bytes} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// No answer, or one that broke off.
    #[error("`{url}` gave no answer: {why}")]
    Network {
        /// The address.
        url: String,
        /// What happened.
        why: String,
    },
}

impl FetchError {
    /// How the look at this page ended.
    pub fn outcome(&self) -> RunOutcome {
        match self {
            Self::Refused(refusal) => RunOutcome::Blocked { why: refusal.to_string() },
            Self::RobotsDenied { .. } => RunOutcome::RobotsDenied,
            Self::RateLimited { .. } => RunOutcome::RateLimited,
            Self::TooLarge { limit_bytes, .. } => RunOutcome::TooLarge { limit_bytes: *limit_bytes },
            Self::Network { why, .. } => RunOutcome::Network { why: why.clone() },
            Self::HostDown { .. } => RunOutcome::Network { why: self.to_string() },
        }
    }

    /// Whether other pages of the same host need not be tried now.
    pub fn leaves_host(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::HostDown { .. })
    }
}
