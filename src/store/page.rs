//! Recording a page: a capture and everything that was found in it, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;

use super::batch::{MAX_ROWS, placeholders, tuples};
use super::error::Doing as _;
use super::finding::Renews;
use super::group::{self, Marks};
use super::pool::Tx;
use super::row::{DraftRow, column, json, parsed, plain};
use super::{Db, Result, ad, capture_log, contact, finding, outbox, picture};
use crate::domain::ad::{AdDraft, AdId, Sighting};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CaptureId};
use crate::domain::capture_log::LogEntry;
use crate::domain::finding::Assessment;
use crate::domain::hit::Hit;
use crate::domain::notice::Notice;
use crate::domain::party::Contact;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

/// One captured page and the ads in it. The bytes of the body must be in the vault already.
#[derive(Debug, Clone)]
pub struct PageRecord {
    /// The fetch. Its run must be open.
    pub capture: Capture,
    /// The ads, in the order of the page. One ad may stand in several places.
    pub ads: Vec<SeenAd>,
    /// When it is recorded.
    pub now: UnixMs,
}

/// One ad at one place of the page.
#[derive(Debug, Clone)]
pub struct SeenAd {
    /// Which ad.
    pub id: AdId,
    /// What was extracted; kept when the ad is new.
    pub draft: AdDraft,
    /// Where it stood.
    pub sighting: Sighting,
    /// What the judge said; `None` when the ad was judged before by the same pack (see [`Db::known_ads`]).
    pub judgement: Option<(Assessment, Vec<Hit>)>,
    /// Contact points in it; kept with the ad when this makes a new finding.
    pub contacts: Vec<Contact>,
    /// SHA-256 of its pictures, in the order of the page; each must be recorded ([`Db::record_picture`]).
    pub pictures: Vec<String>,
    /// What groups it with others; empty unless it is flagged.
    pub marks: Marks,
    /// The message to send if this makes a new finding; written to the outbox in the same transaction.
    pub alert: Option<Notice>,
}

impl SeenAd {
    /// Whether it is flagged and may be grouped with others.
    pub(super) fn is_grouped(&self) -> bool {
        let is_flagged = self.judgement.as_ref().is_some_and(|(assessment, _)| assessment.flagged);
        let Marks { signature, ties, looks, parties } = &self.marks;
        is_flagged && !(signature.is_none() && ties.is_empty() && looks.is_empty() && parties.is_empty())
    }
}

/// What recording a page changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageRecorded {
    /// Ads that were never seen before.
    pub n_new_ads: u32,
    /// Findings that are new in the queue.
    pub n_new_findings: u32,
    /// Sightings that were not recorded before.
    pub n_sightings: u32,
}

impl Db {
    /// Records a page. Recording the same page again changes nothing and reports zeros, so a caller that was killed
    /// repeats the call.
    ///
    /// A finding appears when an ad is flagged, once however often the ad is seen. A pending finding takes over what
    /// a newer pack says about it; one that a person decided keeps what the person saw. An ad that has hits but is
    /// not flagged keeps them, see [`Db::cleared_ad`].
    pub async fn record_page(&self, page: &PageRecord) -> Result<PageRecorded> {
        self.record_pages(std::slice::from_ref(page)).await
    }

