//! Use cases of looking at what a browser made of a capture.

use anyhow::Context as _;

use super::super::App;
use super::super::error::Result;
use crate::domain::ad::AdId;
use crate::domain::capture::CaptureId;
use crate::domain::rendering::{PartRole, Rendering};

/// What a browser made of a capture.
#[derive(Debug, Clone)]
pub struct RenderingView {
    /// The record.
    pub rendering: Rendering,
    /// SHA-256 of the picture of the whole page.
    pub screenshot: Option<String>,
    /// Pictures of ads: where the ad stood, which ad it is, SHA-256.
    pub ads: Vec<(String, Option<AdId>, String)>,
}

impl App {
    /// What a browser made of a capture; `None` when none looked at it.
    ///
    /// # Errors
    /// `Internal` when the record is lost or altered.
    pub async fn rendering(&self, id: &CaptureId) -> Result<Option<RenderingView>> {
        let Some(row) = self.store.rendering(id).await? else { return Ok(None) };
        let record = self.vault.get(&row.record.digests.sha256).await?;
        let rendering = serde_json::from_slice(&record)
            .with_context(|| format!("the record of rendering {id} cannot be read"))?;
        let mut view = RenderingView { rendering, screenshot: None, ads: Vec::new() };
        for part in row.parts {
            match part.role {
                PartRole::Screenshot => view.screenshot = Some(part.blob.digests.sha256),
                PartRole::Ad => view.ads.push((part.name, part.ad_id, part.blob.digests.sha256)),
                PartRole::Dom | PartRole::Frame | PartRole::Body => {}
            }
        }
        Ok(Some(view))
    }

    /// A picture that the browser made, by the SHA-256 that a [`RenderingView`] names.
    ///
    /// # Errors
    /// `Internal` when it is lost or altered.
    pub async fn rendered_picture(&self, sha256: &str) -> Result<Vec<u8>> {
        Ok(self.vault.get(sha256).await?)
    }
}
