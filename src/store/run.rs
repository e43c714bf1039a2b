//! 采集批次: looks at sources.

use sqlx::any::AnyRow;

use super::error::{Doing as _, StoreError};
use super::row::{column, json, parse_json, parsed, time};
use super::{Db, Result, capture_log};
use crate::domain::capture_log::LogEntry;
use crate::domain::run::{CrawlRun, RunCounts, RunId, RunOutcome};
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;

pub(super) const COLUMNS: &str = "id, source_id, started_at, finished_at, outcome, counts";

impl Db {
    /// Records that a look at a source begins. Opening the same run again changes nothing.
    pub async fn open_run(&self, id: &RunId, source_id: &SourceId, now: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "insert into crawl_run (id, source_id, started_at, counts) values ($1, $2, $3, $4) \
             on conflict (id) do nothing",
        )
        .bind(id.as_str())
        .bind(source_id.as_str())
        .bind(now.0)
        .bind(json("crawl_run", id.as_str(), &RunCounts::default())?)
        .execute(tx.conn())
        .await
        .doing("open a run")?;
        tx.commit("open a run").await
    }

    /// Records how a run ended, and forgets its frontier. A run that already ended keeps its end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the run was never opened.
    pub async fn finish_run(
        &self,
        id: &RunId,
        outcome: &RunOutcome,
        counts: &RunCounts,
        now: UnixMs,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let before = sqlx::query("select source_id, finished_at from crawl_run where id = $1")
            .bind(id.as_str())
            .fetch_optional(tx.conn())
            .await
            .doing("finish a run")?;
        let Some(before) = before else {
            return Err(StoreError::NotFound { kind: "crawl run", id: id.to_string() });
        };
        sqlx::query(
            "update crawl_run set finished_at = coalesce(finished_at, $1), outcome = coalesce(outcome, $2), \
             counts = case when finished_at is null then $3 else counts end where id = $4",
        )
        .bind(now.0)
        .bind(json("crawl_run", id.as_str(), outcome)?)
        .bind(json("crawl_run", id.as_str(), counts)?)
        .bind(id.as_str())
        .execute(tx.conn())
        .await
        .doing("finish a run")?;
        if column::<Option<i64>>(&before, 1)?.is_none() {
            let entry = LogEntry::RunEnded {
                run_id: id.clone(),
                source_id: parsed("crawl_run", &column::<String>(&before, 0)?, SourceId::parse)?,
                outcome: outcome.clone(),
                counts: *counts,
            };
            capture_log::append(tx.conn(), now, &entry).await?;
        }
        sqlx::query("delete from frontier where run_id = $1")
            .bind(id.as_str())
            .execute(tx.conn())
            .await
            .doing("finish a run")?;
        tx.commit("finish a run").await
    }

    /// The latest runs, newest first.
    pub async fn runs(&self, limit: u32) -> Result<Vec<CrawlRun>> {
        let sql = format!("select {COLUMNS} from crawl_run order by started_at desc, id desc limit $1");
        self.read_runs(sql, Some(i64::from(limit))).await
    }

    /// At most `limit` runs, newest first: of one source or of all, older than the run `before`.
    pub async fn runs_before(
        &self,
        source: Option<&SourceId>,
        before: Option<(UnixMs, &RunId)>,
        limit: u32,
    ) -> Result<Vec<CrawlRun>> {
        let of_source = if source.is_some() { "source_id = $4" } else { "$4 = ''" };
        let sql = format!(
            "select {COLUMNS} from crawl_run where (started_at, id) < ($1, $2) and {of_source} \
             order by started_at desc, id desc limit $3"
        );
        let (at, id) = before.map_or((i64::MAX, ""), |(at, id)| (at.0, id.as_str()));
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(at)
            .bind(id)
            .bind(i64::from(limit))
            .bind(source.map_or("", SourceId::as_str))
            .fetch_all(self.pool())
            .await
            .doing("list runs")?;
        rows.iter().map(run_of).collect()
    }

    /// Runs that were opened before `before` and never finished: they run, or their process was killed.
    pub async fn unfinished_runs(&self, before: UnixMs) -> Result<Vec<CrawlRun>> {
        let sql = format!(
            "select {COLUMNS} from crawl_run where finished_at is null and started_at < $1 order by started_at, id"
        );
        self.read_runs(sql, Some(before.0)).await
    }

    /// The latest run of each source that was not removed.
    pub async fn last_runs(&self) -> Result<Vec<CrawlRun>> {
        let sql = "select r.id, r.source_id, r.started_at, r.finished_at, r.outcome, r.counts \
                   from source s join crawl_run r on r.id = (\
                     select last.id from crawl_run last where last.source_id = s.id \
                     order by last.started_at desc, last.id desc limit 1) \
                   where s.removed_at is null order by r.started_at desc, r.id desc"
            .to_owned();
        self.read_runs(sql, None).await
    }

    /// Runs that a statement with at most one parameter selects.
    async fn read_runs(&self, sql: String, parameter: Option<i64>) -> Result<Vec<CrawlRun>> {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        if let Some(parameter) = parameter {
            query = query.bind(parameter);
        }
        let rows = query.fetch_all(self.pool()).await.doing("list runs")?;
        rows.iter().map(run_of).collect()
    }
}

pub(super) fn run_of(row: &AnyRow) -> Result<CrawlRun> {
    let id: String = column(row, 0)?;
    let outcome: Option<String> = column(row, 4)?;
    Ok(CrawlRun {
        source_id: parsed("crawl_run", &column::<String>(row, 1)?, SourceId::parse)?,
        started_at: time(row, 2)?,
        finished_at: column::<Option<i64>>(row, 3)?.map(UnixMs),
        outcome: outcome.map(|text| parse_json("crawl_run", &id, &text)).transpose()?,
        counts: parse_json("crawl_run", &id, &column::<String>(row, 5)?)?,
        id: parsed("crawl_run", &id, RunId::parse)?,
    })
}
