//! `adwatch user`: accounts of the review pages. Whoever can read the data folder needs no permission from it.

use super::exit::Exit;
use super::out::{Style, pad};
use super::say;
use crate::app::{App, Error, Result};
use crate::domain::user::{Account, Actor, Role};

/// Verbs of `user`.
#[derive(Debug, clap::Subcommand)]
pub enum UserCommand {
    /// 新增账号并打印一次性口令 — make an account, print its one-time password
    Add {
        /// 姓名，也是用户名 — name, also for login
        name: String,
        /// 角色：viewer、reviewer、approver、rule-editor、auditor、administrator — role
        #[arg(long, default_value = "reviewer")]
        role: String,
        #[command(flatten)]
        by: By,
    },
    /// 列出账号 — list accounts
    List,
    /// 更改角色 — give another role
    Role {
        /// 用户名 — whose
        name: String,
        /// 角色 — the role
        role: String,
        #[command(flatten)]
        by: By,
    },
    /// 重置口令，关闭两步验证，退出其全部登录 — new one-time password; ends sessions and two-step login
    Reset {
        /// 用户名 — whose
        name: String,
        #[command(flatten)]
        by: By,
    },
    /// 停用账号 — nobody can log in with it
    Disable {
        /// 用户名 — whose
        name: String,
        /// 恢复停用的账号 — open it again
        #[arg(long)]
        undo: bool,
        #[command(flatten)]
        by: By,
    },
}

/// Who does it, for the audit.
#[derive(Debug, clap::Args)]
pub struct By {
    /// 操作人，记入审计 — who does it, for the audit
    #[arg(long, env = "ADWATCH_ACTOR", default_value = "terminal", value_name = "NAME")]
    actor: String,
}

/// Runs the verb.
pub async fn run(command: UserCommand, app: &App, style: Style) -> Result<Exit> {
    let registry = app.registry();
    match command {
        UserCommand::Add { name, role, by } => {
            let password = registry.add_account(&actor(&by)?, &name, parse(&role)?).await?;
            give(&name, &password, style);
        }
        UserCommand::List => {
            for account in registry.accounts(&Actor::machine()).await? {
                say(&line(&account, style));
            }
        }
        UserCommand::Role { name, role, by } => {
            registry.set_role(&actor(&by)?, &name, parse(&role)?).await?;
            say(&format!("{} {name}  {role}", style.good("✓")));
        }
        UserCommand::Reset { name, by } => {
            let password = registry.reset_password(&actor(&by)?, &name).await?;
            give(&name, &password, style);
        }
        UserCommand::Disable { name, undo, by } => {
            registry.set_disabled(&actor(&by)?, &name, !undo).await?;
            let state = if undo { ("已恢复", "enabled") } else { ("已停用", "disabled") };
            say(&format!("{} {name}  {}", style.good("✓"), style.lang.pick(state.0, state.1)));
        }
    }
    Ok(Exit::NOTHING)
}

fn give(name: &str, password: &str, style: Style) {
    say(&format!("{}  {}", style.lang.pick("用户名", "User name"), style.bold(name.trim())));
    say(&format!("{}  {}", style.lang.pick("一次性口令", "One-time password"), style.bold(password)));
    say(&style.dim(style.lang.pick("首次登录须更改。", "It must be changed at the first login.")));
}

fn line(account: &Account, style: Style) -> String {
    let lang = style.lang;
    let role = account.role.label();
    let state = match (account.disabled_at, account.must_change) {
        (Some(at), _) => format!("{} {}", lang.pick("已停用", "disabled"), at.beijing()),
        (None, true) => lang.pick("待首次登录", "not logged in yet").to_owned(),
        (None, false) => lang.pick("正常", "active").to_owned(),
    };
    let totp = if account.has_totp { lang.pick("  两步验证", "  two-step") } else { "" };
    format!(
        "{}  {}  {state}{totp}  {}",
        pad(&account.name, 16),
        pad(&format!("{} {}", account.role.as_str(), lang.pick(role.zh, "")), 24),
        style.dim(&account.created_at.beijing())
    )
}

pub(super) fn actor(by: &By) -> Result<Actor> {
    Actor::person(&by.actor)
        .ok_or_else(|| Error::invalid("actor", "name who does it with --actor (1 to 40 characters)"))
}

fn parse(role: &str) -> Result<Role> {
    let known: Vec<&str> = Role::ALL.into_iter().map(Role::as_str).collect();
    Role::parse(role)
        .ok_or_else(|| Error::invalid("role", format!("`{role}` is not one of {}", known.join(", "))))
}
