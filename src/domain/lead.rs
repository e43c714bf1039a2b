//! 线索: what an accepting decision opens, its steps, and the clock of each state.
//!
//! Steps are appended and never changed; [`Lead::replay`] derives state and deadline from them. Article numbers are
//! those of 市场监督管理行政处罚程序规定 unless another law is named.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::calendar::{Deadline, Term, WorkCalendar};
use super::finding::FindingId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a lead: `l-` and what follows `f-` in the name of its finding. A finding has one lead.
    LeadId
);

impl LeadId {
    /// The lead of a finding.
    pub fn of(finding: &FindingId) -> Self {
        let text = finding.as_str();
        Self(format!("l-{}", text.strip_prefix("f-").unwrap_or(text)))
    }
}

/// Where a lead stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeadState {
    /// 核查: art 18 gives 15 working days, and 15 more once.
    Verifying,
    /// 已立案: art 64 gives 90 days to the decision, and 30 more once.
    Filed,
    /// 已决定: art 77 gives 15 working days to the closing form.
    Decided,
    /// 不予立案, art 20.
    Declined,
    /// 已移送: another office or the police has the matter.
    Transferred,
    /// 已结案.
    Closed,
    /// 已撤回: the decision that opened it was taken back.
    Withdrawn,
}

impl LeadState {
    /// Every state, in the order of the work.
    pub const ALL: [Self; 7] = [
        Self::Verifying,
        Self::Filed,
        Self::Decided,
        Self::Declined,
        Self::Transferred,
        Self::Closed,
        Self::Withdrawn,
    ];

    /// Stable name for commands, forms and the `lead` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verifying => "verifying",
            Self::Filed => "filed",
            Self::Decided => "decided",
            Self::Declined => "declined",
            Self::Transferred => "transferred",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether something remains to be done.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Verifying | Self::Filed | Self::Decided)
    }

    /// What the law gives for this state, and what one extension adds.
    fn terms(self) -> Option<(Term, Option<Term>)> {
        match self {
            Self::Verifying => Some((Term::WorkingDays(15), Some(Term::WorkingDays(15)))),
            Self::Filed => Some((Term::Days(90), Some(Term::Days(30)))),
            Self::Decided => Some((Term::WorkingDays(15), None)),
            Self::Declined | Self::Transferred | Self::Closed | Self::Withdrawn => None,
        }
    }

    /// The rule that sets the term of this state.
    pub fn basis(self) -> Option<&'static str> {
        match self {
            Self::Verifying => Some("市场监督管理行政处罚程序规定第十八条"),
            Self::Filed => Some("市场监督管理行政处罚程序规定第六十四条"),
            Self::Decided => Some("市场监督管理行政处罚程序规定第七十七条"),
            Self::Declined | Self::Transferred | Self::Closed | Self::Withdrawn => None,
        }
    }
}

/// Why nothing is filed, art 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclineGround {
    /// 违法行为轻微并及时改正，没有造成危害后果.
    MinorCorrected,
    /// 初次违法且危害后果轻微并及时改正.
    FirstCorrected,
    /// 当事人有证据足以证明没有主观过错.
    NoFault,
    /// 依法可以不予立案的其他情形, said in the note.
    Other,
}

impl DeclineGround {
    /// Every ground.
    pub const ALL: [Self; 4] = [Self::MinorCorrected, Self::FirstCorrected, Self::NoFault, Self::Other];

    /// Stable name for commands and forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MinorCorrected => "minor-corrected",
            Self::FirstCorrected => "first-corrected",
            Self::NoFault => "no-fault",
            Self::Other => "other",
        }
    }

    /// The ground with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str() == text)
    }
}

/// To whom something is referred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// 处置非法集资牵头部门: finds whether 涉嫌非法集资 is 非法集资 (条例 arts 11, 19). Track A goes on here.
    LeadDepartment,
    /// 行业主管、监管部门. Track A goes on here.
    SectorRegulator,
    /// 其他市场监督管理部门, which has jurisdiction (arts 14, 17): the matter goes there.
    OtherOffice,
    /// 公安机关 (行政执法机关移送涉嫌犯罪案件的规定): the matter goes there; a penalty may not replace it.
    Police,
}

impl Recipient {
    /// Every recipient.
    pub const ALL: [Self; 4] = [Self::LeadDepartment, Self::SectorRegulator, Self::OtherOffice, Self::Police];

