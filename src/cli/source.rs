//! `adwatch source`: add, list, check and remove sources.

use super::exit::Exit;
use super::out::{Style, inert, pad};
use super::say;
use crate::app::adapters::{self, Replayed};
use crate::app::sources::NewSource;
use crate::app::{App, Error, FilterList, Result};
use crate::domain::manners::{Hours, RobotsOverride};
use crate::domain::source::SourceId;
use crate::source::Connector as _;
use crate::source::adapter::Shape;
use crate::source::catalog::Catalog;

/// Verbs of `source`.
#[derive(Debug, clap::Subcommand)]
pub enum SourceCommand {
    /// 添加监测源 — add a source
    #[command(after_help = kinds_help())]
    Add {
        /// 编号，例如 city-news — its name
        id: String,
        /// 类型或适配器 — kind, or adapter
        #[arg(long, value_name = "KIND")]
        kind: String,
        /// 入口地址；适配器可由参数得出 — entry address; adapters make it from their settings
        #[arg(long, default_value = "", hide_default_value = true)]
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
        /// 用浏览器渲染页面：电脑或手机 — look at pages with a browser, as a computer or a telephone
        #[arg(long, value_name = "PROFILE", value_parser = ["desktop", "mobile"])]
        render: Option<String>,
        /// 允许访问的非公网来源，例如 http://127.0.0.1:8080 — origin that may be reached although it is not public
        #[arg(long = "allow-origin", value_name = "ORIGIN")]
        allow_origins: Vec<String>,
    },
    /// 列出监测源，或可用的适配器 — list sources, or the adapters that there are
    List {
        /// 列出适配器 — list adapters with their settings instead
        #[arg(long)]
        adapters: bool,
    },
    /// 试读监测源，或检查适配器 — read a source once without keeping anything, or check an adapter
    Check {
        /// 监测源编号、适配器名称或文件 — source, adapter, or adapter file (*.toml)
        name: String,
        /// 把适配器现在读出的内容作为样例的预期 — what the adapter reads now is what is expected of its fixture
        #[arg(long)]
        accept: bool,
    },
    /// 广告位过滤规则（EasyList 等） — filter lists that tell ad slots
    #[command(subcommand)]
    Lists(ListsCommand),
    /// 采集分寸：时段、每日页数、robots.txt — hours, daily pages, and robots.txt of a source
    Manners(MannersArgs),
    /// 删除监测源（已采集内容保留） — remove a source; what was captured stays
    Remove {
        /// 编号 — its name
        id: String,
    },
}

/// Verbs of `source lists`.
#[derive(Debug, clap::Subcommand)]
pub enum ListsCommand {
    /// 添加或替换 — add or replace a list, from a file or an address
    Add {
        /// 名称，例如 easylistchina — its name
        name: String,
        /// 文件或网址 — file, or http(s) address
        place: String,
    },
    /// 从网址重新获取 — fetch lists again that came from an address
    Update,
    /// 列出 — list them
    List,
}

/// Arguments of `source manners`; without any, it shows how the source is treated.
#[derive(Debug, clap::Args)]
pub struct MannersArgs {
    /// 编号 — its name
    id: String,
    /// 只在此时段采集（北京时间），any 为不限 — ask only at these hours of China, or `any`
    #[arg(long, value_name = "08:00-18:00")]
    hours: Option<String>,
    /// 每日最多页数，any 为不限 — most pages a day, or `any`
    #[arg(long, value_name = "N")]
    daily_pages: Option<String>,
    /// 不遵守 robots.txt；须写明决定人和法律依据，并记入审计和留存 — override robots.txt; goes on record
    #[arg(long, requires_all = ["operator", "legal_basis"])]
    ignore_robots: bool,
    /// 决定人 — who orders it
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// 法律依据 — on which legal basis
    #[arg(long, value_name = "TEXT")]
    legal_basis: Option<String>,
    /// 恢复遵守 robots.txt — obey robots.txt again
    #[arg(long, conflicts_with = "ignore_robots")]
    obey_robots: bool,
}

/// The settings of every connector, from the connectors themselves; adapters by name alone, as there are many.
fn kinds_help() -> String {
    let mut text = String::from("类型与设置 kinds and settings:\n");
    for connector in crate::source::CONNECTORS {
        text.push_str(&format!("  {}  {}\n", connector.kind().as_str(), connector.about()));
        for setting in connector.settings() {
            text.push_str(&format!("      {}={}  {}\n", setting.name, setting.default, setting.help));
        }
    }
    text.push_str("\n适配器 adapters (adwatch source list --adapters):\n");
    for adapter in Catalog::built_in().adapters() {
        text.push_str(&format!("  {}  {}\n", adapter.id, adapter.title));
    }
    text
}

