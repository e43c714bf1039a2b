//! 账号 and sessions, and the wrong passwords that the limiter counts.

use sqlx::any::AnyRow;

use super::audit::{self, AuditNote};
use super::error::{Doing as _, StoreError};
use super::pool::Tx;
use super::row::{column, count, named, parsed, plain, time};
use super::{Db, Result};
use crate::domain::office::OfficeId;
use crate::domain::user::{Account, Role, SessionId, UserId};
use crate::kit::clock::UnixMs;

/// An account with what only a login needs.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// argon2id with parameters and salt.
    pub password_hash: String,
    /// Secret of the second factor, base32.
    pub totp_secret: Option<String>,
    /// Time step of the last accepted code.
    pub totp_last_step: i64,
}

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its name.
    pub id: SessionId,
    /// SHA-256 of the token in the cookie.
    pub token_sha256: String,
    /// Must come back with every form.
    pub csrf: String,
    /// When it began.
    pub opened_at: UnixMs,
    /// When it was last used, to the minute.
    pub seen_at: UnixMs,
    /// When it ends however much it is used.
    pub ends_at: UnixMs,
    /// From where.
    pub address: String,
    /// With which browser.
    pub agent: String,
}

/// One thing that changes about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Another role.
    Role(Role),
    /// Another password; all sessions but `keep` end.
    Password {
        /// argon2id with parameters and salt.
        hash: String,
        /// Whether it must be changed at the next login.
        must_change: bool,
        /// The session that changes it.
        keep: Option<SessionId>,
    },
    /// A second factor, or none any more.
    Totp(Option<String>),
    /// Nobody can log in with it from now on; all its sessions end. Or again.
    Disabled(bool),
}

/// Wrong passwords of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// For this account.
    pub n_account: u64,
    /// From this address.
    pub n_address: u64,
    /// Altogether.
    pub n_all: u64,
}

pub(super) const ACCOUNT: &str = "u.id, u.name, u.role, u.must_change, case when u.totp_secret is null then 0 else 1 end, \
                       u.created_at, u.disabled_at, u.office";
/// Columns of [`ACCOUNT`].
pub(super) const N_ACCOUNT: usize = 8;
const SESSION: &str = "s.id, s.token_sha256, s.csrf, s.opened_at, s.seen_at, s.ends_at, s.address, s.agent";

impl Db {
    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the name is taken.
    pub async fn add_account(&self, new: &Credentials, name_key: &str, note: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        let account = &new.account;
        let added = sqlx::query(
            "insert into user_account (id, name, name_key, role, password_hash, must_change, totp_last_step, \
             created_at, password_at) values ($1, $2, $3, $4, $5, $6, 0, $7, $7) on conflict (name_key) do nothing",
        )
        .bind(account.id.as_str())
        .bind(account.name.as_str())
        .bind(name_key)
        .bind(account.role.as_str())
        .bind(new.password_hash.as_str())
        .bind(i64::from(account.must_change))
        .bind(account.created_at.0)
        .execute(tx.conn())
        .await
        .doing("add an account")?;
        if added.rows_affected() == 0 {
            return Err(StoreError::Exists { kind: "account", id: account.name.clone() });
        }
        audit::append(tx.conn(), note).await?;
        tx.commit("add an account").await
    }

