//! What happens while a page is shown, written down.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use super::pipe::Event;
use crate::domain::rendering::{ConsoleLine, FrameSeen, RequestSeen};

/// Most requests, console lines and frames that are written down; pages with more are made to fill memories.
const MAX_REQUESTS: usize = 3_000;
const MAX_LINES: usize = 200;
const MAX_FRAMES: usize = 300;

/// Longest text of a console line, in characters.
const MAX_LINE_CHARS: usize = 500;

/// Longest address that is kept of what is not the web (`data:`), in characters.
const MAX_URL_CHARS: usize = 4_000;

/// A request that has been waiting for so long is no reason to wait for the page, in milliseconds.
const PATIENCE_MS: u128 = 8_000;

/// A tab, or a window that one opened.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) session: String,
    /// Also the name of its main frame.
    pub(super) target: String,
    pub(super) has_opener: bool,
    pub(super) has_crashed: bool,
    pub(super) has_loaded: bool,
}

/// A request and what else is known of it.
pub(super) struct Tracked {
    pub(super) seen: RequestSeen,
    pub(super) window: String,
    pub(super) sent_headers: Vec<(String, String)>,
    pub(super) received_headers: Vec<(String, String)>,
    pub(super) protocol: String,
    pub(super) body: Option<Bytes>,
    began: Instant,
    is_open: bool,
    /// The request that it follows, by a redirect.
    pub(super) follows: Option<usize>,
}

/// The record of one page with its pop-ups while it is made.
pub(super) struct Recorder {
    began: Instant,
    pub(super) windows: Vec<Window>,
    pub(super) n_windows: u32,
    /// Which window a session belongs to.
    owners: HashMap<String, String>,
    pub(super) requests: Vec<Tracked>,
    /// The newest request with the browser's number, by session.
    by_id: HashMap<(String, String), usize>,
    pub(super) frames: BTreeMap<String, (String, FrameSeen)>,
    frame_order: Vec<String>,
    pub(super) console: Vec<(String, ConsoleLine)>,
    pub(super) last_change: Instant,
    pub(super) n_body_bytes: usize,
}

