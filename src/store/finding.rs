//! 待审项: the queue.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::batch::{MAX_ROWS, placeholders, tuples};
use super::error::Doing as _;
use super::filter::{Conditions, Value};
use super::page::SeenAd;
use super::pool::Tx;
use super::row::{column, count, json, named, parse_json, parsed, plain, time};
use super::{Db, Result, ad};
use crate::domain::ad::{Ad, AdId, Sighting};
use crate::domain::finding::{Assessment, Finding, FindingId, FindingState};
use crate::domain::hit::Hit;
use crate::domain::review::Decision;
use crate::kit::clock::UnixMs;

pub use super::filter::FindingFilter;

/// Where a page of a list begins: after the finding with this priority and name.
#[derive(Debug, Clone, PartialEq)]
pub struct PageKey {
    /// Priority of the last finding on the page before.
    pub priority: f64,
    /// Its name.
    pub id: FindingId,
}

impl std::fmt::Display for PageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.priority, self.id)
    }
}

impl std::str::FromStr for PageKey {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("`{text}` is not a place in a list; begin at its first page");
        let (priority, id) = text.split_once('_').ok_or_else(wrong)?;
        let priority: f64 = priority.parse().map_err(|_| wrong())?;
        if !(0.0..=1.0).contains(&priority) {
            return Err(wrong());
        }
        Ok(Self { priority, id: FindingId::parse(id).map_err(|_| wrong())? })
    }
}

/// A finding in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedFinding {
    /// The finding with its hits.
    pub finding: Finding,
    /// Grows with every change; a decision may name the version that the person saw.
    pub version: u64,
    /// Its ad.
    pub ad: Ad,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingPage {
    /// Highest priority first.
    pub findings: Vec<ListedFinding>,
    /// Where the next page begins; `None` when this is the last.
    pub next: Option<PageKey>,
}

/// Everything about one finding.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingView {
    /// The finding with its hits.
    pub finding: Finding,
    /// Grows with every change; a decision may name the version that the person saw.
    pub version: u64,
    /// Its ad.
    pub ad: Ad,
    /// Where the ad was seen, latest first, at most [`FindingView::MAX_SIGHTINGS`].
    pub sightings: Vec<Sighting>,
    /// What was decided, oldest first.
    pub decisions: Vec<Decision>,
}

impl FindingView {
    /// So many sightings are read with a finding; `ad.n_sightings` says how many there are.
    pub const MAX_SIGHTINGS: u32 = 200;
}

/// How many findings are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Waiting for a person.
    pub pending: u64,
    /// Found 涉嫌违法.
    pub accepted: u64,
    /// Found not to be.
    pub dismissed: u64,
}

/// Columns that [`listed_of`] reads, before those of the ad.
const COLUMNS: &str =
    "f.id, f.ad_id, f.state, f.version, f.assessment, f.created_at, f.updated_at, f.priority";
const N_COLUMNS: usize = 8;

