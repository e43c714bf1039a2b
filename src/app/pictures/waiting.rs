//! Pictures that were kept while nothing could read words: read later, and their ads judged again.

use crate::app::campaigns::with_pictures;
use crate::app::crawl::url_host;
use crate::app::{App, Result};
use crate::domain::ad::AdId;
use crate::domain::finding::FindingState;
use crate::judge::Scratch;
use crate::kit::clock::UnixMs;
use crate::picture::attach;

/// Pictures of one round.
const MAX_AT_ONCE: u32 = 40;
/// Pause before a picture that could not be read is tried again.
const RETRY_MS: i64 = 3_600_000;
/// Ads that are judged again for one picture.
const MAX_ADS: u32 = 1_000;

/// What a round of reading did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PicturesRead {
    /// Pictures whose words were read.
    pub n_read: u64,
    /// Pictures that could not be read this time.
    pub n_failed: u64,
    /// Ads that have more words now.
    pub n_ads: u64,
    /// Findings that are new in the queue.
    pub n_new_findings: u64,
    /// Pictures that still wait.
    pub n_waiting: u64,
}

impl App {
    /// Whether pictures wait and can be read.
    pub(crate) async fn pictures_are_due(&self) -> Result<bool> {
        let due = self.store.waiting_pictures(self.clock.now(), 1).await?;
        Ok(!due.is_empty() && self.picture_reader.program().is_ok())
    }

    /// How many pictures wait for their words to be read.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn n_waiting_pictures(&self) -> Result<u64> {
        Ok(self.store.n_waiting_pictures().await?)
    }

    /// Reads pictures that wait, some at a time, and judges the ads that show them again. Without a program that reads
    /// words nothing is done.
    ///
    /// # Errors
    /// `Internal` when database or vault fail.
    pub async fn read_waiting_pictures(&self) -> Result<PicturesRead> {
        let mut done = PicturesRead::default();
        if self.picture_reader.program().is_ok() {
            for sha256 in self.store.waiting_pictures(self.clock.now(), MAX_AT_ONCE).await? {
                self.read_waiting(&sha256, &mut done).await?;
            }
        }
        done.n_waiting = self.store.n_waiting_pictures().await?;
        Ok(done)
    }

    async fn read_waiting(&self, sha256: &str, done: &mut PicturesRead) -> Result<()> {
        let now = self.clock.now();
        let bytes = self.vault.get(sha256).await?;
        let blob = crate::domain::blob::BlobRef::of(&bytes);
        let reading = self.picture(&blob, bytes.into(), false).await?;
        if reading.is_waiting() {
            self.store.put_off_picture(sha256, now.plus_ms(RETRY_MS)).await?;
            done.n_failed += 1;
            return Ok(());
        }
        done.n_read += 1;
        for ad in self.store.ads_with_picture(sha256, MAX_ADS).await? {
            if let Some(is_new) = self.renew_from_pictures(&ad, now).await? {
                done.n_ads += 1;
                done.n_new_findings += u64::from(is_new);
            }
        }
        Ok(())
    }

    /// Takes what its pictures say into an ad that is known, and judges it again. `None` when there is nothing new, or a
    /// person decided about it already.
    pub(in crate::app) async fn renew_from_pictures(&self, id: &AdId, now: UnixMs) -> Result<Option<bool>> {
        let Some(ad) = self.store.ad(id).await? else { return Ok(None) };
        let readings = self.store.pictures_of(id).await?;
        let mut draft = ad.draft.clone();
        attach(&mut draft, &readings);
        let is_decided =
            self.store.finding_state(id).await?.is_some_and(|state| state != FindingState::Pending);
        if draft == ad.draft || is_decided {
            return Ok(None);
        }
        let Some(sighting) = self.store.sightings(id, 1).await?.into_iter().next() else { return Ok(None) };
        let source = self.source(&sighting.source_id).await?;
        let capture = self.capture(&sighting.capture_id).await?;
        let host = url_host(&sighting.page_url);
        let mut seen = self.see(draft, &source, &capture, host.as_deref(), &mut Scratch::default());
        seen.sighting = sighting;
        let seen = with_pictures(seen, &readings);
        Ok(self.store.renew_ad(&seen, now).await?)
    }
}
