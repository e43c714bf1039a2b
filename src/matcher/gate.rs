//! The gate: the words without which no rule can hold, looked for in published text.
//!
//! Rules are bits. A plane holds one condition of every rule, so a word is a mask over the planes, and a rule may
//! hold when its bit is set in all of them.

use std::collections::BTreeMap;

use super::compile::{self, Builder, GroupId};
use super::evaluate::Conditions;
use super::literal::{self, LiteralSet};
use super::places::Index;
use crate::text::Normalizer;
use crate::text::sentence::Sentence;

/// Most conditions of one rule that are asked, the rarest first.
const N_PLANES: usize = 4;

/// Words and what each of them lets hold.
pub(super) struct Gate {
    normalizer: Normalizer,
    words: LiteralSet,
    uses: Vec<WordUse>,
    /// Patterns and ways to claim that need several words in one sentence.
    parts: Vec<(u32, u16)>,
    joint: Vec<Joint>,
    /// Masks over the planes, each with `stride` words; number 0 is empty.
    masks: Vec<u64>,
    stride: usize,
    /// What holds without a word, in texts with a digit and in others.
    base: [Vec<u64>; 2],
}

#[derive(Debug, Clone, Copy, Default)]
struct WordUse {
    /// What the word lets hold alone, and in a sentence with a digit.
    mask: u32,
    with_digit: u32,
    /// Its range of `parts`.
    first: u32,
    n: u32,
}

/// Several sets of words, one of each of which must stand in one sentence.
struct Joint {
    all: u16,
    has_digit: bool,
    by_sentence: bool,
    mask: u32,
}

/// Memory reused from text to text.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    literal: literal::Scratch,
    /// Start and number of each word found.
    found: Vec<(u32, u32)>,
    sentences: Vec<Sentence>,
    planes: Vec<u64>,
    /// Sets found of each joint, in which sentence.
    joint: Vec<(u16, u32)>,
    touched: Vec<u32>,
}

impl Gate {
    pub fn new(builder: &Builder<'_>, index: &Index, rules: &[Conditions]) -> Self {
        let n_words = rules.len().div_ceil(64).max(1);
        let stride = n_words * N_PLANES;
        let mut of_group: BTreeMap<GroupId, Vec<u64>> = BTreeMap::new();
        let mut base = vec![0; stride];
        for (rule, conditions) in rules.iter().enumerate() {
            let groups = asked(builder, index, conditions);
            for plane in 0..N_PLANES {
                let mask = match groups.get(plane) {
                    Some(group) => of_group.entry(*group).or_insert_with(|| vec![0; stride]),
                    None => &mut base,
                };
                super::switches::set(&mut mask[plane * n_words..], rule);
            }
        }
        let mut asked_groups = vec![0; builder.groups.len().div_ceil(64)];
        of_group.keys().for_each(|group| super::switches::set(&mut asked_groups, *group));
        let literals = index.switches.literals_of(&asked_groups);
        let mut masks = Masks { all: vec![0; stride], numbers: BTreeMap::new(), stride, of_group };
        masks.numbers.insert(vec![0; stride], 0);

        let needs = |pattern: u32| index.switches.pattern(pattern);
        let mut joint: Vec<Joint> = Vec::new();
        let mut joint_of: BTreeMap<u32, u32> = BTreeMap::new();
        let (mut uses, mut parts) = (Vec::new(), Vec::new());
        for literal in &literals {
            let first = parts.len() as u32;
            let mut alone = masks.of_groups(index.switches.groups_of_literal(*literal));
            let mut with_digit = vec![0; stride];
            for (pattern, bit) in index.switches.parts_of_literal(*literal) {
                let need = needs(*pattern);
                let mask = masks.of(&need.groups);
                if mask.iter().all(|word| *word == 0) {
                    continue;
                }
                match (need.all, need.has_digit, need.by_sentence) {
                    (1, false, _) => super::switches::add(&mut alone, &mask),
                    (1, true, true) => super::switches::add(&mut with_digit, &mask),
                    _ => {
                        let number = *joint_of.entry(*pattern).or_insert_with(|| {
                            joint.push(Joint {
                                all: need.all,
                                has_digit: need.has_digit,
                                by_sentence: need.by_sentence,
                                mask: masks.number(mask),
                            });
                            joint.len() as u32 - 1
                        });
                        parts.push((number, *bit));
                    }
                }
            }
            let n = parts.len() as u32 - first;
            uses.push(WordUse { mask: masks.number(alone), with_digit: masks.number(with_digit), first, n });
        }
        let with_digit = {
            let mut with_digit = base.clone();
            for pattern in index.switches.wordless() {
                let mask = masks.of(&needs(*pattern).groups);
                super::switches::add(&mut with_digit, &mask);
                if !needs(*pattern).has_digit {
                    super::switches::add(&mut base, &mask);
                }
            }
            with_digit
        };
        let words: Vec<String> = literals.iter().map(|id| builder.literals[*id].clone()).collect();
        let normalizer = builder.normalizer.clone();
        Self {
            words: LiteralSet::new(&normalizer, &words),
            normalizer,
            uses,
            parts,
            joint,
            masks: masks.all,
            stride,
            base: [base, with_digit],
        }
    }

