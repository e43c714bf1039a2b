//! What can go wrong in the store, with only the variants that a caller branches on.

use crate::domain::finding::{FindingId, FindingState};
use crate::kit::clock::UnixMs;

/// Why a store call did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else changed the finding first, or it is not in the state that the decision needs.
    #[error("finding `{id}` is {} since {by} decided at {}; look at it again, then decide", .state.as_str(), .at.beijing())]
    Conflict {
        /// Which finding.
        id: FindingId,
        /// Where it stands now.
        state: FindingState,
        /// Who changed it last.
        by: String,
        /// When.
        at: UnixMs,
    },
    /// Someone else changed it since it was read.
    #[error("{kind} `{id}` was changed by someone else meanwhile; look at it again, then repeat")]
    Changed {
        /// What it is, for example `lead`.
        kind: &'static str,
        /// Its name.
        id: String,
    },
    /// There is no such thing.
    #[error("there is no {kind} `{id}`")]
    NotFound {
        /// What was looked for, for example `finding`.
        kind: &'static str,
        /// The name that was given.
        id: String,
    },
    /// There is already one of this name.
    #[error("there is already a {kind} `{id}`; choose another name or remove it first")]
    Exists {
        /// What it is, for example `source`.
        kind: &'static str,
        /// The name that was given.
        id: String,
    },
    /// Nobody could let anybody in again from the pages.
    #[error(
        "至少须保留一名可登录的管理员 (this is the last administrator who can log in; make another one first)"
    )]
    LastAdministrator,
    /// Somebody else is working on this finding.
    #[error("finding `{id}` is held by {holder} until {}; wait, or take it over", .until.beijing())]
    Held {
        /// Which finding.
        id: FindingId,
        /// By whom.
        holder: String,
        /// Until when, unless they go on.
        until: UnixMs,
    },
    /// The database address cannot be used.
    #[error("database address `{shown}`: {why}")]
    Address {
        /// The address without its password.
        shown: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// The database is not there, or what is there is no database.
    #[error("database `{shown}` cannot be opened: {cause}")]
    Unreachable {
        /// The address without its password.
        shown: String,
        /// What the engine says.
        cause: sqlx::Error,
    },
    /// A stored row does not have the shape that this version of adwatch writes.
    #[error("table `{table}`, row `{id}`: {why}; was it written by a newer adwatch?")]
    Row {
        /// In which table.
        table: &'static str,
        /// Key of the row.
        id: String,
        /// What does not fit.
        why: String,
    },
    /// The engine failed.
    #[error("the database could not {doing}: {cause}")]
    Engine {
        /// What was being done, for example `record a page`.
        doing: &'static str,
        /// What the engine says.
        cause: sqlx::Error,
    },
}

impl StoreError {
    /// Whether the same call may succeed when it is simply repeated (a lock that was not free, a deadlock broken).
    pub(super) fn is_passing(&self) -> bool {
        let Self::Engine { cause: sqlx::Error::Database(error), .. } = self else { return false };
        // PostgreSQL: serialization failure, deadlock. SQLite: BUSY and LOCKED with their extended codes.
        matches!(error.code().as_deref(), Some("40001" | "40P01" | "5" | "6" | "261" | "262" | "517"))
    }
}

/// Says what was being done when the engine failed.
pub(super) trait Doing<T> {
    /// Turns an engine error into [`StoreError::Engine`].
    fn doing(self, what: &'static str) -> super::Result<T>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, what: &'static str) -> super::Result<T> {
        self.map_err(|cause| StoreError::Engine { doing: what, cause })
    }
}
