//! 采集日志: one hash chain for each day, and the time stamps over its heads.
//!
//! What is linked is the SHA-256 of each document, so an extract proves an entry by digests alone.

use serde::Serialize;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::chain::{self, ChainCheck, Link, Walk};
use super::error::Doing as _;
use super::row::{column, json, parse_json, plain};
use super::{Db, Result};
use crate::domain::capture::{CaptureId, Imported, Provenance, Redirect};
use crate::domain::capture_log::{Follows, LogEntry, SCHEMA, day_of};
use crate::domain::run::{RunCounts, RunId, RunOutcome};
use crate::domain::source::SourceId;
use crate::kit::chain::GENESIS;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

const CHAIN_PREFIX: &str = "capture-log:";
/// Follows every name of a chain of this table, in the order of bytes.
const CHAIN_END: &str = "capture-log;";

/// One day's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDay {
    /// Which day, Asia/Shanghai.
    pub day: String,
    /// How many entries.
    pub n_entries: u64,
    /// Hash of the last one.
    pub head: String,
}

/// One entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// 1 for the first of the day.
    pub ordinal: i64,
    /// The document, whose bytes are digested.
    pub document: String,
    /// Hash over the digest and everything before it.
    pub hash: String,
}

impl LogRow {
    /// SHA-256 of the document: what is linked.
    pub fn digest(&self) -> String {
        sha256_hex(self.document.as_bytes())
    }
}

impl Db {
    /// Appends an entry to the log of its day.
    pub async fn append_capture_log(&self, at: UnixMs, entry: &LogEntry) -> Result<()> {
        let mut tx = self.begin().await?;
        append(tx.conn(), at, entry).await?;
        tx.commit("append to the capture log").await
    }

    /// The days that have a log, the latest first.
    pub async fn capture_log_days(&self) -> Result<Vec<LogDay>> {
        let rows = sqlx::query(
            "select chain, n_entries, hash from chain_head where chain >= $1 and chain < $2 order by chain desc",
        )
        .bind(CHAIN_PREFIX)
        .bind(CHAIN_END)
        .fetch_all(self.pool())
        .await
        .doing("list capture logs")?;
        rows.iter().map(day_row).collect()
    }

    /// The entries of a day after `after`, at most `limit`, in order.
    pub async fn capture_log(&self, day: &str, after: i64, limit: u32) -> Result<Vec<LogRow>> {
        let rows = sqlx::query(
            "select ordinal, document, hash from capture_log where day = $1 and ordinal > $2 order by ordinal limit $3",
        )
        .bind(day)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("read a capture log")?;
        rows.iter().map(log_row).collect()
    }

    /// The entry about a capture, with its day; `None` for captures from before there was a log.
    pub async fn capture_log_entry(&self, id: &CaptureId) -> Result<Option<(String, LogRow)>> {
        let row = sqlx::query("select ordinal, document, hash, day from capture_log where capture_id = $1")
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await
            .doing("look for a capture in the log")?;
        row.as_ref().map(|row| Ok((column(row, 3)?, log_row(row)?))).transpose()
    }

    /// How many captures no log names.
    pub async fn n_captures_without_log(&self) -> Result<u64> {
        let row = sqlx::query(
            "select count(*) from capture c where not exists (\
             select 1 from capture_log l where l.capture_id = c.id)",
        )
        .fetch_one(self.pool())
        .await
        .doing("count captures without an entry in the log")?;
        super::row::count(&row, 0)
    }

    /// Hash of the entry at this place; [`GENESIS`] before the first.
    pub async fn capture_log_hash(&self, day: &str, ordinal: i64) -> Result<Option<String>> {
        if ordinal == 0 {
            return Ok(Some(GENESIS.to_owned()));
        }
        let row = sqlx::query("select hash from capture_log where day = $1 and ordinal = $2")
            .bind(day)
            .bind(ordinal)
            .fetch_optional(self.pool())
            .await
            .doing("read a capture log")?;
        row.as_ref().map(|row| column(row, 0)).transpose()
    }

