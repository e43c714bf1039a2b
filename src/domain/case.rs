//! 案件: the lead from its filing on.
//!
//! Lead and case are one matter with one log: a case is read from the steps of its lead, so nothing can stand in the one
//! and not in the other, and the clock passes over without a gap.

use super::lead::LeadId;
use super::step::{DecisionKind, LeadStep, Step};
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a case: `c-` and what follows `l-` in the name of its lead.
    CaseId
);

impl CaseId {
    /// The case of a lead.
    pub fn of(lead: &LeadId) -> Self {
        let text = lead.as_str();
        Self(format!("c-{}", text.strip_prefix("l-").unwrap_or(text)))
    }

    /// The lead that became this case.
    ///
    /// # Errors
    /// [`crate::kit::id::ParseIdError`] when it is no name of a case.
    pub fn lead(&self) -> Result<LeadId, crate::kit::id::ParseIdError> {
        match self.0.strip_prefix("c-") {
            Some(rest) => LeadId::parse(&format!("l-{rest}")),
            None => {
                Err(crate::kit::id::ParseIdError { kind: "CaseId", text: self.0.chars().take(100).collect() })
            }
        }
    }
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CaseState {
    /// 调查取证 (arts 21–48).
    Investigating,
    /// 审核中 (arts 49–55).
    Reviewing,
    /// 审核通过，待告知或待决定 (art 56).
    Reviewed,
    /// 已告知，听取陈述申辩 (arts 57, 58).
    Informed,
    /// 已决定，待送达 (arts 60, 81).
    Decided,
    /// 已送达，执行中 (arts 71–76).
    Enforcing,
    /// 待结案 (art 77).
    Executed,
    /// 已结案.
    Closed,
    /// 已移送.
    Transferred,
}

impl CaseState {
    /// Every state, in the order of the work.
    pub const ALL: [Self; 9] = [
        Self::Investigating,
        Self::Reviewing,
        Self::Reviewed,
        Self::Informed,
        Self::Decided,
        Self::Enforcing,
        Self::Executed,
        Self::Closed,
        Self::Transferred,
    ];

    /// Stable name for commands, forms and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Reviewing => "reviewing",
            Self::Reviewed => "reviewed",
            Self::Informed => "informed",
            Self::Decided => "decided",
            Self::Enforcing => "enforcing",
            Self::Executed => "executed",
            Self::Closed => "closed",
            Self::Transferred => "transferred",
        }
    }

    /// The state with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether something remains to be done.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Transferred)
    }
}

/// The decision on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// When.
    pub at: UnixMs,
    /// Which.
    pub kind: DecisionKind,
    /// In words.
    pub outcome: String,
    /// 决定书文号.
    pub number: String,
}

/// A case as the steps made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// When it was filed.
    pub filed_at: UnixMs,
    /// 办案人员.
    pub officers: Vec<String>,
    /// Who approved the filing.
    pub approver: String,
    /// 案号; blank when not given.
    pub number: String,
    /// 当事人; blank when not known.
    pub party: String,
    /// Where it stands.
    pub state: CaseState,
    /// When it entered that state.
    pub since: UnixMs,
    /// When the party was told of what is intended.
    pub informed_at: Option<UnixMs>,
    /// Whether the party was heard, or gave that up in writing.
    pub heard: bool,
    /// What was decided.
    pub ruling: Option<Ruling>,
    /// When the decision was served.
    pub served_at: Option<UnixMs>,
    /// When it was carried out, or, where nothing is to be carried out, decided.
    pub executed_at: Option<UnixMs>,
}

impl Case {
    pub(super) fn file(
        lead: &LeadId,
        at: UnixMs,
        officers: &[String],
        approver: &str,
        number: &str,
        party: &str,
    ) -> Self {
        Self {
            id: CaseId::of(lead),
            filed_at: at,
            officers: officers.to_vec(),
            approver: approver.to_owned(),
            number: number.to_owned(),
            party: party.to_owned(),
            state: CaseState::Investigating,
            since: at,
            informed_at: None,
            heard: false,
            ruling: None,
            served_at: None,
            executed_at: None,
        }
    }

    pub(super) fn enter(&mut self, state: CaseState, at: UnixMs) {
        self.state = state;
        self.since = at;
    }

    pub(super) fn advance(&mut self, step: &LeadStep) {
        let at = step.at;
        match &step.step {
            Step::Submit { .. } => self.enter(CaseState::Reviewing, at),
            Step::Review { agreed: true, .. } => self.enter(CaseState::Reviewed, at),
            Step::Review { agreed: false, .. } => self.enter(CaseState::Investigating, at),
            Step::Inform { .. } => {
                self.informed_at = Some(at);
                self.heard = false;
                self.enter(CaseState::Informed, at);
            }
            Step::Hear { .. } => self.heard = true,
            Step::Decide { outcome, kind, number } => {
                let (outcome, number) = (outcome.clone(), number.clone());
                self.ruling = Some(Ruling { at, kind: *kind, outcome, number });
                if *kind == DecisionKind::Penalty {
                    self.enter(CaseState::Decided, at);
                } else {
                    self.executed_at = Some(at);
                    self.enter(CaseState::Executed, at);
                }
            }
            Step::Serve { .. } => {
                self.served_at = Some(at);
                if self.state == CaseState::Decided {
                    self.enter(CaseState::Enforcing, at);
                }
            }
            Step::Execute { .. } => {
                self.executed_at = Some(at);
                self.enter(CaseState::Executed, at);
            }
            Step::Close { .. } => self.enter(CaseState::Closed, at),
            _ => {}
        }
    }
}
