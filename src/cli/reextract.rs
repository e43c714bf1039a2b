//! `adwatch reextract`: read old captures again.

use indicatif::ProgressBar;

use super::exit::Exit;
use super::out::{Style, pad};
use super::say;
use crate::app::{App, Error, Result};
use crate::domain::source::SourceId;

/// Arguments of `reextract`.
#[derive(Debug, clap::Args)]
pub struct ReextractArgs {
    /// 监测源编号；不给则为全部 — sources; default: all of them
    sources: Vec<String>,
}

/// Reads again and prints one line per source. Exit code 1 when there are new findings.
pub async fn run(args: ReextractArgs, app: &App, style: Style) -> Result<Exit> {
    let ids: std::result::Result<Vec<SourceId>, _> = args.sources.iter().map(|id| id.parse()).collect();
    let ids = ids.map_err(|error| Error::invalid("source", error.to_string()))?;
    let bar = ProgressBar::new_spinner();
    let read = app.reextract(&ids, &|n| bar.set_position(n)).await?;
    bar.finish_and_clear();
    let mut n_new_findings = 0;
    for (id, figures) in &read {
        n_new_findings += figures.n_new_findings;
        let numbers = [
            (figures.n_captures, "份留存", "captures"),
            (figures.n_new_sightings, "处新读到", "new places"),
            (figures.n_new_ads, "新广告", "new ads"),
            (figures.n_new_findings, "新涉嫌", "new findings"),
        ];
        let mut line: Vec<String> =
            numbers.iter().map(|(n, zh, en)| format!("{n} {}", style.lang.pick(zh, en))).collect();
        for (n, zh, en) in [
            (figures.n_passed_over, "未重读", "passed over"),
            (figures.n_lost, "字节缺失或被改", "bytes lost or altered"),
        ] {
            if n > 0 {
                line.push(format!("{n} {}", style.lang.pick(zh, en)));
            }
        }
        line.extend(figures.unread.iter().map(|(outcome, n)| format!("{n} {outcome}")));
        say(&format!("{} {}", style.bold(&pad(id.as_str(), 18)), line.join("  ")));
    }
    Ok(if n_new_findings > 0 { Exit::FINDINGS } else { Exit::NOTHING })
}