    /// Every account, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "select {ACCOUNT} from user_account u order by u.name_key"
        )))
        .fetch_all(self.pool())
        .await
        .doing("list accounts")?;
        rows.iter().map(account_of).collect()
    }

    /// The account of this folded name, with what a login needs.
    pub async fn credentials(&self, name_key: &str) -> Result<Option<Credentials>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "select {ACCOUNT}, u.password_hash, u.totp_secret, u.totp_last_step from user_account u \
             where u.name_key = $1"
        )))
        .bind(name_key)
        .fetch_optional(self.pool())
        .await
        .doing("look up an account")?;
        row.map(|row| {
            Ok(Credentials {
                account: account_of(&row)?,
                password_hash: column(&row, N_ACCOUNT)?,
                totp_secret: column(&row, N_ACCOUNT + 1)?,
                totp_last_step: column(&row, N_ACCOUNT + 2)?,
            })
        })
        .transpose()
    }

    /// Changes an account. The last administrator who can log in stays one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::LastAdministrator`].
    pub async fn change_account(&self, id: &UserId, change: &AccountChange, note: &AuditNote) -> Result<()> {
        let mut tx = self.begin().await?;
        let demotes = match change {
            AccountChange::Role(role) => *role != Role::Administrator,
            AccountChange::Disabled(disabled) => *disabled,
            AccountChange::Password { .. } | AccountChange::Totp(_) => false,
        };
        if demotes {
            demand_another_administrator(&mut tx, id).await?;
        }
        let statement = match change {
            AccountChange::Role(_) => "update user_account set role = $2 where id = $1",
            AccountChange::Password { .. } => {
                "update user_account set password_hash = $2, must_change = $3, password_at = $4 where id = $1"
            }
            AccountChange::Totp(_) => {
                "update user_account set totp_secret = $2, totp_last_step = 0 where id = $1"
            }
            AccountChange::Disabled(_) => "update user_account set disabled_at = $2 where id = $1",
        };
        let query = sqlx::query(statement).bind(id.as_str());
        let query = match change {
            AccountChange::Role(role) => query.bind(role.as_str()),
            AccountChange::Password { hash, must_change, .. } => {
                query.bind(hash.as_str()).bind(i64::from(*must_change)).bind(note.at.0)
            }
            AccountChange::Totp(secret) => query.bind(secret.clone()),
            AccountChange::Disabled(disabled) => query.bind(disabled.then_some(note.at.0)),
        };
        let changed = query.execute(tx.conn()).await.doing("change an account")?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: "account", id: id.to_string() });
        }
        let keep = match change {
            AccountChange::Password { keep, .. } => keep.as_ref().map_or("", SessionId::as_str),
            _ => "",
        };
        if matches!(change, AccountChange::Password { .. } | AccountChange::Disabled(true)) {
            sqlx::query("delete from user_session where user_id = $1 and id <> $2")
                .bind(id.as_str())
                .bind(keep)
                .execute(tx.conn())
                .await
                .doing("end sessions")?;
        }
        audit::append(tx.conn(), note).await?;
        tx.commit("change an account").await
    }

    /// Takes the code of this time step; `false` when it, or a later one, was taken before.
    pub async fn take_totp_step(&self, id: &UserId, step: i64) -> Result<bool> {
        let taken =
            sqlx::query("update user_account set totp_last_step = $2 where id = $1 and totp_last_step < $2")
                .bind(id.as_str())
                .bind(step)
                .execute(self.pool())
                .await
                .doing("take a one-time code")?;
        Ok(taken.rows_affected() > 0)
    }

    /// Opens a session and removes those that ended.
    pub async fn open_session(
        &self,
        user_id: &UserId,
        session: &SessionRow,
        idle_since: UnixMs,
        note: &AuditNote,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("delete from user_session where ends_at <= $1 or seen_at <= $2")
            .bind(session.opened_at.0)
            .bind(idle_since.0)
            .execute(tx.conn())
            .await
            .doing("remove sessions that ended")?;
        sqlx::query(
            "insert into user_session (token_sha256, id, user_id, csrf, opened_at, seen_at, ends_at, address, agent) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(session.token_sha256.as_str())
        .bind(session.id.as_str())
        .bind(user_id.as_str())
        .bind(session.csrf.as_str())
        .bind(session.opened_at.0)
        .bind(session.seen_at.0)
        .bind(session.ends_at.0)
        .bind(plain(&session.address))
        .bind(plain(&session.agent))
        .execute(tx.conn())
        .await
        .doing("open a session")?;
        audit::append(tx.conn(), note).await?;
        tx.commit("open a session").await
    }

    /// The session of a token, with its account.
    pub async fn session(&self, token_sha256: &str) -> Result<Option<(SessionRow, Account)>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "select {ACCOUNT}, {SESSION} from user_session s join user_account u on u.id = s.user_id \
             where s.token_sha256 = $1"
        )))
        .bind(token_sha256)
        .fetch_optional(self.pool())
        .await
        .doing("look up a session")?;
        row.map(|row| Ok((session_of(&row, N_ACCOUNT)?, account_of(&row)?))).transpose()
    }

    /// The sessions of an account, oldest first.
    pub async fn sessions(&self, user_id: &UserId) -> Result<Vec<SessionRow>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "select {SESSION} from user_session s where s.user_id = $1 order by s.opened_at"
        )))
        .bind(user_id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list sessions")?;
        rows.iter().map(|row| session_of(row, 0)).collect()
    }

    /// Notes that a session was used.
    pub async fn touch_session(&self, id: &SessionId, now: UnixMs) -> Result<()> {
        sqlx::query("update user_session set seen_at = $2 where id = $1 and seen_at < $2")
            .bind(id.as_str())
            .bind(now.0)
            .execute(self.pool())
            .await
            .doing("note the use of a session")?;
        Ok(())
    }

    /// Ends a session of this account; `None` ends all of them.
    pub async fn end_sessions(
        &self,
        user_id: &UserId,
        id: Option<&SessionId>,
        note: &AuditNote,
    ) -> Result<u64> {
        let mut tx = self.begin().await?;
        let ended = sqlx::query("delete from user_session where user_id = $1 and (id = $2 or $2 = '')")
            .bind(user_id.as_str())
            .bind(id.map_or("", SessionId::as_str))
            .execute(tx.conn())
            .await
            .doing("end a session")?;
        audit::append(tx.conn(), note).await?;
        tx.commit("end a session").await?;
        Ok(ended.rows_affected())
    }

    /// Notes a wrong password or code, and forgets those before `forget_before`.
    pub async fn login_failed(
        &self,
        id: &str,
        name_key: &str,
        forget_before: UnixMs,
        note: &AuditNote,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("delete from login_failure where at < $1")
            .bind(forget_before.0)
            .execute(tx.conn())
            .await
            .doing("forget old wrong passwords")?;
        sqlx::query("insert into login_failure (id, name_key, address, at) values ($1, $2, $3, $4)")
            .bind(id)
            .bind(plain(name_key))
            .bind(plain(note.actor.address().unwrap_or_default()))
            .bind(note.at.0)
            .execute(tx.conn())
            .await
            .doing("note a wrong password")?;
        audit::append(tx.conn(), note).await?;
        tx.commit("note a wrong password").await
    }

    /// Wrong passwords for this account since `account_since`, and from this address and altogether since
    /// `address_since`.
    pub async fn login_failures(
        &self,
        name_key: &str,
        address: &str,
        account_since: UnixMs,
        address_since: UnixMs,
    ) -> Result<Failures> {
        let row = sqlx::query(
            "select count(case when name_key = $1 and at > $3 then 1 end), \
             count(case when address = $2 and at > $4 then 1 end), count(case when at > $4 then 1 end) \
             from login_failure",
        )
        .bind(plain(name_key))
        .bind(plain(address))
        .bind(account_since.0)
        .bind(address_since.0)
        .fetch_one(self.pool())
        .await
        .doing("count wrong passwords")?;
        Ok(Failures { n_account: count(&row, 0)?, n_address: count(&row, 1)?, n_all: count(&row, 2)? })
    }

    /// Forgets the wrong passwords of an account, because somebody who may set its password did.
    pub async fn forgive_login_failures(&self, name_key: &str) -> Result<()> {
        sqlx::query("delete from login_failure where name_key = $1")
            .bind(name_key)
            .execute(self.pool())
            .await
            .doing("forget wrong passwords")?;
        Ok(())
    }
}

