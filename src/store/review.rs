//! 审核决定: appended, never changed.

use sqlx::any::AnyRow;

use super::audit::{self, AuditNote};
use super::error::{Doing as _, StoreError};
use super::lead::{self, LeadChange};
use super::pool::Tx;
use super::row::{bad_row, column, json, named, parse_json, parsed, plain, time};
use super::tally::{self, Standing};
use super::{Db, Result, outbox};
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::notice::Notice;
use crate::domain::review::{Decision, DecisionId, DismissReason, Verdict};
use crate::domain::user::Actor;

/// A decision with everything that is written together with it.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRecord {
    /// The decision.
    pub decision: Decision,
    /// The version of the finding that the person saw; `None` when only its state matters.
    pub seen_version: Option<u64>,
    /// What goes on record.
    pub audit: AuditNote,
    /// What it does to the lead of the finding.
    pub lead: Option<LeadChange>,
    /// Messages that the decision causes.
    pub notices: Vec<Notice>,
}

impl Db {
    /// Appends a decision, moves the finding to its new state, and writes audit entry and notices, in one
    /// transaction. Repeating a decision of the same name changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the finding is decided already (for an undo: is not decided) or is no longer in
    /// the version that the person saw; it names who changed it and when. [`StoreError::NotFound`] when there is no
    /// such finding.
    pub async fn decide(&self, record: DecisionRecord) -> Result<Decision> {
        let decision = &record.decision;
        let undoing = i64::from(decision.verdict == Verdict::Undo);
        let mut tx = self.begin().await?;
        let before = sqlx::query("select stage from finding where id = $1")
            .bind(decision.finding_id.as_str())
            .fetch_optional(tx.conn())
            .await
            .doing("look up a finding")?;
        let before: Option<String> = before.map(|row| column(&row, 0)).transpose()?;
        let after = decision.verdict.state_after();
        // An undo needs something to take back; every other verdict a finding that is open. stage = $8 makes sure that
        // what is counted below is what was changed.
        let changed = sqlx::query(
            "update finding set stage = $1, state = $7, version = version + 1, updated_at = $2 where id = $3 \
             and (case when $4 = 1 then case when stage <> 'pending' then 1 else 0 end \
             else case when state = 'pending' then 1 else 0 end end) = 1 and stage = $8 \
             and ($5 is null or version = $5) \
             and not exists (select 1 from decision where decision.id = $6) returning version, office, severity",
        )
        .bind(after.as_str())
        .bind(decision.at.0)
        .bind(decision.finding_id.as_str())
        .bind(undoing)
        .bind(record.seen_version.map(|version| i64::try_from(version).unwrap_or(i64::MAX)))
        .bind(decision.id.as_str())
        .bind(if after.is_open() { FindingState::Pending.as_str() } else { after.as_str() })
        .bind(before.clone().unwrap_or_default())
        .fetch_optional(tx.conn())
        .await
        .doing("decide a finding")?;
        let Some(row) = changed else {
            return match why_not(&mut tx, decision).await? {
                Some(conflict) => Err(conflict),
                None => Ok(record.decision),
            };
        };
        insert_decision(&mut tx, decision, column(&row, 0)?).await?;
        let office: Option<String> = column(&row, 1)?;
        let standing = |stage: String| {
            let office = office.clone().unwrap_or_default();
            Ok::<_, StoreError>(Standing { stage, office, severity: column(&row, 2)? })
        };
        let left = standing(before.unwrap_or_default())?;
        tally::append(&mut tx, [(left, -1), (standing(after.as_str().to_owned())?, 1)]).await?;
        if let Some(change) = &record.lead {
            lead::change(&mut tx, &decision.finding_id, change).await?;
        }
        outbox::insert(&mut tx, &record.notices.iter().collect::<Vec<_>>()).await?;
        audit::append(tx.conn(), &record.audit).await?;
        tx.commit("decide a finding").await?;
        Ok(record.decision)
    }

