//! 提醒: notices that wait until they are sent.

use sqlx::AssertSqlSafe;

use super::batch::{MAX_ROWS, tuples};
use super::error::Doing as _;
use super::pool::Tx;
use super::row::{column, count, named, parsed, plain, time};
use super::{Db, Result};
use crate::domain::notice::{Notice, NoticeId, NoticeKind};
use crate::kit::clock::UnixMs;

/// A notice that was taken for sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenNotice {
    /// What to send.
    pub notice: Notice,
    /// How often it was tried, this time included.
    pub n_attempts: u32,
}

impl Db {
    /// Puts a notice into the outbox; `false` when one of its name is or was there.
    pub async fn add_notice(&self, notice: &Notice) -> Result<bool> {
        let mut tx = self.begin().await?;
        let added = insert(&mut tx, &[notice]).await?;
        tx.commit("add a notice").await?;
        Ok(added == 1)
    }

    /// Takes at most `limit` notices that are due, oldest first, and hides them from other senders for `hold_ms`.
    /// A sender that is killed leaves them; they are due again after that.
    pub async fn take_notices(&self, now: UnixMs, limit: u32, hold_ms: i64) -> Result<Vec<TakenNotice>> {
        let sql = format!(
            "update outbox set send_after = $1, n_attempts = n_attempts + 1 where id in (\
               select id from outbox where sent_at is null and send_after <= $2 order by send_after, id limit $3 {}) \
             returning id, kind, subject, body, created_at, n_attempts",
            self.dialect().skip_locked(),
        );
        let mut tx = self.begin().await?;
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(now.plus_ms(hold_ms).0)
            .bind(now.0)
            .bind(i64::from(limit))
            .fetch_all(tx.conn())
            .await
            .doing("take notices")?;
        tx.commit("take notices").await?;
        let mut taken = rows
            .iter()
            .map(|row| {
                Ok(TakenNotice {
                    notice: Notice {
                        id: parsed("outbox", &column::<String>(row, 0)?, NoticeId::parse)?,
                        kind: named("outbox", &column::<String>(row, 1)?, NoticeKind::parse)?,
                        subject: column(row, 2)?,
                        body: column(row, 3)?,
                        created_at: time(row, 4)?,
                    },
                    n_attempts: u32::try_from(column::<i64>(row, 5)?).unwrap_or(u32::MAX),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        taken.sort_by(|a, b| (a.notice.created_at, &a.notice.id).cmp(&(b.notice.created_at, &b.notice.id)));
        Ok(taken)
    }

    /// Records that a notice was handed over, under which message id.
    pub async fn mark_sent(&self, id: &NoticeId, message_id: &str, now: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("update outbox set sent_at = $1, message_id = $2, last_error = null where id = $3 and sent_at is null")
            .bind(now.0)
            .bind(message_id)
            .bind(id.as_str())
            .execute(tx.conn())
            .await
            .doing("mark a notice as sent")?;
        tx.commit("mark a notice as sent").await
    }

    /// Records why a notice could not be sent and when it is tried again.
    pub async fn mark_failed(&self, id: &NoticeId, error: &str, retry_at: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("update outbox set last_error = $1, send_after = $2 where id = $3 and sent_at is null")
            .bind(plain(error))
            .bind(retry_at.0)
            .bind(id.as_str())
            .execute(tx.conn())
            .await
            .doing("mark a notice as failed")?;
        tx.commit("mark a notice as failed").await
    }

    /// Whether a notice is due.
    pub async fn notices_are_due(&self, now: UnixMs) -> Result<bool> {
        let row = sqlx::query("select 1 from outbox where sent_at is null and send_after <= $1 limit 1")
            .bind(now.0)
            .fetch_optional(self.pool())
            .await
            .doing("look for notices")?;
        Ok(row.is_some())
    }

    /// How many notices wait, and what the last failure among them was.
    pub async fn waiting_notices(&self) -> Result<(u64, Option<String>)> {
        let row = sqlx::query("select count(*) from outbox where sent_at is null")
            .fetch_one(self.pool())
            .await
            .doing("count notices")?;
        let error = sqlx::query_scalar(
            "select last_error from outbox where sent_at is null and last_error is not null \
             order by send_after desc limit 1",
        )
        .fetch_optional(self.pool())
        .await
        .doing("read the last failure of a notice")?;
        Ok((count(&row, 0)?, error))
    }
}

/// Puts notices into the outbox in a transaction; gives how many were not there before.
pub(super) async fn insert(tx: &mut Tx, notices: &[&Notice]) -> Result<u64> {
    let mut added = 0;
    for chunk in notices.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into outbox (id, kind, subject, body, created_at, send_after, n_attempts) values {} \
             on conflict (id) do nothing",
            tuples(chunk.len(), 7),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for notice in chunk {
            query = query
                .bind(notice.id.as_str())
                .bind(notice.kind.as_str())
                .bind(plain(&notice.subject))
                .bind(plain(&notice.body))
                .bind(notice.created_at.0)
                .bind(notice.created_at.0)
                .bind(0_i64);
        }
        added += query.execute(tx.conn()).await.doing("add notices")?.rows_affected();
    }
    Ok(added)
}
