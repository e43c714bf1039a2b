//! Turns at hosts: the pause between two requests to one host is kept by all processes together.

use super::error::Doing as _;
use super::row::{count, time};
use super::{Db, Result};
use crate::kit::clock::UnixMs;

impl Db {
    /// Takes the next turn at `host` and gives the time at which the caller may send its request, `now` or later.
    /// Turns are at least `interval_ms` apart, whichever process takes them: one statement reads and moves the slot.
    pub async fn reserve_host(&self, host: &str, now: UnixMs, interval_ms: u64) -> Result<UnixMs> {
        let interval_ms = i64::try_from(interval_ms).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "insert into host_slot (host, free_at) values ($1, $2 + $3) \
             on conflict (host) do update set free_at = \
             case when host_slot.free_at > $2 then host_slot.free_at else $2 end + $3 \
             returning free_at - $3",
        )
        .bind(host)
        .bind(now.0)
        .bind(interval_ms)
        .fetch_one(tx.conn())
        .await
        .doing("take a turn at a host")?;
        tx.commit("take a turn at a host").await?;
        time(&row, 0)
    }

    /// When `host` is free again and how often in a row it failed; `None` when it was never asked.
    pub async fn host_state(&self, host: &str) -> Result<Option<(UnixMs, u32)>> {
        let row = sqlx::query("select free_at, n_failures from host_slot where host = $1")
            .bind(host)
            .fetch_optional(self.pool())
            .await
            .doing("look at a host")?;
        row.map(|row| Ok((time(&row, 0)?, small(&row, 1)?))).transpose()
    }

    /// Keeps everybody away from `host` until a time; a longer pause that it has already stays.
    pub async fn pause_host(&self, host: &str, until: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "insert into host_slot (host, free_at) values ($1, $2) on conflict (host) do update set free_at = \
             case when host_slot.free_at > $2 then host_slot.free_at else $2 end",
        )
        .bind(host)
        .bind(until.0)
        .execute(tx.conn())
        .await
        .doing("pause a host")?;
        tx.commit("pause a host").await
    }

    /// Notes whether `host` answered as a server in order does; gives how often in a row it did not.
    pub async fn note_host(&self, host: &str, now: UnixMs, answered: bool) -> Result<u32> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "insert into host_slot (host, free_at, n_failures) values ($1, $2, $3) \
             on conflict (host) do update set n_failures = (host_slot.n_failures + 1) * $3 returning n_failures",
        )
        .bind(host)
        .bind(now.0)
        .bind(i64::from(!answered))
        .fetch_one(tx.conn())
        .await
        .doing("note how a host answers")?;
        tx.commit("note how a host answers").await?;
        small(&row, 0)
    }
}

fn small(row: &sqlx::any::AnyRow, index: usize) -> Result<u32> {
    Ok(u32::try_from(count(row, index)?).unwrap_or(u32::MAX))
}
