//! How many findings stand where. Counting a million rows for every page would be slow, and one row that everybody
//! changes would make everybody wait; so changes are appended, and a reader that meets many adds them up.

use std::collections::BTreeMap;

use super::batch::{MAX_ROWS, tuples};
use super::error::Doing as _;
use super::pool::Tx;
use super::row::column;
use super::{Db, Result};
use crate::domain::finding::FindingState;
use crate::domain::hit::Severity;
use crate::domain::office::{OfficeId, Scope};

/// Rows that a reader tolerates before it adds them up.
const MAX_CHANGES: usize = 400;

/// A change of the tally: so many more findings stand there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing {
    pub stage: String,
    /// Empty for none.
    pub office: String,
    pub severity: i64,
}

/// Appends changes; those that cancel each other are left out.
pub(super) async fn append(tx: &mut Tx, changes: impl IntoIterator<Item = (Standing, i64)>) -> Result<()> {
    let mut sums: BTreeMap<Standing, i64> = BTreeMap::new();
    for (standing, n) in changes {
        *sums.entry(standing).or_default() += n;
    }
    let sums: Vec<(Standing, i64)> = sums.into_iter().filter(|(_, n)| *n != 0).collect();
    for chunk in sums.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into finding_tally (id, stage, office, severity, n) values {}",
            tuples(chunk.len(), 5)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for (standing, n) in chunk {
            query = query
                .bind(uuid::Uuid::now_v7().simple().to_string())
                .bind(standing.stage.clone())
                .bind(standing.office.clone())
                .bind(standing.severity)
                .bind(*n);
        }
        query.execute(tx.conn()).await.doing("count findings")?;
    }
    Ok(())
}

impl Db {
    /// How many findings of these offices and at least this severity are in each state.
    pub(super) async fn tally(
        &self,
        scope: &Scope,
        min_severity: Option<Severity>,
    ) -> Result<BTreeMap<FindingState, u64>> {
        let rows = sqlx::query("select stage, office, severity, n from finding_tally")
            .fetch_all(self.pool())
            .await
            .doing("read the counts")?;
        if rows.len() > MAX_CHANGES {
            self.add_up().await?;
        }
        let mut sums: BTreeMap<FindingState, i64> = BTreeMap::new();
        for row in &rows {
            let office = OfficeId::parse(&column::<String>(row, 1)?).ok();
            let severity: i64 = column(row, 2)?;
            let wanted = min_severity.is_none_or(|least| severity >= i64::from(least.level()));
            if let Some(state) = FindingState::parse(&column::<String>(row, 0)?)
                && wanted
                && scope.holds(office.as_ref())
            {
                *sums.entry(state).or_default() += column::<i64>(row, 3)?;
            }
        }
        Ok(sums.into_iter().map(|(state, n)| (state, u64::try_from(n).unwrap_or_default())).collect())
    }

    /// Replaces the changes by their sums. Two that do this at once take different rows.
    async fn add_up(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query("delete from finding_tally returning stage, office, severity, n")
            .fetch_all(tx.conn())
            .await
            .doing("add up the counts")?;
        let mut changes = Vec::new();
        for row in &rows {
            let standing =
                Standing { stage: column(row, 0)?, office: column(row, 1)?, severity: column(row, 2)? };
            changes.push((standing, column(row, 3)?));
        }
        append(&mut tx, changes).await?;
        tx.commit("add up the counts").await
    }
}
