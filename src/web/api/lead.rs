//! 线索: read, and record steps.

use axum::http::StatusCode;
use serde_json::json;

use super::call::{Answered, Call, Reply};
use super::problem::Problem;
use super::shapes::{
    DutyJson, LeadFull, LeadLine, LeadList, LeadStepJson, ReferralJson, SUSPECTED, StepBody,
};
use super::{ROOT, page};
use crate::app::Error;
use crate::app::lead::{LeadFilter, LeadView};
use crate::app::step::step_of;
use crate::domain::duty::{Duty, Owner};
use crate::domain::hit::Severity;
use crate::domain::lead::{LeadId, LeadState, LeadStep, Referral, Step};

/// `GET /leads`.
pub async fn list(call: Call) -> Answered {
    let filter = match call.asked("state") {
        None | Some("open") => LeadFilter::Open,
        Some("overdue") => LeadFilter::Overdue,
        Some("all") => LeadFilter::All,
        Some(state) => LeadState::parse(state).map_or(LeadFilter::All, LeadFilter::In),
    };
    let after: Option<LeadId> = page::read(call.asked("cursor"))?;
    let all = call.app().leads_for(call.actor()?, filter).await?;
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
    let view = call.app().lead_for(call.actor()?, &call.id("id")?).await?;
    let full = full(&view);
    Ok(Reply::ok(&full)?.of_version(full.line.version))
}

/// `POST /leads/{id}/steps`.
pub async fn step(call: Call) -> Answered {
    let id: LeadId = call.id("id")?;
    let seen = call.version()?;
    let step = read_step(&call.body()?)?;
    call.app().lead_for(call.actor()?, &id).await?;
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

/// The step that a body asks for.
pub(super) fn read_step(body: &StepBody) -> Result<Step, Problem> {
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    let number = |value: Option<u64>| value.map(|number| number.to_string()).unwrap_or_default();
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let field = |name: &str| match name {
        "approver" => body.approver.clone(),
        "officers" => body.officers.join("、"),
        "ground" => optional(&body.ground),
        "to" => optional(&body.to),
        "office" => body.office.clone(),
        "outcome" => body.outcome.clone(),
        "note" => body.note.clone(),
        "number" => body.number.clone(),
        "party" => body.party.clone(),
        "kind" => optional(&body.kind),
        "days" => number(body.days.map(u64::from)),
        "of" => number(body.of),
        "referral" => number(body.referral),
        "on" => optional(&body.on),
        "by" => optional(&body.by),
        "task" => optional(&body.task),
        "what" => body.what.clone(),
        "answer" => optional(&body.answer),
        "reviewer" => body.reviewer.clone(),
        "agreed" => yes(body.agreed),
        "approved" => yes(body.approved),
        _ => String::new(),
    };
    Ok(step_of(body.step.as_str(), &field)?)
}

fn full(view: &LeadView) -> LeadFull {
    LeadFull {
        notice: SUSPECTED,
        line: line(view),
        extended: view.lead().is_extended(),
        case: view.case().map(|case| case.id.to_string()),
        duties: duties(view),
        referrals: referrals(view),
        steps: steps(view),
    }
}

/// Everything with a last day.
pub(super) fn duties(view: &LeadView) -> Vec<DutyJson> {
    let json = |duty: &Duty| DutyJson {
        duty: duty.kind.as_str(),
        owner: match duty.kind.owner() {
            Owner::Own => "own",
            Owner::Party => "party",
            Owner::Other => "other",
        },
        about: duty.about.clone(),
        step: duty.ordinal,
        last_day: duty.deadline.last_day.to_string(),
        days_left: duty.days_left,
        paused: duty.is_paused,
        assumed_years: duty.deadline.assumed_years.clone(),
        basis: duty.basis,
    };
    view.duties.iter().map(json).collect()
}

/// What was referred.
pub(super) fn referrals(view: &LeadView) -> Vec<ReferralJson> {
    view.lead().referrals.iter().map(|referral| referral_json(view, referral)).collect()
}

/// One referral.
pub(super) fn referral_json(view: &LeadView, referral: &Referral) -> ReferralJson {
    ReferralJson {
        lead: view.lead().id.to_string(),
        step: referral.ordinal,
        to: referral.recipient.as_str(),
        office: referral.office.clone(),
        number: referral.number.clone(),
        note: referral.note.clone(),
        state: referral.state().as_str(),
        sent_on: referral.sent_on.to_string(),
        received_on: referral.receipt.as_ref().map(|(on, _)| on.to_string()),
        receipt: referral.receipt.as_ref().map(|(_, text)| text.clone()),
        answered_on: referral.answer.as_ref().map(|(_, on, _)| on.to_string()),
        answer: referral.answer.as_ref().map(|(answer, ..)| answer.as_str()),
        words: referral.answer.as_ref().map(|(.., text)| text.clone()),
    }
}

/// What was done, oldest first.
pub(super) fn steps(view: &LeadView) -> Vec<LeadStepJson> {
    let json = |(at, step): (usize, &LeadStep)| LeadStepJson {
        number: at as u64 + 1,
        at: step.at.into(),
        actor: step.actor.clone(),
        step: step.step.as_str().to_owned(),
        detail: step.step.detail(),
    };
    view.lead().steps.iter().enumerate().map(json).collect()
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
        last_day: view.deadline().map(|due| due.last_day.to_string()),
        days_left: view.days_left(),
        basis: view.next_duty().and_then(|duty| duty.basis),
    }
}
