//! What JSON columns hold, and reading rows. Shapes here are the stored form: fields may be added, never renamed.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::StoreError;
use super::error::Doing as _;
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::picture::Derived;
use crate::kit::clock::UnixMs;

/// Stored form of [`AdDraft`].
#[derive(Serialize, Deserialize)]
pub(super) struct DraftRow {
    kind: AdKind,
    title: Option<String>,
    text: String,
    locator: String,
    #[serde(default)]
    images: Vec<String>,
    landing_url: Option<String>,
    #[serde(default)]
    links: Vec<String>,
    advertiser: Option<String>,
    publisher: Option<String>,
    label: Option<String>,
    published_at: Option<UnixMs>,
    #[serde(default)]
    platform_ids: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    derived: Vec<Derived>,
}

impl From<&AdDraft> for DraftRow {
    fn from(draft: &AdDraft) -> Self {
        let AdDraft {
            kind,
            title,
            text,
            locator,
            images,
            landing_url,
            links,
            advertiser,
            publisher,
            label,
            published_at,
            platform_ids,
            derived,
        } = draft.clone();
        Self {
            kind,
            title,
            text,
            locator,
            images,
            landing_url,
            links,
            advertiser,
            publisher,
            label,
            published_at,
            platform_ids,
            derived,
        }
    }
}

impl From<DraftRow> for AdDraft {
    fn from(row: DraftRow) -> Self {
        Self {
            kind: row.kind,
            title: row.title,
            text: row.text,
            locator: row.locator,
            images: row.images,
            landing_url: row.landing_url,
            links: row.links,
            advertiser: row.advertiser,
            publisher: row.publisher,
            label: row.label,
            published_at: row.published_at,
            platform_ids: row.platform_ids,
            derived: row.derived,
        }
    }
}

/// JSON text of a value of ours. Their maps have text keys, so nothing in them can fail to be written.
pub(super) fn json<T: Serialize>(table: &'static str, id: &str, value: &T) -> super::Result<String> {
    serde_json::to_string(value).map_err(|error| bad_row(table, id, error))
}

/// The value of a JSON column.
pub(super) fn parse_json<T: DeserializeOwned>(table: &'static str, id: &str, text: &str) -> super::Result<T> {
    serde_json::from_str(text).map_err(|error| bad_row(table, id, error))
}

/// A column of a row. List columns in the statement: the index is their position.
pub(super) fn column<'r, T>(row: &'r AnyRow, index: usize) -> super::Result<T>
where
    T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
{
    row.try_get(index).doing("read a column")
}

/// A time column.
pub(super) fn time(row: &AnyRow, index: usize) -> super::Result<UnixMs> {
    column(row, index).map(UnixMs)
}

/// A column that counts and so is never negative.
pub(super) fn count(row: &AnyRow, index: usize) -> super::Result<u64> {
    Ok(u64::try_from(column::<i64>(row, index)?).unwrap_or_default())
}

/// A text column parsed into an identifier or a named value.
pub(super) fn parsed<T, E: std::fmt::Display>(
    table: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> super::Result<T> {
    parse(text).map_err(|error| bad_row(table, text, error))
}

/// A text column that holds one of a closed list of names.
pub(super) fn named<T>(
    table: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> super::Result<T> {
    parse(text).ok_or_else(|| bad_row(table, text, "the name is not known"))
}

/// The row does not fit.
pub(super) fn bad_row(table: &'static str, id: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Row { table, id: id.to_owned(), why: why.to_string() }
}

/// Text from outside as a text column can hold it: PostgreSQL takes no NUL.
/// What must be kept to the byte is stored as JSON, which escapes it, or in the vault.
pub(super) fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
