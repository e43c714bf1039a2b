//! 证据包: sealed packages and what happened to them.

use serde::Serialize;
use sqlx::AnyConnection;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::audit::{self, AuditNote};
use super::batch::{MAX_ROWS, tuples};
use super::chain::{self, ChainCheck, Link, Walk};
use super::error::{Doing as _, StoreError};
use super::row::{column, count, json, parsed, plain, time};
use super::{Db, Result};
use crate::domain::evidence::{CustodyEvent, Exhibit, PackageId};
use crate::domain::finding::FindingId;
use crate::kit::clock::UnixMs;
use crate::kit::digest::Digests;

/// A sealed package, as it is known to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPackage {
    /// Its name.
    pub id: PackageId,
    /// For which finding.
    pub finding_id: FindingId,
    /// Where it was written.
    pub location: String,
    /// Digests of the whole file; the SHA-256 is the seal.
    pub seal: Digests,
    /// When it was sealed.
    pub sealed_at: UnixMs,
    /// Who sealed it.
    pub sealed_by: String,
}

impl Db {
    /// Records a sealed package with its exhibits, the custody event `sealed` and an audit entry, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is a package of this name: packages are never changed.
    pub async fn add_package(
        &self,
        package: &SealedPackage,
        exhibits: &[Exhibit],
        audit: &AuditNote,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let added = sqlx::query(
            "insert into evidence_package (id, finding_id, location, manifest_sha256, manifest_sm3, sealed_at, \
             sealed_by) values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing",
        )
        .bind(package.id.as_str())
        .bind(package.finding_id.as_str())
        .bind(plain(&package.location))
        .bind(package.seal.sha256.as_str())
        .bind(package.seal.sm3.as_str())
        .bind(package.sealed_at.0)
        .bind(plain(&package.sealed_by))
        .execute(tx.conn())
        .await
        .doing("record an evidence package")?
        .rows_affected();
        if added == 0 {
            return Err(StoreError::Exists { kind: "evidence package", id: package.id.to_string() });
        }
        insert_exhibits(tx.conn(), &package.id, exhibits).await?;
        let sealed = CustodyEvent {
            at: package.sealed_at,
            actor: package.sealed_by.clone(),
            action: "sealed".to_owned(),
            package_id: package.id.clone(),
            note: format!("the file has SHA-256 {}, SM3 {}", package.seal.sha256, package.seal.sm3),
        };
        append(tx.conn(), &sealed).await?;
        audit::append(tx.conn(), audit).await?;
        tx.commit("record an evidence package").await
    }

