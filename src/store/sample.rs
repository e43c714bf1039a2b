//! 抽查: samples and what people answer.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::audit::{self, AuditNote};
use super::error::{Doing as _, StoreError};
use super::row::{bad_row, column, count, named, parsed, plain, time};
use super::{Db, Result};
use crate::domain::ad::AdId;
use crate::domain::finding::FindingId;
use crate::domain::sample::{Answer, Sample, SampleId, SampleItem, SampleKind};
use crate::kit::clock::UnixMs;

impl Db {
    /// How many could be drawn: findings decided, or ads last seen without being flagged, at or after `from` and
    /// before `until`.
    pub async fn count_frame(&self, kind: SampleKind, from: UnixMs, until: UnixMs) -> Result<u64> {
        let row = sqlx::query(AssertSqlSafe(format!("select count(*) from {}", frame(kind))))
            .bind(from.0)
            .bind(until.0)
            .fetch_one(self.pool())
            .await
            .doing("count what can be drawn")?;
        count(&row, 0)
    }

    /// The first that could be drawn whose ad is named `at` or higher. Names of ads are digests, so a random `at`
    /// draws at random.
    pub async fn draw_from_frame(
        &self,
        kind: SampleKind,
        from: UnixMs,
        until: UnixMs,
        at: &str,
    ) -> Result<Option<AdId>> {
        let sql = format!("select a.id from {} and a.id >= $3 order by a.id limit 1", frame(kind));
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(from.0)
            .bind(until.0)
            .bind(at)
            .fetch_optional(self.pool())
            .await
            .doing("draw by chance")?;
        row.map(|row| parsed("ad", &column::<String>(&row, 0)?, AdId::parse)).transpose()
    }

    /// Keeps a sample with its items.
    pub async fn add_sample(&self, sample: &Sample, items: &[SampleItem], note: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "insert into sample (id, kind, made_at, made_by, from_at, until_at, seed, n_frame) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(sample.id.as_str())
        .bind(sample.kind.as_str())
        .bind(sample.made_at.0)
        .bind(plain(&sample.made_by))
        .bind(sample.from.0)
        .bind(sample.until.0)
        .bind(sample.seed.as_str())
        .bind(i64::try_from(sample.n_frame).unwrap_or(i64::MAX))
        .execute(tx.conn())
        .await
        .doing("keep a sample")?;
        for item in items {
            sqlx::query(
                "insert into sample_item (sample_id, ordinal, ad_id, finding_id, assigned, first_answer, note) \
                 values ($1, $2, $3, $4, $5, $6, '')",
            )
            .bind(sample.id.as_str())
            .bind(i64::from(item.ordinal))
            .bind(item.ad_id.as_str())
            .bind(item.finding_id.as_ref().map(ToString::to_string))
            .bind(plain(&item.assigned))
            .bind(item.first.map(Answer::as_str))
            .execute(tx.conn())
            .await
            .doing("keep a sample")?;
        }
        audit::append(tx.conn(), note).await?;
        tx.commit("keep a sample").await
    }

    /// At most `limit` samples, the latest first.
    pub async fn samples(&self, limit: u32) -> Result<Vec<Sample>> {
        let rows = sqlx::query(
            "select id, kind, made_at, made_by, from_at, until_at, seed, n_frame from sample \
             order by made_at desc, id desc limit $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("list samples")?;
        rows.iter().map(sample_of).collect()
    }

    /// The items of a sample, in their order.
    pub async fn sample_items(&self, id: &SampleId) -> Result<Vec<SampleItem>> {
        let rows = sqlx::query(
            "select ordinal, ad_id, finding_id, assigned, first_answer, answer, note from sample_item \
             where sample_id = $1 order by ordinal",
        )
        .bind(id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list a sample")?;
        rows.iter().map(item_of).collect()
    }

    /// Records what the person to whom an item was assigned says about it, once.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when it is answered already, or is somebody else's.
    pub async fn answer_item(
        &self,
        id: &SampleId,
        ordinal: u32,
        who: &str,
        (answer, words): (Answer, &str),
        note: &AuditNote,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let answered = sqlx::query(
            "update sample_item set answer = $4, answered_at = $5, note = $6 \
             where sample_id = $1 and ordinal = $2 and assigned = $3 and answer is null",
        )
        .bind(id.as_str())
        .bind(i64::from(ordinal))
        .bind(plain(who))
        .bind(answer.as_str())
        .bind(note.at.0)
        .bind(plain(words))
        .execute(tx.conn())
        .await
        .doing("answer a sample")?;
        if answered.rows_affected() == 0 {
            return Err(StoreError::Changed { kind: "sampled ad", id: format!("{id} {ordinal}") });
        }
        audit::append(tx.conn(), note).await?;
        tx.commit("answer a sample").await
    }
}

/// What can be drawn, from `$1` until `$2`; the ad is named `a`.
fn frame(kind: SampleKind) -> &'static str {
    match kind {
        SampleKind::Blind => {
            "ad a join finding f on f.ad_id = a.id where f.stage in ('accepted', 'dismissed') \
             and f.updated_at >= $1 and f.updated_at < $2"
        }
        SampleKind::Unflagged => {
            "ad a where a.judged_by is not null and a.last_seen_at >= $1 and a.last_seen_at < $2 \
             and not exists (select 1 from finding f where f.ad_id = a.id)"
        }
    }
}

fn sample_of(row: &AnyRow) -> Result<Sample> {
    Ok(Sample {
        id: parsed("sample", &column::<String>(row, 0)?, SampleId::parse)?,
        kind: named("sample", &column::<String>(row, 1)?, SampleKind::parse)?,
        made_at: time(row, 2)?,
        made_by: column(row, 3)?,
        from: time(row, 4)?,
        until: time(row, 5)?,
        seed: column(row, 6)?,
        n_frame: count(row, 7)?,
    })
}

fn item_of(row: &AnyRow) -> Result<SampleItem> {
    let answer = |index: usize| -> Result<Option<Answer>> {
        column::<Option<String>>(row, index)?
            .map(|name| named("sample_item", &name, Answer::parse))
            .transpose()
    };
    let ordinal: i64 = column(row, 0)?;
    Ok(SampleItem {
        ordinal: u32::try_from(ordinal).map_err(|error| bad_row("sample_item", "", error))?,
        ad_id: parsed("sample_item", &column::<String>(row, 1)?, AdId::parse)?,
        finding_id: column::<Option<String>>(row, 2)?
            .map(|id| parsed("sample_item", &id, FindingId::parse))
            .transpose()?,
        assigned: column(row, 3)?,
        first: answer(4)?,
        answer: answer(5)?,
        note: column(row, 6)?,
    })
}
