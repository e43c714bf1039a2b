//! Leads: what is due, one lead or case with its duties, referrals and steps, and the forms of the steps that are
//! possible.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;

use super::lead_form::{StepForm, forms, referral_form, task_form};
use super::words::{SeverityShown, severity};
use crate::app;
use crate::app::lead::{LeadFilter, LeadView};
use crate::app::step::step_of;
use crate::domain::case::Case;
use crate::domain::duty::{Duty, Owner};
use crate::domain::lead::{LeadId, Referral, Task, day};
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, html, shorten, visible};
use crate::web::session::Flash;

const TITLE_CHARS: usize = 60;

#[derive(Template)]
#[template(path = "leads.html")]
struct ListPage {
    frame: Frame,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
}

/// Where the page of a lead or case is.
fn address(view: &LeadView) -> String {
    match view.case() {
        Some(case) => format!("/cases/{}", case.id),
        None => format!("/leads/{}", view.lead().id),
    }
}

pub(super) struct Tab {
    pub name: &'static str,
    pub href: String,
    pub current: bool,
}

pub(super) struct Row {
    pub id: String,
    pub lead_id: String,
    pub title: String,
    pub severity: SeverityShown,
    pub state: &'static str,
    /// What this office must do next.
    pub next: Option<&'static str>,
    pub due: Option<Due>,
    pub opened: When,
    pub party: String,
}

pub(super) struct Due {
    pub last_day: String,
    pub left: String,
    /// CSS class: `good`, `mixed`, `bad`.
    pub class: &'static str,
    pub assumed: bool,
}

#[derive(Template)]
#[template(path = "lead.html")]
struct Page {
    frame: Frame,
    row: Row,
    problem: Vec<String>,
    finding_id: String,
    case: Option<CaseShown>,
    text: String,
    duties: Vec<DutyShown>,
    referrals: Vec<ReferralShown>,
    tasks: Vec<TaskShown>,
    steps: Vec<StepShown>,
    n_steps: usize,
    forms: Vec<StepForm>,
}

struct CaseShown {
    number: String,
    party: String,
    officers: String,
    approver: String,
    filed: When,
    ruling: Option<String>,
}

struct DutyShown {
    name: &'static str,
    about: String,
    /// Whose it is.
    owner: &'static str,
    due: Due,
    basis: Option<&'static str>,
}

struct ReferralShown {
    recipient: &'static str,
    office: String,
    number: String,
    sent_on: String,
    state: &'static str,
    receipt: String,
    answer: String,
    form: Option<StepForm>,
}

struct TaskShown {
    name: &'static str,
    what: String,
    since: String,
    ended: String,
    form: Option<StepForm>,
}

struct StepShown {
    /// From 1: referrals and tasks are named by it.
    ordinal: usize,
    at: When,
    actor: String,
    label: &'static str,
    detail: String,
}

/// Which leads are asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    pub(super) state: Option<String>,
}

