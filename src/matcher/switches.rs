//! Which groups may hold in a text, and in which sentences patterns may match, by the words found in it alone.
//!
//! Every pattern asks for a word of each of its sets and perhaps for a digit; one that is looked for sentence by
//! sentence asks for all of them in the same one. The answer is exact only when it is no. It is the same question
//! for published text, where it decides whether normalizing pays, and for normalized text, where it decides which
//! patterns run.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{self, Atom, Builder, Switch};
use crate::domain::claim::ClaimKind;
use crate::text::sentence::Sentence;

/// What each literal switches on; built once.
pub(super) struct Switches {
    literals: Vec<LiteralUse>,
    /// Groups and parts of all literals, one after the other.
    groups: Vec<u32>,
    parts: Vec<(u32, u16)>,
    /// Patterns, and behind them the ways in which claims are made.
    patterns: Vec<PatternUse>,
    /// Patterns that no word switches on.
    wordless: Vec<u32>,
    /// Groups that may hold in any text.
    open: Vec<u64>,
    /// Those, and the groups of common literals, for a reading that does not locate these.
    open_unlocated: Vec<u64>,
    common: BTreeSet<usize>,
}

/// Where the lists of a literal end; they begin where those of the literal before end.
#[derive(Clone, Copy)]
struct LiteralUse {
    /// Groups that may hold where it stands: its own, and those of claims that ask for it.
    groups_end: u32,
    /// Sets of patterns it belongs to: the pattern and the bit of the set.
    parts_end: u32,
}

pub(super) struct PatternUse {
    /// One bit for each of its sets.
    pub all: u16,
    pub has_digit: bool,
    pub by_sentence: bool,
    /// No match reaches beyond its sentence, whether words tell in which ones to look or not.
    pub is_local: bool,
    /// A match may begin with the character before the sentence.
    pub has_lead: bool,
    /// Groups that may hold where it may match, as bits.
    pub groups: Vec<u64>,
}

/// The answer for one text; memory is reused from text to text.
#[derive(Debug, Default)]
pub(super) struct Switched {
    groups: Vec<u64>,
    patterns: Vec<State>,
    touched: Vec<u32>,
}

/// How far a pattern got.
#[derive(Debug, Default)]
struct State {
    /// Sets found so far in the sentence last looked at.
    found: u16,
    sentence: u32,
    is_on: bool,
    /// Sentences in which it may match, in order.
    sentences: Vec<u32>,
}

