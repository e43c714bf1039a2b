//! Figures for the digest and for overviews.

use std::collections::BTreeMap;

use super::error::Doing as _;
use super::row::{column, count, parsed, time};
use super::{Db, Result};
use crate::domain::finding::FindingId;
use crate::kit::clock::UnixMs;

/// What entered the queue in a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// Findings for each category code among their asserted hits; a finding may count in several.
    pub by_category: BTreeMap<String, u64>,
    /// Findings for each severity, 1 to 4.
    pub by_severity: BTreeMap<u8, u64>,
}

impl Db {
    /// What entered the queue at or after `from` and before `until`.
    pub async fn queue_figures(&self, from: UnixMs, until: UnixMs) -> Result<QueueFigures> {
        let mut figures = QueueFigures::default();
        let rows = sqlx::query(
            "select h.category, count(distinct h.finding_id) from finding f join hit h on h.finding_id = f.id \
             where f.created_at >= $1 and f.created_at < $2 and h.status = 'asserted' group by h.category",
        )
        .bind(from.0)
        .bind(until.0)
        .fetch_all(self.pool())
        .await
        .doing("count findings by category")?;
        for row in &rows {
            figures.by_category.insert(column(row, 0)?, count(row, 1)?);
        }
        let rows = sqlx::query(
            "select severity, count(*) from finding where created_at >= $1 and created_at < $2 group by severity",
        )
        .bind(from.0)
        .bind(until.0)
        .fetch_all(self.pool())
        .await
        .doing("count findings by severity")?;
        for row in &rows {
            figures
                .by_severity
                .insert(u8::try_from(column::<i64>(row, 0)?).unwrap_or_default(), count(row, 1)?);
        }
        Ok(figures)
    }

    /// The finding that waits longest, and since when.
    pub async fn oldest_pending(&self) -> Result<Option<(FindingId, UnixMs)>> {
        let row = sqlx::query(
            "select id, created_at from finding where state = 'pending' order by created_at, id limit 1",
        )
        .fetch_optional(self.pool())
        .await
        .doing("find the oldest pending finding")?;
        row.map(|row| Ok((parsed("finding", &column::<String>(&row, 0)?, FindingId::parse)?, time(&row, 1)?)))
            .transpose()
    }
}