    /// Whether a rule may hold: first by the words of the whole text, then by those that share a sentence.
    pub fn opens(&self, raw: &str, scratch: &mut Scratch) -> bool {
        let Scratch { literal, found, .. } = scratch;
        found.clear();
        self.words.scan(raw, literal, |hit| found.push((hit.span.start as u32, hit.literal)));
        if !self.may_hold::<false>(scratch) {
            return false;
        }
        self.normalizer.published_sentences(raw, &mut scratch.sentences);
        self.may_hold::<true>(scratch)
    }

    /// Whether a rule may hold by the words found; without `SENTENCES` the text is taken for one that has a digit.
    fn may_hold<const SENTENCES: bool>(&self, scratch: &mut Scratch) -> bool {
        let Scratch { found, sentences, planes, joint, touched, .. } = scratch;
        for touched in touched.drain(..) {
            joint[touched as usize].0 = 0;
        }
        if joint.len() < self.joint.len() {
            joint.resize(self.joint.len(), (0, 0));
        }
        let text_has_digit = !SENTENCES || sentences.iter().any(|sentence| sentence.has_digit);
        planes.clone_from(&self.base[usize::from(text_has_digit)]);
        let mut at = 0;
        for (start, word) in found.iter() {
            if SENTENCES {
                while sentences.get(at).is_some_and(|sentence| sentence.end <= *start) {
                    at += 1;
                }
            }
            let has_digit = !SENTENCES || sentences.get(at).is_some_and(|sentence| sentence.has_digit);
            let uses = &self.uses[*word as usize];
            self.add(uses.mask, planes);
            if has_digit {
                self.add(uses.with_digit, planes);
            }
            for (number, bit) in &self.parts[uses.first as usize..][..uses.n as usize] {
                let needs = &self.joint[*number as usize];
                let (found, sentence) = &mut joint[*number as usize];
                let own = if needs.by_sentence { at as u32 } else { 0 };
                if *found == 0 {
                    touched.push(*number);
                }
                if *sentence != own {
                    (*sentence, *found) = (own, 0);
                }
                if *found != needs.all {
                    *found |= bit;
                    let digit = if needs.by_sentence { has_digit } else { text_has_digit };
                    if *found == needs.all && (digit || !needs.has_digit) {
                        self.add(needs.mask, planes);
                    }
                }
            }
        }
        let n_words = self.stride / N_PLANES;
        let all =
            |word: usize| (0..N_PLANES).fold(u64::MAX, |all, plane| all & planes[plane * n_words + word]);
        (0..n_words).any(|word| all(word) != 0)
    }

    #[inline]
    fn add(&self, mask: u32, planes: &mut [u64]) {
        if mask != 0 {
            super::switches::add(planes, &self.masks[mask as usize * self.stride..][..self.stride]);
        }
    }
}

/// Distinct masks, numbered.
struct Masks {
    all: Vec<u64>,
    numbers: BTreeMap<Vec<u64>, u32>,
    stride: usize,
    of_group: BTreeMap<GroupId, Vec<u64>>,
}

impl Masks {
    /// The planes that these groups let hold.
    fn of_groups(&self, groups: &[u32]) -> Vec<u64> {
        let mut mask = vec![0; self.stride];
        let bits = groups.iter().filter_map(|group| self.of_group.get(&(*group as GroupId)));
        bits.for_each(|bits| super::switches::add(&mut mask, bits));
        mask
    }

    /// The same for groups given as bits.
    fn of(&self, groups: &[u64]) -> Vec<u64> {
        let mut mask = vec![0; self.stride];
        for (group, bits) in &self.of_group {
            if super::switches::is_set(groups, *group) {
                super::switches::add(&mut mask, bits);
            }
        }
        mask
    }

    fn number(&mut self, mask: Vec<u64>) -> u32 {
        if let Some(number) = self.numbers.get(&mask) {
            return *number;
        }
        let number = (self.all.len() / self.stride) as u32;
        self.all.extend_from_slice(&mask);
        self.numbers.insert(mask, number);
        number
    }
}

/// The conditions of a rule that are worth asking of published text: the rarest one, and those that are not common.
fn asked(builder: &Builder<'_>, index: &Index, conditions: &Conditions) -> Vec<GroupId> {
    let mut groups: Vec<(f32, GroupId)> = conditions
        .required()
        .filter(|group| !index.switches.is_open(*group))
        .map(|group| (builder.group_frequency(group), group))
        .collect();
    groups.sort_by(|a, b| a.0.total_cmp(&b.0));
    let pays =
        |(index, (frequency, _)): &(usize, (f32, GroupId))| *index == 0 || *frequency < compile::COMMON;
    groups.into_iter().enumerate().filter(pays).map(|(_, (_, group))| group).take(N_PLANES).collect()
}
