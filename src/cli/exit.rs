//! Exit codes, the same for every command: 0 nothing found, 1 findings, 2 usage or configuration, 3 failure outside.

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// The process's exit code.
    pub code: u8,
    /// What to say on standard error, if anything.
    pub message: Option<String>,
}

impl Exit {
    /// Done; nothing was found, or nothing was looked for.
    pub const NOTHING: Self = Self { code: 0, message: None };
    /// Done; there are findings or deviations.
    pub const FINDINGS: Self = Self { code: 1, message: None };

    /// The command or the configuration is wrong; `message` says what would be right.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: Some(message.into()) }
    }

    /// The outcome of a use case that failed.
    pub fn of_error(error: &crate::app::Error) -> Self {
        use crate::app::Error::{Conflict, Forbidden, Internal, Invalid, NotFound};
        let code = match error {
            NotFound { .. } | Forbidden(_) | Conflict(_) | Invalid(_) => 2,
            Internal(_) => 3,
        };
        Self { code, message: Some(error.to_string()) }
    }
}

impl From<crate::app::Error> for Exit {
    fn from(error: crate::app::Error) -> Self {
        Self::of_error(&error)
    }
}