/// Runs the verb.
pub async fn run(command: SourceCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        SourceCommand::Add { id, kind, url, title, cron, time_zone, mut settings, render, allow_origins } => {
            settings.extend(render.map(|profile| format!("{}={profile}", crate::source::RENDER.name)));
            let source = app
                .add_source(NewSource { id, kind, url, title, cron, time_zone, settings, allow_origins })
                .await?;
            say(&format!("{} {}", style.good(style.lang.pick("已添加", "added")), source.id));
            if let Some(credential) =
                app.catalog().adapter(source.kind.as_str()).and_then(|adapter| adapter.credential.as_ref())
            {
                let needs = style
                    .lang
                    .pick("采集前先设置环境变量", "before it is crawled, set the environment variable");
                let variable = adapters::credential_variable(&credential.name);
                say(&format!("{needs} {variable} ({})", inert(&credential.help)));
            }
            say(&style.dim(&format!("adwatch source check {0}   |   adwatch crawl {0}", source.id)));
            Ok(Exit::NOTHING)
        }
        SourceCommand::List { adapters: false } => list(app, style).await,
        SourceCommand::List { adapters: true } => Ok(list_adapters(app, style)),
        SourceCommand::Check { name, accept } => {
            if !accept
                && let Ok(id) = SourceId::parse(&name)
                && app.source(&id).await.is_ok()
            {
                return check(&id, app, style).await;
            }
            if adapters::is_known(app.config(), &name) || name.ends_with(".toml") {
                return check_adapter(&name, accept, app, style);
            }
            check(&parse(&name)?, app, style).await
        }
        SourceCommand::Lists(command) => lists(command, app, style).await,
        SourceCommand::Manners(args) => manners(args, app, style).await,
        SourceCommand::Remove { id } => {
            let id = parse(&id)?;
            app.remove_source(&id).await?;
            say(&format!("{} {id}", style.lang.pick("已删除", "removed")));
            Ok(Exit::NOTHING)
        }
    }
}

/// Filter lists of the office.
async fn lists(command: ListsCommand, app: &App, style: Style) -> Result<Exit> {
    let line = |list: &FilterList| {
        let rules = style.lang.pick("条规则", "rules");
        let from = list.url.clone().unwrap_or_else(|| list.path.display().to_string());
        say(&format!(
            "{} {} {rules}  {}",
            style.bold(&pad(&list.name, 18)),
            list.n_rules,
            style.dim(&inert(&from))
        ));
    };
    let mut exit = Exit::NOTHING;
    match command {
        ListsCommand::Add { name, place } => line(&app.add_filter_list(&name, &place).await?),
        ListsCommand::Update => {
            for (name, updated) in app.update_filter_lists().await? {
                match updated {
                    Ok(list) => line(&list),
                    Err(error) => {
                        say(&format!("{} {}", style.severity(4, &pad(&name, 18)), inert(&error.to_string())));
                        exit = Exit { code: 3, message: None };
                    }
                }
            }
        }
        ListsCommand::List => {
            let lists = app.filter_lists()?;
            if lists.is_empty() {
                say(style.lang.pick(
                    "只有内置规则。添加：adwatch source lists add easylistchina 文件或网址",
                    "Only the built-in list. Add one: adwatch source lists add easylistchina FILE-OR-URL",
                ));
            }
            lists.iter().for_each(line);
        }
    }
    Ok(exit)
}

