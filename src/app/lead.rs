//! Use cases of leads: what is due, and the steps from verification to the closing form.

use crate::domain::calendar::{Deadline, WorkCalendar};
use crate::domain::case::{Case, CaseState};
use crate::domain::duty::{Duty, DutyKind, Owner};
use crate::domain::finding::FindingId;
use crate::domain::lead::{DecisionKind, Lead, LeadId, LeadState, LeadStep, Step, StepRefused, day};
use crate::domain::review::{Decision, Verdict};
use crate::domain::user::{Actor, Permission};
use crate::kit::clock::UnixMs;
use crate::store::audit::AuditNote;
use crate::store::lead::{LeadChange, StepRecord};

use super::error::{Error, Result};
use super::recheck::first_due;
use super::users::require;
use super::{App, Config};

pub use crate::store::lead::ListedLead;

/// Leads that a list reads at most.
const MAX_LISTED: u32 = 5_000;

/// Working days before a deadline on which the daily mail names a lead.
pub const ALERT_DAYS: [i64; 3] = [5, 2, 0];

/// Which leads are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadFilter {
    /// Something remains to be done.
    Open,
    /// Something remains to be done and the last day has passed.
    Overdue,
    /// In one state.
    In(LeadState),
    /// All.
    All,
}

/// Which cases are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseFilter {
    /// Something remains to be done.
    Open,
    /// Something remains to be done and a last day has passed.
    Overdue,
    /// In one state.
    In(CaseState),
    /// All.
    All,
}

/// A lead with its clock.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadView {
    /// The lead and its ad.
    pub listed: ListedLead,
    /// Everything with a last day, the earliest first.
    pub duties: Vec<Duty>,
}

impl LeadView {
    /// A lead as of `today`.
    pub fn at(listed: ListedLead, calendar: &WorkCalendar, today: jiff::civil::Date) -> Self {
        Self { duties: listed.lead.duties(calendar, today), listed }
    }

    /// The lead.
    pub fn lead(&self) -> &Lead {
        &self.listed.lead
    }

    /// The case, from its filing on.
    pub fn case(&self) -> Option<&Case> {
        self.listed.lead.case.as_ref()
    }

    /// What this office must do next; `None` when nothing remains to be done here.
    pub fn next_duty(&self) -> Option<&Duty> {
        self.duties.iter().find(|duty| duty.kind.owner() == Owner::Own)
    }

    /// The last day of what must be done next.
    pub fn deadline(&self) -> Option<&Deadline> {
        self.next_duty().map(|duty| &duty.deadline)
    }

    /// Working days left for it, 0 on the last day, negative after it.
    pub fn days_left(&self) -> Option<i64> {
        self.next_duty().map(|duty| duty.days_left)
    }

    /// Title of the ad, or how its words begin.
    pub fn title(&self) -> String {
        let draft = &self.listed.ad.draft;
        draft.title.clone().unwrap_or_else(|| draft.text.chars().take(30).collect())
    }

    /// Whether a last day of this office has passed.
    pub fn is_overdue(&self) -> bool {
        self.duties.iter().any(Duty::is_overdue)
    }
}

