//! One finding: the words, why they matter, the law, what context cleared, and the decision.

pub mod around;
mod text;

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use self::around::AroundShown;
use super::asked::Asked;
use super::card::{Article, Card, article, cards};
use super::queue::title;
use super::words::{self, SeverityShown};
use crate::app::ListedContact;
use crate::domain::ad::AdDraft;
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::hit::Hit;
use crate::domain::lead::LeadId;
use crate::domain::party::masked_mentions;
use crate::domain::provision::ProvisionId;
use crate::domain::review::{Decision, DismissReason, Remark, RemarkKind, SkipReason, Verdict};
use crate::kit::clock::UnixMs;
use crate::kit::redact;
use crate::rules::RulePack;
use crate::web::Site;
use crate::web::desk::FindingFile;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::group_desk::Around;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, defang, html, visible, visible_lines};

/// `1` accepts; the reasons for dismissing follow.
const FIRST_DISMISS_KEY: usize = 2;

#[derive(Template)]
#[template(path = "finding.html")]
struct Page {
    frame: Frame,
    id: String,
    title: String,
    severity: SeverityShown,
    priority: &'static str,
    priority_class: &'static str,
    state: &'static str,
    state_class: &'static str,
    /// Whether a person still has to decide.
    is_open: bool,
    /// Whether another person may be asked.
    may_ask_second: bool,
    /// The lead that an acceptance opened.
    lead: Option<String>,
    version: u64,
    /// Who works on it now.
    holder: Option<Holder>,
    /// Whether the visitor may take the last decision back.
    may_undo: bool,
    skip_reasons: Vec<(&'static str, &'static str)>,
    last_decision: Option<HistoryLine>,
    categories: Vec<String>,
    tracks: Vec<&'static str>,
    stretches: Vec<Stretch>,
    facts: Vec<Fact>,
    contacts: Vec<ContactLine>,
    /// Whether contact points are shown in full.
    revealed: bool,
    around: AroundShown,
    first_seen: When,
    last_seen: When,
    n_sightings: u64,
    n_listed: u64,
    reasons: Vec<ReasonLine>,
    n_asserted: usize,
    n_cleared: usize,
    asserted: Vec<Card>,
    cleared: Vec<Card>,
    sightings: Vec<SightingLine>,
    history: Vec<HistoryLine>,
    packages: Vec<PackageLine>,
    proposed: Vec<Article>,
    others: Vec<Article>,
    dismiss_reasons: Vec<DismissLine>,
    list: List,
    problem: Vec<String>,
    note: String,
    /// Which form was refused, by the name of its verdict; empty for none.
    sent: &'static str,
}

/// The list from which the finding was opened, and where it can go from here.
struct List {
    query: String,
    back_href: String,
    previous_href: Option<String>,
    next_href: Option<String>,
    /// Offices that it may be moved to.
    offices: Vec<(String, String)>,
}

struct Holder {
    name: String,
    until: When,
    until_ms: i64,
    is_me: bool,
}

struct DismissLine {
    /// The key that chooses it.
    key: usize,
    value: &'static str,
    name: &'static str,
}

/// A stretch of the ad's text.
struct Stretch {
    text: String,
    /// Number of the hit card it leads to; 0 for plain words.
    card: usize,
    /// CSS class: `s1` to `s4` for asserted hits, `cleared` for the others.
    class: String,
    /// What it was read as, when that differs from what is written.
    read_as: String,
}

struct Fact {
    name: &'static str,
    value: String,
    mono: bool,
}

struct ContactLine {
    kind: &'static str,
    value: String,
    n_ads: u64,
}

struct ReasonLine {
    text: String,
    counts: bool,
}

struct SightingLine {
    seen: When,
    source: String,
    page: String,
    locator: String,
    capture_id: String,
}

struct HistoryLine {
    order: UnixMs,
    at: When,
    actor: String,
    verdict: &'static str,
    detail: String,
    note: String,
}

