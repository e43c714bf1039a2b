//! Where the groups of a pack hold in one text, worked out only as far as rules ask.
//!
//! Literals are located in one pass. Patterns run when a rule needs their group, and only on sentences that hold
//! one of their required words; claims are read when the first rule asks for one.

use std::ops::Range;

use super::claim::{self, ClaimScratch};
use super::compile::{Atom, Builder, GroupId};
use super::literal::{self, LiteralSet};
use crate::domain::claim::Claim;
use crate::rules::ClaimTest;
use crate::text::sentence::{Scope, Windows};

/// Where a group holds: bytes of the normalized text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// What is looked for: the literals, patterns and claims of all groups.
pub(super) struct Index {
    words: LiteralSet,
    literals: Vec<LiteralUse>,
    patterns: Vec<regex::Regex>,
    /// Patterns that no word switches on.
    always: Vec<usize>,
    groups: Vec<GroupUse>,
    tests: Vec<ClaimTest>,
    /// Groups that may hold in any text: those of claims and of patterns that are always on.
    open: Vec<u64>,
}

#[derive(Clone, Default)]
struct LiteralUse {
    /// Groups it belongs to, as bits.
    groups: Vec<u64>,
    /// Those, and the groups of the patterns it switches on.
    may: Vec<u64>,
    /// Patterns it switches on.
    patterns: Vec<usize>,
}

#[derive(Clone, Default)]
struct GroupUse {
    patterns: Vec<usize>,
    tests: Vec<usize>,
}

/// Where everything stands in one text; memory is reused from text to text.
#[derive(Debug, Default)]
pub struct Places {
    literal: literal::Scratch,
    literals: Vec<Vec<Occurrence>>,
    touched_literals: Vec<usize>,
    may: Vec<u64>,
    switches: Vec<Vec<usize>>,
    touched_patterns: Vec<usize>,
    patterns: Vec<Option<Vec<Occurrence>>>,
    run_patterns: Vec<usize>,
    groups: Vec<Option<Vec<Occurrence>>>,
    known_groups: Vec<GroupId>,
    spare: Vec<Vec<Occurrence>>,
    claim: ClaimScratch,
    claims: Option<Vec<Claim>>,
    windows: Windows,
    has_windows: bool,
}

impl Index {
    /// Compiles what the builder collected.
    pub fn new(builder: &mut Builder<'_>) -> Self {
        let switches = builder.pattern_switches();
        let n_words = builder.groups.len().div_ceil(64);
        let blank = LiteralUse { groups: vec![0; n_words], may: vec![0; n_words], patterns: Vec::new() };
        let mut literals = vec![blank; builder.literals.len()];
        let mut groups = vec![GroupUse::default(); builder.groups.len()];
        let mut pattern_groups = vec![vec![0; n_words]; builder.patterns.len()];
        let mut open = vec![0; n_words];
        for (group, atoms) in builder.groups.iter().enumerate() {
            let (word, bit) = (group / 64, 1 << (group % 64));
            for atom in atoms {
                match *atom {
                    Atom::Literal(id) => literals[id].groups[word] |= bit,
                    Atom::Pattern(id) => {
                        groups[group].patterns.push(id);
                        pattern_groups[id][word] |= bit;
                    }
                    Atom::Claim(id) => {
                        groups[group].tests.push(id);
                        open[word] |= bit;
                    }
                }
            }
        }
        for (pattern, words) in switches.iter().enumerate() {
            if words.is_empty() {
                add(&mut open, &pattern_groups[pattern]);
            }
            for literal in words {
                literals[*literal].patterns.push(pattern);
                add(&mut literals[*literal].may, &pattern_groups[pattern]);
            }
        }
        for literal in &mut literals {
            let own = literal.groups.clone();
            add(&mut literal.may, &own);
        }
        let words = LiteralSet::new(builder.normalizer, &builder.literals);
        let always =
            switches.iter().enumerate().filter(|(_, words)| words.is_empty()).map(|(id, _)| id).collect();
        let patterns = builder.patterns.iter().map(|pattern| pattern.regex.clone()).collect();
        let tests = builder.claims.clone();
        Self { words, literals, patterns, always, groups, tests, open }
    }

