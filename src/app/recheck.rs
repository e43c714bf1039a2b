//! Use cases of 整改复查: looking again at the pages of a lead or case, by hand and after an order.

use crate::domain::ad::AdDraft;
use crate::domain::capture::{Capture, CapturePurpose};
use crate::domain::lead::{Lead, LeadId};
use crate::domain::recheck::{Recheck, RecheckResult};
use crate::domain::run::{RunCounts, RunId, RunOutcome};
use crate::domain::source::{Source, SourceKind};
use crate::domain::user::{Actor, Permission};
use crate::fetch::FetchRequest;
use crate::group::recheck::compare;
use crate::judge::Scratch;
use crate::kit::clock::UnixMs;
use crate::source::{CapturedPage, Target, words_of};
use crate::store::audit::AuditNote;
use crate::store::finding::FindingView;
use crate::store::page::PageRecord;

use super::crawl::url_host;
use super::error::{Error, Result};
use super::users::require;
use super::{App, new_id};

/// Pages of one ad that are looked at, the latest seen first.
const MAX_PAGES: usize = 10;
/// Looks that a page of ours shows.
const MAX_SHOWN: u32 = 50;
/// Leads that one job looks at.
const MAX_AT_ONCE: u32 = 50;

const DAY_MS: i64 = 86_400_000;
/// While the ad stands, or nothing could be seen, it is looked at daily; gone, once a week, whether it came back.
const GONE_PAUSE_DAYS: i64 = 7;
/// Looks end so long after the day by which the order was to be done.
const LAST_DAYS: i64 = 60;

