//! Addresses from a list: fetched like any page of a crawl, one after the other, then on the path of an import.

use super::{FileReport, Import, Result};
use crate::app::campaigns::with_pictures;
use crate::app::crawl::url_host;
use crate::app::new_id;
use crate::domain::capture::{Capture, CapturePurpose};
use crate::domain::run::{RunCounts, RunOutcome};
use crate::fetch::{FetchRequest, Fetched};
use crate::judge::Scratch;
use crate::kit::problem::Problem;
use crate::picture::attach;
use crate::source::CapturedPage;
use crate::source::import::{Media, media_of, read_saved};
use crate::store::page::PageRecord;

impl Import<'_> {
    /// Fetches the addresses if that was asked for. robots.txt, pauses and the address guard are those of a crawl.
    pub(super) async fn addresses(
        &self,
        addresses: Vec<String>,
        report: &mut FileReport,
        counts: &mut RunCounts,
    ) -> Result<()> {
        if !self.request.fetch {
            report.n_unfetched += addresses.len() as u64;
            return Ok(());
        }
        let mut seen = std::collections::HashSet::new();
        let mut scratch = Scratch::default();
        for url in addresses.into_iter().filter(|url| seen.insert(url.clone())) {
            self.address(url, report, counts, &mut scratch).await?;
        }
        Ok(())
    }

    async fn address(
        &self,
        url: String,
        report: &mut FileReport,
        counts: &mut RunCounts,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let allowed = self.request.allowed_origins.iter().chain(&self.source.allowed_origins);
        let request = FetchRequest { allowed_origins: allowed.cloned().collect(), ..FetchRequest::new(&url) };
        let Fetched { mut exchange, body, certificates } = match self.app.fetcher.get(request).await {
            Ok(fetched) => fetched,
            Err(error) => {
                counts.n_failed += 1;
                let outcome = error.outcome();
                self.app.log_not_captured(self.run_id.clone(), &self.source.id, &url, &outcome).await?;
                self.problem(report, &url, Problem::new(error.outcome().name(), error.to_string()));
                return Ok(());
            }
        };
        // Bytes first, row second: see the module text of the crawl.
        let blob = self.app.vault.put(body.clone()).await?;
        exchange.provenance = Some(self.app.provenance(&certificates).await?);
        let capture = Capture {
            id: new_id(),
            source_id: self.source.id.clone(),
            run_id: self.run_id.clone(),
            purpose: CapturePurpose::Page,
            parent_id: None,
            exchange,
            body: blob,
        };
        let reading = tokio::task::block_in_place(|| {
            read_saved(&CapturedPage::new(&capture.exchange, &body).with_filters(self.app.filters()))
        });
        let host = url_host(&capture.exchange.final_url);
        let content_type = capture.exchange.response_header("content-type");
        let mut pictures = Vec::new();
        if media_of(capture.exchange.status, content_type, &body) == Media::Picture {
            let read = self.app.picture(&capture.body, body.clone(), false).await?;
            pictures.push((capture.body.digests.sha256.clone(), read));
        }
        let see = |mut draft| {
            attach(&mut draft, &pictures);
            let seen = self.app.see(draft, &self.source, &capture, host.as_deref(), scratch);
            with_pictures(seen, &pictures)
        };
        let ads = reading.drafts.into_iter().map(see).collect();
        let page = PageRecord { capture, ads, now: self.app.clock.now() };
        self.count(report, counts, &page, &reading.outcome);
        if !matches!(reading.outcome, RunOutcome::Ok | RunOutcome::Empty | RunOutcome::SlotOnly) {
            self.problem(report, &url, Problem::new(reading.outcome.name(), reading.outcome.describe()));
        }
        let recorded = self.app.store.record_page(&page).await?;
        report.count_recorded(&recorded, counts);
        Ok(())
    }
}
