//! Words and codes in pictures: reading them when an ad is seen, and later, when a program that reads words is there.

mod fetch;
mod waiting;

pub(in crate::app) use fetch::Shown;

use std::path::PathBuf;
use std::sync::{Once, OnceLock};

use crate::domain::picture::PictureReading;
use crate::kit::problem::Problem;
use crate::ocr::{self, DEFAULT_LANGUAGES, Program, ProgramError};
use crate::picture::{Picture, codes};

use super::config::PictureSettings;
use super::error::Result;
use super::{App, Error};
use crate::domain::blob::BlobRef;
use crate::domain::finding::FindingId;
use crate::domain::user::Actor;

pub use waiting::PicturesRead;

/// Pictures are shown at most so wide.
const SHOWN_WIDTH: u32 = 1_400;

/// Reads pictures; built once, used from any thread. What it is given is never trusted.
#[derive(Debug)]
pub struct PictureReader {
    configured: Option<PathBuf>,
    languages: String,
    found: OnceLock<Program>,
}

impl PictureReader {
    /// A reader with the program that the settings name, or the one on the search path. It is looked for on first use, and
    /// again as long as it is not there: whoever installs it need not start anything anew.
    pub fn new(settings: &PictureSettings) -> Self {
        Self {
            configured: settings.tesseract.clone(),
            languages: settings.languages.clone(),
            found: OnceLock::new(),
        }
    }

    /// What reads words, with its version.
    ///
    /// # Errors
    /// A sentence that says what is missing and what to do.
    pub fn program(&self) -> std::result::Result<&Program, ProgramError> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let languages = if self.languages.is_empty() { DEFAULT_LANGUAGES } else { &self.languages };
        let found = Program::find(self.configured.as_deref(), languages)?;
        Ok(self.found.get_or_init(|| found))
    }

    /// Reads codes and, unless `later`, words. Takes up to some minutes; never fails: what is wrong is in the answer.
    pub fn read(&self, bytes: &[u8], later: bool) -> PictureReading {
        static ABSENT: Once = Once::new();
        let picture = match Picture::decode(bytes) {
            Ok(picture) => picture,
            Err(problem) => return PictureReading { problems: vec![problem], ..PictureReading::default() },
        };
        let mut reading = PictureReading {
            width: picture.width(),
            height: picture.height(),
            look: picture.look().map(|look| format!("{:016x}", look.0)),
            codes: codes(&picture),
            ..PictureReading::default()
        };
        if later {
            return reading;
        }
        match self.program() {
            Err(error) => ABSENT.call_once(|| tracing::warn!("{error}")),
            Ok(program) => match ocr::read_words(program, &picture) {
                Ok((lines, problems)) => {
                    reading.lines = lines;
                    reading.problems = problems;
                    reading.words_by = Some(program.title());
                }
                Err(error) => {
                    tracing::warn!("a picture was not read: {error}");
                    reading.problems.push(Problem::new("picture-not-read", error.to_string()));
                }
            },
        }
        reading
    }
}

impl App {
    /// What reads words in pictures.
    pub fn picture_reader(&self) -> &PictureReader {
        &self.picture_reader
    }

    /// What is in a picture, whose bytes are in the vault: from the record if it was read before, else read now and
    /// recorded. With `later` words are left to the worker.
    pub(crate) async fn picture(
        &self,
        blob: &BlobRef,
        bytes: bytes::Bytes,
        later: bool,
    ) -> Result<PictureReading> {
        if let Some(known) = self.store.picture(&blob.digests.sha256).await?
            && (later || !known.is_waiting() || self.picture_reader.program().is_err())
        {
            return Ok(known);
        }
        let reader = self.picture_reader.clone();
        let reading = tokio::task::spawn_blocking(move || reader.read(&bytes, later))
            .await
            .map_err(anyhow::Error::from)?;
        self.store.record_picture(blob, &reading, self.clock.now()).await?;
        Ok(reading)
    }

    /// A picture of the ad of a finding, as a PNG of our own making: nothing in it is the advertiser's but the pixels.
    ///
    /// # Errors
    /// `NotFound` when there is no such finding or it shows no such picture; `Internal` when the vault lost its bytes.
    pub async fn finding_picture(&self, actor: &Actor, id: &FindingId, sha256: &str) -> Result<Vec<u8>> {
        let ad = self.finding_for(actor, id).await?.ad;
        let not_found = || Error::NotFound { kind: "picture", id: sha256.to_owned() };
        let known = self.store.pictures_of(&ad.id).await?;
        if !known.iter().any(|(name, _)| name == sha256) {
            return Err(not_found());
        }
        let bytes = self.vault.get(sha256).await?;
        let drawn = tokio::task::spawn_blocking(move || Picture::decode(&bytes)?.to_png(SHOWN_WIDTH));
        drawn.await.map_err(anyhow::Error::from)?.map_err(|_| not_found())
    }

    /// The pictures of the ad of a finding, with what was read in each.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn pictures_of(&self, ad: &crate::domain::ad::AdId) -> Result<Vec<(String, PictureReading)>> {
        Ok(self.store.pictures_of(ad).await?)
    }
}
