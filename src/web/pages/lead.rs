//! Leads: what is due, one lead with its steps, and the forms of the steps that its state allows.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::words::{SeverityShown, severity};
use crate::app;
use crate::app::lead::{LeadFilter, LeadView};
use crate::domain::lead::{DeclineGround, LeadId, LeadState, Recipient, Step};
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

struct Tab {
    name: &'static str,
    href: String,
    current: bool,
}

struct Row {
    id: String,
    title: String,
    severity: SeverityShown,
    state: &'static str,
    due: Option<Due>,
    opened: When,
}

struct Due {
    last_day: String,
    left: String,
    /// CSS class: `good`, `mixed`, `bad`.
    class: &'static str,
    assumed: bool,
}

#[derive(Template)]
#[template(path = "lead.html")]
struct Page {
    frame: Frame,
    row: Row,
    problem: Vec<String>,
    finding_id: String,
    basis: Option<&'static str>,
    text: String,
    steps: Vec<StepShown>,
    n_steps: usize,
    allowed: Allowed,
    grounds: Vec<Choice>,
    recipients: Vec<Choice>,
}

struct StepShown {
    at: When,
    actor: String,
    label: &'static str,
    detail: String,
}

/// Which forms the page offers; whether a step is possible is decided by the lead itself.
struct Allowed {
    extend: bool,
    file: bool,
    decline: bool,
    refer: bool,
    decide: bool,
    close: bool,
}

struct Choice {
    value: &'static str,
    name: &'static str,
}

/// Which leads are asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    state: Option<String>,
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
    let leads = site.desk.leads(filter).await?;
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
    render(&site, &visit, &parse(&id)?, StatusCode::OK, Vec::new()).await
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
    let recorded = match step_of(&form) {
        Ok(step) => site.desk.record_step(&form.session.actor, &id, step, seen).await,
        Err(why) => Err(why),
    };
    match recorded {
        Ok(view) => {
            let label = view.lead().steps.last().map_or("", |last| visit.lang.of(last.step.label()));
            site.flashes
                .tell(&form.session.id, Flash::good(format!("{}{label}", visit.lang.words().done_step)));
            Ok(see_other(&format!("/leads/{id}")))
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

async fn render(
    site: &Site,
    visit: &Visit,
    id: &LeadId,
    status: StatusCode,
    problem: Vec<String>,
) -> Result<Response, Failure> {
    let view = site.desk.lead(id).await?;
    let lead = view.lead();
    let lang = visit.lang;
    let row = row(lang, &view);
    let page = Page {
        problem: problem.iter().map(|line| visible(line)).collect(),
        finding_id: lead.finding_id.to_string(),
        basis: lead.state.basis(),
        text: shorten(&visible(&view.listed.ad.draft.text), 400),
        steps: lead
            .steps
            .iter()
            .map(|step| StepShown {
                at: step.at.into(),
                actor: visible(&step.actor),
                label: lang.of(step.step.label()),
                detail: visible(&step.step.detail()),
            })
            .collect(),
        n_steps: lead.steps.len(),
        allowed: Allowed {
            extend: matches!(lead.state, LeadState::Verifying | LeadState::Filed) && !lead.extended,
            file: lead.state == LeadState::Verifying,
            decline: lead.state == LeadState::Verifying,
            refer: lead.state.is_open(),
            decide: lead.state == LeadState::Filed,
            close: lead.state == LeadState::Decided,
        },
        grounds: DeclineGround::ALL
            .map(|ground| Choice { value: ground.as_str(), name: lang.of(ground.label()) })
            .into(),
        recipients: Recipient::ALL
            .map(|recipient| Choice { value: recipient.as_str(), name: lang.of(recipient.label()) })
            .into(),
        frame: Frame::new(visit, "leads", format!("{} {}", lang.words().lead, row.id))
            .with_flash(site, visit),
        row,
    };
    Ok(html(status, &page)?)
}

fn row(lang: Lang, view: &LeadView) -> Row {
    let lead = view.lead();
    Row {
        id: lead.id.to_string(),
        title: shorten(&visible(&view.title()), TITLE_CHARS),
        severity: severity(lang, view.listed.severity),
        state: lang.of(lead.state.label()),
        due: due(lang, view),
        opened: lead.opened_at.into(),
    }
}

fn due(lang: Lang, view: &LeadView) -> Option<Due> {
    let (deadline, left) = (view.deadline.as_ref()?, view.days_left?);
    let (class, left) = match left {
        ..0 => {
            ("bad", lang.pick(format!("已超期 {} 个工作日", -left), format!("{} working days over", -left)))
        }
        0 => ("bad", lang.pick("今日到期".to_owned(), "due today".to_owned())),
        1..=5 => ("mixed", lang.pick(format!("剩 {left} 个工作日"), format!("{left} working days left"))),
        _ => ("good", lang.pick(format!("剩 {left} 个工作日"), format!("{left} working days left"))),
    };
    let assumed = !deadline.assumed_years.is_empty();
    Some(Due { last_day: deadline.last_day.to_string(), left, class, assumed })
}

/// The step that a form asks for.
fn step_of(form: &Form) -> app::Result<Step> {
    let text = |name: &str| form.one(name).trim().to_owned();
    let unknown = |field: &'static str| app::Error::invalid(field, "请选择一项 (choose one)");
    match form.one("step") {
        "extend" => Ok(Step::Extend { approver: text("approver"), reason: text("note") }),
        "file" => {
            let officers = form.one("officers").split(['、', ',', '，', ' ', '\n']);
            let officers = officers.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
            Ok(Step::File { officers: officers.collect(), approver: text("approver") })
        }
        "decline" => Ok(Step::Decline {
            ground: DeclineGround::parse(form.one("ground")).ok_or_else(|| unknown("ground"))?,
            approver: text("approver"),
            note: text("note"),
        }),
        "refer" => Ok(Step::Refer {
            recipient: Recipient::parse(form.one("to")).ok_or_else(|| unknown("to"))?,
            office: text("office"),
            note: text("note"),
        }),
        "decide" => Ok(Step::Decide { outcome: text("outcome") }),
        "close" => Ok(Step::Close { note: text("note") }),
        _ => Err(unknown("step")),
    }
}

fn parse(id: &str) -> Result<LeadId, Failure> {
    LeadId::parse(id).map_err(|_| Failure::NoPage)
}
