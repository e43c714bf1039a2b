//! Looking at one page: go there, wait, scroll, take pictures, read.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::browser::{Browser, SHORT};
use super::error::RenderError;
use super::pipe::CallError;
use super::pump::{self, Shared};
use super::recorder::{Recorder, Window};
use super::{Limits, snapshot};
use crate::domain::rendering::{Area, RenderProfile};
use crate::extract::rendered::{self, RenderedPage, Slot};

/// Ads of one page of which pictures are taken.
const MAX_PICTURES: usize = 60;

/// Highest picture of a page, in CSS pixels: what stands lower is read and not pictured.
const MAX_PICTURE_HEIGHT: i32 = 12_000;

/// A page that was scrolled needs two or three frames to be drawn.
const DRAWING: Duration = Duration::from_millis(100);

/// Whether a request is one of an ad system; see [`rendered::ad_slots`].
pub type RequestSign = Arc<dyn Fn(&str, &str, &str) -> Option<String> + Send + Sync>;

/// A page to look at.
#[derive(Clone)]
pub struct RenderJob {
    /// Its address, which was checked.
    pub url: String,
    /// As what to look at it.
    pub profile: RenderProfile,
    /// The proxy that is its only way to the network.
    pub proxy: SocketAddr,
    /// What is known of ad systems.
    pub is_request: RequestSign,
}

/// What was seen of a window until now.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) window: Option<Window>,
    pub(super) page: RenderedPage,
    pub(super) size: (i32, i32),
    pub(super) screenshot: Option<Bytes>,
    pub(super) slots: Vec<(Slot, Option<Bytes>)>,
    pub(super) steps: Vec<String>,
    /// Why it is not complete.
    pub(super) cut: Option<String>,
}

/// Everything that one look gave, its pop-ups behind it.
pub(super) struct Look {
    pub(super) seen: Vec<Seen>,
    pub(super) recorder: Arc<Mutex<Recorder>>,
}

/// Looks at the page of `job` in a context of its own, which is gone afterwards.
///
/// `keeps_part`: what a page showed before it crashed is kept, instead of trying again.
pub(super) async fn look(
    browser: &Arc<Browser>,
    job: &RenderJob,
    limits: &Limits,
    keeps_part: bool,
) -> Result<Look, RenderError> {
    let gone = |_| RenderError::BrowserGone { url: job.url.clone() };
    let context = browser.open_context(job.proxy).await.map_err(gone)?;
    let events = browser.pipe.listen(&context);
    let recorder = Arc::new(Mutex::new(Recorder::new()));
    let shared = Shared { browser: browser.clone(), recorder: recorder.clone(), device: device(job.profile) };
    let pump = tokio::spawn(pump::run(shared.clone(), events));
    let visit = Visit { shared, job, limits, context: &context, keeps_part };
    let result = visit.all().await;
    pump.abort();
    let is_well = browser.close_context(&context).await;
    if !is_well {
        tracing::warn!(url = %job.url, "the browser could not end a page and is replaced");
        browser.kill().await;
    }
    result.map(|seen| Look { seen, recorder })
}

struct Visit<'a> {
    shared: Shared,
    job: &'a RenderJob,
    limits: &'a Limits,
    context: &'a str,
    keeps_part: bool,
}

