//! Checking an installation: is everything there that the records name?

use super::error::Result;
use super::{App, rules};
use crate::domain::capture::CaptureId;
use crate::store::ChainCheck;

/// Captures looked at per database query.
const CAPTURES_PER_PAGE: u32 = 500;

/// One line of `adwatch doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// What was checked, Chinese.
    pub zh: &'static str,
    /// What was checked, English.
    pub en: &'static str,
    /// Whether it is in order.
    pub fine: bool,
    /// What was seen, with numbers.
    pub detail: String,
}

impl App {
    /// Checks rules, database chain and that the bytes of every capture are in the vault unaltered.
    ///
    /// # Errors
    /// `Internal` when the database cannot be read.
    pub async fn check_health(&self) -> Result<Vec<HealthCheck>> {
        let mut checks = vec![self.check_rules()?];
        checks.push(self.check_audit().await?);
        checks.push(self.check_captures().await?);
        checks.push(self.check_renderings().await?);
        checks.push(self.check_pictures().await?);
        checks.push(self.check_browser().await?);
        Ok(checks)
    }

    fn check_rules(&self) -> Result<HealthCheck> {
        let checked = rules::check(self.config.patterns.as_deref())?;
        let detail = format!("{}: {} rules, {} errors", checked.pack, checked.n_rules, checked.n_errors);
        Ok(HealthCheck { zh: "规则", en: "rules", fine: checked.n_errors == 0, detail })
    }

    async fn check_audit(&self) -> Result<HealthCheck> {
        let (fine, detail) = match self.store.check_audit().await? {
            ChainCheck::Whole { n_entries } => (true, format!("{n_entries} entries, chain unbroken")),
            ChainCheck::BrokenAt { ordinal } => {
                (false, format!("entry {ordinal} was edited, or one before it removed"))
            }
            ChainCheck::CutOff { n_found, n_written } => {
                (false, format!("{n_written} entries were written, only {n_found} are there"))
            }
        };
        Ok(HealthCheck { zh: "审计链", en: "audit chain", fine, detail })
    }

    /// The program is optional, so its absence is said and is nothing wrong.
    async fn check_pictures(&self) -> Result<HealthCheck> {
        let n_waiting = self.store.n_waiting_pictures().await?;
        let by = match self.picture_reader.program() {
            Ok(program) => program.title(),
            Err(error) => error.to_string(),
        };
        let detail = format!("{by}; {n_waiting} pictures wait");
        Ok(HealthCheck { zh: "图中文字", en: "words in pictures", fine: true, detail })
    }

    /// Without a browser everything else works, so its absence is a fault only when a source wants it.
    async fn check_browser(&self) -> Result<HealthCheck> {
        let sources = self.store.list_sources().await?;
        let n_wanting =
            sources.iter().filter(|source| crate::source::render_profile(source).is_some()).count();
        let line = |fine, detail| HealthCheck { zh: "浏览器", en: "browser", fine, detail };
        let Some(renderer) = &self.renderer else {
            let detail = match &self.config.render.program {
                Some(path) => format!("{} is not there", path.display()),
                None => "no Chromium on the search path".to_owned(),
            };
            return Ok(line(
                n_wanting == 0,
                format!(
                    "{detail}: pages are captured as served, without rendering; {n_wanting} sources want it"
                ),
            ));
        };
        let path = renderer.program().path().display();
        Ok(match renderer.program().version().await {
            Some(version) => line(true, format!("{version} ({path}); {n_wanting} sources are rendered")),
            None => line(false, format!("{path} does not say its version within 10 s")),
        })
    }

    /// Records, elements, pictures and bodies of answers.
    async fn check_renderings(&self) -> Result<HealthCheck> {
        let mut n_blobs = 0_u64;
        let mut wrong = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let named = self.store.rendering_blobs_after(after.as_deref(), CAPTURES_PER_PAGE).await?;
            let Some(last) = named.last() else { break };
            after = Some(last.clone());
            for sha256 in &named {
                n_blobs += 1;
                // Reading verifies the digest.
                if let Err(error) = self.vault.get(sha256).await {
                    wrong.push(error.to_string());
                }
            }
        }
        let detail = match wrong.first() {
            None => format!("{n_blobs} files of rendered pages, each in the vault and unaltered"),
            Some(first) => {
                format!("{} of {n_blobs} files of rendered pages are lost or altered; {first}", wrong.len())
            }
        };
        Ok(HealthCheck { zh: "渲染字节", en: "rendered bytes", fine: wrong.is_empty(), detail })
    }

    async fn check_captures(&self) -> Result<HealthCheck> {
        let mut n_captures = 0_u64;
        let mut wrong = Vec::new();
        let mut after: Option<CaptureId> = None;
        loop {
            let captures = self.store.captures_after(after.as_ref(), CAPTURES_PER_PAGE).await?;
            let Some(last) = captures.last() else { break };
            after = Some(last.id.clone());
            for capture in &captures {
                n_captures += 1;
                // Reading verifies the digest.
                if let Err(error) = self.vault.get(&capture.body.digests.sha256).await {
                    wrong.push(format!("capture {}: {error}", capture.id));
                }
            }
        }
        let detail = match wrong.first() {
            None => format!("{n_captures} captures, the bytes of each in the vault and unaltered"),
            Some(first) => {
                format!("bytes of {} of {n_captures} captures are lost or altered; {first}", wrong.len())
            }
        };
        Ok(HealthCheck { zh: "留存字节", en: "captured bytes", fine: wrong.is_empty(), detail })
    }
}
