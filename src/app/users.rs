//! Use cases of accounts: make one, log in, change a password, end a session. Who may do what is decided here, by
//! the one table in `domain/user.rs`.

mod password;

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use super::error::{Error, Result};
use super::{App, new_id};
use crate::domain::user::{Account, Actor, Permission, Role, SessionId, UserId, person_name};
use crate::kit::clock::Clock;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;
use crate::kit::totp;
use crate::store::Db;
use crate::store::audit::AuditNote;
use crate::store::user::{AccountChange, Credentials, SessionRow};

/// A session that is not used for so long ends.
pub const IDLE_MS: i64 = 2 * 3_600_000;
/// A session ends after so long however much it is used.
pub const LIFETIME_MS: i64 = 12 * 3_600_000;
/// The use of a session is noted at most so often.
const TOUCH_MS: i64 = 60_000;
/// So many wrong passwords for one account within the window close it to everyone …
const MAX_FAILURES_PER_ACCOUNT: u64 = 10;
const ACCOUNT_WINDOW_MS: i64 = 15 * 60_000;
/// … so many from one address close the door for that address, and so many from all together for everyone.
const MAX_FAILURES_PER_ADDRESS: u64 = 5;
const MAX_FAILURES: u64 = 50;
const ADDRESS_WINDOW_MS: i64 = 60_000;
/// Each takes 19 MiB while it runs.
const MAX_HASHES_AT_ONCE: usize = 2;
/// Name of the account that the first start makes.
pub const FIRST_ADMINISTRATOR: &str = "admin";

/// Accounts, sessions and the audit: who may do what, and who did.
#[derive(Clone)]
pub struct Registry {
    pub(super) store: Db,
    pub(super) clock: Arc<dyn Clock>,
    hashing: Arc<Semaphore>,
}

/// What somebody who wants in gives.
#[derive(Debug, Clone, Copy, Default)]
pub struct Login<'a> {
    /// Name of the account.
    pub name: &'a str,
    /// Its password.
    pub password: &'a str,
    /// One-time code; empty when the account has no second factor.
    pub code: &'a str,
    /// From where.
    pub address: &'a str,
    /// With which browser.
    pub agent: &'a str,
}

/// How a login ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedIn {
    /// The token for the cookie; it is not kept.
    Token(String),
    /// Name, password or code is wrong, or the account is disabled; which of them is not said.
    Wrong,
    /// Too many wrong ones of late.
    TooMany,
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Names the session.
    pub id: SessionId,
    /// Who.
    pub account: Account,
    /// As whom they act.
    pub actor: Actor,
    /// Must come back with every form.
    pub csrf: String,
}

/// A session as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLine {
    /// Its name.
    pub id: SessionId,
    /// When it began.
    pub opened_at: UnixMs,
    /// When it was last used, to the minute.
    pub seen_at: UnixMs,
    /// From where.
    pub address: String,
    /// With which browser.
    pub agent: String,
}

