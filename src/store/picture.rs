//! 图片: what was read in pictures, which ads show them, and which wait to be read.

use sqlx::AssertSqlSafe;

use super::batch::{MAX_ROWS, placeholders, tuples};
use super::error::Doing as _;
use super::finding::Renews;
use super::page::SeenAd;
use super::pool::Tx;
use super::row::{DraftRow, column, json, named, parse_json, parsed, plain};
use super::{Db, Result, ad, contact, finding, group, outbox};
use crate::domain::ad::AdId;
use crate::domain::blob::BlobRef;
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::picture::PictureReading;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

impl Db {
    /// Records what was read in a picture, whose bytes are in the vault. A reading without words never replaces one with
    /// words.
    pub async fn record_picture(
        &self,
        picture: &BlobRef,
        reading: &PictureReading,
        now: UnixMs,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let sha256 = picture.digests.sha256.as_str();
        sqlx::query(
            "insert into blob (sha256, sm3, size_bytes) values ($1, $2, $3) on conflict (sha256) do nothing",
        )
        .bind(sha256)
        .bind(picture.digests.sm3.as_str())
        .bind(i64::try_from(picture.size_bytes).unwrap_or(i64::MAX))
        .execute(tx.conn())
        .await
        .doing("record a picture")?;
        sqlx::query(
            "insert into picture (sha256, look, reading, is_waiting, read_at) values ($1, $2, $3, $4, $5) \
             on conflict (sha256) do update set look = excluded.look, reading = excluded.reading, \
             is_waiting = excluded.is_waiting, read_at = excluded.read_at where picture.is_waiting = 1",
        )
        .bind(sha256)
        .bind(reading.look.as_deref())
        .bind(json("picture", sha256, reading)?)
        .bind(i64::from(reading.is_waiting()))
        .bind(now.0)
        .execute(tx.conn())
        .await
        .doing("record a picture")?;
        tx.commit("record a picture").await
    }

    /// What was read in the picture of these bytes.
    pub async fn picture(&self, sha256: &str) -> Result<Option<PictureReading>> {
        let row = sqlx::query("select reading from picture where sha256 = $1")
            .bind(sha256)
            .fetch_optional(self.pool())
            .await
            .doing("read a picture")?;
        row.map(|row| parse_json("picture", sha256, &column::<String>(&row, 0)?)).transpose()
    }