    /// The package of this name.
    pub async fn package(&self, id: &PackageId) -> Result<Option<SealedPackage>> {
        let row = sqlx::query(
            "select id, finding_id, location, manifest_sha256, manifest_sm3, sealed_at, sealed_by \
             from evidence_package where id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(self.pool())
        .await
        .doing("read an evidence package")?;
        row.as_ref().map(package_of).transpose()
    }

    /// Packages of a finding, oldest first.
    pub async fn packages(&self, finding_id: &FindingId) -> Result<Vec<SealedPackage>> {
        let rows = sqlx::query(
            "select id, finding_id, location, manifest_sha256, manifest_sm3, sealed_at, sealed_by \
             from evidence_package where finding_id = $1 order by sealed_at, id",
        )
        .bind(finding_id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list evidence packages")?;
        rows.iter().map(package_of).collect()
    }

    /// At most `limit` packages of all findings, the newest first.
    pub async fn recent_packages(&self, limit: u32) -> Result<Vec<SealedPackage>> {
        let rows = sqlx::query(
            "select id, finding_id, location, manifest_sha256, manifest_sm3, sealed_at, sealed_by \
             from evidence_package order by sealed_at desc, id desc limit $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("list evidence packages")?;
        rows.iter().map(package_of).collect()
    }

    /// The exhibits of a package, by path.
    pub async fn exhibits(&self, id: &PackageId) -> Result<Vec<Exhibit>> {
        let rows =
            sqlx::query("select path, size_bytes, sha256, sm3, made_by from exhibit where package_id = $1")
                .bind(id.as_str())
                .fetch_all(self.pool())
                .await
                .doing("list exhibits")?;
        let mut exhibits = rows
            .iter()
            .map(|row| {
                Ok(Exhibit {
                    path: column(row, 0)?,
                    size_bytes: count(row, 1)?,
                    digests: Digests { sha256: column(row, 2)?, sm3: column(row, 3)? },
                    made_by: column(row, 4)?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        exhibits.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(exhibits)
    }

    /// Appends what happened to a package.
    pub async fn append_custody(&self, event: &CustodyEvent) -> Result<()> {
        let mut tx = self.begin().await?;
        append(tx.conn(), event).await?;
        tx.commit("append a custody event").await
    }

    /// What happened to a package, oldest first.
    pub async fn custody(&self, id: &PackageId) -> Result<Vec<CustodyEvent>> {
        let rows = sqlx::query(
            "select at, actor, action, note from custody_event where package_id = $1 order by ordinal",
        )
        .bind(id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list custody events")?;
        rows.iter()
            .map(|row| {
                Ok(CustodyEvent {
                    at: time(row, 0)?,
                    actor: column(row, 1)?,
                    action: column(row, 2)?,
                    package_id: id.clone(),
                    note: column(row, 3)?,
                })
            })
            .collect()
    }

    /// Recomputes the custody chain of a package.
    pub async fn check_custody(&self, id: &PackageId) -> Result<ChainCheck> {
        let head = {
            let mut connection = self.pool().acquire().await.doing("read a hash chain")?;
            chain::head(&mut connection, &chain_name(id)).await?
        };
        let rows = sqlx::query(
            "select ordinal, at, actor, action, note, payload, hash from custody_event where package_id = $1 \
             order by ordinal",
        )
        .bind(id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("check a custody chain")?;
        let mut walk = Walk::new(head);
        for row in &rows {
            let ordinal: i64 = column(row, 0)?;
            let shown = payload(
                id,
                ordinal,
                &CustodyEvent {
                    at: time(row, 1)?,
                    actor: column(row, 2)?,
                    action: column(row, 3)?,
                    package_id: id.clone(),
                    note: column(row, 4)?,
                },
            )?;
            let stored: String = column(row, 5)?;
            if !walk.accepts(ordinal, &stored, column(row, 6)?, stored == shown) {
                break;
            }
        }
        Ok(walk.result())
    }
}

/// What is hashed, in this order.
#[derive(Serialize)]
struct Payload<'a> {
    package_id: &'a PackageId,
    ordinal: i64,
    at: UnixMs,
    actor: &'a str,
    action: &'a str,
    note: &'a str,
}

fn payload(id: &PackageId, ordinal: i64, event: &CustodyEvent) -> Result<String> {
    let payload = Payload {
        package_id: id,
        ordinal,
        at: event.at,
        actor: &event.actor,
        action: &event.action,
        note: &event.note,
    };
    json("custody_event", id.as_str(), &payload)
}

fn chain_name(id: &PackageId) -> String {
    format!("custody:{id}")
}

pub(super) async fn append(connection: &mut AnyConnection, event: &CustodyEvent) -> Result<()> {
    let id = &event.package_id;
    let event = CustodyEvent {
        actor: plain(&event.actor),
        action: plain(&event.action),
        note: plain(&event.note),
        ..event.clone()
    };
    let (Link { ordinal, hash }, payload) =
        chain::append(connection, &chain_name(id), |ordinal| payload(id, ordinal, &event)).await?;
    sqlx::query(
        "insert into custody_event (package_id, ordinal, at, actor, action, note, payload, hash) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id.as_str())
    .bind(ordinal)
    .bind(event.at.0)
    .bind(event.actor)
    .bind(event.action)
    .bind(event.note)
    .bind(payload)
    .bind(hash)
    .execute(connection)
    .await
    .doing("append a custody event")?;
    Ok(())
}

async fn insert_exhibits(connection: &mut AnyConnection, id: &PackageId, exhibits: &[Exhibit]) -> Result<()> {
    for chunk in exhibits.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into exhibit (package_id, path, size_bytes, sha256, sm3, made_by) values {}",
            tuples(chunk.len(), 6),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for exhibit in chunk {
            query = query
                .bind(id.as_str())
                .bind(exhibit.path.as_str())
                .bind(i64::try_from(exhibit.size_bytes).unwrap_or(i64::MAX))
                .bind(exhibit.digests.sha256.as_str())
                .bind(exhibit.digests.sm3.as_str())
                .bind(plain(&exhibit.made_by));
        }
        query.execute(&mut *connection).await.doing("record exhibits")?;
    }
    Ok(())
}

pub(super) fn package_of(row: &AnyRow) -> Result<SealedPackage> {
    Ok(SealedPackage {
        id: parsed("evidence_package", &column::<String>(row, 0)?, PackageId::parse)?,
        finding_id: parsed("evidence_package", &column::<String>(row, 1)?, FindingId::parse)?,
        location: column(row, 2)?,
        seal: Digests { sha256: column(row, 3)?, sm3: column(row, 4)? },
        sealed_at: time(row, 5)?,
        sealed_by: column(row, 6)?,
    })
}