impl Recorder {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            windows: Vec::new(),
            n_windows: 0,
            owners: HashMap::new(),
            requests: Vec::new(),
            by_id: HashMap::new(),
            frames: BTreeMap::new(),
            frame_order: Vec::new(),
            console: Vec::new(),
            last_change: now,
            n_body_bytes: 0,
        }
    }

    /// `session` belongs to the same window as `parent`, or begins one named `target`.
    pub(super) fn adopt(&mut self, session: &str, window: &str) {
        self.owners.insert(session.to_owned(), window.to_owned());
    }

    /// The window, by the name of its main frame, to which a session belongs.
    pub(super) fn window_of(&self, session: &str) -> String {
        self.owners.get(session).cloned().unwrap_or_default()
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether nothing was asked for in `quiet_ms`, and nothing recent is unanswered.
    pub(super) fn is_settled(&self, window: &str, quiet_ms: u128) -> bool {
        let waits = |request: &Tracked| {
            request.is_open && request.window == window && request.began.elapsed().as_millis() < PATIENCE_MS
        };
        self.last_change.elapsed().as_millis() >= quiet_ms && !self.requests.iter().any(waits)
    }

    /// Writes down an event; gives the request that now has its whole body.
    pub(super) fn note(&mut self, event: &Event) -> Option<usize> {
        let params = &event.params;
        match event.method.as_str() {
            "Network.requestWillBeSent" => self.sent(event),
            "Network.requestWillBeSentExtraInfo" => {
                if let Some(request) = self.request(event) {
                    request.sent_headers = headers_of(&params["headers"]);
                }
            }
            "Network.responseReceivedExtraInfo" => {
                let lines = params["headersText"].as_str().map(header_lines);
                if let Some(request) = self.request(event) {
                    request.received_headers = lines.unwrap_or_else(|| headers_of(&params["headers"]));
                }
            }
            "Network.responseReceived" => {
                let kind = text(&params["type"]);
                if let Some(request) = self.request(event) {
                    answered(request, &params["response"]);
                    request.seen.kind = kind;
                }
            }
            "Network.loadingFinished" => return self.ended(event, None),
            "Network.loadingFailed" => {
                let blocked = params["blockedReason"].as_str().map(|why| format!(" ({why})"));
                let why = format!("{}{}", text(&params["errorText"]), blocked.unwrap_or_default());
                self.ended(event, Some(why));
            }
            "Page.frameNavigated" => self.frame(event, &params["frame"]),
            "Page.frameAttached" => {
                let frame = serde_json::json!({ "id": params["frameId"], "parentId": params["parentFrameId"], "url": "" });
                self.frame(event, &frame);
            }
            "Page.frameRequestedNavigation" => {
                let url = text(&params["url"]);
                let is_web = ["http://", "https://", "about:", "data:", "blob:", "javascript:"];
                if !is_web.iter().any(|start| url.starts_with(start)) {
                    self.line(event, "refused", &format!("a frame wants to leave the web for {url}"));
                }
            }
            "Page.downloadWillBegin" | "Browser.downloadWillBegin" => {
                self.line(event, "refused", &format!("a download of {}", text(&params["url"])));
            }
            "Page.javascriptDialogOpening" => {
                let line = format!("{}: {}", text(&params["type"]), text(&params["message"]));
                self.line(event, "dialog", &line);
            }
            "Page.loadEventFired" => self.window(event, |window| window.has_loaded = true),
            "Inspector.targetCrashed" | "Target.targetCrashed" => {
                self.window(event, |window| window.has_crashed = true);
            }
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                let thrown = details["exception"]["description"].as_str().or(details["text"].as_str());
                let line = format!(
                    "{} ({}:{})",
                    thrown.unwrap_or_default(),
                    text(&details["url"]),
                    details["lineNumber"]
                );
                self.line(event, "error", &line);
            }
            "Log.entryAdded" => {
                let entry = &params["entry"];
                let level = text(&entry["level"]);
                if matches!(level.as_str(), "error" | "warning") {
                    self.line(event, &level, &format!("{} {}", text(&entry["text"]), text(&entry["url"])));
                }
            }
            "Runtime.consoleAPICalled" => {
                let level = text(&params["type"]);
                if matches!(level.as_str(), "error" | "warning" | "assert") {
                    let words: Vec<String> = params["args"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|arg| {
                            arg["value"].as_str().or(arg["description"].as_str()).unwrap_or("…").to_owned()
                        })
                        .collect();
                    self.line(event, &level, &words.join(" "));
                }
            }
            _ => {}
        }
        None
    }

    /// Frames of a window, its main frame first, the others in the order of their coming.
    pub(super) fn frames_of(&self, window: &str) -> Vec<FrameSeen> {
        let own =
            self.frame_order.iter().filter_map(|id| self.frames.get(id)).filter(|(owner, _)| owner == window);
        let mut frames: Vec<FrameSeen> = own.map(|(_, frame)| frame.clone()).collect();
        frames.sort_by_key(|frame| frame.id != window);
        frames
    }

    /// The answered request that is the document of the window's main frame.
    pub(super) fn main_request(&self, window: &str) -> Option<usize> {
        self.requests.iter().rposition(|request| {
            request.window == window
                && request.seen.kind == "Document"
                && request.seen.frame.as_deref() == Some(window)
                && request.seen.status.is_some()
                && request.seen.redirected_to.is_none()
        })
    }

    pub(super) fn index_of(&self, session: &str, id: &str) -> Option<usize> {
        self.by_id.get(&(session.to_owned(), id.to_owned())).copied()
    }

    fn sent(&mut self, event: &Event) {
        let params = &event.params;
        let url: String = text(&params["request"]["url"]).chars().take(MAX_URL_CHARS).collect();
        let key = (event.session.clone(), text(&params["requestId"]));
        self.last_change = Instant::now();
        let mut follows = None;
        if let (Some(at), Some(redirect)) = (self.by_id.get(&key).copied(), params.get("redirectResponse")) {
            let before = &mut self.requests[at];
            answered(before, redirect);
            before.seen.redirected_to = Some(url.clone());
            before.is_open = false;
            follows = Some(at);
        }
        if self.requests.len() >= MAX_REQUESTS || url.starts_with("data:") || url.starts_with("blob:") {
            return;
        }
        let initiator = &params["initiator"];
        let stack = &initiator["stack"]["callFrames"][0];
        let place = initiator["url"].as_str().or(stack["url"].as_str()).unwrap_or_default();
        let line = initiator["lineNumber"].as_u64().or(stack["lineNumber"].as_u64());
        let initiator = [
            text(&initiator["type"]),
            place.to_owned(),
            line.map_or_else(String::new, |n| (n + 1).to_string()),
        ];
        let initiator = initiator.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        self.by_id.insert(key, self.requests.len());
        self.requests.push(Tracked {
            seen: RequestSeen {
                url,
                method: text(&params["request"]["method"]),
                kind: text(&params["type"]),
                frame: params["frameId"].as_str().map(str::to_owned),
                initiator: initiator.chars().take(600).collect(),
                at_ms: self.elapsed_ms(),
                ..RequestSeen::default()
            },
            window: self.window_of(&event.session),
            sent_headers: headers_of(&params["request"]["headers"]),
            received_headers: Vec::new(),
            protocol: String::new(),
            body: None,
            began: Instant::now(),
            is_open: true,
            follows,
        });
    }

    fn ended(&mut self, event: &Event, failed: Option<String>) -> Option<usize> {
        self.last_change = Instant::now();
        let at = self.index_of(&event.session, event.params["requestId"].as_str()?)?;
        let request = &mut self.requests[at];
        request.is_open = false;
        if failed.is_some() {
            request.seen.failed = failed;
            return None;
        }
        request.body.is_none().then_some(at)
    }

    fn request(&mut self, event: &Event) -> Option<&mut Tracked> {
        let at = self.index_of(&event.session, event.params["requestId"].as_str()?)?;
        self.requests.get_mut(at)
    }

    fn frame(&mut self, event: &Event, frame: &Value) {
        let id = text(&frame["id"]);
        let seen = FrameSeen {
            id: id.clone(),
            parent: frame["parentId"].as_str().map(str::to_owned),
            url: text(&frame["url"]).chars().take(MAX_URL_CHARS).collect(),
        };
        if !self.frames.contains_key(&id) {
            if self.frame_order.len() >= MAX_FRAMES {
                return;
            }
            self.frame_order.push(id.clone());
        }
        self.frames.insert(id, (self.window_of(&event.session), seen));
    }

    fn window(&mut self, event: &Event, change: impl Fn(&mut Window)) {
        if let Some(window) = self.windows.iter_mut().find(|window| window.session == event.session) {
            change(window);
        }
    }

    fn line(&mut self, event: &Event, level: &str, text: &str) {
        if self.console.len() < MAX_LINES {
            let text = text.chars().take(MAX_LINE_CHARS).collect();
            self.console
                .push((self.window_of(&event.session), ConsoleLine { level: level.to_owned(), text }));
        }
    }
}

fn answered(request: &mut Tracked, response: &Value) {
    request.seen.status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    request.seen.mime = text(&response["mimeType"]);
    request.protocol = text(&response["protocol"]);
    if request.received_headers.is_empty() {
        request.received_headers = headers_of(&response["headers"]);
    }
}

fn headers_of(headers: &Value) -> Vec<(String, String)> {
    let Some(headers) = headers.as_object() else { return Vec::new() };
    headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect()
}

/// Headers in the order in which they came.
fn header_lines(head: &str) -> Vec<(String, String)> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
