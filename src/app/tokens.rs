//! Use cases of programs that act for a person: make a token, use it, take it back; answers that are given again.

use serde_json::json;

use super::error::{Error, Result};
use super::users::{Registry, key, random_hex, require};
use super::{App, new_id};
use crate::domain::token::{ApiToken, Scope, TokenId};
use crate::domain::user::{Account, Actor, Permission, person_name};
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

pub use crate::store::token::KnownReply;

/// Every token begins so: a token that was published by mistake is found by searching for it.
pub const PREFIX: &str = "adwatch_";
/// Longest life of a token, and what it is when nothing is said.
pub const MAX_DAYS: u32 = 730;
/// Life of a token when nothing is said, in days.
pub const DEFAULT_DAYS: u32 = 90;
/// The use of a token is noted at most so often.
const TOUCH_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Answers to requests that named themselves are given again for so long …
const REPLY_MS: i64 = DAY_MS;
/// … and one that is worked on for longer than this was given up.
const ABANDONED_MS: i64 = 60_000;

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// As lists show it.
    pub token: ApiToken,
    /// What opens; it is shown now and never again.
    pub secret: String,
}

/// A token with whose it is.
#[derive(Debug, Clone)]
pub struct OwnedToken {
    /// The token.
    pub token: ApiToken,
    /// Its owner.
    pub account: Account,
}

/// A program that was let in.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its token.
    pub token: ApiToken,
    /// For whom it acts.
    pub account: Account,
    /// As whom it acts: what both the role and the scope allow.
    pub actor: Actor,
}

impl Registry {
    /// Makes a token for the account `owner` that lives for `days`: one's own, or anybody's for who manages accounts.
    ///
    /// # Errors
    /// `Invalid` for a name that cannot stand on record, a life that is too long, or a scope beyond the owner's role;
    /// `Forbidden`, `NotFound`.
    pub async fn add_token(
        &self,
        actor: &Actor,
        owner: &str,
        name: &str,
        scope: Scope,
        days: u32,
    ) -> Result<MadeToken> {
        let account = self.account(owner).await?;
        demand_own(actor, &account)?;
        let name = person_name(name).ok_or_else(|| {
            Error::invalid("name", "用途须为 1–40 个可见字符 (what it is for: 1 to 40 visible characters)")
        })?;
        if !(1..=MAX_DAYS).contains(&days) {
            let why = format!("有效期须为 1–{MAX_DAYS} 天 (1 to {MAX_DAYS} days)");
            return Err(Error::invalid("days", why));
        }
        let beyond = |permission: &Permission| !account.role.may(*permission);
        if let Some(beyond) = scope.permissions().find(beyond) {
            let (role, label) = (account.role.label(), beyond.label());
            let why = format!(
                "角色“{}”无权{}，令牌也不能 (the role {} may not {}, and so no token of it)",
                role.zh, label.zh, role.en, label.en
            );
            return Err(Error::invalid("scope", why));
        }
        let now = self.clock.now();
        let secret = format!("{PREFIX}{}", random_hex()?);
        let token = ApiToken {
            id: new_id::<TokenId>(),
            user_id: account.id.clone(),
            name,
            scope,
            created_at: now,
            expires_at: now.plus_ms(i64::from(days) * DAY_MS),
            used_at: None,
            revoked_at: None,
        };
        let detail =
            json!({"token_id": token.id, "name": token.name, "scope": scope.to_string(), "days": days});
        let note = self.note(actor, "token.add", &account.name, detail);
        self.store.add_token(&token, &sha256_hex(secret.as_bytes()), &note).await?;
        Ok(MadeToken { token, secret })
    }