    /// Recomputes the chain of a day.
    pub async fn check_capture_log(&self, day: &str) -> Result<ChainCheck> {
        const ROWS: u32 = 1_000;
        let head = {
            let mut connection = self.pool().acquire().await.doing("read a hash chain")?;
            chain::head(&mut connection, &chain_name(day)).await?
        };
        let mut walk = Walk::new(head);
        loop {
            let after = walk.n_found();
            let rows = self.capture_log(day, after, ROWS).await?;
            for row in &rows {
                if !walk.accepts(row.ordinal, &row.digest(), row.hash.clone(), true) {
                    return Ok(walk.result());
                }
            }
            if rows.is_empty() {
                return Ok(walk.result());
            }
        }
    }

    /// What the first entry of a day says of the day before; `None` for the first day of all, or an empty day.
    pub async fn capture_log_follows(&self, day: &str) -> Result<Option<Follows>> {
        #[derive(serde::Deserialize)]
        struct First {
            follows: Option<Follows>,
        }
        let rows = self.capture_log(day, 0, 1).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        Ok(parse_json::<First>("capture_log", day, &first.document)?.follows)
    }
}

/// Appends an entry; others wait here until the transaction ends, so take it last.
pub(super) async fn append(connection: &mut AnyConnection, at: UnixMs, entry: &LogEntry) -> Result<()> {
    let day = day_of(at);
    let chain_name = chain_name(&day);
    let follows = if has_entries(connection, &chain_name).await? {
        None
    } else {
        last_before(connection, &chain_name).await?
    };
    let mut document = String::new();
    let (Link { ordinal, hash }, _) = chain::append(connection, &chain_name, |ordinal| {
        let follows = follows.as_ref().filter(|_| ordinal == 1);
        document = json("capture_log", &day, &Document::of(&day, ordinal, at, follows, entry))?;
        // What engines do not keep is not digested either.
        document = plain(&document);
        Ok(sha256_hex(document.as_bytes()))
    })
    .await?;
    let capture_id = match entry {
        LogEntry::Captured { capture, .. } => Some(capture.id.as_str()),
        _ => None,
    };
    sqlx::query(
        "insert into capture_log (day, ordinal, at, kind, capture_id, document, hash) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(day.as_str())
    .bind(ordinal)
    .bind(at.0)
    .bind(entry.kind())
    .bind(capture_id)
    .bind(document)
    .bind(hash)
    .execute(connection)
    .await
    .doing("append to the capture log")?;
    Ok(())
}

fn chain_name(day: &str) -> String {
    format!("{CHAIN_PREFIX}{day}")
}

async fn has_entries(connection: &mut AnyConnection, chain_name: &str) -> Result<bool> {
    Ok(chain::head(connection, chain_name).await?.0 > 0)
}

async fn last_before(connection: &mut AnyConnection, chain_name: &str) -> Result<Option<Follows>> {
    let row = sqlx::query(
        "select chain, n_entries, hash from chain_head where chain >= $1 and chain < $2 and n_entries > 0 \
         order by chain desc limit 1",
    )
    .bind(CHAIN_PREFIX)
    .bind(chain_name)
    .fetch_optional(connection)
    .await
    .doing("look for the capture log before")?;
    row.as_ref()
        .map(|row| {
            let chain: String = column(row, 0)?;
            let day = chain.strip_prefix(CHAIN_PREFIX).unwrap_or_default().to_owned();
            Ok(Follows { day, n_entries: column(row, 1)?, head: column(row, 2)? })
        })
        .transpose()
}

/// The form of a document; field order is part of it.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    day: &'a str,
    ordinal: i64,
    at: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<&'a Follows>,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Captured(Box<Captured<'a>>),
    NotCaptured { run_id: &'a RunId, source_id: &'a SourceId, url: &'a str, outcome: &'a RunOutcome },
    RunEnded { run_id: &'a RunId, source_id: &'a SourceId, outcome: &'a RunOutcome, counts: &'a RunCounts },
}

#[derive(Serialize)]
struct Captured<'a> {
    capture_id: &'a str,
    run_id: &'a RunId,
    source_id: &'a SourceId,
    purpose: &'static str,
    requested_url: &'a str,
    redirects: &'a [Redirect],
    final_url: &'a str,
    status: u16,
    remote_addr: &'a str,
    started_at: String,
    finished_at: String,
    /// SHA-256 of request and response headers as the capture keeps them (JSON, request first).
    headers_sha256: String,
    body_size_bytes: u64,
    body_sha256: &'a str,
    body_sm3: &'a str,
    n_ads: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a Provenance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<&'a Imported>,
}