    /// Stable name for commands and forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeadDepartment => "lead-department",
            Self::SectorRegulator => "sector-regulator",
            Self::OtherOffice => "other-office",
            Self::Police => "police",
        }
    }

    /// The recipient with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipient| recipient.as_str() == text)
    }

    /// Whether the matter leaves this office.
    pub fn takes_over(self) -> bool {
        matches!(self, Self::OtherOffice | Self::Police)
    }
}

/// What was done on a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// 延长期限, once per state, approved by the chief.
    Extend {
        /// 批准人.
        approver: String,
        /// Why.
        reason: String,
    },
    /// 立案 (art 19): at least two officers.
    File {
        /// 办案人员.
        officers: Vec<String>,
        /// 批准人.
        approver: String,
    },
    /// 不予立案 (art 20).
    Decline {
        /// Which ground.
        ground: DeclineGround,
        /// 批准人.
        approver: String,
        /// Further words.
        note: String,
    },
    /// 移送 or 函告.
    Refer {
        /// What kind of office.
        recipient: Recipient,
        /// Its name.
        office: String,
        /// Further words.
        note: String,
    },
    /// 处理决定 (art 60).
    Decide {
        /// The decision in words.
        outcome: String,
    },
    /// 结案.
    Close {
        /// Further words.
        note: String,
    },
    /// 撤回: the decision on the finding was undone before anything was done here.
    Withdraw,
    /// 重新登记: the finding was accepted again.
    Reopen,
}

impl Step {
    /// Stable name for the audit trail.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Extend { .. } => "extend",
            Self::File { .. } => "file",
            Self::Decline { .. } => "decline",
            Self::Refer { .. } => "refer",
            Self::Decide { .. } => "decide",
            Self::Close { .. } => "close",
            Self::Withdraw => "withdraw",
            Self::Reopen => "reopen",
        }
    }
}

/// A step as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadStep {
    /// When.
    pub at: UnixMs,
    /// Who recorded it.
    pub actor: String,
    /// What.
    pub step: Step,
}

/// Why a step is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// The state does not allow it.
    #[error("{id} 处于“{state}”，不能执行“{step}” ({id} is {state}; `{step}` is not possible)")]
    State {
        /// Which lead.
        id: LeadId,
        /// Its state.
        state: &'static str,
        /// The step.
        step: &'static str,
    },
    /// An extension was granted already.
    #[error("{id} 的期限已延长过一次，不能再次延长 ({id} was extended once; the rules allow no second time)")]
    ExtendedAlready {
        /// Which lead.
        id: LeadId,
    },
    /// A field is missing or blank.
    #[error("{field}: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it needs.
        why: &'static str,
    },
}

/// A lead as its steps made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Its name.
    pub id: LeadId,
    /// What it came from.
    pub finding_id: FindingId,
    /// When it was registered; the first day of the first term.
    pub opened_at: UnixMs,
    /// Where it stands.
    pub state: LeadState,
    /// When it entered that state.
    pub since: UnixMs,
    /// Whether the term of that state was extended.
    pub extended: bool,
    /// What was done, oldest first.
    pub steps: Vec<LeadStep>,
}

impl Lead {
    /// A lead just registered.
    pub fn open(finding_id: FindingId, opened_at: UnixMs) -> Self {
        Self {
            id: LeadId::of(&finding_id),
            finding_id,
            opened_at,
            state: LeadState::Verifying,
            since: opened_at,
            extended: false,
            steps: Vec::new(),
        }
    }

    /// The lead that recorded steps make. Steps were checked when they were recorded; one that would be refused today
    /// is kept and changes nothing.
    pub fn replay(finding_id: FindingId, opened_at: UnixMs, steps: Vec<LeadStep>) -> Self {
        let mut lead = Self::open(finding_id, opened_at);
        for step in steps {
            if lead.apply(step.clone()).is_err() {
                lead.steps.push(step);
            }
        }
        lead
    }

    /// Does the step.
    ///
    /// # Errors
    /// [`StepRefused`]; nothing is changed then.
    pub fn apply(&mut self, step: LeadStep) -> Result<(), StepRefused> {
        check_fields(&step.step)?;
        let next = self.after(&step.step)?;
        match next {
            Some(state) => {
                self.state = state;
                self.since = step.at;
                self.extended = false;
            }
            None => self.extended |= matches!(step.step, Step::Extend { .. }),
        }
        self.steps.push(step);
        Ok(())
    }

