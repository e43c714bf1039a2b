//! 线索: read, and record steps.

use axum::http::StatusCode;
use serde_json::json;

use super::call::{Answered, Call, Reply};
use super::problem::Problem;
use super::shapes::{LeadFull, LeadLine, LeadList, LeadStepJson, SUSPECTED, StepBody, StepWord};
use super::{ROOT, page};
use crate::app::Error;
use crate::app::lead::{LeadFilter, LeadView};
use crate::domain::hit::Severity;
use crate::domain::lead::{DeclineGround, LeadId, LeadState, Recipient, Step};

/// `GET /leads`.
pub async fn list(call: Call) -> Answered {
    let filter = match call.asked("state") {
        None | Some("open") => LeadFilter::Open,
        Some("overdue") => LeadFilter::Overdue,
        Some("all") => LeadFilter::All,
        Some(state) => LeadState::parse(state).map_or(LeadFilter::All, LeadFilter::In),
    };
    let after: Option<LeadId> = page::read(call.asked("cursor"))?;
    let all = call.app().leads(filter).await?;
    // A lead that left the list meanwhile: the list begins again rather than leaving something out.
    let first = after.and_then(|id| all.iter().position(|view| view.lead().id == id)).map_or(0, |at| at + 1);
    let limit = usize::try_from(call.limit()).unwrap_or(usize::MAX);
    let shown: Vec<LeadLine> = all.iter().skip(first).take(limit).map(line).collect();
    let is_last = first + shown.len() >= all.len();
    let next = shown.last().filter(|_| !is_last).map(|last| page::write(&last.id));
    Reply::ok(&LeadList { notice: SUSPECTED, leads: shown, next })
}

/// `GET /leads/{id}`.
pub async fn show(call: Call) -> Answered {
    let view = call.app().lead(&call.id("id")?).await?;
    let full = full(&view);
    Ok(Reply::ok(&full)?.of_version(full.line.version))
}

/// `POST /leads/{id}/steps`.
pub async fn step(call: Call) -> Answered {
    let id: LeadId = call.id("id")?;
    let seen = call.version()?;
    let step = step_of(call.body()?)?;
    match call.app().record_step(call.actor()?, &id, step, seen).await {
        Ok(view) => {
            let full = full(&view);
            let version = full.line.version;
            Ok(Reply::created(&full, format!("{ROOT}/leads/{id}"))?.of_version(version))
        }
        Err(Error::Conflict(why)) => {
            let now = full(&call.app().lead(&id).await?);
            let is_old = seen.is_some_and(|seen| seen != now.line.version);
            let status = if is_old { StatusCode::PRECONDITION_FAILED } else { StatusCode::CONFLICT };
            Err(Problem::Stale { status, why, current: json!(now) })
        }
        Err(other) => Err(other.into()),
    }
}

fn step_of(body: StepBody) -> Result<Step, Problem> {
    let known = |field: &'static str, names: String| {
        Problem::from(Error::invalid(field, format!("请选择一项：{names} (choose one)")))
    };
    Ok(match body.step {
        StepWord::Extend => Step::Extend { approver: body.approver, reason: body.note },
        StepWord::File => Step::File { officers: body.officers, approver: body.approver },
        StepWord::Decline => {
            Step::Decline {
                ground: body.ground.as_deref().and_then(DeclineGround::parse).ok_or_else(|| {
                    known("ground", DeclineGround::ALL.map(DeclineGround::as_str).join(", "))
                })?,
                approver: body.approver,
                note: body.note,
            }
        }
        StepWord::Refer => Step::Refer {
            recipient: body
                .to
                .as_deref()
                .and_then(Recipient::parse)
                .ok_or_else(|| known("to", Recipient::ALL.map(Recipient::as_str).join(", ")))?,
            office: body.office,
            note: body.note,
        },
        StepWord::Decide => Step::Decide { outcome: body.outcome },
        StepWord::Close => Step::Close { note: body.note },
    })
}

fn full(view: &LeadView) -> LeadFull {
    let steps = view.lead().steps.iter().map(|step| LeadStepJson {
        at: step.at.into(),
        actor: step.actor.clone(),
        step: step.step.as_str().to_owned(),
        detail: step.step.detail(),
    });
    LeadFull { notice: SUSPECTED, line: line(view), extended: view.lead().extended, steps: steps.collect() }
}

fn line(view: &LeadView) -> LeadLine {
    let lead = view.lead();
    LeadLine {
        id: lead.id.to_string(),
        version: lead.steps.len() as u64,
        finding: lead.finding_id.to_string(),
        state: lead.state.as_str().to_owned(),
        title: view.title(),
        severity: view.listed.severity.map(Severity::level),
        opened_at: lead.opened_at.into(),
        since: lead.since.into(),
        last_day: view.deadline.as_ref().map(|due| due.last_day.to_string()),
        days_left: view.days_left,
        basis: lead.state.basis(),
    }
}
