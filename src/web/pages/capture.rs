//! A capture, inert: what was asked and answered, its source as text, its bytes as an attachment.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::RenderingView;
use crate::domain::capture::CaptureId;
use crate::domain::finding::FindingId;
use crate::domain::rendering::{RenderState, RenderedSlot};
use crate::extract::{charset, content};
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::guard::policy_with;
use crate::web::page::{Frame, Visit, When, defang, html, shorten, visible, visible_lines};

/// Characters of the source that the page shows.
const PREVIEW_CHARS: usize = 20_000;

#[derive(Template)]
#[template(path = "capture.html")]
struct Page {
    frame: Frame,
    id: String,
    purpose: &'static str,
    source: String,
    requested: String,
    redirects: Vec<String>,
    final_url: String,
    remote: String,
    answer: String,
    started: When,
    finished: When,
    size_bytes: u64,
    sha256: String,
    sm3: String,
    request_headers: Vec<(String, String)>,
    response_headers: Vec<(String, String)>,
    charset: &'static str,
    preview: String,
    is_cut: bool,
    rendering: Option<Seen>,
}

/// What the browser saw.
struct Seen {
    browser: String,
    size: String,
    cut: Option<String>,
    n_requests: usize,
    steps: Vec<String>,
    /// Address of the picture; none where captured content is not shown.
    picture: Option<String>,
    ads: Vec<Slot>,
    refused: Vec<(String, String)>,
}

/// A place for an ad.
struct Slot {
    ad: Option<String>,
    picture: Option<String>,
    size: String,
    locator: String,
    signs: String,
}

/// `GET /captures/{id}`.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let capture = site.desk.capture(&id).await?;
    let body = site.desk.capture_body(&id).await?;
    let exchange = &capture.exchange;
    let (unpacked, _) = content::decode(&body, exchange.response_header("content-encoding"));
    let (decoded, _) = charset::decode(&unpacked, exchange.response_header("content-type"));
    let preview = shorten(&visible_lines(&decoded.text), PREVIEW_CHARS);
    let headers = |headers: &[(String, String)]| -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| (visible(name), visible(value))).collect()
    };
    let title = format!("{} {id}", visit.lang.words().capture_title);
    let looked = site.desk.rendering(&id).await?;
    let base = match (&looked, &site.replays) {
        (Some(looked), Some(replays)) => {
            let of_ads = looked.ads.iter().map(|(_, _, sha256)| sha256);
            Some(replays.pictures(looked.screenshot.iter().chain(of_ads).cloned().collect())?)
        }
        _ => None,
    };
    let page = Page {
        id: id.to_string(),
        purpose: visit.lang.of(capture.purpose.label()),
        source: capture.source_id.to_string(),
        requested: defang(&exchange.requested_url),
        redirects: exchange
            .redirects
            .iter()
            .map(|step| format!("{} → {} → {}", defang(&step.url), step.status, defang(&step.location)))
            .collect(),
        final_url: defang(&exchange.final_url),
        remote: visible(&exchange.remote_addr),
        answer: match &exchange.imported {
            Some(imported) => visible(&format!("import: {} {}", imported.file_name, imported.place)),
            None => format!("{} {}", visible(&exchange.http_version), exchange.status),
        },
        started: exchange.started_at.into(),
        finished: exchange.finished_at.into(),
        size_bytes: capture.body.size_bytes,
        sha256: capture.body.digests.sha256.clone(),
        sm3: capture.body.digests.sm3.clone(),
        request_headers: headers(&exchange.request_headers),
        response_headers: headers(&exchange.response_headers),
        charset: decoded.charset,
        is_cut: decoded.text.chars().nth(PREVIEW_CHARS).is_some(),
        preview,
        rendering: looked.map(|looked| seen(&looked, base.as_deref())),
        frame: Frame::new(&visit, "queue", title),
    };
    let mut response = html(StatusCode::OK, &page)?;
    if let Some(base) = base {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy_with("img-src", &base)?);
    }
    Ok(response)
}

/// `base`: where pictures are shown.
fn seen(looked: &RenderingView, base: Option<&str>) -> Seen {
    let of = |sha256: &String| base.map(|base| format!("{base}picture/{sha256}"));
    let rendering = &looked.rendering;
    let slot = |slot: &RenderedSlot| {
        let known = looked.ads.iter().find(|(locator, ..)| *locator == slot.locator);
        let area = slot.area;
        Slot {
            ad: known.and_then(|(_, ad, _)| ad.as_ref()).map(|ad| FindingId::of(ad).to_string()),
            picture: known.and_then(|(_, _, sha256)| of(sha256)),
            size: format!("{}×{} · {}, {}", area.width, area.height, area.x, area.y),
            locator: visible(&slot.locator),
            signs: visible(&slot.signs.join(" · ")),
        }
    };
    Seen {
        browser: visible(&format!("{} · {}", rendering.browser, rendering.profile.as_str())),
        size: format!(
            "{}×{} · {}×{}",
            rendering.window.0, rendering.window.1, rendering.page.0, rendering.page.1
        ),
        cut: match &rendering.state {
            RenderState::Complete => None,
            RenderState::Cut { why } => Some(visible(why)),
        },
        n_requests: rendering.requests.len(),
        steps: rendering.steps.iter().map(|step| visible(step)).collect(),
        picture: looked.screenshot.as_ref().and_then(of),
        ads: rendering.ads.iter().map(slot).collect(),
        refused: rendering
            .refused
            .iter()
            .map(|refused| (shorten(&defang(&refused.target), 200), visible(&refused.why)))
            .collect(),
    }
}

/// `GET /captures/{id}/raw`: the bytes as received, which no browser will take for a page.
/// That they were taken is put on record.
pub async fn raw(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = parse(&id)?;
    let body = site.desk.capture_body(&id).await?;
    let detail = serde_json::json!({"size_bytes": body.len()});
    site.registry.record(&visit.logged_in()?.actor, "capture.download", id.as_str(), detail).await?;
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{id}.txt\""))
        .map_err(|error| Failure::Render(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain")),
        (header::CONTENT_DISPOSITION, name),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, body).into_response())
}

fn parse(id: &str) -> Result<CaptureId, Failure> {
    CaptureId::parse(id).map_err(|_| Failure::NoPage)
}