    /// Locates the literals of the normalized `text` and forgets the text before.
    pub fn locate(&self, text: &str, places: &mut Places) {
        places.reset(self);
        places.may.clone_from(&self.open);
        let Places { literal, literals, touched_literals, may, switches, touched_patterns, .. } = places;
        // Normalized text is its own normal form, so the spans are those of `text`.
        self.words.scan(text, literal, |found| {
            let id = found.literal as usize;
            let uses = &self.literals[id];
            let occurrences = &mut literals[id];
            if occurrences.is_empty() {
                touched_literals.push(id);
                add(may, &uses.may);
            }
            occurrences.push(Occurrence { start: found.span.start, end: found.span.end });
            for pattern in &uses.patterns {
                let switches = &mut switches[*pattern];
                if switches.is_empty() {
                    touched_patterns.push(*pattern);
                }
                switches.push(found.span.start);
            }
        });
    }
}

/// One text being read: works out what is asked for.
pub(super) struct Reading<'a> {
    pub index: &'a Index,
    pub text: &'a str,
    pub places: &'a mut Places,
}

impl Reading<'_> {
    /// Whether the group can hold at all; cheap, and exact only when it says no.
    pub fn may_hold(&self, group: GroupId) -> bool {
        self.places.may[group / 64] & (1 << (group % 64)) != 0
    }

    /// Where the group holds: sorted by start, longer first.
    pub fn of(&mut self, group: GroupId) -> &[Occurrence] {
        if self.places.groups[group].is_none() {
            self.work_out(group);
        }
        self.places.of(group)
    }

    /// The first place inside `window` where the group holds.
    pub fn first_in(&mut self, group: GroupId, window: &Range<usize>) -> Option<Occurrence> {
        if !self.may_hold(group) {
            return None;
        }
        self.of(group);
        self.places.first_in(group, window)
    }

    /// The window around a span.
    pub fn window(&mut self, scope: Scope, start: usize, end: usize) -> Range<usize> {
        self.windows().around(scope, start..end)
    }

    /// Works out every group.
    pub fn settle(&mut self) {
        self.windows();
        self.claims();
        for group in 0..self.index.groups.len() {
            self.of(group);
        }
    }

    fn work_out(&mut self, group: GroupId) {
        let mut found = self.places.spare.pop().unwrap_or_default();
        if self.may_hold(group) {
            let (word, bit) = (group / 64, 1 << (group % 64));
            for literal in &self.places.touched_literals {
                if self.index.literals[*literal].groups[word] & bit != 0 {
                    found.extend_from_slice(&self.places.literals[*literal]);
                }
            }
            let uses = &self.index.groups[group];
            for pattern in &uses.patterns {
                found.extend_from_slice(self.pattern(*pattern));
            }
            if !uses.tests.is_empty() {
                let tests = &self.index.tests;
                let accepted = |claim: &&Claim| {
                    uses.tests
                        .iter()
                        .any(|test| tests[*test].kind == claim.kind && tests[*test].accepts(claim.value))
                };
                let claims = self.claims().iter().filter(accepted);
                found.extend(claims.map(|claim| Occurrence { start: claim.start, end: claim.end }));
            }
            found.sort_unstable_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
            found.dedup();
        }
        self.places.groups[group] = Some(found);
        self.places.known_groups.push(group);
    }

    /// Runs a pattern on the sentences that hold one of its required words, once.
    fn pattern(&mut self, pattern: usize) -> &[Occurrence] {
        if self.places.patterns[pattern].is_none() {
            let mut found = self.places.spare.pop().unwrap_or_default();
            if self.index.always.contains(&pattern) {
                self.run(pattern, 0..self.text.len(), &mut found);
            } else {
                self.windows();
                let mut switches = std::mem::take(&mut self.places.switches[pattern]);
                switches.sort_unstable();
                let mut done = 0;
                for at in switches.drain(..) {
                    if at >= done {
                        let sentence = self.places.windows.around(Scope::Sentence, at..at + 1);
                        done = sentence.end;
                        self.run(pattern, sentence, &mut found);
                    }
                }
                self.places.switches[pattern] = switches;
            }
            self.places.patterns[pattern] = Some(found);
            self.places.run_patterns.push(pattern);
        }
        self.places.patterns[pattern].as_deref().unwrap_or_default()
    }

    /// Matches of a pattern inside a range; what precedes the range is seen by look-around only.
    fn run(&self, pattern: usize, range: Range<usize>, found: &mut Vec<Occurrence>) {
        let regex = &self.index.patterns[pattern];
        let text = &self.text[..range.end];
        let mut at = range.start;
        while let Some(hit) = regex.find_at(text, at).filter(|hit| !hit.is_empty()) {
            found.push(Occurrence { start: hit.start(), end: hit.end() });
            at = hit.end();
        }
    }

    fn claims(&mut self) -> &[Claim] {
        let places = &mut *self.places;
        let text = self.text;
        let claim = &mut places.claim;
        places.claims.get_or_insert_with(|| {
            let mut claims = Vec::new();
            claim::claims(text, claim, &mut claims);
            claims
        })
    }

    fn windows(&mut self) -> &Windows {
        if !self.places.has_windows {
            self.places.windows.rebuild(self.text);
            self.places.has_windows = true;
        }
        &self.places.windows
    }
}

