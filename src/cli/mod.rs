//! Floor 5: the command line. Translates flags to use cases and results to lines; decides nothing.
//!
//! Commands that serve pages or play the demo's sites are given to it by `main`, because shells do not call
//! each other.

mod audit;
mod campaign;
mod case;
mod crawl;
mod demo;
mod doctor;
mod evidence;
mod evidence_keep;
mod evidence_log;
mod exit;
mod import;
mod lead;
mod letter;
mod office;
mod out;
mod queue;
mod recheck;
mod reextract;
mod rules;
mod rules_learn;
mod rules_measure;
mod scan;
mod serve;
mod source;
mod step;
mod token;
mod user;

use std::any::Any;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::app::App;
use crate::app::config::Config;
use crate::app::sources::NewSource;
use exit::Exit;
use out::{Color, Lang, Style};
pub use serve::ServeOptions;

type Task<T> = Pin<Box<dyn Future<Output = anyhow::Result<T>> + Send>>;

/// The demo's sites while they are open.
pub struct Sites {
    /// Closes them when dropped.
    pub open: Box<dyn Any + Send + Sync>,
    /// Where a crawl of each starts.
    pub sources: Vec<NewSource>,
    /// What is to be found there.
    pub planted: Vec<PlantedAd>,
}

/// One ad or post that was planted in the demo's sites.
pub struct PlantedAd {
    /// Its name in `fixtures/demo/expected.toml`.
    pub id: String,
    /// Whether it must be found; everything else must not be flagged.
    pub violation: bool,
    /// Whether it hides its words.
    pub obfuscated: bool,
    /// Words by which it is recognized.
    pub words: String,
    /// Why today's rules are known to get it wrong.
    pub known_miss: Option<String>,
}

/// What `main` lends to the command line.
#[derive(Clone, Copy)]
pub struct Shells {
    /// Serves the review pages and runs the worker until told to stop.
    pub serve: fn(Arc<App>, ServeOptions) -> Task<()>,
    /// Whether the pages may listen there; the sentence says what to change.
    pub may_listen: fn(&App, SocketAddr) -> Result<(), String>,
    /// Plays the demo's sites on loopback.
    pub play: fn() -> Task<Sites>,
}

/// 涉嫌非法集资广告监测 — finds advertisements suspected of illegal fundraising
#[derive(Debug, Parser)]
#[command(name = "adwatch", version, disable_help_subcommand = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
退出码 exit codes: 0 未发现 nothing found · 1 有发现 findings · 2 用法或配置错误 usage or configuration · 3 外部故障 failure outside
先试试 try first:  adwatch demo   |   adwatch scan --text '投资10万，每月返3000元，到期退还本金'";

#[derive(Debug, Args)]
struct Global {
    /// 配置文件 — configuration file
    #[arg(long, global = true, env = "ADWATCH_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// 数据文件夹 — data folder (database, vault, mail)
    #[arg(long = "data", global = true, env = "ADWATCH_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// 数据库地址 — database, sqlite:FILE or postgres://…
    #[arg(long, global = true, env = "ADWATCH_DATABASE", value_name = "URL")]
    database: Option<String>,
    /// 规则文件夹，代替内置规则 — rule folder instead of the built-in rules
    #[arg(long, global = true, env = "ADWATCH_PATTERNS", value_name = "DIR")]
    patterns: Option<PathBuf>,
    /// 界面语言 — language
    #[arg(long, global = true, env = "ADWATCH_LANG", value_enum, default_value = "zh")]
    lang: Lang,
    /// 颜色 — colour
    #[arg(long, global = true, value_enum, default_value = "auto")]
    color: Color,
    /// 日志级别，例如 info 或 adwatch=debug — log filter
    #[arg(long, global = true, env = "ADWATCH_LOG", default_value = "warn", value_name = "FILTER")]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 演示：在本机小型网络上走完全流程 — the whole job on a small internet of our own
    Demo(demo::DemoArgs),
    /// 研判文件、文件夹、标准输入或一段文本 — judge files, folders, a stream or words
    Scan(scan::ScanArgs),
    /// 监测源：添加、列出、检查、删除 — sources
    #[command(subcommand)]
    Source(source::SourceCommand),
    /// 采集监测源 — crawl sources
    Crawl(crawl::CrawlArgs),
    /// 用现在的连接器和规则重读已留存页面 — read old captures again with the connectors and rules of today
    Reextract(reextract::ReextractArgs),
    /// 导入文件：网页存档、表格、投诉、字幕、截图等 — import files that people bring
    Import(import::ImportArgs),
    /// 待审队列：列出、查看、认定、排除、撤销 — the review queue
    #[command(subcommand)]
    Queue(queue::QueueCommand),
    /// 线索：核查期限、立案、移送 — leads and their deadlines
    #[command(subcommand)]
    Lead(lead::LeadCommand),
    /// 案件：调查、审核、告知、决定、送达、结案及其期限 — cases and their deadlines
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// 文书：登记表、审批表、移送函、案件移送书、协查函 — letters and forms
    Letter(letter::LetterArgs),
    /// 整改复查：广告是否仍在 — whether ads still stand
    Recheck(recheck::RecheckArgs),
    /// 推广活动：相互关联的广告与理由 — campaigns: ads that belong together, and why
    #[command(subcommand)]
    Campaign(campaign::CampaignCommand),
    /// 主体：两年内的涉嫌广告 — parties that flagged ads name
    #[command(subcommand)]
    Party(campaign::PartyCommand),
    /// 图片：识别待识别的图片 — pictures that wait to be read
    #[command(subcommand)]
    Picture(campaign::PictureCommand),
    /// 证据包：封存、校验、查看、移交 — evidence packages
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// 规则：检查、列出、解释 — rules
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// 账号：新增、列出、改角色、重置口令、停用 — accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// 机构：新增、列出、人员与监测源的归属 — offices
    #[command(subcommand)]
    Office(office::OfficeCommand),
    /// 访问令牌：供程序调用接口 — tokens for programs that use the API
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// 审计记录：列出、校验、导出 — the audit
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// 检查规则、记录与留存是否完好 — is everything in order
    Doctor,
    /// 启动审核页面与后台任务 — review pages and worker
    Serve(serve::ServeArgs),
    /// 只运行后台任务（多机） — worker only
    Worker,
}