    /// What was decided about a finding, oldest first.
    pub async fn decisions(&self, finding_id: &FindingId) -> Result<Vec<Decision>> {
        let rows = sqlx::query(
            "select id, finding_id, actor, decided_at, verdict, provisions, dismiss_reason, note from decision \
             where finding_id = $1 order by ordinal",
        )
        .bind(finding_id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list decisions")?;
        rows.iter().map(decision_of).collect()
    }
}

/// Why a decision changed nothing; `None` when it is on record already.
async fn why_not(tx: &mut Tx, decision: &Decision) -> Result<Option<StoreError>> {
    let id = decision.finding_id.as_str();
    let finding = sqlx::query("select stage, updated_at from finding where id = $1")
        .bind(id)
        .fetch_optional(tx.conn())
        .await
        .doing("read a finding")?;
    let Some(finding) = finding else {
        return Ok(Some(StoreError::NotFound { kind: "finding", id: id.to_owned() }));
    };
    let recorded = sqlx::query("select 1 from decision where id = $1 and finding_id = $2")
        .bind(decision.id.as_str())
        .bind(id)
        .fetch_optional(tx.conn())
        .await
        .doing("look up a decision")?;
    if recorded.is_some() {
        return Ok(None);
    }
    let last = sqlx::query(
        "select actor, decided_at from decision where finding_id = $1 order by ordinal desc limit 1",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await
    .doing("look up the last decision")?;
    let (by, at) = match last {
        Some(row) => (column(&row, 0)?, time(&row, 1)?),
        // Nobody decided yet: a newer rule pack changed what the finding says.
        None => (Actor::machine().name().to_owned(), time(&finding, 1)?),
    };
    Ok(Some(StoreError::Conflict {
        id: decision.finding_id.clone(),
        state: named("finding", &column::<String>(&finding, 0)?, FindingState::parse)?,
        by,
        at,
    }))
}

async fn insert_decision(tx: &mut Tx, decision: &Decision, version_after: i64) -> Result<()> {
    let id = decision.id.as_str();
    let (provisions, reason) = match &decision.verdict {
        Verdict::Accept { provisions } => (json("decision", id, provisions)?, None),
        Verdict::Dismiss { reason } => ("[]".to_owned(), Some(reason.as_str())),
        Verdict::NeedEvidence | Verdict::AskSecond | Verdict::Undo => ("[]".to_owned(), None),
    };
    sqlx::query(
        "insert into decision (id, finding_id, ordinal, actor, decided_at, verdict, provisions, dismiss_reason, note) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id)
    .bind(decision.finding_id.as_str())
    .bind(version_after)
    .bind(plain(&decision.actor))
    .bind(decision.at.0)
    .bind(decision.verdict.as_str())
    .bind(provisions)
    .bind(reason)
    .bind(plain(&decision.note))
    .execute(tx.conn())
    .await
    .doing("append a decision")?;
    Ok(())
}

fn decision_of(row: &AnyRow) -> Result<Decision> {
    let id: String = column(row, 0)?;
    let verdict = match column::<String>(row, 4)?.as_str() {
        "accept" => Verdict::Accept { provisions: parse_json("decision", &id, &column::<String>(row, 5)?)? },
        "dismiss" => {
            let reason: Option<String> = column(row, 6)?;
            let reason = named("decision", reason.as_deref().unwrap_or_default(), DismissReason::parse)?;
            Verdict::Dismiss { reason }
        }
        "need-evidence" => Verdict::NeedEvidence,
        "ask-second" => Verdict::AskSecond,
        "undo" => Verdict::Undo,
        other => return Err(bad_row("decision", &id, format!("verdict `{other}` is not known"))),
    };
    Ok(Decision {
        finding_id: parsed("decision", &column::<String>(row, 1)?, FindingId::parse)?,
        actor: column(row, 2)?,
        at: time(row, 3)?,
        verdict,
        note: column(row, 7)?,
        id: parsed("decision", &id, DecisionId::parse)?,
    })
}
