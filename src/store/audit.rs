//! 审计记录: who did what, appended and hash-chained.

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::chain::{self, ChainCheck, Link, Walk};
use super::error::Doing as _;
use super::row::{column, json, parse_json, plain};
use super::{Db, Result};
use crate::domain::user::Actor;
use crate::kit::clock::UnixMs;

const CHAIN: &str = "audit";

/// Something to be put on record.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditNote {
    /// When.
    pub at: UnixMs,
    /// Who.
    pub actor: Actor,
    /// What, one of the verbs of adwatch, for example `accept`.
    pub action: String,
    /// To which thing, for example `finding f-0a1b2c`.
    pub object: String,
    /// Further facts, as JSON.
    pub detail: serde_json::Value,
}

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// 1 for the first entry.
    pub ordinal: u64,
    /// When.
    pub at: UnixMs,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To which thing.
    pub object: String,
    /// Further facts.
    pub detail: serde_json::Value,
    /// The text that is hashed: JSON of all of the above.
    pub payload: String,
    /// SHA-256 over the hash of the entry before and `payload`.
    pub hash: String,
}

/// Which entries of the audit; an empty field lets every value pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only of this actor.
    pub actor: String,
    /// Only actions that begin so, for example `finding.`.
    pub action: String,
    /// Only about this thing.
    pub object: String,
}

impl Db {
    /// Appends an entry.
    pub async fn append_audit(&self, note: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        append(tx.conn(), note).await?;
        tx.commit("append an audit entry").await
    }

    /// At most `limit` entries, newest first, older than entry `before` when it is given.
    pub async fn audit_entries(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>> {
        self.audit_entries_of(&AuditFilter::default(), before, limit).await
    }

    /// As [`Db::audit_entries`], only those that pass `filter`.
    pub async fn audit_entries_of(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let rows = sqlx::query(
            "select ordinal, payload, hash from audit_entry where ordinal < $1 \
             and ($3 = '' or actor = $3) and ($4 = '' or action = $4 or substr(action, 1, $6) = $4) \
             and ($5 = '' or object = $5) order by ordinal desc limit $2",
        )
        .bind(before.map_or(i64::MAX, |ordinal| i64::try_from(ordinal).unwrap_or(i64::MAX)))
        .bind(i64::from(limit))
        .bind(plain(&filter.actor))
        .bind(plain(&filter.action))
        .bind(plain(&filter.object))
        .bind(i32::try_from(filter.action.chars().count()).unwrap_or(i32::MAX))
        .fetch_all(self.pool())
        .await
        .doing("list audit entries")?;
        rows.iter().map(entry_of).collect()
    }

    /// Recomputes every hash of the audit chain and compares the columns that lists show with what was hashed.
    pub async fn check_audit(&self) -> Result<ChainCheck> {
        let head = {
            let mut connection = self.pool().acquire().await.doing("read a hash chain")?;
            chain::head(&mut connection, CHAIN).await?
        };
        let mut walk = Walk::new(head);
        loop {
            let rows = sqlx::query(
                "select ordinal, payload, hash, at, actor, action, object from audit_entry \
                 where ordinal > $1 order by ordinal limit 1000",
            )
            .bind(walk.n_found())
            .fetch_all(self.pool())
            .await
            .doing("check the audit chain")?;
            for row in &rows {
                let payload: String = column(row, 1)?;
                let shown = columns_agree(row, &payload)?;
                if !walk.accepts(column(row, 0)?, &payload, column(row, 2)?, shown) {
                    return Ok(walk.result());
                }
            }
            if rows.is_empty() {
                return Ok(walk.result());
            }
        }
    }
}

/// Appends an entry in a transaction, so that it is there exactly when its cause is.
pub(super) async fn append(connection: &mut AnyConnection, note: &AuditNote) -> Result<()> {
    let detail = with_place(note);
    let (actor, action, object) = (plain(note.actor.name()), plain(&note.action), plain(&note.object));
    let (Link { ordinal, hash }, payload) = chain::append(connection, CHAIN, |ordinal| {
        let payload = Payload {
            ordinal,
            at: note.at,
            actor: actor.clone(),
            action: action.clone(),
            object: object.clone(),
            detail: detail.clone(),
        };
        json("audit_entry", &ordinal.to_string(), &payload)
    })
    .await?;
    sqlx::query(
        "insert into audit_entry (ordinal, at, actor, action, object, payload, hash) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(ordinal)
    .bind(note.at.0)
    .bind(actor)
    .bind(action)
    .bind(object)
    .bind(payload)
    .bind(hash)
    .execute(connection)
    .await
    .doing("append an audit entry")?;
    Ok(())
}

/// The facts with the address and role of a person who came through the pages.
fn with_place(note: &AuditNote) -> serde_json::Value {
    let mut detail = note.detail.clone();
    if let Some(facts) = detail.as_object_mut() {
        if let Some(address) = note.actor.address() {
            facts.insert("from".to_owned(), address.into());
        }
        if let Some(role) = note.actor.role() {
            facts.insert("role".to_owned(), role.as_str().into());
        }
        if let Some(token) = note.actor.token() {
            facts.insert("token".to_owned(), token.as_str().into());
        }
    }
    detail
}

/// What is hashed, in this order.
#[derive(Serialize, Deserialize)]
struct Payload {
    ordinal: i64,
    at: UnixMs,
    actor: String,
    action: String,
    object: String,
    detail: serde_json::Value,
}

fn entry_of(row: &AnyRow) -> Result<AuditEntry> {
    let ordinal: i64 = column(row, 0)?;
    let payload: String = column(row, 1)?;
    let content: Payload = parse_json("audit_entry", &ordinal.to_string(), &payload)?;
    Ok(AuditEntry {
        ordinal: u64::try_from(ordinal).unwrap_or_default(),
        at: content.at,
        actor: content.actor,
        action: content.action,
        object: content.object,
        detail: content.detail,
        payload,
        hash: column(row, 2)?,
    })
}

/// Whether the columns `ordinal`, `at`, `actor`, `action`, `object` say what the hashed payload says.
fn columns_agree(row: &AnyRow, payload: &str) -> Result<bool> {
    let Ok(content) = serde_json::from_str::<Payload>(payload) else { return Ok(false) };
    Ok(content.ordinal == column::<i64>(row, 0)?
        && content.at.0 == column::<i64>(row, 3)?
        && content.actor == column::<String>(row, 4)?
        && content.action == column::<String>(row, 5)?
        && content.object == column::<String>(row, 6)?)
}