impl App {
    /// Leads, the most urgent first; without a deadline the newest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn leads(&self, filter: LeadFilter) -> Result<Vec<LeadView>> {
        let wanted = |state: &LeadState| match filter {
            LeadFilter::All => true,
            LeadFilter::Open | LeadFilter::Overdue => state.is_open(),
            LeadFilter::In(one) => *state == one,
        };
        let states: Vec<LeadState> = LeadState::ALL.into_iter().filter(wanted).collect();
        let listed = self.store.leads(&states, MAX_LISTED).await?;
        let mut views = self.with_clocks(listed);
        if filter == LeadFilter::Overdue {
            views.retain(LeadView::is_overdue);
        }
        Ok(views)
    }

    /// Cases, the most urgent first; without a deadline the newest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn cases(&self, filter: CaseFilter) -> Result<Vec<LeadView>> {
        let states: &[LeadState] = match filter {
            CaseFilter::Open | CaseFilter::Overdue => &[LeadState::Filed, LeadState::Decided],
            CaseFilter::In(CaseState::Closed) => &[LeadState::Closed],
            CaseFilter::In(CaseState::Transferred) => &[LeadState::Transferred],
            CaseFilter::In(_) => &[LeadState::Filed, LeadState::Decided],
            CaseFilter::All => {
                &[LeadState::Filed, LeadState::Decided, LeadState::Transferred, LeadState::Closed]
            }
        };
        let mut views = self.with_clocks(self.store.leads(states, MAX_LISTED).await?);
        views.retain(|view| match (filter, view.case()) {
            (_, None) => false,
            (CaseFilter::In(state), Some(case)) => case.state == state,
            (CaseFilter::Overdue, Some(_)) => view.is_overdue(),
            (CaseFilter::Open | CaseFilter::All, Some(_)) => true,
        });
        Ok(views)
    }

    /// One lead.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn lead(&self, id: &LeadId) -> Result<LeadView> {
        let listed = self.store.lead(id).await?;
        let listed = listed.ok_or_else(|| Error::NotFound { kind: "lead", id: id.to_string() })?;
        Ok(LeadView::at(listed, &self.calendar, self.today()))
    }

    /// Records a step on a lead that had `n_seen` steps when the person looked (`None`: as it stands now); step and
    /// audit entry are one transaction.
    ///
    /// # Errors
    /// `Forbidden` when the role may not;
    /// `Conflict` when the state does not allow the step or someone was faster; `Invalid` names a field;
    /// `NotFound`.
    pub async fn record_step(
        &self,
        actor: &Actor,
        id: &LeadId,
        step: Step,
        n_seen: Option<u64>,
    ) -> Result<LeadView> {
        require(actor, Permission::Decide)?;
        if matches!(step, Step::Withdraw | Step::Reopen | Step::Letter { .. }) {
            let why =
                "撤回与重新登记随审核决定发生；请在队列中撤销或重新认定 (undo or accept the finding instead)";
            return Err(Error::Conflict(why.to_owned()));
        }
        let view = self.lead(id).await?;
        check_hearing(&view, &step)?;
        let mut record = self.next_step(view.lead(), actor, self.clock.now(), step)?;
        record.n_seen = n_seen.unwrap_or(record.n_seen);
        let audit = AuditNote {
            at: record.step.at,
            actor: actor.clone(),
            action: format!("lead.{}", record.step.step.as_str()),
            object: id.to_string(),
            detail: serde_json::json!({ "step": record.step.step, "state": record.state.as_str() }),
        };
        self.store.record_step(&record, &audit).await?;
        self.lead(id).await
    }

    /// What a decision on a finding does to its lead.
    pub(super) async fn lead_change(&self, actor: &Actor, decision: &Decision) -> Result<Option<LeadChange>> {
        let id = LeadId::of(&decision.finding_id);
        let known = self.store.lead(&id).await?.map(|listed| listed.lead);
        let step = |lead: &Lead, step: Step| {
            self.next_step(lead, actor, decision.at, step).map(|record| Some(LeadChange::Step(record)))
        };
        match (&decision.verdict, known) {
            (Verdict::Accept { .. }, None) => Ok(Some(LeadChange::Open { at: decision.at })),
            (Verdict::Accept { .. }, Some(lead)) => step(&lead, Step::Reopen),
            (Verdict::Undo, Some(lead)) if lead.state != LeadState::Withdrawn => step(&lead, Step::Withdraw)
                .map_err(|_| Error::Conflict(withdraw_refused(&decision.finding_id, &lead))),
            (Verdict::Undo | Verdict::Dismiss { .. } | Verdict::NeedEvidence | Verdict::AskSecond, _) => {
                Ok(None)
            }
        }
    }

    fn with_clocks(&self, listed: Vec<ListedLead>) -> Vec<LeadView> {
        let today = self.today();
        let at = |listed| LeadView::at(listed, &self.calendar, today);
        let mut views: Vec<LeadView> = listed.into_iter().map(at).collect();
        views.sort_by_key(|view| view.deadline().map_or(jiff::civil::Date::MAX, |due| due.last_day));
        views
    }

    /// A step with everything that is written together with it.
    fn next_step(&self, lead: &Lead, actor: &Actor, at: UnixMs, step: Step) -> Result<StepRecord> {
        let step = LeadStep { at, actor: actor.name().to_owned(), step };
        let mut after = lead.clone();
        after.apply(step.clone()).map_err(|refused| match refused {
            StepRefused::Field { field, why } => Error::invalid(field, why),
            other => Error::Conflict(other.to_string()),
        })?;
        let event = if after.case.is_some() { "case.step" } else { "lead.step" };
        let what = serde_json::json!({ "step": step.step.as_str(), "number": after.steps.len() });
        let recheck_at = match &step.step {
            Step::Order { .. } => after.orders.last().and_then(|order| first_due(order.by)),
            _ => None,
        };
        Ok(StepRecord {
            lead_id: lead.id.clone(),
            n_seen: lead.steps.len() as u64,
            notices: self.hooks(event, &after, what, at),
            step,
            state: after.state,
            recheck_at,
        })
    }

    /// The present day in China.
    pub(super) fn today(&self) -> jiff::civil::Date {
        day(self.clock.now())
    }
}

/// A penalty is decided after the party was heard, gave that up, or let its five working days pass (arts 57, 58).
fn check_hearing(view: &LeadView, step: &Step) -> Result<()> {
    let Step::Decide { kind: DecisionKind::Penalty, .. } = step else { return Ok(()) };
    let waits = |duty: &&Duty| duty.kind == DutyKind::Hearing && duty.days_left >= 0;
    match view.duties.iter().find(waits) {
        None => Ok(()),
        Some(duty) => Err(Error::Conflict(format!(
            "当事人陈述、申辩、要求听证的期限到 {} 止（第五十七条）；期满前作出决定，须先记录已听取意见或当事人书面放弃              (the party may be heard until {}; record that it was heard or gave that up)",
            duty.deadline.last_day, duty.deadline.last_day
        ))),
    }
}

/// The working days in force: those of the rule folder, or the built-in ones.
///
/// # Errors
/// `Invalid` names what in `calendar.toml` cannot be read.
pub(super) fn calendar(config: &Config) -> Result<WorkCalendar> {
    const BUILT_IN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/calendar.toml"));
    let file = config.patterns.as_ref().map(|folder| folder.join("calendar.toml"));
    let text = match file.filter(|file| file.exists()) {
        None => BUILT_IN.to_owned(),
        Some(file) => std::fs::read_to_string(&file)
            .map_err(|error| Error::invalid("patterns", format!("{}: {error}", file.display())))?,
    };
    let (calendar, problems) = WorkCalendar::parse(&text);
    match problems.first() {
        None => Ok(calendar),
        Some(problem) => Err(Error::invalid("calendar.toml", problem.to_string())),
    }
}

fn withdraw_refused(finding: &FindingId, lead: &Lead) -> String {
    format!(
        "{finding} 的线索 {} 已有办理记录（{}），不能撤销认定；请在线索中作出处理 \
         (work on lead {} has begun; decide there instead of undoing)",
        lead.id,
        lead.state.as_str(),
        lead.id
    )
}
