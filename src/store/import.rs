//! Files that people bring, and who reported what is in them.

use super::batch::{MAX_ROWS, placeholders, tuples};
use super::error::Doing as _;
use super::row::{column, count, json, parse_json, parsed, plain, time};
use super::{Db, Result};
use crate::domain::ad::AdId;
use crate::domain::blob::BlobRef;
use crate::domain::capture::CaptureId;
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;
use crate::kit::digest::Digests;

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFile {
    /// For which source.
    pub source_id: SourceId,
    /// Digests and size of the whole file.
    pub file: BlobRef,
    /// Its name, without its folder.
    pub name: String,
    /// Its format, by the name of the reader.
    pub format: String,
    /// Whether the vault holds the file itself, not only its records.
    pub is_kept: bool,
    /// When it was first imported.
    pub imported_at: UnixMs,
}

/// Who reported, as the file told it: heading and value of each column. No `Debug`: it must not reach a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Reporter {
    /// The capture of what was reported.
    pub capture_id: CaptureId,
    /// Heading and value of each column.
    pub identity: Vec<(String, String)>,
}

impl Db {
    /// Records that a file is imported; the first time counts. Kept bytes must be in the vault already.
    pub async fn record_import(&self, import: &ImportedFile) -> Result<()> {
        let mut tx = self.begin().await?;
        let digests = &import.file.digests;
        let size_bytes = i64::try_from(import.file.size_bytes).unwrap_or(i64::MAX);
        if import.is_kept {
            sqlx::query(
                "insert into blob (sha256, sm3, size_bytes) values ($1, $2, $3) on conflict (sha256) do nothing",
            )
            .bind(digests.sha256.as_str())
            .bind(digests.sm3.as_str())
            .bind(size_bytes)
            .execute(tx.conn())
            .await
            .doing("record an imported file")?;
        }
        sqlx::query(
            "insert into imported_file (source_id, sha256, sm3, size_bytes, name, format, is_kept, imported_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (source_id, sha256) do nothing",
        )
        .bind(import.source_id.as_str())
        .bind(digests.sha256.as_str())
        .bind(digests.sm3.as_str())
        .bind(size_bytes)
        .bind(plain(&import.name))
        .bind(import.format.as_str())
        .bind(i64::from(import.is_kept))
        .bind(import.imported_at.0)
        .execute(tx.conn())
        .await
        .doing("record an imported file")?;
        tx.commit("record an imported file").await
    }

    /// The files imported for a source, oldest first.
    pub async fn imported_files(&self, source_id: &SourceId) -> Result<Vec<ImportedFile>> {
        let rows = sqlx::query(
            "select sha256, sm3, size_bytes, name, format, is_kept, imported_at from imported_file \
             where source_id = $1 order by imported_at, sha256",
        )
        .bind(source_id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list imported files")?;
        rows.iter()
            .map(|row| {
                Ok(ImportedFile {
                    source_id: source_id.clone(),
                    file: BlobRef {
                        digests: Digests { sha256: column(row, 0)?, sm3: column(row, 1)? },
                        size_bytes: count(row, 2)?,
                    },
                    name: column(row, 3)?,
                    format: column(row, 4)?,
                    is_kept: column::<i64>(row, 5)? == 1,
                    imported_at: time(row, 6)?,
                })
            })
            .collect()
    }

    /// Records who reported; the captures must be recorded already. Recording the same again changes nothing.
    pub async fn record_reporters(&self, reporters: &[Reporter]) -> Result<()> {
        if reporters.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for chunk in reporters.chunks(MAX_ROWS) {
            let sql = format!(
                "insert into reporter (capture_id, identity) values {} on conflict (capture_id) do nothing",
                tuples(chunk.len(), 2)
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for reporter in chunk {
                let id = reporter.capture_id.as_str();
                query = query.bind(id).bind(json("reporter", id, &reporter.identity)?);
            }
            query.execute(tx.conn()).await.doing("record who reported")?;
        }
        tx.commit("record who reported").await
    }

    /// Who reported an ad, in the order of the captures. Only for people who may know.
    pub async fn reporters_of(&self, ads: &[AdId]) -> Result<Vec<Reporter>> {
        let mut reporters = Vec::new();
        for chunk in ads.chunks(MAX_ROWS) {
            let sql = format!(
                "select r.capture_id, r.identity from reporter r where exists (select 1 from sighting s \
                 where s.capture_id = r.capture_id and s.ad_id in ({})) order by r.capture_id",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for id in chunk {
                query = query.bind(id.as_str());
            }
            for row in query.fetch_all(self.pool()).await.doing("read who reported")? {
                let id: String = column(&row, 0)?;
                reporters.push(Reporter {
                    identity: parse_json("reporter", &id, &column::<String>(&row, 1)?)?,
                    capture_id: parsed("reporter", &id, CaptureId::parse)?,
                });
            }
        }
        Ok(reporters)
    }
}
