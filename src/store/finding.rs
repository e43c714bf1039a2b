//! 待审项: the queue.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::batch::{MAX_ROWS, placeholders, tuples};
use super::error::Doing as _;
use super::filter::{Conditions, Plan, Value};
use super::page::SeenAd;
use super::pool::Tx;
use super::row::{column, count, json, named, parse_json, parsed, plain, time};
use super::tally::{self, Standing};
use super::word::{self, Tokens};
use super::{Db, Result, ad};
use crate::domain::ad::{Ad, AdId, Sighting};
use crate::domain::finding::{Assessment, Finding, FindingId, FindingState};
use crate::domain::hit::Hit;
use crate::domain::office::OfficeId;
use crate::domain::review::Decision;
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;

pub use super::filter::FindingFilter;

/// Where a page of a list begins: after the finding at this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageKey(i64);

impl std::fmt::Display for PageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::str::FromStr for PageKey {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let place = text.parse().ok().filter(|place| *place >= 0);
        place.map(Self).ok_or_else(|| format!("`{text}` is not a place in a list; begin at its first page"))
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
    /// Whether there are more than so many: counting stopped.
    pub stopped: bool,
    /// Waiting for a person.
    pub pending: u64,
    /// Waiting for another person.
    pub second_review: u64,
    /// Waiting for what is missing.
    pub needs_evidence: u64,
    /// Found 涉嫌违法.
    pub accepted: u64,
    /// Found not to be.
    pub dismissed: u64,
}

impl FindingCounts {
    /// Of one state.
    pub fn of(&self, state: FindingState) -> u64 {
        match state {
            FindingState::Pending => self.pending,
            FindingState::SecondReview => self.second_review,
            FindingState::NeedsEvidence => self.needs_evidence,
            FindingState::Accepted => self.accepted,
            FindingState::Dismissed => self.dismissed,
        }
    }

    /// Of all states.
    pub fn all(&self) -> u64 {
        FindingState::ALL.into_iter().map(|state| self.of(state)).sum()
    }

    fn set(&mut self, state: FindingState, n: u64) {
        match state {
            FindingState::Pending => self.pending = n,
            FindingState::SecondReview => self.second_review = n,
            FindingState::NeedsEvidence => self.needs_evidence = n,
            FindingState::Accepted => self.accepted = n,
            FindingState::Dismissed => self.dismissed = n,
        }
    }
}

/// Counting what a filter wants stops here: past it nobody reads the number, and it would take a second.
const MAX_COUNTED: usize = 5_000;

/// Columns that [`listed_of`] reads, before those of the ad.
const COLUMNS: &str =
    "f.id, f.ad_id, f.stage, f.version, f.assessment, f.created_at, f.updated_at, f.rank, f.office";
const N_COLUMNS: usize = 9;