    /// Tokens, newest first: of one account, or of all.
    ///
    /// # Errors
    /// `Forbidden` for those of others, `NotFound`.
    pub async fn tokens(&self, actor: &Actor, owner: Option<&str>) -> Result<Vec<OwnedToken>> {
        let of = match owner {
            Some(owner) => {
                let account = self.account(owner).await?;
                demand_own(actor, &account)?;
                Some(account.id)
            }
            None => {
                require(actor, Permission::ManageUsers)?;
                None
            }
        };
        let found = self.store.tokens(of.as_ref()).await?;
        Ok(found.into_iter().map(|(token, account)| OwnedToken { token, account }).collect())
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// `NotFound` when there is none of this name that is still good, or it is somebody else's and the actor does not
    /// manage accounts.
    pub async fn revoke_token(&self, actor: &Actor, id: &TokenId) -> Result<()> {
        let found = self.store.tokens(None).await?;
        let found = found.into_iter().find(|(token, account)| {
            token.id == *id && (account.name == actor.name() || actor.may(Permission::ManageUsers))
        });
        let Some((token, account)) = found else {
            return Err(Error::NotFound { kind: "token", id: id.to_string() });
        };
        let detail = json!({"token_id": token.id, "name": token.name});
        let note = self.note(actor, "token.revoke", &account.name, detail);
        Ok(self.store.revoke_token(id, self.clock.now(), &note).await?)
    }

    /// Who comes with this token from this address; `None` when it opens nothing.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn program(&self, secret: &str, address: &str) -> Result<Option<Program>> {
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let now = self.clock.now();
        let Some((token, account)) = self.store.token(&sha256_hex(secret.as_bytes())).await? else {
            return Ok(None);
        };
        if !token.is_valid(now) || account.disabled_at.is_some() {
            return Ok(None);
        }
        if token.used_at.is_none_or(|used| used.plus_ms(TOUCH_MS) <= now) {
            self.store.touch_token(&token.id, now).await?;
        }
        let actor = Actor::program(&account, token.id.clone(), token.scope, address);
        Ok(Some(Program { token, account, actor }))
    }

    /// Reserves a request that named itself with `key`, or says how it was answered within the last day.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn reserve_reply(
        &self,
        token: &TokenId,
        key: &str,
        request_sha256: &str,
    ) -> Result<KnownReply> {
        let now = self.clock.now();
        let (forget, abandoned) = (now.plus_ms(-REPLY_MS), now.plus_ms(-ABANDONED_MS));
        let name = (token.as_str(), key);
        Ok(self.store.reserve_reply(name, request_sha256, now, forget, abandoned).await?)
    }

    /// Keeps the answer to a request that was reserved; `None` gives the reservation up.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn keep_reply(&self, token: &TokenId, key: &str, reply: Option<(u16, &str)>) -> Result<()> {
        Ok(self.store.keep_reply((token.as_str(), key), reply).await?)
    }

    /// The present instant.
    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }
}

/// A program may not make another: a token that leaked would outlive its being taken back.
fn demand_own(actor: &Actor, account: &Account) -> Result<()> {
    if actor.token().is_some() {
        let why = "令牌不能用来管理令牌，请登录后操作 (a token cannot manage tokens; log in)";
        return Err(Error::Forbidden(why.to_owned()));
    }
    if actor.role().is_some() && key(actor.name()) == key(&account.name) {
        return Ok(());
    }
    require(actor, Permission::ManageUsers)
}

impl App {
    /// The scope that reads: what a token may do when nothing is said.
    pub fn reading_scope() -> Scope {
        Scope::of(&[Permission::See])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::user::Role;
    use crate::kit::clock::FixedClock;

    const NOW: UnixMs = UnixMs(1_795_392_000_000);

    async fn registry() -> (Registry, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::at(NOW));
        let registry = Registry::in_memory(clock.clone()).await;
        registry.with_password("王芳", Role::Reviewer, "abcde-fghij-kmnpq-rstuv").await;
        registry.with_password("处长", Role::Administrator, "abcde-fghij-kmnpq-rstuv").await;
        (registry, clock)
    }

    async fn actor(registry: &Registry, name: &str) -> Actor {
        Actor::account(&registry.account(name).await.unwrap(), "192.0.2.1")
    }

