//! `adwatch rules eval|diff|evade`: measuring rules on labelled documents.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::exit::Exit;
use super::out::{Style, inert, pad, pad_left};
use super::say;
use crate::app::eval::{Case, Evaluation, Interval, Tally, diff, evade, evaluate, judge_all, read_cases};
use crate::app::{Result, rules};

/// Misses and false alarms shown for people; JSON has all of them.
const MAX_SHOWN: usize = 40;

/// Arguments of `eval`.
#[derive(Debug, clap::Args)]
pub struct EvalArgs {
    /// 带标签的文档：.jsonl、.toml 或文件夹 — labelled documents
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 输出格式 — output format
    #[arg(long, value_enum, default_value = "human")]
    format: MeasureFormat,
    /// 只用一部分：dev 或 check — one split only; with check only totals are shown
    #[arg(long, value_name = "SPLIT")]
    split: Option<String>,
}

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// 规则文件夹，或 builtin — rule folder, or `builtin`
    before: PathBuf,
    /// 另一规则文件夹，或 builtin — another
    after: PathBuf,
    /// 带标签的文档 — labelled documents
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Arguments of `evade`.
#[derive(Debug, clap::Args)]
pub struct EvadeArgs {
    /// 带标签的文档 — labelled documents
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 种子 — seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 不写变体，而写各类变形的召回率表 — a table of recall by trick instead of the variants
    #[arg(long)]
    table: bool,
}

/// Output formats of measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum MeasureFormat {
    /// For people.
    Human,
    /// One JSON object.
    Json,
}

/// Prints precision, recall and what was got wrong.
pub fn eval(args: &EvalArgs, patterns: Option<&Path>, style: Style) -> Result<Exit> {
    let mut cases = read_cases(&args.files)?;
    if let Some(split) = &args.split {
        cases.retain(|case| case.split.is_some_and(|of| of.as_str() == split));
        if cases.is_empty() {
            return Ok(Exit::usage(format!("no document belongs to split `{split}`; use dev or check")));
        }
    }
    let judge = rules::judge(patterns)?;
    let evaluation = evaluate(&cases, &judge_all(&judge, &cases));
    match args.format {
        MeasureFormat::Json => say(&report(&cases, &evaluation).to_string()),
        MeasureFormat::Human => print(&cases, &evaluation, args.split.as_deref() == Some("check"), style),
    }
    Ok(Exit::NOTHING)
}

/// Prints what a second pack gains and loses, item by item.
pub fn compare(args: &DiffArgs, style: Style) -> Result<Exit> {
    let cases = read_cases(&args.files)?;
    let pack =
        |path: &PathBuf| rules::judge(Some(path.as_path()).filter(|path| *path != Path::new("builtin")));
    let (before, after) = (judge_all(&pack(&args.before)?, &cases), judge_all(&pack(&args.after)?, &cases));
    let changes = diff(&cases, &before, &after);
    for change in &changes {
        let Some(case) = cases.get(change.case) else { continue };
        let sign = if change.gained { "+" } else { "-" };
        let line = format!("{sign} {} {}", pad(&case.id, 24), inert(&case.text));
        say(&if change.better { style.good(&line) } else { style.severity(4, &line) });
    }
    let count = |gained: bool, better: bool| {
        changes.iter().filter(|c| c.gained == gained && c.better == better).count()
    };
    say(&style.bold(&format!(
        "{} {} · {} {} · {} {} · {} {}",
        style.lang.pick("新发现违法", "violations gained"),
        count(true, true),
        style.lang.pick("丢失违法", "violations lost"),
        count(false, false),
        style.lang.pick("新误报", "false alarms gained"),
        count(true, false),
        style.lang.pick("消除误报", "false alarms lost"),
        count(false, true)
    )));
    Ok(Exit::NOTHING)
}

/// Writes hidden variants as JSON Lines, or the table of recall by trick as Markdown.
pub fn hide(args: &EvadeArgs, patterns: Option<&Path>) -> Result<Exit> {
    let cases = read_cases(&args.files)?;
    if !args.table {
        for hidden in evade::hide(&cases, args.seed, true) {
            let Some(case) = cases.get(hidden.case) else { continue };
            let tricks = hidden.tricks.join("+");
            say(&json!({"id": format!("{}:{tricks}", case.id), "text": hidden.text, "label": "violation",
                "category": case.category, "source": tricks})
            .to_string());
        }
        return Ok(Exit::NOTHING);
    }
    say("| trick | what it does | hidden texts | still found |\n|---|---|---:|---:|");
    for row in evade::survival(&rules::judge(patterns)?, &cases, args.seed) {
        let n_hidden = row.tally.n_found + row.tally.n_missed;
        say(&format!("| {} | {} | {n_hidden} | {} |", row.name, row.about, percent(row.tally.recall())));
    }
    Ok(Exit::NOTHING)
}