/// `GET /leads`.
pub async fn list(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let w = visit.lang.words();
    let views = [
        ("open", w.leads_open, LeadFilter::Open),
        ("overdue", w.leads_overdue, LeadFilter::Overdue),
        ("all", w.filter_state_all, LeadFilter::All),
    ];
    let asked = asked.state.as_deref().unwrap_or("open");
    // A name that is not known is as if not given: a filter is a view, not a command.
    let (current, _, filter) = views.into_iter().find(|(name, ..)| *name == asked).unwrap_or(views[0]);
    let leads = site.desk.leads(&visit.logged_in()?.actor, filter).await?;
    let page = ListPage {
        tabs: views
            .into_iter()
            .map(|(key, name, _)| Tab { name, href: format!("/leads?state={key}"), current: key == current })
            .collect(),
        rows: leads.iter().map(|view| row(visit.lang, view)).collect(),
        frame: Frame::new(&visit, "leads", w.leads_title).with_flash(&site, &visit),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `GET /leads/{id}`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let view = site.desk.lead(&visit.logged_in()?.actor, &id).await?;
    match view.case() {
        Some(_) => Ok(see_other(&address(&view))),
        None => render(&site, &visit, &id, StatusCode::OK, Vec::new()).await,
    }
}

/// `POST /leads/{id}/step`.
pub async fn step(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let seen = form.one("seen").parse().ok();
    let recorded = match step_of(form.one("step"), &|name: &str| form.one(name).to_owned()) {
        Ok(step) => site.desk.record_step(&form.session.actor, &id, step, seen).await,
        Err(why) => Err(why),
    };
    match recorded {
        Ok(view) => {
            let label = view.lead().steps.last().map_or("", |last| visit.lang.of(last.step.label()));
            site.flashes
                .tell(&form.session.id, Flash::good(format!("{}{label}", visit.lang.words().done_step)));
            Ok(see_other(&address(&view)))
        }
        Err(why @ (app::Error::Invalid(_) | app::Error::Conflict(_))) => {
            let failure = Failure::App(why);
            let explained = failure.explain(visit.lang);
            let problem = [vec![explained.sentence], explained.details].concat();
            render(&site, &visit, &id, failure.status(), problem).await
        }
        Err(other) => Err(other.into()),
    }
}

/// The page of a lead, or of the case that it became.
pub(super) async fn render(
    site: &Site,
    visit: &Visit,
    id: &LeadId,
    status: StatusCode,
    problem: Vec<String>,
) -> Result<Response, Failure> {
    let view = site.desk.lead(&visit.logged_in()?.actor, id).await?;
    let lead = view.lead();
    let lang = visit.lang;
    let row = row(lang, &view);
    let today = day(site.desk.now());
    let (part, name) = match lead.case {
        Some(_) => ("cases", lang.words().case),
        None => ("leads", lang.words().lead),
    };
    let page = Page {
        problem: problem.iter().map(|line| visible(line)).collect(),
        finding_id: lead.finding_id.to_string(),
        case: lead.case.as_ref().map(|case| case_shown(lang, case)),
        text: shorten(&visible(&view.listed.ad.draft.text), 400),
        duties: view.duties.iter().map(|duty| duty_shown(lang, duty)).collect(),
        referrals: lead.referrals.iter().map(|one| referral_shown(lang, one, today)).collect(),
        tasks: lead.tasks.iter().map(|task| task_shown(lang, task)).collect(),
        steps: lead
            .steps
            .iter()
            .enumerate()
            .map(|(at, step)| StepShown {
                ordinal: at + 1,
                at: step.at.into(),
                actor: visible(&step.actor),
                label: lang.of(step.step.label()),
                detail: visible(&step.step.detail()),
            })
            .collect(),
        n_steps: lead.steps.len(),
        forms: forms(lang, lead),
        frame: Frame::new(visit, part, format!("{name} {}", row.id)).with_flash(site, visit),
        row,
    };
    Ok(html(status, &page)?)
}

fn case_shown(lang: Lang, case: &Case) -> CaseShown {
    let ruling = case.ruling.as_ref().map(|ruling| {
        let parts = [lang.of(ruling.kind.label()), &ruling.number, &ruling.outcome];
        visible(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
    });
    CaseShown {
        number: visible(&case.number),
        party: visible(&case.party),
        officers: visible(&case.officers.join("、")),
        approver: visible(&case.approver),
        filed: case.filed_at.into(),
        ruling,
    }
}

fn duty_shown(lang: Lang, duty: &Duty) -> DutyShown {
    DutyShown {
        name: lang.of(duty.kind.label()),
        about: visible(&duty.about),
        owner: match duty.kind.owner() {
            Owner::Own => lang.pick("本部门", "this office"),
            Owner::Party => lang.pick("当事人", "the party"),
            Owner::Other => lang.pick("对方单位", "the other office"),
        },
        due: due(lang, duty),
        basis: duty.basis,
    }
}

fn referral_shown(lang: Lang, referral: &Referral, today: Date) -> ReferralShown {
    let dated = |on: &Date, text: &str| visible(&format!("{on} {text}"));
    ReferralShown {
        recipient: lang.of(referral.recipient.label()),
        office: visible(&referral.office),
        number: visible(&referral.number),
        sent_on: referral.sent_on.to_string(),
        state: lang.of(referral.state().label()),
        receipt: referral.receipt.as_ref().map(|(on, text)| dated(on, text)).unwrap_or_default(),
        answer: referral
            .answer
            .as_ref()
            .map(|(answer, on, text)| dated(on, &format!("{} {text}", lang.of(answer.label()))))
            .unwrap_or_default(),
        form: referral
            .answer
            .is_none()
            .then(|| referral_form(lang, referral.ordinal, referral.receipt.is_some(), today)),
    }
}

fn task_shown(lang: Lang, task: &Task) -> TaskShown {
    TaskShown {
        name: lang.of(task.kind.label()),
        what: visible(&task.what),
        since: task.since.to_string(),
        ended: task.ended.as_ref().map(|(on, text, _)| visible(&format!("{on} {text}"))).unwrap_or_default(),
        form: task.ended.is_none().then(|| task_form(lang, task.ordinal, task.kind)),
    }
}

pub(super) fn row(lang: Lang, view: &LeadView) -> Row {
    let lead = view.lead();
    Row {
        id: view.case().map_or_else(|| lead.id.to_string(), |case| case.id.to_string()),
        lead_id: lead.id.to_string(),
        title: shorten(&visible(&view.title()), TITLE_CHARS),
        severity: severity(lang, view.listed.severity),
        state: lang.of(lead.label()),
        next: view.next_duty().map(|duty| lang.of(duty.kind.label())),
        due: view.next_duty().map(|duty| due(lang, duty)),
        opened: view.case().map_or(lead.opened_at, |case| case.filed_at).into(),
        party: view.case().map(|case| visible(&case.party)).unwrap_or_default(),
    }
}

fn due(lang: Lang, duty: &Duty) -> Due {
    let left = duty.days_left;
    let (class, left) = match left {
        _ if duty.is_paused => ("mixed", lang.pick("停算中".to_owned(), "stands still".to_owned())),
        ..0 => {
            ("bad", lang.pick(format!("已超期 {} 个工作日", -left), format!("{} working days over", -left)))
        }
        0 => ("bad", lang.pick("今日到期".to_owned(), "due today".to_owned())),
        1..=5 => ("mixed", lang.pick(format!("剩 {left} 个工作日"), format!("{left} working days left"))),
        _ => ("good", lang.pick(format!("剩 {left} 个工作日"), format!("{left} working days left"))),
    };
    let assumed = !duty.deadline.assumed_years.is_empty();
    Due { last_day: duty.deadline.last_day.to_string(), left, class, assumed }
}

fn parse(id: &str) -> Result<LeadId, Failure> {
    LeadId::parse(id).map_err(|_| Failure::NoPage)
}
