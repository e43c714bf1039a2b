//! Keeps up with what happens in a page while [`super::page`] looks at it: new frames and windows are told the rules
//! before they run, dialogs are closed, bodies are kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::browser::{Browser, SHORT, commands_before_start};
use super::pipe::Event;
use super::recorder::{Recorder, Window};

/// Windows of one page that are let open, its own among them.
const MAX_WINDOWS: u32 = 4;

/// Longest wait for the rest of a document, then it is shown as far as it came.
const DOCUMENT_LIMIT: Duration = Duration::from_secs(12);

/// Bytes of all bodies that are kept of one page.
const MAX_BODY_BYTES: usize = 48 << 20;

/// What the page and its pump share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) browser: Arc<Browser>,
    pub(super) recorder: Arc<Mutex<Recorder>>,
    pub(super) device: Value,
}

impl Shared {
    pub(super) fn record(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a command whose refusal changes nothing.
    async fn tell(&self, session: &str, method: &str, params: Value) {
        if let Err(error) = self.browser.pipe.call(session, method, params, SHORT).await {
            tracing::trace!(method, ?error, "the browser passed over a command");
        }
    }
}

/// Runs until the context is forgotten or the browser ends.
pub(super) async fn run(shared: Shared, mut events: mpsc::UnboundedReceiver<Event>) {
    // Owned here, so that they end with the page.
    let mut tasks = JoinSet::new();
    while let Some(event) = events.recv().await {
        while tasks.try_join_next().is_some() {}
        let shared = shared.clone();
        match event.method.as_str() {
            "Target.attachedToTarget" => {
                let window = adopt(&shared, &event);
                tasks.spawn(async move { attach(&shared, &event, window).await });
            }
            "Fetch.requestPaused" => {
                tasks.spawn(async move { keep_document(&shared, &event).await });
            }
            "Page.javascriptDialogOpening" => {
                shared.record().note(&event);
                // A page that asks whether to leave is left; everything else is answered with no.
                let accept = event.params["type"] == "beforeunload";
                tasks.spawn(async move {
                    let answer = json!({ "accept": accept });
                    shared.tell(&event.session, "Page.handleJavaScriptDialog", answer).await;
                });
            }
            _ => {
                let complete = shared.record().note(&event);
                if let Some(at) = complete {
                    tasks.spawn(async move { keep_body(&shared, &event, at).await });
                }
            }
        }
    }
}

/// Notes to which window a new session belongs, before any of its events is read.
fn adopt(shared: &Shared, event: &Event) -> String {
    let target = &event.params["targetInfo"];
    let mut record = shared.record();
    let window = match target["type"].as_str() {
        Some("page") => target["targetId"].as_str().unwrap_or_default().to_owned(),
        _ => record.window_of(&event.session),
    };
    record.adopt(event.params["sessionId"].as_str().unwrap_or_default(), &window);
    window
}

async fn attach(shared: &Shared, event: &Event, target_id: String) {
    let target = &event.params["targetInfo"];
    let session = event.params["sessionId"].as_str().unwrap_or_default();
    let is_page = target["type"] == "page";
    if is_page {
        let n_windows = {
            let mut record = shared.record();
            record.n_windows += 1;
            record.n_windows
        };
        if n_windows > MAX_WINDOWS {
            // Windows of one page share a process: one that waits to be told to go on would keep all of them waiting.
            let close = shared.tell("", "Target.closeTarget", json!({ "targetId": target_id }));
            let go_on = shared.tell(session, "Runtime.runIfWaitingForDebugger", json!({}));
            futures::future::join(close, go_on).await;
            return;
        }
    }
    if is_page || target["type"] == "iframe" {
        let commands = commands_before_start(&shared.browser.user_agent, &shared.device);
        let told = commands.into_iter().map(|(method, params)| shared.tell(session, method, params));
        futures::future::join_all(told).await;
    } else {
        shared.tell(session, "Network.enable", json!({})).await;
    }
    if is_page {
        shared.record().windows.push(Window {
            session: session.to_owned(),
            target: target_id,
            has_opener: target["openerId"].is_string(),
            has_crashed: false,
            has_loaded: false,
        });
    }
    shared.tell(session, "Runtime.runIfWaitingForDebugger", json!({})).await;
}

/// The bytes of a document, before the browser decodes them.
async fn keep_document(shared: &Shared, event: &Event) {
    let params = &event.params;
    let id = json!({ "requestId": params["requestId"] });
    let status = params["responseStatusCode"].as_u64().unwrap_or(0);
    let is_redirect = (300..400).contains(&status);
    if status != 0 && !is_redirect {
        let body = shared
            .browser
            .pipe
            .call(&event.session, "Fetch.getResponseBody", id.clone(), DOCUMENT_LIMIT)
            .await;
        if let (Ok(body), Some(request)) = (body, params["networkId"].as_str()) {
            let mut record = shared.record();
            if let Some(at) = record.index_of(&event.session, request) {
                keep(&mut record, at, &body, false);
            }
        }
    }
    shared.tell(&event.session, "Fetch.continueRequest", id).await;
}

async fn keep_body(shared: &Shared, event: &Event, at: usize) {
    {
        let record = shared.record();
        let is_long = record.requests.get(at).is_none_or(|request| request.seen.kind == "Media");
        if is_long || record.n_body_bytes > MAX_BODY_BYTES {
            return;
        }
    }
    let id = json!({ "requestId": event.params["requestId"] });
    if let Ok(body) = shared.browser.pipe.call(&event.session, "Network.getResponseBody", id, SHORT).await {
        keep(&mut shared.record(), at, &body, true);
    }
}

fn keep(record: &mut Recorder, at: usize, body: &Value, may_be_decoded: bool) {
    let text = body["body"].as_str().unwrap_or_default();
    let is_base64 = body["base64Encoded"] == true;
    let bytes = if is_base64 {
        base64::engine::general_purpose::STANDARD.decode(text).map(Bytes::from).unwrap_or_default()
    } else {
        Bytes::copy_from_slice(text.as_bytes())
    };
    if record.n_body_bytes + bytes.len() > MAX_BODY_BYTES {
        return;
    }
    let n_bytes = bytes.len();
    let Some(request) = record.requests.get_mut(at).filter(|request| request.body.is_none()) else { return };
    request.seen.is_decoded = may_be_decoded && !is_base64;
    request.body = Some(bytes);
    record.n_body_bytes += n_bytes;
}
