//! 归一化文本: published text as the words it means, with the way back to the published bytes.
//!
//! One pass over the characters, driven by one table over code points (`fold`), by a rule for what stands between
//! two characters (`marks`) and by a list of hidden spellings (`rewrite`). All data are in
//! `patterns/lists/characters*.toml`; the transforms have names, [`TRANSFORMS`].
//!
//! What comes out: simplified Chinese and lower-case letters without blanks or marks beside Chinese characters; ASCII
//! digits (①, ⑴ and ０ become 1, 1 and 0); Chinese numerals in their plain form (壹 becomes 一, 〇 becomes 零) and not
//! turned into values; `，。！？；：、` full-width, line feeds kept; `.`, `-`, `,` and the like only inside numbers
//! and narrow words; `%` and `‰` after numbers, `¥` and `$` before numbers. Ways of contact have one name each:
//! 微信, qq, 电报. Normalizing twice changes nothing.

pub mod evade;
pub(crate) mod fold;
mod frequency;
pub(crate) mod marks;
pub(crate) mod pass;
mod rewrite;
pub mod sentence;
mod span_map;
mod tables;
mod transform;

pub use frequency::Frequency;
pub use tables::Tables;
pub use transform::{Bits, TRANSFORMS, Transform, is_evasive};

use crate::domain::hit::Span;
use fold::{Class, Fold};
use pass::Pass;
use rewrite::Rewrite;
use sentence::Sentence;
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

/// Texts are read up to this many bytes; offsets inside are 32 bits.
const MAX_BYTES: usize = u32::MAX as usize / 2;

/// Normalizes text; built once, used from any thread, cheap to clone.
#[derive(Debug, Clone)]
pub struct Normalizer(Arc<Compiled>);

/// The tables in the form that the pass needs.
#[derive(Debug)]
struct Compiled {
    fold: Fold,
    rewrite: Rewrite,
    syllables: HashSet<String>,
    /// For each character of the basic plane, what it may become that sentences are told apart by.
    signs: Box<[Sign]>,
}

/// What a published character may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// The end of a sentence, whatever stands around it.
    End,
    /// An ASCII digit.
    Digit,
    /// Neither.
    None,
}

impl Normalizer {
    /// Compiles the tables, some milliseconds.
    pub fn new(tables: &Tables) -> Self {
        let fold = Fold::new(tables);
        let rewrite = Rewrite::new(tables, &fold);
        let syllables = tables.syllables.iter().cloned().collect();
        let signs = (0..0x10000).map(|code| sign(&fold, code)).collect();
        Self(Arc::new(Compiled { fold, rewrite, syllables, signs }))
    }

    /// With the tables that ship with the program.
    pub fn embedded() -> Self {
        static EMBEDDED: LazyLock<Normalizer> = LazyLock::new(|| Normalizer::new(&Tables::embedded()));
        EMBEDDED.clone()
    }

    /// `text` as the words it means. Never fails; of texts above 2 GiB only the beginning is read.
    pub fn normalize(&self, text: &str) -> Normalized {
        let mut out = Normalized::default();
        self.normalize_into(text, &mut out);
        out
    }

    /// The same, into a value whose buffers are used again.
    pub fn normalize_into(&self, text: &str, out: &mut Normalized) {
        out.clear();
        Pass::new(&self.0, &text[..text.floor_char_boundary(MAX_BYTES)], out).run();
    }

    /// Sentences of published text: none of them ends inside a sentence of the normalized text, and where that one
    /// holds a digit, so does this one.
    pub(crate) fn published_sentences(&self, text: &str, sentences: &mut Vec<Sentence>) {
        sentences.clear();
        let signs = &self.0.signs;
        let mut has_digit = false;
        for (at, ch) in text.char_indices() {
            // Other planes hold digits of many kinds and no ends of sentences.
            match signs.get(ch as usize).copied().unwrap_or(Sign::Digit) {
                Sign::None => {}
                Sign::Digit => has_digit = true,
                Sign::End => {
                    let end = (at + ch.len_utf8()) as u32;
                    sentences.push(Sentence { end, has_digit: std::mem::take(&mut has_digit) });
                }
            }
        }
        if sentences.last().is_none_or(|last| (last.end as usize) < text.len()) {
            sentences.push(Sentence { end: text.len() as u32, has_digit });
        }
    }

    /// What each character becomes on its own.
    pub(crate) fn fold(&self) -> &Fold {
        &self.0.fold
    }

    /// Spellings that are undone where they stand together, already folded.
    pub(crate) fn hidden_spellings(&self) -> impl Iterator<Item = &str> {
        self.0.rewrite.variants().map(|variant| variant.text.as_str())
    }

    /// Where bracketed pinyin ends that begins at byte `at` of `text`, behind the opening bracket.
    pub(crate) fn bracketed_pinyin(&self, text: &str, at: usize) -> Option<usize> {
        pass::bracketed_pinyin(&self.0, text, at)
    }
}

fn sign(fold: &Fold, code: u32) -> Sign {
    let entry = fold.get(code);
    let is_end = |ch: char| matches!(ch, '。' | '！' | '？' | '；' | '\n');
    match entry.class() {
        Class::Digit => Sign::Digit,
        Class::Fold if fold.folded(entry).text.iter().any(char::is_ascii_digit) => Sign::Digit,
        Class::Clause if is_end(entry.canonical()) => Sign::End,
        Class::Plain if char::from_u32(code).is_some_and(is_end) => Sign::End,
        _ => Sign::None,
    }
}

/// Normalized text with the way back to the published bytes.
#[derive(Debug, Clone, Default)]
pub struct Normalized {
    /// The words that the published text means.
    pub text: String,
    map: span_map::SpanMap,
    /// Working space of the pass, kept between texts.
    run: Vec<marks::Mark>,
    kept: Vec<marks::Mark>,
}

impl Normalized {
    /// Published bytes behind the bytes `start..end` of [`Self::text`]; on character boundaries of both, and
    /// evasions inside are covered.
    pub fn source_span(&self, start: usize, end: usize) -> Span {
        let (start, end) = self.on_boundaries(start, end);
        self.map.source_span(start, end)
    }

    /// Names of the transforms needed to read the bytes `start..end` of [`Self::text`], in the order of
    /// [`TRANSFORMS`]; empty for words that stood there as they are.
    pub fn transforms(&self, start: usize, end: usize) -> Vec<&'static str> {
        self.transform_bits(start, end).iter().map(|transform| transform.name).collect()
    }

    /// The same as a set, without allocating.
    pub fn transform_bits(&self, start: usize, end: usize) -> Bits {
        let (start, end) = self.on_boundaries(start, end);
        self.map.transforms(start, end)
    }

    fn on_boundaries(&self, start: usize, end: usize) -> (usize, usize) {
        let start = self.text.floor_char_boundary(start);
        (start, self.text.ceil_char_boundary(end.max(start)))
    }

    fn clear(&mut self) {
        self.text.clear();
        self.map.clear();
    }
}

#[cfg(test)]
mod tests;