/// Without an administrator nobody could let anybody in again from the pages. Locks the rows it counts, so that two
/// administrators who close each other's accounts at once do not both succeed.
async fn demand_another_administrator(tx: &mut Tx, id: &UserId) -> Result<()> {
    let rows = sqlx::query(
        "update user_account set disabled_at = disabled_at where role = 'administrator' and disabled_at is null \
         returning id",
    )
    .fetch_all(tx.conn())
    .await
    .doing("count administrators")?;
    let ids: Vec<String> = rows.iter().map(|row| column(row, 0)).collect::<Result<_>>()?;
    if ids == [id.as_str()] { Err(StoreError::LastAdministrator) } else { Ok(()) }
}

/// An account from the columns of `ACCOUNT`, which stand first.
pub(super) fn account_of(row: &AnyRow) -> Result<Account> {
    Ok(Account {
        id: parsed("user_account", &column::<String>(row, 0)?, UserId::parse)?,
        name: column(row, 1)?,
        role: named("user_account", &column::<String>(row, 2)?, Role::parse)?,
        must_change: column::<i64>(row, 3)? != 0,
        has_totp: column::<i64>(row, 4)? != 0,
        created_at: time(row, 5)?,
        disabled_at: column::<Option<i64>>(row, 6)?.map(UnixMs),
        office: column::<Option<String>>(row, 7)?
            .map(|office| parsed("user_account", &office, OfficeId::parse))
            .transpose()?,
    })
}

/// A session from the columns of `SESSION`, which begin at `first`.
fn session_of(row: &AnyRow, first: usize) -> Result<SessionRow> {
    Ok(SessionRow {
        id: parsed("user_session", &column::<String>(row, first)?, SessionId::parse)?,
        token_sha256: column(row, first + 1)?,
        csrf: column(row, first + 2)?,
        opened_at: time(row, first + 3)?,
        seen_at: time(row, first + 4)?,
        ends_at: time(row, first + 5)?,
        address: column(row, first + 6)?,
        agent: column(row, first + 7)?,
    })
}
