//! Whether a rule can hold at all, block by block, before its places are worked out.
//!
//! The conditions of a rule must hold around one trigger, and no window but the whole text is wider than a block. So
//! each condition is tried in each block, those that cost least first, until one fails; what is known is kept for the
//! other rules. Like the gate it changes nothing but the time it takes.

use std::ops::Range;

use super::compile::GroupId;
use super::evaluate::Conditions;
use super::places::{Index, Reading};
use crate::text::sentence::Scope;

/// Which groups hold in which block, as far as it is known; memory is reused from text to text.
#[derive(Debug, Default)]
pub(super) struct Trials {
    blocks: Vec<Range<usize>>,
    /// For each block, the groups that hold, those that were tried, and the patterns that were tried in vain, as bits.
    holds: Bits,
    tried: Bits,
    vain: Bits,
}

/// A bit for each pair of a block and a number.
#[derive(Debug, Default)]
struct Bits {
    words: Vec<u64>,
    stride: usize,
}

impl Bits {
    fn reset(&mut self, n_blocks: usize, n: usize) {
        self.stride = n.div_ceil(64);
        self.words.clear();
        self.words.resize(n_blocks * self.stride, 0);
    }

    fn get(&self, block: usize, at: usize) -> bool {
        self.words[block * self.stride + at / 64] & (1 << (at % 64)) != 0
    }

    fn set(&mut self, block: usize, at: usize) {
        self.words[block * self.stride + at / 64] |= 1 << (at % 64);
    }

    fn of(&mut self, block: usize) -> &mut [u64] {
        &mut self.words[block * self.stride..][..self.stride]
    }
}

impl Trials {
    /// Forgets the text before; `blocks` are those of the next one.
    pub fn reset(&mut self, index: &Index, blocks: impl Iterator<Item = Range<usize>>) {
        self.blocks.clear();
        self.blocks.extend(blocks);
        self.holds.reset(self.blocks.len(), index.n_groups());
        self.tried.reset(self.blocks.len(), index.n_groups());
        self.vain.reset(self.blocks.len(), index.n_patterns());
    }

    /// Where block number `block` ends.
    pub fn end_of(&self, block: usize) -> usize {
        self.blocks.get(block).map_or(usize::MAX, |range| range.end)
    }

    /// Groups that hold in a block, as bits.
    pub fn holding(&mut self, block: usize) -> &mut [u64] {
        self.holds.of(block)
    }
}

impl Reading<'_> {
    /// Whether the rule can hold somewhere; exact only when it says no.
    pub fn can_hold(&mut self, conditions: &Conditions) -> bool {
        let n_blocks = self.places.trials.blocks.len();
        // A trigger that reaches beyond its sentence may reach into another block.
        let is_wide = conditions.within == Scope::Document || self.index.reaches_far(conditions.trigger);
        if is_wide && n_blocks > 1 {
            let mut needed = [conditions.trigger].into_iter().chain(conditions.all.iter().copied());
            return needed.all(|group| (0..n_blocks).any(|block| self.group_holds(group, block)));
        }
        (0..n_blocks).any(|block| self.can_hold_in(conditions, block))
    }

    fn can_hold_in(&mut self, conditions: &Conditions, block: usize) -> bool {
        let near = conditions.near.filter(|_| self.places.trials.blocks.len() == 1).map(|(group, _)| group);
        let needed = || [conditions.trigger].into_iter().chain(conditions.all.iter().copied()).chain(near);
        // What the words found say already, then what has to be looked for.
        needed().all(|group| self.group_may_hold(group, block))
            && needed().all(|group| self.group_holds(group, block))
            && conditions.n_of.as_ref().is_none_or(|(n, groups)| {
                groups.iter().filter(|group| self.group_holds(**group, block)).take(*n).count() == *n
            })
    }

    fn group_may_hold(&self, group: GroupId, block: usize) -> bool {
        let trials = &self.places.trials;
        trials.holds.get(block, group)
            || !trials.tried.get(block, group) && !self.index.is_of_words(group) && self.may_hold(group)
    }

    fn group_holds(&mut self, group: GroupId, block: usize) -> bool {
        let trials = &self.places.trials;
        if trials.holds.get(block, group) {
            return true;
        }
        if trials.tried.get(block, group) || self.index.is_of_words(group) || !self.may_hold(group) {
            return false;
        }
        let holds = self.look_for(group, block);
        let trials = &mut self.places.trials;
        trials.tried.set(block, group);
        if holds {
            trials.holds.set(block, group);
        }
        holds
    }

    fn look_for(&mut self, group: GroupId, block: usize) -> bool {
        let (index, range) = (self.index, self.places.trials.blocks[block].clone());
        let words = &self.text.as_bytes()[range.clone()];
        let uses = index.uses(group);
        if uses.common.iter().any(|word| memchr::memmem::find(words, word.as_bytes()).is_some()) {
            return true;
        }
        let accepts = |test: &usize, claims: &[crate::domain::claim::Claim]| {
            let test = &index.tests[*test];
            let from = claims.partition_point(|claim| claim.start < range.start);
            let inside = claims[from..].iter().take_while(|claim| claim.start < range.end);
            inside.into_iter().any(|claim| claim.kind == test.kind && test.accepts(claim.value))
        };
        if !uses.tests.is_empty() {
            let claims = self.claims();
            if uses.tests.iter().any(|test| accepts(test, claims)) {
                return true;
            }
        }
        uses.patterns.iter().any(|pattern| self.pattern_holds(*pattern, block))
    }

    fn pattern_holds(&mut self, pattern: usize, block: usize) -> bool {
        let places = &*self.places;
        if places.trials.vain.get(block, pattern) || !places.switched.is_on(pattern) {
            return false;
        }
        let (uses, range) = (self.index.switches.pattern(pattern as u32), &places.trials.blocks[block]);
        let regex = &self.index.patterns[pattern];
        let stands = |range: Range<usize>| {
            regex.find_at(&self.text[..range.end], range.start).is_some_and(|found| !found.is_empty())
        };
        if !uses.is_local {
            return true;
        }
        let sentences = places.switched.sentences(pattern);
        let start_of = |sentence: u32| places.windows.sentence(sentence as usize).start;
        let from = sentences.partition_point(|sentence| start_of(*sentence) < range.start);
        let inside = sentences[from..].iter().take_while(|sentence| start_of(**sentence) < range.end);
        let holds = match uses.by_sentence {
            true => inside.map(|sentence| self.reach(pattern, *sentence)).any(stands),
            // A lead is in the block before; the whole block stands for its sentences.
            false => uses.has_lead || stands(range.clone()),
        };
        if !holds {
            self.places.trials.vain.set(block, pattern);
        }
        holds
    }
}
