//! 线索: opened and withdrawn with decisions, moved by steps; both appended.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::ad::ad_of;
use super::audit::{self, AuditNote};
use super::batch::{MAX_ROWS, placeholders};
use super::error::{Doing as _, StoreError};
use super::pool::Tx;
use super::row::{column, json, parse_json, parsed, plain, time};
use super::{Db, Result, outbox, recheck};
use crate::domain::ad::Ad;
use crate::domain::finding::FindingId;
use crate::domain::hit::Severity;
use crate::domain::lead::{Lead, LeadId, LeadState, LeadStep};
use crate::domain::notice::Notice;
use crate::kit::clock::UnixMs;

/// What a decision does to the lead of its finding.
#[derive(Debug, Clone, PartialEq)]
pub enum LeadChange {
    /// The first acceptance.
    Open {
        /// The first day of its term.
        at: UnixMs,
    },
    /// A further step: withdrawn by an undo, reopened by another acceptance.
    Step(StepRecord),
}

/// A step with what it was based on.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    /// On which lead.
    pub lead_id: LeadId,
    /// How many steps the person saw.
    pub n_seen: u64,
    /// The step.
    pub step: LeadStep,
    /// The state after it.
    pub state: LeadState,
    /// Messages that it causes.
    pub notices: Vec<Notice>,
    /// When pages are to be looked at again because of it; `None` leaves that as it is.
    pub recheck_at: Option<UnixMs>,
}

/// A lead with what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedLead {
    /// The lead.
    pub lead: Lead,
    /// Severity of its finding.
    pub severity: Option<Severity>,
    /// The ad.
    pub ad: Ad,
}

impl Db {
    /// A lead with its steps.
    pub async fn lead(&self, id: &LeadId) -> Result<Option<ListedLead>> {
        let rows = sqlx::query(AssertSqlSafe(select("l.id = $1")))
            .bind(id.as_str())
            .fetch_all(self.pool())
            .await
            .doing("read a lead")?;
        Ok(self.listed(&rows).await?.pop())
    }

    /// At most `limit` leads in one of `states`, newest first.
    pub async fn leads(&self, states: &[LeadState], limit: u32) -> Result<Vec<ListedLead>> {
        if states.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = format!("l.state in ({})", placeholders(1, states.len()));
        let sql =
            format!("{} order by l.opened_at desc, l.id desc limit ${}", select(&wanted), states.len() + 1);
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for state in states {
            query = query.bind(state.as_str());
        }
        let rows = query.bind(i64::from(limit)).fetch_all(self.pool()).await.doing("list leads")?;
        self.listed(&rows).await
    }

    /// Appends a step and its audit entry in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when someone else recorded a step since the person looked.
    pub async fn record_step(&self, record: &StepRecord, audit: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        append(&mut tx, record).await?;
        audit::append(tx.conn(), audit).await?;
        tx.commit("record a step of a lead").await
    }

    async fn listed(&self, rows: &[AnyRow]) -> Result<Vec<ListedLead>> {
        let ids: Vec<String> = rows.iter().map(|row| column(row, 0)).collect::<Result<_>>()?;
        let mut steps = self.steps(&ids).await?;
        let lead = |(row, id): (&AnyRow, &String)| {
            let finding_id = parsed("lead", &column::<String>(row, 1)?, FindingId::parse)?;
            let steps = steps.remove(id).unwrap_or_default();
            Ok(ListedLead {
                lead: Lead::replay(finding_id, time(row, 2)?, steps),
                severity: u8::try_from(column::<i64>(row, 3)?).ok().and_then(Severity::new),
                ad: ad_of(row, N_COLUMNS)?,
            })
        };
        rows.iter().zip(&ids).map(lead).collect()
    }

    async fn steps(&self, ids: &[String]) -> Result<BTreeMap<String, Vec<LeadStep>>> {
        let mut steps = BTreeMap::<String, Vec<LeadStep>>::new();
        for chunk in ids.chunks(MAX_ROWS) {
            let sql = format!(
                "select lead_id, at, actor, step from lead_step where lead_id in ({}) order by lead_id, ordinal",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(id.as_str());
            }
            for row in query.fetch_all(self.pool()).await.doing("read the steps of leads")? {
                let id: String = column(&row, 0)?;
                let step = parse_json("lead_step", &id, &column::<String>(&row, 3)?)?;
                let step = LeadStep { at: time(&row, 1)?, actor: column(&row, 2)?, step };
                steps.entry(id).or_default().push(step);
            }
        }
        Ok(steps)
    }
}

const N_COLUMNS: usize = 4;

fn select(condition: &str) -> String {
    format!(
        "select l.id, l.finding_id, l.opened_at, f.severity, {} from lead l \
         join finding f on f.id = l.finding_id join ad a on a.id = f.ad_id where {condition}",
        super::ad::COLUMNS
    )
}

/// Does what a decision means for the lead of its finding, within the transaction of the decision.
pub(super) async fn change(tx: &mut Tx, finding: &FindingId, change: &LeadChange) -> Result<()> {
    match change {
        LeadChange::Step(record) => append(tx, record).await,
        LeadChange::Open { at } => {
            let id = LeadId::of(finding);
            let inserted = sqlx::query(
                "insert into lead (id, finding_id, opened_at, state, n_steps, updated_at) \
                 values ($1, $2, $3, $4, 0, $3) on conflict do nothing",
            )
            .bind(id.as_str())
            .bind(finding.as_str())
            .bind(at.0)
            .bind(LeadState::Verifying.as_str())
            .execute(tx.conn())
            .await
            .doing("open a lead")?;
            if inserted.rows_affected() == 0 { Err(changed(&id)) } else { Ok(()) }
        }
    }
}

async fn append(tx: &mut Tx, record: &StepRecord) -> Result<()> {
    let id = record.lead_id.as_str();
    let n_seen = i64::try_from(record.n_seen).unwrap_or(i64::MAX);
    let updated = sqlx::query(
        "update lead set state = $1, n_steps = n_steps + 1, updated_at = $2 where id = $3 and n_steps = $4",
    )
    .bind(record.state.as_str())
    .bind(record.step.at.0)
    .bind(id)
    .bind(n_seen)
    .execute(tx.conn())
    .await
    .doing("move a lead")?;
    if updated.rows_affected() == 0 {
        return Err(changed(&record.lead_id));
    }
    sqlx::query("insert into lead_step (lead_id, ordinal, at, actor, step) values ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(n_seen.saturating_add(1))
        .bind(record.step.at.0)
        .bind(plain(&record.step.actor))
        .bind(json("lead_step", id, &record.step.step)?)
        .execute(tx.conn())
        .await
        .doing("append a step of a lead")?;
    if record.recheck_at.is_some() {
        recheck::set_due(tx, &record.lead_id, record.recheck_at).await?;
    }
    outbox::insert(tx, &record.notices.iter().collect::<Vec<_>>()).await?;
    Ok(())
}

fn changed(id: &LeadId) -> StoreError {
    StoreError::Changed { kind: "lead", id: id.to_string() }
}
