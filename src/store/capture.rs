//! 网页留存: reading captures. They are written by [`super::page`], together with what was found in them.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;

use super::batch::{MAX_ROWS, placeholders, tuples};
use super::error::Doing as _;
use super::picture::with_bodies;
use super::pool::Tx;
use super::row::{column, count, named, parse_json, parsed, plain};
use super::{Db, Result};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CaptureId, CapturePurpose};
use crate::domain::run::RunId;
use crate::domain::source::SourceId;
use crate::kit::digest::Digests;

const SELECT: &str = "select c.id, c.source_id, c.run_id, c.purpose, c.parent_id, c.exchange, b.sha256, b.sm3, \
                      b.size_bytes from capture c join blob b on b.sha256 = c.body_sha256";

impl Db {
    /// The capture of this name.
    pub async fn capture(&self, id: &CaptureId) -> Result<Option<Capture>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} where c.id = $1")))
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await
            .doing("read a capture")?;
        row.as_ref().map(capture_of).transpose()
    }

    /// The landing pages fetched in a run, in the order of their names.
    pub async fn landing_captures(&self, run_id: &RunId) -> Result<Vec<Capture>> {
        let sql = format!("{SELECT} where c.run_id = $1 and c.purpose = $2 order by c.id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(run_id.as_str())
            .bind(CapturePurpose::Landing.as_str())
            .fetch_all(self.pool())
            .await
            .doing("list landing pages")?;
        rows.iter().map(capture_of).collect()
    }

    /// The landing pages to which these pages led, in whichever run, in the order of their names.
    pub async fn landings_behind(&self, pages: &[CaptureId]) -> Result<Vec<Capture>> {
        let mut captures = Vec::new();
        for chunk in pages.chunks(MAX_ROWS) {
            // The purpose is written out, so that the index of landing pages serves.
            let sql = format!(
                "{SELECT} where c.purpose = 'landing' and c.parent_id in ({}) order by c.id",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(id.as_str());
            }
            let rows = query.fetch_all(self.pool()).await.doing("list landing pages")?;
            for row in &rows {
                captures.push(capture_of(row)?);
            }
        }
        Ok(captures)
    }

    /// The landing pages of a source that were asked for, or answered, under this address, the newest first, at most
    /// `limit`; the match is rough and for the caller to refine.
    pub async fn landings_at(&self, source_id: &SourceId, url: &str, limit: u32) -> Result<Vec<Capture>> {
        let sql = format!(
            "{SELECT} where c.source_id = $1 and c.purpose = 'landing' and (c.final_url = $2 or c.exchange like $3) \
             order by c.finished_at desc, c.id limit $4"
        );
        let quoted = serde_json::Value::from(url).to_string();
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(source_id.as_str())
            .bind(url)
            .bind(format!("%\"requested_url\":{quoted}%"))
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("look for a landing page")?;
        rows.iter().map(capture_of).collect()
    }

    /// The captures of the pictures of an ad, each picture once, in the order of their names.
    pub async fn picture_captures(&self, pictures: &[String]) -> Result<Vec<Capture>> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!("{SELECT} where {} order by c.id", with_bodies(pictures.len()));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for sha256 in pictures {
            query = query.bind(sha256.as_str());
        }
        let rows = query.fetch_all(self.pool()).await.doing("list the captures of pictures")?;
        let mut captures: Vec<Capture> = Vec::new();
        for row in &rows {
            let capture = capture_of(row)?;
            if !captures.iter().any(|known| known.body == capture.body) {
                captures.push(capture);
            }
        }
        Ok(captures)
    }

    /// At most `limit` captures, by name, beginning after `after`: for reading all of them again in steps.
    pub async fn captures_after(&self, after: Option<&CaptureId>, limit: u32) -> Result<Vec<Capture>> {
        let sql = format!("{SELECT} where c.id > $1 order by c.id limit $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(after.map_or("", CaptureId::as_str))
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("list captures")?;
        rows.iter().map(capture_of).collect()
    }

    /// What connectors wanted of these captures, JSON of the caller's; only of those that are kept.
    pub async fn capture_targets(&self, ids: &[CaptureId]) -> Result<BTreeMap<CaptureId, String>> {
        let mut targets = BTreeMap::new();
        for chunk in ids.chunks(MAX_ROWS) {
            let sql = format!(
                "select capture_id, target from capture_target where capture_id in ({})",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(id.as_str());
            }
            for row in query.fetch_all(self.pool()).await.doing("read targets")? {
                let id = parsed("capture_target", &column::<String>(&row, 0)?, CaptureId::parse)?;
                targets.insert(id, column(&row, 1)?);
            }
        }
        Ok(targets)
    }
}

/// Keeps what connectors wanted of captures.
pub(super) async fn insert_targets(tx: &mut Tx, targets: &[(CaptureId, String)]) -> Result<()> {
    let sql = format!(
        "insert into capture_target (capture_id, target) values {} on conflict (capture_id) do nothing",
        tuples(targets.len(), 2)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for (id, target) in targets {
        query = query.bind(id.as_str()).bind(plain(target));
    }
    query.execute(tx.conn()).await.doing("keep targets")?;
    Ok(())
}

fn capture_of(row: &AnyRow) -> Result<Capture> {
    let id: String = column(row, 0)?;
    let parent: Option<String> = column(row, 4)?;
    Ok(Capture {
        source_id: parsed("capture", &column::<String>(row, 1)?, SourceId::parse)?,
        run_id: parsed("capture", &column::<String>(row, 2)?, RunId::parse)?,
        purpose: named("capture", &column::<String>(row, 3)?, CapturePurpose::parse)?,
        parent_id: parent.map(|text| parsed("capture", &text, CaptureId::parse)).transpose()?,
        exchange: parse_json("capture", &id, &column::<String>(row, 5)?)?,
        body: BlobRef {
            digests: Digests { sha256: column(row, 6)?, sm3: column(row, 7)? },
            size_bytes: count(row, 8)?,
        },
        id: parsed("capture", &id, CaptureId::parse)?,
    })
}
