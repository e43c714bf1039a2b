//! Who is working on which finding, and what people said about findings besides deciding.

use sqlx::any::AnyRow;

use super::audit::{self, AuditNote};
use super::error::{Doing as _, StoreError};
use super::pool::Tx;
use super::row::{column, named, parsed, plain, time};
use super::{Db, Result};
use crate::domain::finding::FindingId;
use crate::domain::review::{Assignment, Remark, RemarkKind, SkipReason};
use crate::kit::clock::UnixMs;

impl Db {
    /// Makes `holder` the one who works on a finding until `until`, or renews that. With `over`, also when somebody
    /// else holds it; then `note` goes on record.
    ///
    /// # Errors
    /// [`StoreError::Held`] when somebody else holds it and `over` is not given; [`StoreError::NotFound`].
    pub async fn assign(
        &self,
        id: &FindingId,
        holder: &str,
        now: UnixMs,
        until: UnixMs,
        over: Option<&AuditNote>,
    ) -> Result<Assignment> {
        let mut tx = self.begin().await?;
        let known = sqlx::query("select 1 from finding where id = $1")
            .bind(id.as_str())
            .fetch_optional(tx.conn())
            .await
            .doing("look up a finding")?;
        if known.is_none() {
            return Err(StoreError::NotFound { kind: "finding", id: id.to_string() });
        }
        let row = sqlx::query(
            "insert into assignment (finding_id, holder, since, until) values ($1, $2, $3, $4) \
             on conflict (finding_id) do update set until = $4, holder = $2, \
             since = case when assignment.holder = $2 and assignment.until > $3 then assignment.since else $3 end \
             where assignment.holder = $2 or assignment.until <= $3 or $5 = 1 \
             returning holder, since, until",
        )
        .bind(id.as_str())
        .bind(plain(holder))
        .bind(now.0)
        .bind(until.0)
        .bind(i64::from(over.is_some()))
        .fetch_optional(tx.conn())
        .await
        .doing("assign a finding")?;
        let Some(row) = row else { return Err(held(&mut tx, id).await?) };
        if let Some(note) = over {
            audit::append(tx.conn(), note).await?;
        }
        tx.commit("assign a finding").await?;
        assignment_of(&row, id)
    }

    /// Ends the assignment of a finding to `holder`, if it is theirs.
    pub async fn unassign(&self, id: &FindingId, holder: &str) -> Result<()> {
        sqlx::query("delete from assignment where finding_id = $1 and holder = $2")
            .bind(id.as_str())
            .bind(plain(holder))
            .execute(self.pool())
            .await
            .doing("release a finding")?;
        Ok(())
    }

    /// Who works on these findings now.
    pub async fn assignments(&self, ids: &[&FindingId], now: UnixMs) -> Result<Vec<Assignment>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (2..ids.len() + 2).map(|place| format!("${place}")).collect();
        let sql = format!(
            "select holder, since, until, finding_id from assignment where until > $1 and finding_id in ({})",
            places.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now.0);
        for id in ids {
            query = query.bind(id.as_str());
        }
        let rows = query.fetch_all(self.pool()).await.doing("list assignments")?;
        rows.iter()
            .map(|row| {
                let id = parsed("assignment", &column::<String>(row, 3)?, FindingId::parse)?;
                assignment_of(row, &id)
            })
            .collect()
    }

    /// Appends a remark and its audit entry.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such finding.
    pub async fn add_remark(&self, remark: &Remark, note: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        let (kind, reason) = match remark.kind {
            RemarkKind::Comment => ("comment", None),
            RemarkKind::Skip(reason) => ("skip", Some(reason.as_str())),
        };
        let added = sqlx::query(
            "insert into remark (id, finding_id, actor, at, kind, reason, note) \
             select $1, finding.id, $3, $4, $5, $6, $7 from finding where finding.id = $2",
        )
        .bind(remark.id.as_str())
        .bind(remark.finding_id.as_str())
        .bind(plain(&remark.actor))
        .bind(remark.at.0)
        .bind(kind)
        .bind(reason)
        .bind(plain(&remark.note))
        .execute(tx.conn())
        .await
        .doing("add a remark")?;
        if added.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: "finding", id: remark.finding_id.to_string() });
        }
        audit::append(tx.conn(), note).await?;
        tx.commit("add a remark").await
    }

    /// What people said about a finding, oldest first.
    pub async fn remarks(&self, id: &FindingId) -> Result<Vec<Remark>> {
        let rows = sqlx::query(
            "select id, actor, at, kind, reason, note from remark where finding_id = $1 order by at, id",
        )
        .bind(id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list remarks")?;
        rows.iter().map(|row| remark_of(row, id)).collect()
    }
}

/// Why an assignment was refused.
async fn held(tx: &mut Tx, id: &FindingId) -> Result<StoreError> {
    let row = sqlx::query("select holder, since, until from assignment where finding_id = $1")
        .bind(id.as_str())
        .fetch_one(tx.conn())
        .await
        .doing("look up an assignment")?;
    let Assignment { holder, until, .. } = assignment_of(&row, id)?;
    Ok(StoreError::Held { id: id.clone(), holder, until })
}

fn assignment_of(row: &AnyRow, id: &FindingId) -> Result<Assignment> {
    Ok(Assignment {
        finding_id: id.clone(),
        holder: column(row, 0)?,
        since: time(row, 1)?,
        until: time(row, 2)?,
    })
}

fn remark_of(row: &AnyRow, id: &FindingId) -> Result<Remark> {
    let kind: String = column(row, 3)?;
    let kind = match column::<Option<String>>(row, 4)? {
        Some(reason) if kind == "skip" => RemarkKind::Skip(named("remark", &reason, SkipReason::parse)?),
        _ => RemarkKind::Comment,
    };
    Ok(Remark {
        id: column(row, 0)?,
        finding_id: id.clone(),
        actor: column(row, 1)?,
        at: time(row, 2)?,
        kind,
        note: column(row, 5)?,
    })
}
