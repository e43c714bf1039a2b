//! A submitted form: the only door through which a page changes something.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};

use super::error::Failure;
use super::page::Visit;
use super::{Site, form};
use crate::app::users::Session;
use crate::kit::totp::same;

/// Longest accepted form, in bytes.
pub const MAX_FORM_BYTES: usize = 64 << 10;

/// Fields of a form whose token was checked against the session.
pub struct Form {
    /// Who sent it.
    pub session: Session,
    fields: Fields,
}

/// Fields in the order of the form.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form body; only `known` fields are accepted.
    pub async fn read(request: Request, known: &[&str]) -> Result<Self, Failure> {
        let bytes = Bytes::from_request(request, &())
            .await
            .map_err(|error| Failure::Form(format!("at most {MAX_FORM_BYTES} bytes: {error}")))?;
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&bytes).into_owned().collect();
        let is_known = |name: &str| known.contains(&name) || (known == KNOWN && name.starts_with("fill."));
        match fields.iter().find(|(name, _)| !is_known(name)) {
            Some((name, _)) => {
                Err(Failure::Form(format!("`{}` is not a field here", super::page::shorten(name, 40))))
            }
            None => Ok(Self(fields)),
        }
    }

    /// The first field of this name; empty when it is missing.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Every field of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl std::ops::Deref for Form {
    type Target = Fields;
    fn deref(&self) -> &Fields {
        &self.fields
    }
}

/// Every field that some form of the application has, beside the values of letters (`fill.…`); a handler reads those it
/// means.
const KNOWN: &[&str] = &[
    "csrf",
    "provision",
    "reason",
    "note",
    "seen",
    "then",
    "over",
    "name",
    "role",
    "old",
    "new",
    "repeat",
    "password",
    "secret",
    "code",
    "session",
    "scope",
    "days",
    "token",
    "form",
    "step",
    "approver",
    "officers",
    "ground",
    "to",
    "office",
    "outcome",
    "number",
    "party",
    "kind",
    "of",
    "referral",
    "answer",
    "task",
    "what",
    "approved",
    "on",
    "by",
    "reviewer",
    "agreed",
    "in",
    "pick",
    "verdict",
    "confirm",
    "query",
    "id",
    "parent",
    "source",
    "user",
    "why",
    "n",
    "from",
    "until",
    "month",
];

impl FromRequest<Arc<Site>> for Form {
    type Rejection = Failure;
    async fn from_request(request: Request, _: &Arc<Site>) -> Result<Self, Failure> {
        let session = request.extensions().get::<Visit>().and_then(|visit| visit.session.clone());
        let session = session.ok_or(Failure::Login)?;
        let fields = form::Fields::read(request, KNOWN).await?;
        if !same(fields.one("csrf"), &session.csrf) {
            return Err(Failure::Csrf);
        }
        Ok(Self { session, fields })
    }
}
