//! Why a page was not rendered.

use std::path::PathBuf;

/// Why a page was not rendered.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RenderError {
    /// The program could not be started.
    #[error("cannot start {program}: {why}")]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system or the program says.
        why: String,
    },
    /// The browser ended, or stopped answering, while the page was in it.
    #[error("the browser ended while it showed `{url}`")]
    BrowserGone {
        /// The page.
        url: String,
    },
    /// The page made its tab crash.
    #[error("`{url}` made its tab crash")]
    Crashed {
        /// The page.
        url: String,
    },
    /// The page made the browser do nothing else, and had shown nothing before.
    #[error("`{url}` did not come to rest within {limit_ms} ms and showed nothing")]
    Hung {
        /// The page.
        url: String,
        /// The limit.
        limit_ms: u64,
    },
    /// There was no answer; the browser says why.
    #[error("`{url}` gave no answer: {why}")]
    NoAnswer {
        /// The page.
        url: String,
        /// The browser's word, for example `net::ERR_CONNECTION_RESET`.
        why: String,
    },
    /// The browser refused a command that it must understand.
    #[error("the browser refused {method}: {says}")]
    Protocol {
        /// The command.
        method: String,
        /// Its answer.
        says: String,
    },
}

impl RenderError {
    /// Whether another browser may do better.
    pub(super) fn is_worth_a_retry(&self) -> bool {
        matches!(self, Self::BrowserGone { .. } | Self::Crashed { .. })
    }
}
