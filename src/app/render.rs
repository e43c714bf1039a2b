//! Looking at pages with a browser: which sources want it, what is kept of it, and what stands in for it without one.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::App;
use super::error::Result;
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{CaptureId, CapturePurpose, Exchange};
use crate::domain::rendering::{PartRole, RefusedRequest, RenderProfile, RenderState, Rendering};
use crate::domain::run::RunOutcome;
use crate::domain::source::Source;
use crate::extract::filters::Filters;
use crate::fetch::{FetchError, FetchRequest, FilteringProxy, ProxyLimits, ProxyOutcome, Refusal};
use crate::kit::problem::Problem;
use crate::render::{Limits, Program, RenderError, RenderJob, Rendered, Renderer};
use crate::source::{CapturedPage, Connector, Reading, Target, max_landings, render_profile};
use crate::store::page::SeenAd;
use crate::store::rendering::{RenderingPart, RenderingRow};

/// What a browser made of a page, its bytes in the vault already.
pub(super) struct Kept {
    profile: RenderProfile,
    record: BlobRef,
    state: RenderState,
    n_refused: usize,
    parts: Vec<RenderingPart>,
    /// The elements at the end.
    dom: Option<Bytes>,
    drafts: Vec<AdDraft>,
    n_empty: usize,
    /// Windows that the page opened.
    pub(super) popups: Vec<KeptPopup>,
}

/// A window that a page opened, its bytes in the vault.
pub(super) struct KeptPopup {
    pub(super) exchange: Exchange,
    pub(super) body: Bytes,
    pub(super) blob: BlobRef,
    pub(super) kept: Kept,
}

/// A page that a browser looked at.
pub(super) struct Look {
    pub(super) exchange: Exchange,
    pub(super) body: Bytes,
    pub(super) kept: Kept,
}

impl Kept {
    /// Reads the elements at the end in the place of the document as it came, and the ads that were seen in the place of
    /// those that stand in the source.
    pub(super) fn read(
        &self,
        connector: &dyn Connector,
        filters: &Filters,
        source: &Source,
        target: &Target,
        exchange: &Exchange,
        body: &[u8],
    ) -> Reading {
        let content_type = exchange.response_header("content-type");
        let is_html = content_type.is_none_or(|kind| kind.to_ascii_lowercase().contains("html"));
        let Some(dom) = self.dom.as_ref().filter(|_| is_html) else {
            let mut reading =
                connector.read(source, target, &CapturedPage::new(exchange, body).with_filters(filters));
            self.say_what_is_missing(&mut reading);
            return reading;
        };
        let mut shown = exchange.clone();
        shown.response_headers = vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
        let mut reading =
            connector.read(source, target, &CapturedPage::new(&shown, dom).with_filters(filters));
        self.say_what_is_missing(&mut reading);
        if target.purpose != CapturePurpose::Popup {
            reading.drafts.retain(|draft| draft.kind != AdKind::Display);
            reading.targets.retain(|next| next.purpose != CapturePurpose::Landing);
            let mut seen = BTreeSet::new();
            let landings = self.drafts.iter().filter_map(|draft| draft.landing_url.clone());
            let landings = landings.filter(|url| seen.insert(url.clone())).take(max_landings(source));
            reading.targets.extend(landings.map(|url| Target::new(url, CapturePurpose::Landing, "landing")));
            reading.drafts.extend(self.drafts.iter().cloned());
            if !self.drafts.is_empty() && matches!(reading.outcome, RunOutcome::SlotOnly) {
                reading.outcome = RunOutcome::Ok;
            }
        }
        reading
    }

    fn say_what_is_missing(&self, reading: &mut Reading) {
        if let RenderState::Cut { why } = &self.state {
            reading.problems.push(Problem::new("render-cut", format!("the page was seen in part: {why}")));
        }
        if self.n_empty > 0 {
            let message = format!("{} ad slots stayed empty in the browser", self.n_empty);
            reading.problems.push(Problem::new("slot-only", message));
        }
    }

    /// The row to record with the page, once its ads have names.
    pub(super) fn row(mut self, capture_id: &CaptureId, ads: &[SeenAd]) -> RenderingRow {
        for part in self.parts.iter_mut().filter(|part| part.role == PartRole::Ad) {
            let is_its =
                |seen: &&SeenAd| seen.draft.kind == AdKind::Display && seen.sighting.locator == part.name;
            part.ad_id = ads.iter().find(is_its).map(|seen| seen.id.clone());
        }
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        RenderingRow {
            capture_id: capture_id.clone(),
            profile: self.profile,
            record: self.record,
            n_ads: small(self.drafts.len() + self.n_empty),
            n_refused: small(self.n_refused),
            parts: self.parts,
        }
    }
}

