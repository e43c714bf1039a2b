//! `adwatch rules learn`: wording weights from labelled documents.

use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::out::Style;
use super::say;
use crate::app::eval::{learn as lessons, read_cases};
use crate::app::{Error, Result, rules};

/// Arguments of `learn`.
#[derive(Debug, clap::Args)]
pub struct LearnArgs {
    /// 带标签的文档；其中 check 部分不用 — labelled documents; their `check` part is not used
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 普通文本，一行一篇，都不是招揽 — ordinary texts, one a line, none of which solicits
    #[arg(long, value_name = "FILE")]
    ordinary: Vec<PathBuf>,
    /// 写到这个文件；不给则只报告 — write the weights here; only report when not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Learns, says what to expect of the weights, and writes them.
pub fn learn(args: &LearnArgs, patterns: Option<&Path>, style: Style) -> Result<Exit> {
    let wrong =
        |path: &Path, error: std::io::Error| Error::invalid("file", format!("{}: {error}", path.display()));
    let cases = read_cases(&args.files)?;
    let mut ordinary = Vec::new();
    for path in &args.ordinary {
        let text = std::fs::read_to_string(path).map_err(|error| wrong(path, error))?;
        ordinary.extend(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
    }
    let learned = lessons::learn(&rules::judge(patterns)?, &cases, &ordinary)?;
    let (n_violations, n_others) = learned.n_lessons;
    say(&style.bold(&format!(
        "{} {n_violations} · {} {n_others} · {} {}",
        style.lang.pick("招揽", "soliciting"),
        style.lang.pick("其他", "others"),
        style.lang.pick("权重", "weights"),
        learned.wording.weights.len()
    )));
    for point in &learned.unseen {
        say(&format!(
            "{} {:>5.1} %   {} {:>5.2}   {} {:>5.1} %",
            style.lang.pick("没学过的正常文档高于此分", "unseen harmless documents above"),
            point.alarms * 100.0,
            style.lang.pick("分数", "score"),
            point.score,
            style.lang.pick("违法文档高于此分", "violations above"),
            point.found * 100.0
        ));
    }
    if let Some(path) = &args.out {
        std::fs::write(path, format!("{HEAD}{}", learned.wording.to_toml()))
            .map_err(|error| wrong(path, error))?;
    }
    Ok(Exit::NOTHING)
}

/// First lines of the written file.
const HEAD: &str =
    "# 措辞分: what single characters and pairs of neighbours speak for, learned by `adwatch rules learn`.
# Above 0 for solicitation, below 0 against it; 0 stands for any run of digits. See docs/rules.md.

";