impl Places {
    /// Where the group holds, once everything is worked out.
    pub fn of(&self, group: GroupId) -> &[Occurrence] {
        self.groups.get(group).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The first place inside `window` where the group holds, once everything is worked out.
    pub fn first_in(&self, group: GroupId, window: &Range<usize>) -> Option<Occurrence> {
        let places = self.of(group);
        let from = places.partition_point(|place| place.start < window.start);
        places[from..]
            .iter()
            .take_while(|place| place.start < window.end)
            .find(|place| place.end <= window.end)
            .copied()
    }

    /// Windows of the text, once everything is worked out.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    fn reset(&mut self, index: &Index) {
        for literal in self.touched_literals.drain(..) {
            self.literals[literal].clear();
        }
        for pattern in self.touched_patterns.drain(..) {
            self.switches[pattern].clear();
        }
        for pattern in self.run_patterns.drain(..) {
            recycle(&mut self.patterns[pattern], &mut self.spare);
        }
        for group in self.known_groups.drain(..) {
            recycle(&mut self.groups[group], &mut self.spare);
        }
        grow(&mut self.literals, index.literals.len());
        grow(&mut self.switches, index.patterns.len());
        grow(&mut self.patterns, index.patterns.len());
        grow(&mut self.groups, index.groups.len());
        self.claims = None;
        self.has_windows = false;
    }
}

fn recycle(slot: &mut Option<Vec<Occurrence>>, spare: &mut Vec<Vec<Occurrence>>) {
    if let Some(mut places) = slot.take() {
        places.clear();
        spare.push(places);
    }
}

fn grow<T: Default>(list: &mut Vec<T>, length: usize) {
    if list.len() < length {
        list.resize_with(length, T::default);
    }
}

fn add(bits: &mut [u64], more: &[u64]) {
    for (bits, more) in bits.iter_mut().zip(more) {
        *bits |= more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Normalizer, Tables};

    #[test]
    fn the_shipped_literals_are_located_as_a_plain_search_locates_them() {
        let (pack, _) = crate::rules::embedded();
        let normalizer = Normalizer::new(&Tables::embedded());
        let mut builder = Builder::new(&pack, &normalizer);
        for rule in &pack.rules {
            builder.rule(rule);
        }
        let index = Index::new(&mut builder);
        let reference = aho_corasick::AhoCorasick::new(&builder.literals).unwrap();
        let mut scratch = literal::Scratch::default();
        for text in pack.rules.iter().flat_map(|rule| rule.examples.iter().chain(&rule.counter_examples)) {
            let text = normalizer.normalize(&text.value).text;
            let mut expected: Vec<(usize, usize, usize)> = reference
                .find_overlapping_iter(&text)
                .map(|found| (found.start(), found.end(), found.pattern().as_usize()))
                .collect();
            let mut located = Vec::new();
            index.words.scan(&text, &mut scratch, |found| {
                located.push((found.span.start, found.span.end, found.literal as usize));
            });
            expected.sort_unstable();
            located.sort_unstable();
            assert_eq!(located, expected, "{text}");
        }
    }
}
