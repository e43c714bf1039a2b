//! 程序: which step is possible on a lead or case as it stands, by 市场监督管理行政处罚程序规定.

use super::case::{Case, CaseState};
use super::lead::{Lead, LeadState, StepRefused};
use super::referral::{Answer, Recipient};
use super::step::{DecisionKind, Step, TaskKind};

/// Whether the step is possible.
///
/// # Errors
/// [`StepRefused`] says why not.
pub(super) fn check(lead: &Lead, step: &Step) -> Result<(), StepRefused> {
    use LeadState as S;
    let state = lead.state;
    let is_open = state.is_open();
    match step {
        Step::Extend { days, of: None, .. } => extend(lead, *days),
        Step::Extend { of: Some(of), .. } => extend_task(lead, *of),
        Step::Pause { kind, .. } => match state {
            _ if lead.pause().is_some() => rule("期限已在停算中 (the term stands still already)"),
            S::Verifying if !kind.stops_verification() => rule(
                "核查期限只扣除检测、检验、检疫、鉴定和权利人辨认、鉴别的时间（第十八条） \
                 (art 18: only appraisal and identification stop verification)",
            ),
            S::Verifying | S::Filed => Ok(()),
            _ => refuse(lead, step),
        },
        Step::Resume { .. } => allow(lead, step, lead.pause().is_some()),
        Step::File { .. } | Step::Decline { .. } => allow(lead, step, state == S::Verifying),
        Step::Refer { recipient: Recipient::LeadDepartment | Recipient::SectorRegulator, .. } => {
            allow(lead, step, is_open || matches!(state, S::Declined | S::Closed))
        }
        Step::Refer { .. } => allow(lead, step, is_open),
        Step::Receive { referral, .. } => match lead.referrals.iter().find(|one| one.ordinal == *referral) {
            None => unknown("referral", "没有这次移送 (there is no such referral)"),
            Some(known) if known.receipt.is_some() => rule("回执已登记 (its receipt is on record already)"),
            Some(_) => Ok(()),
        },
        Step::Answer { referral, answer, .. } => {
            match lead.referrals.iter().find(|one| one.ordinal == *referral) {
                None => unknown("referral", "没有这次移送 (there is no such referral)"),
                Some(known) if known.answer.is_some() => rule("反馈已登记 (its answer is on record already)"),
                Some(known)
                    if matches!(answer, Answer::Found | Answer::NotFound)
                        && known.recipient != Recipient::LeadDepartment =>
                {
                    rule(
                        "只有处置非法集资牵头部门组织认定（条例第十一条） (only the lead department finds that)",
                    )
                }
                Some(_) => Ok(()),
            }
        }
        Step::Begin { task, .. } => match task {
            TaskKind::Preservation | TaskKind::Seizure | TaskKind::Assistance | TaskKind::PoliceApproval => {
                allow(lead, step, matches!(state, S::Verifying | S::Filed | S::Decided))
            }
            TaskKind::Jurisdiction => allow(lead, step, is_open),
        },
        Step::End { of, .. } => match lead.tasks.iter().find(|task| task.ordinal == *of) {
            None => unknown("of", "没有这一事项 (there is no such task)"),
            Some(task) if task.ended.is_some() => rule("该事项已办结 (it was ended already)"),
            Some(_) => Ok(()),
        },
        Step::Order { .. } => allow(lead, step, is_open),
        Step::Withdraw => allow(lead, step, state == S::Verifying && lead.is_untouched()),
        Step::Reopen => allow(lead, step, state == S::Withdrawn),
        Step::Letter { .. } => allow(lead, step, state != S::Withdrawn),
        Step::Submit { .. }
        | Step::Review { .. }
        | Step::Inform { .. }
        | Step::Hear { .. }
        | Step::Decide { .. }
        | Step::Serve { .. }
        | Step::Execute { .. }
        | Step::Close { .. } => match &lead.case {
            Some(case) => on_case(lead, case, step),
            None => refuse(lead, step),
        },
    }
}

