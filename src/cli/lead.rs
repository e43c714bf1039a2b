//! `adwatch lead`: what accepted findings became, and until when the law wants the next step.

use super::exit::Exit;
use super::out::{Lang, Style, excerpt, inert, pad};
use super::queue::ListFormat;
use super::say;
use super::step::{StepCommand, lead_id};
use crate::app::lead::{LeadFilter, LeadView};
use crate::app::{App, Error, Result};
use crate::domain::duty::Duty;
use crate::domain::hit::Severity;
use crate::domain::lead::LeadState;

/// Verbs of `lead`.
#[derive(Debug, clap::Subcommand)]
pub enum LeadCommand {
    /// 列出线索，最紧急的在前 — list leads, the most urgent first
    List {
        /// open（未办结）、overdue（已超期）、all 或某一状态 — open, overdue, all or one state
        #[arg(long, default_value = "open")]
        state: String,
        /// 输出格式 — output format
        #[arg(long, value_enum, default_value = "human")]
        format: ListFormat,
    },
    /// 查看一条线索及其办理记录 — one lead with its steps
    Show {
        /// 编号 — its id
        id: String,
    },
    #[command(flatten)]
    Step(StepCommand),
}

/// Runs the verb. `list` exits with 1 when a listed lead is overdue.
pub async fn run(command: LeadCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        LeadCommand::List { state, format } => list(app, &state, format, style).await,
        LeadCommand::Show { id } => {
            say(&show(&app.lead(&lead_id(&id)?).await?, style));
            Ok(Exit::NOTHING)
        }
        LeadCommand::Step(step) => record(step, app, style).await,
    }
}

/// Records a step on a lead or case and says how it stands now.
pub async fn record(step: StepCommand, app: &App, style: Style) -> Result<Exit> {
    let (id, by, step) = step.read()?;
    let view = app.record_step(&by.actor()?, &id, step, None).await?;
    say(&format!("{} {}", style.good("✓"), line(&view, style)));
    Ok(Exit::NOTHING)
}

async fn list(app: &App, state: &str, format: ListFormat, style: Style) -> Result<Exit> {
    let filter = match state {
        "open" => LeadFilter::Open,
        "overdue" => LeadFilter::Overdue,
        "all" => LeadFilter::All,
        name => {
            let known = ["open", "overdue", "all"].into_iter().chain(LeadState::ALL.map(LeadState::as_str));
            LeadFilter::In(one_of("state", name, LeadState::parse, &known.collect::<Vec<_>>())?)
        }
    };
    let leads = app.leads(filter).await?;
    Ok(print_list(&leads, ("线索", "leads"), format, style, object))
}

/// Prints leads or cases; 1 when one is overdue.
pub fn print_list(
    views: &[LeadView],
    (zh, en): (&str, &str),
    format: ListFormat,
    style: Style,
    object: fn(&LeadView) -> serde_json::Value,
) -> Exit {
    for view in views {
        match format {
            ListFormat::Human => say(&line(view, style)),
            ListFormat::Jsonl => say(&object(view).to_string()),
        }
    }
    let n_overdue = views.iter().filter(|view| view.is_overdue()).count();
    if format == ListFormat::Human {
        say(&style.dim(&match style.lang {
            Lang::Zh => format!("{} 条{zh}，{n_overdue} 条超期", views.len()),
            Lang::En => format!("{} {en}, {n_overdue} overdue", views.len()),
        }));
    }
    if n_overdue > 0 { Exit::FINDINGS } else { Exit::NOTHING }
}

fn line(view: &LeadView, style: Style) -> String {
    let lead = view.lead();
    let state = lead.label();
    format!(
        "{} {} {}  {}",
        style.bold(view.case().map_or(lead.id.as_str(), |case| case.id.as_str())),
        pad(style.lang.pick(state.zh, state.en), 14),
        pad(&due(view, style), 34),
        inert(&view.title()),
    )
}

/// The last day of what this office must do next, and what is left of it.
fn due(view: &LeadView, style: Style) -> String {
    view.next_duty().map_or_else(|| "-".to_owned(), |duty| left(duty, style))
}