    /// The last day of the present term; `None` when nothing remains to be done.
    pub fn deadline(&self, calendar: &WorkCalendar) -> Option<Deadline> {
        let (term, extension) = self.state.terms()?;
        let total = match (term, extension.filter(|_| self.extended)) {
            (Term::WorkingDays(n), Some(Term::WorkingDays(more))) => Term::WorkingDays(n + more),
            (Term::Days(n), Some(Term::Days(more))) => Term::Days(n + more),
            _ => term,
        };
        Some(calendar.deadline(day(self.since), total))
    }

    /// Whether anything was done since it was registered.
    pub fn is_untouched(&self) -> bool {
        self.steps.iter().rev().take_while(|step| step.step != Step::Reopen).count() == 0
    }

    /// The state after `step`; `None` when it stays.
    fn after(&self, step: &Step) -> Result<Option<LeadState>, StepRefused> {
        use LeadState as S;
        let next = match (self.state, step) {
            (S::Verifying | S::Filed, Step::Extend { .. }) if self.extended => {
                return Err(StepRefused::ExtendedAlready { id: self.id.clone() });
            }
            (S::Verifying | S::Filed, Step::Extend { .. }) => None,
            (S::Verifying, Step::File { .. }) => Some(S::Filed),
            (S::Verifying, Step::Decline { .. }) => Some(S::Declined),
            (S::Verifying | S::Filed | S::Decided, Step::Refer { recipient, .. }) => {
                recipient.takes_over().then_some(S::Transferred)
            }
            (S::Filed, Step::Decide { .. }) => Some(S::Decided),
            (S::Decided, Step::Close { .. }) => Some(S::Closed),
            (S::Verifying, Step::Withdraw) if self.is_untouched() => Some(S::Withdrawn),
            (S::Withdrawn, Step::Reopen) => Some(S::Verifying),
            _ => {
                return Err(StepRefused::State {
                    id: self.id.clone(),
                    state: self.state.as_str(),
                    step: step.as_str(),
                });
            }
        };
        Ok(next)
    }
}

/// The day in China on which something happened.
pub fn day(at: UnixMs) -> Date {
    at.zoned("Asia/Shanghai").map_or(Date::ZERO, |zoned| zoned.date())
}

