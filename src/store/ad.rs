//! 广告: reading ads and where they were seen. They are written by [`super::page`].

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::batch::{MAX_ROWS, placeholders};
use super::error::Doing as _;
use super::page::SeenAd;
use super::row::{DraftRow, column, count, json, parse_json, parsed, time};
use super::{Db, Result};
use crate::domain::ad::{Ad, AdDraft, AdId, Sighting};
use crate::domain::capture::CaptureId;
use crate::domain::finding::Assessment;
use crate::domain::hit::Hit;
use crate::domain::source::SourceId;

/// Columns that [`ad_of`] reads, of a table named `a`.
pub(super) const COLUMNS: &str = "a.id, a.draft, a.first_seen_at, a.last_seen_at, a.n_sightings";

impl Db {
    /// The source at which each of these ads was last seen.
    pub async fn last_sources(&self, ids: &[&AdId]) -> Result<HashMap<AdId, SourceId>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "select a.id, (select s.source_id from sighting s where s.ad_id = a.id order by s.seen_at desc limit 1) \
             from ad a where a.id in ({})",
            places.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(id.as_str());
        }
        let rows = query.fetch_all(self.pool()).await.doing("look up the sources of ads")?;
        let mut found = HashMap::new();
        for row in &rows {
            if let Some(source) = column::<Option<String>>(row, 1)? {
                let id = parsed("ad", &column::<String>(row, 0)?, AdId::parse)?;
                found.insert(id, parsed("sighting", &source, SourceId::parse)?);
            }
        }
        Ok(found)
    }

    /// Which of these ads are known, each with the pack revision that judged it last (`None`: not judged).
    pub async fn known_ads(&self, ids: &[AdId]) -> Result<BTreeMap<AdId, Option<String>>> {
        let mut known = BTreeMap::new();
        for chunk in ids.chunks(MAX_ROWS) {
            let sql = format!("select id, judged_by from ad where id in ({})", placeholders(1, chunk.len()));
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(id.as_str());
            }
            for row in query.fetch_all(self.pool()).await.doing("look up ads")? {
                known.insert(parsed("ad", &column::<String>(&row, 0)?, AdId::parse)?, column(&row, 1)?);
            }
        }
        Ok(known)
    }

    /// The ad of this name.
    pub async fn ad(&self, id: &AdId) -> Result<Option<Ad>> {
        let row = sqlx::query(AssertSqlSafe(format!("select {COLUMNS} from ad a where a.id = $1")))
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await
            .doing("read an ad")?;
        row.as_ref().map(|row| ad_of(row, 0)).transpose()
    }

    /// What the judge said about an ad that has hits and was not flagged; `None` for any other ad.
    pub async fn cleared_ad(&self, id: &AdId) -> Result<Option<(Assessment, Vec<Hit>)>> {
        let text: Option<String> =
            sqlx::query_scalar("select cleared from ad where id = $1 and cleared is not null")
                .bind(id.as_str())
                .fetch_optional(self.pool())
                .await
                .doing("read a cleared ad")?;
        text.map(|text| {
            let row: ClearedRow = parse_json("ad", id.as_str(), &text)?;
            Ok((row.assessment, row.hits))
        })
        .transpose()
    }

    /// At most `limit` ads that have hits and were not flagged, latest seen first, with what cleared them.
    pub async fn cleared_ads(&self, limit: u32) -> Result<Vec<(Ad, Assessment, Vec<Hit>)>> {
        let sql = format!(
            "select {COLUMNS}, a.cleared from ad a where a.cleared is not null \
             order by a.last_seen_at desc, a.id desc limit $1"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("list cleared ads")?;
        rows.iter()
            .map(|row| {
                let ad = ad_of(row, 0)?;
                let cleared: ClearedRow = parse_json("ad", ad.id.as_str(), &column::<String>(row, 5)?)?;
                Ok((ad, cleared.assessment, cleared.hits))
            })
            .collect()
    }

    /// At most `limit` sightings of an ad, latest first.
    pub async fn sightings(&self, id: &AdId, limit: u32) -> Result<Vec<Sighting>> {
        let rows = sqlx::query(
            "select capture_id, source_id, page_url, locator, seen_at from sighting where ad_id = $1 \
             order by seen_at desc, capture_id desc, place limit $2",
        )
        .bind(id.as_str())
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("list sightings")?;
        rows.iter()
            .map(|row| {
                Ok(Sighting {
                    ad_id: id.clone(),
                    capture_id: parsed("sighting", &column::<String>(row, 0)?, CaptureId::parse)?,
                    source_id: parsed("sighting", &column::<String>(row, 1)?, SourceId::parse)?,
                    page_url: column(row, 2)?,
                    locator: column(row, 3)?,
                    seen_at: time(row, 4)?,
                })
            })
            .collect()
    }
}

/// The ad whose [`COLUMNS`] begin at `first`.
pub(super) fn ad_of(row: &AnyRow, first: usize) -> Result<Ad> {
    let id: String = column(row, first)?;
    let draft: DraftRow = parse_json("ad", &id, &column::<String>(row, first + 1)?)?;
    Ok(Ad {
        id: parsed("ad", &id, AdId::parse)?,
        draft: AdDraft::from(draft),
        first_seen_at: time(row, first + 2)?,
        last_seen_at: time(row, first + 3)?,
        n_sightings: count(row, first + 4)?,
    })
}

/// What a search looks through: title, words and names, lower case.
pub(super) fn search_text(draft: &AdDraft) -> String {
    [Some(&draft.text), draft.title.as_ref(), draft.advertiser.as_ref(), draft.publisher.as_ref()]
        .into_iter()
        .flatten()
        .map(|part| super::row::plain(part).to_lowercase())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Stored form of a judgement that did not flag the ad, when there is something to show.
pub(super) fn cleared_json(seen: &SeenAd) -> Result<Option<String>> {
    match &seen.judgement {
        Some((assessment, hits)) if !assessment.flagged && !hits.is_empty() => {
            let row = ClearedRow { assessment: assessment.clone(), hits: hits.clone() };
            json("ad", seen.id.as_str(), &row).map(Some)
        }
        _ => Ok(None),
    }
}

#[derive(Serialize, Deserialize)]
struct ClearedRow {
    assessment: Assessment,
    hits: Vec<Hit>,
}
