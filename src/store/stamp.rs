//! 可信时间戳: which packages wait for a time stamp, and which have one.

use super::error::Doing as _;
use super::row::{column, count, parsed, plain, time};
use super::{Db, Result};
use crate::domain::evidence::PackageId;
use crate::kit::clock::UnixMs;

/// A time stamp that a package waits for, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampRow {
    /// Which package.
    pub package_id: PackageId,
    /// Name of the authority in the settings.
    pub authority: String,
    /// When it was sealed and asked for first.
    pub queued_at: UnixMs,
    /// How often the authority was asked without success.
    pub n_attempts: u64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When, as the authority says; `None` while it waits.
    pub stamped_at: Option<UnixMs>,
}

const SELECT: &str =
    "select package_id, authority, queued_at, n_attempts, last_error, stamped_at from evidence_stamp";

impl Db {
    /// Lets a package wait for stamps of these authorities; those it waits for or has already stay as they are.
    pub async fn queue_stamps(&self, id: &PackageId, authorities: &[&str], now: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        for authority in authorities {
            sqlx::query(
                "insert into evidence_stamp (package_id, authority, queued_at, next_at, n_attempts) \
                 values ($1, $2, $3, $4, 0) on conflict (package_id, authority) do nothing",
            )
            .bind(id.as_str())
            .bind(plain(authority))
            .bind(now.0)
            .bind(now.0)
            .execute(tx.conn())
            .await
            .doing("queue a time stamp")?;
        }
        tx.commit("queue time stamps").await
    }

    /// Whether an authority is to be asked.
    pub async fn stamps_are_due(&self, now: UnixMs) -> Result<bool> {
        let row =
            sqlx::query("select 1 from evidence_stamp where stamped_at is null and next_at <= $1 limit 1")
                .bind(now.0)
                .fetch_optional(self.pool())
                .await
                .doing("look for time stamps")?;
        Ok(row.is_some())
    }

    /// At most `limit` stamps that wait and are due, the oldest first.
    pub async fn waiting_stamps(&self, now: UnixMs, limit: u32) -> Result<Vec<StampRow>> {
        let sql = format!(
            "{SELECT} where stamped_at is null and next_at <= $1 order by next_at, package_id, authority limit $2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(now.0)
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("list waiting time stamps")?;
        rows.iter().map(stamp_of).collect()
    }

    /// Stamps that a package has or waits for.
    pub async fn stamps(&self, id: &PackageId) -> Result<Vec<StampRow>> {
        let sql = format!("{SELECT} where package_id = $1 order by authority");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_all(self.pool())
            .await
            .doing("list time stamps")?;
        rows.iter().map(stamp_of).collect()
    }

    /// Records a token that lies beside the package.
    pub async fn stamp_done(&self, stamp: &StampRow, at: UnixMs, token_sha256: &str) -> Result<()> {
        sqlx::query(
            "update evidence_stamp set stamped_at = $1, token_sha256 = $2, last_error = null \
             where package_id = $3 and authority = $4",
        )
        .bind(at.0)
        .bind(token_sha256)
        .bind(stamp.package_id.as_str())
        .bind(stamp.authority.as_str())
        .execute(self.pool())
        .await
        .doing("record a time stamp")?;
        Ok(())
    }

    /// Records that an authority gave none; it is asked again at `retry_at`.
    pub async fn stamp_failed(&self, stamp: &StampRow, error: &str, retry_at: UnixMs) -> Result<()> {
        sqlx::query(
            "update evidence_stamp set n_attempts = n_attempts + 1, last_error = $1, next_at = $2 \
             where package_id = $3 and authority = $4",
        )
        .bind(plain(error))
        .bind(retry_at.0)
        .bind(stamp.package_id.as_str())
        .bind(stamp.authority.as_str())
        .execute(self.pool())
        .await
        .doing("record a failed time stamp")?;
        Ok(())
    }
}

fn stamp_of(row: &sqlx::any::AnyRow) -> Result<StampRow> {
    Ok(StampRow {
        package_id: parsed("evidence_stamp", &column::<String>(row, 0)?, PackageId::parse)?,
        authority: column(row, 1)?,
        queued_at: time(row, 2)?,
        n_attempts: count(row, 3)?,
        last_error: column(row, 4)?,
        stamped_at: column::<Option<i64>>(row, 5)?.map(UnixMs),
    })
}
