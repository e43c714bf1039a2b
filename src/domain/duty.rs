//! 待办与期限: everything with a last day on a lead and its case, derived from the steps each time.

use jiff::civil::Date;

use super::calendar::{Deadline, Term, WorkCalendar};
use super::case::{Case, CaseState};
use super::lead::{Lead, LeadState, Task, day};
use super::referral::{Recipient, ReferralState};
use super::step::{DecisionKind, TaskKind};

/// What is to be done until a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DutyKind {
    /// 核查并决定是否立案 (art 18).
    Verify,
    /// 作出处理决定 (art 64).
    Decide,
    /// 完成审核 (art 55).
    Review,
    /// 送达决定书 (art 81).
    Serve,
    /// 填写结案审批表 (art 77).
    CloseForm,
    /// 先行登记保存的后续措施 (art 35).
    Preserve,
    /// 查封、扣押到期 (art 38).
    Seizure,
    /// 管辖争议协商 (art 13).
    Jurisdiction,
    /// 决定是否移送公安 (移送规定 art 5).
    PoliceApproval,
    /// 批准后二十四小时内移送 (移送规定 art 5).
    PoliceSend,
    /// 协查答复 (art 45): theirs.
    Assistance,
    /// 回执: theirs.
    Receipt,
    /// 反馈: theirs.
    Answer,
    /// 陈述、申辩、要求听证 (art 57): the party's.
    Hearing,
    /// 缴纳罚没款 (art 72): the party's.
    Payment,
}

/// Whose duty it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// This office.
    Own,
    /// The party.
    Party,
    /// Another office; here it is a reminder.
    Other,
}

impl DutyKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Verify,
        Self::Decide,
        Self::Review,
        Self::Serve,
        Self::CloseForm,
        Self::Preserve,
        Self::Seizure,
        Self::Jurisdiction,
        Self::PoliceApproval,
        Self::PoliceSend,
        Self::Assistance,
        Self::Receipt,
        Self::Answer,
        Self::Hearing,
        Self::Payment,
    ];

    /// Stable name for the API and command output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Decide => "decide",
            Self::Review => "review",
            Self::Serve => "serve",
            Self::CloseForm => "close-form",
            Self::Preserve => "preserve",
            Self::Seizure => "seizure",
            Self::Jurisdiction => "jurisdiction",
            Self::PoliceApproval => "police-approval",
            Self::PoliceSend => "police-send",
            Self::Assistance => "assistance",
            Self::Receipt => "receipt",
            Self::Answer => "answer",
            Self::Hearing => "hearing",
            Self::Payment => "payment",
        }
    }

    /// Whose it is.
    pub fn owner(self) -> Owner {
        match self {
            Self::Assistance | Self::Receipt | Self::Answer => Owner::Other,
            Self::Hearing | Self::Payment => Owner::Party,
            _ => Owner::Own,
        }
    }

    /// The rule that sets its term; `None` where no rule does.
    pub fn basis(self) -> Option<&'static str> {
        match self {
            Self::Verify => Some("市场监督管理行政处罚程序规定第十八条"),
            Self::Decide => Some("市场监督管理行政处罚程序规定第六十四条"),
            Self::Review => Some("市场监督管理行政处罚程序规定第五十五条"),
            Self::Serve => Some("市场监督管理行政处罚程序规定第八十一条"),
            Self::CloseForm => Some("市场监督管理行政处罚程序规定第七十七条"),
            Self::Preserve => Some("市场监督管理行政处罚程序规定第三十五条"),
            Self::Seizure => Some("市场监督管理行政处罚程序规定第三十八条"),
            Self::Jurisdiction => Some("市场监督管理行政处罚程序规定第十三条"),
            Self::PoliceApproval | Self::PoliceSend => Some("行政执法机关移送涉嫌犯罪案件的规定第五条"),
            Self::Assistance => Some("市场监督管理行政处罚程序规定第四十五条"),
            Self::Hearing => Some("市场监督管理行政处罚程序规定第五十七条"),
            Self::Payment => Some("市场监督管理行政处罚程序规定第七十二条"),
            Self::Receipt | Self::Answer => None,
        }
    }
}

/// One thing with a last day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// What.
    pub kind: DutyKind,
    /// With whom or on what; blank when the kind says it all.
    pub about: String,
    /// Number of the step it belongs to, for a referral or a task.
    pub ordinal: Option<u64>,
    /// The day it began, which is not counted.
    pub since: Date,
    /// The last day. While the term stands still: the last day if it ran again from today on.
    pub deadline: Deadline,
    /// Working days left; 0 on the last day, negative after it.
    pub days_left: i64,
    /// Whether the term stands still.
    pub is_paused: bool,
    /// The rule that sets the term.
    pub basis: Option<&'static str>,
}

impl Duty {
    /// Whether it is this office's and its last day has passed.
    pub fn is_overdue(&self) -> bool {
        self.kind.owner() == Owner::Own && self.days_left < 0 && !self.is_paused
    }
}

