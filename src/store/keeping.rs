//! 封存后的保管: packages of other offices, hand-overs and their receipts, holds, disposals.

use sqlx::any::AnyRow;

use super::audit::{self, AuditNote};
use super::error::{Doing as _, StoreError};
use super::evidence::{SealedPackage, append, package_of};
use super::row::{column, named, parsed, plain, time};
use super::{Db, Result};
use crate::domain::evidence::{CustodyEvent, PackageId};
use crate::domain::lead::LeadState;
use crate::kit::clock::UnixMs;
use crate::kit::digest::Digests;

/// A package that another office sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPackage {
    /// Its name, as its office gave it.
    pub id: PackageId,
    /// Who sealed and sent it.
    pub from_office: String,
    /// Where it lies here.
    pub location: String,
    /// Digests of the whole file.
    pub seal: Digests,
    /// Fingerprint of the key that signed it.
    pub key_fingerprint: String,
    /// When its office sealed it, as it says.
    pub sealed_at: UnixMs,
    /// When it was taken in.
    pub imported_at: UnixMs,
    /// By whom.
    pub imported_by: String,
}

/// A copy that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// Its name (UUID version 7).
    pub id: String,
    /// Which package.
    pub package_id: PackageId,
    /// To whom.
    pub recipient: String,
    /// SHA-256 of the copy; of a masked one it is not the seal.
    pub copy_sha256: String,
    /// Whether data of bystanders was masked in it.
    pub is_masked: bool,
    /// When.
    pub handed_at: UnixMs,
    /// By whom.
    pub handed_by: String,
    /// When it was received; `None`: not acknowledged yet.
    pub received_at: Option<UnixMs>,
    /// By whom it was received, and the number of the receipt.
    pub receipt: Option<String>,
}

/// Order to keep a package whatever its term says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Which package.
    pub package_id: PackageId,
    /// When it was placed.
    pub placed_at: UnixMs,
    /// By whom.
    pub placed_by: String,
    /// Why.
    pub reason: String,
}

/// A package with what decides how long it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPackage {
    /// The package.
    pub package: SealedPackage,
    /// The state of its finding's lead, and when that last changed.
    pub lead: Option<(LeadState, UnixMs)>,
    /// Whether a hold stands.
    pub is_held: bool,
}

impl Db {
    /// Records a package of another office.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when one of this name is there.
    pub async fn add_imported(&self, package: &ImportedPackage, audit: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        let added = sqlx::query(
            "insert into imported_package (id, from_office, location, seal_sha256, seal_sm3, key_fingerprint, \
             sealed_at, imported_at, imported_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             on conflict (id) do nothing",
        )
        .bind(package.id.as_str())
        .bind(plain(&package.from_office))
        .bind(plain(&package.location))
        .bind(package.seal.sha256.as_str())
        .bind(package.seal.sm3.as_str())
        .bind(package.key_fingerprint.as_str())
        .bind(package.sealed_at.0)
        .bind(package.imported_at.0)
        .bind(plain(&package.imported_by))
        .execute(tx.conn())
        .await
        .doing("record an imported package")?
        .rows_affected();
        if added == 0 {
            return Err(StoreError::Exists { kind: "evidence package", id: package.id.to_string() });
        }
        audit::append(tx.conn(), audit).await?;
        tx.commit("record an imported package").await
    }

    /// Packages of other offices, the newest first.
    pub async fn imported_packages(&self) -> Result<Vec<ImportedPackage>> {
        let rows = sqlx::query(
            "select id, from_office, location, seal_sha256, seal_sm3, key_fingerprint, sealed_at, imported_at, \
             imported_by from imported_package order by imported_at desc, id",
        )
        .fetch_all(self.pool())
        .await
        .doing("list imported packages")?;
        rows.iter().map(imported_of).collect()
    }

