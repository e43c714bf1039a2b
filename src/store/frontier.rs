//! 待采页面: what an unfinished run will fetch, so that a run survives its process.
//!
//! One process holds a run. What it found and what is still to be fetched change in one transaction, and only while
//! it holds the run: a process that was taken for dead and goes on all the same changes nothing any more.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::batch::{MAX_ROWS, placeholders, tuples};
use super::capture;
use super::error::{Doing as _, StoreError};
use super::manners;
use super::page::{self, PageRecord, PageRecorded};
use super::pool::Tx;
use super::rendering::{self, RenderingRow};
use super::row::{column, count, json, parsed, plain};
use super::run::{COLUMNS, run_of};
use super::{Db, Result};
use crate::domain::capture::CaptureId;
use crate::domain::run::{CrawlRun, RunCounts, RunId};
use crate::domain::source::SourceId;
use crate::domain::visit::Visit;
use crate::kit::clock::UnixMs;

/// A page to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Digest of its canonical address and request body: a run fetches it once.
    pub key: String,
    /// Its place in the order of fetching.
    pub ordinal: i64,
    /// The host that is asked.
    pub host: String,
    /// What to fetch, JSON of the caller's.
    pub target: String,
    /// The capture that linked here, for landing pages.
    pub parent_id: Option<CaptureId>,
    /// Items followed from the entry.
    pub depth: u32,
    /// How often it was tried without an answer.
    pub n_attempts: u32,
}

/// What a piece of a run changes, all or nothing.
#[derive(Debug)]
pub struct CrawlStep<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// Its source.
    pub source_id: &'a SourceId,
    /// Who holds it.
    pub holder: &'a str,
    /// Its counts before what recording the pages adds to them.
    pub counts: RunCounts,
    /// JSON of the caller's that comes back when the run is resumed.
    pub progress: &'a str,
    /// Pages that were captured, and pages whose kept capture was read again.
    pub pages: &'a [PageRecord],
    /// What a browser made of some of them.
    pub renderings: &'a [RenderingRow],
    /// What the connector wanted of new captures, JSON of the caller's.
    pub targets: &'a [(CaptureId, String)],
    /// Captures whose bytes were seen once more.
    pub seen_again: &'a [(CaptureId, UnixMs)],
    /// What is known of pages now, by key.
    pub visits: &'a BTreeMap<String, Visit>,
    /// Keys of what is done with.
    pub done: &'a [String],
    /// Keys of what is tried once more, with the new place in the order.
    pub put_back: &'a [(String, i64)],
    /// Hosts whose waiting pages are given up.
    pub left_hosts: &'a [String],
    /// What was found to fetch.
    pub added: &'a [Step],
    /// Pages that were asked for, and on which day (China).
    pub asked: (&'a str, u32),
}

/// What a piece of a run changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrawlRecorded {
    /// In the tables of ads and findings.
    pub pages: PageRecorded,
    /// Pages to fetch that were not known to the run before.
    pub n_added: u64,
    /// Waiting pages that were given up.
    pub n_left: u64,
}

/// An unfinished run and how far it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// The run.
    pub run: CrawlRun,
    /// What [`CrawlStep::progress`] was last; `None` when it never got so far.
    pub progress: Option<String>,
    /// Pages known to it.
    pub n_known: u64,
    /// Those done with.
    pub n_done: u64,
    /// A place in the order behind all of them.
    pub next_ordinal: i64,
}

