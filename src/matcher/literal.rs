//! Literals over published text, by way of the normalized text.

use aho_corasick::AhoCorasick;

use crate::domain::hit::Span;
use crate::text::{Normalized, Normalizer, Tables};

/// Literals that are looked for in one pass.
#[derive(Debug)]
pub struct LiteralSet {
    normalizer: Normalizer,
    automaton: Option<AhoCorasick>,
}

/// One found literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiteralMatch {
    /// Index of the literal.
    pub literal: u32,
    /// Published bytes.
    pub span: Span,
}

/// Memory reused from text to text.
#[derive(Debug, Default)]
pub struct Scratch {
    normalized: Normalized,
}

impl LiteralSet {
    /// Compiles literals, which are normalized first.
    pub fn new(normalizer: &Normalizer, literals: &[String]) -> Self {
        let words: Vec<String> = literals.iter().map(|word| normalizer.normalize(word).text).collect();
        Self { normalizer: Normalizer::new(&Tables::embedded()), automaton: AhoCorasick::new(&words).ok() }
    }

    /// Every occurrence of every literal, also where they overlap.
    pub fn scan(&self, raw: &str, scratch: &mut Scratch, mut found: impl FnMut(LiteralMatch)) {
        self.normalizer.normalize_into(raw, &mut scratch.normalized);
        if let Some(automaton) = &self.automaton {
            for hit in automaton.find_overlapping_iter(&scratch.normalized.text) {
                let span = scratch.normalized.source_span(hit.start(), hit.end());
                found(LiteralMatch { literal: hit.pattern().as_u32(), span });
            }
        }
    }
}
