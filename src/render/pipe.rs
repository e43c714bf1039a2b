//! Talking to the browser: messages of the DevTools protocol through two pipes that only the two of us hold.
//!
//! A debugging port would be open to every program of the machine. Chromium reads commands from file handle 3 and
//! writes to 4; the system's shell is asked to put ours there, because a program may not choose numbers of handles
//! safely before it starts another.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};

use super::program::Program;

/// Longest message that is read, in bytes: a body of the largest size in base64 fits.
const MAX_MESSAGE_BYTES: usize = 96 << 20;

/// Why a command has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallError {
    /// The browser ended.
    Gone,
    /// It did not answer in time.
    Late,
    /// It refused.
    Refused(String),
}

/// Something that happened in a page.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// In which session; empty for the browser's own.
    pub(super) session: String,
    pub(super) method: String,
    pub(super) params: Value,
}

/// A channel to one browser.
pub(super) struct Pipe {
    commands: mpsc::UnboundedSender<Vec<u8>>,
    routes: Arc<Routes>,
    next: AtomicU64,
}

/// Who waits for what.
#[derive(Default)]
struct Routes(Mutex<State>);

#[derive(Default)]
struct State {
    is_closed: bool,
    answers: HashMap<u64, oneshot::Sender<Result<Value, CallError>>>,
    /// Pages by the browser's name for their context.
    contexts: HashMap<String, mpsc::UnboundedSender<Event>>,
    /// Sessions of pages, frames, workers and pop-ups, each with the page that it belongs to.
    sessions: HashMap<String, mpsc::UnboundedSender<Event>>,
}

impl Pipe {
    /// Starts `program` with `arguments` and opens the channel to it.
    pub(super) fn start(
        program: &Program,
        arguments: &[String],
        home: &std::path::Path,
    ) -> std::io::Result<(Self, Child)> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"])
            .arg(program.path())
            .arg("--remote-debugging-pipe")
            .args(arguments)
            .current_dir(home)
            .env("HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("the pipes were not made"));
        };
        let (commands, to_write) = mpsc::unbounded_channel();
        let routes = Arc::new(Routes::default());
        tokio::spawn(write(stdin, to_write));
        tokio::spawn(read(stdout, routes.clone()));
        Ok((Self { commands, routes, next: AtomicU64::new(1) }, child))
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn call(
        &self,
        session: &str,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        {
            let mut state = self.routes.lock();
            if state.is_closed {
                return Err(CallError::Gone);
            }
            state.answers.insert(id, sender);
        }
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        if self.commands.send(bytes).is_err() {
            return Err(CallError::Gone);
        }
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(CallError::Gone),
            Err(_) => {
                self.routes.lock().answers.remove(&id);
                Err(CallError::Late)
            }
        }
    }

    /// Everything that happens in the context `id` goes to the receiver, until [`Pipe::forget`].
    pub(super) fn listen(&self, context: &str) -> mpsc::UnboundedReceiver<Event> {
        let (sender, events) = mpsc::unbounded_channel();
        self.routes.lock().contexts.insert(context.to_owned(), sender);
        events
    }

    /// Nobody listens to the context any more.
    pub(super) fn forget(&self, context: &str) {
        let mut state = self.routes.lock();
        if let Some(gone) = state.contexts.remove(context) {
            state.sessions.retain(|_, sender| !sender.same_channel(&gone));
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.routes.lock().is_closed
    }
}

impl Routes {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, message: Value) {
        let mut state = self.lock();
        if let Some(id) = message["id"].as_u64() {
            let Some(waiting) = state.answers.remove(&id) else { return };
            let answer = match message.get("error") {
                Some(error) => {
                    Err(CallError::Refused(error["message"].as_str().unwrap_or_default().to_owned()))
                }
                None => Ok(message["result"].clone()),
            };
            // The caller may have given up.
            let _ = waiting.send(answer);
            return;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let event = Event {
            session: text(&message["sessionId"]),
            method: text(&message["method"]),
            params: message["params"].clone(),
        };
        if event.method == "Target.attachedToTarget" {
            let context = text(&event.params["targetInfo"]["browserContextId"]);
            let owner = state.sessions.get(&event.session).or_else(|| state.contexts.get(&context)).cloned();
            if let Some(owner) = owner {
                state.sessions.insert(text(&event.params["sessionId"]), owner.clone());
                let _ = owner.send(event);
            }
            return;
        }
        if event.method == "Target.detachedFromTarget" {
            let gone = text(&event.params["sessionId"]);
            if let Some(owner) = state.sessions.remove(&gone) {
                let _ = owner.send(event);
            }
            return;
        }
        if let Some(owner) = state.sessions.get(&event.session) {
            let _ = owner.send(event);
        }
    }

    /// The browser ended: whoever waits is told.
    fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.answers.clear();
        state.contexts.clear();
        state.sessions.clear();
    }
}

async fn write(mut stdin: ChildStdin, mut commands: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(bytes) = commands.recv().await {
        if stdin.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn read(stdout: ChildStdout, routes: Arc<Routes>) {
    let mut reader = BufReader::with_capacity(256 << 10, stdout);
    let mut message = Vec::new();
    loop {
        let chunk = match reader.fill_buf().await {
            Ok([]) | Err(_) => break,
            Ok(chunk) => chunk,
        };
        let end = memchr::memchr(0, chunk);
        let taken = end.map_or(chunk.len(), |at| at + 1);
        message.extend_from_slice(&chunk[..end.unwrap_or(chunk.len())]);
        reader.consume(taken);
        if message.len() > MAX_MESSAGE_BYTES {
            break;
        }
        if end.is_some() {
            // What is no JSON is no message of ours.
            if let Ok(value) = serde_json::from_slice(&message) {
                routes.take(value);
            }
            message.clear();
        }
    }
    routes.close();
}