struct PackageLine {
    id: String,
    path: String,
    seal: String,
    at: When,
    by: String,
}

/// What a refused form brings back, so that nothing typed is lost.
#[derive(Default)]
pub struct Returned {
    /// Why it was refused.
    pub problem: Vec<String>,
    /// The note as typed.
    pub note: String,
    /// The provisions as ticked; `None` means those proposed.
    pub ticked: Option<BTreeSet<String>>,
    /// Which form was sent, by the name of its verdict; empty for none.
    pub sent: &'static str,
    /// Whether contact points are shown in full; the caller put that on record.
    pub revealed: bool,
}

/// `GET /findings/{id}`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    render(&site, &visit, &parse(&id)?, &asked, StatusCode::OK, Returned::default()).await
}

/// `POST /findings/{id}/reveal`: contact points in full, on record with the reason before anything is shown.
pub async fn reveal(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let actor = &form.session.actor;
    site.desk.finding(actor, &id).await?;
    site.registry.record_reveal(actor, id.as_str(), form.one("why")).await?;
    let returned = Returned { revealed: true, ..Returned::default() };
    render(&site, &visit, &id, &Asked::parse(form.one("in")), StatusCode::OK, returned).await
}

/// The finding of an address.
pub fn parse(id: &str) -> Result<FindingId, Failure> {
    FindingId::parse(id).map_err(|_| Failure::NoPage)
}

/// The page of a finding, with what a refused form brings back.
pub async fn render(
    site: &Site,
    visit: &Visit,
    id: &FindingId,
    asked: &Asked,
    status: StatusCode,
    returned: Returned,
) -> Result<Response, Failure> {
    let actor = &visit.logged_in()?.actor;
    let file = site.desk.finding(actor, id).await?;
    let around = site.desk.neighbours(actor, &asked.filter(), id).await?;
    let offices = site.registry.offices().await?;
    let offices = offices.into_iter().filter(|office| Some(&office.id) != file.finding.office.as_ref());
    let around_it = site.desk.around(actor, id).await?;
    let title = title(visit.lang, &file.ad.draft);
    let frame = Frame::new(visit, "queue", title.clone()).with_flash(site, visit);
    let state = asked.state().map_or("all", FindingState::as_str);
    let list = List {
        query: asked.query(),
        back_href: if asked.query().is_empty() { "/queue".to_owned() } else { asked.href(state, None) },
        previous_href: around.0.map(|id| asked.finding_href(&id)),
        next_href: around.1.map(|id| asked.finding_href(&id)),
        offices: offices.map(|office| (office.id.to_string(), visible(&office.name))).collect(),
    };
    let page = page(frame, title, &file, around_it, site.desk.pack(), list, returned);
    Ok(html(status, &page)?)
}