    /// Records that a copy was handed over, in the ledger and in the custody of the package.
    pub async fn add_handover(&self, handover: &Handover, event: &CustodyEvent) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "insert into handover (id, package_id, recipient, copy_sha256, is_masked, handed_at, handed_by) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(handover.id.as_str())
        .bind(handover.package_id.as_str())
        .bind(plain(&handover.recipient))
        .bind(handover.copy_sha256.as_str())
        .bind(i64::from(handover.is_masked))
        .bind(handover.handed_at.0)
        .bind(plain(&handover.handed_by))
        .execute(tx.conn())
        .await
        .doing("record a hand-over")?;
        append(tx.conn(), event).await?;
        tx.commit("record a hand-over").await
    }

    /// Records the receipt of a hand-over; `false` when it was acknowledged already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such hand-over.
    pub async fn acknowledge(
        &self,
        id: &str,
        received_at: UnixMs,
        receipt: &str,
        event: impl FnOnce(&Handover) -> CustodyEvent + Send,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let updated = sqlx::query(
            "update handover set received_at = $1, receipt = $2 where id = $3 and received_at is null \
             returning id, package_id, recipient, copy_sha256, is_masked, handed_at, handed_by, received_at, receipt",
        )
        .bind(received_at.0)
        .bind(plain(receipt))
        .bind(id)
        .fetch_optional(tx.conn())
        .await
        .doing("record a receipt")?;
        match updated {
            Some(row) => {
                append(tx.conn(), &event(&handover_of(&row)?)).await?;
                tx.commit("record a receipt").await?;
                Ok(true)
            }
            None => {
                let known = sqlx::query("select 1 from handover where id = $1")
                    .bind(id)
                    .fetch_optional(tx.conn())
                    .await
                    .doing("look for a hand-over")?;
                match known {
                    Some(_) => Ok(false),
                    None => Err(StoreError::NotFound { kind: "hand-over", id: id.to_owned() }),
                }
            }
        }
    }

    /// Hand-overs of a package, or of all that were not acknowledged; the oldest first.
    pub async fn handovers(&self, package: Option<&PackageId>) -> Result<Vec<Handover>> {
        let rows = sqlx::query(
            "select id, package_id, recipient, copy_sha256, is_masked, handed_at, handed_by, received_at, receipt \
             from handover where package_id = $1 or ($2 = '' and received_at is null) order by handed_at, id",
        )
        .bind(package.map_or("", PackageId::as_str))
        .bind(package.map_or("", PackageId::as_str))
        .fetch_all(self.pool())
        .await
        .doing("list hand-overs")?;
        rows.iter().map(handover_of).collect()
    }

    /// Places a hold on a package.
    pub async fn place_hold(&self, hold: &Hold, event: &CustodyEvent) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "insert into evidence_hold (package_id, placed_at, placed_by, reason) values ($1, $2, $3, $4) \
             on conflict (package_id, placed_at) do nothing",
        )
        .bind(hold.package_id.as_str())
        .bind(hold.placed_at.0)
        .bind(plain(&hold.placed_by))
        .bind(plain(&hold.reason))
        .execute(tx.conn())
        .await
        .doing("place a hold")?;
        append(tx.conn(), event).await?;
        tx.commit("place a hold").await
    }

    /// Releases every hold of a package; gives how many stood.
    pub async fn release_holds(
        &self,
        id: &PackageId,
        now: UnixMs,
        by: &str,
        event: &CustodyEvent,
    ) -> Result<u64> {
        let mut tx = self.begin().await?;
        let released = sqlx::query(
            "update evidence_hold set released_at = $1, released_by = $2 where package_id = $3 and released_at is null",
        )
        .bind(now.0)
        .bind(plain(by))
        .bind(id.as_str())
        .execute(tx.conn())
        .await
        .doing("release a hold")?
        .rows_affected();
        if released > 0 {
            append(tx.conn(), event).await?;
        }
        tx.commit("release a hold").await?;
        Ok(released)
    }

    /// The holds that stand on a package.
    pub async fn holds(&self, id: &PackageId) -> Result<Vec<Hold>> {
        let rows = sqlx::query(
            "select package_id, placed_at, placed_by, reason from evidence_hold \
             where package_id = $1 and released_at is null order by placed_at",
        )
        .bind(id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list holds")?;
        rows.iter()
            .map(|row| {
                Ok(Hold {
                    package_id: parsed("evidence_hold", &column::<String>(row, 0)?, PackageId::parse)?,
                    placed_at: time(row, 1)?,
                    placed_by: column(row, 2)?,
                    reason: column(row, 3)?,
                })
            })
            .collect()
    }

    /// Every package that was not disposed of, with what decides how long it is kept; the oldest first.
    pub async fn kept_packages(&self) -> Result<Vec<KeptPackage>> {
        let rows = sqlx::query(
            "select p.id, p.finding_id, p.location, p.manifest_sha256, p.manifest_sm3, p.sealed_at, p.sealed_by, \
             l.state, l.updated_at, (select count(*) from evidence_hold h where h.package_id = p.id \
             and h.released_at is null) from evidence_package p left join lead l on l.finding_id = p.finding_id \
             where not exists (select 1 from evidence_disposal d where d.package_id = p.id) \
             order by p.sealed_at, p.id",
        )
        .fetch_all(self.pool())
        .await
        .doing("list kept packages")?;
        rows.iter()
            .map(|row| {
                let state: Option<String> = column(row, 7)?;
                let state = state.map(|state| named("lead", &state, LeadState::parse)).transpose()?;
                let updated: Option<i64> = column(row, 8)?;
                Ok(KeptPackage {
                    package: package_of(row)?,
                    lead: state.zip(updated.map(UnixMs)),
                    is_held: column::<i64>(row, 9)? > 0,
                })
            })
            .collect()
    }

    /// Records that the file of a package is disposed of, by which rule. Call it before the file goes.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when it was disposed of already, or a hold was placed meanwhile.
    pub async fn dispose_package(&self, event: &CustodyEvent, rule: &str, audit: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        let id = event.package_id.as_str();
        let added = sqlx::query(
            "insert into evidence_disposal (package_id, disposed_at, disposed_by, rule) \
             select id, $1, $2, $3 from evidence_package where id = $4 and not exists (\
             select 1 from evidence_hold h where h.package_id = $5 and h.released_at is null) \
             on conflict (package_id) do nothing",
        )
        .bind(event.at.0)
        .bind(plain(&event.actor))
        .bind(rule)
        .bind(id)
        .bind(id)
        .execute(tx.conn())
        .await
        .doing("record a disposal")?
        .rows_affected();
        if added == 0 {
            return Err(StoreError::Exists { kind: "disposal or hold of package", id: id.to_owned() });
        }
        append(tx.conn(), event).await?;
        audit::append(tx.conn(), audit).await?;
        tx.commit("record a disposal").await
    }
}

fn imported_of(row: &AnyRow) -> Result<ImportedPackage> {
    Ok(ImportedPackage {
        id: parsed("imported_package", &column::<String>(row, 0)?, PackageId::parse)?,
        from_office: column(row, 1)?,
        location: column(row, 2)?,
        seal: Digests { sha256: column(row, 3)?, sm3: column(row, 4)? },
        key_fingerprint: column(row, 5)?,
        sealed_at: time(row, 6)?,
        imported_at: time(row, 7)?,
        imported_by: column(row, 8)?,
    })
}

fn handover_of(row: &AnyRow) -> Result<Handover> {
    Ok(Handover {
        id: column(row, 0)?,
        package_id: parsed("handover", &column::<String>(row, 1)?, PackageId::parse)?,
        recipient: column(row, 2)?,
        copy_sha256: column(row, 3)?,
        is_masked: column::<i64>(row, 4)? != 0,
        handed_at: time(row, 5)?,
        handed_by: column(row, 6)?,
        received_at: column::<Option<i64>>(row, 7)?.map(UnixMs),
        receipt: column(row, 8)?,
    })
}