impl Db {
    /// At most `limit` findings, highest priority first, beginning after `after`.
    pub async fn list_findings(
        &self,
        filter: &FindingFilter,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<FindingPage> {
        let mut conditions = Conditions::of(filter);
        if let Some(key) = after {
            conditions.add_two(
                "(f.priority, f.id) < ($a, $b)",
                Value::Real(key.priority),
                Value::Text(key.id.to_string()),
            );
        }
        let limit = limit.clamp(1, 1_000);
        let sql = format!(
            "select {COLUMNS}, {} from finding f join ad a on a.id = f.ad_id {} \
             order by f.priority desc, f.id desc limit {}",
            ad::COLUMNS,
            conditions.sql(),
            limit + 1,
        );
        let rows = conditions.bind(sql).fetch_all(self.pool()).await.doing("list findings")?;
        let more = rows.len() > limit as usize;
        let rows = &rows[..rows.len().min(limit as usize)];
        let next = match rows.last() {
            Some(last) if more => Some(PageKey {
                priority: column(last, 7)?,
                id: parsed("finding", &column::<String>(last, 0)?, FindingId::parse)?,
            }),
            _ => None,
        };
        let findings = rows.iter().map(listed_of).collect::<Result<Vec<_>>>()?;
        Ok(FindingPage { findings: self.with_hits(findings).await?, next })
    }

    /// How many findings of this filter are in each state; its own `state` is not regarded.
    pub async fn count_findings(&self, filter: &FindingFilter) -> Result<FindingCounts> {
        let conditions = Conditions::of(&FindingFilter { state: None, ..filter.clone() });
        let sql = format!("select f.state, count(*) from finding f {} group by f.state", conditions.sql(),);
        let mut counts = FindingCounts::default();
        for row in conditions.bind(sql).fetch_all(self.pool()).await.doing("count findings")? {
            let n = count(&row, 1)?;
            match named("finding", &column::<String>(&row, 0)?, FindingState::parse)? {
                FindingState::Pending => counts.pending = n,
                FindingState::Accepted => counts.accepted = n,
                FindingState::Dismissed => counts.dismissed = n,
            }
        }
        Ok(counts)
    }

    /// Everything about the finding of this name.
    pub async fn finding(&self, id: &FindingId) -> Result<Option<FindingView>> {
        let sql = format!(
            "select {COLUMNS}, {} from finding f join ad a on a.id = f.ad_id where f.id = $1",
            ad::COLUMNS,
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await
            .doing("read a finding")?;
        let Some(row) = row else { return Ok(None) };
        let Some(listed) = self.with_hits(vec![listed_of(&row)?]).await?.pop() else { return Ok(None) };
        let sightings = self.sightings(&listed.ad.id, FindingView::MAX_SIGHTINGS).await?;
        let decisions = self.decisions(id).await?;
        let ListedFinding { finding, version, ad } = listed;
        Ok(Some(FindingView { finding, version, ad, sightings, decisions }))
    }

    /// Reads the hits of listed findings, in one statement for each 500.
    async fn with_hits(&self, mut findings: Vec<ListedFinding>) -> Result<Vec<ListedFinding>> {
        for chunk in findings.chunks_mut(MAX_ROWS) {
            let sql = format!(
                "select finding_id, detail from hit where finding_id in ({}) order by finding_id, ordinal",
                placeholders(1, chunk.len()),
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for listed in chunk.iter() {
                query = query.bind(listed.finding.id.as_str());
            }
            let mut hits: BTreeMap<String, Vec<Hit>> = BTreeMap::new();
            for row in query.fetch_all(self.pool()).await.doing("read hits")? {
                let id: String = column(&row, 0)?;
                let hit = parse_json("hit", &id, &column::<String>(&row, 1)?)?;
                hits.entry(id).or_default().push(hit);
            }
            for listed in chunk {
                listed.finding.hits = hits.remove(listed.finding.id.as_str()).unwrap_or_default();
            }
        }
        Ok(findings)
    }
}

/// Makes findings for the flagged ads and gives the ads whose finding is new.
pub(super) async fn insert_flagged(tx: &mut Tx, ads: &[&SeenAd], now: UnixMs) -> Result<Vec<AdId>> {
    let flagged: Vec<(&SeenAd, &Assessment, &[Hit])> = ads
        .iter()
        .filter_map(|seen| {
            seen.judgement.as_ref().map(|(assessment, hits)| (*seen, assessment, hits.as_slice()))
        })
        .filter(|(_, assessment, _)| assessment.flagged)
        .collect();
    if flagged.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "insert into finding (id, ad_id, state, version, severity, priority, pack_revision, assessment, created_at, \
         updated_at) values {} \
         on conflict (ad_id) do update set version = finding.version + 1, severity = excluded.severity, \
         priority = excluded.priority, pack_revision = excluded.pack_revision, assessment = excluded.assessment, \
         updated_at = excluded.updated_at \
         where finding.state = 'pending' and finding.pack_revision <> excluded.pack_revision \
         returning ad_id, version",
        tuples(flagged.len(), 10),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (seen, assessment, _) in &flagged {
        let id = FindingId::of(&seen.id);
        query = query
            .bind(id.to_string())
            .bind(seen.id.as_str())
            .bind(FindingState::Pending.as_str())
            .bind(1_i64)
            .bind(assessment.severity.map_or(0, |severity| i64::from(severity.level())))
            .bind(assessment.priority.clamp(0.0, 1.0))
            .bind(plain(&assessment.pack_revision))
            .bind(json("finding", id.as_str(), assessment)?)
            .bind(now.0)
            .bind(now.0);
    }
    let rows = query.fetch_all(tx.conn()).await.doing("record findings")?;
    let mut changed: BTreeMap<AdId, i64> = BTreeMap::new();
    for row in &rows {
        changed.insert(parsed("finding", &column::<String>(row, 0)?, AdId::parse)?, column(row, 1)?);
    }
    let renewed: Vec<FindingId> =
        changed.iter().filter(|(_, version)| **version > 1).map(|(id, _)| FindingId::of(id)).collect();
    delete_hits(tx, &renewed).await?;
    let hits: Vec<(FindingId, usize, &Hit)> = flagged
        .iter()
        .filter(|(seen, _, _)| changed.contains_key(&seen.id))
        .flat_map(|(seen, _, hits)| {
            hits.iter().enumerate().map(|(ordinal, hit)| (FindingId::of(&seen.id), ordinal, hit))
        })
        .collect();
    insert_hits(tx, &hits).await?;
    Ok(changed.into_iter().filter(|(_, version)| *version == 1).map(|(id, _)| id).collect())
}

async fn delete_hits(tx: &mut Tx, findings: &[FindingId]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let sql = format!("delete from hit where finding_id in ({})", placeholders(1, findings.len()));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for id in findings {
        query = query.bind(id.as_str());
    }
    query.execute(tx.conn()).await.doing("renew hits").map(drop)
}

async fn insert_hits(tx: &mut Tx, hits: &[(FindingId, usize, &Hit)]) -> Result<()> {
    for chunk in hits.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into hit (finding_id, ordinal, rule_id, category, severity, status, detail) values {}",
            tuples(chunk.len(), 7),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (id, ordinal, hit) in chunk {
            query = query
                .bind(id.as_str())
                .bind(i64::try_from(*ordinal).unwrap_or(i64::MAX))
                .bind(hit.rule.as_str())
                .bind(plain(&hit.category))
                .bind(i64::from(hit.severity.level()))
                .bind(hit.status.as_str())
                .bind(json("hit", id.as_str(), hit)?);
        }
        query.execute(tx.conn()).await.doing("record hits")?;
    }
    Ok(())
}

/// A listed finding without its hits.
fn listed_of(row: &AnyRow) -> Result<ListedFinding> {
    let id: String = column(row, 0)?;
    Ok(ListedFinding {
        finding: Finding {
            ad_id: parsed("finding", &column::<String>(row, 1)?, AdId::parse)?,
            state: named("finding", &column::<String>(row, 2)?, FindingState::parse)?,
            assessment: parse_json("finding", &id, &column::<String>(row, 4)?)?,
            hits: Vec::new(),
            created_at: time(row, 5)?,
            updated_at: time(row, 6)?,
            id: parsed("finding", &id, FindingId::parse)?,
        },
        version: count(row, 3)?,
        ad: ad::ad_of(row, N_COLUMNS)?,
    })
}
