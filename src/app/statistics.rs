//! Use cases of figures: of a span, of frozen months, as files.

mod sheet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::json;

use super::Registry;
use super::audit::cell;
use super::error::{Error, Result};
use super::users::require;
use crate::domain::office::Scope;
use crate::domain::statistics::{Cell, Statistics};
use crate::domain::user::{Actor, Permission};
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

pub use crate::store::statistics::MonthReport;

const ZONE: &str = "Asia/Shanghai";
/// Past months that are frozen when nobody froze them before.
const MAX_MONTHS_BACK: i32 = 12;
/// Longest span, in days.
const MAX_DAYS: i64 = 1_100;

/// In which form figures leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FiguresForm {
    /// One table after another.
    Csv,
    /// One sheet for each table.
    Xlsx,
}

impl Registry {
    /// Figures from one day to another, both included, of what the actor sees.
    ///
    /// # Errors
    /// `Invalid` when the last day is before the first or the span is longer than three years.
    pub async fn statistics(&self, actor: &Actor, first: Date, last: Date) -> Result<Statistics> {
        require(actor, Permission::See)?;
        let (from, until) = (begin_of(first)?, begin_of(last.saturating_add(1.day()))?);
        if until.0 <= from.0 || until.0 - from.0 > MAX_DAYS * 86_400_000 {
            let why = "结束日期不得早于开始日期，跨度不超过三年 (the last day after the first, at most three years)";
            return Err(Error::invalid("until", why));
        }
        let scope = self.scope(actor).await?;
        Ok(self.store.statistics(&scope, from, until).await?)
    }

    /// Freezes the figures of each month that is over and was not frozen, at most a year back.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn freeze_months(&self) -> Result<u32> {
        let known = self.store.months().await?;
        let now = self.clock.now();
        let today = today(now)?;
        let mut n_frozen = 0;
        for back in (1..=MAX_MONTHS_BACK).rev() {
            let first = today.first_of_month().saturating_sub(back.months());
            let month = first.strftime("%Y-%m").to_string();
            if known.iter().any(|report| report.month == month) {
                continue;
            }
            let (from, until) = (begin_of(first)?, begin_of(first.saturating_add(1.month()))?);
            let figures = self.store.statistics(&Scope::Everything, from, until).await?;
            if figures.funnel.seen == 0 && figures.reviewers.is_empty() {
                continue;
            }
            let content = serde_json::to_string(&figures).map_err(anyhow::Error::from)?;
            let sha256 = sha256_hex(content.as_bytes());
            self.store.keep_month(&MonthReport { month, made_at: now, content, sha256 }).await?;
            n_frozen += 1;
        }
        Ok(n_frozen)
    }

    /// The frozen months, the latest first; for those who see everything.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn months(&self, actor: &Actor) -> Result<Vec<MonthReport>> {
        require(actor, Permission::See)?;
        if self.scope(actor).await? != Scope::Everything {
            return Ok(Vec::new());
        }
        Ok(self.store.months().await?)
    }

    /// The frozen figures of a month, checked against their hash.
    ///
    /// # Errors
    /// `NotFound`; `Internal` when they were changed.
    pub async fn month(&self, actor: &Actor, month: &str) -> Result<(MonthReport, Statistics)> {
        let known = self.months(actor).await?.into_iter().find(|report| report.month == month);
        let report = known.ok_or_else(|| Error::NotFound { kind: "month", id: month.to_owned() })?;
        if sha256_hex(report.content.as_bytes()) != report.sha256 {
            return Err(Error::Internal(anyhow::anyhow!("the frozen figures of {month} were changed")));
        }
        let figures = serde_json::from_str(&report.content).map_err(anyhow::Error::from)?;
        Ok((report, figures))
    }

    /// Figures as a file; that it was taken is put on record.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn export_figures(
        &self,
        actor: &Actor,
        figures: &Statistics,
        form: FiguresForm,
    ) -> Result<Vec<u8>> {
        require(actor, Permission::See)?;
        let detail = json!({"from": figures.from.rfc3339(), "until": figures.until.rfc3339()});
        self.record(actor, "statistics.export", "statistics", detail).await?;
        match form {
            FiguresForm::Csv => Ok(csv(figures).into_bytes()),
            FiguresForm::Xlsx => Ok(sheet::workbook(&figures.tables()).map_err(anyhow::Error::from)?),
        }
    }
}