impl App {
    /// The browser of this process, when there is one on this machine.
    pub(super) fn renderer_of(
        config: &super::Config,
        clock: &Arc<dyn crate::kit::clock::Clock>,
    ) -> Option<Renderer> {
        let program = Program::find(config.render.program.as_deref())?;
        let limits = Limits {
            memory_mib: config.render.memory_mib,
            max_pages: config.render.max_pages,
            page_ms: config.render.timeout_ms,
            ..Limits::default()
        };
        Some(Renderer::new(program, limits, clock.clone()))
    }

    /// Looks at a page with a browser; `None` when its source does not want that, or there is none.
    ///
    /// # Errors
    /// The vault fails; what the guard refuses, robots.txt forbids, or nobody answers is an answer.
    pub(super) async fn look_rendered(
        &self,
        source: &Source,
        target: &Target,
        request: &FetchRequest,
    ) -> Result<Option<std::result::Result<Look, FetchError>>> {
        let Some(profile) = render_profile(source).filter(|_| is_renderable(target)) else { return Ok(None) };
        let Some(renderer) = &self.renderer else {
            // Once is enough: it is true of every page.
            static SAID: std::sync::Once = std::sync::Once::new();
            SAID.call_once(|| {
                tracing::warn!(
                    "there is no Chromium on this machine: pages are captured as served, without rendering"
                );
            });
            return Ok(None);
        };
        let rendered = match self.render(renderer, profile, request).await {
            Ok(rendered) => rendered,
            Err(error) => return Ok(Some(Err(error))),
        };
        Ok(Some(Ok(self.keep(rendered).await?)))
    }

    async fn render(
        &self,
        renderer: &Renderer,
        profile: RenderProfile,
        request: &FetchRequest,
    ) -> std::result::Result<Rendered, FetchError> {
        let url = self.fetcher.admit(request).await?;
        let proxy = self.fetcher.open_proxy(&request.allowed_origins, ProxyLimits::default()).await?;
        let filters = self.filters().clone();
        let job = RenderJob {
            url: url.to_string(),
            profile,
            proxy: proxy.address(),
            is_request: Arc::new(move |url, page, kind| filters.rule_of(url, page, kind)),
        };
        let rendered = renderer.render(&job).await;
        let refused_page = |page: &str| refusal_of(&proxy, page);
        let mut rendered = match rendered {
            Ok(rendered) => rendered,
            Err(RenderError::NoAnswer { url, why }) => {
                return Err(match refused_page(&url) {
                    Some(refusal) => refusal.into(),
                    None => FetchError::Network { url, why },
                });
            }
            Err(error) => return Err(FetchError::Network { url: job.url, why: error.to_string() }),
        };
        // What answers a refused page is the proxy itself.
        if let Some(refusal) = refused_page(&rendered.exchange.final_url) {
            return Err(refusal.into());
        }
        if rendered.exchange.status == 0 {
            return Err(FetchError::Network { url: job.url, why: "the page had no document".to_owned() });
        }
        rendered.popups.retain(|popup| refused_page(&popup.exchange.final_url).is_none());
        for page in std::iter::once(&mut rendered.exchange)
            .chain(rendered.popups.iter_mut().map(|popup| &mut popup.exchange))
        {
            name_addresses(&proxy, page);
        }
        rendered.rendering.refused = refused(&proxy);
        Ok(rendered)
    }

    /// Puts everything into the vault: bytes first, rows later.
    async fn keep(&self, mut rendered: Rendered) -> Result<Look> {
        let mut popups = Vec::new();
        for mut popup in std::mem::take(&mut rendered.popups) {
            popup.exchange.provenance = Some(self.provenance(&[]).await?);
            let (exchange, body) = (popup.exchange.clone(), popup.body.clone());
            let blob = self.vault.put(body.clone()).await?;
            popups.push(KeptPopup { exchange, body, blob, kept: self.keep_parts(popup).await? });
        }
        rendered.exchange.provenance = Some(self.provenance(&[]).await?);
        let (exchange, body) = (rendered.exchange.clone(), rendered.body.clone());
        let mut kept = self.keep_parts(rendered).await?;
        kept.popups = popups;
        Ok(Look { exchange, body, kept })
    }