impl Db {
    /// Takes over the latest unfinished run of a source that was opened at or after `not_before`.
    pub async fn take_over_run(
        &self,
        source_id: &SourceId,
        holder: &str,
        not_before: UnixMs,
    ) -> Result<Option<OpenRun>> {
        let mut tx = self.begin().await?;
        let sql = format!(
            "select {COLUMNS}, progress from crawl_run where source_id = $1 and finished_at is null \
             and started_at >= $2 order by started_at desc, id desc limit 1"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(source_id.as_str())
            .bind(not_before.0)
            .fetch_optional(tx.conn())
            .await
            .doing("take over a run")?;
        let Some(row) = row else { return Ok(None) };
        let run = run_of(&row)?;
        let progress: Option<String> = column(&row, 6)?;
        hold(&mut tx, &run.id, holder).await?;
        let figures = sqlx::query(
            "select count(*), coalesce(cast(sum(case when state = 'done' then 1 else 0 end) as bigint), 0), \
             coalesce(max(ordinal), -1) from frontier where run_id = $1",
        )
        .bind(run.id.as_str())
        .fetch_one(tx.conn())
        .await
        .doing("take over a run")?;
        tx.commit("take over a run").await?;
        Ok(Some(OpenRun {
            run,
            progress,
            n_known: count(&figures, 0)?,
            n_done: count(&figures, 1)?,
            next_ordinal: column::<i64>(&figures, 2)? + 1,
        }))
    }

    /// Opens a run that `holder` holds.
    pub async fn open_held_run(
        &self,
        id: &RunId,
        source_id: &SourceId,
        holder: &str,
        now: UnixMs,
    ) -> Result<()> {
        self.open_run(id, source_id, now).await?;
        let mut tx = self.begin().await?;
        hold(&mut tx, id, holder).await?;
        tx.commit("open a run").await
    }

    /// At most `limit` pages that wait, in order, beginning behind `after`.
    pub async fn waiting_steps(&self, run_id: &RunId, after: i64, limit: u32) -> Result<Vec<Step>> {
        let rows = sqlx::query(
            "select key, ordinal, host, target, parent_id, depth, n_attempts from frontier \
             where run_id = $1 and state = 'waiting' and ordinal > $2 order by ordinal limit $3",
        )
        .bind(run_id.as_str())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("read the frontier")?;
        rows.iter().map(step_of).collect()
    }

    /// What is known of pages of a source from earlier looks, by key.
    pub async fn visits(&self, source_id: &SourceId, keys: &[String]) -> Result<BTreeMap<String, Visit>> {
        let mut visits = BTreeMap::new();
        for chunk in keys.chunks(MAX_ROWS) {
            let sql = format!(
                "select key, capture_id, body_sha256, etag, last_modified, first_at, last_at, n_visits, n_changes, \
                 n_unchanged from page_visit where source_id = $1 and key in ({})",
                placeholders(2, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(source_id.as_str());
            for key in chunk {
                query = query.bind(key.as_str());
            }
            for row in query.fetch_all(self.pool()).await.doing("read earlier looks")? {
                visits.insert(column::<String>(&row, 0)?, visit_of(&row)?);
            }
        }
        Ok(visits)
    }

    /// Records a piece of a run.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when `holder` does not hold the run any more, or it ended; then nothing is recorded.
    pub async fn record_crawl(&self, step: &CrawlStep<'_>) -> Result<CrawlRecorded> {
        const ATTEMPTS: u32 = 4;
        let mut attempt = 1;
        loop {
            match self.try_record_crawl(step).await {
                Err(error) if error.is_passing() && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn try_record_crawl(&self, step: &CrawlStep<'_>) -> Result<CrawlRecorded> {
        let mut tx = self.begin().await?;
        // First, so that whoever takes the run over waits until this piece is written.
        let run_id = step.run_id.as_str();
        let held = sqlx::query(
            "update crawl_run set progress = $1 where id = $2 and holder = $3 and finished_at is null",
        )
        .bind(step.progress)
        .bind(run_id)
        .bind(step.holder)
        .execute(tx.conn())
        .await
        .doing("record a crawl")?
        .rows_affected();
        if held == 0 {
            return Err(StoreError::Changed { kind: "crawl run", id: run_id.to_owned() });
        }
        let mut recorded = CrawlRecorded::default();
        let fresh = page::record_all(&mut tx, step.pages, &mut recorded.pages).await?;
        for row in step.renderings {
            rendering::insert(&mut tx, row).await?;
        }
        for chunk in step.targets.chunks(MAX_ROWS) {
            capture::insert_targets(&mut tx, chunk).await?;
        }
        for (capture_id, at) in step.seen_again {
            page::see_again(&mut tx, capture_id, *at).await?;
        }
        let visits: Vec<(&String, &Visit)> = step.visits.iter().collect();
        for chunk in visits.chunks(MAX_ROWS) {
            upsert_visits(&mut tx, step.source_id, chunk).await?;
        }
        if let (day, n_asked @ 1..) = step.asked {
            manners::add_asked(&mut tx, step.source_id, day, n_asked).await?;
        }
        for chunk in step.added.chunks(MAX_ROWS) {
            recorded.n_added += insert_steps(&mut tx, run_id, chunk).await?;
        }
        for chunk in step.done.chunks(MAX_ROWS) {
            set_done(&mut tx, run_id, chunk).await?;
        }
        for (key, ordinal) in step.put_back {
            sqlx::query(
                "update frontier set n_attempts = n_attempts + 1, ordinal = $1 where run_id = $2 and key = $3",
            )
            .bind(ordinal)
            .bind(run_id)
            .bind(key.as_str())
            .execute(tx.conn())
            .await
            .doing("put a page back")?;
        }
        for host in step.left_hosts {
            recorded.n_left += sqlx::query(
                "update frontier set state = 'done' where run_id = $1 and host = $2 and state = 'waiting'",
            )
            .bind(run_id)
            .bind(plain(host))
            .execute(tx.conn())
            .await
            .doing("leave a host")?
            .rows_affected();
        }
        let left = u32::try_from(recorded.n_left).unwrap_or(u32::MAX);
        let counts = RunCounts {
            n_new_ads: step.counts.n_new_ads + recorded.pages.n_new_ads,
            n_new_findings: step.counts.n_new_findings + recorded.pages.n_new_findings,
            n_failed: step.counts.n_failed.saturating_add(left),
            ..step.counts
        };
        sqlx::query("update crawl_run set counts = $1 where id = $2")
            .bind(json("crawl_run", run_id, &counts)?)
            .bind(run_id)
            .execute(tx.conn())
            .await
            .doing("record a crawl")?;
        page::log_captured(&mut tx, fresh).await?;
        tx.commit("record a crawl").await?;
        Ok(recorded)
    }
}

async fn hold(tx: &mut Tx, id: &RunId, holder: &str) -> Result<()> {
    sqlx::query("update crawl_run set holder = $1 where id = $2")
        .bind(holder)
        .bind(id.as_str())
        .execute(tx.conn())
        .await
        .doing("hold a run")?;
    Ok(())
}

async fn insert_steps(tx: &mut Tx, run_id: &str, steps: &[Step]) -> Result<u64> {
    let sql = format!(
        "insert into frontier (run_id, key, ordinal, host, target, parent_id, depth, n_attempts, state) values {} \
         on conflict (run_id, key) do nothing",
        tuples(steps.len(), 9)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for step in steps {
        query = query
            .bind(run_id)
            .bind(step.key.as_str())
            .bind(step.ordinal)
            .bind(plain(&step.host))
            .bind(plain(&step.target))
            .bind(step.parent_id.as_ref().map(|parent| parent.to_string()))
            .bind(i64::from(step.depth))
            .bind(i64::from(step.n_attempts))
            .bind("waiting");
    }
    Ok(query.execute(tx.conn()).await.doing("add to the frontier")?.rows_affected())
}

async fn set_done(tx: &mut Tx, run_id: &str, keys: &[String]) -> Result<()> {
    let sql = format!(
        "update frontier set state = 'done' where run_id = $1 and key in ({})",
        placeholders(2, keys.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(run_id);
    for key in keys {
        query = query.bind(key.as_str());
    }
    query.execute(tx.conn()).await.doing("move the frontier")?;
    Ok(())
}

async fn upsert_visits(tx: &mut Tx, source_id: &SourceId, visits: &[(&String, &Visit)]) -> Result<()> {
    let sql = format!(
        "insert into page_visit (source_id, key, capture_id, body_sha256, etag, last_modified, first_at, last_at, \
         n_visits, n_changes, n_unchanged) values {} \
         on conflict (source_id, key) do update set capture_id = excluded.capture_id, \
         body_sha256 = excluded.body_sha256, etag = excluded.etag, last_modified = excluded.last_modified, \
         last_at = excluded.last_at, n_visits = excluded.n_visits, n_changes = excluded.n_changes, \
         n_unchanged = excluded.n_unchanged",
        tuples(visits.len(), 11)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (key, visit) in visits {
        query = query
            .bind(source_id.as_str())
            .bind(key.as_str())
            .bind(visit.capture_id.as_str())
            .bind(visit.body_sha256.as_str())
            .bind(visit.etag.as_deref().map(plain))
            .bind(visit.last_modified.as_deref().map(plain))
            .bind(visit.first_at.0)
            .bind(visit.last_at.0)
            .bind(i64::from(visit.n_visits))
            .bind(i64::from(visit.n_changes))
            .bind(i64::from(visit.n_unchanged));
    }
    query.execute(tx.conn()).await.doing("record looks")?;
    Ok(())
}

fn step_of(row: &AnyRow) -> Result<Step> {
    let parent: Option<String> = column(row, 4)?;
    Ok(Step {
        key: column(row, 0)?,
        ordinal: column(row, 1)?,
        host: column(row, 2)?,
        target: column(row, 3)?,
        parent_id: parent.map(|text| parsed("frontier", &text, CaptureId::parse)).transpose()?,
        depth: small(row, 5)?,
        n_attempts: small(row, 6)?,
    })
}

fn visit_of(row: &AnyRow) -> Result<Visit> {
    Ok(Visit {
        capture_id: parsed("page_visit", &column::<String>(row, 1)?, CaptureId::parse)?,
        body_sha256: column(row, 2)?,
        etag: column(row, 3)?,
        last_modified: column(row, 4)?,
        first_at: UnixMs(column(row, 5)?),
        last_at: UnixMs(column(row, 6)?),
        n_visits: small(row, 7)?,
        n_changes: small(row, 8)?,
        n_unchanged: small(row, 9)?,
    })
}

fn small(row: &AnyRow, index: usize) -> Result<u32> {
    Ok(u32::try_from(count(row, index)?).unwrap_or(u32::MAX))
}
