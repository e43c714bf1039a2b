//! Figures of a span of time, and the frozen figures of past months.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::batch::placeholders;
use super::error::Doing as _;
use super::row::{column, count, plain};
use super::{Db, Result};
use crate::domain::office::Scope;
use crate::domain::statistics::{Funnel, Health, Load, Share, Statistics};
use crate::kit::clock::UnixMs;

const WEEK_MS: i64 = 7 * 86_400_000;
/// Sources that a table names at most.
const MAX_SOURCES: u32 = 30;

/// Figures of a month as they were when it was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthReport {
    /// For example `2026-10`.
    pub month: String,
    /// When they were taken.
    pub made_at: UnixMs,
    /// JSON.
    pub content: String,
    /// SHA-256 of the JSON.
    pub sha256: String,
}

impl Db {
    /// Figures of what entered the queue, and of what was done, at or after `from` and before `until`; weeks are
    /// counted from `from`.
    pub async fn statistics(&self, scope: &Scope, from: UnixMs, until: UnixMs) -> Result<Statistics> {
        let span = Span { db: self, scope, from, until };
        let of_findings = "f.created_at >= $1 and f.created_at < $2";
        Ok(Statistics {
            from,
            until,
            funnel: span.funnel().await?,
            by_category: span
                .shares(&format!(
                    "select h.category, count(distinct f.id) from finding f join hit h on h.finding_id = f.id \
                     where {of_findings} and h.status = 'asserted' {{scope}} group by h.category"
                ))
                .await?,
            by_severity: span
                .shares(&format!(
                    "select cast(f.severity as text), count(*) from finding f where {of_findings} {{scope}} \
                     group by f.severity"
                ))
                .await?,
            by_source: span
                .shares(&format!(
                    "select s.source_id, count(distinct f.id) from finding f join sighting s on s.ad_id = f.ad_id \
                     where {of_findings} {{scope}} group by s.source_id order by 2 desc limit {MAX_SOURCES}"
                ))
                .await?,
            by_office: span
                .shares(&format!(
                    "select coalesce(f.office, ''), count(*) from finding f where {of_findings} {{scope}} \
                     group by f.office"
                ))
                .await?,
            by_week: span.weeks().await?,
            reviewers: span.reviewers().await?,
            sources: span.sources().await?,
            mean_wait_minutes: span.mean_wait().await?,
        })
    }

    /// Keeps the figures of a month; those that are kept already stay.
    pub async fn keep_month(&self, report: &MonthReport) -> Result<()> {
        sqlx::query(
            "insert into month_report (month, made_at, content, sha256) values ($1, $2, $3, $4) \
             on conflict (month) do nothing",
        )
        .bind(report.month.as_str())
        .bind(report.made_at.0)
        .bind(report.content.as_str())
        .bind(report.sha256.as_str())
        .execute(self.pool())
        .await
        .doing("keep a month")
        .map(drop)
    }

    /// The frozen months, the latest first.
    pub async fn months(&self) -> Result<Vec<MonthReport>> {
        let rows = sqlx::query("select month, made_at, content, sha256 from month_report")
            .fetch_all(self.pool())
            .await
            .doing("list months")?;
        let report = |row: &AnyRow| {
            Ok(MonthReport {
                month: column(row, 0)?,
                made_at: UnixMs(column(row, 1)?),
                content: column(row, 2)?,
                sha256: column(row, 3)?,
            })
        };
        let mut months = rows.iter().map(report).collect::<Result<Vec<_>>>()?;
        months.sort_by(|a, b| b.month.cmp(&a.month));
        Ok(months)
    }
}

/// What is asked: of whose findings, and when.
struct Span<'a> {
    db: &'a Db,
    scope: &'a Scope,
    from: UnixMs,
    until: UnixMs,
}

