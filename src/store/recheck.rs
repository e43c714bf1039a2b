//! 整改复查: looks after an order, appended; and when the next one is due.

use super::error::Doing as _;
use super::pool::Tx;
use super::row::{column, named, parsed, plain, time};
use super::{Db, Result, outbox};
use crate::domain::capture::CaptureId;
use crate::domain::lead::LeadId;
use crate::domain::notice::Notice;
use crate::domain::recheck::{Recheck, RecheckId, RecheckResult};
use crate::kit::clock::UnixMs;

impl Db {
    /// Appends looks with the messages that they cause and says when the next one is due; `None` ends them.
    pub async fn add_rechecks(
        &self,
        lead: &LeadId,
        looks: &[Recheck],
        next: Option<UnixMs>,
        notices: &[Notice],
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        for look in looks {
            sqlx::query(
                "insert into recheck (id, lead_id, url, at, result, detail, capture_id) \
                 values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing",
            )
            .bind(look.id.as_str())
            .bind(look.lead_id.as_str())
            .bind(plain(&look.url))
            .bind(look.at.0)
            .bind(look.result.as_str())
            .bind(plain(&look.detail))
            .bind(look.capture_id.as_ref().map(CaptureId::as_str))
            .execute(tx.conn())
            .await
            .doing("record a recheck")?;
        }
        set_due(&mut tx, lead, next).await?;
        outbox::insert(&mut tx, &notices.iter().collect::<Vec<_>>()).await?;
        tx.commit("record rechecks").await
    }

    /// Looks for a lead, latest first, at most `limit`.
    pub async fn rechecks(&self, lead: &LeadId, limit: u32) -> Result<Vec<Recheck>> {
        let rows = sqlx::query(
            "select id, lead_id, url, at, result, detail, capture_id from recheck where lead_id = $1 \
             order by at desc, id desc limit $2",
        )
        .bind(lead.as_str())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("list rechecks")?;
        rows.iter()
            .map(|row| {
                let capture: Option<String> = column(row, 6)?;
                Ok(Recheck {
                    id: parsed("recheck", &column::<String>(row, 0)?, RecheckId::parse)?,
                    lead_id: parsed("recheck", &column::<String>(row, 1)?, LeadId::parse)?,
                    url: column(row, 2)?,
                    at: time(row, 3)?,
                    result: named("recheck", &column::<String>(row, 4)?, RecheckResult::parse)?,
                    detail: column(row, 5)?,
                    capture_id: capture.map(|id| parsed("recheck", &id, CaptureId::parse)).transpose()?,
                })
            })
            .collect()
    }

    /// Leads whose pages are to be looked at by now, the longest due first.
    pub async fn due_rechecks(&self, now: UnixMs, limit: u32) -> Result<Vec<LeadId>> {
        let rows = sqlx::query(
            "select lead_id from recheck_due where due_at <= $1 order by due_at, lead_id limit $2",
        )
        .bind(now.0)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("look for due rechecks")?;
        rows.iter().map(|row| parsed("recheck_due", &column::<String>(row, 0)?, LeadId::parse)).collect()
    }
}

/// Says when the pages of a lead are looked at next; `None`: no more.
pub(super) async fn set_due(tx: &mut Tx, lead: &LeadId, due: Option<UnixMs>) -> Result<()> {
    match due {
        Some(due) => {
            sqlx::query(
                "insert into recheck_due (lead_id, due_at) values ($1, $2) \
                 on conflict (lead_id) do update set due_at = excluded.due_at",
            )
            .bind(lead.as_str())
            .bind(due.0)
            .execute(tx.conn())
            .await
        }
        None => {
            sqlx::query("delete from recheck_due where lead_id = $1")
                .bind(lead.as_str())
                .execute(tx.conn())
                .await
        }
    }
    .doing("plan a recheck")?;
    Ok(())
}
