//! One judging thread: bytes to text to judgement.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::input::Batch;
use super::{MAX_DOCUMENT_BYTES, Scanned};
use crate::app::pictures::PictureReader;
use crate::domain::ad::{AdDraft, AdKind};
use crate::extract::{charset, html};
use crate::judge::{Judge, Scratch, Setting};
use crate::kit::digest::sha256_hex;
use crate::kit::problem::Problem;
use crate::picture::attach;

/// Holds what one thread reuses between documents.
pub struct Worker<'a> {
    judge: &'a Judge,
    pictures: &'a PictureReader,
    scratch: Scratch,
    draft: AdDraft,
}

/// One line of JSON Lines. Other fields are welcome and ignored.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(default)]
    id: Value,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    html: Option<Cow<'a, str>>,
}

impl<'a> Worker<'a> {
    pub fn new(judge: &'a Judge, pictures: &'a PictureReader, kind: AdKind) -> Self {
        Self { judge, pictures, scratch: Scratch::default(), draft: AdDraft::of_text(kind, String::new()) }
    }

    /// Judges each document of `batch` in order.
    pub fn judge_batch(&mut self, batch: Batch, mut out: impl FnMut(Scanned)) {
        match batch {
            Batch::Lines { origin, first_line, bytes, problem } => {
                let mut line = first_line;
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    let text = rest.get(..end).unwrap_or_default().trim_ascii();
                    rest = rest.get(end + 1..).unwrap_or_default();
                    let cut = problem.as_ref().filter(|_| rest.is_empty());
                    if !text.is_empty() {
                        out(self.judge_line(&origin, line, text, cut));
                    }
                    line += 1;
                }
                if let Some(problem) = problem.filter(|_| bytes.last().is_none_or(|last| *last == b'\n')) {
                    out(unjudged(Value::from(format!("{origin}:{line}")), problem));
                }
            }
            Batch::LongLine { origin, line, size_bytes } => {
                let message =
                    format!("the line is {size_bytes} bytes long; at most {MAX_DOCUMENT_BYTES} are read");
                out(unjudged(Value::from(format!("{origin}:{line}")), Problem::new("too-large", message)));
            }
            Batch::Document { origin, html, bytes, piece, mut problems } => {
                let (decoded, found) = charset::decode(&bytes, None);
                problems.extend(found);
                let text = if html { html::page_text(&decoded.text) } else { decoded.text };
                let id = match piece {
                    Some(piece) => format!("{origin}#{piece}"),
                    None => origin.to_string(),
                };
                out(self.judge_text(Value::from(id), text, problems));
            }
            Batch::Picture { origin, bytes, problems } => out(self.judge_picture(&origin, &bytes, problems)),
            Batch::Unreadable { origin, problem } => out(unjudged(Value::from(origin.as_ref()), problem)),
        }
    }

    fn judge_line(&mut self, origin: &str, line: u64, bytes: &[u8], cut: Option<&Problem>) -> Scanned {
        let own_id = || Value::from(format!("{origin}:{line}"));
        let mut problems: Vec<Problem> = cut.cloned().into_iter().collect();
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(error) => {
                let message =
                    format!("not UTF-8 at byte {} of the line; replaced by U+FFFD", error.valid_up_to());
                problems.push(Problem::new("invalid-utf8", message));
                String::from_utf8_lossy(bytes)
            }
        };
        let record: Record<'_> = match serde_json::from_str(&text) {
            Ok(record) => record,
            Err(error) => {
                problems
                    .push(Problem::new("invalid-json", format!("not a JSON object that we read: {error}")));
                return Scanned {
                    id: own_id(),
                    text: String::new(),
                    hits: Vec::new(),
                    assessment: None,
                    problems,
                    derived: Vec::new(),
                };
            }
        };
        let id = if record.id.is_null() { own_id() } else { record.id };
        let words = match (record.title, record.text, record.html) {
            (None, Some(text), _) => text.into_owned(),
            (Some(title), Some(text), _) => format!("{title}\n{text}"),
            (title, None, Some(page)) => {
                let body = html::page_text(&page);
                title.map_or(body.clone(), |title| format!("{title}\n{body}"))
            }
            (title, None, None) => {
                let message = "the line has neither `text` nor `html`; give one of them";
                problems.push(Problem::new("no-text", message));
                match title {
                    Some(title) => title.into_owned(),
                    None => {
                        return Scanned {
                            id,
                            text: String::new(),
                            hits: Vec::new(),
                            assessment: None,
                            problems,
                            derived: Vec::new(),
                        };
                    }
                }
            }
        };
        self.judge_text(id, words, problems)
    }

    fn judge_text(&mut self, id: Value, text: String, mut problems: Vec<Problem>) -> Scanned {
        self.draft.text = text;
        let judgement = self.judge.judge(&self.draft, &Setting::default(), &mut self.scratch);
        problems.extend(judgement.problems);
        Scanned {
            id,
            text: std::mem::take(&mut self.draft.text),
            hits: judgement.hits,
            assessment: Some(judgement.assessment),
            problems,
            derived: std::mem::take(&mut self.draft.derived),
        }
    }

    fn judge_picture(&mut self, origin: &str, bytes: &[u8], mut problems: Vec<Problem>) -> Scanned {
        let mut reading = self.pictures.read(bytes, false);
        problems.append(&mut reading.problems);
        if reading.is_waiting()
            && let Err(error) = self.pictures.program()
        {
            problems.push(Problem::new("picture-not-read", error.to_string()));
        }
        self.draft.text.clear();
        attach(&mut self.draft, &[(sha256_hex(bytes), reading)]);
        let text = std::mem::take(&mut self.draft.text);
        self.judge_text(Value::from(origin), text, problems)
    }
}

fn unjudged(id: Value, problem: Problem) -> Scanned {
    Scanned {
        id,
        text: String::new(),
        hits: Vec::new(),
        assessment: None,
        problems: vec![problem],
        derived: Vec::new(),
    }
}
