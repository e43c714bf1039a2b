//! 待审项: read, decide, take back, comment; contact points.

use axum::http::StatusCode;
use serde_json::json;

use super::call::{Answered, Call, Reply};
use super::problem::Problem;
use super::shapes::{
    CommentBody, ContactJson, ContactList, DecisionBody, DecisionJson, FindingFull, FindingLine, FindingList,
    HitJson, ReasonJson, RemarkJson, RevealBody, SUSPECTED, SightingJson, UndoBody, VerdictWord,
};
use super::{ROOT, page};
use crate::app::{Error, FindingFilter, PageKey};
use crate::domain::ad::{Ad, Sighting};
use crate::domain::finding::{Finding, FindingId, FindingState, Reason};
use crate::domain::hit::{Hit, Severity, Track};
use crate::domain::lead::LeadId;
use crate::domain::party::{masked_mentions, masked_words};
use crate::domain::provision::ProvisionId;
use crate::domain::review::{Assignment, Decision, DismissReason, Remark, RemarkKind, Verdict};
use crate::kit::clock::UnixMs;
use crate::kit::redact;

/// Characters of the words in a list.
const EXCERPT_CHARS: usize = 200;

/// `GET /findings`.
pub async fn list(call: Call) -> Answered {
    let created_from = call.parsed::<jiff::Timestamp>("created_from")?;
    let filter = FindingFilter {
        state: call.asked("state").and_then(FindingState::parse),
        source: call.parsed("source")?,
        min_severity: call.parsed("min_severity")?.and_then(Severity::new),
        text: call.asked("q").map(str::to_owned),
        created_from: created_from.map(|at| UnixMs(at.as_millisecond())),
        ..FindingFilter::default()
    };
    let after: Option<PageKey> = page::read(call.asked("cursor"))?;
    let found = call.app().queue_for(call.actor()?, &filter, after.as_ref(), call.limit()).await?;
    let ids: Vec<&FindingId> = found.findings.iter().map(|listed| &listed.finding.id).collect();
    let holders = call.app().holders(&ids).await?;
    let findings = found.findings.iter().map(|listed| {
        let holder = holders.iter().find(|held| held.finding_id == listed.finding.id);
        line(&listed.finding, &listed.ad, listed.version, holder)
    });
    Reply::ok(&FindingList {
        notice: SUSPECTED,
        findings: findings.collect(),
        next: found.next.map(|key| page::write(&key)),
    })
}

/// `GET /findings/{id}`.
pub async fn show(call: Call) -> Answered {
    let id: FindingId = call.id("id")?;
    let full = full(&call, &id).await?;
    Ok(Reply::ok(&full)?.of_version(full.line.version))
}

/// `POST /findings/{id}/decisions`.
pub async fn decide(call: Call) -> Answered {
    let body: DecisionBody = call.body()?;
    let verdict = match body.verdict {
        VerdictWord::Accept => {
            let provision = |name: &String| {
                ProvisionId::parse(name).map_err(|error| Error::invalid("provisions", error.to_string()))
            };
            Verdict::Accept { provisions: body.provisions.iter().map(provision).collect::<Result<_, _>>()? }
        }
        VerdictWord::Dismiss => {
            let names = DismissReason::ALL.map(DismissReason::as_str).join(", ");
            let wrong = || Error::invalid("reason", format!("请说明理由：{names} (say why: one of these)"));
            let reason = body.reason.as_deref().and_then(DismissReason::parse).ok_or_else(wrong)?;
            Verdict::Dismiss { reason }
        }
    };
    record(call, verdict, &body.note).await
}

/// `POST /findings/{id}/undo`.
pub async fn undo(call: Call) -> Answered {
    let body: UndoBody = call.body()?;
    record(call, Verdict::Undo, &body.note).await
}

