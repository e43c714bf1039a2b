//! What a use case can answer instead of a result.

/// One field that was filled in wrongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Name of the field, as in the form and the command.
    pub field: &'static str,
    /// What is wrong and what would be right, one sentence.
    pub message: String,
}

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("there is no {kind} `{id}`")]
    NotFound {
        /// What was looked for, for example `finding`.
        kind: &'static str,
        /// The name that was given.
        id: String,
    },
    /// The actor may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Someone else was first, or the thing is not in the needed state.
    #[error("{0}")]
    Conflict(String),
    /// The request itself is wrong.
    #[error("{}", .0.iter().map(|p| format!("{}: {}", p.field, p.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldProblem>),
    /// A failure outside: disk, database, network.
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

impl Error {
    /// A single wrong field.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem { field, message: message.into() }])
    }
}

/// Result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

impl From<crate::store::StoreError> for Error {
    fn from(error: crate::store::StoreError) -> Self {
        use crate::store::StoreError::{
            Address, Changed, Conflict, Engine, Exists, Held, LastAdministrator, NotFound, Row, Unreachable,
        };
        match error {
            Conflict { .. } | Changed { .. } | Exists { .. } | Held { .. } | LastAdministrator => {
                Self::Conflict(error.to_string())
            }
            NotFound { kind, id } => Self::NotFound { kind, id },
            Address { .. } => Self::invalid("database", error.to_string()),
            Row { .. } | Engine { .. } | Unreachable { .. } => Self::Internal(error.into()),
        }
    }
}

impl From<crate::fetch::FetchError> for Error {
    fn from(error: crate::fetch::FetchError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<crate::vault::VaultError> for Error {
    fn from(error: crate::vault::VaultError) -> Self {
        Self::Internal(error.into())
    }
}
