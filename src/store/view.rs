//! Views of the queue that people saved under a name.

use super::error::{Doing as _, StoreError};
use super::row::{column, plain};
use super::{Db, Result};
use crate::domain::user::UserId;
use crate::kit::clock::UnixMs;

/// A queue with its filters, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Its identifier.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// As in the address of the queue.
    pub query: String,
}

impl Db {
    /// Saves a view; one of the same name is replaced.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the owner has `most` others.
    pub async fn save_view(&self, owner: &UserId, view: &SavedView, most: i64, now: UnixMs) -> Result<()> {
        let saved = sqlx::query(
            "insert into saved_view (id, owner, name, query, created_at) \
             select $1, $2, $3, $4, $5 from user_account u where u.id = $2 and \
             (select count(*) from saved_view v where v.owner = $2 and v.name <> $3) < $6 \
             on conflict (owner, name) do update set query = excluded.query",
        )
        .bind(view.id.as_str())
        .bind(owner.as_str())
        .bind(plain(&view.name))
        .bind(plain(&view.query))
        .bind(now.0)
        .bind(most)
        .execute(self.pool())
        .await
        .doing("save a view")?;
        if saved.rows_affected() == 0 {
            return Err(StoreError::Exists { kind: "full list of views", id: view.name.clone() });
        }
        Ok(())
    }

    /// The views of a person, in the order in which they were saved.
    pub async fn saved_views(&self, owner: &UserId) -> Result<Vec<SavedView>> {
        let rows =
            sqlx::query("select id, name, query from saved_view where owner = $1 order by created_at, id")
                .bind(owner.as_str())
                .fetch_all(self.pool())
                .await
                .doing("list views")?;
        rows.iter()
            .map(|row| Ok(SavedView { id: column(row, 0)?, name: column(row, 1)?, query: column(row, 2)? }))
            .collect()
    }

    /// Removes a view of a person.
    pub async fn remove_view(&self, owner: &UserId, id: &str) -> Result<()> {
        sqlx::query("delete from saved_view where owner = $1 and id = $2")
            .bind(owner.as_str())
            .bind(plain(id))
            .execute(self.pool())
            .await
            .doing("remove a view")
            .map(drop)
    }
}