impl App {
    /// Looks now at the pages on which the ad of a lead was seen, the latest ten.
    ///
    /// # Errors
    /// `Forbidden` when the role may not; `NotFound`; `Internal` when the database or the vault fails. A page that does
    /// not come is a result.
    pub async fn recheck(&self, actor: &Actor, id: &LeadId) -> Result<Vec<Recheck>> {
        require(actor, Permission::Decide)?;
        let lead = self.lead_for(actor, id).await?.listed.lead;
        let view = self.finding(&lead.finding_id).await?;
        let mut urls: Vec<String> = Vec::new();
        let mut looks = Vec::new();
        for sighting in &view.sightings {
            if urls.contains(&sighting.page_url) || urls.len() >= MAX_PAGES {
                continue;
            }
            urls.push(sighting.page_url.clone());
            let source = self.source(&sighting.source_id).await?;
            looks.push(self.look(id, &view, &source, &sighting.page_url).await?);
        }
        let now = self.clock.now();
        let notices = self.recheck_hooks(&lead, &looks, now);
        self.store.add_rechecks(id, &looks, next_due(&lead, &looks, now), &notices).await?;
        let results: Vec<_> = looks
            .iter()
            .map(|look| serde_json::json!({ "url": look.url, "result": look.result.as_str() }))
            .collect();
        let note = AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action: "lead.recheck".to_owned(),
            object: id.to_string(),
            detail: serde_json::json!({ "pages": results }),
        };
        self.store.append_audit(&note).await?;
        Ok(looks)
    }

    /// Looks at everything whose look is due; gives how many leads were looked at.
    ///
    /// # Errors
    /// `Internal` when the database or the vault fails.
    pub async fn recheck_due(&self, actor: &Actor) -> Result<Vec<(LeadId, Vec<Recheck>)>> {
        let mut done = Vec::new();
        for id in self.store.due_rechecks(self.clock.now(), MAX_AT_ONCE).await? {
            match self.recheck(actor, &id).await {
                Ok(looks) => done.push((id, looks)),
                // One lead whose source was removed must not keep the others from being looked at.
                Err(error @ (Error::NotFound { .. } | Error::Invalid(_))) => {
                    tracing::warn!(lead.id = %id, "not rechecked: {error}");
                    self.store.add_rechecks(&id, &[], None, &[]).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Looks of a lead, latest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn rechecks(&self, id: &LeadId) -> Result<Vec<Recheck>> {
        Ok(self.store.rechecks(id, MAX_SHOWN).await?)
    }

    async fn look(&self, id: &LeadId, view: &FindingView, source: &Source, url: &str) -> Result<Recheck> {
        let look = |at, result, detail: String, capture_id| Recheck {
            id: new_id(),
            lead_id: id.clone(),
            url: url.to_owned(),
            at,
            result,
            detail,
            capture_id,
        };
        let request =
            FetchRequest { allowed_origins: source.allowed_origins.clone(), ..FetchRequest::new(url) };
        let fetched = match self.fetcher.get(request).await {
            Ok(fetched) => fetched,
            Err(error) => {
                let why = error.outcome();
                return Ok(look(self.clock.now(), RecheckResult::Unreachable, why.describe(), None));
            }
        };
        // Bytes first, row second.
        let blob = self.vault.put(fetched.body.clone()).await?;
        let run_id: RunId = new_id();
        let started_at = fetched.exchange.started_at;
        self.store.open_run(&run_id, &source.id, started_at).await?;
        let capture = Capture {
            id: new_id(),
            source_id: source.id.clone(),
            run_id: run_id.clone(),
            purpose: CapturePurpose::Page,
            parent_id: None,
            exchange: fetched.exchange,
            body: blob,
        };
        let page = CapturedPage::new(&capture.exchange, &fetched.body).with_filters(self.filters());
        let drafts = self.drafts_of(source, url, &page);
        let quotes = quotes(view);
        let words = words_of(&page);
        let (result, detail) = match &words {
            Ok(words) => compare(&view.ad.draft, &quotes, words, &drafts),
            Err(RunOutcome::Gone) => (RecheckResult::Removed, "页面已删除".to_owned()),
            Err(outcome) => (RecheckResult::Unreachable, outcome.describe()),
        };
        let (at, capture_id) = (capture.exchange.finished_at, capture.id.clone());
        let host = url_host(&capture.exchange.final_url);
        let mut scratch = Scratch::default();
        let ads = drafts
            .into_iter()
            .map(|draft| self.see(draft, source, &capture, host.as_deref(), &mut scratch))
            .collect();
        self.store.record_page(&PageRecord { capture, ads, now: self.clock.now() }).await?;
        let counts = RunCounts { n_pages: 1, ..RunCounts::default() };
        self.store.finish_run(&run_id, &words.err().unwrap_or(RunOutcome::Ok), &counts, at).await?;
        Ok(look(at, result, detail, Some(capture_id)))
    }

    /// What the source's own connector reads in the page; nothing where there is none.
    fn drafts_of(&self, source: &Source, url: &str, page: &CapturedPage<'_>) -> Vec<AdDraft> {
        if source.kind == SourceKind::Import {
            return Vec::new();
        }
        let Ok(connector) = self.connector(&source.kind) else { return Vec::new() };
        let role = if url == source.url { "list" } else { "article" };
        connector.read(source, &Target::new(url, CapturePurpose::Page, role), page).drafts
    }
}

/// The words that were found suspect.
fn quotes(view: &FindingView) -> Vec<&str> {
    let asserted = view.finding.hits.iter().filter(|hit| hit.status.is_asserted());
    asserted.map(|hit| hit.span.of(&view.ad.draft.text)).collect()
}

/// When the first look after an order is due: when the day by which it was to be done is over in China.
pub(super) fn first_due(by: jiff::civil::Date) -> Option<UnixMs> {
    let next = by.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").ok()?).ok()?;
    Some(UnixMs(next.timestamp().as_millisecond()))
}

/// When the next look is due after these.
fn next_due(lead: &Lead, looks: &[Recheck], now: UnixMs) -> Option<UnixMs> {
    let due = first_due(lead.orders.last()?.by)?;
    if now < due {
        return Some(due);
    }
    if now > due.plus_ms(LAST_DAYS * DAY_MS) {
        return None;
    }
    let is_gone = !looks.is_empty() && looks.iter().all(|look| look.result == RecheckResult::Removed);
    Some(now.plus_ms(if is_gone { GONE_PAUSE_DAYS } else { 1 } * DAY_MS))
}
