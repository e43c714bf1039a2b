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
use crate::app::Repeat;
use crate::app::lead::{LeadFilter, LeadView};
use crate::app::step::step_of;
use crate::domain::case::{Case, CaseId};
use crate::domain::duty::{Duty, Owner};
use crate::domain::lead::{LeadId, Referral, Step, Task, day};
use crate::domain::recheck::{Recheck, RecheckResult};
use crate::group::route::Routing;
use crate::kit::redact;
use crate::letter::LetterKind;
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, defang, html, shorten, visible};
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
    letters: Vec<(&'static str, &'static str)>,
    routing: RoutingShown,
    repeat: Option<RepeatShown>,
    rechecks: Vec<LookShown>,
}

struct RoutingShown {
    place: String,
    is_own: bool,
    /// Recipient, office, why.
    proposals: Vec<(&'static str, String, String)>,
}

struct RepeatShown {
    party: String,
    n_acts: usize,
    n_penalties: usize,
    reasons: Vec<&'static str>,
    /// Address and name of the other leads and cases.
    others: Vec<(String, String)>,
}

struct LookShown {
    at: When,
    url: String,
    result: &'static str,
    /// CSS class: `good`, `mixed`, `bad`.
    class: &'static str,
    detail: String,
    capture: Option<String>,
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
    /// Digest of the letter that it issued.
    file: Option<String>,
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

/// `POST /leads/{id}/recheck`: looks again at the pages now.
pub async fn recheck(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let looks = site.desk.recheck(&form.session.actor, &id).await?;
    let told = format!("{}{}", visit.lang.words().done_recheck, looks.len());
    site.flashes.tell(&form.session.id, Flash::good(told));
    Ok(see_other(&format!("/leads/{id}")))
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
    let beside = site.desk.beside(&visit.logged_in()?.actor, &view).await?;
    let (part, name) = match lead.case {
        Some(_) => ("cases", lang.words().case),
        None => ("leads", lang.words().lead),
    };
    let page = Page {
        problem: problem.iter().map(|line| visible(line)).collect(),
        finding_id: lead.finding_id.to_string(),
        case: lead.case.as_ref().map(|case| case_shown(lang, case)),
        text: shorten(&visible(&redact::text(&view.listed.ad.draft.text)), 400),
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
                file: match &step.step {
                    Step::Letter { sha256, .. } => Some(sha256.clone()),
                    _ => None,
                },
            })
            .collect(),
        n_steps: lead.steps.len(),
        forms: forms(lang, lead),
        letters: LetterKind::ALL
            .map(|kind| (kind.as_str(), lang.pick(kind.label().0, kind.label().1)))
            .into(),
        routing: routing_shown(lang, &beside.routing),
        repeat: beside.repeat.as_ref().map(repeat_shown),
        rechecks: beside.rechecks.iter().map(|look| look_shown(lang, look)).collect(),
        frame: Frame::new(visit, part, format!("{name} {}", row.id)).with_flash(site, visit),
        row,
    };
    Ok(html(status, &page)?)
}

fn routing_shown(lang: Lang, routing: &Routing) -> RoutingShown {
    RoutingShown {
        place: routing.place.as_ref().map(|place| visible(&place.how)).unwrap_or_default(),
        is_own: routing.is_own == Some(true),
        proposals: routing
            .proposals
            .iter()
            .map(|one| (lang.of(one.recipient.label()), visible(&one.office), visible(&one.why)))
            .collect(),
    }
}

fn repeat_shown(repeat: &Repeat) -> RepeatShown {
    let link = |(lead, case): &(LeadId, Option<CaseId>)| match case {
        Some(case) => (format!("/cases/{case}"), case.to_string()),
        None => (format!("/leads/{lead}"), lead.to_string()),
    };
    RepeatShown {
        party: visible(&repeat.party),
        n_acts: repeat.view.accepted.len(),
        n_penalties: repeat.view.penalties.len(),
        reasons: repeat.view.reasons.iter().map(|reason| reason.sentence_zh()).collect(),
        others: repeat.others.iter().take(20).map(link).collect(),
    }
}

fn look_shown(lang: Lang, look: &Recheck) -> LookShown {
    LookShown {
        at: look.at.into(),
        url: shorten(&defang(&look.url), 120),
        result: lang.of(look.result.label()),
        class: match look.result {
            RecheckResult::Removed => "good",
            RecheckResult::StillThere => "bad",
            RecheckResult::Changed | RecheckResult::Unreachable => "mixed",
        },
        detail: visible(&look.detail),
        capture: look.capture_id.as_ref().map(ToString::to_string),
    }
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