fn check_fields(step: &Step) -> Result<(), StepRefused> {
    let filled = |field: &'static str, text: &str| match text.trim() {
        "" => Err(StepRefused::Field { field, why: "不能为空 (must not be blank)" }),
        text if text.chars().count() > 2_000 => {
            Err(StepRefused::Field { field, why: "不超过 2000 字 (at most 2000 characters)" })
        }
        _ => Ok(()),
    };
    match step {
        Step::Extend { approver, reason } => {
            filled("approver", approver)?;
            filled("reason", reason)
        }
        Step::File { officers, approver } => {
            filled("approver", approver)?;
            let mut names: Vec<&str> = officers.iter().map(|name| name.trim()).collect();
            names.retain(|name| !name.is_empty());
            names.sort_unstable();
            names.dedup();
            if names.len() < 2 {
                let why = "办案人员不得少于两人 (at least two officers, art 19)";
                return Err(StepRefused::Field { field: "officer", why });
            }
            Ok(())
        }
        Step::Decline { ground, approver, note } => {
            filled("approver", approver)?;
            if *ground == DeclineGround::Other { filled("note", note) } else { Ok(()) }
        }
        Step::Refer { office, .. } => filled("office", office),
        Step::Decide { outcome } => filled("outcome", outcome),
        Step::Close { .. } | Step::Withdraw | Step::Reopen => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const DAY_MS: i64 = 86_400_000;
    /// 2026-03-02 08:00 in Beijing, a Monday.
    const FOUND: UnixMs = UnixMs(1_772_409_600_000);

    fn calendar() -> WorkCalendar {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/calendar.toml"));
        WorkCalendar::parse(text).0
    }

    fn lead() -> Lead {
        Lead::open(FindingId::parse("f-0a1b").unwrap(), FOUND)
    }

    fn after_days(n: i64, step: Step) -> LeadStep {
        LeadStep { at: FOUND.plus_ms(n * DAY_MS), actor: "王芳".to_owned(), step }
    }

    fn extend() -> Step {
        Step::Extend { approver: "陈局".to_owned(), reason: "需异地协查".to_owned() }
    }

    fn file() -> Step {
        Step::File { officers: vec!["王芳".to_owned(), "李强".to_owned()], approver: "陈局".to_owned() }
    }

    fn refer(recipient: Recipient) -> Step {
        Step::Refer { recipient, office: "江州市地方金融管理局".to_owned(), note: String::new() }
    }

    fn last_day(lead: &Lead) -> Option<Date> {
        lead.deadline(&calendar()).map(|deadline| deadline.last_day)
    }

    #[test]
    fn the_clock_follows_the_states() {
        let mut lead = lead();
        assert_eq!(lead.id.as_str(), "l-0a1b");
        assert_eq!(last_day(&lead), Some(date(2026, 3, 23)), "15 working days");
        lead.apply(after_days(3, extend())).unwrap();
        assert_eq!(last_day(&lead), Some(date(2026, 4, 14)), "30 working days with 清明");
        lead.apply(after_days(10, file())).unwrap();
        assert_eq!(lead.state, LeadState::Filed);
        assert_eq!(last_day(&lead), Some(date(2026, 6, 10)), "90 days from filing");
        lead.apply(after_days(20, extend())).unwrap();
        assert_eq!(last_day(&lead), Some(date(2026, 7, 10)), "30 days more");
        lead.apply(after_days(60, Step::Decide { outcome: "罚款十万元".to_owned() })).unwrap();
        assert_eq!(last_day(&lead), Some(date(2026, 5, 25)), "15 working days to the closing form");
        lead.apply(after_days(65, Step::Close { note: String::new() })).unwrap();
        assert_eq!((lead.state, last_day(&lead)), (LeadState::Closed, None));
        assert_eq!(Lead::replay(lead.finding_id.clone(), FOUND, lead.steps.clone()), lead);
    }

    #[test]
    fn a_second_extension_of_the_same_term_is_refused() {
        let mut lead = lead();
        lead.apply(after_days(1, extend())).unwrap();
        let refused = lead.apply(after_days(2, extend())).unwrap_err();
        assert!(matches!(refused, StepRefused::ExtendedAlready { .. }), "{refused}");
        assert_eq!(lead.steps.len(), 1, "nothing is changed");
    }

    #[test]
    fn a_referral_on_track_b_leaves_track_a_running_and_a_transfer_ends_it() {
        for (recipient, state) in [
            (Recipient::LeadDepartment, LeadState::Verifying),
            (Recipient::SectorRegulator, LeadState::Verifying),
            (Recipient::OtherOffice, LeadState::Transferred),
            (Recipient::Police, LeadState::Transferred),
        ] {
            let mut lead = lead();
            lead.apply(after_days(1, refer(recipient))).unwrap();
            assert_eq!(lead.state, state, "{recipient:?}");
            assert_eq!(last_day(&lead).is_some(), state.is_open());
        }
    }

    #[test]
    fn only_an_untouched_lead_is_withdrawn_and_a_reopened_one_starts_anew() {
        let mut one = lead();
        one.apply(after_days(1, Step::Withdraw)).unwrap();
        assert_eq!(one.state, LeadState::Withdrawn);
        one.apply(after_days(7, Step::Reopen)).unwrap();
        assert_eq!(last_day(&one), Some(date(2026, 3, 30)));
        one.apply(after_days(8, Step::Withdraw)).unwrap();
        let mut two = lead();
        two.apply(after_days(1, refer(Recipient::LeadDepartment))).unwrap();
        assert!(two.apply(after_days(2, Step::Withdraw)).is_err());
    }

    #[test]
    fn steps_out_of_order_or_incomplete_are_refused_by_name() {
        let blank = String::new;
        let cases = [
            (Step::Decide { outcome: "警告".to_owned() }, "decide"),
            (Step::Close { note: blank() }, "close"),
            (Step::Reopen, "reopen"),
            (Step::Extend { approver: " ".to_owned(), reason: "忙".to_owned() }, "approver"),
            (
                Step::File {
                    officers: vec!["王芳".to_owned(), " 王芳 ".to_owned()],
                    approver: "陈局".to_owned(),
                },
                "officer",
            ),
            (
                Step::Decline { ground: DeclineGround::Other, approver: "陈局".to_owned(), note: blank() },
                "note",
            ),
            (Step::Refer { recipient: Recipient::Police, office: blank(), note: blank() }, "office"),
        ];
        for (step, named) in cases {
            let refused = lead().apply(after_days(1, step)).unwrap_err().to_string();
            assert!(refused.contains(named), "{refused}");
        }
    }
}
