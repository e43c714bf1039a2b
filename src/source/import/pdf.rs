//! PDF: the text layer, page by page. A page that is only a picture says so.

use super::{Content, Head, Input, Keeps, Options, Reader, Record, Saved, guarded, whole, without_columns};
use crate::domain::ad::{AdDraft, AdKind};
use crate::kit::problem::Problem;

/// Largest content of one page after unpacking, in bytes.
const MAX_PAGE_BYTES: usize = 32 << 20;
/// Most pages that are read.
const MAX_PAGES: usize = 2_000;

pub(super) const READER: Reader = Reader {
    name: "pdf",
    zh: "PDF（文字层）",
    en: "PDF (its text layer)",
    extensions: &["pdf"],
    told_by: "`%PDF-` within the first kilobyte",
    example: "flyer.pdf",
    keeps: Keeps::File,
    recognizes: |head: &Head| is_pdf(&head.bytes),
    open: |input: Input, _: &Options| {
        let saved = Saved::of_file(whole(input)?, "application/pdf");
        let record = Record { place: "document".to_owned(), content: Content::Saved(Box::new(saved)) };
        Ok(without_columns(std::iter::once(Ok(record))))
    },
};

/// Whether the bytes begin like a PDF; readers of PDF allow other bytes before the mark.
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    memchr::memmem::find(&bytes[..bytes.len().min(1024)], b"%PDF-").is_some()
}

/// One draft for each page with words.
pub(super) fn drafts(body: &[u8]) -> (Vec<AdDraft>, Vec<Problem>) {
    let body = body.to_vec();
    match guarded("PDF", move || Ok(read(&body))) {
        Ok(read) => read,
        Err(problem) => (Vec::new(), vec![problem]),
    }
}

fn read(body: &[u8]) -> (Vec<AdDraft>, Vec<Problem>) {
    let options =
        lopdf::LoadOptions { max_decompressed_size: Some(MAX_PAGE_BYTES), ..lopdf::LoadOptions::default() };
    let document = match lopdf::Document::load_mem_with_options(body, options) {
        Ok(document) if document.is_encrypted() => {
            return (
                Vec::new(),
                vec![Problem::new("encrypted", "the PDF is encrypted; save it again without a password")],
            );
        }
        Ok(document) => document,
        Err(error) => {
            return (Vec::new(), vec![Problem::new("damaged", format!("the PDF cannot be read: {error}"))]);
        }
    };
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    let mut drafts = Vec::new();
    let mut problems = Vec::new();
    let mut pictures = Vec::new();
    for page in pages.iter().take(MAX_PAGES) {
        match document.extract_text_with_limit(&[*page], MAX_PAGE_BYTES) {
            Ok(text) if text.trim().is_empty() => pictures.push(page.to_string()),
            Ok(text) => drafts.push(AdDraft {
                locator: format!("page {page}"),
                ..AdDraft::of_text(AdKind::Text, unwrapped(&text))
            }),
            Err(error) => {
                problems.push(Problem::new("damaged", format!("page {page} cannot be read: {error}")))
            }
        }
    }
    if !pictures.is_empty() || pages.is_empty() {
        let which: Vec<&str> = pictures.iter().take(10).map(String::as_str).collect();
        let message = format!(
            "{} of {} pages have no text layer (page {}); the words in them were not read",
            pictures.len(),
            pages.len(),
            which.join(", ")
        );
        problems.push(Problem::new(super::image::WORDS_NOT_READ, message));
    }
    if pages.len() > MAX_PAGES {
        problems.push(Problem::new(
            "too-large",
            format!("{} pages; the first {MAX_PAGES} were read", pages.len()),
        ));
    }
    (drafts, problems)
}

/// Lines that only the width of the page broke are joined again, so that a promise is one sentence.
fn unwrapped(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let widest = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let mut joined = String::with_capacity(text.len());
    let mut is_full = false;
    for line in lines {
        let spaced = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !joined.is_empty() {
            if !is_full {
                joined.push('\n');
            } else if spaced(joined.chars().next_back()) && spaced(line.chars().next()) {
                joined.push(' ');
            }
        }
        joined.push_str(line);
        is_full = line.chars().count() * 10 >= widest * 8
            && !line.ends_with(['。', '！', '？', '；', '!', '?', ';']);
    }
    joined
}