async fn record(call: Call, verdict: Verdict, note: &str) -> Answered {
    let id: FindingId = call.id("id")?;
    let seen = call.version()?;
    match call.app().decide_seen(call.actor()?, &id, verdict, note, seen).await {
        Ok(_) => {
            let full = full(&call, &id).await?;
            let version = full.line.version;
            Ok(Reply::created(&full, format!("{ROOT}/findings/{id}"))?.of_version(version))
        }
        Err(Error::Conflict(why)) => {
            let now = full(&call, &id).await?;
            let is_old = seen.is_some_and(|seen| seen != now.line.version);
            let status = if is_old { StatusCode::PRECONDITION_FAILED } else { StatusCode::CONFLICT };
            Err(Problem::Stale { status, why, current: json!(now) })
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /findings/{id}/comments`.
pub async fn comment(call: Call) -> Answered {
    let id: FindingId = call.id("id")?;
    let body: CommentBody = call.body()?;
    let said = call.app().remark(call.actor()?, &id, RemarkKind::Comment, &body.note).await?;
    Reply::created(&remark(&said), format!("{ROOT}/findings/{id}"))
}

/// `GET /findings/{id}/contacts`.
pub async fn contacts(call: Call) -> Answered {
    contact_list(&call, true).await
}

/// `POST /findings/{id}/contacts/reveal`: on record before anything is shown.
pub async fn reveal(call: Call) -> Answered {
    let id: FindingId = call.id("id")?;
    let body: RevealBody = call.body()?;
    call.app().finding_for(call.actor()?, &id).await?;
    call.app().registry().record_reveal(call.actor()?, id.as_str(), &body.why).await?;
    contact_list(&call, false).await
}

async fn contact_list(call: &Call, masked: bool) -> Answered {
    let view = call.app().finding_for(call.actor()?, &call.id("id")?).await?;
    let listed = call.app().contacts(&view.ad.id).await?;
    let contacts = listed.into_iter().map(|listed| ContactJson {
        kind: listed.contact.kind.as_str().to_owned(),
        value: if masked { listed.contact.masked() } else { listed.contact.value.clone() },
        certainty: listed.contact.certainty.as_str().to_owned(),
        n_ads: listed.n_ads,
    });
    let text = (!masked).then(|| view.ad.draft.text.clone());
    Reply::ok(&ContactList { contacts: contacts.collect(), text, masked })
}

async fn full(call: &Call, id: &FindingId) -> Result<FindingFull, Problem> {
    let view = call.app().finding_for(call.actor()?, id).await?;
    let holder = call.app().holder(id).await?;
    let remarks = call.app().remarks(id).await?;
    let draft = &view.ad.draft;
    let contacts = call.app().contacts(&view.ad.id).await?;
    let words = masked_words(&draft.text, contacts.iter().map(|listed| &listed.contact));
    let told = |text: &str| masked_mentions(text, contacts.iter().map(|listed| &listed.contact));
    let assessment = &view.finding.assessment;
    Ok(FindingFull {
        notice: SUSPECTED,
        line: line(&view.finding, &view.ad, view.version, holder.as_ref()),
        kind: draft.kind.as_str().to_owned(),
        text: words.to_string(),
        landing_url: draft.landing_url.as_deref().map(redact::url),
        advertiser: draft.advertiser.clone(),
        publisher: draft.publisher.clone(),
        label: draft.label.clone(),
        provisions: assessment.provisions.iter().map(ToString::to_string).collect(),
        reasons: assessment
            .reasons
            .iter()
            .map(|one| ReasonJson { text: told(&one.text), ..reason(one) })
            .collect(),
        pack: assessment.pack_revision.clone(),
        hits: view
            .finding
            .hits
            .iter()
            .map(|found| HitJson { read_as: told(&found.normalized), ..hit(found, &words) })
            .collect(),
        sightings: view.sightings.iter().map(sighting).collect(),
        decisions: view.decisions.iter().map(decision).collect(),
        remarks: remarks.iter().map(remark).collect(),
        lead: LeadId::of(id).to_string(),
    })
}

fn line(finding: &Finding, ad: &Ad, version: u64, holder: Option<&Assignment>) -> FindingLine {
    let assessment = &finding.assessment;
    let mut asserted: Vec<&Hit> = finding.hits.iter().filter(|hit| hit.status.is_asserted()).collect();
    asserted.sort_by_key(|hit| (std::cmp::Reverse(hit.severity), hit.span));
    let mut words: Vec<String> = Vec::new();
    let text = redact::in_place(&ad.draft.text);
    for hit in asserted {
        let found = hit.span.of(&text);
        if words.len() < 5 && !words.iter().any(|known| known == found) {
            words.push(found.to_owned());
        }
    }
    FindingLine {
        id: finding.id.to_string(),
        version,
        state: finding.state.as_str().to_owned(),
        severity: assessment.severity.map(Severity::level),
        priority: assessment.priority,
        tracks: tracks(&assessment.tracks),
        title: ad.draft.title.as_deref().map(redact::text),
        excerpt: text.chars().take(EXCERPT_CHARS).collect(),
        words,
        holder: holder.map(|held| held.holder.clone()),
        n_sightings: ad.n_sightings,
        first_seen_at: ad.first_seen_at.into(),
        last_seen_at: ad.last_seen_at.into(),
        created_at: finding.created_at.into(),
        updated_at: finding.updated_at.into(),
    }
}

/// A hit in `text`.
pub fn hit(hit: &Hit, text: &str) -> HitJson {
    HitJson {
        rule: hit.rule.to_string(),
        category: hit.category.clone(),
        severity: hit.severity.level(),
        start: hit.span.start,
        end: hit.span.end,
        words: hit.span.of(text).to_owned(),
        read_as: hit.normalized.clone(),
        transforms: hit.transforms.clone(),
        status: hit.status.as_str().to_owned(),
        because: hit.because.clone(),
        provisions: hit.provisions.iter().map(ToString::to_string).collect(),
        tracks: tracks(&hit.tracks),
    }
}

/// A reason.
pub fn reason(reason: &Reason) -> ReasonJson {
    ReasonJson { code: reason.code.clone(), text: reason.text.clone(), weight: reason.weight }
}

/// Tracks by name.
pub fn tracks(tracks: &[Track]) -> Vec<String> {
    tracks.iter().map(|track| track.as_str().to_owned()).collect()
}

fn sighting(sighting: &Sighting) -> SightingJson {
    SightingJson {
        capture: sighting.capture_id.to_string(),
        source: sighting.source_id.to_string(),
        page_url: sighting.page_url.clone(),
        locator: sighting.locator.clone(),
        seen_at: sighting.seen_at.into(),
    }
}

fn decision(decision: &Decision) -> DecisionJson {
    let (provisions, reason) = match &decision.verdict {
        Verdict::Accept { provisions } => (provisions.iter().map(ToString::to_string).collect(), None),
        Verdict::Dismiss { reason } => (Vec::new(), Some(reason.as_str().to_owned())),
        Verdict::NeedEvidence | Verdict::AskSecond | Verdict::Undo => (Vec::new(), None),
    };
    DecisionJson {
        id: decision.id.to_string(),
        actor: decision.actor.clone(),
        at: decision.at.into(),
        verdict: decision.verdict.as_str().to_owned(),
        provisions,
        reason,
        note: decision.note.clone(),
    }
}

fn remark(remark: &Remark) -> RemarkJson {
    let (kind, reason) = match remark.kind {
        RemarkKind::Comment => ("comment", None),
        RemarkKind::Skip(reason) => ("skip", Some(reason.as_str().to_owned())),
    };
    RemarkJson {
        id: remark.id.clone(),
        actor: remark.actor.clone(),
        at: remark.at.into(),
        kind: kind.to_owned(),
        reason,
        note: remark.note.clone(),
    }
}
