//! From what was written down to what is kept.

use bytes::Bytes;

use super::page::{Look, RenderJob, Seen, window_size};
use super::recorder::{Recorder, Tracked};
use crate::domain::ad::AdDraft;
use crate::domain::capture::{Exchange, Redirect};
use crate::domain::rendering::{RenderState, RenderedSlot, Rendering, RequestSeen};
use crate::extract::rendered;
use crate::kit::clock::UnixMs;

/// Request headers that are never kept.
const SECRET: [&str; 3] = ["cookie", "authorization", "proxy-authorization"];

/// A page as a browser showed it.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The document: what was asked and answered. The address that answered is known to the proxy alone.
    pub exchange: Exchange,
    /// The document's bytes as received.
    pub body: Bytes,
    /// The record of the look, without the names of bytes that are not in the vault yet.
    pub rendering: Rendering,
    /// The elements at the end, as HTML; `None` when it was not seen to its end.
    pub dom: Option<String>,
    /// The elements of frames at the end, with their addresses.
    pub frames: Vec<(String, String)>,
    /// A picture of the whole page, PNG.
    pub screenshot: Option<Bytes>,
    /// The ads, in the order of the page.
    pub ads: Vec<RenderedAd>,
    /// Bodies of answers, by their place in the record's requests.
    pub bodies: Vec<KeptBody>,
    /// Windows that the page opened, each a page of its own.
    pub popups: Vec<Rendered>,
}

/// An ad of a rendered page.
#[derive(Debug, Clone)]
pub struct RenderedAd {
    /// What was read in it.
    pub draft: AdDraft,
    /// Where it was.
    pub slot: RenderedSlot,
    /// Its picture, PNG.
    pub picture: Option<Bytes>,
    /// A place for an ad that did not come.
    pub is_empty: bool,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub struct KeptBody {
    /// Its place in the record's requests.
    pub request: usize,
    /// Its bytes.
    pub bytes: Bytes,
}

pub(super) fn rendered(
    look: Look,
    job: &RenderJob,
    version: &str,
    started_at: UnixMs,
    finished_at: UnixMs,
) -> Rendered {
    let recorder = look.recorder.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let context = Context { recorder: &recorder, job, version, started_at, finished_at };
    let mut all = look.seen.into_iter();
    let main = all.next().unwrap_or_default();
    let mut page = context.page(main, Some(&job.url));
    // A window without an address of its own has no exchange to keep; the record still counts it.
    page.popups =
        all.map(|seen| context.page(seen, None)).filter(|popup| popup.exchange.status != 0).collect();
    page.rendering.n_popups = recorder.n_windows.saturating_sub(1);
    page
}

struct Context<'a> {
    recorder: &'a Recorder,
    job: &'a RenderJob,
    version: &'a str,
    started_at: UnixMs,
    finished_at: UnixMs,
}