/// The day of an instant in Beijing.
///
/// # Errors
/// `Internal` when the zone is not known.
pub fn today(now: UnixMs) -> Result<Date> {
    let zoned = now.zoned(ZONE).ok_or_else(|| anyhow::anyhow!("{ZONE} is not a known zone"))?;
    Ok(zoned.date())
}

fn begin_of(day: Date) -> Result<UnixMs> {
    let zoned = day.in_tz(ZONE).map_err(anyhow::Error::from)?;
    Ok(UnixMs(zoned.timestamp().as_millisecond()))
}

/// Every table with its name above it. Begins with a byte order mark, without which WPS and Excel misread Chinese.
fn csv(figures: &Statistics) -> String {
    let mut text = String::from("\u{feff}");
    for (name, headings, rows) in figures.tables() {
        let mut line = |cells: Vec<String>| {
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        };
        line(vec![cell(name)]);
        line(headings.into_iter().map(cell).collect());
        for row in rows {
            line(
                row.iter()
                    .map(|value| match value {
                        Cell::Text(words) => cell(words),
                        Cell::Number(n) => n.to_string(),
                    })
                    .collect(),
            );
        }
        line(Vec::new());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::Arc;

    use calamine::Reader as _;

    use super::*;
    use crate::domain::statistics::{Funnel, Load};
    use crate::kit::clock::FixedClock;

    fn hostile() -> Statistics {
        let load =
            Load { name: "=HYPERLINK(\"http://evil.example\")".to_owned(), accepted: 3, ..Load::default() };
        Statistics {
            from: UnixMs(0),
            until: UnixMs(1),
            funnel: Funnel { seen: 7, ..Funnel::default() },
            by_category: Vec::new(),
            by_severity: Vec::new(),
            by_source: Vec::new(),
            by_office: Vec::new(),
            by_week: Vec::new(),
            reviewers: vec![load],
            sources: Vec::new(),
            mean_wait_minutes: None,
        }
    }

    #[test]
    fn no_cell_of_a_file_is_a_formula() {
        let text = csv(&hostile());
        assert!(text.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\",3,0,0,0\r\n"), "{text}");
        let bytes = sheet::workbook(&hostile().tables()).unwrap();
        let mut book = calamine::Xlsx::new(Cursor::new(bytes)).unwrap();
        assert_eq!(book.sheet_names().len(), 8);
        let people = book.worksheet_range("人员").unwrap();
        assert_eq!(people.get_value((1, 0)).unwrap().to_string(), "=HYPERLINK(\"http://evil.example\")");
        assert_eq!(people.get_value((1, 1)).unwrap().to_string(), "3");
        let formulas = book.worksheet_formula("人员").unwrap();
        assert!(formulas.used_cells().next().is_none(), "words stay words");
    }

    #[tokio::test]
    async fn a_month_is_frozen_once_and_a_change_of_it_shows() {
        // 2026-11-23.
        let clock = Arc::new(FixedClock::at(UnixMs(1_795_395_900_000)));
        let registry = Registry::in_memory(clock.clone()).await;
        assert_eq!(
            registry.freeze_months().await.unwrap(),
            0,
            "months in which nothing happened are no months"
        );
        let actor = Actor::person("李青").unwrap();
        let content = serde_json::to_string(&hostile()).unwrap();
        let sha256 = sha256_hex(content.as_bytes());
        let report = MonthReport { month: "2026-10".to_owned(), made_at: UnixMs(1), content, sha256 };
        registry.store.keep_month(&report).await.unwrap();
        assert_eq!(registry.month(&actor, "2026-10").await.unwrap().1, hostile());
        assert!(matches!(registry.month(&actor, "2026-09").await, Err(Error::NotFound { .. })));
        let forged = MonthReport { month: "2026-08".to_owned(), content: "{}".to_owned(), ..report };
        registry.store.keep_month(&forged).await.unwrap();
        assert!(matches!(registry.month(&actor, "2026-08").await, Err(Error::Internal(_))));
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert!(registry.statistics(&actor, day("2026-11-02"), day("2026-11-01")).await.is_err());
        let one_day = registry.statistics(&actor, day("2026-11-01"), day("2026-11-01")).await.unwrap();
        assert_eq!(one_day.until.0 - one_day.from.0, 86_400_000);
    }
}
