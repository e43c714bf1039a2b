//! `adwatch audit`: who did what, and whether the record is whole.

use std::path::PathBuf;

use super::exit::Exit;
use super::out::{Style, inert, pad};
use super::say;
use crate::app::audit::AuditForm;
use crate::app::{App, AuditEntry, AuditFilter, ChainCheck, Error, Result};
use crate::domain::user::Actor;

/// Verbs of `audit`.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// 列出记录，最新的在前 — list entries, newest first
    List {
        /// 只列某人 — of one person only
        #[arg(long, default_value = "", value_name = "NAME")]
        of: String,
        /// 只列某类操作，例如 finding. 或 login — actions that begin so
        #[arg(long, default_value = "")]
        action: String,
        /// 只列某对象 — about one thing only
        #[arg(long, default_value = "")]
        object: String,
        /// 最多几条 — at most this many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// 重算全部散列，校验记录完整 — recompute every hash
    Verify,
    /// 导出全部记录 — export everything
    Export {
        /// 格式 — format
        #[arg(long, value_enum, default_value = "jsonl")]
        format: ExportFormat,
        /// 写入文件；不给则打印 — file to write; default: print
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// 操作人，记入审计 — who takes it, for the audit
        #[arg(long, env = "ADWATCH_ACTOR", default_value = "terminal", value_name = "NAME")]
        actor: String,
    },
}

/// Form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// One object a line, with what is needed to check the chain.
    Jsonl,
    /// For a table calculation.
    Csv,
}

/// Runs the verb. `verify` exits with 1 when the chain is broken.
pub async fn run(command: AuditCommand, app: &App, style: Style) -> Result<Exit> {
    let registry = app.registry();
    match command {
        AuditCommand::List { of, action, object, limit } => {
            let filter = AuditFilter { actor: of, action, object };
            for entry in registry.audit(&Actor::machine(), &filter, None, limit).await? {
                say(&line(&entry, style));
            }
            Ok(Exit::NOTHING)
        }
        AuditCommand::Verify => {
            let (fine, text) = outcome(&registry.check_audit(&Actor::machine()).await?, style);
            say(&if fine { format!("{} {text}", style.good("✓")) } else { style.severity(4, &text) });
            Ok(if fine { Exit::NOTHING } else { Exit::FINDINGS })
        }
        AuditCommand::Export { format, out, actor } => {
            let actor = Actor::person(&actor)
                .ok_or_else(|| Error::invalid("actor", "name who takes it with --actor"))?;
            let form = match format {
                ExportFormat::Jsonl => AuditForm::Jsonl,
                ExportFormat::Csv => AuditForm::Csv,
            };
            let text = registry.export_audit(&actor, form).await?;
            match out {
                None => say(text.trim_end()),
                Some(path) => {
                    std::fs::write(&path, text).map_err(|error| {
                        Error::invalid("out", format!("{} cannot be written: {error}", path.display()))
                    })?;
                    say(&format!("{} {}", style.good("✓"), path.display()));
                }
            }
            Ok(Exit::NOTHING)
        }
    }
}

fn line(entry: &AuditEntry, style: Style) -> String {
    format!(
        "{:>6}  {}  {}  {}  {}  {}",
        entry.ordinal,
        entry.at.beijing(),
        pad(&inert(&entry.actor), 10),
        pad(&inert(&entry.action), 18),
        inert(&entry.object),
        style.dim(&inert(&entry.detail.to_string()))
    )
}

fn outcome(check: &ChainCheck, style: Style) -> (bool, String) {
    let pick = |zh: String, en: String| style.lang.pick(&zh, &en).to_owned();
    match check {
        ChainCheck::Whole { n_entries } => (
            true,
            pick(
                format!("审计链完整：{n_entries} 条记录"),
                format!("the audit is whole: {n_entries} entries"),
            ),
        ),
        ChainCheck::BrokenAt { ordinal } => (
            false,
            pick(
                format!("审计链在第 {ordinal} 条断开：该条被改动，或之前有记录被删除"),
                format!("the audit breaks at entry {ordinal}: it was changed, or one before it was removed"),
            ),
        ),
        ChainCheck::CutOff { n_found, n_written } => (
            false,
            pick(
                format!("审计链末尾缺失：写入过 {n_written} 条，仅存 {n_found} 条"),
                format!("the end is missing: {n_written} entries were written, {n_found} are there"),
            ),
        ),
    }
}
