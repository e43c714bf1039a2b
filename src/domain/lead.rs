//! 线索: what an accepting decision opens, its steps, and where it stands.
//!
//! Steps are appended and never changed; [`Lead::replay`] derives state, referrals, tasks and the case from them, and
//! [`super::duty`] derives deadlines. Article numbers are those of 市场监督管理行政处罚程序规定 unless another law is
//! named.

use jiff::civil::Date;

use super::calendar::Term;
use super::case::{Case, CaseState};
use super::finding::FindingId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

pub use super::referral::{Answer, Recipient, Referral};
pub use super::step::{DecisionKind, DeclineGround, LeadStep, PauseKind, Step, TaskKind};

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
    /// 已决定: to be served and carried out; then art 77 gives 15 working days to the closing form.
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

    /// What the law gives for this state.
    pub(super) fn term(self) -> Option<Term> {
        match self {
            Self::Verifying => Some(Term::WorkingDays(15)),
            Self::Filed => Some(Term::Days(90)),
            Self::Decided | Self::Declined | Self::Transferred | Self::Closed | Self::Withdrawn => None,
        }
    }

    /// What the first extension adds to it.
    pub(super) fn extension(self) -> Option<Term> {
        match self {
            Self::Verifying => Some(Term::WorkingDays(15)),
            Self::Filed => Some(Term::Days(30)),
            Self::Decided | Self::Declined | Self::Transferred | Self::Closed | Self::Withdrawn => None,
        }
    }
}

/// A time in which a term stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// By what; `None` while the matter was with an office that then refused it.
    pub kind: Option<PauseKind>,
    /// The day on which it stopped; that day still counts.
    pub from: Date,
    /// The last day that does not count; `None` while it stands still.
    pub to: Option<Date>,
}

/// Something with a term of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Which step began it, from 1.
    pub ordinal: u64,
    /// What kind.
    pub kind: TaskKind,
    /// With whom or on what.
    pub what: String,
    /// The day it began.
    pub since: Date,
    /// Whether its term was extended.
    pub extended: bool,
    /// The day it ended, how, and whether an approval was given.
    pub ended: Option<(Date, String, bool)>,
}