    #[tokio::test]
    async fn a_token_acts_for_its_owner_until_it_ends() {
        let (registry, clock) = registry().await;
        let own = actor(&registry, "王芳").await;
        let scope = Scope::parse("see,decide").unwrap();
        let made = registry.add_token(&own, "王芳", "值班大屏", scope, 2).await.unwrap();
        assert!(made.secret.starts_with(PREFIX) && made.secret.len() == PREFIX.len() + 64);
        let program = registry.program(&made.secret, "192.0.2.9").await.unwrap().unwrap();
        assert_eq!((program.actor.name(), program.actor.address()), ("王芳", Some("192.0.2.9")));
        for permission in Permission::ALL {
            assert_eq!(program.actor.may(permission), scope.has(permission), "{permission:?}");
        }
        for wrong in ["", "adwatch_", &made.secret[8..], &format!("{}0", made.secret)] {
            assert!(registry.program(wrong, "192.0.2.9").await.unwrap().is_none(), "{wrong}");
        }
        clock.advance_ms(2 * DAY_MS);
        assert!(registry.program(&made.secret, "192.0.2.9").await.unwrap().is_none(), "it expired");
    }

    #[tokio::test]
    async fn a_token_never_allows_more_than_the_role_of_its_owner() {
        let (registry, _) = registry().await;
        let own = actor(&registry, "王芳").await;
        let refused = registry.add_token(&own, "王芳", "x", Scope::parse("see,audit").unwrap(), 1).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        let scope = Scope::parse("see,decide").unwrap();
        let made = registry.add_token(&own, "王芳", "x", scope, 1).await.unwrap();
        let boss = actor(&registry, "处长").await;
        registry.set_role(&boss, "王芳", Role::Viewer).await.unwrap();
        let program = registry.program(&made.secret, "::1").await.unwrap().unwrap();
        assert!(program.actor.may(Permission::See) && !program.actor.may(Permission::Decide));
        registry.set_disabled(&boss, "王芳", true).await.unwrap();
        assert!(registry.program(&made.secret, "::1").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn tokens_are_made_and_taken_back_by_their_owner_or_an_administrator_and_never_by_a_token() {
        let (registry, _) = registry().await;
        let (own, boss) = (actor(&registry, "王芳").await, actor(&registry, "处长").await);
        let see = App::reading_scope();
        let made = registry.add_token(&boss, "王芳", "a", see, 1).await.unwrap();
        assert!(matches!(registry.add_token(&own, "处长", "b", see, 1).await, Err(Error::Forbidden(_))));
        let of_boss = registry.add_token(&boss, "处长", "c", Scope::of(&Permission::ALL), 1).await.unwrap();
        let program = registry.program(&of_boss.secret, "::1").await.unwrap().unwrap().actor;
        assert!(matches!(registry.add_token(&program, "处长", "d", see, 1).await, Err(Error::Forbidden(_))));
        assert!(matches!(registry.tokens(&own, None).await, Err(Error::Forbidden(_))));
        assert_eq!(registry.tokens(&own, Some("王芳")).await.unwrap().len(), 1);
        assert_eq!(registry.tokens(&boss, None).await.unwrap().len(), 2);
        let not_own = registry.revoke_token(&own, &of_boss.token.id).await;
        assert!(matches!(not_own, Err(Error::NotFound { .. })));
        registry.revoke_token(&own, &made.token.id).await.unwrap();
        assert!(registry.program(&made.secret, "::1").await.unwrap().is_none());
        assert!(matches!(registry.revoke_token(&own, &made.token.id).await, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn names_and_lives_are_checked() {
        let (registry, _) = registry().await;
        let boss = actor(&registry, "处长").await;
        for (name, days) in [("", 1), ("a\u{202e}b", 1), ("好", 0), ("好", MAX_DAYS + 1)] {
            let refused = registry.add_token(&boss, "处长", name, App::reading_scope(), days).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{name:?} {days}");
        }
    }
}
