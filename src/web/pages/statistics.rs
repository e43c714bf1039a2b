//! Figures as charts with their tables beneath, of a span or of a frozen month.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::queue::titles;
use crate::app::lead::LeadFilter;
use crate::app::statistics::{FiguresForm, today};
use crate::domain::category;
use crate::domain::hit::Severity;
use crate::domain::source::SourceId;
use crate::domain::statistics::{Share, Statistics};
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, html, shorten, visible};

/// Weeks of the page when nothing else is asked for.
const WEEKS: i64 = 12;

#[derive(Template)]
#[template(path = "statistics.html")]
struct Page {
    frame: Frame,
    from: String,
    until: String,
    /// The frozen month that is shown.
    month: String,
    frozen: Option<(When, String)>,
    months: Vec<String>,
    charts: Vec<Chart>,
    weeks: Weeks,
    reviewers: Vec<Vec<String>>,
    sources: Vec<Vec<String>>,
    on_time: Option<(u64, usize, usize)>,
    wait: Option<String>,
}

/// Bars of one colour with their numbers.
struct Chart {
    title: &'static str,
    bars: Vec<Bar>,
    height: usize,
}

struct Bar {
    name: String,
    n: u64,
    /// What part of what, in words; empty when there is nothing to say.
    share: String,
    y: usize,
    width: u64,
}

/// Columns, one for each week.
struct Weeks {
    columns: Vec<Column>,
    width: usize,
}

struct Column {
    name: String,
    n: u64,
    x: usize,
    y: u64,
    height: u64,
    labelled: bool,
}

/// Query of the page.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    from: Option<String>,
    until: Option<String>,
    month: Option<String>,
}

/// `GET /statistics`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let actor = &visit.logged_in()?.actor;
    let lang = visit.lang;
    let month = asked.month.clone().filter(|month| !month.is_empty());
    let (figures, frozen) = figures(&site, &visit, &asked).await?;
    let leads = site.desk.leads(actor, LeadFilter::Open).await?;
    let n_late = leads.iter().filter(|view| view.is_overdue()).count();
    let on_time = (!leads.is_empty() && month.is_none()).then(|| {
        let n_in_time = leads.len() - n_late;
        ((n_in_time * 100 / leads.len()) as u64, n_in_time, leads.len())
    });
    let titles = titles(&site.desk.sources().await?);
    let title_of = |id: &str| {
        let known = SourceId::parse(id).ok().and_then(|id| titles.get(&id).cloned());
        shorten(&known.unwrap_or_else(|| visible(id)), 30)
    };
    let offices = site.registry.offices().await?;
    let office_of = |id: &str| match offices.iter().find(|office| office.id.as_str() == id) {
        Some(office) => visible(&office.name),
        None => lang.pick("（无机构）", "(no office)").to_owned(),
    };
    let category_of = |code: &str| lang.pick(category::title_zh(code), category::title_en(code)).to_owned();
    let severity_of = |level: &str| {
        let known = level.parse().ok().and_then(Severity::new);
        known.map_or_else(|| level.to_owned(), |known| format!("{level} {}", lang.of(known.label())))
    };
    let mut charts = vec![
        funnel(lang, &figures),
        chart(lang.pick("按类别", "By category"), &figures.by_category, category_of),
        chart(lang.pick("按严重程度", "By severity"), &figures.by_severity, severity_of),
        chart(lang.pick("按监测源", "By source"), &figures.by_source, title_of),
    ];
    if !offices.is_empty() {
        charts.push(chart(lang.pick("按机构", "By office"), &figures.by_office, office_of));
    }
    let last = figures.until.plus_ms(-1);
    let page = Page {
        from: figures.from.beijing().chars().take(10).collect(),
        until: last.beijing().chars().take(10).collect(),
        month: month.unwrap_or_default(),
        frozen,
        months: site.registry.months(actor).await?.into_iter().map(|report| report.month).collect(),
        charts,
        weeks: weeks(&figures.by_week),
        reviewers: figures
            .reviewers
            .iter()
            .map(|load| {
                let numbers = [load.accepted, load.dismissed, load.deferred, load.undone];
                [visible(&load.name)].into_iter().chain(numbers.map(|n| n.to_string())).collect()
            })
            .collect(),
        sources: figures
            .sources
            .iter()
            .map(|one| {
                let share = one.n_good * 100 / one.n_runs.max(1);
                vec![
                    title_of(&one.source),
                    one.n_runs.to_string(),
                    one.n_good.to_string(),
                    format!("{share} %"),
                ]
            })
            .collect(),
        on_time,
        wait: figures.mean_wait_minutes.map(|minutes| match minutes {
            0..120 => format!("{minutes} {}", lang.pick("分钟", "minutes")),
            _ => format!("{} {}", minutes / 60, lang.pick("小时", "hours")),
        }),
        frame: Frame::new(&visit, "statistics", lang.pick("统计", "Statistics")).with_flash(&site, &visit),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `POST /statistics/export`: the figures as a file; a form, because it is put on record.
pub async fn export(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let field = |name| Some(form.one(name).to_owned());
    let asked = Asked { from: field("from"), until: field("until"), month: field("month") };
    let (figures, _) = figures(&site, &visit, &asked).await?;
    let (kind, name, wanted) = match form.one("form") {
        "csv" => {
            ("text/csv; charset=utf-8", "attachment; filename=\"adwatch-statistics.csv\"", FiguresForm::Csv)
        }
        "xlsx" => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "attachment; filename=\"adwatch-statistics.xlsx\"",
            FiguresForm::Xlsx,
        ),
        _ => return Err(Failure::Form("`form` is csv or xlsx".to_owned())),
    };
    let bytes = site.registry.export_figures(&form.session.actor, &figures, wanted).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, bytes).into_response())
}

