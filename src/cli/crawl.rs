//! `adwatch crawl`: crawl sources now, with progress.

use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::exit::Exit;
use super::out::{Style, inert, pad, pad_left};
use super::say;
use crate::app::{App, CrawlEvent, CrawlOptions, Error, Result};
use crate::domain::run::{CrawlRun, RunOutcome};
use crate::domain::source::SourceId;

/// Arguments of `crawl`.
#[derive(Debug, clap::Args)]
pub struct CrawlArgs {
    /// 监测源编号；不给则为全部启用的 — sources; default: all enabled ones
    sources: Vec<String>,
    /// 续采被中断的批次（默认） — go on with a run that was interrupted; this is the default
    #[arg(long, conflicts_with = "fresh")]
    resume: bool,
    /// 重新开始，不续采 — start over instead
    #[arg(long)]
    fresh: bool,
    /// 不久前看过且少有变化的页面也重取 — ask also for pages that seldom change and were seen lately
    #[arg(long)]
    all: bool,
}

/// Crawls and prints one line per source. Exit code 1 when there are new findings, 3 when a source could not be read.
pub async fn run(args: CrawlArgs, app: &App, style: Style) -> Result<Exit> {
    let ids = if args.sources.is_empty() {
        let all = app.sources_overview().await?;
        all.into_iter()
            .map(|overview| overview.source)
            .filter(|source| source.enabled)
            .map(|source| source.id)
            .collect()
    } else {
        let parsed: std::result::Result<Vec<SourceId>, _> =
            args.sources.iter().map(|id| id.parse()).collect();
        parsed.map_err(|error| Error::invalid("source", error.to_string()))?
    };
    if ids.is_empty() {
        say(style.lang.pick(
            "还没有监测源；先用 adwatch source add 添加。",
            "No sources; add one with adwatch source add.",
        ));
        return Ok(Exit::NOTHING);
    }
    let options = CrawlOptions { fresh: args.fresh, everything: args.all };
    let runs = crawl_all(app, &ids, options, style).await?;
    for run in &runs {
        say(&run_line(run, style));
    }
    let n_new: u32 = runs.iter().map(|run| run.counts.n_new_findings).sum();
    if n_new > 0 {
        say(&style.dim("adwatch queue list"));
        return Ok(Exit::FINDINGS);
    }
    let read = |run: &CrawlRun| {
        matches!(
            run.outcome,
            None | Some(
                RunOutcome::Ok | RunOutcome::Empty | RunOutcome::SlotOnly | RunOutcome::Partial { .. }
            )
        )
    };
    Ok(if runs.iter().all(read) { Exit::NOTHING } else { Exit { code: 3, message: None } })
}

/// Crawls the sources side by side, each with its own progress bar.
pub async fn crawl_all(
    app: &App,
    ids: &[SourceId],
    options: CrawlOptions,
    style: Style,
) -> Result<Vec<CrawlRun>> {
    let bars = MultiProgress::new();
    let crawls = ids.iter().map(|id| {
        let bar = bars.add(ProgressBar::new(1).with_style(bar_style()));
        bar.set_prefix(pad(id.as_str(), 18));
        async move {
            let failures = Mutex::new(0_u32);
            let run = app
                .crawl_source(id, options, &|event| match event {
                    CrawlEvent::Resumed { n_done } => {
                        let (zh, en) =
                            ("续采上次中断的批次，已完成", "goes on with an interrupted run, done");
                        bar.println(style.dim(&format!("  {id} {}: {n_done}", style.lang.pick(zh, en))));
                    }
                    CrawlEvent::Progress { n_done, n_known } => {
                        bar.set_length(n_known);
                        bar.set_position(n_done);
                    }
                    CrawlEvent::PageFailed { url, outcome } => {
                        if let Ok(mut n_failed) = failures.lock() {
                            *n_failed += 1;
                        }
                        bar.println(format!("  {} {}", style.outcome(&outcome), style.dim(&inert(&url))));
                    }
                })
                .await;
            bar.finish();
            run
        }
    });
    futures::future::join_all(crawls).await.into_iter().collect()
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("  {prefix} {bar:24} {pos:>4}/{len:<4} {per_sec:>10}  {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One run as one line.
pub fn run_line(run: &CrawlRun, style: Style) -> String {
    let counts = run.counts;
    let elsewhere = || style.lang.pick("另一进程已接着采集", "goes on in another process").to_owned();
    let outcome = run.outcome.as_ref().map_or_else(elsewhere, |outcome| style.outcome(outcome));
    let more = [
        (counts.n_unchanged, "未变", "unchanged"),
        (counts.n_not_due, "未到回访时间", "not due"),
        (counts.n_left, "留待下次", "left for the next run"),
    ];
    let more: String = more
        .iter()
        .filter(|(n, _, _)| *n > 0)
        .map(|(n, zh, en)| format!("  {n} {}", style.lang.pick(zh, en)))
        .collect();
    let number = |n: u32, zh: &str, en: &str| {
        format!("{} {}", pad_left(&n.to_string(), 4), style.lang.pick(zh, en).to_owned())
    };
    format!(
        "{} {} {} {} {} {}  {}{}",
        style.bold(&pad(run.source_id.as_str(), 18)),
        number(counts.n_pages, "页", "pages"),
        number(counts.n_sightings, "条广告与帖文", "ads and posts"),
        number(counts.n_new_ads, "新", "new"),
        number(counts.n_new_findings, "新涉嫌", "new findings"),
        number(counts.n_cleared, "语境排除", "cleared"),
        style.dim(&outcome),
        style.dim(&more)
    )
}