    async fn keep_parts(&self, rendered: Rendered) -> Result<Kept> {
        let part = async |role: PartRole, name: &str, bytes: Bytes| -> Result<RenderingPart> {
            let blob = self.vault.put(bytes).await?;
            Ok(RenderingPart { role, name: name.to_owned(), ad_id: None, blob })
        };
        let mut parts = Vec::new();
        let mut record: Rendering = rendered.rendering;
        let dom = rendered.dom.map(Bytes::from);
        if let Some(dom) = &dom {
            parts.push(part(PartRole::Dom, &rendered.exchange.final_url, dom.clone()).await?);
        }
        for (url, markup) in rendered.frames {
            parts.push(part(PartRole::Frame, &url, markup.into()).await?);
        }
        if let Some(picture) = rendered.screenshot {
            parts.push(part(PartRole::Screenshot, "", picture).await?);
        }
        let mut drafts = Vec::new();
        let mut n_empty = 0;
        for (ad, slot) in rendered.ads.into_iter().zip(&mut record.ads) {
            if let Some(picture) = ad.picture {
                let kept = part(PartRole::Ad, &slot.locator, picture).await?;
                slot.picture = Some(kept.blob.clone());
                parts.push(kept);
            }
            if ad.is_empty {
                n_empty += 1;
            } else {
                drafts.push(ad.draft);
            }
        }
        for body in rendered.bodies {
            let Some(request) = record.requests.get_mut(body.request) else { continue };
            let kept = part(PartRole::Body, &request.url, body.bytes).await?;
            request.body = Some(kept.blob.clone());
            parts.push(kept);
        }
        let json = serde_json::to_vec(&record).map_err(|error| {
            super::Error::Internal(anyhow::anyhow!("a record cannot be written: {error}"))
        })?;
        Ok(Kept {
            profile: record.profile,
            record: self.vault.put(json.into()).await?,
            state: record.state,
            n_refused: record.refused.len(),
            parts,
            dom,
            drafts,
            n_empty,
            popups: Vec::new(),
        })
    }
}

/// A browser sends nothing but plain requests, and the page behind an ad is asked for once, by us.
fn is_renderable(target: &Target) -> bool {
    target.purpose != CapturePurpose::Landing
        && target.ask.body.is_none()
        && target.ask.headers.is_empty()
        && target.ask.credential.is_none()
}

/// Why the guard refused `page`, if it did: by its address, or by its host and port when it goes through a tunnel.
fn refusal_of(proxy: &FilteringProxy, page: &str) -> Option<Refusal> {
    proxy.requests().into_iter().rev().find_map(|request| match request.outcome {
        ProxyOutcome::Refused(why) if is_for(&request.target, page) => {
            Some(Refusal { url: page.chars().take(200).collect(), why })
        }
        _ => None,
    })
}

fn refused(proxy: &FilteringProxy) -> Vec<RefusedRequest> {
    let refused = proxy.requests().into_iter().filter_map(|request| match request.outcome {
        ProxyOutcome::Refused(why) => Some(RefusedRequest { target: request.target, why }),
        _ => None,
    });
    refused.take(500).collect()
}

/// The addresses that answered, which only the proxy knows.
fn name_addresses(proxy: &FilteringProxy, exchange: &mut Exchange) {
    let requests = proxy.requests();
    let of = |page: &str| {
        requests.iter().rev().find_map(|request| match request.outcome {
            ProxyOutcome::Sent(address) if is_for(&request.target, page) => Some(address.to_string()),
            _ => None,
        })
    };
    exchange.remote_addr = of(&exchange.final_url).unwrap_or_default();
    for hop in &mut exchange.redirects {
        hop.remote_addr = of(&hop.url).unwrap_or_default();
    }
}

/// Whether the proxy was asked for `target` because of `page`.
fn is_for(target: &str, page: &str) -> bool {
    let Ok(page_url) = url::Url::parse(page) else { return false };
    if page_url.scheme() == "http" {
        return url::Url::parse(target).is_ok_and(|asked| asked == page_url);
    }
    let port = page_url.port_or_known_default().unwrap_or(443);
    page_url.host_str().is_some_and(|host| target == format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_by_its_address_or_its_tunnel() {
        let cases = [
            ("http://a.example/x?y", "http://a.example/x?y", true),
            ("http://a.example/x", "http://a.example/z", false),
            ("a.example:443", "https://a.example/x", true),
            ("a.example:8443", "https://a.example:8443/", true),
            ("a.example:443", "http://a.example/", false),
        ];
        for (target, page, expected) in cases {
            assert_eq!(is_for(target, page), expected, "{target} {page}");
        }
    }
}
