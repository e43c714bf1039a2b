//! What a package is made of: the captures of an ad's pages, of what it led to and of its pictures, with their bytes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _};

use super::super::App;
use super::super::error::{Error, Result};
use crate::domain::ad::AdId;
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CaptureId};
use crate::domain::rendering::PartRole;
use crate::domain::run::RunId;
use crate::domain::source::SourceId;
use crate::evidence::{CaptureInput, PartInput, RenderingInput};
use crate::kit::digest::sm3_hex;
use crate::store::finding::FindingView;
use crate::store::rendering::RenderingRow;

/// Captures that are read and checked at the same time.
const CAPTURES_AT_ONCE: usize = 4;
/// Bodies of answers to pages' requests are sealed up to so many bytes together.
const MAX_ANSWER_BYTES: u64 = 256 << 20;
/// Earlier captures of a landing page that are looked at.
const MAX_EARLIER: u32 = 20;

impl App {
    /// The pages on which the ad was seen with what a browser made of them, the landing pages that it led to, and its
    /// pictures, in the order of fetching.
    pub(super) async fn captures_of(&self, view: &FindingView) -> Result<Vec<CaptureInput>> {
        let ids: BTreeSet<&CaptureId> = view.sightings.iter().map(|sighting| &sighting.capture_id).collect();
        let mut captures: BTreeMap<CaptureId, Capture> = BTreeMap::new();
        for id in ids {
            captures.insert(id.clone(), self.capture(id).await?);
        }
        if let Some(url) = view.ad.draft.landing_url.as_deref() {
            let landings = self.landings_of(&captures, url).await?;
            captures.extend(landings.into_iter().map(|landing| (landing.id.clone(), landing)));
        }
        let pictures = self.store.pictures_of(&view.ad.id).await?;
        let pictures: Vec<String> = pictures.into_iter().map(|(sha256, _)| sha256).collect();
        for capture in self.store.picture_captures(&pictures).await? {
            captures.entry(capture.id.clone()).or_insert(capture);
        }
        let mut ordered: Vec<Capture> = captures.into_values().collect();
        ordered.sort_by(|a, b| (a.exchange.started_at, &a.id).cmp(&(b.exchange.started_at, &b.id)));
        // Several at once: each waits for the disk and then keeps a core busy with hashing.
        let mut left_bytes = MAX_ANSWER_BYTES;
        let mut inputs = Vec::with_capacity(ordered.len());
        for capture in ordered {
            let mut rendering = self.store.rendering(&capture.id).await?;
            if let Some(row) = &mut rendering {
                keep_within(row, &mut left_bytes);
            }
            inputs.push(self.capture_input(capture, rendering, &view.ad.id));
        }
        futures::stream::iter(inputs).buffered(CAPTURES_AT_ONCE).try_collect().await
    }

    /// The landing pages that pages led to, by address: those of the same runs, those of later runs in which a page
    /// itself had not changed and was not captured again, or, when the landing page was not captured in any of these,
    /// the newest before.
    async fn landings_of(&self, pages: &BTreeMap<CaptureId, Capture>, url: &str) -> Result<Vec<Capture>> {
        let runs: BTreeSet<&RunId> = pages.values().map(|page| &page.run_id).collect();
        let mut landings = Vec::new();
        for run in runs {
            landings.extend(self.store.landing_captures(run).await?);
        }
        let ids: Vec<CaptureId> = pages.keys().cloned().collect();
        landings.extend(self.store.landings_behind(&ids).await?);
        let is_it = |landing: &Capture| same_address(url, &landing.exchange.requested_url);
        landings.retain(is_it);
        if landings.is_empty() {
            let sources: BTreeSet<&SourceId> = pages.values().map(|page| &page.source_id).collect();
            for source in sources {
                let earlier = self.store.landings_at(source, url, MAX_EARLIER).await?;
                landings.extend(earlier.into_iter().find(is_it));
            }
        }
        Ok(landings)
    }

    async fn capture_input(
        &self,
        capture: Capture,
        rendering: Option<RenderingRow>,
        ad: &AdId,
    ) -> Result<CaptureInput> {
        let body = self.checked(&capture.id, &capture.body).await?;
        let rendering = match rendering {
            Some(row) => Some(self.rendering_input(row, ad).await?),
            None => None,
        };
        let source = self.store.source(&capture.source_id).await?;
        let source_title = source.map_or_else(|| capture.source_id.to_string(), |source| source.title);
        let (certificates, environment) = self.provenance_bytes(&capture).await?;
        Ok(CaptureInput { capture, source_title, body, certificates, environment, rendering })
    }

    async fn rendering_input(&self, row: RenderingRow, ad: &AdId) -> Result<RenderingInput> {
        let record = self.checked(&row.capture_id, &row.record).await?;
        let rendering = serde_json::from_slice(&record)
            .with_context(|| format!("the record of rendering {} cannot be read", row.capture_id))?;
        let mut parts = Vec::with_capacity(row.parts.len());
        for part in row.parts {
            let bytes = self.checked(&row.capture_id, &part.blob).await?;
            let is_of_ad = part.ad_id.as_ref() == Some(ad);
            parts.push(PartInput { role: part.role, name: part.name, is_of_ad, blob: part.blob, bytes });
        }
        Ok(RenderingInput { rendering, record, parts })
    }

    /// Bytes from the vault, which compares them with their SHA-256; here with their SM3.
    async fn checked(&self, of: &CaptureId, blob: &BlobRef) -> Result<Vec<u8>> {
        let body = self.vault.get(&blob.digests.sha256).await?;
        let hashed = tokio::task::spawn_blocking(move || (sm3_hex(&body), body));
        let (sm3, body) = hashed.await.context("reading a capture was interrupted")?;
        if sm3 != blob.digests.sm3 || body.len() as u64 != blob.size_bytes {
            return Err(Error::Internal(anyhow::anyhow!(
                "the bytes of capture {of} are not those that were received; nothing was sealed"
            )));
        }
        Ok(body)
    }

    /// Certificates and environment of a capture, from the vault.
    async fn provenance_bytes(&self, capture: &Capture) -> Result<(Vec<Vec<u8>>, Option<Vec<u8>>)> {
        let Some(provenance) = &capture.exchange.provenance else { return Ok((Vec::new(), None)) };
        let mut certificates = Vec::with_capacity(provenance.certificates.len());
        for fingerprint in &provenance.certificates {
            certificates.push(self.vault.get(fingerprint).await?);
        }
        Ok((certificates, Some(self.vault.get(&provenance.environment).await?)))
    }
}

/// Leaves out bodies of answers that would make the package too large to hold in memory; those that come first stay.
fn keep_within(row: &mut RenderingRow, left_bytes: &mut u64) {
    row.parts.retain(|part| {
        if part.role != PartRole::Body {
            return true;
        }
        let left = left_bytes.checked_sub(part.blob.size_bytes);
        *left_bytes = left.unwrap_or(*left_bytes);
        left.is_some()
    });
}

/// Whether two spellings name one address, as the client asked for it.
fn same_address(one: &str, two: &str) -> bool {
    match (url::Url::parse(one), url::Url::parse(two)) {
        (Ok(mut one), Ok(mut two)) => {
            one.set_fragment(None);
            two.set_fragment(None);
            one == two
        }
        _ => one == two,
    }
}