impl Db {
    /// At most `limit` findings, highest priority first, beginning after `after`.
    pub async fn list_findings(
        &self,
        filter: &FindingFilter,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<FindingPage> {
        let plan = self.plan(filter).await?;
        let (from, place) = plan.from();
        let mut conditions = Conditions::of(filter, plan, self.dialect());
        if let Some(key) = after {
            conditions.add(&format!("{place} < $a"), Value::Int(key.0));
        }
        let limit = limit.clamp(1, 1_000);
        let sql = format!(
            "select {COLUMNS}, {} from {from} join ad a on a.id = f.ad_id {} order by {place} desc limit {}",
            ad::COLUMNS,
            conditions.sql(),
            limit + 1,
        );
        let rows = conditions.bind(sql).fetch_all(self.pool()).await.doing("list findings")?;
        let more = rows.len() > limit as usize;
        let rows = &rows[..rows.len().min(limit as usize)];
        let next = match rows.last() {
            Some(last) if more => Some(PageKey(column(last, 7)?)),
            _ => None,
        };
        let findings = rows.iter().map(listed_of).collect::<Result<Vec<_>>>()?;
        Ok(FindingPage { findings: self.with_hits(findings).await?, next })
    }

    /// The findings before and after this one in a list, without those that others than `me` work on now. The finding
    /// itself need not be in the list.
    pub async fn neighbours(
        &self,
        filter: &FindingFilter,
        id: &FindingId,
        me: &str,
        now: UnixMs,
    ) -> Result<(Option<FindingId>, Option<FindingId>)> {
        let row = sqlx::query("select rank from finding where id = $1")
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await
            .doing("look up the place of a finding")?;
        let Some(row) = row else { return Ok((None, None)) };
        let own: i64 = column(&row, 0)?;
        let plan = self.plan(filter).await?;
        let (from, place) = plan.from();
        let mut around = Vec::with_capacity(2);
        for (beyond, order) in [(">", "asc"), ("<", "desc")] {
            let mut conditions = Conditions::of(filter, plan, self.dialect());
            conditions.add(&format!("{place} {beyond} $a"), Value::Int(own));
            conditions.add(
                "not exists (select 1 from assignment t where t.finding_id = f.id and t.until > $a \
                 and t.holder <> $b)",
                Value::Int(now.0),
            );
            conditions.also(me);
            let sql =
                format!("select f.id from {from} {} order by {place} {order} limit 1", conditions.sql());
            let row = conditions.bind(sql).fetch_optional(self.pool()).await.doing("look up a neighbour")?;
            let id = row.map(|row| parsed("finding", &column::<String>(&row, 0)?, FindingId::parse));
            around.push(id.transpose()?);
        }
        let next = around.pop().flatten();
        Ok((around.pop().flatten(), next))
    }

    /// How many findings of this filter are in each state; its own `state` is not regarded. Counting stops at some
    /// thousands unless the filter asks for nothing but severity and office.
    pub async fn count_findings(&self, filter: &FindingFilter) -> Result<FindingCounts> {
        let mut counts = FindingCounts::default();
        if filter.is_counted() {
            for (state, n) in self.tally(&filter.scope, filter.min_severity).await? {
                counts.set(state, n);
            }
            return Ok(counts);
        }
        let filter = FindingFilter { state: None, ..filter.clone() };
        let plan = self.plan(&filter).await?;
        if plan == Plan::WordsInOrder {
            return Ok(FindingCounts { stopped: true, ..counts });
        }
        let conditions = Conditions::of(&filter, plan, self.dialect());
        let sql = format!(
            "select w.stage, count(*) from (select f.stage from {} {} limit {}) w group by w.stage",
            plan.from().0,
            conditions.sql(),
            MAX_COUNTED + 1,
        );
        for row in conditions.bind(sql).fetch_all(self.pool()).await.doing("count findings")? {
            let state = named("finding", &column::<String>(&row, 0)?, FindingState::parse)?;
            counts.set(state, count(&row, 1)?);
        }
        counts.stopped = counts.all() > MAX_COUNTED as u64;
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

/// Which pending findings take over a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renews {
    /// Those that an older pack judged.
    NewerPack,
    /// All: the ad itself has more to judge.
    Always,
}

impl Renews {
    fn condition(self) -> &'static str {
        match self {
            Self::NewerPack => " and finding.pack_revision <> excluded.pack_revision",
            Self::Always => "",
        }
    }
}

/// Makes findings for the flagged ads and gives the ads whose finding is new.
pub(super) async fn insert_flagged(
    tx: &mut Tx,
    ads: &[&SeenAd],
    renews: Renews,
    now: UnixMs,
) -> Result<Vec<AdId>> {
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
    let before = standing(tx, &flagged.iter().map(|(seen, _, _)| &seen.id).collect::<Vec<_>>()).await?;
    let offices =
        offices_of(tx, &flagged.iter().map(|(seen, _, _)| &seen.sighting.source_id).collect()).await?;
    let sql = format!(
        "insert into finding (id, ad_id, state, version, severity, priority, pack_revision, assessment, created_at, \
         updated_at, stage, rank, office) values {} \
         on conflict (ad_id) do update set version = finding.version + 1, severity = excluded.severity, \
         priority = excluded.priority, rank = excluded.rank, pack_revision = excluded.pack_revision, \
         assessment = excluded.assessment, updated_at = excluded.updated_at \
         where finding.state = 'pending'{} returning ad_id, version, stage, office, severity, rank",
        tuples(flagged.len(), 13),
        renews.condition(),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (seen, assessment, _) in &flagged {
        let id = FindingId::of(&seen.id);
        let priority = assessment.priority.clamp(0.0, 1.0);
        query = query
            .bind(id.to_string())
            .bind(seen.id.as_str())
            .bind(FindingState::Pending.as_str())
            .bind(1_i64)
            .bind(assessment.severity.map_or(0, |severity| i64::from(severity.level())))
            .bind(priority)
            .bind(plain(&assessment.pack_revision))
            .bind(json("finding", id.as_str(), assessment)?)
            .bind(now.0)
            .bind(now.0)
            .bind(FindingState::Pending.as_str())
            .bind(word::place_of(priority, &id))
            .bind(offices.get(&seen.sighting.source_id).cloned());
    }
    let rows = query.fetch_all(tx.conn()).await.doing("record findings")?;
    let mut changed: BTreeMap<AdId, i64> = BTreeMap::new();
    let mut places: BTreeMap<AdId, i64> = BTreeMap::new();
    let mut tallied = Vec::new();
    for row in &rows {
        let id = parsed("finding", &column::<String>(row, 0)?, AdId::parse)?;
        let version = column(row, 1)?;
        if let (Some((was, place)), 2..) = (before.get(&id), version) {
            tallied.push((was.clone(), -1));
            word::delete(tx, *place).await?;
        }
        let office: Option<String> = column(row, 3)?;
        let standing = Standing {
            stage: column(row, 2)?,
            office: office.unwrap_or_default(),
            severity: column(row, 4)?,
        };
        tallied.push((standing, 1));
        places.insert(id.clone(), column(row, 5)?);
        changed.insert(id, version);
    }
    tally::append(tx, tallied).await?;
    for (seen, _, hits) in &flagged {
        if let Some(place) = places.get(&seen.id) {
            word::insert(tx, *place, &Tokens::of(&seen.draft, hits, &seen.contacts)).await?;
        }
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

/// Where the findings of these ads stand, with their places.
async fn standing(tx: &mut Tx, ads: &[&AdId]) -> Result<BTreeMap<AdId, (Standing, i64)>> {
    let sql = format!(
        "select ad_id, stage, office, severity, rank from finding where ad_id in ({})",
        placeholders(1, ads.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for id in ads {
        query = query.bind(id.as_str());
    }
    let mut known = BTreeMap::new();
    for row in query.fetch_all(tx.conn()).await.doing("look up findings")? {
        let office: Option<String> = column(&row, 2)?;
        let standing = Standing {
            stage: column(&row, 1)?,
            office: office.unwrap_or_default(),
            severity: column(&row, 3)?,
        };
        let id = parsed("finding", &column::<String>(&row, 0)?, AdId::parse)?;
        known.insert(id, (standing, column(&row, 4)?));
    }
    Ok(known)
}

/// The offices of these sources, as far as they belong to one.
async fn offices_of(tx: &mut Tx, sources: &BTreeSet<&SourceId>) -> Result<BTreeMap<SourceId, String>> {
    let sql = format!(
        "select id, office from source where office is not null and id in ({})",
        placeholders(1, sources.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for id in sources {
        query = query.bind(id.as_str());
    }
    let rows = query.fetch_all(tx.conn()).await.doing("look up the offices of sources")?;
    rows.iter()
        .map(|row| Ok((parsed("source", &column::<String>(row, 0)?, SourceId::parse)?, column(row, 1)?)))
        .collect()
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
            office: column::<Option<String>>(row, 8)?
                .map(|office| parsed("finding", &office, OfficeId::parse))
                .transpose()?,
            id: parsed("finding", &id, FindingId::parse)?,
        },
        version: count(row, 3)?,
        ad: ad::ad_of(row, N_COLUMNS)?,
    })
}