impl Switches {
    /// Asks the builder what its patterns and claims need; that may add literals.
    pub fn new(builder: &mut Builder<'_>) -> Self {
        let n_bits = builder.groups.len().div_ceil(64);
        let of_patterns: Vec<Switch> =
            (0..builder.patterns.len()).map(|id| builder.pattern_switch(id)).collect();
        let of_claims: BTreeMap<ClaimKind, Option<Vec<Switch>>> = builder
            .claims
            .iter()
            .map(|test| test.kind)
            .collect::<BTreeSet<ClaimKind>>()
            .into_iter()
            .map(|kind| (kind, builder.claim_switches(kind)))
            .collect();
        let asked = of_patterns.iter().chain(of_claims.values().flatten().flatten());
        let asked: BTreeSet<usize> = asked.flat_map(|switch| switch.sets.iter().flatten().copied()).collect();
        let is_common = |id: &usize| !asked.contains(id) && compile::is_common(&builder.literals[*id]);
        let common: BTreeSet<usize> = (0..builder.literals.len()).filter(is_common).collect();

        let mut pattern_groups = vec![vec![0; n_bits]; builder.patterns.len()];
        let mut claim_groups: BTreeMap<ClaimKind, Vec<u64>> = BTreeMap::new();
        let mut literal_groups: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); builder.literals.len()];
        let mut literal_parts: Vec<Vec<(u32, u16)>> = vec![Vec::new(); builder.literals.len()];
        let mut open = vec![0; n_bits];
        let mut open_unlocated = vec![0; n_bits];
        for (group, atoms) in builder.groups.iter().enumerate() {
            for atom in atoms {
                match *atom {
                    Atom::Literal(id) => {
                        literal_groups[id].insert(group as u32);
                        if common.contains(&id) {
                            set(&mut open_unlocated, group);
                        }
                    }
                    Atom::Pattern(id) => set(&mut pattern_groups[id], group),
                    Atom::Claim(id) => {
                        let groups = claim_groups.entry(builder.claims[id].kind);
                        set(groups.or_insert_with(|| vec![0; n_bits]), group);
                    }
                }
            }
        }
        let n_patterns = of_patterns.len();
        let mut switches: Vec<(Switch, Vec<u64>)> = of_patterns.into_iter().zip(pattern_groups).collect();
        for (kind, groups) in claim_groups {
            match of_claims.get(&kind).cloned().flatten() {
                Some(ways) => switches.extend(ways.into_iter().map(|switch| (switch, groups.clone()))),
                None => add(&mut open, &groups),
            }
        }
        let mut patterns = Vec::new();
        let mut wordless = Vec::new();
        for (pattern, (switch, groups)) in switches.into_iter().enumerate() {
            match switch.sets.as_slice() {
                [] => wordless.push(pattern as u32),
                // The words of a claim are enough by themselves and need no state.
                [words] if pattern >= n_patterns => {
                    words.iter().for_each(|word| literal_groups[*word].extend(members(&groups)));
                }
                sets => {
                    for (bit, words) in sets.iter().enumerate() {
                        words.iter().for_each(|word| literal_parts[*word].push((pattern as u32, 1 << bit)));
                    }
                }
            }
            patterns.push(PatternUse {
                all: ((1_u32 << switch.sets.len()) - 1) as u16,
                has_digit: switch.has_digit,
                by_sentence: switch.by_sentence && !switch.sets.is_empty(),
                is_local: switch.by_sentence,
                has_lead: switch.has_lead,
                groups,
            });
        }
        add(&mut open_unlocated, &open);
        let (mut groups, mut parts) = (Vec::new(), Vec::new());
        let literals = literal_groups.into_iter().zip(literal_parts).map(|(own, own_parts)| {
            groups.extend(own);
            parts.extend(own_parts);
            LiteralUse { groups_end: groups.len() as u32, parts_end: parts.len() as u32 }
        });
        let literals = literals.collect();
        Self { literals, groups, parts, patterns, wordless, open, open_unlocated, common }
    }

    /// Whether a literal stands in nearly every text and in no set: it is looked for only when a rule asks.
    pub fn is_common(&self, literal: usize) -> bool {
        self.common.contains(&literal)
    }

    /// Literals without which none of `groups` can hold.
    pub fn literals_of(&self, groups: &[u64]) -> Vec<usize> {
        let meets = |others: &[u64]| groups.iter().zip(others).any(|(one, other)| one & other != 0);
        let matters = |literal: &usize| {
            self.groups_of_literal(*literal).iter().any(|group| is_set(groups, *group as usize))
                || self
                    .parts_of_literal(*literal)
                    .iter()
                    .any(|(pattern, _)| meets(&self.patterns[*pattern as usize].groups))
        };
        (0..self.literals.len()).filter(matters).collect()
    }

    /// Groups that may hold where the literal stands.
    pub fn groups_of_literal(&self, literal: usize) -> &[u32] {
        let first = literal.checked_sub(1).map_or(0, |before| self.literals[before].groups_end);
        &self.groups[first as usize..self.literals[literal].groups_end as usize]
    }

    /// Sets of patterns that the literal belongs to: the pattern and the bit of the set.
    pub fn parts_of_literal(&self, literal: usize) -> &[(u32, u16)] {
        let first = literal.checked_sub(1).map_or(0, |before| self.literals[before].parts_end);
        &self.parts[first as usize..self.literals[literal].parts_end as usize]
    }

    /// What a pattern, or a way to claim, needs.
    pub fn pattern(&self, pattern: u32) -> &PatternUse {
        &self.patterns[pattern as usize]
    }

    /// Patterns that no word switches on.
    pub fn wordless(&self) -> &[u32] {
        &self.wordless
    }

    /// Whether a group may hold in any text.
    pub fn is_open(&self, group: usize) -> bool {
        is_set(&self.open, group)
    }

    /// Whether a pattern is looked for sentence by sentence.
    pub fn is_by_sentence(&self, pattern: usize) -> bool {
        self.patterns[pattern].by_sentence
    }

    /// Starts on a text of these sentences; `locates_common` when common literals will be noted too.
    pub fn begin(&self, sentences: &[Sentence], locates_common: bool, out: &mut Switched) {
        for pattern in out.touched.drain(..) {
            let state = &mut out.patterns[pattern as usize];
            (state.found, state.sentence, state.is_on) = (0, 0, false);
            state.sentences.clear();
        }
        if out.patterns.len() < self.patterns.len() {
            out.patterns.resize_with(self.patterns.len(), State::default);
        }
        out.groups.clone_from(if locates_common { &self.open } else { &self.open_unlocated });
        let has_digit = sentences.iter().any(|sentence| sentence.has_digit);
        for pattern in &self.wordless {
            let uses = &self.patterns[*pattern as usize];
            if has_digit || !uses.has_digit {
                out.patterns[*pattern as usize].is_on = true;
                out.touched.push(*pattern);
                add(&mut out.groups, &uses.groups);
            }
        }
    }

    /// Notes a literal in sentence number `at`; sentences come in order.
    pub fn note(
        &self,
        literal: usize,
        at: usize,
        sentences: &[Sentence],
        is_first: bool,
        out: &mut Switched,
    ) {
        if is_first {
            self.groups_of_literal(literal).iter().for_each(|group| set(&mut out.groups, *group as usize));
        }
        for (pattern, bit) in self.parts_of_literal(literal) {
            let needs = &self.patterns[*pattern as usize];
            let state = &mut out.patterns[*pattern as usize];
            let sentence = if needs.by_sentence { at as u32 } else { 0 };
            if state.found == 0 && !state.is_on {
                out.touched.push(*pattern);
            }
            if state.sentence != sentence {
                (state.sentence, state.found) = (sentence, 0);
            }
            if state.found == needs.all {
                continue;
            }
            state.found |= bit;
            if state.found == needs.all {
                let may_match = |sentence: &Sentence| sentence.has_digit || !needs.has_digit;
                if needs.by_sentence && !sentences.get(at).is_some_and(may_match)
                    || !needs.by_sentence && !sentences.iter().any(may_match)
                {
                    continue;
                }
                state.sentences.push(sentence);
                if !state.is_on {
                    state.is_on = true;
                    add(&mut out.groups, &needs.groups);
                }
            }
        }
    }
}

