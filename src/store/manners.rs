//! 采集分寸: how sources are treated, and what they were asked for today.

use super::error::Doing as _;
use super::pool::Tx;
use super::row::{column, count, json, parse_json};
use super::{Db, Result};
use crate::domain::manners::Manners;
use crate::domain::source::SourceId;

impl Db {
    /// How a source is treated.
    pub async fn manners(&self, id: &SourceId) -> Result<Manners> {
        let row = sqlx::query("select manners from source_manners where source_id = $1")
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await
            .doing("read how a source is treated")?;
        let manners = row
            .map(|row| parse_json("source_manners", id.as_str(), &column::<String>(&row, 0)?))
            .transpose()?;
        Ok(manners.unwrap_or_default())
    }

    /// Sets how a source is treated.
    pub async fn set_manners(&self, id: &SourceId, manners: &Manners) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "insert into source_manners (source_id, manners) values ($1, $2) \
             on conflict (source_id) do update set manners = excluded.manners",
        )
        .bind(id.as_str())
        .bind(json("source_manners", id.as_str(), manners)?)
        .execute(tx.conn())
        .await
        .doing("set how a source is treated")?;
        tx.commit("set how a source is treated").await
    }

    /// Pages that were asked for on `day`.
    pub async fn asked_on(&self, id: &SourceId, day: &str) -> Result<u32> {
        let row = sqlx::query("select n_asked from source_day where source_id = $1 and day = $2")
            .bind(id.as_str())
            .bind(day)
            .fetch_optional(self.pool())
            .await
            .doing("count the pages of a day")?;
        let n_asked = row.map(|row| count(&row, 0)).transpose()?.unwrap_or_default();
        Ok(u32::try_from(n_asked).unwrap_or(u32::MAX))
    }
}

/// Adds to the pages of a day.
pub(super) async fn add_asked(tx: &mut Tx, id: &SourceId, day: &str, n_asked: u32) -> Result<()> {
    sqlx::query(
        "insert into source_day (source_id, day, n_asked) values ($1, $2, $3) \
         on conflict (source_id, day) do update set n_asked = source_day.n_asked + excluded.n_asked",
    )
    .bind(id.as_str())
    .bind(day)
    .bind(i64::from(n_asked))
    .execute(tx.conn())
    .await
    .doing("count the pages of a day")?;
    Ok(())
}
