//! `adwatch demo`: the whole job on a small internet of our own, by exactly the code of a real crawl.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;

use super::crawl::crawl_all;
use super::exit::Exit;
use super::out::{Lang, Style, excerpt, pad, pad_left, width_of};
use super::{PlantedAd, Shells, Sites, evidence, say, serve};
use crate::app::{App, Config, CrawlOptions, FindingFilter, ListedFinding, Result};
use crate::domain::hit::Severity;
use crate::domain::review::Verdict;
use crate::domain::run::CrawlRun;
use crate::domain::source::SourceId;
use crate::domain::user::Actor;

/// Findings that the demo shows at most.
const MAX_SHOWN: u32 = 1_000;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// 打印表格后结束，不启动页面 — end after the table, serve nothing
    #[arg(long)]
    no_serve: bool,
    /// 只打开演示网站并打印地址 — only play the sites and print their addresses
    #[arg(long, conflicts_with = "no_serve")]
    sites_only: bool,
}

/// Runs the demo. `--data DIR` keeps the data; otherwise it is removed at the end.
pub async fn run(
    args: DemoArgs,
    mut config: Config,
    style: Style,
    shells: Shells,
    keep: bool,
) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let sites = (shells.play)().await?;
    if args.sites_only {
        return play_only(sites).await;
    }
    let folder = TemporaryFolder::unless(keep)?;
    if let Some(folder) = &folder {
        config.data_dir.clone_from(&folder.0);
    }
    // The only settings that differ from a real crawl: nobody is disturbed by haste on our own loopback, and no
    // link of a made-up page may lead out of it.
    config.fetch.host_interval_ms = 0;
    config.fetch.allowed_origins_only = true;
    let app = match App::open(config).await {
        Ok(app) => Arc::new(app),
        Err(error) => return Ok(Exit::of_error(&error)),
    };
    match work(&app, &sites, style, started).await {
        Ok(Exit { code: 0, .. }) => {}
        Ok(exit) => return Ok(exit),
        Err(error) => return Ok(Exit::of_error(&error)),
    }
    if args.no_serve {
        return Ok(Exit::NOTHING);
    }
    say("");
    let listener = match TcpListener::bind(&app.config().web.listen).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind("127.0.0.1:0").await?,
    };
    let account = match app.registry().demo_account("demo").await {
        Ok(password) => Some(("demo".to_owned(), password)),
        Err(error) => return Ok(Exit::of_error(&error)),
    };
    let exit = serve::pages(app, listener, false, account, style, shells).await;
    drop(sites);
    exit
}