impl Switched {
    /// Whether the group may hold.
    pub fn may_hold(&self, group: usize) -> bool {
        self.groups.get(group / 64).is_some_and(|bits| bits & (1 << (group % 64)) != 0)
    }

    /// Whether the pattern may match.
    pub fn is_on(&self, pattern: usize) -> bool {
        self.patterns.get(pattern).is_some_and(|state| state.is_on)
    }

    /// Sentences in which the pattern may match, when it is looked for sentence by sentence.
    pub fn sentences(&self, pattern: usize) -> &[u32] {
        self.patterns.get(pattern).map(|state| state.sentences.as_slice()).unwrap_or_default()
    }

    /// Switches everything on: what follows must come to the same.
    pub fn switch_all_on(&mut self, n_sentences: usize) {
        self.groups.fill(u64::MAX);
        self.touched = (0..self.patterns.len() as u32).collect();
        for state in &mut self.patterns {
            state.is_on = true;
            state.sentences = (0..n_sentences as u32).collect();
        }
    }
}

/// Sets the bit of a group.
pub(super) fn set(bits: &mut [u64], group: usize) {
    bits[group / 64] |= 1 << (group % 64);
}

/// Whether the bit of a group is set.
pub(super) fn is_set(bits: &[u64], group: usize) -> bool {
    bits.get(group / 64).is_some_and(|word| word & (1 << (group % 64)) != 0)
}

/// The groups whose bits are set.
fn members(bits: &[u64]) -> impl Iterator<Item = u32> {
    (0..bits.len() * 64).filter(|group| is_set(bits, *group)).map(|group| group as u32)
}

/// Adds bits to bits.
pub(super) fn add(bits: &mut [u64], more: &[u64]) {
    for (bits, more) in bits.iter_mut().zip(more) {
        *bits |= more;
    }
}