fn print(cases: &[Case], evaluation: &Evaluation, totals_only: bool, style: Style) {
    let heading = |text: &str| say(&format!("\n{}", style.bold(text)));
    say(&format!("{} {}", pad("", 22), row_head(style)));
    let all = style.lang.pick("合计", "total");
    say(&format!("{} {}", pad(all, 22), row(&evaluation.total)));
    for (name, tally) in &evaluation.by_split {
        say(&format!("{} {}", pad(name, 22), row(tally)));
    }
    if totals_only {
        return;
    }
    for (title, table) in [
        (style.lang.pick("按来源", "by source"), &evaluation.by_source),
        (style.lang.pick("按类别", "by category"), &evaluation.by_category),
    ] {
        heading(title);
        for (name, tally) in table {
            say(&format!("{} {}", pad(name, 22), row(tally)));
        }
    }
    heading(
        style
            .lang
            .pick("按规则（在违法 / 正常文本上成立）", "by rule (asserted on violations / on benign texts)"),
    );
    for (name, tally) in &evaluation.by_rule {
        say(&format!(
            "{} {:>5} / {:<5} {}",
            pad(name, 36),
            tally.n_found,
            tally.n_false_alarms,
            percent(tally.precision())
        ));
    }
    // What belongs to the part kept away from rule writing is never shown one by one.
    let shown = |indexes: &[usize]| {
        let seen = indexes
            .iter()
            .filter_map(|index| cases.get(*index))
            .filter(|case| case.split.is_none_or(|split| split.as_str() != "check"));
        for case in seen.take(MAX_SHOWN) {
            say(&format!("  {} {} {}", pad(&case.id, 20), style.dim(&case.category), inert(&case.text)));
        }
    };
    heading(style.lang.pick("漏报", "missed"));
    shown(&evaluation.missed);
    heading(style.lang.pick("误报", "false alarms"));
    shown(&evaluation.false_alarms);
}

fn row_head(style: Style) -> String {
    let columns = [
        style.lang.pick("违法", "violations"),
        style.lang.pick("召回率（95% 区间）", "recall (95 %)"),
        style.lang.pick("正常", "benign"),
        style.lang.pick("误报", "alarms"),
        style.lang.pick("每万篇", "per 10k"),
        style.lang.pick("准确率（95% 区间）", "precision (95 %)"),
        "F1",
    ];
    let widths = [10, 24, 8, 8, 9, 24, 6];
    columns.iter().zip(widths).map(|(text, width)| pad_left(text, width)).collect()
}

fn row(tally: &Tally) -> String {
    let rate = tally.false_alarm_rate().map_or("-".to_owned(), |rate| format!("{:.1}", rate.share * 1e4));
    let cells = [
        (tally.n_found + tally.n_missed).to_string(),
        percent(tally.recall()),
        (tally.n_false_alarms + tally.n_passed).to_string(),
        tally.n_false_alarms.to_string(),
        rate,
        percent(tally.precision()),
        tally.f1().map_or("-".to_owned(), |f1| format!("{f1:.3}")),
    ];
    let widths = [10, 24, 8, 8, 9, 24, 6];
    cells.iter().zip(widths).map(|(text, width)| pad_left(text, width)).collect()
}

fn percent(interval: Option<Interval>) -> String {
    interval.map_or("-".to_owned(), |Interval { share, low, high }| {
        format!("{:.1} % ({:.1}–{:.1})", share * 100.0, low * 100.0, high * 100.0)
    })
}

fn report(cases: &[Case], evaluation: &Evaluation) -> Value {
    let table = |tallies: &std::collections::BTreeMap<String, Tally>| -> Value {
        tallies
            .iter()
            .map(|(name, tally)| (name.clone(), numbers(tally)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let list = |indexes: &[usize]| -> Vec<Value> {
        indexes
            .iter()
            .filter_map(|index| cases.get(*index))
            .map(|case| json!({"id": case.id, "category": case.category, "source": case.source, "text": case.text}))
            .collect()
    };
    json!({
        "total": numbers(&evaluation.total),
        "by_split": table(&evaluation.by_split),
        "by_category": table(&evaluation.by_category),
        "by_source": table(&evaluation.by_source),
        "by_rule": table(&evaluation.by_rule),
        "missed": list(&evaluation.missed),
        "false_alarms": list(&evaluation.false_alarms),
    })
}

fn numbers(tally: &Tally) -> Value {
    let interval = |of: Option<Interval>| {
        of.map_or(
            Value::Null,
            |Interval { share, low, high }| json!({"share": share, "low": low, "high": high}),
        )
    };
    json!({
        "found": tally.n_found, "missed": tally.n_missed,
        "false_alarms": tally.n_false_alarms, "passed": tally.n_passed,
        "recall": interval(tally.recall()), "precision": interval(tally.precision()),
        "false_alarm_rate": interval(tally.false_alarm_rate()), "f1": tally.f1(),
        "false_alarms_per_10k": tally.false_alarm_rate().map(|rate| rate.share * 1e4),
    })
}