impl<'a> Document<'a> {
    fn of(day: &'a str, ordinal: i64, at: UnixMs, follows: Option<&'a Follows>, entry: &'a LogEntry) -> Self {
        let body = match entry {
            LogEntry::Captured { capture, n_ads } => {
                let exchange = &capture.exchange;
                let headers = (&exchange.request_headers, &exchange.response_headers);
                let headers = serde_json::to_vec(&headers).unwrap_or_default();
                Body::Captured(Box::new(Captured {
                    capture_id: capture.id.as_str(),
                    run_id: &capture.run_id,
                    source_id: &capture.source_id,
                    purpose: capture.purpose.as_str(),
                    requested_url: &exchange.requested_url,
                    redirects: &exchange.redirects,
                    final_url: &exchange.final_url,
                    status: exchange.status,
                    remote_addr: &exchange.remote_addr,
                    started_at: exchange.started_at.rfc3339(),
                    finished_at: exchange.finished_at.rfc3339(),
                    headers_sha256: sha256_hex(&headers),
                    body_size_bytes: capture.body.size_bytes,
                    body_sha256: &capture.body.digests.sha256,
                    body_sm3: &capture.body.digests.sm3,
                    n_ads: *n_ads,
                    provenance: exchange.provenance.as_ref(),
                    imported: exchange.imported.as_ref(),
                }))
            }
            LogEntry::NotCaptured { run_id, source_id, url, outcome } => {
                Body::NotCaptured { run_id, source_id, url, outcome }
            }
            LogEntry::RunEnded { run_id, source_id, outcome, counts } => {
                Body::RunEnded { run_id, source_id, outcome, counts }
            }
        };
        Self { schema: SCHEMA, day, ordinal, at: at.rfc3339(), kind: entry.kind(), follows, body }
    }
}

fn log_row(row: &AnyRow) -> Result<LogRow> {
    Ok(LogRow { ordinal: column(row, 0)?, document: column(row, 1)?, hash: column(row, 2)? })
}

fn day_row(row: &AnyRow) -> Result<LogDay> {
    let chain: String = column(row, 0)?;
    Ok(LogDay {
        day: chain.strip_prefix(CHAIN_PREFIX).unwrap_or_default().to_owned(),
        n_entries: super::row::count(row, 1)?,
        head: column(row, 2)?,
    })
}

/// A time stamp over the head of a log, asked for or there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStamp {
    /// Which day.
    pub day: String,
    /// How many entries the head covers.
    pub n_entries: i64,
    /// The head: the SHA-256 that is stamped.
    pub head: String,
    /// Name of the authority in the settings.
    pub authority: String,
    /// How often it was asked without success.
    pub n_attempts: u64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When, as the authority says; `None` while it waits.
    pub stamped_at: Option<UnixMs>,
    /// SHA-256 of the token in the vault.
    pub token_sha256: Option<String>,
}

const SELECT_STAMP: &str = "select day, n_entries, head, authority, n_attempts, last_error, stamped_at, token_sha256 \
                            from capture_log_stamp";

