//! The literals of a set and the hidden spellings, as symbols.

use super::alphabet::Alphabet;
use crate::text::Normalizer;
use crate::text::fold::is_letter;
use crate::text::marks::is_mark;
use std::collections::HashMap;

/// What finding a pattern means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A literal of letters only: found.
    Plain,
    /// A literal with marks inside, which stay or vanish by context: its sentence must be normalized.
    Marked,
    /// A hidden spelling: its sentence must be normalized.
    Hidden,
}

/// One distinct normalized text.
#[derive(Debug)]
pub(super) struct Pattern {
    pub kind: Kind,
    pub text: String,
    /// Literals that normalize to it.
    pub literals: Vec<u32>,
    /// The characters that are no marks.
    pub chars: Vec<char>,
    pub symbols: Vec<u16>,
    /// Bytes of the text in front of each of `chars`.
    pub offsets: Vec<u32>,
}

impl Pattern {
    fn new(text: String, kind: Kind) -> Self {
        let kept = text.char_indices().filter(|(_, ch)| !is_mark(*ch));
        let (offsets, chars) = kept.map(|(offset, ch)| (offset as u32, ch)).unzip();
        Self { kind, text, literals: Vec::new(), chars, symbols: Vec::new(), offsets }
    }

    /// Bytes of the text in front of the character `at` of `chars`.
    pub fn offset(&self, at: usize) -> usize {
        self.offsets.get(at).map_or(0, |offset| *offset as usize)
    }

    pub fn starts_narrow(&self) -> bool {
        self.chars.first().is_some_and(|ch| is_letter(*ch))
    }

    pub fn ends_narrow(&self) -> bool {
        self.chars.last().is_some_and(|ch| is_letter(*ch))
    }
}

/// All patterns of a set.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    all: Vec<Pattern>,
}

impl Patterns {
    /// Normalizes the literals; those without a letter, or with a line feed, are left out.
    pub fn new(normalizer: &Normalizer, literals: &[String]) -> Self {
        let hidden = normalizer.hidden_spellings().map(|text| Pattern::new(text.to_owned(), Kind::Hidden));
        let mut all: Vec<Pattern> = hidden.collect();
        let mut by_text: HashMap<String, usize> = HashMap::new();
        for (index, literal) in literals.iter().enumerate() {
            let text = normalizer.normalize(literal).text;
            if text.contains('\n') || text.chars().all(is_mark) {
                continue;
            }
            let kind = if text.chars().any(is_mark) { Kind::Marked } else { Kind::Plain };
            let at = *by_text.entry(text.clone()).or_insert(all.len());
            if at == all.len() {
                all.push(Pattern::new(text, kind));
            }
            all[at].literals.push(index as u32);
        }
        Self { all }
    }

    /// Every character that is no mark, and those that are a whole literal.
    pub fn alphabet(&self, normalizer: &Normalizer) -> Alphabet {
        let alone: Vec<char> = self.alone().map(|(_, ch)| ch).collect();
        Alphabet::new(normalizer, self.all.iter().flat_map(|pattern| pattern.chars.iter().copied()), &alone)
    }

    /// Patterns of one character, which have no pair to be found by.
    pub fn alone(&self) -> impl Iterator<Item = (u32, char)> {
        let all = self.all.iter().enumerate();
        all.filter_map(|(index, pattern)| match *pattern.chars {
            [ch] => Some((index as u32, ch)),
            _ => None,
        })
    }

    pub fn set_symbols(&mut self, alphabet: &Alphabet) {
        for pattern in &mut self.all {
            pattern.symbols = pattern.chars.iter().map(|ch| alphabet.symbol(*ch)).collect();
        }
    }

    pub fn get(&self, index: u32) -> &Pattern {
        &self.all[index as usize]
    }

    /// Index, characters and symbols of every pattern.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[char], &[u16])> {
        let all = self.all.iter().enumerate();
        all.map(|(index, pattern)| (index as u32, &*pattern.chars, &*pattern.symbols))
    }

    /// Whether a literal contains one of these characters.
    pub fn contain(&self, chars: &[char]) -> bool {
        self.all.iter().any(|pattern| pattern.text.contains(chars))
    }
}