impl Registry {
    /// The registry in this database.
    pub(crate) fn new(store: Db, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, hashing: Arc::new(Semaphore::new(MAX_HASHES_AT_ONCE)) }
    }

    /// Makes the first administrator when there is none who can log in, and gives the one-time password, which must
    /// be changed at the first login.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn first_administrator(&self) -> Result<Option<String>> {
        let is_one = |account: &Account| account.role == Role::Administrator && account.disabled_at.is_none();
        if self.store.accounts().await?.iter().any(is_one) {
            return Ok(None);
        }
        match self.add_account(&Actor::machine(), FIRST_ADMINISTRATOR, Role::Administrator).await {
            Ok(password) => Ok(Some(password)),
            // The name is taken: by another process that starts at this moment, or by an account of another role.
            Err(Error::Conflict(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// An administrator for the demo, whose password works as it is.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn demo_account(&self, name: &str) -> Result<String> {
        let actor = Actor::machine();
        let given = match self.add_account(&actor, name, Role::Administrator).await {
            Ok(password) => password,
            Err(Error::Conflict(_)) => self.reset_password(&actor, name).await?,
            Err(other) => return Err(other),
        };
        let id = self.account(name).await?.id;
        let hash = self.hash(given.clone()).await?;
        let change = AccountChange::Password { hash, must_change: false, keep: None };
        let note = self.note(&actor, "user.password", name, json!({"demo": true}));
        self.store.change_account(&id, &change, &note).await?;
        Ok(given)
    }

    /// Makes an account and gives its one-time password.
    ///
    /// # Errors
    /// `Invalid` for a name that cannot stand on record, `Conflict` when it is taken, `Forbidden`.
    pub async fn add_account(&self, actor: &Actor, name: &str, role: Role) -> Result<String> {
        require(actor, Permission::ManageUsers)?;
        let name = person_name(name).ok_or_else(|| {
            Error::invalid("name", "姓名须为 1–40 个可见字符 (a name has 1 to 40 visible characters)")
        })?;
        let password = App::new_password()?;
        let now = self.clock.now();
        let new = Credentials {
            account: Account {
                id: new_id::<UserId>(),
                name: name.clone(),
                role,
                must_change: true,
                has_totp: false,
                created_at: now,
                disabled_at: None,
                office: None,
            },
            password_hash: self.hash(password.clone()).await?,
            totp_secret: None,
            totp_last_step: 0,
        };
        let note = self.note(actor, "user.add", &name, json!({"new_role": role.as_str()}));
        self.store.add_account(&new, &key(&name), &note).await?;
        Ok(password)
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn accounts(&self, actor: &Actor) -> Result<Vec<Account>> {
        require(actor, Permission::ManageUsers)?;
        Ok(self.store.accounts().await?)
    }

    /// Gives an account another role.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `Conflict` for the last administrator.
    pub async fn set_role(&self, actor: &Actor, name: &str, role: Role) -> Result<()> {
        require(actor, Permission::ManageUsers)?;
        let account = self.account(name).await?;
        let detail = json!({"old_role": account.role.as_str(), "new_role": role.as_str()});
        let note = self.note(actor, "user.role", &account.name, detail);
        Ok(self.store.change_account(&account.id, &AccountChange::Role(role), &note).await?)
    }

    /// Closes an account, or opens it again.
    ///
    /// # Errors
    /// As [`Registry::set_role`].
    pub async fn set_disabled(&self, actor: &Actor, name: &str, disabled: bool) -> Result<()> {
        require(actor, Permission::ManageUsers)?;
        let account = self.account(name).await?;
        let action = if disabled { "user.disable" } else { "user.enable" };
        let note = self.note(actor, action, &account.name, json!({}));
        Ok(self.store.change_account(&account.id, &AccountChange::Disabled(disabled), &note).await?)
    }

    /// Gives an account a new one-time password, takes its second factor away and ends its sessions.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn reset_password(&self, actor: &Actor, name: &str) -> Result<String> {
        require(actor, Permission::ManageUsers)?;
        let account = self.account(name).await?;
        let password = App::new_password()?;
        let hash = self.hash(password.clone()).await?;
        let change = AccountChange::Password { hash, must_change: true, keep: None };
        let note = self.note(actor, "user.reset", &account.name, json!({"had_totp": account.has_totp}));
        self.store.change_account(&account.id, &change, &note).await?;
        if account.has_totp {
            let note = self.note(actor, "user.totp-off", &account.name, json!({}));
            self.store.change_account(&account.id, &AccountChange::Totp(None), &note).await?;
        }
        self.store.forgive_login_failures(&key(&account.name)).await?;
        Ok(password)
    }

    /// Lets somebody in, or not.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn log_in(&self, login: Login<'_>) -> Result<LoggedIn> {
        // Only a few at once: guessing in parallel must not outrun the count of wrong passwords, nor take all memory.
        let _turn = self.turn().await?;
        let now = self.clock.now();
        let name_key = key(login.name);
        let (account_since, address_since) =
            (now.plus_ms(-ACCOUNT_WINDOW_MS), now.plus_ms(-ADDRESS_WINDOW_MS));
        let failures =
            self.store.login_failures(&name_key, login.address, account_since, address_since).await?;
        if failures.n_account >= MAX_FAILURES_PER_ACCOUNT
            || failures.n_address >= MAX_FAILURES_PER_ADDRESS
            || failures.n_all >= MAX_FAILURES
        {
            return Ok(LoggedIn::TooMany);
        }
        let known = self.store.credentials(&name_key).await?;
        // An unknown name takes as long as a known one.
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let right = password::verify(login.password.to_owned(), hash).await?;
        let admitted = match known {
            Some(known) if right && known.account.disabled_at.is_none() => {
                self.code_fits(&known, login.code).await?.then_some(known.account)
            }
            _ => None,
        };
        let Some(account) = admitted else {
            let shown: String = login.name.trim().chars().take(60).collect();
            let note = self.note(&Actor::stranger(login.address), "login.failed", &shown, json!({}));
            let id = uuid::Uuid::now_v7().simple().to_string();
            self.store.login_failed(&id, &name_key, account_since, &note).await?;
            return Ok(LoggedIn::Wrong);
        };
        let token = random_hex()?;
        let session = SessionRow {
            id: new_id(),
            token_sha256: sha256_hex(token.as_bytes()),
            csrf: random_hex()?,
            opened_at: now,
            seen_at: now,
            ends_at: now.plus_ms(LIFETIME_MS),
            address: login.address.to_owned(),
            agent: login.agent.chars().filter(|c| !c.is_control()).take(200).collect(),
        };
        let actor = Actor::account(&account, login.address);
        let note = self.note(&actor, "login", &account.name, json!({"session": session.id.as_str()}));
        self.store.open_session(&account.id, &session, now.plus_ms(-IDLE_MS), &note).await?;
        Ok(LoggedIn::Token(token))
    }

    /// Who comes with this token from this address; `None` when its session ended.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn session(&self, token: &str, address: &str) -> Result<Option<Session>> {
        let now = self.clock.now();
        let Some((row, account)) = self.store.session(&sha256_hex(token.as_bytes())).await? else {
            return Ok(None);
        };
        if row.ends_at <= now || row.seen_at.plus_ms(IDLE_MS) <= now || account.disabled_at.is_some() {
            return Ok(None);
        }
        if row.seen_at.plus_ms(TOUCH_MS) <= now {
            self.store.touch_session(&row.id, now).await?;
        }
        let actor = Actor::account(&account, address);
        Ok(Some(Session { id: row.id, account, actor, csrf: row.csrf }))
    }

    /// Ends a session of one's own.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn end_session(&self, session: &Session, id: &SessionId) -> Result<()> {
        let action = if *id == session.id { "logout" } else { "session.end" };
        let note = self.note(&session.actor, action, &session.account.name, json!({"session": id.as_str()}));
        self.store.end_sessions(&session.account.id, Some(id), &note).await?;
        Ok(())
    }

    /// Ends every session of an account.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn end_sessions_of(&self, actor: &Actor, name: &str) -> Result<u64> {
        require(actor, Permission::ManageUsers)?;
        let account = self.account(name).await?;
        let note = self.note(actor, "session.end", &account.name, json!({"all": true}));
        Ok(self.store.end_sessions(&account.id, None, &note).await?)
    }

    /// The sessions of one's own account that are open, oldest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn own_sessions(&self, session: &Session) -> Result<Vec<SessionLine>> {
        let now = self.clock.now();
        let open = |row: &SessionRow| row.ends_at > now && row.seen_at.plus_ms(IDLE_MS) > now;
        let rows = self.store.sessions(&session.account.id).await?;
        Ok(rows.into_iter().filter(open).map(SessionLine::from).collect())
    }

    /// Changes one's own password; other sessions of the account end.
    ///
    /// # Errors
    /// `Invalid` says which field is wrong.
    pub async fn change_password(&self, session: &Session, old: &str, new: &str) -> Result<()> {
        let known = self.credentials(&session.account.name).await?;
        let _turn = self.turn().await?;
        if !password::verify(old.to_owned(), Some(known.password_hash)).await? {
            return Err(Error::invalid("old", "现在的口令不对 (the present password is wrong)"));
        }
        password::check(new, old, &session.account.name)?;
        let hash = password::hash(new.to_owned()).await?;
        let change = AccountChange::Password { hash, must_change: false, keep: Some(session.id.clone()) };
        let note = self.note(&session.actor, "user.password", &session.account.name, json!({}));
        Ok(self.store.change_account(&session.account.id, &change, &note).await?)
    }

    /// A new secret for a second factor, base32; it counts once [`Registry::set_totp`] saw a code of it.
    ///
    /// # Errors
    /// `Internal`.
    pub fn new_totp_secret() -> Result<String> {
        Ok(totp::base32(&random_bytes::<20>()?))
    }

    /// Turns one's own second factor on; `code` shows that the authenticator has the secret.
    ///
    /// # Errors
    /// `Invalid` when the code is not of this secret.
    pub async fn set_totp(&self, session: &Session, secret: &str, code: &str) -> Result<()> {
        let bytes = totp::from_base32(secret).filter(|bytes| bytes.len() == 20);
        let fits = bytes.is_some_and(|bytes| totp::step_of(&bytes, code, self.clock.now()).is_some());
        if !fits {
            return Err(Error::invalid(
                "code",
                "验证码不对，请核对手机时间 (the code does not fit; check the clock of the phone)",
            ));
        }
        let note = self.note(&session.actor, "user.totp-on", &session.account.name, json!({}));
        let change = AccountChange::Totp(Some(secret.to_owned()));
        Ok(self.store.change_account(&session.account.id, &change, &note).await?)
    }

    /// Turns one's own second factor off.
    ///
    /// # Errors
    /// `Invalid` when the password is wrong.
    pub async fn unset_totp(&self, session: &Session, password: &str) -> Result<()> {
        let known = self.credentials(&session.account.name).await?;
        let _turn = self.turn().await?;
        if !password::verify(password.to_owned(), Some(known.password_hash)).await? {
            return Err(Error::invalid("password", "口令不对 (the password is wrong)"));
        }
        let note = self.note(&session.actor, "user.totp-off", &session.account.name, json!({}));
        Ok(self.store.change_account(&session.account.id, &AccountChange::Totp(None), &note).await?)
    }

    /// A registry that is gone with the process, for tests.
    #[cfg(test)]
    pub(crate) async fn in_memory(clock: Arc<dyn Clock>) -> Self {
        Self::new(Db::open("sqlite::memory:").await.unwrap(), clock)
    }

    /// An account with a password that need not be changed, for tests.
    #[cfg(test)]
    pub(crate) async fn with_password(&self, name: &str, role: Role, password: &str) {
        self.add_account(&Actor::machine(), name, role).await.unwrap();
        let id = self.account(name).await.unwrap().id;
        let hash = self.hash(password.to_owned()).await.unwrap();
        let change = AccountChange::Password { hash, must_change: false, keep: None };
        let note = self.note(&Actor::machine(), "user.password", name, json!({}));
        self.store.change_account(&id, &change, &note).await.unwrap();
    }

    /// The account of this name.
    pub(super) async fn account(&self, name: &str) -> Result<Account> {
        Ok(self.credentials(name).await?.account)
    }

    async fn credentials(&self, name: &str) -> Result<Credentials> {
        let found = self.store.credentials(&key(name)).await?;
        found.ok_or_else(|| Error::NotFound { kind: "account", id: name.to_owned() })
    }

    /// Whether the second factor, if there is one, fits; a code is taken once.
    async fn code_fits(&self, known: &Credentials, code: &str) -> Result<bool> {
        let Some(secret) = &known.totp_secret else { return Ok(true) };
        let secret = totp::from_base32(secret).unwrap_or_default();
        match totp::step_of(&secret, code, self.clock.now()) {
            Some(step) => Ok(self.store.take_totp_step(&known.account.id, step).await?),
            None => Ok(false),
        }
    }

    async fn hash(&self, password: String) -> Result<String> {
        let _turn = self.turn().await?;
        password::hash(password).await
    }

    async fn turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        self.hashing.acquire().await.map_err(|error| Error::Internal(error.into()))
    }

    pub(super) fn note(
        &self,
        actor: &Actor,
        action: &str,
        name: &str,
        detail: serde_json::Value,
    ) -> AuditNote {
        AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action: action.to_owned(),
            object: format!("user {name}"),
            detail,
        }
    }
}

/// Refuses an actor who may not do that. Every use case that not everyone may use begins with this.
pub(crate) fn require(actor: &Actor, permission: Permission) -> Result<()> {
    if actor.may(permission) {
        return Ok(());
    }
    let (label, role) = (permission.label(), actor.role().map(Role::label));
    let (zh, en) = role.map_or(("未登录", "not logged in"), |role| (role.zh, role.en));
    Err(Error::Forbidden(format!("角色“{zh}”无权{} (the role {en} may not {})", label.zh, label.en)))
}

/// The name folded, so that no two accounts look the same to a reader who does not look closely.
pub(super) fn key(name: &str) -> String {
    name.trim().nfkc().collect::<String>().to_lowercase()
}

impl From<SessionRow> for SessionLine {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            opened_at: row.opened_at,
            seen_at: row.seen_at,
            address: row.address,
            agent: row.agent,
        }
    }
}

/// 256 random bits, hexadecimal.
pub(super) fn random_hex() -> Result<String> {
    Ok(hex::encode(random_bytes::<32>()?))
}

fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Internal(anyhow::anyhow!("no random numbers: {error}")))?;
    Ok(bytes)
}