impl Context<'_> {
    fn page(&self, seen: Seen, requested: Option<&str>) -> Rendered {
        let window = seen.window.as_ref().map(|window| window.target.clone()).unwrap_or_default();
        let main = self.recorder.main_request(&window);
        let own: Vec<&Tracked> = self.recorder.requests.iter().filter(|one| one.window == window).collect();
        let bodies = own.iter().enumerate().filter_map(|(request, tracked)| {
            Some(KeptBody { request, bytes: tracked.body.clone().filter(|body| !body.is_empty())? })
        });
        let bodies: Vec<KeptBody> = bodies.collect();
        let (dom, frames) = markup(&seen);
        let ads: Vec<RenderedAd> = seen
            .slots
            .into_iter()
            .map(|(slot, picture)| RenderedAd {
                slot: RenderedSlot {
                    locator: slot.draft.locator.clone(),
                    area: slot.area,
                    is_fixed: slot.is_fixed,
                    signs: slot.signs,
                    picture: None,
                    facts: std::collections::BTreeMap::new(),
                },
                draft: slot.draft,
                picture,
                is_empty: slot.is_empty,
            })
            .collect();
        let console = self.recorder.console.iter().filter(|(owner, _)| *owner == window);
        let size = |number: i32| u32::try_from(number).unwrap_or(0);
        Rendered {
            exchange: self.exchange(main, requested),
            body: main.and_then(|at| self.recorder.requests[at].body.clone()).unwrap_or_default(),
            rendering: Rendering {
                profile: self.job.profile,
                browser: self.version.to_owned(),
                window: window_size(self.job.profile),
                page: (size(seen.size.0), size(seen.size.1)),
                state: seen.cut.map_or(RenderState::Complete, |why| RenderState::Cut { why }),
                title: seen.page.documents.first().map(|document| document.title.clone()).unwrap_or_default(),
                frames: self.recorder.frames_of(&window),
                requests: own.iter().map(|tracked| seen_with_headers(tracked)).collect(),
                refused: Vec::new(),
                console: console.map(|(_, line)| line.clone()).collect(),
                steps: seen.steps,
                ads: ads.iter().map(|ad| ad.slot.clone()).collect(),
                n_popups: 0,
                elapsed_ms: self.recorder.elapsed_ms(),
            },
            dom,
            frames,
            screenshot: seen.screenshot,
            ads,
            bodies,
            popups: Vec::new(),
        }
    }

    fn exchange(&self, main: Option<usize>, requested: Option<&str>) -> Exchange {
        let request = main.map(|at| &self.recorder.requests[at]);
        let mut redirects = Vec::new();
        let mut first = main;
        while let Some(before) = first.and_then(|at| self.recorder.requests[at].follows) {
            let hop = &self.recorder.requests[before];
            redirects.push(Redirect {
                url: hop.seen.url.clone(),
                status: hop.seen.status.unwrap_or(0),
                location: hop.seen.redirected_to.clone().unwrap_or_default(),
                remote_addr: String::new(),
                headers: hop.received_headers.clone(),
            });
            first = Some(before);
        }
        redirects.reverse();
        let url =
            |at: Option<usize>| at.map(|at| self.recorder.requests[at].seen.url.clone()).unwrap_or_default();
        let without_fragment = |url: String| url.split('#').next().unwrap_or_default().to_owned();
        let response_headers = request.map(|one| of_decoded(&one.received_headers)).unwrap_or_default();
        let sent = request.map(|one| one.sent_headers.clone()).unwrap_or_default();
        Exchange {
            requested_url: requested.map_or_else(|| without_fragment(url(first)), str::to_owned),
            final_url: without_fragment(url(main)),
            request_headers: sent.into_iter().filter(|(name, _)| !SECRET.contains(&name.as_str())).collect(),
            status: request.and_then(|one| one.seen.status).unwrap_or(0),
            http_version: request.map(|one| http_version(&one.protocol)).unwrap_or_default(),
            response_headers,
            redirects,
            remote_addr: String::new(),
            started_at: self.started_at,
            finished_at: self.finished_at,
            imported: None,
            provenance: None,
            robots_override: None,
        }
    }
}

/// Headers as they stand with a body that the browser decoded: the encoding stays a fact of the answer, under the name
/// that archives use.
fn of_decoded(headers: &[(String, String)]) -> Vec<(String, String)> {
    let renamed = |name: &String| match name.eq_ignore_ascii_case("content-encoding") {
        true => "x-orig-content-encoding".to_owned(),
        false => name.clone(),
    };
    headers.iter().map(|(name, value)| (renamed(name), value.clone())).collect()
}

fn seen_with_headers(tracked: &Tracked) -> RequestSeen {
    RequestSeen { headers: of_decoded(&tracked.received_headers), ..tracked.seen.clone() }
}

/// The page's elements, and those of its frames with their addresses.
fn markup(seen: &Seen) -> (Option<String>, Vec<(String, String)>) {
    let mut documents = seen.page.documents.iter();
    let dom = documents.next().map(rendered::to_html);
    let frames = documents.filter(|document| document.nodes.len() > 4);
    (dom, frames.take(50).map(|document| (document.url.clone(), rendered::to_html(document))).collect())
}

fn http_version(protocol: &str) -> String {
    match protocol {
        "h2" => "HTTP/2.0".to_owned(),
        "h3" => "HTTP/3.0".to_owned(),
        other => other.to_ascii_uppercase(),
    }
}
