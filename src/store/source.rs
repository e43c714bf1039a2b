//! 监测源: the places that are looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::error::{Doing as _, StoreError};
use super::row::{bad_row, column, json, named, parse_json, parsed, plain, time};
use super::{Db, Result};
use crate::domain::schedule::Schedule;
use crate::domain::source::{Source, SourceId, SourceKind};
use crate::kit::clock::UnixMs;

const COLUMNS: &str = "id, kind, title, url, settings, schedule, allowed_origins, enabled, created_at";

impl Db {
    /// Adds a source. A source that was removed may be added again under its old name.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when a source of this name is there.
    pub async fn add_source(&self, source: &Source) -> Result<()> {
        let id = source.id.as_str();
        let schedule = source.schedule.as_ref().map(ScheduleRow::from);
        let mut tx = self.begin().await?;
        let added = sqlx::query(
            "insert into source (id, kind, title, url, settings, schedule, allowed_origins, enabled, created_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             on conflict (id) do update set kind = excluded.kind, title = excluded.title, url = excluded.url, \
             settings = excluded.settings, schedule = excluded.schedule, \
             allowed_origins = excluded.allowed_origins, enabled = excluded.enabled, \
             created_at = excluded.created_at, removed_at = null \
             where source.removed_at is not null",
        )
        .bind(id)
        .bind(source.kind.as_str())
        .bind(plain(&source.title))
        .bind(plain(&source.url))
        .bind(json("source", id, &source.settings)?)
        .bind(schedule.map(|row| json("source", id, &row)).transpose()?)
        .bind(json("source", id, &source.allowed_origins)?)
        .bind(i64::from(source.enabled))
        .bind(source.created_at.0)
        .execute(tx.conn())
        .await
        .doing("add a source")?
        .rows_affected();
        if added == 0 {
            return Err(StoreError::Exists { kind: "source", id: id.to_owned() });
        }
        tx.commit("add a source").await
    }

    /// Every source that was not removed, by name.
    pub async fn list_sources(&self) -> Result<Vec<Source>> {
        let sql = format!("select {COLUMNS} from source where removed_at is null");
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(self.pool()).await.doing("list sources")?;
        let mut sources = rows.iter().map(source_of).collect::<Result<Vec<_>>>()?;
        // Here rather than in SQL, where the order of text depends on the server's locale.
        sources.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(sources)
    }

    /// The source of this name, unless it was removed.
    pub async fn source(&self, id: &SourceId) -> Result<Option<Source>> {
        let sql = format!("select {COLUMNS} from source where id = $1 and removed_at is null");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await
            .doing("read a source")?;
        row.as_ref().map(source_of).transpose()
    }

    /// Removes a source from every list. What was captured there stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no source of this name.
    pub async fn remove_source(&self, id: &SourceId, now: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        let removed = sqlx::query("update source set removed_at = $1 where id = $2 and removed_at is null")
            .bind(now.0)
            .bind(id.as_str())
            .execute(tx.conn())
            .await
            .doing("remove a source")?
            .rows_affected();
        if removed == 0 {
            return Err(StoreError::NotFound { kind: "source", id: id.to_string() });
        }
        tx.commit("remove a source").await
    }
}

/// Stored form of a schedule, parsed again when it is read.
#[derive(Serialize, Deserialize)]
struct ScheduleRow {
    cron: String,
    time_zone: String,
}

impl From<&Schedule> for ScheduleRow {
    fn from(schedule: &Schedule) -> Self {
        Self { cron: schedule.cron().to_owned(), time_zone: schedule.time_zone().to_owned() }
    }
}

fn source_of(row: &AnyRow) -> Result<Source> {
    let id: String = column(row, 0)?;
    let schedule = column::<Option<String>>(row, 5)?
        .map(|text| {
            let row: ScheduleRow = parse_json("source", &id, &text)?;
            Schedule::parse(&row.cron, &row.time_zone).map_err(|error| bad_row("source", &id, error))
        })
        .transpose()?;
    Ok(Source {
        kind: named("source", &column::<String>(row, 1)?, SourceKind::parse)?,
        title: column(row, 2)?,
        url: column(row, 3)?,
        settings: parse_json::<BTreeMap<String, String>>("source", &id, &column::<String>(row, 4)?)?,
        schedule,
        allowed_origins: parse_json("source", &id, &column::<String>(row, 6)?)?,
        enabled: column::<i64>(row, 7)? == 1,
        created_at: time(row, 8)?,
        id: parsed("source", &id, SourceId::parse)?,
    })
}
