//! 措辞分: how much the words around a hit sound like solicitation, whatever rule found it.
//!
//! A linear score over the characters and the pairs of neighbours of normalized text, learned from labelled documents
//! (`learn`). Alone it would flag too much and explain too little; rules say what is promised, the score says in
//! which tone. It is divided by the root of the number of features, so that long texts score no higher than short.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use crate::matcher::Occurrence;
use crate::rules;

/// Bytes to either side of a hit, about 150 characters, whose wording counts for it.
const REACH_BYTES: usize = 450;

/// Bytes, about 16 characters, below which a text says too little to be cleared for its tone.
pub(super) const PHRASE_BYTES: usize = 48;

/// Fewer of ten characters than this are Chinese: the weights know nothing of such a text.
const MIN_CHINESE_OF_TEN: usize = 4;

/// Most words that an explanation names.
const N_WORDS: usize = 5;

/// The weights of a pack, ready to be asked.
#[derive(Debug)]
pub struct Scorer {
    pub(super) floor: f64,
    pub(super) as_ad: f64,
    pub(super) over_context: f64,
    bias: f64,
    weights: HashMap<Gram, f32, BuildHasherDefault<Spread>>,
}

/// One character, or two that stand beside each other: the first in the upper half, 0 for none.
pub(super) type Gram = u64;

impl Scorer {
    /// Prepares the weights of a pack.
    pub fn new(wording: &rules::Wording) -> Self {
        Self {
            floor: wording.floor,
            as_ad: wording.as_ad,
            over_context: wording.over_context,
            bias: wording.bias,
            weights: wording.weights.iter().map(|(gram, weight)| (packed(gram), *weight as f32)).collect(),
        }
    }

    /// The score of normalized text; `None` when too little of it is Chinese.
    pub fn score(&self, text: &str) -> Option<f64> {
        let (mut n_chars, mut n_chinese) = (0, 0);
        for c in text.chars() {
            n_chars += 1;
            n_chinese += usize::from(is_chinese(c));
        }
        if n_chinese == 0 || n_chinese * 10 < n_chars * MIN_CHINESE_OF_TEN {
            return None;
        }
        let grams = grams(text);
        let sum: f64 =
            grams.iter().filter_map(|gram| self.weights.get(gram)).map(|weight| f64::from(*weight)).sum();
        Some(sum / (grams.len() as f64).sqrt() + self.bias)
    }

    /// The pairs of `text` that speak most for solicitation, as normalized, in the order of their weight.
    pub(super) fn strongest(&self, text: &str) -> Vec<String> {
        let mut found: Vec<(f32, Gram)> = grams(text)
            .into_iter()
            .filter(|gram| unpacked(*gram).chars().filter(|c| is_chinese(*c)).count() == 2)
            .filter_map(|gram| Some((*self.weights.get(&gram)?, gram)))
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.into_iter().take(N_WORDS).map(|(_, gram)| unpacked(gram)).collect()
    }
}

/// The part of `text` whose wording counts for the hit.
pub(super) fn around(text: &str, hit: Occurrence) -> Range<usize> {
    let start = text.floor_char_boundary(hit.start.saturating_sub(REACH_BYTES));
    let end = text.floor_char_boundary((hit.end + REACH_BYTES).min(text.len()));
    start..end
}

/// Whether the whole text counts for every hit in it.
pub(super) fn is_near_itself(text: &str) -> bool {
    text.len() <= REACH_BYTES
}

/// A long text in the parts that are scored at once.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, after) = rest.split_at(rest.floor_char_boundary(2 * REACH_BYTES));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

/// Each character and each pair of neighbours once; a run of digits, hidden or not, counts as one `0`.
pub(super) fn grams(text: &str) -> Vec<Gram> {
    let mut grams = Vec::with_capacity(text.len());
    let mut before = 0;
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let c = if matches!(c, '0'..='9' | 'x' | '.' | ',') { '0' } else { c };
        let code = u64::from(u32::from(c));
        if c == '0' && before == code {
            continue;
        }
        grams.push(code);
        if before != 0 {
            grams.push(before << 32 | code);
        }
        before = code;
    }
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The characters of a gram.
pub(super) fn unpacked(gram: Gram) -> String {
    [gram >> 32, gram & 0xffff_ffff]
        .into_iter()
        .filter_map(|code| u32::try_from(code).ok().filter(|code| *code != 0).and_then(char::from_u32))
        .collect()
}

fn packed(gram: &str) -> Gram {
    gram.chars().fold(0, |packed, c| packed << 32 | u64::from(u32::from(c)))
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Spreads the bits of a packed gram; nobody chooses keys to make them collide here.
#[derive(Debug, Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 29;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_are_characters_and_pairs_once() {
        let words: Vec<String> = grams("月息1x.5分 分").into_iter().map(unpacked).collect();
        assert_eq!(words, ["0", "分", "息", "月", "0分", "分分", "息0", "月息"]);
    }

    #[test]
    fn parts_hold_everything() {
        let text = "钱生钱a".repeat(400);
        assert_eq!(parts(&text).collect::<String>(), text);
        assert!(parts(&text).all(|part| part.len() <= 2 * REACH_BYTES));
        assert_eq!(parts("").count(), 0);
    }

    #[test]
    fn foreign_text_has_no_score() {
        let wording = Scorer::new(&rules::Wording { bias: 0.5, ..rules::Wording::default() });
        assert_eq!(wording.score("guaranteed returns, 收"), None);
        assert_eq!(wording.score(""), None);
        assert_eq!(wording.score("收益"), Some(0.5));
    }
}
