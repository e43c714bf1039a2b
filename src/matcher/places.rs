//! Where the groups of a pack hold in one text, worked out only as far as rules ask.
//!
//! Literals are located in one pass. Patterns run when a rule needs their group, and only on sentences that hold
//! the words they require; claims are read when the first rule asks for one.

use std::ops::Range;

use super::claim::{self, ClaimScratch};
use super::compile::{Atom, Builder, GroupId};
use super::literal::{self, LiteralSet};
use super::switches::{self, Switched, Switches};
use super::trial::Trials;
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
    pub switches: Switches,
    /// Where the groups of each literal end in `literal_groups`.
    literals: Vec<u32>,
    literal_groups: Vec<u32>,
    pub patterns: Vec<regex::Regex>,
    groups: Vec<GroupUse>,
    pub tests: Vec<ClaimTest>,
}

/// What a group is made of beside the literals that are located beforehand.
#[derive(Clone, Default)]
pub(super) struct GroupUse {
    /// Words that are not located beforehand: nearly every text holds them.
    pub common: Vec<String>,
    pub patterns: Vec<usize>,
    pub tests: Vec<usize>,
}

/// Where everything stands in one text; memory is reused from text to text.
#[derive(Debug, Default)]
pub struct Places {
    literal: literal::Scratch,
    literals: Vec<Vec<Occurrence>>,
    touched_literals: Vec<usize>,
    pub(super) switched: Switched,
    pub(super) trials: Trials,
    patterns: Vec<Option<Vec<Occurrence>>>,
    run_patterns: Vec<usize>,
    groups: Vec<Option<Vec<Occurrence>>>,
    known_groups: Vec<GroupId>,
    spare: Vec<Vec<Occurrence>>,
    claim: ClaimScratch,
    claims: Vec<Claim>,
    has_claims: bool,
    pub(super) windows: Windows,
}

impl Index {
    /// Compiles what the builder collected.
    pub fn new(builder: &mut Builder<'_>) -> Self {
        let switches = Switches::new(builder);
        let mut of_literal: Vec<Vec<u32>> = vec![Vec::new(); builder.literals.len()];
        let mut groups = vec![GroupUse::default(); builder.groups.len()];
        for (group, atoms) in builder.groups.iter().enumerate() {
            for atom in atoms {
                match *atom {
                    Atom::Literal(id) if switches.is_common(id) => {
                        groups[group].common.push(builder.literals[id].clone());
                    }
                    Atom::Literal(id) => of_literal[id].push(group as u32),
                    Atom::Pattern(id) => groups[group].patterns.push(id),
                    Atom::Claim(id) => groups[group].tests.push(id),
                }
            }
        }
        // A literal's number is its place in the list, so the common ones stay there as words that no text holds.
        let located = |(id, word): (usize, &String)| match switches.is_common(id) {
            true => String::new(),
            false => word.clone(),
        };
        let located: Vec<String> = builder.literals.iter().enumerate().map(located).collect();
        let words = LiteralSet::new(builder.normalizer, &located);
        let patterns = builder.patterns.iter().map(|pattern| pattern.regex.clone()).collect();
        let mut literal_groups = Vec::new();
        let literals = of_literal.into_iter().map(|groups| {
            literal_groups.extend(groups);
            literal_groups.len() as u32
        });
        let literals = literals.collect();
        Self { words, switches, literals, literal_groups, patterns, groups, tests: builder.claims.clone() }
    }

    /// Groups that hold where a literal stands, in order.
    fn groups_of(&self, literal: usize) -> &[u32] {
        let first = literal.checked_sub(1).map_or(0, |before| self.literals[before]);
        &self.literal_groups[first as usize..self.literals[literal] as usize]
    }

    pub fn n_groups(&self) -> usize {
        self.groups.len()
    }

    pub fn n_patterns(&self) -> usize {
        self.patterns.len()
    }

    /// What a group is made of beside located literals.
    pub fn uses(&self, group: GroupId) -> &GroupUse {
        &self.groups[group]
    }

    /// Whether located literals are all that a group is made of.
    pub fn is_of_words(&self, group: GroupId) -> bool {
        let GroupUse { common, patterns, tests } = &self.groups[group];
        common.is_empty() && patterns.is_empty() && tests.is_empty()
    }

    /// Whether a place of the group may reach beyond a sentence.
    pub fn reaches_far(&self, group: GroupId) -> bool {
        let is_far = |pattern: &usize| {
            let uses = self.switches.pattern(*pattern as u32);
            !uses.is_local || uses.has_lead
        };
        self.groups[group].patterns.iter().any(is_far)
    }

