//! Reading old captures again, with the connectors, lists and rules of today.

use std::collections::BTreeMap;

use super::App;
use super::error::Result;
use crate::domain::capture::{Capture, CaptureId};
use crate::domain::run::RunOutcome;
use crate::domain::source::{Source, SourceId};
use crate::judge::Scratch;
use crate::source::{CapturedPage, Target};
use crate::store::page::{PageRecord, SeenAd};

/// Captures read per database query.
const CAPTURES_PER_PAGE: u32 = 200;

/// What reading the captures of a source again gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reextracted {
    /// Captures that were read.
    pub n_captures: u64,
    /// Captures that cannot be read again: imported, made before targets were kept, or of a source that is gone.
    pub n_passed_over: u64,
    /// Captures whose bytes are lost or altered.
    pub n_lost: u64,
    /// Captures that gave nothing, by the name of the outcome.
    pub unread: BTreeMap<&'static str, u64>,
    /// Ads that were never seen before.
    pub n_new_ads: u64,
    /// Findings that are new in the queue.
    pub n_new_findings: u64,
    /// Places at which an ad was not seen before.
    pub n_new_sightings: u64,
}

impl App {
    /// Reads every capture again, of these sources or of all, and records what was not seen in them before. Nothing
    /// is fetched; ads that are not found any more stay on record.
    ///
    /// # Errors
    /// `NotFound` for a source that is not there; `Internal` when the database fails.
    pub async fn reextract(
        &self,
        ids: &[SourceId],
        on_progress: &(dyn Fn(u64) + Sync),
    ) -> Result<BTreeMap<SourceId, Reextracted>> {
        let mut sources: BTreeMap<SourceId, Source> = BTreeMap::new();
        if ids.is_empty() {
            sources.extend(self.store.list_sources().await?.into_iter().map(|one| (one.id.clone(), one)));
        }
        for id in ids {
            sources.insert(id.clone(), self.source(id).await?);
        }
        let mut read: BTreeMap<SourceId, Reextracted> = BTreeMap::new();
        let mut scratch = Scratch::default();
        let mut after: Option<CaptureId> = None;
        let mut n_seen = 0;
        loop {
            let captures = self.store.captures_after(after.as_ref(), CAPTURES_PER_PAGE).await?;
            let Some(last) = captures.last() else { return Ok(read) };
            after = Some(last.id.clone());
            let names: Vec<CaptureId> = captures.iter().map(|capture| capture.id.clone()).collect();
            let mut targets = self.store.capture_targets(&names).await?;
            let mut pages = Vec::new();
            for capture in captures {
                n_seen += 1;
                if !ids.is_empty() && !sources.contains_key(&capture.source_id) {
                    continue;
                }
                let figures = read.entry(capture.source_id.clone()).or_default();
                let source = sources.get(&capture.source_id);
                let target = targets.remove(&capture.id).and_then(|text| serde_json::from_str(&text).ok());
                let (Some(source), Some(target)) = (source, target) else {
                    figures.n_passed_over += 1;
                    continue;
                };
                pages.extend(self.read_again(source, &target, capture, figures, &mut scratch).await?);
            }
            // One transaction for each source, so that its figures are its own.
            let mut by_source: BTreeMap<SourceId, Vec<PageRecord>> = BTreeMap::new();
            for page in pages {
                by_source.entry(page.capture.source_id.clone()).or_default().push(page);
            }
            for (id, pages) in by_source {
                let recorded = self.store.record_pages(&pages).await?;
                let figures = read.entry(id).or_default();
                figures.n_new_ads += u64::from(recorded.n_new_ads);
                figures.n_new_findings += u64::from(recorded.n_new_findings);
                figures.n_new_sightings += u64::from(recorded.n_sightings);
            }
            on_progress(n_seen);
        }
    }

    async fn read_again(
        &self,
        source: &Source,
        target: &Target,
        capture: Capture,
        figures: &mut Reextracted,
        scratch: &mut Scratch,
    ) -> Result<Option<PageRecord>> {
        let connector = self.connector(&source.kind)?;
        let body = match self.vault.get(&capture.body.digests.sha256).await {
            Ok(body) => body,
            Err(error) => {
                tracing::warn!(capture.id = %capture.id, "not read again: {error}");
                figures.n_lost += 1;
                return Ok(None);
            }
        };
        figures.n_captures += 1;
        let page = CapturedPage::new(&capture.exchange, &body).with_filters(self.filters());
        let reading = connector.read(source, target, &page);
        if !matches!(reading.outcome, RunOutcome::Ok) {
            *figures.unread.entry(reading.outcome.name()).or_default() += 1;
        }
        let host = super::crawl::url_host(&capture.exchange.final_url);
        let ads: Vec<SeenAd> = reading
            .drafts
            .into_iter()
            .map(|draft| self.see(draft, source, &capture, host.as_deref(), scratch))
            .collect();
        Ok(Some(PageRecord { capture, ads, now: self.clock.now() }))
    }
}