impl Db {
    /// Lets the heads of logs wait for a stamp of each authority: of days that are over, and of the present day when
    /// its last one was asked for at least `pause_ms` ago. Gives how many heads.
    pub async fn queue_log_stamps(&self, authorities: &[&str], now: UnixMs, pause_ms: i64) -> Result<usize> {
        if authorities.is_empty() {
            return Ok(0);
        }
        let rows = sqlx::query(
            "select h.chain, h.n_entries, h.hash, max(s.queued_at) from chain_head h \
             left join capture_log_stamp s on h.chain = $1 || s.day \
             where h.chain >= $2 and h.chain < $3 group by h.chain, h.n_entries, h.hash \
             having coalesce(max(s.n_entries), 0) < h.n_entries",
        )
        .bind(CHAIN_PREFIX)
        .bind(CHAIN_PREFIX)
        .bind(CHAIN_END)
        .fetch_all(self.pool())
        .await
        .doing("look for capture logs without a stamp")?;
        let today = day_of(now);
        let mut n_queued = 0;
        for row in &rows {
            let LogDay { day, head, .. } = day_row(row)?;
            let n_entries: i64 = column(row, 1)?;
            let last: Option<i64> = column(row, 3)?;
            if day >= today && last.is_some_and(|last| last + pause_ms > now.0) {
                continue;
            }
            let mut tx = self.begin().await?;
            for authority in authorities {
                sqlx::query(
                    "insert into capture_log_stamp (day, n_entries, head, authority, queued_at, next_at, n_attempts) \
                     values ($1, $2, $3, $4, $5, $6, 0) on conflict (day, n_entries, authority) do nothing",
                )
                .bind(day.as_str())
                .bind(n_entries)
                .bind(head.as_str())
                .bind(plain(authority))
                .bind(now.0)
                .bind(now.0)
                .execute(tx.conn())
                .await
                .doing("queue a time stamp of a log")?;
            }
            tx.commit("queue time stamps of a log").await?;
            n_queued += 1;
        }
        Ok(n_queued)
    }

    /// Whether an authority is to be asked for a log.
    pub async fn log_stamps_are_due(&self, now: UnixMs) -> Result<bool> {
        let row =
            sqlx::query("select 1 from capture_log_stamp where stamped_at is null and next_at <= $1 limit 1")
                .bind(now.0)
                .fetch_optional(self.pool())
                .await
                .doing("look for time stamps of logs")?;
        Ok(row.is_some())
    }

    /// At most `limit` stamps of logs that wait and are due, the oldest first.
    pub async fn waiting_log_stamps(&self, now: UnixMs, limit: u32) -> Result<Vec<LogStamp>> {
        let sql = format!(
            "{SELECT_STAMP} where stamped_at is null and next_at <= $1 order by next_at, day, n_entries, authority \
             limit $2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(now.0)
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("list waiting time stamps of logs")?;
        rows.iter().map(stamp_of).collect()
    }

    /// The stamps that a day's log has or waits for, in the order of the entries that they cover.
    pub async fn log_stamps(&self, day: &str) -> Result<Vec<LogStamp>> {
        let sql = format!("{SELECT_STAMP} where day = $1 order by n_entries, authority");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(day)
            .fetch_all(self.pool())
            .await
            .doing("list time stamps of a log")?;
        rows.iter().map(stamp_of).collect()
    }

    /// Records a token that the vault holds.
    pub async fn log_stamp_done(&self, stamp: &LogStamp, at: UnixMs, token_sha256: &str) -> Result<()> {
        sqlx::query(
            "update capture_log_stamp set stamped_at = $1, token_sha256 = $2, last_error = null \
             where day = $3 and n_entries = $4 and authority = $5",
        )
        .bind(at.0)
        .bind(token_sha256)
        .bind(stamp.day.as_str())
        .bind(stamp.n_entries)
        .bind(stamp.authority.as_str())
        .execute(self.pool())
        .await
        .doing("record a time stamp of a log")?;
        Ok(())
    }

    /// Records that an authority gave none; it is asked again at `retry_at`.
    pub async fn log_stamp_failed(&self, stamp: &LogStamp, error: &str, retry_at: UnixMs) -> Result<()> {
        sqlx::query(
            "update capture_log_stamp set n_attempts = n_attempts + 1, last_error = $1, next_at = $2 \
             where day = $3 and n_entries = $4 and authority = $5",
        )
        .bind(plain(error))
        .bind(retry_at.0)
        .bind(stamp.day.as_str())
        .bind(stamp.n_entries)
        .bind(stamp.authority.as_str())
        .execute(self.pool())
        .await
        .doing("record a failed time stamp of a log")?;
        Ok(())
    }
}

fn stamp_of(row: &AnyRow) -> Result<LogStamp> {
    Ok(LogStamp {
        day: column(row, 0)?,
        n_entries: column(row, 1)?,
        head: column(row, 2)?,
        authority: column(row, 3)?,
        n_attempts: super::row::count(row, 4)?,
        last_error: column(row, 5)?,
        stamped_at: column::<Option<i64>>(row, 6)?.map(UnixMs),
        token_sha256: column(row, 7)?,
    })
}