/// Parses the arguments and runs the command.
pub fn run(shells: Shells) -> ExitCode {
    let cli = Cli::parse();
    start_tracing(&cli.global.log);
    let lang = cli.global.lang;
    let exit = match dispatch(cli, shells) {
        Ok(exit) => exit,
        Err(error) => Exit { code: 3, message: Some(format!("{error:#}")) },
    };
    if let Some(message) = &exit.message {
        complain(lang, message);
    }
    ExitCode::from(exit.code)
}

#[expect(clippy::print_stderr, reason = "the command line speaks to its user")]
fn complain(lang: Lang, message: &str) {
    eprintln!("{}: {message}", lang.pick("adwatch 出错", "adwatch: error"));
}

/// Prints one line to standard output; a closed pipe is not an error of ours.
fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn start_tracing(filter: &str) {
    use std::io::IsTerminal as _;
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}

fn dispatch(cli: Cli, shells: Shells) -> anyhow::Result<Exit> {
    let style = Style::new(cli.global.lang, cli.global.color);
    let config = match configuration(&cli.global) {
        Ok(config) => config,
        Err(error) => return Ok(Exit::usage(format!("{error:#}"))),
    };
    match cli.command {
        Command::Scan(args) => match crate::app::rules::judge(config.patterns.as_deref()) {
            Ok(judge) => {
                let pictures = crate::app::pictures::PictureReader::new(&config.pictures);
                scan::run(&args, &judge, &pictures, style)
            }
            Err(error) => Ok(Exit::of_error(&error)),
        },
        Command::Rules(command) => Ok(rules::run(&command, config.patterns.as_deref(), style)),
        Command::Evidence(evidence::EvidenceCommand::Verify(args)) if !args.asks_ledger(&config) => {
            Ok(evidence::verify(&args, style))
        }
        command => asynchronous(command, config, style, shells, cli.global.data.is_some()),
    }
}

fn configuration(global: &Global) -> anyhow::Result<Config> {
    let mut config = match &global.config {
        Some(path) => Config::read(path, true)?,
        None => Config::read(std::path::Path::new("adwatch.toml"), false)?,
    };
    if let Some(data) = &global.data {
        config.data_dir.clone_from(data);
    }
    if let Some(database) = &global.database {
        config.database.clone_from(database);
    }
    if let Some(patterns) = &global.patterns {
        config.patterns = Some(patterns.clone());
    }
    Ok(config)
}

#[tokio::main]
async fn asynchronous(
    command: Command,
    config: Config,
    style: Style,
    shells: Shells,
    keep_data: bool,
) -> anyhow::Result<Exit> {
    if let Command::Demo(args) = command {
        return demo::run(args, config, style, shells, keep_data).await;
    }
    let app = match App::open(config).await {
        Ok(app) => Arc::new(app),
        Err(error) => return Ok(Exit::of_error(&error)),
    };
    let done = match command {
        Command::Source(command) => source::run(command, &app, style).await,
        Command::Crawl(args) => crawl::run(args, &app, style).await,
        Command::Reextract(args) => reextract::run(args, &app, style).await,
        Command::Import(args) => import::run(args, &app, style).await,
        Command::Queue(command) => queue::run(command, &app, style).await,
        Command::Lead(command) => lead::run(command, &app, style).await,
        Command::Case(command) => case::run(command, &app, style).await,
        Command::Letter(args) => letter::run(args, &app, style).await,
        Command::Recheck(args) => recheck::run(args, &app, style).await,
        Command::Campaign(command) => campaign::run(command, &app, style).await,
        Command::Party(command) => campaign::run_party(command, &app, style).await,
        Command::Picture(command) => campaign::run_picture(command, &app, style).await,
        Command::Evidence(command) => evidence::run(command, &app, style).await,
        Command::User(command) => user::run(command, &app, style).await,
        Command::Office(command) => office::run(command, &app, style).await,
        Command::Token(command) => token::run(command, &app, style).await,
        Command::Audit(command) => audit::run(command, &app, style).await,
        Command::Doctor => doctor::run(&app, style).await,
        Command::Serve(args) => return serve::run(args, app, style, shells).await,
        Command::Worker => return serve::worker(app, style, shells).await,
        Command::Demo(_) | Command::Scan(_) | Command::Rules(_) => Ok(Exit::NOTHING),
    };
    Ok(done.unwrap_or_else(|error| Exit::of_error(&error)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