async fn work(app: &App, sites: &Sites, style: Style, started: Instant) -> Result<Exit> {
    let lang = style.lang;
    heading(style, lang.pick("一、采集", "1. Crawl"));
    let mut ids = Vec::new();
    for source in &sites.sources {
        match app.add_source(source.clone()).await {
            Ok(source) => ids.push(source.id),
            // A kept data folder already knows them under the ports of an earlier demo.
            Err(crate::app::Error::Conflict(_)) => {
                let id = SourceId::parse(&source.id)
                    .map_err(|error| crate::app::Error::invalid("id", error.to_string()))?;
                app.remove_source(&id).await?;
                ids.push(app.add_source(source.clone()).await?.id);
            }
            Err(error) => return Err(error),
        }
    }
    let runs = crawl_all(app, &ids, CrawlOptions::default(), style).await?;

    heading(style, lang.pick("二、各监测源", "2. Sources"));
    let findings = app.queue(&FindingFilter::default(), None, MAX_SHOWN).await?.findings;
    source_table(app, &runs, style).await?;

    heading(style, lang.pick("三、涉嫌违法广告（按优先级）", "3. Findings (涉嫌), by priority"));
    for finding in &findings {
        print_finding(app, finding, style);
    }

    heading(style, lang.pick("四、与埋设内容核对", "4. Against what was planted"));
    let fine = compare(&sites.planted, &findings, style);

    heading(style, lang.pick("五、审核一条并封存证据", "5. Decide one and seal its evidence"));
    let reviewer = Actor::person(lang.pick("演示审核员", "Demo Reviewer")).unwrap_or_else(Actor::machine);
    let pending =
        findings.iter().find(|view| view.finding.state == crate::domain::finding::FindingState::Pending);
    let sealed_id = match pending {
        Some(view) => {
            let provisions = view.finding.assessment.provisions.clone();
            let decision =
                app.decide(&reviewer, &view.finding.id, Verdict::Accept { provisions }, "").await?;
            say(&format!("{} {}  accept  {}", style.good("✓"), view.finding.id, decision.actor));
            Some(view.finding.id.clone())
        }
        None => findings.first().map(|view| view.finding.id.clone()),
    };
    if let Some(id) = &sealed_id {
        evidence::seal(app, &reviewer, id, None, style).await?;
    }

    heading(style, lang.pick("六、接下来可以试", "6. Next"));
    let data = app.config().data_dir.display().to_string();
    for (command, zh, en) in [
        (format!("adwatch --data {data} queue list"), "看待审队列", "the queue"),
        (
            format!("adwatch --data {data} queue show {}", sealed_id.as_ref().map_or("ID", |id| id.as_str())),
            "看一条的全部理由",
            "one finding in full",
        ),
        (
            "adwatch scan --text '投资10万，每月返3000元，到期退还本金'".to_owned(),
            "研判一段文字",
            "judge some words",
        ),
        ("adwatch rules explain pg.principal-guarantee.1".to_owned(), "看一条规则", "explain a rule"),
        (
            "adwatch source add my-news --kind news-site --url https://…".to_owned(),
            "添加自己的监测源",
            "add a source of your own",
        ),
    ] {
        say(&format!("  {}  {}", pad(&command, 66), style.dim(lang.pick(zh, en))));
    }
    say(&style.dim(&format!("  {:.1} s", started.elapsed().as_secs_f64())));
    Ok(if fine { Exit::NOTHING } else { Exit { code: 1, message: None } })
}

fn heading(style: Style, text: &str) {
    say(&format!("\n{}", style.bold(text)));
}