/// 责令: what was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNote {
    /// When.
    pub at: UnixMs,
    /// What, to whom.
    pub what: String,
    /// By which day it is to be done.
    pub by: Date,
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
    /// The rules do not allow it for a reason of their own.
    #[error("{why}")]
    Rule {
        /// Which reason, in both languages.
        why: &'static str,
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
    /// What was added to the term of that state.
    pub extensions: Vec<Term>,
    /// When the term of that state stood still.
    pub pauses: Vec<Pause>,
    /// What was referred, oldest first.
    pub referrals: Vec<Referral>,
    /// Things with a term of their own, oldest first.
    pub tasks: Vec<Task>,
    /// What was ordered, oldest first.
    pub orders: Vec<OrderNote>,
    /// The case, from its filing on.
    pub case: Option<Case>,
    /// What was done, oldest first.
    pub steps: Vec<LeadStep>,
    /// State and its term when the matter left this office.
    left: Option<Left>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Left {
    state: LeadState,
    since: UnixMs,
    extensions: Vec<Term>,
    pauses: Vec<Pause>,
    case_state: Option<CaseState>,
    referral: u64,
    on: Date,
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
            extensions: Vec::new(),
            pauses: Vec::new(),
            referrals: Vec::new(),
            tasks: Vec::new(),
            orders: Vec::new(),
            case: None,
            steps: Vec::new(),
            left: None,
        }
    }

    /// The lead that recorded steps make. Steps were checked when they were recorded: here only what they say counts,
    /// so that a rule that was added later does not unmake what was done.
    pub fn replay(finding_id: FindingId, opened_at: UnixMs, steps: Vec<LeadStep>) -> Self {
        let mut lead = Self::open(finding_id, opened_at);
        for step in steps {
            lead.advance(step);
        }
        lead
    }

    /// Does the step.
    ///
    /// # Errors
    /// [`StepRefused`]; nothing is changed then.
    pub fn apply(&mut self, step: LeadStep) -> Result<(), StepRefused> {
        self.check(&step.step)?;
        self.advance(step);
        Ok(())
    }

    /// Whether the step is possible now.
    ///
    /// # Errors
    /// [`StepRefused`] says why not.
    pub fn check(&self, step: &Step) -> Result<(), StepRefused> {
        step.check_fields().map_err(|(field, why)| StepRefused::Field { field, why })?;
        super::procedure::check(self, step)
    }

    /// Whether the term of the present state was extended.
    pub fn is_extended(&self) -> bool {
        !self.extensions.is_empty()
    }

    /// Since when and by what the term of the present state stands still.
    pub fn pause(&self) -> Option<&Pause> {
        self.pauses.last().filter(|pause| pause.to.is_none())
    }

    /// Whether anything was done since it was registered.
    pub fn is_untouched(&self) -> bool {
        self.steps.iter().rev().take_while(|step| step.step != Step::Reopen).count() == 0
    }

    fn advance(&mut self, step: LeadStep) {
        let on = day(step.at);
        let ordinal = self.steps.len() as u64 + 1;
        match &step.step {
            Step::Extend { days, of, .. } => self.extend(*days, *of),
            Step::Pause { kind, .. } => self.pauses.push(Pause { kind: Some(*kind), from: on, to: None }),
            Step::Resume { .. } => {
                if let Some(pause) = self.pauses.last_mut() {
                    pause.to.get_or_insert(on);
                }
            }
            Step::File { officers, approver, number, party } => {
                self.enter(LeadState::Filed, step.at);
                self.case = Some(Case::file(&self.id, step.at, officers, approver, number, party));
            }
            Step::Decline { .. } => self.enter(LeadState::Declined, step.at),
            Step::Refer { recipient, office, note, number } => {
                self.referrals.push(Referral {
                    ordinal,
                    sent_on: on,
                    recipient: *recipient,
                    office: office.clone(),
                    number: number.clone(),
                    note: note.clone(),
                    receipt: None,
                    answer: None,
                });
                if recipient.takes_over() {
                    self.leave(ordinal, on, step.at);
                }
            }
            Step::Receive { referral, on: signed, note } => {
                if let Some(known) = self.referrals.iter_mut().find(|known| known.ordinal == *referral) {
                    known.receipt = Some((signed.unwrap_or(on), note.clone()));
                }
            }
            Step::Answer { referral, answer, note } => {
                if let Some(known) = self.referrals.iter_mut().find(|known| known.ordinal == *referral) {
                    known.answer = Some((*answer, on, note.clone()));
                }
                let is_left = |left: &Left| left.referral == *referral;
                if *answer == Answer::Refused && self.left.as_ref().is_some_and(is_left) {
                    self.come_back(on, step.at);
                }
            }
            Step::Begin { task, what } => self.tasks.push(Task {
                ordinal,
                kind: *task,
                what: what.clone(),
                since: on,
                extended: false,
                ended: None,
            }),
            Step::End { of, result, approved } => {
                if let Some(task) = self.tasks.iter_mut().find(|task| task.ordinal == *of) {
                    task.ended = Some((on, result.clone(), *approved));
                }
            }
            Step::Order { what, by } => {
                self.orders.push(OrderNote { at: step.at, what: what.clone(), by: by.unwrap_or(on) });
            }
            Step::Decide { .. } => self.enter(LeadState::Decided, step.at),
            Step::Close { .. } => self.enter(LeadState::Closed, step.at),
            Step::Withdraw => self.enter(LeadState::Withdrawn, step.at),
            Step::Reopen => self.enter(LeadState::Verifying, step.at),
            Step::Submit { .. }
            | Step::Review { .. }
            | Step::Inform { .. }
            | Step::Hear { .. }
            | Step::Serve { .. }
            | Step::Execute { .. }
            | Step::Letter { .. } => {}
        }
        if let Some(case) = &mut self.case {
            case.advance(&step);
        }
        self.steps.push(step);
    }

    fn enter(&mut self, state: LeadState, at: UnixMs) {
        self.state = state;
        self.since = at;
        self.extensions.clear();
        self.pauses.clear();
    }

    fn extend(&mut self, days: Option<u16>, of: Option<u64>) {
        if let Some(of) = of {
            if let Some(task) = self.tasks.iter_mut().find(|task| task.ordinal == of) {
                task.extended = true;
            }
            return;
        }
        let extension = self.state.extension();
        self.extensions.extend(days.map(Term::Days).or(extension));
    }

    /// The matter goes to another office or the police.
    fn leave(&mut self, referral: u64, on: Date, at: UnixMs) {
        let left = Left {
            state: self.state,
            since: self.since,
            extensions: self.extensions.clone(),
            pauses: self.pauses.clone(),
            case_state: self.case.as_ref().map(|case| case.state),
            referral,
            on,
        };
        self.left = Some(left);
        self.enter(LeadState::Transferred, at);
        if let Some(case) = &mut self.case {
            case.enter(CaseState::Transferred, at);
        }
    }

    /// It was refused and is here again. Verification begins anew, because the material was received anew (art 18); the
    /// term of a case goes on without the time in which it was away.
    fn come_back(&mut self, on: Date, at: UnixMs) {
        let Some(left) = self.left.take() else { return };
        self.enter(left.state, at);
        if left.state != LeadState::Verifying {
            self.since = left.since;
            self.extensions = left.extensions;
            self.pauses = left.pauses;
            for pause in &mut self.pauses {
                pause.to.get_or_insert(left.on);
            }
            self.pauses.push(Pause { kind: None, from: left.on, to: Some(on) });
        }
        if let (Some(case), Some(state)) = (&mut self.case, left.case_state) {
            case.enter(state, at);
        }
    }
}

/// The day in China on which something happened.
pub fn day(at: UnixMs) -> Date {
    at.zoned("Asia/Shanghai").map_or(Date::ZERO, |zoned| zoned.date())
}

#[cfg(test)]
mod tests;