fn left(duty: &Duty, style: Style) -> String {
    let (last, left) = (duty.deadline.last_day, duty.days_left);
    let assumed = if duty.deadline.assumed_years.is_empty() {
        ""
    } else {
        style.lang.pick("（假日安排未公布，暂定）", " (assumed: holidays not announced)")
    };
    match (style.lang, left) {
        (Lang::Zh, _) if duty.is_paused => "期限停算中".to_owned(),
        (Lang::En, _) if duty.is_paused => "the term stands still".to_owned(),
        (Lang::Zh, ..0) => format!("{last} 已超期 {} 个工作日{assumed}", -left),
        (Lang::Zh, _) => format!("{last} 止，剩 {left} 个工作日{assumed}"),
        (Lang::En, ..0) => format!("due {last}, {} working days over{assumed}", -left),
        (Lang::En, _) => format!("due {last}, {left} working days left{assumed}"),
    }
}

/// A lead or case with its duties and steps.
pub fn show(view: &LeadView, style: Style) -> String {
    use std::fmt::Write as _;
    let lead = view.lead();
    let lang = style.lang;
    let mut text = String::new();
    let _ = writeln!(text, "{}", line(view, style));
    for duty in &view.duties {
        let label = duty.kind.label();
        let name = format!("{} {}", lang.pick(label.zh, label.en), inert(&duty.about));
        let basis = duty.basis.map(|basis| style.dim(&format!("  {basis}"))).unwrap_or_default();
        let _ = writeln!(text, "  {} {}{basis}", pad(name.trim(), 26), left(duty, style));
    }
    if let Some(case) = view.case() {
        let party = if case.party.is_empty() { "-" } else { &case.party };
        let number = if case.number.is_empty() { "-" } else { &case.number };
        let _ = writeln!(
            text,
            "{} {}  {} {}  {} {}",
            lang.pick("当事人", "party"),
            inert(party),
            lang.pick("案号", "number"),
            inert(number),
            lang.pick("办案人员", "officers"),
            inert(&case.officers.join("、")),
        );
    }
    let words = &view.listed.ad.draft.text;
    let _ = writeln!(text, "\n{}\n", excerpt(style, words, &[], 200));
    let _ = writeln!(text, "{} {}  {}", lang.pick("待审项", "finding"), lead.finding_id, level(view, style));
    let _ = writeln!(text, "{} {}", lang.pick("登记", "registered"), lead.opened_at.beijing());
    for (at, step) in lead.steps.iter().enumerate() {
        let label = step.step.label();
        let _ = writeln!(
            text,
            "{} {}  {}  {}  {}",
            pad(&format!("{}.", at + 1), 3),
            step.at.beijing(),
            step.actor,
            lang.pick(label.zh, label.en),
            inert(&step.step.detail())
        );
    }
    text.trim_end().to_owned()
}

fn level(view: &LeadView, style: Style) -> String {
    let level = view.listed.severity.map_or(0, Severity::level);
    style.severity(level, &format!("{} {level}", style.lang.pick("涉嫌违法，严重程度", "涉嫌, severity")))
}

/// One object per lead; fields are documented in `docs/operations.md` and only ever added to.
fn object(view: &LeadView) -> serde_json::Value {
    let lead = view.lead();
    serde_json::json!({
        "id": lead.id.as_str(),
        "finding": lead.finding_id.as_str(),
        "state": lead.state.as_str(),
        "severity": view.listed.severity.map(Severity::level),
        "title": view.title(),
        "opened_at": lead.opened_at.rfc3339(),
        "due_on": view.deadline().map(|deadline| deadline.last_day.to_string()),
        "days_left": view.days_left(),
        "assumed_years": view.deadline().map(|deadline| deadline.assumed_years.clone()).unwrap_or_default(),
        "case": view.case().map(|case| case.id.as_str()),
        "duties": duties(view),
        "n_steps": lead.steps.len(),
    })
}

/// Everything with a last day.
pub fn duties(view: &LeadView) -> Vec<serde_json::Value> {
    let object = |duty: &Duty| {
        serde_json::json!({
            "duty": duty.kind.as_str(),
            "about": duty.about,
            "step": duty.ordinal,
            "due_on": duty.deadline.last_day.to_string(),
            "days_left": duty.days_left,
            "paused": duty.is_paused,
        })
    };
    view.duties.iter().map(object).collect()
}

/// The value of this name.
pub fn one_of<T>(
    field: &'static str,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<T> {
    parse(text).ok_or_else(|| Error::invalid(field, format!("`{text}` is not one of {}", known.join(", "))))
}