/// The figures that are asked for, and when and under which hash they were frozen.
async fn figures(
    site: &Site,
    visit: &Visit,
    asked: &Asked,
) -> Result<(Statistics, Option<(When, String)>), Failure> {
    let actor = &visit.logged_in()?.actor;
    if let Some(month) = asked.month.as_deref().filter(|month| !month.is_empty()) {
        let (report, figures) = site.registry.month(actor, month).await?;
        return Ok((figures, Some((report.made_at.into(), report.sha256))));
    }
    let today = today(site.desk.now())?;
    // Dates that do not parse are as if not given: a filter is a view, not a command.
    let day = |field: &Option<String>| field.as_deref().and_then(|text| text.trim().parse::<Date>().ok());
    let last = day(&asked.until).unwrap_or(today);
    let monday = last.saturating_sub(i64::from(last.weekday().to_monday_zero_offset()).days());
    let first = day(&asked.from).unwrap_or_else(|| monday.saturating_sub((WEEKS - 1).weeks()));
    Ok((site.registry.statistics(actor, first, last).await?, None))
}

fn funnel(lang: Lang, figures: &Statistics) -> Chart {
    let steps = figures.funnel;
    let names = [
        (lang.pick("采集到的广告", "ads seen"), steps.seen),
        (lang.pick("进入队列", "flagged"), steps.flagged),
        (lang.pick("认定涉嫌违法", "found suspect"), steps.accepted),
        (lang.pick("立案", "filed"), steps.filed),
        (lang.pick("移送", "handed over"), steps.transferred),
    ];
    let list: Vec<Share> = names.iter().map(|(name, n)| Share { key: (*name).to_owned(), n: *n }).collect();
    let mut chart = chart(lang.pick("从采集到移送", "From seen to handed over"), &list, str::to_owned);
    let mut before: Option<u64> = None;
    for bar in &mut chart.bars {
        if let Some(whole) = before.filter(|whole| *whole > 0) {
            bar.share = format!("{:.1} %", bar.n as f64 * 100.0 / whole as f64);
        }
        before = Some(bar.n);
    }
    chart
}

fn chart(title: &'static str, list: &[Share], name_of: impl Fn(&str) -> String) -> Chart {
    const WIDEST: u64 = 300;
    const STEP: usize = 26;
    let most = list.iter().map(|one| one.n).max().unwrap_or(0).max(1);
    let bar = |(at, one): (usize, &Share)| Bar {
        name: name_of(&one.key),
        n: one.n,
        share: String::new(),
        y: at * STEP,
        // What is there is seen, however small.
        width: if one.n == 0 { 0 } else { (one.n * WIDEST / most).max(2) },
    };
    Chart { title, bars: list.iter().enumerate().map(bar).collect(), height: list.len() * STEP }
}

fn weeks(list: &[Share]) -> Weeks {
    const HIGHEST: u64 = 120;
    const STEP: usize = 40;
    let most = list.iter().map(|one| one.n).max().unwrap_or(0).max(1);
    let every = list.len().div_ceil(16).max(1);
    let column = |(at, one): (usize, &Share)| {
        let height = if one.n == 0 { 0 } else { (one.n * HIGHEST / most).max(2) };
        Column {
            name: one.key.get(5..).unwrap_or(&one.key).to_owned(),
            n: one.n,
            x: at * STEP,
            y: HIGHEST + 14 - height,
            height,
            labelled: at % every == 0,
        }
    };
    Weeks { columns: list.iter().enumerate().map(column).collect(), width: list.len() * STEP }
}