async fn source_table(app: &App, runs: &[CrawlRun], style: Style) -> Result<()> {
    let lang = style.lang;
    let columns = [
        lang.pick("监测源", "source"),
        lang.pick("页面", "pages"),
        lang.pick("广告与帖文", "ads, posts"),
        lang.pick("命中", "hits"),
        lang.pick("4级", "sev 4"),
        lang.pick("3级", "sev 3"),
        lang.pick("2级", "sev 2"),
        lang.pick("1级", "sev 1"),
        lang.pick("语境排除", "cleared"),
        lang.pick("结果", "outcome"),
    ];
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, title)| if index == 0 { 16 } else { width_of(title).max(5) })
        .collect();
    let row = |cells: &[String]| {
        let cell = |(index, text): (usize, &String)| {
            if index == 0 || index + 1 == cells.len() {
                pad(text, widths[index])
            } else {
                pad_left(text, widths[index])
            }
        };
        say(&format!("  {}", cells.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ")));
    };
    row(&columns.map(str::to_owned));
    let mut total = [0_u32; 8];
    for run in runs {
        let filter = FindingFilter { source: Some(run.source_id.clone()), ..FindingFilter::default() };
        let found = app.queue(&filter, None, MAX_SHOWN).await?.findings;
        let of_level = |level: u8| {
            let is =
                |view: &&ListedFinding| view.finding.assessment.severity.map(Severity::level) == Some(level);
            u32::try_from(found.iter().filter(is).count()).unwrap_or(u32::MAX)
        };
        let counts = run.counts;
        let numbers = [
            counts.n_pages,
            counts.n_sightings,
            counts.n_hits,
            of_level(4),
            of_level(3),
            of_level(2),
            of_level(1),
            counts.n_cleared,
        ];
        for (sum, number) in total.iter_mut().zip(numbers) {
            *sum += number;
        }
        let mut cells = vec![run.source_id.to_string()];
        cells.extend(numbers.map(|number| number.to_string()));
        cells.push(run.outcome.as_ref().map_or_else(String::new, |outcome| style.outcome(outcome)));
        row(&cells);
    }
    let mut cells = vec![lang.pick("合计", "total").to_owned()];
    cells.extend(total.map(|number| number.to_string()));
    cells.push(String::new());
    row(&cells);
    Ok(())
}

fn print_finding(app: &App, view: &ListedFinding, style: Style) {
    let assessment = &view.finding.assessment;
    let level = assessment.severity.map_or(0, Severity::level);
    let mut rules: Vec<&str> = view
        .finding
        .hits
        .iter()
        .filter(|hit| hit.status.is_asserted())
        .map(|hit| hit.rule.as_str())
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let cited: Vec<String> = assessment
        .provisions
        .iter()
        .take(2)
        .filter_map(|id| app.pack().provisions.get(id))
        .map(|provision| provision.citation())
        .collect();
    say(&format!(
        "  {} {}  {}",
        style.severity(level, &format!("{level}{}", style.lang.pick("级", ""))),
        style.bold(view.finding.id.as_str()),
        excerpt(style, &view.ad.draft.text, &view.finding.hits, 18),
    ));
    say(&format!("      {}", style.dim(&format!("{}  {}", rules.join(" "), cited.join(" ")))));
}

/// Whether every planted violation was found and nothing else was flagged; known misses are named, not hidden.
fn compare(planted: &[PlantedAd], findings: &[ListedFinding], style: Style) -> bool {
    let flagged = |ad: &PlantedAd| {
        let words = folded(&ad.words);
        findings.iter().any(|view| folded(&view.ad.draft.text).contains(&words))
    };
    let (violations, others): (Vec<&PlantedAd>, Vec<&PlantedAd>) =
        planted.iter().partition(|ad| ad.violation);
    let missed: Vec<&&PlantedAd> = violations.iter().filter(|ad| !flagged(ad)).collect();
    let wrong: Vec<&&PlantedAd> = others.iter().filter(|ad| flagged(ad)).collect();
    let n_obfuscated = violations.iter().filter(|ad| ad.obfuscated).count();
    let (n_violations, n_others) = (violations.len(), others.len());
    let n_found = n_violations - missed.len();
    say(&match style.lang {
        Lang::Zh => format!(
            "  埋设违法 {n_violations} 条（其中变形规避 {n_obfuscated} 条）：发现 {n_found} 条；相似正常内容 {n_others} 条：误报 {} 条",
            wrong.len()
        ),
        Lang::En => format!(
            "  {n_violations} violations planted ({n_obfuscated} obfuscated): {n_found} found; {n_others} look-alikes: {} flagged",
            wrong.len()
        ),
    });
    let mut fine = true;
    for ad in missed {
        let reason = ad.known_miss.as_deref();
        fine &= reason.is_some();
        let label = style.lang.pick("漏报", "missed");
        say(&format!(
            "  {} {label} {} “{}” {}",
            style.severity(3, "✗"),
            ad.id,
            ad.words,
            reason.unwrap_or_default()
        ));
    }
    for ad in wrong {
        let reason = ad.known_miss.as_deref();
        fine &= reason.is_some();
        let label = style.lang.pick("误报", "wrongly flagged");
        say(&format!(
            "  {} {label} {} “{}” {}",
            style.severity(3, "✗"),
            ad.id,
            ad.words,
            reason.unwrap_or_default()
        ));
    }
    fine
}

/// Layout differs between a page and its text; words do not.
fn folded(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

async fn play_only(sites: Sites) -> anyhow::Result<Exit> {
    for source in &sites.sources {
        say(&format!("{} {} {} {}", source.id, source.kind, source.url, source.allow_origins.join(",")));
    }
    say("ready");
    tokio::signal::ctrl_c().await?;
    Ok(Exit::NOTHING)
}

/// Removed with everything in it when the demo ends.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn unless(keep: bool) -> anyhow::Result<Option<Self>> {
        if keep {
            return Ok(None);
        }
        let path = std::env::temp_dir().join(format!("adwatch-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Some(Self(path)))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
