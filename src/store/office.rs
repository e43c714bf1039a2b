//! 辖区: offices, who and what belongs to them.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::audit::{self, AuditNote};
use super::batch::{MAX_ROWS, placeholders};
use super::error::{Doing as _, StoreError};
use super::row::{column, count, parsed, plain, time};
use super::tally::{self, Standing};
use super::{Db, Result};
use crate::domain::finding::FindingId;
use crate::domain::office::{Office, OfficeId};
use crate::domain::source::SourceId;
use crate::domain::user::UserId;

impl Db {
    /// Adds an office.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one of this name; [`StoreError::NotFound`] when there is none above it.
    pub async fn add_office(&self, office: &Office, note: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        if let Some(parent) = &office.parent {
            let known = sqlx::query("select 1 from office where id = $1")
                .bind(parent.as_str())
                .fetch_optional(tx.conn())
                .await
                .doing("look up an office")?;
            if known.is_none() {
                return Err(StoreError::NotFound { kind: "office", id: parent.to_string() });
            }
        }
        let added = sqlx::query(
            "insert into office (id, name, parent, created_at) values ($1, $2, $3, $4) on conflict (id) do nothing",
        )
        .bind(office.id.as_str())
        .bind(plain(&office.name))
        .bind(office.parent.as_ref().map(ToString::to_string))
        .bind(office.created_at.0)
        .execute(tx.conn())
        .await
        .doing("add an office")?;
        if added.rows_affected() == 0 {
            return Err(StoreError::Exists { kind: "office", id: office.id.to_string() });
        }
        audit::append(tx.conn(), note).await?;
        tx.commit("add an office").await
    }

    /// Every office, by name in commands.
    pub async fn offices(&self) -> Result<Vec<Office>> {
        let rows = sqlx::query("select id, name, parent, created_at from office")
            .fetch_all(self.pool())
            .await
            .doing("list offices")?;
        let mut offices = rows.iter().map(office_of).collect::<Result<Vec<_>>>()?;
        offices.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(offices)
    }

    /// Makes an account belong to an office, or to none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_user_office(
        &self,
        id: &UserId,
        office: Option<&OfficeId>,
        note: &AuditNote,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query(
            "update user_account set office = $2 where id = $1 \
             and ($2 is null or exists (select 1 from office where office.id = $2))",
        )
        .bind(id.as_str())
        .bind(office.map(ToString::to_string))
        .execute(tx.conn())
        .await
        .doing("move an account")?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: "office", id: named(office) });
        }
        audit::append(tx.conn(), note).await?;
        tx.commit("move an account").await
    }

    /// Makes a source belong to an office, or to none. Its findings that are not decided go along; gives how many.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_source_office(
        &self,
        id: &SourceId,
        office: Option<&OfficeId>,
        note: &AuditNote,
    ) -> Result<u64> {
        const OPEN: &str = "state = 'pending' and coalesce(office, '') <> $1 \
             and exists (select 1 from sighting s where s.ad_id = finding.ad_id and s.source_id = $2)";
        let mut tx = self.begin().await?;
        let changed = sqlx::query(
            "update source set office = $2 where id = $1 \
             and ($2 is null or exists (select 1 from office where office.id = $2))",
        )
        .bind(id.as_str())
        .bind(office.map(ToString::to_string))
        .execute(tx.conn())
        .await
        .doing("route a source")?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound {
                kind: "source or office",
                id: format!("{id} → {}", named(office)),
            });
        }
        let moved = sqlx::query(AssertSqlSafe(format!(
            "select stage, coalesce(office, ''), severity, count(*) from finding where {OPEN} \
             group by stage, office, severity"
        )))
        .bind(named(office))
        .bind(id.as_str())
        .fetch_all(tx.conn())
        .await
        .doing("count what moves")?;
        let mut changes = Vec::new();
        let mut n_moved = 0;
        for row in &moved {
            let n: i64 = column(row, 3)?;
            let left =
                Standing { stage: column(row, 0)?, office: column(row, 1)?, severity: column(row, 2)? };
            changes.push((Standing { office: named(office), ..left.clone() }, n));
            changes.push((left, -n));
            n_moved += count(row, 3)?;
        }
        sqlx::query(AssertSqlSafe(format!("update finding set office = nullif($1, '') where {OPEN}")))
            .bind(named(office))
            .bind(id.as_str())
            .execute(tx.conn())
            .await
            .doing("move findings")?;
        tally::append(&mut tx, changes).await?;
        audit::append(tx.conn(), note).await?;
        tx.commit("route a source").await?;
        Ok(n_moved)
    }

    /// Moves one finding to another office.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_finding_office(
        &self,
        id: &FindingId,
        office: &OfficeId,
        note: &AuditNote,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let before = sqlx::query("select stage, coalesce(office, ''), severity from finding where id = $1")
            .bind(id.as_str())
            .fetch_optional(tx.conn())
            .await
            .doing("look up a finding")?;
        let Some(row) = before else {
            return Err(StoreError::NotFound { kind: "finding", id: id.to_string() });
        };
        let left = Standing { stage: column(&row, 0)?, office: column(&row, 1)?, severity: column(&row, 2)? };
        let moved = sqlx::query(
            "update finding set office = $2, version = version + 1 where id = $1 and stage = $3 \
             and coalesce(office, '') = $4 and exists (select 1 from office where office.id = $2)",
        )
        .bind(id.as_str())
        .bind(office.as_str())
        .bind(left.stage.clone())
        .bind(left.office.clone())
        .execute(tx.conn())
        .await
        .doing("move a finding")?;
        if moved.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: "office", id: office.to_string() });
        }
        let now = Standing { office: office.to_string(), ..left.clone() };
        tally::append(&mut tx, [(left, -1), (now, 1)]).await?;
        audit::append(tx.conn(), note).await?;
        tx.commit("move a finding").await
    }

    /// The offices of these findings, as far as they have one.
    pub async fn offices_of_findings(&self, ids: &[&FindingId]) -> Result<BTreeMap<FindingId, OfficeId>> {
        let mut offices = BTreeMap::new();
        for chunk in ids.chunks(MAX_ROWS) {
            let sql = format!(
                "select id, office from finding where office is not null and id in ({})",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(id.as_str());
            }
            for row in query.fetch_all(self.pool()).await.doing("look up the offices of findings")? {
                let id = parsed("finding", &column::<String>(&row, 0)?, FindingId::parse)?;
                offices.insert(id, parsed("finding", &column::<String>(&row, 1)?, OfficeId::parse)?);
            }
        }
        Ok(offices)
    }

    /// The office of each source that belongs to one.
    pub async fn offices_of_sources(&self) -> Result<BTreeMap<SourceId, OfficeId>> {
        let rows =
            sqlx::query("select id, office from source where office is not null and removed_at is null")
                .fetch_all(self.pool())
                .await
                .doing("look up the offices of sources")?;
        rows.iter()
            .map(|row| {
                let id = parsed("source", &column::<String>(row, 0)?, SourceId::parse)?;
                Ok((id, parsed("source", &column::<String>(row, 1)?, OfficeId::parse)?))
            })
            .collect()
    }
}

fn named(office: Option<&OfficeId>) -> String {
    office.map(ToString::to_string).unwrap_or_default()
}

fn office_of(row: &AnyRow) -> Result<Office> {
    Ok(Office {
        id: parsed("office", &column::<String>(row, 0)?, OfficeId::parse)?,
        name: column(row, 1)?,
        parent: column::<Option<String>>(row, 2)?
            .map(|parent| parsed("office", &parent, OfficeId::parse))
            .transpose()?,
        created_at: time(row, 3)?,
    })
}
