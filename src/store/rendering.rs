//! 渲染留存: what a browser made of a captured page.

use sqlx::any::AnyRow;

use super::batch::{MAX_ROWS, tuples};
use super::error::Doing as _;
use super::page;
use super::pool::Tx;
use super::row::{column, count, named, parsed, plain};
use super::{Db, Result};
use crate::domain::ad::AdId;
use crate::domain::blob::BlobRef;
use crate::domain::capture::CaptureId;
use crate::domain::rendering::{PartRole, RenderProfile};
use crate::kit::digest::Digests;

/// A look at a page with a browser. All bytes must be in the vault already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderingRow {
    /// Of which capture.
    pub capture_id: CaptureId,
    /// As what it was looked at.
    pub profile: RenderProfile,
    /// The record, JSON.
    pub record: BlobRef,
    /// Ads that were seen.
    pub n_ads: u32,
    /// Requests that the address guard refused.
    pub n_refused: u32,
    /// What belongs to it.
    pub parts: Vec<RenderingPart>,
}

/// Bytes that belong to a rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderingPart {
    /// What they are.
    pub role: PartRole,
    /// Address of a frame or body, place of an ad; empty for others.
    pub name: String,
    /// Of which ad they are the picture.
    pub ad_id: Option<AdId>,
    /// The bytes.
    pub blob: BlobRef,
}

impl Db {
    /// How the page of a capture was rendered; `None` when it was not.
    pub async fn rendering(&self, id: &CaptureId) -> Result<Option<RenderingRow>> {
        let row = sqlx::query(
            "select r.capture_id, r.profile, r.n_ads, r.n_refused, b.sha256, b.sm3, b.size_bytes \
             from rendering r join blob b on b.sha256 = r.record_sha256 where r.capture_id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(self.pool())
        .await
        .doing("read a rendering")?;
        let Some(row) = row else { return Ok(None) };
        let parts = sqlx::query(
            "select p.role, p.name, p.ad_id, b.sha256, b.sm3, b.size_bytes from rendering_part p \
             join blob b on b.sha256 = p.sha256 where p.capture_id = $1 order by p.nth",
        )
        .bind(id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("read the parts of a rendering")?;
        Ok(Some(RenderingRow {
            capture_id: parsed("rendering", &column::<String>(&row, 0)?, CaptureId::parse)?,
            profile: named("rendering", &column::<String>(&row, 1)?, RenderProfile::parse)?,
            n_ads: small(&row, 2)?,
            n_refused: small(&row, 3)?,
            record: blob(&row, 4)?,
            parts: parts.iter().map(part).collect::<Result<_>>()?,
        }))
    }
}

impl Db {
    /// At most `limit` digests of bytes that renderings name, ascending, beginning after `after`.
    pub async fn rendering_blobs_after(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "select sha256 from (select record_sha256 as sha256 from rendering \
             union select sha256 from rendering_part) named where sha256 > $1 order by sha256 limit $2",
        )
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("list the bytes of renderings")
    }
}

/// Notes a rendering; once for its capture.
pub(super) async fn insert(tx: &mut Tx, rendering: &RenderingRow) -> Result<()> {
    page::insert_blobs(
        tx,
        std::iter::once(&rendering.record).chain(rendering.parts.iter().map(|part| &part.blob)),
    )
    .await?;
    let new = sqlx::query(
        "insert into rendering (capture_id, profile, record_sha256, n_ads, n_refused) values ($1, $2, $3, $4, $5) \
         on conflict (capture_id) do nothing",
    )
    .bind(rendering.capture_id.as_str())
    .bind(rendering.profile.as_str())
    .bind(rendering.record.digests.sha256.as_str())
    .bind(i64::from(rendering.n_ads))
    .bind(i64::from(rendering.n_refused))
    .execute(tx.conn())
    .await
    .doing("record a rendering")?;
    if new.rows_affected() == 0 {
        return Ok(());
    }
    let numbered: Vec<(usize, &RenderingPart)> = rendering.parts.iter().enumerate().collect();
    for chunk in numbered.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into rendering_part (capture_id, nth, role, name, ad_id, sha256) values {}",
            tuples(chunk.len(), 6)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for (nth, part) in chunk {
            query = query
                .bind(rendering.capture_id.as_str())
                .bind(i64::try_from(*nth).unwrap_or(i64::MAX))
                .bind(part.role.as_str())
                .bind(plain(&part.name))
                .bind(part.ad_id.as_ref().map(|id| id.to_string()))
                .bind(part.blob.digests.sha256.as_str());
        }
        query.execute(tx.conn()).await.doing("record the parts of a rendering")?;
    }
    Ok(())
}

fn part(row: &AnyRow) -> Result<RenderingPart> {
    let ad: Option<String> = column(row, 2)?;
    Ok(RenderingPart {
        role: named("rendering_part", &column::<String>(row, 0)?, PartRole::parse)?,
        name: column(row, 1)?,
        ad_id: ad.map(|text| parsed("rendering_part", &text, AdId::parse)).transpose()?,
        blob: blob(row, 3)?,
    })
}

fn blob(row: &AnyRow, first: usize) -> Result<BlobRef> {
    let digests = Digests { sha256: column(row, first)?, sm3: column(row, first + 1)? };
    Ok(BlobRef { digests, size_bytes: count(row, first + 2)? })
}

fn small(row: &AnyRow, at: usize) -> Result<u32> {
    Ok(u32::try_from(count(row, at)?).unwrap_or(u32::MAX))
}