impl Visit<'_> {
    async fn all(&self) -> Result<Vec<Seen>, RenderError> {
        let mut main = Seen::default();
        let limit = Duration::from_millis(self.limits.page_ms);
        match tokio::time::timeout(limit, self.main(&mut main)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let window = main.window.as_ref().map(|window| window.target.clone()).unwrap_or_default();
                let has_document = self.shared.record().main_request(&window).is_some();
                let is_final = match error {
                    RenderError::Crashed { .. } | RenderError::BrowserGone { .. } => !self.keeps_part,
                    RenderError::Hung { .. } | RenderError::Protocol { .. } => false,
                    RenderError::NoAnswer { .. } | RenderError::Start { .. } => true,
                };
                if is_final || !has_document {
                    return Err(error);
                }
                main.cut = Some(error.to_string());
            }
            Err(_) => main.cut = Some(format!("it took longer than {} ms", self.limits.page_ms)),
        }
        if let Some(window) = &main.window
            && self.shared.record().main_request(&window.target).is_none()
        {
            return Err(RenderError::Hung { url: self.job.url.clone(), limit_ms: self.limits.page_ms });
        }
        let mut all = vec![main];
        let windows: Vec<Window> = self.shared.record().windows.clone();
        for window in windows.into_iter().filter(|window| window.has_opener) {
            let mut seen = Seen { window: Some(window.clone()), ..Seen::default() };
            let limit = Duration::from_millis(self.limits.settle_ms + self.limits.picture_ms);
            let looked = tokio::time::timeout(limit, async {
                self.settle(&window, self.limits.settle_ms / 2, &mut seen).await?;
                self.picture(&window, &mut seen).await
            });
            match looked.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => seen.cut = Some(error.to_string()),
                Err(_) => seen.cut = Some(format!("it took longer than {} ms", limit.as_millis())),
            }
            all.push(seen);
        }
        Ok(all)
    }

    async fn main(&self, seen: &mut Seen) -> Result<(), RenderError> {
        let create = json!({ "url": "about:blank", "browserContextId": self.context });
        let made = self.call("", "Target.createTarget", create, SHORT).await?;
        let target = made["targetId"].as_str().unwrap_or_default().to_owned();
        let window = self.window(&target).await?;
        seen.window = Some(window.clone());
        let limit = Duration::from_millis(self.limits.navigate_ms);
        match self.call(&window.session, "Page.navigate", json!({ "url": self.job.url }), limit).await {
            Ok(answer) => {
                if let Some(why) = answer["errorText"].as_str().filter(|why| !why.is_empty()) {
                    return Err(RenderError::NoAnswer { url: self.job.url.clone(), why: why.to_owned() });
                }
            }
            Err(RenderError::Hung { .. }) if self.shared.record().main_request(&target).is_some() => {
                seen.cut = Some(format!("the document did not end within {} ms", self.limits.navigate_ms));
            }
            Err(error) => return Err(error),
        }
        self.settle(&window, self.limits.settle_ms, seen).await?;
        self.wake(&window, seen).await?;
        self.consent(&window, seen).await?;
        self.scroll(&window, seen).await?;
        self.settle(&window, self.limits.settle_ms / 2, seen).await?;
        self.picture(&window, seen).await
    }

    /// The window of `target`, once it was told the rules.
    async fn window(&self, target: &str) -> Result<Window, RenderError> {
        let began = Instant::now();
        loop {
            let found = self.shared.record().windows.iter().find(|window| window.target == target).cloned();
            if let Some(window) = found {
                return Ok(window);
            }
            if began.elapsed() > SHORT || self.shared.browser.pipe.is_closed() {
                return Err(RenderError::BrowserGone { url: self.job.url.clone() });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until the page asks for nothing more, at most `limit_ms`.
    async fn settle(&self, window: &Window, limit_ms: u64, seen: &mut Seen) -> Result<(), RenderError> {
        let began = Instant::now();
        loop {
            {
                let record = self.shared.record();
                let own = record.windows.iter().find(|one| one.target == window.target);
                if own.is_some_and(|own| own.has_crashed) {
                    return Err(RenderError::Crashed { url: self.job.url.clone() });
                }
                // A pop-up may have loaded before it was attached to.
                let has_loaded = own.is_none_or(|own| own.has_loaded || own.has_opener);
                if has_loaded && record.is_settled(&window.target, self.limits.quiet_ms) {
                    return Ok(());
                }
            }
            if self.shared.browser.pipe.is_closed() {
                return Err(RenderError::BrowserGone { url: self.job.url.clone() });
            }
            if began.elapsed().as_millis() >= u128::from(limit_ms) {
                seen.steps.push(format!("the network did not come to rest within {limit_ms} ms"));
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// A page that computes for ever is stopped and looked at as it is.
    async fn wake(&self, window: &Window, seen: &mut Seen) -> Result<(), RenderError> {
        let short = Duration::from_millis(self.limits.answer_ms);
        match self.call(&window.session, "Runtime.evaluate", json!({ "expression": "1" }), short).await {
            Err(RenderError::Hung { .. }) => {}
            other => return other.map(|_| ()),
        }
        seen.cut = Some("a script kept the page busy and was stopped".to_owned());
        for _ in 0..3 {
            self.call(&window.session, "Runtime.terminateExecution", json!({}), short).await.ok();
            let stop = json!({ "value": true });
            self.call(&window.session, "Emulation.setScriptExecutionDisabled", stop, short).await.ok();
            if self
                .call(&window.session, "Runtime.evaluate", json!({ "expression": "1" }), short)
                .await
                .is_ok()
            {
                return Ok(());
            }
        }
        Err(self.hung())
    }

    /// Gives the consent without which nothing is shown, once.
    async fn consent(&self, window: &Window, seen: &mut Seen) -> Result<(), RenderError> {
        let clicked = self.in_own_world(window, include_str!("consent.js")).await?;
        if let Some(words) = clicked.as_str().filter(|words| !words.is_empty()) {
            seen.steps.push(format!("gave the consent that covered the page: {words}"));
            self.settle(window, self.limits.settle_ms / 4, seen).await?;
        }
        Ok(())
    }

    /// Scrolls to the end and back, so that what loads late is loaded.
    async fn scroll(&self, window: &Window, seen: &mut Seen) -> Result<(), RenderError> {
        let mut y = 0_i64;
        let mut n_steps = 0;
        while n_steps < self.limits.max_scrolls {
            let expression = format!(
                "(() => {{ window.scrollTo(0, {y}); return [document.documentElement.scrollHeight, window.innerHeight]; }})()"
            );
            let sizes = self.in_own_world(window, &expression).await?;
            let (height, inner) = (sizes[0].as_i64().unwrap_or(0), sizes[1].as_i64().unwrap_or(600).max(200));
            n_steps += 1;
            tokio::time::sleep(Duration::from_millis(self.limits.scroll_pause_ms)).await;
            if y + inner >= height {
                break;
            }
            if y + inner >= i64::from(MAX_PICTURE_HEIGHT) {
                seen.steps.push(format!("scrolled {y} px; the page goes on"));
                break;
            }
            y += inner * 4 / 5;
        }
        self.in_own_world(window, "window.scrollTo(0, 0)").await?;
        seen.steps.push(format!("scrolled to {y} px in {n_steps} steps"));
        Ok(())
    }

    /// Evaluates in a world of our own, whose functions the page cannot replace.
    async fn in_own_world(&self, window: &Window, expression: &str) -> Result<Value, RenderError> {
        let limit = Duration::from_millis(self.limits.answer_ms);
        let world = json!({ "frameId": window.target, "worldName": "adwatch" });
        let made = match self.call(&window.session, "Page.createIsolatedWorld", world, limit).await {
            Ok(made) => made,
            // The page went elsewhere at this moment.
            Err(RenderError::Protocol { .. }) => return Ok(Value::Null),
            Err(error) => return Err(error),
        };
        let params = json!({
            "expression": expression,
            "contextId": made["executionContextId"],
            "returnByValue": true,
            "timeout": self.limits.answer_ms,
        });
        match self.call(&window.session, "Runtime.evaluate", params, limit).await {
            Ok(answer) => Ok(answer["result"]["value"].clone()),
            Err(RenderError::Protocol { .. }) => Ok(Value::Null),
            Err(error) => Err(error),
        }
    }

    /// The elements of the page, the ads and their pictures, and the picture of the page.
    async fn picture(&self, window: &Window, seen: &mut Seen) -> Result<(), RenderError> {
        let limit = Duration::from_millis(self.limits.picture_ms);
        // A window behind another one is not drawn.
        self.call(&window.session, "Page.bringToFront", json!({}), limit).await?;
        seen.size = self.size(window).await?;
        let params = json!({ "computedStyles": snapshot::STYLES, "includeDOMRects": false });
        let answer = self.call(&window.session, "DOMSnapshot.captureSnapshot", params, limit).await?;
        let is_request = self.job.is_request.clone();
        // Reading a large page takes a while, and other pages are waiting.
        let read = tokio::task::spawn_blocking(move || {
            let page = snapshot::read(&answer);
            let slots = rendered::ad_slots(&page, &*is_request);
            (page, slots)
        });
        let Ok((page, slots)) = read.await else { return Ok(()) };
        seen.page = page;
        for (nth, slot) in slots.into_iter().enumerate() {
            let wanted = nth < MAX_PICTURES && !slot.is_empty;
            let picture = if wanted { self.picture_of(window, &slot, seen.size).await? } else { None };
            seen.slots.push((slot, picture));
        }
        self.whole_picture(window, seen).await
    }

    async fn size(&self, window: &Window) -> Result<(i32, i32), RenderError> {
        let limit = Duration::from_millis(self.limits.picture_ms);
        let metrics = self.call(&window.session, "Page.getLayoutMetrics", json!({}), limit).await?;
        let size = |name: &str| {
            let number = metrics["cssContentSize"][name].as_f64().unwrap_or(0.0);
            format!("{number:.0}").parse::<i32>().unwrap_or(0)
        };
        Ok((size("width"), size("height")))
    }

    /// Scrolls to the ad, because frames outside the window are not drawn, and takes its picture.
    async fn picture_of(
        &self,
        window: &Window,
        slot: &Slot,
        size: (i32, i32),
    ) -> Result<Option<Bytes>, RenderError> {
        let page = Area { x: 0, y: 0, width: size.0, height: size.1 };
        let area = slot.area.intersection(page);
        if area.width < 8 || area.height < 8 {
            return Ok(None);
        }
        let inner = i32::try_from(window_size(self.job.profile).1).unwrap_or(i32::MAX);
        let is_in_first_window = slot.is_fixed || area.y + area.height <= inner;
        let y = if is_in_first_window { 0 } else { area.y - (inner - area.height).max(0) / 2 };
        self.in_own_world(window, &format!("window.scrollTo(0, {y})")).await?;
        if y > 0 {
            tokio::time::sleep(DRAWING).await;
        }
        self.screenshot(window, area, area.height > inner).await
    }

    /// In a window as high as the page, so that all frames are drawn; where that changes the page, in its own.
    async fn whole_picture(&self, window: &Window, seen: &mut Seen) -> Result<(), RenderError> {
        self.in_own_world(window, "window.scrollTo(0, 0)").await?;
        let whole = Area {
            x: 0,
            y: 0,
            width: seen.size.0.clamp(1, 4_000),
            height: seen.size.1.clamp(1, MAX_PICTURE_HEIGHT),
        };
        let inner = i32::try_from(window_size(self.job.profile).1).unwrap_or(i32::MAX);
        if whole.height <= inner {
            seen.screenshot = self.screenshot(window, whole, false).await?;
            return Ok(());
        }
        let mut metrics = self.shared.device["metrics"].clone();
        let own = metrics.clone();
        metrics["height"] = whole.height.into();
        self.resize(window, metrics).await?;
        tokio::time::sleep(DRAWING * 2).await;
        let (_, height) = self.size(window).await?;
        let is_same = (height - seen.size.1).abs() * 20 <= seen.size.1;
        if is_same {
            seen.screenshot = self.screenshot(window, whole, false).await?;
        }
        self.resize(window, own).await?;
        if !is_same {
            seen.steps.push(
                "the page changes with its window: frames below it may be missing in its picture".to_owned(),
            );
            seen.screenshot = self.screenshot(window, whole, true).await?;
        }
        Ok(())
    }

    async fn resize(&self, window: &Window, metrics: Value) -> Result<(), RenderError> {
        let limit = Duration::from_millis(self.limits.picture_ms);
        match self.call(&window.session, "Emulation.setDeviceMetricsOverride", metrics, limit).await {
            // Windows that a page opened may have no size of their own to change.
            Ok(_) | Err(RenderError::Protocol { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn screenshot(
        &self,
        window: &Window,
        area: Area,
        beyond: bool,
    ) -> Result<Option<Bytes>, RenderError> {
        let params = json!({
            "format": "png",
            "captureBeyondViewport": beyond,
            "optimizeForSpeed": true,
            "clip": { "x": area.x, "y": area.y, "width": area.width, "height": area.height, "scale": 1 },
        });
        let limit = Duration::from_millis(self.limits.picture_ms);
        match self.call(&window.session, "Page.captureScreenshot", params, limit).await {
            Ok(answer) => {
                let data = answer["data"].as_str().unwrap_or_default();
                let png = base64::engine::general_purpose::STANDARD.decode(data).unwrap_or_default();
                Ok((!png.is_empty()).then(|| png.into()))
            }
            Err(RenderError::Protocol { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn call(
        &self,
        session: &str,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, RenderError> {
        let call = self.shared.browser.pipe.call(session, method, params, limit);
        tokio::pin!(call);
        // A tab that crashes leaves its callers waiting.
        loop {
            match tokio::time::timeout(Duration::from_millis(100), &mut call).await {
                Ok(answer) => {
                    return answer.map_err(|error| match error {
                        CallError::Gone => RenderError::BrowserGone { url: self.job.url.clone() },
                        CallError::Late => self.hung(),
                        CallError::Refused(says) => RenderError::Protocol { method: method.to_owned(), says },
                    });
                }
                Err(_) => {
                    let has_crashed = self
                        .shared
                        .record()
                        .windows
                        .iter()
                        .any(|one| one.session == session && one.has_crashed);
                    if has_crashed {
                        return Err(RenderError::Crashed { url: self.job.url.clone() });
                    }
                }
            }
        }
    }

    fn hung(&self) -> RenderError {
        RenderError::Hung { url: self.job.url.clone(), limit_ms: self.limits.answer_ms }
    }
}

/// Window, density and kind of the device.
fn device(profile: RenderProfile) -> Value {
    let (width, height) = window_size(profile);
    let is_mobile = profile == RenderProfile::Mobile;
    json!({
        "metrics": {
            "width": width,
            "height": height,
            "deviceScaleFactor": if is_mobile { 2 } else { 1 },
            "mobile": is_mobile,
        }
    })
}

/// Width and height of the window of a profile, in CSS pixels.
pub(super) fn window_size(profile: RenderProfile) -> (u32, u32) {
    match profile {
        RenderProfile::Desktop => (1440, 900),
        RenderProfile::Mobile => (412, 915),
    }
}
