//! 统计: figures of a span of time. Kept as JSON when a month is frozen, so fields are added and never renamed.

use serde::{Deserialize, Serialize};

use super::category;
use crate::kit::clock::UnixMs;

/// Figures of a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Its first instant.
    pub from: UnixMs,
    /// The first instant after it.
    pub until: UnixMs,
    /// From ads seen to leads handed over.
    pub funnel: Funnel,
    /// Findings by category code; one finding may count in several.
    pub by_category: Vec<Share>,
    /// Findings by severity, 1 to 4.
    pub by_severity: Vec<Share>,
    /// Findings by source at which their ad was seen, the most first; one finding may count in several.
    pub by_source: Vec<Share>,
    /// Findings by office; empty for none.
    pub by_office: Vec<Share>,
    /// Findings by the first day of a week.
    pub by_week: Vec<Share>,
    /// What each person decided.
    pub reviewers: Vec<Load>,
    /// How the looks at sources ended.
    pub sources: Vec<Health>,
    /// Mean time from entering the queue to the first decision, in minutes; `None` when nothing was decided.
    pub mean_wait_minutes: Option<i64>,
}

/// From ads seen to leads handed over. Each step counts findings that entered the queue in the span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funnel {
    /// Ads that were seen for the first time.
    pub seen: u64,
    /// Findings that entered the queue.
    pub flagged: u64,
    /// Of them, found 涉嫌违法.
    pub accepted: u64,
    /// Of them, filed as cases.
    pub filed: u64,
    /// Of them, handed to another office or the police.
    pub transferred: u64,
}

/// How many fall to something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Its stable name.
    pub key: String,
    /// How many.
    pub n: u64,
}

/// What one person decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Who.
    pub name: String,
    /// Found 涉嫌违法.
    pub accepted: u64,
    /// Found not to be.
    pub dismissed: u64,
    /// Asked for evidence or for another person.
    pub deferred: u64,
    /// Took back.
    pub undone: u64,
}

/// How the looks at one source ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Its name.
    pub source: String,
    /// Looks.
    pub n_runs: u64,
    /// That ended with something read, or with nothing there to read.
    pub n_good: u64,
}

impl Statistics {
    /// Every table of the figures, for files.
    pub fn tables(&self) -> Vec<Table> {
        let shares =
            |list: &[Share]| list.iter().map(|one| vec![Cell::from(&one.key), Cell::Number(one.n)]).collect();
        let Funnel { seen, flagged, accepted, filed, transferred } = self.funnel;
        let steps = [
            ("采集广告", seen),
            ("进入队列", flagged),
            ("认定涉嫌违法", accepted),
            ("立案", filed),
            ("移送", transferred),
        ];
        let load = |one: &Load| {
            let numbers = [one.accepted, one.dismissed, one.deferred, one.undone].map(Cell::Number);
            [Cell::from(&one.name)].into_iter().chain(numbers).collect()
        };
        let health =
            |one: &Health| vec![Cell::from(&one.source), Cell::Number(one.n_runs), Cell::Number(one.n_good)];
        vec![
            (
                "漏斗",
                vec!["环节", "数量"],
                steps.map(|(name, n)| vec![Cell::from(name), Cell::Number(n)]).to_vec(),
            ),
            (
                "类别",
                vec!["类别", "数量"],
                self.by_category
                    .iter()
                    .map(|one| vec![Cell::from(category::title_zh(&one.key)), Cell::Number(one.n)])
                    .collect(),
            ),
            ("严重程度", vec!["严重程度", "数量"], shares(&self.by_severity)),
            ("监测源", vec!["监测源", "数量"], shares(&self.by_source)),
            ("机构", vec!["机构", "数量"], shares(&self.by_office)),
            ("周", vec!["周（周一）", "数量"], shares(&self.by_week)),
            (
                "人员",
                vec!["人员", "认定", "排除", "待补充或提请复核", "撤销"],
                self.reviewers.iter().map(load).collect(),
            ),
            ("采集", vec!["监测源", "采集次数", "成功次数"], self.sources.iter().map(health).collect()),
        ]
    }
}

/// A table: its name, its headings, its rows.
pub type Table = (&'static str, Vec<&'static str>, Vec<Vec<Cell>>);

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number.
    Number(u64),
}

impl<T: AsRef<str> + ?Sized> From<&T> for Cell {
    fn from(text: &T) -> Self {
        Self::Text(text.as_ref().to_owned())
    }
}
