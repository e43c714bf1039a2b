//! `adwatch token`: programs that use the API in the name of an account.

use super::exit::Exit;
use super::out::{Style, pad};
use super::say;
use super::user::{By, actor};
use crate::app::tokens::{DEFAULT_DAYS, OwnedToken};
use crate::app::{App, Error, Result};
use crate::domain::token::{Scope, TokenId};
use crate::domain::user::{Actor, Permission};

/// Verbs of `token`.
#[derive(Debug, clap::Subcommand)]
pub enum TokenCommand {
    /// 新增令牌并打印一次 — make a token, print it once
    Add {
        /// 所属账号 — whose account
        owner: String,
        /// 用途 — what it is for
        #[arg(long, value_name = "TEXT")]
        name: String,
        /// 权限，以逗号分隔，不超出该账号的角色 — see, decide, overrule, seal, audit, reveal …; never beyond the role
        #[arg(long, default_value = "see", value_name = "LIST")]
        scope: String,
        /// 有效天数 — how many days it lives
        #[arg(long, default_value_t = DEFAULT_DAYS)]
        days: u32,
        #[command(flatten)]
        by: By,
    },
    /// 列出令牌 — list tokens
    List {
        /// 只列出该账号的 — only of this account
        owner: Option<String>,
    },
    /// 吊销令牌 — take a token back
    Revoke {
        /// 令牌编号 — its name, as `list` shows it
        id: String,
        #[command(flatten)]
        by: By,
    },
}

/// Runs the verb.
pub async fn run(command: TokenCommand, app: &App, style: Style) -> Result<Exit> {
    let (registry, lang) = (app.registry(), style.lang);
    match command {
        TokenCommand::Add { owner, name, scope, days, by } => {
            let made = registry.add_token(&actor(&by)?, &owner, &name, parse(&scope)?, days).await?;
            let token = &made.token;
            say(&format!("{}  {}", lang.pick("编号", "Name"), token.id));
            say(&format!("{}  {}", lang.pick("令牌", "Token"), style.bold(&made.secret)));
            say(&format!("{}  {}", lang.pick("权限", "Scope"), token.scope));
            say(&format!("{}  {}", lang.pick("有效期至", "Until"), token.expires_at.beijing()));
            say(&style.dim(lang.pick("令牌只显示这一次。", "The token is shown only now.")));
        }
        TokenCommand::List { owner } => {
            let tokens = registry.tokens(&Actor::machine(), owner.as_deref()).await?;
            if tokens.is_empty() {
                say(lang.pick(
                    "没有令牌；用 adwatch token add 新增。",
                    "No tokens; `adwatch token add` makes one.",
                ));
            }
            for owned in &tokens {
                say(&line(owned, app, style));
            }
        }
        TokenCommand::Revoke { id, by } => {
            let not_found = |_| Error::NotFound { kind: "token", id: id.clone() };
            let id = TokenId::parse(&id).map_err(not_found)?;
            registry.revoke_token(&actor(&by)?, &id).await?;
            say(&format!("{} {id}  {}", style.good("✓"), lang.pick("已吊销", "revoked")));
        }
    }
    Ok(Exit::NOTHING)
}

fn line(OwnedToken { token, account }: &OwnedToken, app: &App, style: Style) -> String {
    let lang = style.lang;
    let state = match token.revoked_at {
        Some(at) => format!("{} {}", lang.pick("已吊销", "revoked"), at.beijing()),
        None if !token.is_valid(app.now()) => lang.pick("已过期", "expired").to_owned(),
        None => format!("{} {}", lang.pick("有效期至", "until"), token.expires_at.beijing()),
    };
    let used = match token.used_at {
        Some(at) => format!("{} {}", lang.pick("最近使用", "used"), at.beijing()),
        None => lang.pick("未使用", "never used").to_owned(),
    };
    format!(
        "{}  {}  {}  {}  {state}  {}",
        token.id,
        pad(&account.name, 12),
        pad(&token.name, 16),
        pad(&token.scope.to_string(), 12),
        style.dim(&used)
    )
}

fn parse(scope: &str) -> Result<Scope> {
    Scope::parse(scope).map_err(|wrong| {
        let known: Vec<&str> = Permission::ALL.into_iter().map(Permission::as_str).collect();
        Error::invalid("scope", format!("`{wrong}` is not one of {}", known.join(", ")))
    })
}
