//! Pictures of ads in crawled pages: one guarded fetch for each picture, however many pages show it.

use base64::Engine as _;

use crate::app::crawl::request_for;
use crate::app::{App, Result, new_id};
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::capture::{Capture, CaptureId, CapturePurpose};
use crate::domain::manners::Manners;
use crate::domain::picture::PictureReading;
use crate::domain::run::RunId;
use crate::domain::source::Source;
use crate::fetch::Fetched;
use crate::kit::clock::UnixMs;
use crate::source::Target;
use crate::store::page::PageRecord;

/// Pictures of one ad that are read at most.
const MAX_PER_AD: usize = 4;

/// Articles show photographs; one with fewer words of its own than this says what it says in its pictures.
const FEW_WORDS_CHARS: usize = 120;

/// An address that gave a picture is asked again after this time: what stands there changes.
const FRESH_MS: i64 = 3 * 86_400_000;

/// Smaller ones are icons and counters.
const MIN_BYTES: usize = 1_024;

/// Where a picture was shown.
pub(in crate::app) struct Shown<'a> {
    pub source: &'a Source,
    pub manners: &'a Manners,
    pub run_id: &'a RunId,
    pub parent: &'a CaptureId,
}

impl App {
    /// The pictures of an ad with what is in them. What cannot be fetched is logged and left out; `n_left` counts down the
    /// fetches that the run still has.
    pub(in crate::app) async fn pictures_shown(
        &self,
        shown: &Shown<'_>,
        draft: &AdDraft,
        n_left: &mut u32,
    ) -> Result<Vec<(String, PictureReading)>> {
        let mut found: Vec<(String, PictureReading)> = Vec::new();
        if !self.config.pictures.fetch || !may_say_more(draft) {
            return Ok(found);
        }
        for url in draft.images.iter().take(MAX_PER_AD) {
            let sha256 = match inlined(url) {
                Some(bytes) => Some(self.keep_picture(bytes.into()).await?),
                None => self.picture_at(shown, url, n_left).await?,
            };
            if let Some(sha256) = sha256
                && !found.iter().any(|(known, _)| *known == sha256)
                && let Some(reading) = self.store.picture(&sha256).await?
            {
                found.push((sha256, reading));
            }
        }
        Ok(found)
    }

    async fn picture_at(&self, shown: &Shown<'_>, url: &str, n_left: &mut u32) -> Result<Option<String>> {
        let now = self.clock.now();
        if let Some(known) = self.store.picture_at(url, UnixMs(now.0 - FRESH_MS)).await? {
            return Ok(known);
        }
        if *n_left == 0 {
            return Ok(None);
        }
        *n_left -= 1;
        let target = Target::new(url, CapturePurpose::Picture, "picture");
        let Ok(request) = request_for(&self.config, shown.source, shown.manners, &target) else {
            return Ok(None);
        };
        let Fetched { mut exchange, body, certificates } = match self.fetcher.get(request).await {
            Ok(fetched) => fetched,
            Err(error) => {
                tracing::info!(source.id = %shown.source.id, url, "picture not fetched: {error}");
                self.store.record_picture_address(url, None, now).await?;
                return Ok(None);
            }
        };
        if exchange.status != 200 || body.len() < MIN_BYTES {
            self.store.record_picture_address(url, None, now).await?;
            return Ok(None);
        }
        // Bytes first, row second: see the module text of the crawl.
        let sha256 = self.keep_picture(body.clone()).await?;
        let blob = crate::domain::blob::BlobRef::of(&body);
        exchange.provenance = Some(self.provenance(&certificates).await?);
        let capture = Capture {
            id: new_id(),
            source_id: shown.source.id.clone(),
            run_id: shown.run_id.clone(),
            purpose: CapturePurpose::Picture,
            parent_id: Some(shown.parent.clone()),
            exchange,
            body: blob,
        };
        self.store.record_page(&PageRecord { capture, ads: Vec::new(), now }).await?;
        self.store.record_picture_address(url, Some(&sha256), now).await?;
        Ok(Some(sha256))
    }

    /// Keeps and reads a picture; gives its SHA-256.
    async fn keep_picture(&self, bytes: bytes::Bytes) -> Result<String> {
        let blob = self.vault.put(bytes.clone()).await?;
        self.picture(&blob, bytes, false).await?;
        Ok(blob.digests.sha256)
    }
}

/// Whether the pictures of a draft may say what its words do not.
fn may_say_more(draft: &AdDraft) -> bool {
    match draft.kind {
        AdKind::Display | AdKind::Post | AdKind::Landing | AdKind::AppListing => true,
        AdKind::Article => draft.text.chars().count() < FEW_WORDS_CHARS,
        AdKind::Text => false,
    }
}

/// The bytes of a picture that stands in the page itself (`data:`, RFC 2397).
fn inlined(url: &str) -> Option<Vec<u8>> {
    let (kind, code) = url.strip_prefix("data:image/")?.split_once(',')?;
    if !kind.ends_with(";base64") {
        return None;
    }
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(code).ok()?;
    (bytes.len() >= MIN_BYTES).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_inside_the_page_are_taken_from_it() {
        let code = base64::engine::general_purpose::STANDARD.encode([7_u8; 2_000]);
        assert_eq!(inlined(&format!("data:image/png;base64,{code}")).map(|bytes| bytes.len()), Some(2_000));
        assert_eq!(inlined("data:image/png;base64,AAAA"), None, "a counter");
        assert_eq!(inlined("data:image/svg+xml,<svg/>"), None);
        assert_eq!(inlined("https://x.example/1.png"), None);
    }
}