    /// As [`Db::record_page`] for several pages, all or none: one transaction costs about as much as one page.
    pub async fn record_pages(&self, pages: &[PageRecord]) -> Result<PageRecorded> {
        const ATTEMPTS: u32 = 4;
        let mut attempt = 1;
        loop {
            // Two processes that record the same ads in different order can lock each other out; the engine then
            // ends one of them, and all pages are simply recorded again.
            match self.try_record_pages(pages).await {
                Err(error) if error.is_passing() && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn try_record_pages(&self, pages: &[PageRecord]) -> Result<PageRecorded> {
        let mut recorded = PageRecorded::default();
        if pages.is_empty() {
            return Ok(recorded);
        }
        let mut tx = self.begin().await?;
        let fresh = record_all(&mut tx, pages, &mut recorded).await?;
        log_captured(&mut tx, fresh).await?;
        tx.commit("record pages").await?;
        Ok(recorded)
    }
}

/// Records pages; gives those whose captures are new.
pub(super) async fn record_all<'a>(
    tx: &mut Tx,
    pages: &'a [PageRecord],
    recorded: &mut PageRecorded,
) -> Result<Vec<&'a PageRecord>> {
    if pages.iter().flat_map(|page| &page.ads).any(SeenAd::is_grouped) {
        group::lock(tx).await?;
    }
    let mut fresh = Vec::new();
    for page in pages {
        if record(tx, page, recorded).await? {
            fresh.push(page);
        }
    }
    Ok(fresh)
}

/// Writes new captures into the day's log; the last thing before a commit, as writers of one log wait for each other.
pub(super) async fn log_captured(tx: &mut Tx, fresh: Vec<&PageRecord>) -> Result<()> {
    for page in fresh {
        let entry = LogEntry::Captured { capture: Box::new(page.capture.clone()), n_ads: page.ads.len() };
        capture_log::append(tx.conn(), page.now, &entry).await?;
    }
    Ok(())
}

/// Records one page; gives whether its capture is new.
async fn record(tx: &mut Tx, page: &PageRecord, recorded: &mut PageRecorded) -> Result<bool> {
    let is_new = insert_capture(tx, &page.capture).await?;
    // By id: one row for each ad, and the same order of locks in every process.
    let mut by_id: BTreeMap<&AdId, &SeenAd> = BTreeMap::new();
    for seen in &page.ads {
        let kept = by_id.entry(&seen.id).or_insert(seen);
        if kept.judgement.is_none() {
            *kept = seen;
        }
    }
    let ads: Vec<&SeenAd> = by_id.into_values().collect();
    let mut new_findings: BTreeSet<AdId> = BTreeSet::new();
    for chunk in ads.chunks(MAX_ROWS) {
        recorded.n_new_ads += insert_ads(tx, chunk).await?;
        picture::insert(tx, chunk).await?;
        let (grouped, alone): (Vec<&SeenAd>, Vec<&SeenAd>) = chunk.iter().partition(|seen| seen.is_grouped());
        new_findings.extend(find(tx, &alone, page.now).await?);
        // One after the other, because an ad may be a variant of the one before.
        for seen in grouped {
            let seen = [seen];
            let found = if group::variants(tx, &seen, page.now).await?.is_empty() {
                find(tx, &seen, page.now).await?
            } else {
                Vec::new()
            };
            group::link(tx, &seen, page.now).await?;
            new_findings.extend(found);
        }
    }
    for chunk in page.ads.chunks(MAX_ROWS) {
        recorded.n_sightings += insert_sightings(tx, chunk).await?;
    }
    let alerts: Vec<&Notice> = ads
        .iter()
        .filter(|seen| new_findings.contains(&seen.id))
        .filter_map(|seen| seen.alert.as_ref())
        .collect();
    outbox::insert(tx, &alerts).await?;
    recorded.n_new_findings += u32::try_from(new_findings.len()).unwrap_or(u32::MAX);
    Ok(is_new)
}

/// Makes findings for flagged ads, with their contacts; gives the ads whose finding is new.
async fn find(tx: &mut Tx, ads: &[&SeenAd], now: UnixMs) -> Result<Vec<AdId>> {
    let found = finding::insert_flagged(tx, ads, Renews::NewerPack, now).await?;
    let made: Vec<&SeenAd> = ads.iter().copied().filter(|seen| found.contains(&seen.id)).collect();
    contact::insert(tx, &made).await?;
    Ok(found)
}

async fn insert_capture(tx: &mut Tx, capture: &Capture) -> Result<bool> {
    let id = capture.id.as_str();
    let body = &capture.body;
    insert_blobs(tx, std::iter::once(body)).await?;
    let inserted = sqlx::query(
        "insert into capture (id, source_id, run_id, purpose, parent_id, final_url, status, finished_at, exchange, \
         body_sha256) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing",
    )
    .bind(id)
    .bind(capture.source_id.as_str())
    .bind(capture.run_id.as_str())
    .bind(capture.purpose.as_str())
    .bind(capture.parent_id.as_ref().map(|parent| parent.to_string()))
    .bind(plain(&capture.exchange.final_url))
    .bind(i64::from(capture.exchange.status))
    .bind(capture.exchange.finished_at.0)
    .bind(json("capture", id, &capture.exchange)?)
    .bind(body.digests.sha256.as_str())
    .execute(tx.conn())
    .await
    .doing("record a capture")?;
    Ok(inserted.rows_affected() > 0)
}

/// Notes bytes that are in the vault.
pub(super) async fn insert_blobs(tx: &mut Tx, blobs: impl Iterator<Item = &BlobRef>) -> Result<()> {
    // By name and each once: the same order of locks in every process.
    let blobs: BTreeMap<&str, &BlobRef> = blobs.map(|blob| (blob.digests.sha256.as_str(), blob)).collect();
    let blobs: Vec<&BlobRef> = blobs.into_values().collect();
    for chunk in blobs.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into blob (sha256, sm3, size_bytes) values {} on conflict (sha256) do nothing",
            tuples(chunk.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for blob in chunk {
            query = query
                .bind(blob.digests.sha256.as_str())
                .bind(blob.digests.sm3.as_str())
                .bind(i64::try_from(blob.size_bytes).unwrap_or(i64::MAX));
        }
        query.execute(tx.conn()).await.doing("record bytes")?;
    }
    Ok(())
}

/// Makes the ads that are new and renews what the judge said; gives how many are new.
async fn insert_ads(tx: &mut Tx, ads: &[&SeenAd]) -> Result<u32> {
    if ads.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "insert into ad (id, kind, draft, search_text, judged_by, cleared, first_seen_at, last_seen_at, n_sightings) \
         values {} \
         on conflict (id) do update set judged_by = excluded.judged_by, cleared = excluded.cleared \
         where excluded.judged_by is not null and (ad.judged_by is null or ad.judged_by <> excluded.judged_by) \
         returning n_sightings",
        tuples(ads.len(), 9),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for seen in ads {
        let id = seen.id.as_str();
        let judged_by = seen.judgement.as_ref().map(|(assessment, _)| plain(&assessment.pack_revision));
        query = query
            .bind(id)
            .bind(seen.draft.kind.as_str())
            .bind(json("ad", id, &DraftRow::from(&seen.draft))?)
            .bind(ad::search_text(&seen.draft))
            .bind(judged_by)
            .bind(ad::cleared_json(seen)?)
            .bind(seen.sighting.seen_at.0)
            .bind(seen.sighting.seen_at.0)
            .bind(0_i64);
    }
    let rows = query.fetch_all(tx.conn()).await.doing("record ads")?;
    let mut n_new = 0;
    for row in &rows {
        // Sightings are counted in the same transaction, so only an ad of this transaction has none yet.
        n_new += u32::from(column::<i64>(row, 0)? == 0);
    }
    Ok(n_new)
}

/// Records the sightings that are new and counts them with their ads; gives how many are new.
async fn insert_sightings(tx: &mut Tx, ads: &[SeenAd]) -> Result<u32> {
    if ads.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "insert into sighting (ad_id, capture_id, place, source_id, page_url, locator, seen_at) values {} \
         on conflict (ad_id, capture_id, place) do nothing returning ad_id, seen_at",
        tuples(ads.len(), 7),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for seen in ads {
        let sighting = &seen.sighting;
        query = query
            .bind(seen.id.as_str())
            .bind(sighting.capture_id.as_str())
            .bind(place(&sighting.locator))
            .bind(sighting.source_id.as_str())
            .bind(plain(&sighting.page_url))
            .bind(plain(&sighting.locator))
            .bind(sighting.seen_at.0);
    }
    let rows = query.fetch_all(tx.conn()).await.doing("record sightings")?;
    let mut per_ad: BTreeMap<AdId, (i64, i64, i64)> = BTreeMap::new();
    for row in &rows {
        let seen_at: i64 = column(row, 1)?;
        let id = parsed("sighting", &column::<String>(row, 0)?, AdId::parse)?;
        let (n, first, last) = per_ad.entry(id).or_insert((0, seen_at, seen_at));
        *n += 1;
        *first = seen_at.min(*first);
        *last = seen_at.max(*last);
    }
    // Nearly every ad of a page has the same count and time, so this is nearly always one statement.
    let mut alike: BTreeMap<(i64, i64, i64), Vec<&AdId>> = BTreeMap::new();
    for (id, figures) in &per_ad {
        alike.entry(*figures).or_default().push(id);
    }
    for ((n, first, last), ids) in alike {
        let sql = format!(
            "update ad set n_sightings = n_sightings + $1, \
             first_seen_at = case when first_seen_at > $2 then $2 else first_seen_at end, \
             last_seen_at = case when last_seen_at < $3 then $3 else last_seen_at end where id in ({})",
            placeholders(4, ids.len()),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(n).bind(first).bind(last);
        for id in ids {
            query = query.bind(id.as_str());
        }
        query.execute(tx.conn()).await.doing("count sightings")?;
    }
    Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
}

/// Counts that every ad of a capture was seen once more at `at`, in the same bytes.
pub(super) async fn see_again(tx: &mut Tx, capture_id: &CaptureId, at: UnixMs) -> Result<()> {
    sqlx::query(
        "update ad set n_sightings = n_sightings + (select count(*) from sighting \
         where sighting.ad_id = ad.id and sighting.capture_id = $1), \
         last_seen_at = case when last_seen_at < $2 then $2 else last_seen_at end \
         where id in (select ad_id from sighting where capture_id = $1)",
    )
    .bind(capture_id.as_str())
    .bind(at.0)
    .execute(tx.conn())
    .await
    .doing("count sightings")?;
    sqlx::query("update sighting set n_seen = n_seen + 1, last_seen_at = $2 where capture_id = $1")
        .bind(capture_id.as_str())
        .bind(at.0)
        .execute(tx.conn())
        .await
        .doing("count sightings")?;
    Ok(())
}

/// Short name of a place in a capture; a locator itself may be longer than an index entry can be.
fn place(locator: &str) -> String {
    sha256_hex(locator.as_bytes()).chars().take(24).collect()
}