impl Span<'_> {
    /// Runs a statement about findings `f`; `$1` and `$2` are the span, and `{scope}` becomes the offices.
    async fn rows(&self, sql: &str) -> Result<Vec<AnyRow>> {
        let (condition, offices) = match self.scope {
            Scope::Everything => (String::new(), Vec::new()),
            Scope::Offices(offices) => (
                format!("and f.office in ({})", placeholders(3, offices.len())),
                offices.iter().map(|office| plain(office.as_str())).collect(),
            ),
        };
        let mut query = sqlx::query(AssertSqlSafe(sql.replace("{scope}", &condition)))
            .bind(self.from.0)
            .bind(self.until.0);
        for office in offices {
            query = query.bind(office);
        }
        query.fetch_all(self.db.pool()).await.doing("count for statistics")
    }

    async fn number(&self, sql: &str) -> Result<u64> {
        self.rows(sql).await?.first().map_or(Ok(0), |row| count(row, 0))
    }

    async fn shares(&self, sql: &str) -> Result<Vec<Share>> {
        let rows = self.rows(sql).await?;
        let share = |row: &AnyRow| Ok(Share { key: column(row, 0)?, n: count(row, 1)? });
        let mut shares = rows.iter().map(share).collect::<Result<Vec<_>>>()?;
        shares.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.key.cmp(&b.key)));
        Ok(shares)
    }

    async fn funnel(&self) -> Result<Funnel> {
        let findings =
            "select count(*) from finding f where f.created_at >= $1 and f.created_at < $2 {scope}";
        let with_lead = |states: &str| {
            format!(
                "{findings} and exists (select 1 from lead l where l.finding_id = f.id and l.state in ({states}))"
            )
        };
        let seen = match self.scope {
            Scope::Everything => {
                "select count(*) from ad where first_seen_at >= $1 and first_seen_at < $2".to_owned()
            }
            Scope::Offices(offices) => format!(
                "select count(distinct s.ad_id) from sighting s join source c on c.id = s.source_id \
                 where s.seen_at >= $1 and s.seen_at < $2 and c.office in ({})",
                placeholders(3, offices.len())
            ),
        };
        Ok(Funnel {
            seen: self.number(&seen).await?,
            flagged: self.number(findings).await?,
            accepted: self.number(&format!("{findings} and f.stage = 'accepted'")).await?,
            filed: self.number(&with_lead("'filed', 'decided', 'closed'")).await?,
            transferred: self.number(&with_lead("'transferred'")).await?,
        })
    }

    async fn weeks(&self) -> Result<Vec<Share>> {
        let rows = self
            .rows(&format!(
                "select (f.created_at - {}) / {WEEK_MS}, count(*) from finding f \
                 where f.created_at >= $1 and f.created_at < $2 {{scope}} group by 1",
                self.from.0
            ))
            .await?;
        let mut found: BTreeMap<i64, u64> = BTreeMap::new();
        for row in &rows {
            found.insert(column(row, 0)?, count(row, 1)?);
        }
        // Weeks in which nothing came are part of the picture.
        let n_weeks = (self.until.0 - self.from.0 + WEEK_MS - 1) / WEEK_MS;
        Ok((0..n_weeks)
            .map(|week| {
                let begin = self.from.plus_ms(week * WEEK_MS).beijing();
                Share { key: begin.chars().take(10).collect(), n: found.get(&week).copied().unwrap_or(0) }
            })
            .collect())
    }

    async fn reviewers(&self) -> Result<Vec<Load>> {
        let rows = self
            .rows(
                "select d.actor, d.verdict, count(*) from decision d join finding f on f.id = d.finding_id \
                 where d.decided_at >= $1 and d.decided_at < $2 {scope} group by d.actor, d.verdict",
            )
            .await?;
        let mut loads: BTreeMap<String, Load> = BTreeMap::new();
        for row in &rows {
            let name: String = column(row, 0)?;
            let load = loads.entry(name.clone()).or_insert(Load { name, ..Load::default() });
            let field = match column::<String>(row, 1)?.as_str() {
                "accept" => &mut load.accepted,
                "dismiss" => &mut load.dismissed,
                "undo" => &mut load.undone,
                _ => &mut load.deferred,
            };
            *field += count(row, 2)?;
        }
        Ok(loads.into_values().collect())
    }

    async fn sources(&self) -> Result<Vec<Health>> {
        let of_offices = match self.scope {
            Scope::Everything => String::new(),
            Scope::Offices(offices) => format!("and c.office in ({})", placeholders(3, offices.len())),
        };
        let rows = self
            .rows(&format!(
                "select r.source_id, count(*), cast(sum(case when r.outcome like '%\"ok\"%' \
                 or r.outcome like '%\"empty\"%' or r.outcome like '%\"slot-only\"%' then 1 else 0 end) as bigint) \
                 from crawl_run r join source c on c.id = r.source_id \
                 where r.started_at >= $1 and r.started_at < $2 {of_offices} group by r.source_id"
            ))
            .await?;
        let health = |row: &AnyRow| {
            Ok(Health { source: column(row, 0)?, n_runs: count(row, 1)?, n_good: count(row, 2)? })
        };
        let mut sources = rows.iter().map(health).collect::<Result<Vec<_>>>()?;
        sources.sort_by(|a, b| {
            (b.n_runs - b.n_good).cmp(&(a.n_runs - a.n_good)).then_with(|| a.source.cmp(&b.source))
        });
        Ok(sources)
    }

    async fn mean_wait(&self) -> Result<Option<i64>> {
        let rows = self
            .rows(
                "select cast(avg(w.at - f.created_at) as bigint) from finding f join \
                 (select finding_id, min(decided_at) as at from decision group by finding_id) w \
                 on w.finding_id = f.id where f.created_at >= $1 and f.created_at < $2 {scope}",
            )
            .await?;
        let mean: Option<i64> = rows.first().map(|row| column(row, 0)).transpose()?.flatten();
        Ok(mean.map(|ms| ms / 60_000))
    }
}
