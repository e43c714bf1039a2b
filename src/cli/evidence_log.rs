//! `adwatch evidence log`: what was looked at each day, and whether that record is whole.

use std::path::PathBuf;

use super::exit::Exit;
use super::out::{Style, inert};
use super::say;
use crate::app::{App, ChainCheck, Error, LogCheck, Result};

/// Verbs of `evidence log`.
#[derive(Debug, clap::Subcommand)]
pub enum LogCommand {
    /// 列出各日的采集日志 — list the days
    List,
    /// 输出某日的采集日志，每行一条 JSON — the entries of a day, one JSON document on each line
    Show {
        /// 日期，例如 2026-11-30 — the day, Asia/Shanghai
        day: String,
    },
    /// 校验采集日志：链、与留存的对应、时间戳 — verify chains, captures and time stamps; 1 when something does not fit
    Verify {
        /// 只校验这一日 — only this day
        day: Option<String>,
        /// 时间戳机构的根证书（PEM） — roots of the time stamp authorities; checked with openssl
        #[arg(long, value_name = "FILE")]
        stamp_roots: Option<PathBuf>,
    },
}

/// Runs the verb.
pub async fn run(command: LogCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        LogCommand::List => {
            for day in app.capture_log_days().await? {
                let entries = style.lang.pick("条", "entries");
                say(&format!("{}  {:>6} {entries}  {}", day.day, day.n_entries, style.dim(&day.head)));
            }
            Ok(Exit::NOTHING)
        }
        LogCommand::Show { day } => {
            let rows = app.capture_log(&day).await?;
            if rows.is_empty() {
                return Err(Error::NotFound { kind: "capture log", id: day });
            }
            for row in rows {
                // JSON escapes control characters; direction overrides are shown as such.
                say(&inert(&row.document));
            }
            Ok(Exit::NOTHING)
        }
        LogCommand::Verify { day, stamp_roots } => {
            let report = app.check_capture_logs(day.as_deref(), stamp_roots.as_deref()).await?;
            if report.days.is_empty() {
                say(style.lang.pick("没有采集日志", "there is no capture log"));
            }
            for check in &report.days {
                print_day(check, report.checked_signatures, style);
            }
            if report.n_unlogged > 0 {
                let words = style.lang.pick(
                    "件留存早于采集日志，没有日志记录",
                    "captures are from before there was a log and not in it",
                );
                say(&style.dim(&format!("{} {words}", report.n_unlogged)));
            }
            Ok(if report.is_whole() { Exit::NOTHING } else { Exit::FINDINGS })
        }
    }
}

fn print_day(check: &LogCheck, checked_signatures: bool, style: Style) {
    let lang = style.lang;
    let bad = |text: String| format!("{} {text}", style.severity(4, "✗"));
    let whole = matches!(check.chain, ChainCheck::Whole { .. }) && check.problems.is_empty();
    let summary = match &check.chain {
        ChainCheck::Whole { n_entries } => {
            format!("{n_entries} {}", lang.pick("条，链条完整", "entries, chain unbroken"))
        }
        ChainCheck::BrokenAt { ordinal } => format!(
            "{} {ordinal} {}",
            lang.pick("第", "entry"),
            lang.pick("条被改动，或者其前有删除", "was edited, or one before it removed")
        ),
        ChainCheck::CutOff { n_found, n_written } => format!(
            "{} {n_written}，{} {n_found}",
            lang.pick("写入", "written"),
            lang.pick("现存", "there are")
        ),
    };
    let line = format!("{}  {summary}  {}", check.day.day, style.dim(&check.day.head));
    say(&if whole { format!("{} {line}", style.good("✓")) } else { bad(line) });
    for problem in &check.problems {
        say(&format!("  {}", bad(problem.clone())));
    }
    if check.stamps.is_empty() {
        say(&style.dim(lang.pick("  没有时间戳", "  not time-stamped")));
    }
    for stamp in &check.stamps {
        let over = format!("{} {} {}", stamp.authority, stamp.n_entries, lang.pick("条", "entries"));
        say(&match (&stamp.stamped_at, &stamp.last_error) {
            (Some(at), _) => {
                let signature = if checked_signatures {
                    ""
                } else {
                    lang.pick("（签名未校验）", " (signature not checked)")
                };
                format!("  {} {over}: {}{signature}", lang.pick("时间戳", "time stamp"), at.beijing())
            }
            (None, None) => style.dim(&format!("  {} {over}", lang.pick("等待时间戳", "waits for"))),
            (None, Some(why)) => style.dim(&format!(
                "  {} {over}: {} {}, {}",
                lang.pick("尚无时间戳", "no time stamp yet from"),
                stamp.n_attempts,
                lang.pick("次未成", "attempts failed"),
                inert(why)
            )),
        });
    }
}
