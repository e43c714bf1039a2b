//! 采集计划: which due times were started.

use std::collections::BTreeMap;

use super::error::Doing as _;
use super::job::{self, NewJob};
use super::row::{column, time};
use super::{Db, Result};
use crate::kit::clock::UnixMs;

impl Db {
    /// Starts a due time of a schedule: puts `job` into the queue and remembers the due time, in one transaction.
    /// `false` when it was started before, by whichever process. A schedule whose last job still waits or runs gets
    /// no second one (see [`NewJob::dedupe_key`]); the due time then counts as started.
    pub async fn fire(&self, schedule: &str, due_at: UnixMs, job: &NewJob, now: UnixMs) -> Result<bool> {
        let mut tx = self.begin().await?;
        let fired = sqlx::query(
            "insert into schedule_fire (schedule, due_at, fired_at) values ($1, $2, $3) \
             on conflict (schedule, due_at) do nothing",
        )
        .bind(schedule)
        .bind(due_at.0)
        .bind(now.0)
        .execute(tx.conn())
        .await
        .doing("start a schedule")?
        .rows_affected();
        if fired == 1 {
            job::insert(tx.conn(), job, now).await?;
        }
        tx.commit("start a schedule").await?;
        Ok(fired == 1)
    }

    /// The latest due time of each schedule that was started.
    pub async fn last_fires(&self) -> Result<BTreeMap<String, UnixMs>> {
        // From name to name along the key: `group by` would read every due time of the last month at each look.
        let rows = sqlx::query(
            "with recursive known (schedule) as (\
               select min(schedule) from schedule_fire \
               union all \
               select (select min(f.schedule) from schedule_fire f where f.schedule > known.schedule) \
               from known where known.schedule is not null) \
             select schedule, (select max(f.due_at) from schedule_fire f where f.schedule = known.schedule) \
             from known where schedule is not null",
        )
        .fetch_all(self.pool())
        .await
        .doing("list started schedules")?;
        rows.iter().map(|row| Ok((column(row, 0)?, time(row, 1)?))).collect()
    }

    /// Deletes due times before `before`, except the latest of each schedule; gives how many.
    pub async fn forget_fires(&self, before: UnixMs) -> Result<u64> {
        let mut tx = self.begin().await?;
        let n = sqlx::query(
            "delete from schedule_fire where due_at < $1 and exists (select 1 from schedule_fire later \
             where later.schedule = schedule_fire.schedule and later.due_at > schedule_fire.due_at)",
        )
        .bind(before.0)
        .execute(tx.conn())
        .await
        .doing("forget old due times")?
        .rows_affected();
        tx.commit("forget old due times").await?;
        Ok(n)
    }
}