    /// At most `limit` pictures whose words wait and that are not put off, oldest first.
    pub async fn waiting_pictures(&self, now: UnixMs, limit: u32) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "select sha256 from picture where is_waiting = 1 and read_at <= $1 order by read_at, sha256 limit $2",
        )
            .bind(now.0)
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("list pictures that wait")
    }

    /// How many pictures wait.
    pub async fn n_waiting_pictures(&self) -> Result<u64> {
        let n: i64 = sqlx::query_scalar("select count(*) from picture where is_waiting = 1")
            .fetch_one(self.pool())
            .await
            .doing("count pictures that wait")?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    /// Puts off a picture that could not be read this time.
    pub async fn put_off_picture(&self, sha256: &str, until: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("update picture set read_at = $1 where sha256 = $2 and is_waiting = 1")
            .bind(until.0)
            .bind(sha256)
            .execute(tx.conn())
            .await
            .doing("put off a picture")?;
        tx.commit("put off a picture").await
    }

    /// The pictures of an ad with what was read in them, in the order of its page.
    pub async fn pictures_of(&self, id: &AdId) -> Result<Vec<(String, PictureReading)>> {
        let rows = sqlx::query(
            "select p.sha256, p.reading from ad_picture a join picture p on p.sha256 = a.sha256 \
             where a.ad_id = $1 order by a.ordinal, p.sha256",
        )
        .bind(id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list the pictures of an ad")?;
        rows.iter()
            .map(|row| {
                let sha256: String = column(row, 0)?;
                let reading = parse_json("picture", &sha256, &column::<String>(row, 1)?)?;
                Ok((sha256, reading))
            })
            .collect()
    }

    /// The ads that show a picture, at most `limit`.
    pub async fn ads_with_picture(&self, sha256: &str, limit: u32) -> Result<Vec<AdId>> {
        let ids: Vec<String> =
            sqlx::query_scalar("select ad_id from ad_picture where sha256 = $1 order by ad_id limit $2")
                .bind(sha256)
                .bind(i64::from(limit))
                .fetch_all(self.pool())
                .await
                .doing("list the ads of a picture")?;
        ids.iter().map(|id| parsed("ad_picture", id, AdId::parse)).collect()
    }

    /// What this address gave when it was fetched after `since`: `Some(None)` when it gave no picture.
    pub async fn picture_at(&self, url: &str, since: UnixMs) -> Result<Option<Option<String>>> {
        let row = sqlx::query("select sha256 from picture_address where url_sha256 = $1 and fetched_at > $2")
            .bind(sha256_hex(url.as_bytes()))
            .bind(since.0)
            .fetch_optional(self.pool())
            .await
            .doing("look up the address of a picture")?;
        row.map(|row| column(&row, 0)).transpose()
    }

    /// Remembers what an address gave.
    pub async fn record_picture_address(&self, url: &str, sha256: Option<&str>, now: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "insert into picture_address (url_sha256, sha256, fetched_at) values ($1, $2, $3) \
             on conflict (url_sha256) do update set sha256 = excluded.sha256, fetched_at = excluded.fetched_at",
        )
        .bind(sha256_hex(url.as_bytes()))
        .bind(sha256)
        .bind(now.0)
        .execute(tx.conn())
        .await
        .doing("remember the address of a picture")?;
        tx.commit("remember the address of a picture").await
    }

    /// Takes over what pictures add to an ad that is known: its text behind the published words, and what the judge says
    /// of it now. Gives whether this made a new finding; `None` when a person decided about the ad, which then keeps what
    /// the person saw.
    pub async fn renew_ad(&self, seen: &SeenAd, now: UnixMs) -> Result<Option<bool>> {
        let id = seen.id.as_str();
        let mut tx = self.begin().await?;
        if seen.is_grouped() {
            group::lock(&mut tx).await?;
        }
        // Locks the ad, so that a decision and a renewal come one after the other.
        let judged_by = seen.judgement.as_ref().map(|(assessment, _)| plain(&assessment.pack_revision));
        let renewed = sqlx::query(
            "update ad set draft = $1, search_text = $2, judged_by = $3, cleared = $4 where id = $5 \
             and not exists (select 1 from finding f where f.ad_id = ad.id and f.state <> 'pending')",
        )
        .bind(json("ad", id, &DraftRow::from(&seen.draft))?)
        .bind(ad::search_text(&seen.draft))
        .bind(judged_by)
        .bind(ad::cleared_json(seen)?)
        .bind(id)
        .execute(tx.conn())
        .await
        .doing("renew an ad")?
        .rows_affected();
        if renewed == 0 {
            return Ok(None);
        }
        let is_variant = seen.is_grouped() && !group::variants(&mut tx, &[seen], now).await?.is_empty();
        let made = if is_variant {
            Vec::new()
        } else {
            finding::insert_flagged(&mut tx, &[seen], Renews::Always, now).await?
        };
        let is_flagged = seen.judgement.as_ref().is_some_and(|(assessment, _)| assessment.flagged);
        if is_flagged {
            sqlx::query("delete from contact where ad_id = $1")
                .bind(id)
                .execute(tx.conn())
                .await
                .doing("renew contacts")?;
            contact::insert(&mut tx, &[seen]).await?;
            group::link(&mut tx, &[seen], now).await?;
        }
        if !made.is_empty()
            && let Some(alert) = &seen.alert
        {
            outbox::insert(&mut tx, &[alert]).await?;
        }
        tx.commit("renew an ad").await?;
        Ok(Some(!made.is_empty()))
    }

    /// The state of the finding of an ad, if it has one.
    pub async fn finding_state(&self, id: &AdId) -> Result<Option<FindingState>> {
        let state: Option<String> = sqlx::query_scalar("select state from finding where id = $1")
            .bind(FindingId::of(id).as_str())
            .fetch_optional(self.pool())
            .await
            .doing("read the state of a finding")?;
        state.map(|state| named("finding", &state, FindingState::parse)).transpose()
    }
}

/// Writes which pictures ads show. The pictures must be recorded.
pub(super) async fn insert(tx: &mut Tx, ads: &[&SeenAd]) -> Result<()> {
    let rows: Vec<(&AdId, usize, &String)> = ads
        .iter()
        .flat_map(|seen| {
            seen.pictures.iter().enumerate().map(|(ordinal, sha256)| (&seen.id, ordinal, sha256))
        })
        .collect();
    for chunk in rows.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into ad_picture (ad_id, sha256, ordinal) values {} on conflict (ad_id, sha256) do nothing",
            tuples(chunk.len(), 3),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (ad, ordinal, sha256) in chunk {
            query = query
                .bind(ad.as_str())
                .bind(sha256.as_str())
                .bind(i64::try_from(*ordinal).unwrap_or(i64::MAX));
        }
        query.execute(tx.conn()).await.doing("record the pictures of ads")?;
    }
    Ok(())
}

/// A condition on captures whose body is one of these.
pub(super) fn with_bodies(n: usize) -> String {
    format!("c.body_sha256 in ({})", placeholders(1, n))
}
