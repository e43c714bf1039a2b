//! Reading what an archive kept of a host's answer, after it was captured.

use std::collections::HashSet;

use super::{Saved, image, pdf};
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::run::RunOutcome;
use crate::extract::{ad_block, article, charset, content, html, native_ad};
use crate::kit::problem::Problem;
use crate::source::{CapturedPage, Page, Reading, landing};

/// Pictures of fewer bytes are icons and counters.
const MIN_PICTURE_BYTES: usize = 1_024;

impl Saved {
    /// A file that is its own answer.
    pub(super) fn of_file(body: Vec<u8>, content_type: &str) -> Self {
        let headers =
            (!content_type.is_empty()).then(|| ("content-type".to_owned(), content_type.to_owned()));
        Self {
            url: None,
            saved_at: None,
            status: 200,
            http_version: String::new(),
            headers: headers.into_iter().collect(),
            remote_addr: String::new(),
            body,
        }
    }
}

/// What an answer is, and so how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// A page.
    Page,
    /// Plain text.
    Text,
    /// A PDF.
    Pdf,
    /// A picture large enough to hold words.
    Picture,
    /// Scripts, styles, fonts, redirects and failures: nothing to judge, not kept.
    Other,
}

/// What an answer is: by its first bytes, else by its `Content-Type`. Status 0 stands for a file that no host sent.
pub fn media_of(status: u16, content_type: Option<&str>, body: &[u8]) -> Media {
    if !(status == 0 || (200..300).contains(&status)) || body.is_empty() {
        return Media::Other;
    }
    if image::media_type(body).is_some() {
        return if body.len() < MIN_PICTURE_BYTES { Media::Other } else { Media::Picture };
    }
    if pdf::is_pdf(body) {
        return Media::Pdf;
    }
    let media_type =
        content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "text/html" | "application/xhtml+xml" => Media::Page,
        "text/plain" => Media::Text,
        "" => {
            let start: Vec<u8> =
                body.trim_ascii_start().iter().take(14).map(u8::to_ascii_lowercase).collect();
            let is_page = start.starts_with(b"<!doctype html") || start.starts_with(b"<html");
            if is_page { Media::Page } else { Media::Other }
        }
        _ => Media::Other,
    }
}

/// Reads a captured answer of an archive: article, ad slots and native ads of a page, else its whole text.
pub fn read_saved(captured: &CapturedPage<'_>) -> Reading {
    let content_type = captured.exchange.response_header("content-type");
    match media_of(captured.exchange.status, content_type, captured.body) {
        Media::Page => read_page(captured),
        Media::Text => read_text(captured),
        Media::Pdf => {
            let (drafts, problems) = pdf::drafts(captured.body);
            let outcome = outcome(&drafts, &problems);
            Reading { drafts, problems, ..Reading::nothing(outcome) }
        }
        Media::Picture => {
            Reading { drafts: vec![image::draft(captured.body)], ..Reading::nothing(RunOutcome::Ok) }
        }
        Media::Other => Reading::nothing(RunOutcome::Empty),
    }
}

fn outcome(drafts: &[AdDraft], problems: &[Problem]) -> RunOutcome {
    match (drafts.is_empty(), problems.is_empty()) {
        (false, _) => RunOutcome::Ok,
        (true, true) => RunOutcome::Empty,
        (true, false) => RunOutcome::SlotOnly,
    }
}

fn read_page(captured: &CapturedPage<'_>) -> Reading {
    let (page, mut problems) = match Page::open(captured) {
        Ok(opened) => opened,
        Err(reading) => return *reading,
    };
    let tree = html::parse(&page.text);
    let slots = ad_block::ad_slots(&tree, &page.url, page.filters);
    let mut drafts: Vec<AdDraft> = article::article(&tree, &page.url, &slots.elements).into_iter().collect();
    if !slots.empty.is_empty() {
        let message = format!("{} ad slots have no creative in the page", slots.empty.len());
        problems.push(Problem::new("slot-only", message));
    }
    let n_inlined = inlined_pictures(&page.text);
    drafts.extend(slots.drafts);
    drafts.extend(native_ad::native_ads(&page.text, &page.url));
    if n_inlined > 0 {
        let message = format!("{n_inlined} pictures are inside the page; the words in them were not read");
        problems.push(Problem::new(image::WORDS_NOT_READ, message));
    }
    if drafts.is_empty() {
        // A page that people saved is what they mean, also when it has no article.
        let whole = landing::read(&page);
        return Reading { problems: problems.into_iter().chain(whole.problems).collect(), ..whole };
    }
    Reading { drafts, problems, ..Reading::nothing(RunOutcome::Ok) }
}

/// Pictures that a saving tool put into the page, large enough to hold words.
fn inlined_pictures(text: &str) -> usize {
    const MIN_CODE_CHARS: usize = 4 * MIN_PICTURE_BYTES / 3;
    let mut seen = HashSet::new();
    text.match_indices("data:image/")
        .filter_map(|(at, _)| {
            let code = text[at..].split(['"', '\'', ')', ' ', '>']).next()?;
            (code.len() >= MIN_CODE_CHARS).then_some(code)
        })
        .filter(|code| seen.insert(*code))
        .count()
}

fn read_text(captured: &CapturedPage<'_>) -> Reading {
    let (body, mut problems) =
        content::decode(captured.body, captured.exchange.response_header("content-encoding"));
    let (decoded, charset_problems) =
        charset::decode(&body, captured.exchange.response_header("content-type"));
    problems.extend(charset_problems);
    let text = decoded.text.trim();
    let draft = (!text.is_empty()).then(|| AdDraft::of_text(AdKind::Text, text));
    let outcome = if draft.is_some() { RunOutcome::Ok } else { RunOutcome::Empty };
    Reading { drafts: draft.into_iter().collect(), problems, ..Reading::nothing(outcome) }
}
