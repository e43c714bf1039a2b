//! 后台任务: work that machines take under leases.

use sqlx::AnyConnection;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::error::Doing as _;
use super::row::{column, json, parse_json, parsed, plain};
use super::{Db, Result};
use crate::domain::job::{JobId, JobKind, Lease};
use crate::kit::clock::UnixMs;

/// A job to be put into the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its name.
    pub id: JobId,
    /// What to do.
    pub kind: JobKind,
    /// While an unfinished job has this key, another with the same key is not taken in.
    pub dedupe_key: Option<String>,
    /// Not before this time.
    pub run_at: UnixMs,
}

impl Db {
    /// Puts a job into the queue; `false` when one with its key or name is there already.
    pub async fn enqueue(&self, job: &NewJob, now: UnixMs) -> Result<bool> {
        let mut tx = self.begin().await?;
        let added = insert(tx.conn(), job, now).await?;
        tx.commit("enqueue a job").await?;
        Ok(added)
    }

    /// Takes the job that is due longest, for `ttl_ms`; `None` when nothing is due. A job whose lease ended is due
    /// again: its worker was killed or lost its connection. `holder` names the worker, one name for each.
    pub async fn lease(&self, holder: &str, now: UnixMs, ttl_ms: i64) -> Result<Option<Lease>> {
        let until = now.plus_ms(ttl_ms);
        let sql = format!(
            "update job set holder = $1, lease_until = $2, n_attempts = n_attempts + 1 where id = (\
               select id from job where finished_at is null and run_at <= $3 \
               and (lease_until is null or lease_until <= $3) order by run_at, id limit 1 {}) \
             returning id, payload, n_attempts",
            self.dialect().skip_locked(),
        );
        loop {
            let mut tx = self.begin().await?;
            let row = sqlx::query(AssertSqlSafe(sql.as_str()))
                .bind(holder)
                .bind(until.0)
                .bind(now.0)
                .fetch_optional(tx.conn())
                .await
                .doing("lease a job")?;
            let Some(row) = row else { return Ok(None) };
            let lease = lease_of(&row, holder, until);
            if let Err(error) = &lease {
                // A newer adwatch may have left a job that this one cannot read; it must not block the others.
                let id: String = column(&row, 0)?;
                give_up(tx.conn(), &id, &error.to_string(), now).await?;
            }
            tx.commit("lease a job").await?;
            if let Ok(lease) = lease {
                return Ok(Some(lease));
            }
        }
    }

    /// Holds a job for `ttl_ms` from now; `false` when the lease was lost to another worker.
    pub async fn renew(&self, lease: &Lease, now: UnixMs, ttl_ms: i64) -> Result<bool> {
        self.change_held(
            lease,
            "update job set lease_until = $1 where id = $2 and holder = $3 and n_attempts = $4 and finished_at is null",
            now.plus_ms(ttl_ms),
        )
        .await
    }

    /// Records that a job is done; `false` when the lease was lost to another worker.
    pub async fn complete(&self, lease: &Lease, now: UnixMs) -> Result<bool> {
        self.change_held(
            lease,
            "update job set finished_at = $1, outcome = 'done', last_error = null, lease_until = null \
             where id = $2 and holder = $3 and n_attempts = $4 and finished_at is null",
            now,
        )
        .await
    }

    /// Records that a job failed: it is due again at `retry_at`, or given up when that is `None`. `false` when the
    /// lease was lost to another worker.
    pub async fn fail(
        &self,
        lease: &Lease,
        error: &str,
        retry_at: Option<UnixMs>,
        now: UnixMs,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query(
            "update job set last_error = $1, lease_until = null, holder = null, \
             run_at = case when $2 is null then run_at else $2 end, \
             finished_at = case when $2 is null then $3 else null end, \
             outcome = case when $2 is null then 'given-up' else null end \
             where id = $4 and holder = $5 and n_attempts = $6 and finished_at is null",
        )
        .bind(plain(error))
        .bind(retry_at.map(|at| at.0))
        .bind(now.0)
        .bind(lease.job_id.as_str())
        .bind(lease.holder.as_str())
        .bind(i64::from(lease.n_attempts))
        .execute(tx.conn())
        .await
        .doing("put a job back")?
        .rows_affected();
        tx.commit("put a job back").await?;
        Ok(changed == 1)
    }

    /// Deletes jobs that were finished before `before`; gives how many. Jobs are no evidence.
    pub async fn forget_jobs(&self, before: UnixMs) -> Result<u64> {
        let mut tx = self.begin().await?;
        let n = sqlx::query("delete from job where finished_at < $1")
            .bind(before.0)
            .execute(tx.conn())
            .await
            .doing("forget finished jobs")?
            .rows_affected();
        tx.commit("forget finished jobs").await?;
        Ok(n)
    }

    /// Runs an update with `$1` a time and `$2` to `$4` the lease; gives whether the lease still held.
    ///
    /// The number of attempts is the fencing token: a worker that slept through its lease and finds its job taken
    /// again, even by itself under the same name, changes nothing.
    async fn change_held(&self, lease: &Lease, sql: &'static str, at: UnixMs) -> Result<bool> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query(sql)
            .bind(at.0)
            .bind(lease.job_id.as_str())
            .bind(lease.holder.as_str())
            .bind(i64::from(lease.n_attempts))
            .execute(tx.conn())
            .await
            .doing("change a leased job")?
            .rows_affected();
        tx.commit("change a leased job").await?;
        Ok(changed == 1)
    }
}

/// Puts a job into the queue in a transaction.
pub(super) async fn insert(connection: &mut AnyConnection, job: &NewJob, now: UnixMs) -> Result<bool> {
    let added = sqlx::query(
        "insert into job (id, kind, payload, dedupe_key, run_at, n_attempts, created_at) \
         values ($1, $2, $3, $4, $5, 0, $6) on conflict do nothing",
    )
    .bind(job.id.as_str())
    .bind(job.kind.name())
    .bind(json("job", job.id.as_str(), &job.kind)?)
    .bind(job.dedupe_key.as_deref())
    .bind(job.run_at.0)
    .bind(now.0)
    .execute(connection)
    .await
    .doing("enqueue a job")?
    .rows_affected();
    Ok(added == 1)
}

async fn give_up(connection: &mut AnyConnection, id: &str, error: &str, now: UnixMs) -> Result<()> {
    sqlx::query("update job set finished_at = $1, outcome = 'given-up', last_error = $2 where id = $3")
        .bind(now.0)
        .bind(plain(error))
        .bind(id)
        .execute(connection)
        .await
        .doing("give up a job")
        .map(drop)
}

fn lease_of(row: &AnyRow, holder: &str, until: UnixMs) -> Result<Lease> {
    let id: String = column(row, 0)?;
    Ok(Lease {
        kind: parse_json::<JobKind>("job", &id, &column::<String>(row, 1)?)?,
        holder: holder.to_owned(),
        until,
        n_attempts: u32::try_from(column::<i64>(row, 2)?).unwrap_or(u32::MAX),
        job_id: parsed("job", &id, JobId::parse)?,
    })
}