/// Changes how a source is treated, then shows it.
async fn manners(args: MannersArgs, app: &App, style: Style) -> Result<Exit> {
    let id = parse(&args.id)?;
    let mut manners = app.manners(&id).await?;
    let before = manners.clone();
    match args.hours.as_deref() {
        None => {}
        Some("any") => manners.hours = None,
        Some(text) => {
            let hours = Hours::parse(text).map_err(|error| Error::invalid("hours", error.to_string()))?;
            manners.hours = Some(hours);
        }
    }
    match args.daily_pages.as_deref() {
        None => {}
        Some("any") => manners.daily_pages = None,
        Some(text) => {
            let wrong = |_| Error::invalid("daily-pages", format!("`{text}` is no number of pages"));
            manners.daily_pages = Some(text.parse().map_err(wrong)?);
        }
    }
    if args.obey_robots {
        manners.robots = None;
    }
    if args.ignore_robots {
        manners.robots = Some(RobotsOverride {
            operator: args.operator.unwrap_or_default(),
            legal_basis: args.legal_basis.unwrap_or_default(),
            ordered_at: app.now(),
        });
    }
    if manners != before {
        app.set_manners(&id, manners.clone()).await?;
    }
    let any = || style.lang.pick("不限", "any").to_owned();
    let hours = manners.hours.map_or_else(any, |hours| hours.to_string());
    let daily = manners.daily_pages.map_or_else(any, |daily| daily.to_string());
    let robots = manners.robots.as_ref().map_or_else(
        || style.lang.pick("遵守", "obeyed").to_owned(),
        |order| {
            let what = style.lang.pick("不遵守，决定人", "overridden by");
            format!("{what} {}, {}, {}", order.operator, order.legal_basis, order.ordered_at.beijing())
        },
    );
    for (zh, en, value) in
        [("时段", "hours", hours), ("每日页数", "daily pages", daily), ("robots.txt", "robots.txt", robots)]
    {
        say(&format!("{} {}", pad(style.lang.pick(zh, en), 14), inert(&value)));
    }
    Ok(Exit::NOTHING)
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

/// Every adapter with what a source must or may give it.
fn list_adapters(app: &App, style: Style) -> Exit {
    for adapter in app.catalog().adapters() {
        let title = style.lang.pick(&adapter.title, &adapter.about);
        say(&format!("{} {}", style.bold(&pad(adapter.id.as_str(), 22)), inert(title)));
        for setting in adapter.settings() {
            let value = if setting.default.is_empty() { setting.example } else { setting.default };
            let given = format!("--set {}={value}", setting.name);
            say(&style.dim(&format!("    {} {}", pad(&inert(&given), 40), inert(setting.help))));
        }
        if let Some(credential) = &adapter.credential {
            let variable = adapters::credential_variable(&credential.name);
            let needs =
                style.lang.pick("需要凭据，默认不采集", "needs a credential; nothing is asked without it");
            say(&style.dim(&format!("    {needs}: {variable} ({})", inert(&credential.help))));
        }
        if adapter.shape == Shape::Code {
            say(&style.dim(&format!("    {}", adapter.shape.about())));
        }
    }
    Exit::NOTHING
}

/// Mistakes of an adapter file, and how its fixture is read.
fn check_adapter(name: &str, accept: bool, app: &App, style: Style) -> Result<Exit> {
    let checked = adapters::check(app.config(), name, accept)?;
    for mistake in &checked.diagnostics {
        say(&inert_lines(&mistake.render()));
    }
    if let Some(adapter) = &checked.adapter {
        let about = format!("{} v{}  {}", adapter.id, adapter.version, adapter.shape.about());
        say(&format!("{} {}", style.good("✓"), inert(&about)));
    }
    match &checked.replay {
        None => {}
        Some(Replayed::NoFixture(path)) => {
            let what = style.lang.pick("没有样例，应放在", "there is no fixture; it belongs in");
            say(&format!("{} {what} {}", style.severity(4, "✗"), inert(path)));
        }
        Some(Replayed::Broken(why)) => say(&format!("{} {}", style.severity(4, "✗"), inert(why))),
        Some(Replayed::AsExpected { n_requests, n_drafts }) => {
            let what = style.lang.pick("样例读出与预期一致", "the fixture is read as expected");
            say(&format!("{} {what}: {n_requests} requests, {n_drafts} ads and posts", style.good("✓")));
        }
        Some(Replayed::Unexpected { read, differences }) if differences.is_empty() => {
            say(&inert_lines(read));
            let next = style
                .lang
                .pick("核对以上内容，无误后加 --accept", "read this; when it is right, add --accept");
            say(&format!("{} {next}", style.severity(2, "?")));
        }
        Some(Replayed::Unexpected { differences, .. }) => {
            let what = style.lang.pick("样例读出与预期不同", "the fixture is read otherwise than expected");
            say(&format!("{} {what} (--accept)", style.severity(4, "✗")));
            for line in differences {
                say(&inert(line));
            }
        }
    }
    Ok(if checked.is_fine() { Exit::NOTHING } else { Exit { code: 2, message: None } })
}

fn inert_lines(text: &str) -> String {
    text.lines().map(inert).collect::<Vec<_>>().join("\n")
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
        for adapter in Catalog::built_in().adapters() {
            assert!(help.contains(adapter.id.as_str()), "{} is missing from the help", adapter.id);
        }
    }
}