    /// Locates the literals of the normalized `text` and forgets the text before.
    pub fn locate(&self, text: &str, places: &mut Places) {
        places.reset(self);
        let Places { literal, literals, touched_literals, switched, windows, trials, .. } = places;
        windows.rebuild(text);
        let sentences = windows.sentences();
        self.switches.begin(sentences, false, switched);
        trials.reset(self, windows.iter(Scope::Block));
        let (mut at, mut block) = (0, 0);
        self.words.scan_normalized(text, literal, |found| {
            while sentences.get(at).is_some_and(|sentence| sentence.end as usize <= found.span.start) {
                at += 1;
            }
            while trials.end_of(block) <= found.span.start {
                block += 1;
            }
            let holding = trials.holding(block);
            let groups = self.groups_of(found.literal as usize).iter();
            groups.for_each(|group| switches::set(holding, *group as usize));
            let occurrences = &mut literals[found.literal as usize];
            let is_first = occurrences.is_empty();
            if is_first {
                touched_literals.push(found.literal as usize);
            }
            occurrences.push(Occurrence { start: found.span.start, end: found.span.end });
            self.switches.note(found.literal as usize, at, sentences, is_first, switched);
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
        self.places.switched.may_hold(group)
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
    pub fn window(&self, scope: Scope, start: usize, end: usize) -> Range<usize> {
        self.places.windows.around(scope, start..end)
    }

    /// Works these groups out.
    pub fn settle(&mut self, groups: &[GroupId]) {
        for group in groups {
            self.of(*group);
        }
    }

    fn work_out(&mut self, group: GroupId) {
        let mut found = self.places.spare.pop().unwrap_or_default();
        if self.may_hold(group) {
            for literal in &self.places.touched_literals {
                if self.index.groups_of(*literal).binary_search(&(group as u32)).is_ok() {
                    found.extend_from_slice(&self.places.literals[*literal]);
                }
            }
            let uses = &self.index.groups[group];
            for word in &uses.common {
                let places = memchr::memmem::find_iter(self.text.as_bytes(), word);
                found.extend(places.map(|start| Occurrence { start, end: start + word.len() }));
            }
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

    /// Runs a pattern where it may match, once.
    fn pattern(&mut self, pattern: usize) -> &[Occurrence] {
        if self.places.patterns[pattern].is_none() {
            let mut found = self.places.spare.pop().unwrap_or_default();
            if self.index.switches.is_by_sentence(pattern) {
                let mut at = 0;
                for sentence in self.places.switched.sentences(pattern) {
                    let range = self.reach(pattern, *sentence);
                    at = self.run(pattern, at.max(range.start)..range.end, &mut found);
                }
            } else if self.places.switched.is_on(pattern) {
                self.run(pattern, 0..self.text.len(), &mut found);
            }
            self.places.patterns[pattern] = Some(found);
            self.places.run_patterns.push(pattern);
        }
        self.places.patterns[pattern].as_deref().unwrap_or_default()
    }

    /// Where the matches of a pattern lie that belong to a sentence.
    pub fn reach(&self, pattern: usize, sentence: u32) -> Range<usize> {
        let range = self.places.windows.sentence(sentence as usize);
        let lead = self.text[..range.start].chars().next_back().map_or(0, char::len_utf8);
        let has_lead = self.index.switches.pattern(pattern as u32).has_lead;
        range.start - if has_lead { lead } else { 0 }..range.end
    }

    /// Matches of a pattern inside a range, and where the last one ends; what precedes the range is seen by
    /// look-around only.
    fn run(&self, pattern: usize, range: Range<usize>, found: &mut Vec<Occurrence>) -> usize {
        let regex = &self.index.patterns[pattern];
        let text = &self.text[..range.end];
        let mut at = range.start;
        while let Some(hit) = regex.find_at(text, at).filter(|hit| !hit.is_empty()) {
            found.push(Occurrence { start: hit.start(), end: hit.end() });
            at = hit.end();
        }
        at
    }

    /// The claims of the text, read once.
    pub fn claims(&mut self) -> &[Claim] {
        let places = &mut *self.places;
        if !places.has_claims {
            places.claims.clear();
            claim::claims(self.text, &mut places.claim, &mut places.claims);
            places.has_claims = true;
        }
        &places.claims
    }
}

impl Places {
    /// Where the group holds, once it is worked out.
    pub fn of(&self, group: GroupId) -> &[Occurrence] {
        self.groups.get(group).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The first place inside `window` where the group holds, once it is worked out.
    pub fn first_in(&self, group: GroupId, window: &Range<usize>) -> Option<Occurrence> {
        let places = self.of(group);
        let from = places.partition_point(|place| place.start < window.start);
        places[from..]
            .iter()
            .take_while(|place| place.start < window.end)
            .find(|place| place.end <= window.end)
            .copied()
    }

    /// Windows of the text.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Lets every group and pattern be tried on the whole text.
    pub(super) fn try_everything(&mut self) {
        self.switched.switch_all_on(self.windows.sentences().len());
    }

    fn reset(&mut self, index: &Index) {
        for literal in self.touched_literals.drain(..) {
            self.literals[literal].clear();
        }
        for pattern in self.run_patterns.drain(..) {
            recycle(&mut self.patterns[pattern], &mut self.spare);
        }
        for group in self.known_groups.drain(..) {
            recycle(&mut self.groups[group], &mut self.spare);
        }
        grow(&mut self.literals, index.literals.len());
        grow(&mut self.patterns, index.patterns.len());
        grow(&mut self.groups, index.groups.len());
        self.has_claims = false;
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
            index.words.scan_normalized(&text, &mut scratch, |found| {
                located.push((found.span.start, found.span.end, found.literal as usize));
            });
            expected.retain(|(_, _, id)| !index.switches.is_common(*id));
            expected.sort_unstable();
            located.sort_unstable();
            assert_eq!(located, expected, "{text}");
        }
    }
}
