//! 访问令牌, and answers that are given again.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::audit::{self, AuditNote};
use super::error::{Doing as _, StoreError};
use super::row::{column, parsed, plain, time};
use super::user::{ACCOUNT, N_ACCOUNT, account_of};
use super::{Db, Result};
use crate::domain::token::{ApiToken, Scope, TokenId};
use crate::domain::user::{Account, UserId};
use crate::kit::clock::UnixMs;

const TOKEN: &str = "t.id, t.user_id, t.name, t.scope, t.created_at, t.expires_at, t.used_at, t.revoked_at";

/// A request that named itself, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownReply {
    /// It is new and now reserved for who asked: the answer is kept with [`Db::keep_reply`].
    New,
    /// It was answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// What was kept.
        content: String,
    },
    /// Somebody is working on it.
    Busy,
    /// The name was used for something else.
    Different,
}

impl Db {
    /// Adds a token of which only the SHA-256 is kept.
    pub async fn add_token(&self, token: &ApiToken, token_sha256: &str, note: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "insert into api_token (id, token_sha256, user_id, name, scope, created_at, expires_at) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(token.id.as_str())
        .bind(token_sha256)
        .bind(token.user_id.as_str())
        .bind(plain(&token.name))
        .bind(token.scope.to_string())
        .bind(token.created_at.0)
        .bind(token.expires_at.0)
        .execute(tx.conn())
        .await
        .doing("add a token")?;
        audit::append(tx.conn(), note).await?;
        tx.commit("add a token").await
    }

    /// The token with this SHA-256, and whose it is.
    pub async fn token(&self, token_sha256: &str) -> Result<Option<(ApiToken, Account)>> {
        let sql = format!(
            "select {ACCOUNT}, {TOKEN} from api_token t join user_account u on u.id = t.user_id \
             where t.token_sha256 = $1"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(token_sha256)
            .fetch_optional(self.pool())
            .await
            .doing("look up a token")?;
        row.map(|row| Ok((token_of(&row, N_ACCOUNT)?, account_of(&row)?))).transpose()
    }

    /// Tokens with their owners, newest first: of one account, or of all.
    pub async fn tokens(&self, of: Option<&UserId>) -> Result<Vec<(ApiToken, Account)>> {
        let sql = format!(
            "select {ACCOUNT}, {TOKEN} from api_token t join user_account u on u.id = t.user_id \
             where $1 = '' or t.user_id = $1 order by t.created_at desc, t.id desc"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(of.map_or("", UserId::as_str))
            .fetch_all(self.pool())
            .await
            .doing("list tokens")?;
        rows.iter().map(|row| Ok((token_of(row, N_ACCOUNT)?, account_of(row)?))).collect()
    }

    /// Takes a token back; it opens nothing from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such token or it was taken back before.
    pub async fn revoke_token(&self, id: &TokenId, now: UnixMs, note: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("update api_token set revoked_at = $2 where id = $1 and revoked_at is null")
            .bind(id.as_str())
            .bind(now.0)
            .execute(tx.conn())
            .await
            .doing("take a token back")?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: "token", id: id.to_string() });
        }
        audit::append(tx.conn(), note).await?;
        tx.commit("take a token back").await
    }

    /// Notes that a token was used.
    pub async fn touch_token(&self, id: &TokenId, now: UnixMs) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("update api_token set used_at = $2 where id = $1")
            .bind(id.as_str())
            .bind(now.0)
            .execute(tx.conn())
            .await
            .doing("note the use of a token")?;
        tx.commit("note the use of a token").await
    }

    /// Reserves a request that named itself, or says how it was answered. Names from before `forget_before` are
    /// forgotten; a reservation from before `abandoned_before` counts as given up.
    pub async fn reserve_reply(
        &self,
        (owner, key): (&str, &str),
        request_sha256: &str,
        now: UnixMs,
        forget_before: UnixMs,
        abandoned_before: UnixMs,
    ) -> Result<KnownReply> {
        let mut tx = self.begin().await?;
        sqlx::query("delete from api_reply where created_at < $1 or (status is null and created_at < $2)")
            .bind(forget_before.0)
            .bind(abandoned_before.0)
            .execute(tx.conn())
            .await
            .doing("forget old answers")?;
        let reserved = sqlx::query(
            "insert into api_reply (owner, key, request_sha256, created_at) values ($1, $2, $3, $4) \
             on conflict (owner, key) do nothing",
        )
        .bind(owner)
        .bind(plain(key))
        .bind(request_sha256)
        .bind(now.0)
        .execute(tx.conn())
        .await
        .doing("reserve an answer")?;
        if reserved.rows_affected() == 1 {
            tx.commit("reserve an answer").await?;
            return Ok(KnownReply::New);
        }
        let row = sqlx::query(
            "select request_sha256, status, content from api_reply where owner = $1 and key = $2",
        )
        .bind(owner)
        .bind(plain(key))
        .fetch_one(tx.conn())
        .await
        .doing("read an answer")?;
        tx.commit("read an answer").await?;
        if column::<String>(&row, 0)? != request_sha256 {
            return Ok(KnownReply::Different);
        }
        Ok(match (column::<Option<i64>>(&row, 1)?, column::<Option<String>>(&row, 2)?) {
            (Some(status), Some(content)) => {
                KnownReply::Answered { status: u16::try_from(status).unwrap_or_default(), content }
            }
            _ => KnownReply::Busy,
        })
    }

    /// Keeps the answer to a request that was reserved; `None` gives the reservation up.
    pub async fn keep_reply(&self, (owner, key): (&str, &str), reply: Option<(u16, &str)>) -> Result<()> {
        let mut tx = self.begin().await?;
        let query = match reply {
            Some((status, content)) => {
                sqlx::query("update api_reply set status = $3, content = $4 where owner = $1 and key = $2")
                    .bind(owner)
                    .bind(plain(key))
                    .bind(i64::from(status))
                    .bind(content)
            }
            None => sqlx::query("delete from api_reply where owner = $1 and key = $2 and status is null")
                .bind(owner)
                .bind(plain(key)),
        };
        query.execute(tx.conn()).await.doing("keep an answer")?;
        tx.commit("keep an answer").await
    }
}

/// A token from the columns of `TOKEN`, which begin at `first`.
fn token_of(row: &AnyRow, first: usize) -> Result<ApiToken> {
    Ok(ApiToken {
        id: parsed("api_token", &column::<String>(row, first)?, TokenId::parse)?,
        user_id: parsed("api_token", &column::<String>(row, first + 1)?, UserId::parse)?,
        name: column(row, first + 2)?,
        scope: parsed("api_token", &column::<String>(row, first + 3)?, Scope::parse)?,
        created_at: time(row, first + 4)?,
        expires_at: time(row, first + 5)?,
        used_at: column::<Option<i64>>(row, first + 6)?.map(UnixMs),
        revoked_at: column::<Option<i64>>(row, first + 7)?.map(UnixMs),
    })
}