impl Lead {
    /// Everything that has a last day as of `today`, the earliest first; with the same last day that of this office
    /// first.
    pub fn duties(&self, calendar: &WorkCalendar, today: Date) -> Vec<Duty> {
        let clock = Clock { calendar, today };
        let mut duties = Vec::new();
        duties.extend(self.duty_of_state(&clock));
        if let Some(case) = &self.case {
            duties.extend(duties_of_case(case, &clock));
        }
        duties.extend(self.tasks.iter().filter_map(|task| duty_of_task(task, &clock)));
        duties.extend(self.police_send(&clock));
        duties.extend(self.referrals.iter().filter_map(|referral| {
            let (receipt, answer, basis) = referral.recipient.terms();
            let (kind, since, term) = match (referral.state(), &referral.receipt) {
                (ReferralState::Sent, _) => (DutyKind::Receipt, referral.sent_on, receipt),
                (ReferralState::Received, Some((on, _))) => (DutyKind::Answer, *on, answer),
                _ => return None,
            };
            let duty = clock.duty(kind, since, term).about(&referral.office).of(referral.ordinal);
            Some(Duty { basis, ..duty })
        }));
        let is_other = |duty: &Duty| duty.kind.owner() != Owner::Own;
        duties.sort_by_key(|duty| (duty.deadline.last_day, is_other(duty)));
        duties
    }

    /// The term of the state itself (arts 18, 64) as of `today`, or of the closing form.
    fn duty_of_state(&self, clock: &Clock<'_>) -> Option<Duty> {
        let kind = match self.state {
            LeadState::Verifying => DutyKind::Verify,
            LeadState::Filed => DutyKind::Decide,
            _ => return None,
        };
        let total = self.extensions.iter().fold(self.state.term()?, |total, more| match (total, more) {
            (Term::WorkingDays(n), Term::WorkingDays(more)) => Term::WorkingDays(n.saturating_add(*more)),
            (Term::Days(n), Term::Days(more)) => Term::Days(n.saturating_add(*more)),
            _ => total,
        });
        let still: Vec<(Date, Date)> =
            self.pauses.iter().map(|pause| (pause.from, pause.to.unwrap_or(clock.today))).collect();
        let deadline = clock.calendar.deadline_without(day(self.since), total, &still);
        let duty = clock.until(kind, day(self.since), deadline);
        Some(Duty { is_paused: self.pause().is_some(), ..duty })
    }

    /// The matter is to be sent within twenty-four hours once the head approved it.
    fn police_send(&self, clock: &Clock<'_>) -> Option<Duty> {
        let approved = self.tasks.iter().rev().find(|task| task.kind == TaskKind::PoliceApproval)?;
        let (on, _, true) = approved.ended.as_ref()? else { return None };
        let is_sent = self
            .referrals
            .iter()
            .any(|one| one.recipient == Recipient::Police && one.ordinal > approved.ordinal);
        // Hours do not stop for days off: the very next day, worked or not.
        let deadline = Deadline { last_day: on.tomorrow().unwrap_or(*on), assumed_years: Vec::new() };
        (!is_sent).then(|| clock.until(DutyKind::PoliceSend, *on, deadline).of(approved.ordinal))
    }
}

fn duties_of_case(case: &Case, clock: &Clock<'_>) -> Vec<Duty> {
    let mut duties = Vec::new();
    if case.state == CaseState::Reviewing {
        duties.push(clock.duty(DutyKind::Review, day(case.since), Term::WorkingDays(10)));
    }
    if let (CaseState::Informed, false, Some(at)) = (case.state, case.heard, case.informed_at) {
        duties.push(clock.duty(DutyKind::Hearing, day(at), Term::WorkingDays(5)));
    }
    let Some(ruling) = case.ruling.as_ref().filter(|_| case.state.is_open()) else { return duties };
    if case.served_at.is_none() && ruling.kind != DecisionKind::Discontinued {
        duties.push(clock.duty(DutyKind::Serve, day(ruling.at), Term::WorkingDays(7)));
    }
    if let (CaseState::Enforcing, Some(at)) = (case.state, case.served_at) {
        duties.push(clock.duty(DutyKind::Payment, day(at), Term::Days(15)));
    }
    if let Some(at) = case.executed_at {
        duties.push(clock.duty(DutyKind::CloseForm, day(at), Term::WorkingDays(15)));
    }
    duties
}

fn duty_of_task(task: &Task, clock: &Clock<'_>) -> Option<Duty> {
    if task.ended.is_some() {
        return None;
    }
    let (kind, term) = match task.kind {
        TaskKind::Assistance => (DutyKind::Assistance, Term::WorkingDays(15)),
        TaskKind::Preservation => (DutyKind::Preserve, Term::WorkingDays(7)),
        TaskKind::Seizure if task.extended => (DutyKind::Seizure, Term::Days(60)),
        TaskKind::Seizure => (DutyKind::Seizure, Term::Days(30)),
        TaskKind::Jurisdiction => (DutyKind::Jurisdiction, Term::WorkingDays(7)),
        TaskKind::PoliceApproval => (DutyKind::PoliceApproval, Term::Days(3)),
    };
    Some(clock.duty(kind, task.since, term).about(&task.what).of(task.ordinal))
}

struct Clock<'a> {
    calendar: &'a WorkCalendar,
    today: Date,
}

impl Clock<'_> {
    fn duty(&self, kind: DutyKind, since: Date, term: Term) -> Duty {
        self.until(kind, since, self.calendar.deadline(since, term))
    }

    fn until(&self, kind: DutyKind, since: Date, deadline: Deadline) -> Duty {
        Duty {
            kind,
            about: String::new(),
            ordinal: None,
            since,
            days_left: self.calendar.days_left(self.today, deadline.last_day),
            deadline,
            is_paused: false,
            basis: kind.basis(),
        }
    }
}

impl Duty {
    fn about(self, about: &str) -> Self {
        Self { about: about.to_owned(), ..self }
    }

    fn of(self, ordinal: u64) -> Self {
        Self { ordinal: Some(ordinal), ..self }
    }
}
