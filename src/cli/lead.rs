//! `adwatch lead`: what accepted findings became, and until when the law wants the next step.

use super::exit::Exit;
use super::out::{Lang, Style, excerpt, inert, pad};
use super::queue::{By, ListFormat};
use super::say;
use crate::app::lead::{LeadFilter, LeadView};
use crate::app::{App, Error, Result};
use crate::domain::hit::Severity;
use crate::domain::lead::{DeclineGround, LeadId, LeadState, Recipient, Step};

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
    /// 延长期限（每一阶段一次，须经批准） — extend the term, once
    Extend {
        /// 编号 — its id
        id: String,
        /// 批准人 — who approved it
        #[arg(long)]
        approver: String,
        #[command(flatten)]
        by: By,
    },
    /// 立案 — file the case
    File {
        /// 编号 — its id
        id: String,
        /// 办案人员，至少两人 — officers, at least two
        #[arg(long = "officer", value_name = "NAME", required = true)]
        officers: Vec<String>,
        /// 批准人 — who approved it
        #[arg(long)]
        approver: String,
        #[command(flatten)]
        by: By,
    },
    /// 不予立案 — do not file
    Decline {
        /// 编号 — its id
        id: String,
        /// 情形：minor-corrected、first-corrected、no-fault、other — ground
        #[arg(long)]
        ground: String,
        /// 批准人 — who approved it
        #[arg(long)]
        approver: String,
        #[command(flatten)]
        by: By,
    },
    /// 移送、函告 — refer
    Refer {
        /// 编号 — its id
        id: String,
        /// 接收单位种类：lead-department、sector-regulator、other-office、police — recipient
        #[arg(long)]
        to: String,
        /// 接收单位名称 — its name
        #[arg(long)]
        office: String,
        #[command(flatten)]
        by: By,
    },
    /// 记录处理决定 — record the decision on the case
    Decide {
        /// 编号 — its id
        id: String,
        /// 决定内容 — the decision in words
        #[arg(long)]
        outcome: String,
        #[command(flatten)]
        by: By,
    },
    /// 结案 — close
    Close {
        /// 编号 — its id
        id: String,
        #[command(flatten)]
        by: By,
    },
}

/// Runs the verb. `list` exits with 1 when a listed lead is overdue.
pub async fn run(command: LeadCommand, app: &App, style: Style) -> Result<Exit> {
    let (id, by, step) = match command {
        LeadCommand::List { state, format } => return list(app, &state, format, style).await,
        LeadCommand::Show { id } => {
            let view = app.lead(&parse(&id)?).await?;
            say(&show(&view, style));
            return Ok(Exit::NOTHING);
        }
        LeadCommand::Extend { id, approver, by } => {
            let reason = by.note.clone();
            (id, by, Step::Extend { approver, reason })
        }
        LeadCommand::File { id, officers, approver, by } => (id, by, Step::File { officers, approver }),
        LeadCommand::Decline { id, ground, approver, by } => {
            let ground = one_of(
                "ground",
                &ground,
                DeclineGround::parse,
                &DeclineGround::ALL.map(DeclineGround::as_str),
            )?;
            let note = by.note.clone();
            (id, by, Step::Decline { ground, approver, note })
        }
        LeadCommand::Refer { id, to, office, by } => {
            let recipient = one_of("to", &to, Recipient::parse, &Recipient::ALL.map(Recipient::as_str))?;
            let note = by.note.clone();
            (id, by, Step::Refer { recipient, office, note })
        }
        LeadCommand::Decide { id, outcome, by } => (id, by, Step::Decide { outcome }),
        LeadCommand::Close { id, by } => {
            let note = by.note.clone();
            (id, by, Step::Close { note })
        }
    };
    let actor = by.actor()?;
    let view = app.record_step(&actor, &parse(&id)?, step, None).await?;
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
    for view in &leads {
        match format {
            ListFormat::Human => say(&line(view, style)),
            ListFormat::Jsonl => say(&object(view).to_string()),
        }
    }
    let n_overdue = leads.iter().filter(|view| view.is_overdue()).count();
    if format == ListFormat::Human {
        say(&style.dim(&match style.lang {
            Lang::Zh => format!("{} 条线索，{n_overdue} 条超期", leads.len()),
            Lang::En => format!("{} leads, {n_overdue} overdue", leads.len()),
        }));
    }
    Ok(if n_overdue > 0 { Exit::FINDINGS } else { Exit::NOTHING })
}

fn line(view: &LeadView, style: Style) -> String {
    let lead = view.lead();
    let state = lead.state.label();
    format!(
        "{} {} {}  {}",
        style.bold(lead.id.as_str()),
        pad(style.lang.pick(state.zh, state.en), 8),
        pad(&due(view, style), 34),
        inert(&view.title()),
    )
}

/// The last day and what is left of it.
fn due(view: &LeadView, style: Style) -> String {
    let (Some(deadline), Some(left)) = (&view.deadline, view.days_left) else { return "-".to_owned() };
    let assumed = if deadline.assumed_years.is_empty() {
        ""
    } else {
        style.lang.pick("（假日安排未公布，暂定）", " (assumed: holidays not announced)")
    };
    match (style.lang, left) {
        (Lang::Zh, ..0) => format!("{} 已超期 {} 个工作日{assumed}", deadline.last_day, -left),
        (Lang::Zh, _) => format!("{} 止，剩 {left} 个工作日{assumed}", deadline.last_day),
        (Lang::En, ..0) => format!("due {}, {} working days over{assumed}", deadline.last_day, -left),
        (Lang::En, _) => format!("due {}, {left} working days left{assumed}", deadline.last_day),
    }
}

fn show(view: &LeadView, style: Style) -> String {
    use std::fmt::Write as _;
    let lead = view.lead();
    let lang = style.lang;
    let mut text = String::new();
    let _ = writeln!(text, "{}", line(view, style));
    if let Some(basis) = lead.state.basis() {
        let _ = writeln!(text, "  {}", style.dim(basis));
    }
    let words = &view.listed.ad.draft.text;
    let _ = writeln!(text, "\n{}\n", excerpt(style, words, &[], 200));
    let _ = writeln!(text, "{} {}  {}", lang.pick("待审项", "finding"), lead.finding_id, level(view, style));
    let _ = writeln!(text, "{} {}", lang.pick("登记", "registered"), lead.opened_at.beijing());
    for step in &lead.steps {
        let label = step.step.label();
        let _ = writeln!(
            text,
            "{}  {}  {}  {}",
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
        "due_on": view.deadline.as_ref().map(|deadline| deadline.last_day.to_string()),
        "days_left": view.days_left,
        "assumed_years": view.deadline.as_ref().map(|deadline| deadline.assumed_years.clone()).unwrap_or_default(),
        "n_steps": lead.steps.len(),
    })
}

fn one_of<T>(
    field: &'static str,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<T> {
    parse(text).ok_or_else(|| Error::invalid(field, format!("`{text}` is not one of {}", known.join(", "))))
}

fn parse(id: &str) -> Result<LeadId> {
    LeadId::parse(id).map_err(|error| Error::invalid("id", error.to_string()))
}
