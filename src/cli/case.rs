//! `adwatch case`: leads from their filing on, with their deadlines.

use super::exit::Exit;
use super::lead::{duties, one_of, print_list, record, show};
use super::out::Style;
use super::queue::ListFormat;
use super::say;
use super::step::{StepCommand, lead_id};
use crate::app::lead::{CaseFilter, LeadView};
use crate::app::{App, Error, Result};
use crate::domain::case::CaseState;
use crate::domain::hit::Severity;

/// Verbs of `case`.
#[derive(Debug, clap::Subcommand)]
pub enum CaseCommand {
    /// 列出案件，最紧急的在前 — list cases, the most urgent first
    List {
        /// open（未办结）、overdue（已超期）、all 或某一状态 — open, overdue, all or one state
        #[arg(long, default_value = "open")]
        state: String,
        /// 输出格式 — output format
        #[arg(long, value_enum, default_value = "human")]
        format: ListFormat,
    },
    /// 查看一个案件及其期限与办理记录 — one case with its duties and steps
    Show {
        /// 编号 — its id
        id: String,
    },
    #[command(flatten)]
    Step(StepCommand),
}

/// Runs the verb. `list` exits with 1 when a listed case is overdue.
pub async fn run(command: CaseCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        CaseCommand::List { state, format } => {
            let filter = match state.as_str() {
                "open" => CaseFilter::Open,
                "overdue" => CaseFilter::Overdue,
                "all" => CaseFilter::All,
                name => {
                    let known = ["open", "overdue", "all"].into_iter();
                    let known = known.chain(CaseState::ALL.map(CaseState::as_str)).collect::<Vec<_>>();
                    CaseFilter::In(one_of("state", name, CaseState::parse, &known)?)
                }
            };
            Ok(print_list(&app.cases(filter).await?, ("案件", "cases"), format, style, object))
        }
        CaseCommand::Show { id } => {
            let view = app.lead(&lead_id(&id)?).await?;
            if view.case().is_none() {
                return Err(Error::NotFound { kind: "case", id });
            }
            say(&show(&view, style));
            Ok(Exit::NOTHING)
        }
        CaseCommand::Step(step) => record(step, app, style).await,
    }
}

/// One object per case; fields are documented in `docs/cases.md` and only ever added to.
fn object(view: &LeadView) -> serde_json::Value {
    let Some(case) = view.case() else { return serde_json::Value::Null };
    serde_json::json!({
        "id": case.id.as_str(),
        "lead": view.lead().id.as_str(),
        "finding": view.lead().finding_id.as_str(),
        "state": case.state.as_str(),
        "severity": view.listed.severity.map(Severity::level),
        "title": view.title(),
        "party": case.party,
        "number": case.number,
        "officers": case.officers,
        "filed_at": case.filed_at.rfc3339(),
        "due_on": view.deadline().map(|deadline| deadline.last_day.to_string()),
        "days_left": view.days_left(),
        "duties": duties(view),
        "n_steps": view.lead().steps.len(),
    })
}