fn page(
    frame: Frame,
    title: String,
    file: &FindingFile,
    around: Around,
    pack: &RulePack,
    list: List,
    returned: Returned,
) -> Page {
    let lang = frame.lang;
    let FindingFile { finding, ad, contacts, sightings, decisions, packages, version, holder, remarks } =
        file;
    let words = if returned.revealed {
        ad.draft.text.as_str().into()
    } else {
        text::masked(&ad.draft.text, contacts)
    };
    let told = |text: &str| match returned.revealed {
        true => text.to_owned(),
        false => masked_mentions(text, contacts.iter().map(|listed| &listed.contact)),
    };
    let mut timeline: Vec<HistoryLine> =
        decisions.iter().map(|decision| history(lang, pack, decision)).collect();
    timeline.extend(remarks.iter().map(|remark| said(lang, remark)));
    timeline.sort_by_key(|line| line.order);
    let assessment = &finding.assessment;
    let (priority, priority_class) = words::priority(lang, assessment);
    let (state, state_class) = words::state(lang, finding.state);
    let hits = if returned.revealed { finding.hits.clone() } else { text::masked_hits(&finding.hits) };
    let (asserted, cleared): (Vec<_>, Vec<_>) =
        hits.iter().enumerate().partition(|(_, hit)| hit.status.is_asserted());
    let ticked = |id: &ProvisionId, proposed: bool| match &returned.ticked {
        Some(ticked) => ticked.contains(id.as_str()),
        None => proposed,
    };
    let proposed = assessment.provisions.iter().map(|id| article(lang, pack, id, ticked(id, true)));
    let others = pack.provisions.keys().filter(|id| !assessment.provisions.contains(*id));
    Page {
        id: finding.id.to_string(),
        title,
        severity: words::severity(lang, assessment.severity),
        priority,
        priority_class,
        state,
        state_class,
        is_open: finding.state.is_open(),
        may_ask_second: matches!(finding.state, FindingState::Pending | FindingState::NeedsEvidence),
        lead: (finding.state == FindingState::Accepted).then(|| LeadId::of(&finding.id).to_string()),
        last_decision: decisions.last().map(|decision| history(lang, pack, decision)),
        categories: words::categories(lang, &finding.hits).into_iter().map(str::to_owned).collect(),
        tracks: assessment.tracks.iter().map(|track| lang.of(track.label())).collect(),
        stretches: text::stretches(lang, &ad.draft, &words, &hits),
        facts: facts(lang, &ad.draft, &assessment.pack_revision, returned.revealed),
        contacts: contact_lines(lang, contacts, returned.revealed),
        revealed: returned.revealed,
        around: around::shown(lang, &finding.id, &ad.draft, &hits, around, returned.revealed),
        first_seen: ad.first_seen_at.into(),
        last_seen: ad.last_seen_at.into(),
        n_sightings: ad.n_sightings,
        n_listed: sightings.len() as u64,
        reasons: assessment
            .reasons
            .iter()
            .map(|reason| ReasonLine { text: visible(&told(&reason.text)), counts: reason.weight > 0.0 })
            .collect(),
        n_asserted: asserted.len(),
        n_cleared: cleared.len(),
        asserted: cards(lang, pack, &words, &asserted),
        cleared: cards(lang, pack, &words, &cleared),
        sightings: sightings
            .iter()
            .map(|sighting| SightingLine {
                seen: sighting.seen_at.into(),
                source: sighting.source_id.to_string(),
                page: defang(&sighting.page_url),
                locator: visible(&sighting.locator),
                capture_id: sighting.capture_id.to_string(),
            })
            .collect(),
        history: timeline,
        version: *version,
        may_undo: frame.can.decide
            && (frame.can.overrule || decisions.last().is_some_and(|last| last.actor == frame.actor)),
        holder: holder.as_ref().map(|held| Holder {
            name: visible(&held.holder),
            until: held.until.into(),
            until_ms: held.until.0,
            is_me: held.holder == frame.actor,
        }),
        skip_reasons: SkipReason::ALL
            .into_iter()
            .map(|reason| (reason.as_str(), lang.of(reason.label())))
            .collect(),
        packages: packages
            .iter()
            .map(|package| PackageLine {
                id: package.id.clone(),
                path: package.path.clone(),
                seal: package.seal_sha256.clone(),
                at: package.sealed_at.into(),
                by: package.sealed_by.clone(),
            })
            .collect(),
        proposed: proposed.collect(),
        others: others.map(|id| article(lang, pack, id, ticked(id, false))).collect(),
        dismiss_reasons: DismissReason::ALL
            .into_iter()
            .zip(FIRST_DISMISS_KEY..)
            .map(|(reason, key)| DismissLine { key, value: reason.as_str(), name: lang.of(reason.label()) })
            .collect(),
        list,
        problem: returned.problem,
        note: returned.note,
        sent: returned.sent,
        frame,
    }
}

