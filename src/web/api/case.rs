//! 案件 and 移送: read, and record steps.

use axum::http::StatusCode;
use serde_json::json;

use super::call::{Answered, Call, Reply};
use super::lead::{duties, read_step, referral_json, referrals, steps};
use super::problem::Problem;
use super::shapes::{CaseFull, CaseLine, CaseList, ReferralJson, ReferralList, RulingJson, SUSPECTED};
use super::{ROOT, page};
use crate::app::Error;
use crate::app::lead::{CaseFilter, LeadFilter, LeadView};
use crate::domain::case::{Case, CaseId, CaseState};
use crate::domain::hit::Severity;
use crate::domain::lead::LeadId;
use crate::domain::referral::ReferralState;
use crate::web::error::Failure;

/// `GET /cases`.
pub async fn list(call: Call) -> Answered {
    let filter = match call.asked("state") {
        None | Some("open") => CaseFilter::Open,
        Some("overdue") => CaseFilter::Overdue,
        Some("all") => CaseFilter::All,
        Some(state) => CaseState::parse(state).map_or(CaseFilter::All, CaseFilter::In),
    };
    let after: Option<CaseId> = page::read(call.asked("cursor"))?;
    let all = call.app().cases_for(call.actor()?, filter).await?;
    let lines: Vec<CaseLine> = all.iter().filter_map(|view| Some(line(view, view.case()?))).collect();
    // A case that left the list meanwhile: the list begins again rather than leaving something out.
    let first =
        after.and_then(|id| lines.iter().position(|line| line.id == id.as_str())).map_or(0, |at| at + 1);
    let limit = usize::try_from(call.limit()).unwrap_or(usize::MAX);
    let n_all = lines.len();
    let shown: Vec<CaseLine> = lines.into_iter().skip(first).take(limit).collect();
    let is_last = first + shown.len() >= n_all;
    let next = shown.last().filter(|_| !is_last).map(|last| page::write(&last.id));
    Reply::ok(&CaseList { notice: SUSPECTED, cases: shown, next })
}

/// `GET /cases/{id}`.
pub async fn show(call: Call) -> Answered {
    let full = find(&call).await?;
    Ok(Reply::ok(&full)?.of_version(full.line.version))
}

/// `POST /cases/{id}/steps`.
pub async fn step(call: Call) -> Answered {
    let before = find(&call).await?;
    let id = lead_of(&call)?;
    let seen = call.version()?;
    let step = read_step(&call.body()?)?;
    match call.app().record_step(call.actor()?, &id, step, seen).await {
        Ok(view) => {
            let full = full(&view)?;
            let version = full.line.version;
            Ok(Reply::created(&full, format!("{ROOT}/cases/{}", before.line.id))?.of_version(version))
        }
        Err(Error::Conflict(why)) => {
            let now = find(&call).await?;
            let is_old = seen.is_some_and(|seen| seen != now.line.version);
            let status = if is_old { StatusCode::PRECONDITION_FAILED } else { StatusCode::CONFLICT };
            Err(Problem::Stale { status, why, current: json!(now) })
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /referrals`.
pub async fn referral_list(call: Call) -> Answered {
    let state = call.asked("state").and_then(ReferralState::parse);
    let after: Option<String> = page::read(call.asked("cursor"))?;
    let mut all: Vec<ReferralJson> = Vec::new();
    for view in call.app().leads_for(call.actor()?, LeadFilter::All).await? {
        let wanted =
            view.lead().referrals.iter().filter(|one| state.is_none_or(|state| one.state() == state));
        all.extend(wanted.map(|one| referral_json(&view, one)));
    }
    all.sort_by(|a, b| (&b.sent_on, &b.lead, b.step).cmp(&(&a.sent_on, &a.lead, a.step)));
    let at = |place: String| all.iter().position(|one| format!("{}.{}", one.lead, one.step) == place);
    let first = after.and_then(at).map_or(0, |at| at + 1);
    let limit = usize::try_from(call.limit()).unwrap_or(usize::MAX);
    let n_all = all.len();
    let shown: Vec<ReferralJson> = all.into_iter().skip(first).take(limit).collect();
    let is_last = first + shown.len() >= n_all;
    let next =
        shown.last().filter(|_| !is_last).map(|last| page::write(&format!("{}.{}", last.lead, last.step)));
    Reply::ok(&ReferralList { notice: SUSPECTED, referrals: shown, next })
}

fn lead_of(call: &Call) -> Result<LeadId, Problem> {
    let id: CaseId = call.id("id")?;
    id.lead().map_err(|_| Problem::from(Failure::NoPage))
}

async fn find(call: &Call) -> Result<CaseFull, Problem> {
    full(&call.app().lead_for(call.actor()?, &lead_of(call)?).await?)
}

fn full(view: &LeadView) -> Result<CaseFull, Problem> {
    let Some(case) = view.case() else {
        let id = CaseId::of(&view.lead().id).to_string();
        return Err(Error::NotFound { kind: "case", id }.into());
    };
    Ok(CaseFull {
        notice: SUSPECTED,
        line: line(view, case),
        officers: case.officers.clone(),
        approver: case.approver.clone(),
        ruling: case.ruling.as_ref().map(|ruling| RulingJson {
            at: ruling.at.into(),
            kind: ruling.kind.as_str(),
            outcome: ruling.outcome.clone(),
            number: ruling.number.clone(),
        }),
        duties: duties(view),
        referrals: referrals(view),
        steps: steps(view),
    })
}

fn line(view: &LeadView, case: &Case) -> CaseLine {
    let lead = view.lead();
    CaseLine {
        id: case.id.to_string(),
        version: lead.steps.len() as u64,
        lead: lead.id.to_string(),
        finding: lead.finding_id.to_string(),
        state: case.state.as_str(),
        title: view.title(),
        severity: view.listed.severity.map(Severity::level),
        party: case.party.clone(),
        number: case.number.clone(),
        filed_at: case.filed_at.into(),
        last_day: view.deadline().map(|due| due.last_day.to_string()),
        days_left: view.days_left(),
    }
}
