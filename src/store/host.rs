//! Turns at hosts: the pause between two requests to one host is kept by all processes together.

use super::error::Doing as _;
use super::row::time;
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
}
