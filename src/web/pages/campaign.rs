//! Campaigns: ads that belong together, and why; parties and their two years. Pictures of a finding are answered here as
//! well.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::finding::around::{AdLine, TieShown, ad_line, ties};
use crate::app::campaigns::PartyView;
use crate::domain::campaign::CampaignId;
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::page::{Frame, Visit, When, html, visible};

#[derive(Template)]
#[template(path = "campaigns.html")]
struct List {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    n_ads: u64,
    n_pending: u64,
    n_accepted: u64,
    n_dismissed: u64,
    updated: When,
}

#[derive(Template)]
#[template(path = "campaign.html")]
struct Page {
    frame: Frame,
    id: String,
    n_ads: u64,
    ties: Vec<TieShown>,
    parties: Vec<PartyShown>,
    ads: Vec<AdLine>,
}

struct PartyShown {
    href: String,
    name: String,
    credit_code: String,
    n_ads: u64,
    n_accepted: usize,
    reasons: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "parties.html")]
struct Parties {
    frame: Frame,
    rows: Vec<PartyRow>,
}

struct PartyRow {
    href: String,
    name: String,
    credit_code: String,
    n_ads: u64,
    n_accepted: u64,
    last_seen: When,
}

#[derive(Template)]
#[template(path = "party.html")]
struct PartyPage {
    frame: Frame,
    party: PartyShown,
    since: When,
    /// Findings with the time of their last decision.
    accepted: Vec<(String, When)>,
    /// Documents with their day.
    penalties: Vec<(String, When)>,
    leads: Vec<String>,
}

/// `GET /campaigns`.
pub async fn list(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Failure> {
    let lines = site.desk.campaigns(&visit.logged_in()?.actor).await?.into_iter();
    let rows = lines.map(|line| Row {
        id: line.id.to_string(),
        n_ads: line.n_ads,
        n_pending: line.n_pending,
        n_accepted: line.n_accepted,
        n_dismissed: line.n_dismissed,
        updated: line.updated_at.into(),
    });
    let title = visit.lang.pick("推广活动", "Campaigns");
    Ok(html(StatusCode::OK, &List { rows: rows.collect(), frame: Frame::new(&visit, "campaigns", title) })?)
}

/// `GET /campaigns/{id}`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = CampaignId::parse(&id).map_err(|_| Failure::NoPage)?;
    let (file, parties) = site.desk.campaign(&visit.logged_in()?.actor, &id).await?;
    let lang = visit.lang;
    let page = Page {
        id: file.line.id.to_string(),
        n_ads: file.line.n_ads,
        ties: ties(lang, &file, false),
        parties: parties.iter().map(party).collect(),
        ads: file.members.iter().map(|member| ad_line(lang, member, &file.links, false)).collect(),
        frame: Frame::new(&visit, "campaigns", format!("{} {id}", lang.pick("推广活动", "Campaign"))),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `GET /findings/{id}/pictures/{sha256}`: the pixels alone, encoded again by this program.
pub async fn picture(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((id, sha256)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let id = super::finding::parse(&id)?;
    let png = site.desk.picture(&visit.logged_in()?.actor, &id, &sha256).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, png).into_response())
}

/// `GET /parties`.
pub async fn parties(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Failure> {
    let lines = site.desk.parties().await?.into_iter();
    let rows = lines.map(|line| PartyRow {
        href: party_href(&line.name),
        name: visible(&line.name),
        credit_code: line.credit_code.unwrap_or_default(),
        n_ads: line.n_ads,
        n_accepted: line.n_accepted,
        last_seen: line.last_seen_at.into(),
    });
    let title = visit.lang.pick("主体", "Parties");
    Ok(html(
        StatusCode::OK,
        &Parties { rows: rows.collect(), frame: Frame::new(&visit, "campaigns", title) },
    )?)
}

/// `GET /parties/{id}`: a party by its name, with what was decided about its ads in the window of the law.
pub async fn one_party(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let view = site.desk.party(&name).await?;
    let repeat = &view.repeat.view;
    let page = PartyPage {
        party: party(&view),
        since: repeat.since.into(),
        accepted: repeat.accepted.iter().map(|(finding, at)| (finding.to_string(), (*at).into())).collect(),
        penalties: repeat.penalties.iter().map(|one| (visible(&one.document), one.at.into())).collect(),
        leads: view.repeat.others.iter().map(|(lead, _)| lead.to_string()).collect(),
        frame: Frame::new(&visit, "campaigns", visible(&view.line.name)),
    };
    Ok(html(StatusCode::OK, &page)?)
}

fn party_href(name: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("/parties/{}", name.replace('+', "%20"))
}

fn party(view: &PartyView) -> PartyShown {
    PartyShown {
        href: party_href(&view.line.name),
        name: visible(&view.line.name),
        credit_code: view.line.credit_code.clone().unwrap_or_default(),
        n_ads: view.line.n_ads,
        n_accepted: view.repeat.view.accepted.len(),
        reasons: view.repeat.view.reasons.iter().map(|reason| reason.sentence_zh()).collect(),
    }
}
