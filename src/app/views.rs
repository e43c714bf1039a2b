//! Use cases of saved views: a queue with its filters, under a name.

use super::Registry;
use super::error::{Error, Result};
use super::users::Session;

pub use crate::store::view::SavedView;

/// Views that a person keeps at most.
const MAX_VIEWS: i64 = 20;

impl Registry {
    /// Saves the queue of an address under a name; one of the same name is replaced.
    ///
    /// # Errors
    /// `Invalid` when the name is empty or too long; `Conflict` when the person has 20 others.
    pub async fn save_view(&self, session: &Session, name: &str, query: &str) -> Result<()> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 30 {
            return Err(Error::invalid("name", "视图名称 1–30 字 (a name of 1 to 30 characters)"));
        }
        if query.len() > 2_000 {
            return Err(Error::invalid("query", "筛选条件过长 (the filters are too long)"));
        }
        let id = uuid::Uuid::now_v7().simple().to_string();
        let view = SavedView { id, name: name.to_owned(), query: query.to_owned() };
        match self.store.save_view(&session.account.id, &view, MAX_VIEWS, self.clock.now()).await {
            Err(crate::store::StoreError::Exists { .. }) => {
                let why = "至多保存 20 个视图，请先删除一个 (at most 20 views; remove one first)";
                Err(Error::Conflict(why.to_owned()))
            }
            other => Ok(other?),
        }
    }

    /// The views of a person.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn saved_views(&self, session: &Session) -> Result<Vec<SavedView>> {
        Ok(self.store.saved_views(&session.account.id).await?)
    }

    /// Removes a view of a person.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn remove_view(&self, session: &Session, id: &str) -> Result<()> {
        Ok(self.store.remove_view(&session.account.id, id).await?)
    }
}