fn on_case(lead: &Lead, case: &Case, step: &Step) -> Result<(), StepRefused> {
    use CaseState as C;
    match step {
        Step::Submit { .. } => allow(lead, step, case.state == C::Investigating),
        Step::Review { reviewer, .. } => {
            if case.officers.iter().any(|officer| officer.trim() == reviewer.trim()) {
                return rule("办案人员不得作为审核人员（第四十九条） (art 49: officers do not review)");
            }
            allow(lead, step, case.state == C::Reviewing)
        }
        Step::Inform { .. } => allow(lead, step, case.state == C::Reviewed),
        Step::Hear { .. } => allow(lead, step, case.state == C::Informed && !case.heard),
        Step::Decide { kind, .. } => match (case.state, kind) {
            (C::Informed, _)
            | (C::Reviewed, DecisionKind::NoPenalty | DecisionKind::NotProven)
            | (C::Investigating | C::Reviewing | C::Reviewed, DecisionKind::Discontinued) => Ok(()),
            (C::Investigating | C::Reviewing, _) => rule(
                "未经审核或者审核未通过的，不得作出决定（第四十九条、第五十条） \
                 (arts 49, 50: not without a review)",
            ),
            (C::Reviewed, DecisionKind::Penalty) => rule(
                "作出行政处罚决定之前应当书面告知当事人（第五十七条） (art 57: the party is told before a penalty)",
            ),
            _ => refuse(lead, step),
        },
        Step::Serve { .. } => allow(
            lead,
            step,
            case.served_at.is_none() && matches!(case.state, C::Decided | C::Enforcing | C::Executed),
        ),
        Step::Execute { .. } => allow(lead, step, case.state == C::Enforcing),
        Step::Close { .. } => allow(lead, step, case.state == C::Executed),
        _ => refuse(lead, step),
    }
}

/// Once in verification (art 18); for a case once, and then for a stated number of days after 集体讨论 (art 64).
fn extend(lead: &Lead, days: Option<u16>) -> Result<(), StepRefused> {
    match (lead.state, lead.extensions.len(), days) {
        (LeadState::Verifying | LeadState::Filed, 0, None) => Ok(()),
        (LeadState::Filed, 1.., Some(_)) => Ok(()),
        (LeadState::Filed, 1.., None) => Err(StepRefused::Field {
            field: "days",
            why: "再次延期须经集体讨论决定并确定期限，请填写天数（第六十四条） \
                  (art 64: a further extension is decided together and names its days)",
        }),
        (LeadState::Verifying, 1.., _) => Err(StepRefused::ExtendedAlready { id: lead.id.clone() }),
        (LeadState::Verifying | LeadState::Filed, 0, Some(_)) => Err(StepRefused::Field {
            field: "days",
            why: "首次延期的天数由规定确定，不能填写 (the rules set the days of the first extension)",
        }),
        _ => refuse_name(lead, "extend"),
    }
}

fn extend_task(lead: &Lead, of: u64) -> Result<(), StepRefused> {
    match lead.tasks.iter().find(|task| task.ordinal == of && task.ended.is_none()) {
        Some(task) if task.kind != TaskKind::Seizure => {
            rule("该事项不能延期 (the rules allow no extension of it)")
        }
        Some(task) if task.extended => Err(StepRefused::ExtendedAlready { id: lead.id.clone() }),
        Some(_) => Ok(()),
        None => unknown("of", "没有这一事项 (there is no such task)"),
    }
}

fn allow(lead: &Lead, step: &Step, possible: bool) -> Result<(), StepRefused> {
    if possible { Ok(()) } else { refuse(lead, step) }
}

fn refuse(lead: &Lead, step: &Step) -> Result<(), StepRefused> {
    refuse_name(lead, step.as_str())
}

fn refuse_name(lead: &Lead, step: &'static str) -> Result<(), StepRefused> {
    let state = lead.case.as_ref().map_or(lead.state.as_str(), |case| case.state.as_str());
    Err(StepRefused::State { id: lead.id.clone(), state, step })
}

fn rule(why: &'static str) -> Result<(), StepRefused> {
    Err(StepRefused::Rule { why })
}

fn unknown(field: &'static str, why: &'static str) -> Result<(), StepRefused> {
    Err(StepRefused::Field { field, why })
}
