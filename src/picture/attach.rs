//! What was read in pictures becomes part of an ad's text, behind the words that were published.

use crate::domain::ad::AdDraft;
use crate::domain::hit::Span;
use crate::domain::picture::{Derived, DerivedPiece, PictureReading, ReadAs, ReadLine, ReadWord};

use super::codes::CODES_BY;

/// Words of one picture that are taken at most; more is a document, not an ad.
const MAX_WORDS: usize = 4_000;

/// Replaces what was read in pictures before by these readings, each with the SHA-256 of its picture.
///
/// The published words stay where they are, so spans into them keep their meaning; each line and each code stands on a
/// line of its own behind them.
pub fn attach(draft: &mut AdDraft, readings: &[(String, PictureReading)]) {
    let n_published = draft.published_text().len();
    draft.text.truncate(n_published);
    draft.derived.clear();
    for (sha256, reading) in readings {
        let part = |role: ReadAs, by: &str, pieces: Vec<DerivedPiece>| Derived {
            picture: sha256.clone(),
            width: reading.width,
            height: reading.height,
            role,
            by: by.to_owned(),
            pieces,
        };
        if let Some(by) = &reading.words_by {
            let pieces = words(&mut draft.text, &reading.lines);
            if !pieces.is_empty() {
                draft.derived.push(part(ReadAs::Words, by, pieces));
            }
        }
        for code in &reading.codes {
            let span =
                push_line(&mut draft.text, |text| text.push_str(&code.content.replace(['\r', '\n'], " ")));
            let piece = DerivedPiece { span, area: code.area };
            draft.derived.push(part(code.kind, CODES_BY, vec![piece]));
        }
    }
}

fn words(text: &mut String, lines: &[ReadLine]) -> Vec<DerivedPiece> {
    let mut pieces = Vec::new();
    for line in lines {
        let before: Option<&ReadWord> = None;
        push_line(text, |text| {
            line.words.iter().fold(before, |before, word| {
                if pieces.len() >= MAX_WORDS {
                    return before;
                }
                if before.is_some_and(|before| are_apart(before, word)) {
                    text.push(' ');
                }
                let start = text.len();
                text.push_str(&word.text);
                pieces.push(DerivedPiece { span: Span { start, end: text.len() }, area: word.area });
                Some(word)
            });
        });
    }
    pieces
}

/// Adds a line and gives its bytes.
fn push_line(text: &mut String, push: impl FnOnce(&mut String)) -> Span {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let start = text.len();
    push(text);
    Span { start, end: text.len() }
}

/// Whether two words of a line are apart: Latin words are, and what a gap of two characters parts; Chinese ones are cut
/// by the program wherever it likes.
fn are_apart(before: &ReadWord, word: &ReadWord) -> bool {
    let is_latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let both_latin = is_latin(before.text.chars().next_back()) && is_latin(word.text.chars().next());
    let gap = word.area.x.saturating_sub(before.area.x + before.area.width);
    both_latin || gap > 2 * word.area.height.max(before.area.height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ad::AdKind;
    use crate::domain::picture::{Area, ReadCode};

    fn word(text: &str, x: u32) -> ReadWord {
        ReadWord { text: text.to_owned(), area: Area { x, y: 0, width: 20, height: 20 }, sure_percent: 90 }
    }

    fn reading() -> PictureReading {
        PictureReading {
            width: 300,
            height: 200,
            lines: vec![
                ReadLine { words: vec![word("保本", 0), word("保息", 22), word("电话", 200)] },
                ReadLine { words: vec![word("VIP", 0), word("CLUB", 30), word("18", 60), word("%", 80)] },
            ],
            codes: vec![ReadCode {
                kind: ReadAs::QrCode,
                content: "https://x.example/".to_owned(),
                area: Area { x: 100, y: 100, width: 90, height: 90 },
            }],
            words_by: Some("reader 1".to_owned()),
            ..PictureReading::default()
        }
    }

    #[test]
    fn what_was_read_stands_behind_the_published_words_and_names_its_pixels() {
        let mut draft = AdDraft::of_text(AdKind::Display, "财富热线");
        attach(&mut draft, &[("aa".to_owned(), reading())]);
        assert_eq!(draft.text, "财富热线\n保本保息 电话\nVIP CLUB18%\nhttps://x.example/");
        assert_eq!(draft.published_text(), "财富热线");
        let [words, code] = draft.derived.as_slice() else { panic!("{:?}", draft.derived) };
        assert_eq!((words.role, code.role), (ReadAs::Words, ReadAs::QrCode));
        assert_eq!(words.pieces[1].span.of(&draft.text), "保息");
        assert_eq!(code.span().of(&draft.text), "https://x.example/");
        assert_eq!(draft.code_contents().collect::<Vec<_>>(), ["https://x.example/"]);
    }

    #[test]
    fn reading_again_replaces_what_was_read_before() {
        let mut draft = AdDraft::of_text(AdKind::Display, "");
        attach(&mut draft, &[("aa".to_owned(), PictureReading { words_by: None, ..reading() })]);
        assert_eq!(draft.text, "https://x.example/", "codes need no program");
        attach(&mut draft, &[("aa".to_owned(), reading())]);
        let whole = draft.clone();
        attach(&mut draft, &[("aa".to_owned(), reading())]);
        assert_eq!(draft, whole);
        attach(&mut draft, &[]);
        assert_eq!(draft, AdDraft::of_text(AdKind::Display, ""));
    }
}
