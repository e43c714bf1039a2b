//! What goes wrong, as a page: a sentence, what to do next, a number; internals only in the log.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::lang::Lang;
use crate::app;

/// Why a request was not done. The middleware turns it into a page in the visitor's language.
#[derive(Debug)]
pub enum Failure {
    /// A use case refused or failed.
    App(app::Error),
    /// No such page.
    NoPage,
    /// No such method here.
    Method,
    /// The `Host` header names someone else.
    Host,
    /// A change asked for by a foreign page.
    Origin,
    /// The form's token is missing or old.
    Csrf,
    /// A form that our pages cannot have sent.
    Form(String),
    /// A change asked for without login.
    Login,
    /// The page itself could not be made.
    Render(String),
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        Self::App(error)
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Render(error.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::App(app::Error::Internal(error))
    }
}

/// What a page about a failure says.
pub struct Explained {
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub next: &'static str,
    /// Fields or further words.
    pub details: Vec<String>,
}

impl Failure {
    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::App(app::Error::NotFound { .. }) | Self::NoPage => StatusCode::NOT_FOUND,
            Self::App(app::Error::Forbidden(_)) | Self::Origin | Self::Csrf => StatusCode::FORBIDDEN,
            Self::App(app::Error::Conflict(_)) => StatusCode::CONFLICT,
            Self::App(app::Error::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::App(app::Error::Internal(_)) | Self::Render(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Form(_) => StatusCode::BAD_REQUEST,
            Self::Login => StatusCode::UNAUTHORIZED,
        }
    }

    /// What the page says; never internals.
    pub fn explain(&self, lang: Lang) -> Explained {
        let w = lang.words();
        let (sentence, next, details) = match self {
            Self::App(app::Error::NotFound { .. }) | Self::NoPage => {
                (w.error_not_found.to_owned(), w.error_not_found_next, Vec::new())
            }
            Self::App(app::Error::Forbidden(why)) => (why.clone(), w.error_forbidden_next, Vec::new()),
            Self::App(app::Error::Conflict(why)) => {
                (w.error_conflict.to_owned(), w.error_conflict_next, vec![why.clone()])
            }
            Self::App(app::Error::Invalid(problems)) => (
                w.error_invalid.to_owned(),
                w.error_invalid_next,
                problems.iter().map(|problem| problem.message.clone()).collect(),
            ),
            Self::App(app::Error::Internal(_)) | Self::Render(_) => {
                (w.error_internal.to_owned(), w.error_internal_next, Vec::new())
            }
            Self::Method => (w.error_method.to_owned(), w.error_not_found_next, Vec::new()),
            Self::Host => (w.error_host.to_owned(), w.error_host_next, Vec::new()),
            Self::Origin => (w.error_origin.to_owned(), w.error_origin_next, Vec::new()),
            Self::Csrf => (w.error_csrf.to_owned(), w.error_csrf_next, Vec::new()),
            Self::Form(why) => (w.error_invalid.to_owned(), w.error_invalid_next, vec![why.clone()]),
            Self::Login => (w.error_login.to_owned(), w.error_csrf_next, Vec::new()),
        };
        Explained { sentence, next, details }
    }

    /// Writes to the log what staff must not see.
    pub fn log(&self, request_id: &str) {
        match self {
            Self::App(app::Error::Internal(error)) => {
                tracing::error!(request_id, error = format!("{error:#}"), "a page failed");
            }
            Self::Render(error) => tracing::error!(request_id, error, "a page could not be made"),
            other => tracing::debug!(request_id, reason = ?other, "a request was refused"),
        }
    }
}

/// Carries a failure from a handler to the middleware that knows the visitor.
#[derive(Clone)]
pub struct Failed(pub Arc<Failure>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Failed(Arc::new(self)));
        response
    }
}
