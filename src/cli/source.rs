//! `adwatch source`: add, list, check and remove sources.

use super::exit::Exit;
use super::out::{Style, inert, pad};
use super::say;
use crate::app::sources::NewSource;
use crate::app::{App, Result};
use crate::domain::source::SourceId;

/// Verbs of `source`.
#[derive(Debug, clap::Subcommand)]
pub enum SourceCommand {
    /// 添加监测源 — add a source
    #[command(after_help = kinds_help())]
    Add {
        /// 编号，例如 city-news — its name
        id: String,
        /// 类型 — kind: news-site, app-store, telegram-channel, weibo-timeline
        #[arg(long, value_name = "KIND")]
        kind: String,
        /// 入口地址 — entry address
        #[arg(long)]
        url: String,
        /// 名称 — what people call it
        #[arg(long, default_value = "")]
        title: String,
        /// 计划，cron 五段 — schedule, five cron fields, for example '0 8 * * 1-5'
        #[arg(long, value_name = "CRON")]
        cron: Option<String>,
        /// 计划的时区 — time zone of the schedule
        #[arg(long, default_value = "Asia/Shanghai", value_name = "ZONE")]
        time_zone: String,
        /// 连接器设置，NAME=VALUE，可重复 — setting of the connector
        #[arg(long = "set", value_name = "NAME=VALUE")]
        settings: Vec<String>,
        /// 允许访问的非公网来源，例如 http://127.0.0.1:8080 — origin that may be reached although it is not public
        #[arg(long = "allow-origin", value_name = "ORIGIN")]
        allow_origins: Vec<String>,
    },
    /// 列出监测源 — list sources
    List,
    /// 试读监测源，不入库 — read a source once without keeping anything
    Check {
        /// 编号 — its name
        id: String,
    },
    /// 删除监测源（已采集内容保留） — remove a source; what was captured stays
    Remove {
        /// 编号 — its name
        id: String,
    },
}

/// The settings of every connector, from the connectors themselves.
fn kinds_help() -> String {
    let mut text = String::from("类型与设置 kinds and settings:\n");
    for connector in crate::source::CONNECTORS {
        text.push_str(&format!("  {}  {}\n", connector.kind().as_str(), connector.about()));
        for setting in connector.settings() {
            text.push_str(&format!("      {}={}  {}\n", setting.name, setting.default, setting.help));
        }
    }
    text
}

/// Runs the verb.
pub async fn run(command: SourceCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        SourceCommand::Add { id, kind, url, title, cron, time_zone, settings, allow_origins } => {
            let source = app
                .add_source(NewSource { id, kind, url, title, cron, time_zone, settings, allow_origins })
                .await?;
            say(&format!("{} {}", style.good(style.lang.pick("已添加", "added")), source.id));
            say(&style.dim(&format!("adwatch source check {0}   |   adwatch crawl {0}", source.id)));
            Ok(Exit::NOTHING)
        }
        SourceCommand::List => list(app, style).await,
        SourceCommand::Check { id } => check(&parse(&id)?, app, style).await,
        SourceCommand::Remove { id } => {
            let id = parse(&id)?;
            app.remove_source(&id).await?;
            say(&format!("{} {id}", style.lang.pick("已删除", "removed")));
            Ok(Exit::NOTHING)
        }
    }
}

async fn list(app: &App, style: Style) -> Result<Exit> {
    let sources = app.sources_overview().await?;
    if sources.is_empty() {
        say(style.lang.pick(
            "还没有监测源。添加：adwatch source add city-news --kind news-site --url https://…",
            "No sources yet. Add one: adwatch source add city-news --kind news-site --url https://…",
        ));
    }
    for overview in sources {
        let source = &overview.source;
        let schedule = source.schedule.as_ref().map_or("-".to_owned(), |schedule| schedule.cron().to_owned());
        let last = overview.last_run.as_ref().map_or_else(
            || style.lang.pick("尚未采集", "never crawled").to_owned(),
            |run| {
                let outcome = run.outcome.as_ref().map_or("…".to_owned(), |outcome| style.outcome(outcome));
                format!("{}  {outcome}", run.started_at.beijing())
            },
        );
        say(&format!(
            "{} {} {}  {}  {}",
            style.bold(&pad(source.id.as_str(), 18)),
            pad(source.kind.as_str(), 17),
            pad(&schedule, 14),
            inert(&source.title),
            style.dim(&last)
        ));
    }
    Ok(Exit::NOTHING)
}

async fn check(id: &SourceId, app: &App, style: Style) -> Result<Exit> {
    let checks = app.check_source(id).await?;
    let mut fine = true;
    for check in &checks {
        fine &= check.fine;
        let mark = if check.fine { style.good("✓") } else { style.severity(4, "✗") };
        say(&format!("{mark} {}  {}", pad(style.lang.pick(check.zh, check.en), 22), inert(&check.detail)));
    }
    Ok(if fine { Exit::NOTHING } else { Exit { code: 3, message: None } })
}

fn parse(id: &str) -> Result<SourceId> {
    SourceId::parse(id).map_err(|error| crate::app::Error::invalid("id", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::SourceKind;

    #[test]
    fn help_lists_every_kind() {
        let help = kinds_help();
        for kind in SourceKind::BUILT_IN {
            assert!(help.contains(kind.as_str()), "{} is missing from the help", kind.as_str());
        }
    }
}