/// Each contact once, in the order of the words.
fn contact_lines(lang: Lang, contacts: &[ListedContact], revealed: bool) -> Vec<ContactLine> {
    let mut known = BTreeSet::new();
    let line = |ListedContact { contact, n_ads }: &ListedContact| ContactLine {
        kind: match lang {
            Lang::Zh => contact.kind.title_zh(),
            Lang::En => contact.kind.title_en(),
        },
        value: visible(&if revealed { contact.value.clone() } else { contact.masked() }),
        n_ads: *n_ads,
    };
    contacts
        .iter()
        .filter(|listed| known.insert((listed.contact.kind, &listed.contact.value)))
        .map(line)
        .collect()
}

fn class(hit: &Hit) -> String {
    if hit.status.is_asserted() { format!("s{}", hit.severity.level()) } else { "cleared".to_owned() }
}

/// What the words were read as; empty when they were read as they stand.
fn read_as(text: &str, hit: &Hit) -> String {
    let changed = !hit.transforms.is_empty() && hit.normalized != hit.span.of(text);
    if changed { visible(&hit.normalized) } else { String::new() }
}

fn facts(lang: Lang, draft: &AdDraft, pack_revision: &str, revealed: bool) -> Vec<Fact> {
    let w = lang.words();
    let address = |url: &str| if revealed { url.to_owned() } else { redact::url(url) };
    let shown = |value: &Option<String>| value.as_deref().map_or_else(|| w.not_shown.to_owned(), visible);
    let mut facts = vec![
        Fact { name: w.kind, value: lang.of(draft.kind.label()).to_owned(), mono: false },
        Fact { name: w.publisher, value: shown(&draft.publisher), mono: false },
        Fact { name: w.advertiser, value: shown(&draft.advertiser), mono: false },
        Fact {
            name: w.ad_label,
            value: draft.label.as_deref().map_or_else(|| w.ad_label_none.to_owned(), visible),
            mono: false,
        },
    ];
    if let Some(url) = &draft.landing_url {
        facts.push(Fact { name: w.landing, value: defang(&address(url)), mono: true });
    }
    if !draft.links.is_empty() {
        let links: Vec<String> = draft.links.iter().map(|url| defang(&address(url))).collect();
        facts.push(Fact { name: w.links, value: links.join("\n"), mono: true });
    }
    if let Some(at) = draft.published_at {
        facts.push(Fact { name: w.published, value: When::from(at).short, mono: false });
    }
    if !draft.platform_ids.is_empty() {
        let ids: Vec<String> = draft
            .platform_ids
            .iter()
            .map(|(name, id)| format!("{} = {}", visible(name), visible(id)))
            .collect();
        facts.push(Fact { name: w.platform_ids, value: ids.join("\n"), mono: true });
    }
    facts.push(Fact { name: w.rule_pack, value: pack_revision.to_owned(), mono: true });
    facts
}

fn history(lang: Lang, pack: &RulePack, decision: &Decision) -> HistoryLine {
    let detail = match &decision.verdict {
        Verdict::Accept { provisions } => provisions
            .iter()
            .map(|id| pack.provisions.get(id).map_or_else(|| id.to_string(), |known| known.citation()))
            .collect::<Vec<_>>()
            .join("；"),
        Verdict::Dismiss { reason } => lang.of(reason.label()).to_owned(),
        Verdict::NeedEvidence | Verdict::AskSecond | Verdict::Undo => String::new(),
    };
    HistoryLine {
        order: decision.at,
        at: decision.at.into(),
        actor: decision.actor.clone(),
        verdict: lang.of(decision.verdict.label()),
        detail,
        note: visible_lines(&decision.note),
    }
}

fn said(lang: Lang, remark: &Remark) -> HistoryLine {
    let w = lang.words();
    let (verdict, detail) = match remark.kind {
        RemarkKind::Comment => (w.commented, String::new()),
        RemarkKind::Skip(reason) => (w.skipped, lang.of(reason.label()).to_owned()),
    };
    HistoryLine {
        order: remark.at,
        at: remark.at.into(),
        actor: visible(&remark.actor),
        verdict,
        detail,
        note: visible_lines(&remark.note),
    }
}
