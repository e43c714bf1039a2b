//! Which rules hold where, before context is weighed.
//!
//! Two stages. The gate reads the published text once for the words without which no rule can hold; most texts
//! end there. The others are normalized, and every literal, pattern and claim of the pack is located once, in
//! groups that rules and cues share.

pub mod claim;
mod compile;
mod evaluate;
pub mod literal;
mod pattern;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use self::compile::Builder;
use self::evaluate::Conditions;
pub use self::evaluate::Truth;
use self::literal::LiteralSet;
use self::places::{Index, Reading};
pub use self::places::{Occurrence, Places};
use crate::rules::{Diagnostic, Place, RulePack, Term};
use crate::text::{Normalized, Normalizer};

/// Names a group of terms of the compiled pack.
pub type GroupId = usize;

/// Most triggers of one rule that are looked at in one text.
const MAX_TRIGGERS: usize = 64;

/// A compiled pack.
pub struct Matcher {
    gate: Gate,
    index: Index,
    rules: Vec<Conditions>,
}

/// A rule that holds at a trigger, in bytes of the normalized text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Index of the rule in its pack.
    pub rule: usize,
    /// The trigger.
    pub trigger: Occurrence,
}

/// Memory reused from text to text; any matcher accepts any scratch.
#[derive(Debug, Default)]
pub struct Scratch {
    gate_bits: Vec<u64>,
    literal: literal::Scratch,
    triggers: Vec<Occurrence>,
    /// The text as normalized.
    pub normalized: Normalized,
    /// Where the groups hold.
    pub places: Places,
    /// Rules that hold, in the order of the pack.
    pub matches: Vec<Match>,
}

/// Compiles groups beside those of the rules: context cues and named lists.
pub struct Groups<'a, 'b>(&'b mut Builder<'a>);

impl Groups<'_, '_> {
    /// The group that holds where any of these terms does.
    pub fn of<'t>(&mut self, terms: impl IntoIterator<Item = (&'t Place, &'t Term)>) -> GroupId {
        self.0.group(terms)
    }

    /// The group of a named list; never holds when the pack has no such list.
    pub fn list(&mut self, name: &str) -> GroupId {
        self.0.list(name)
    }
}

impl Matcher {
    /// Compiles the rules of a pack and the groups that `extra` asks for.
    ///
    /// Terms that cannot be compiled are diagnostics and never hold.
    pub fn new<T>(
        pack: &RulePack,
        normalizer: &Normalizer,
        extra: impl FnOnce(&mut Groups<'_, '_>) -> T,
    ) -> (Self, T, Vec<Diagnostic>) {
        let mut builder = Builder::new(pack, normalizer);
        let rules: Vec<Conditions> = pack.rules.iter().map(|rule| builder.rule(rule)).collect();
        let extra = extra(&mut Groups(&mut builder));
        let gate = Gate::new(&builder, &rules, normalizer);
        let index = Index::new(&mut builder);
        (Self { gate, index, rules }, extra, builder.diagnostics)
    }

    /// Whether any rule can hold in the published text: one pass, exact only when it says no.
    pub fn may_hold(&self, raw: &str, scratch: &mut Scratch) -> bool {
        self.gate.opens(raw, scratch)
    }

    /// Normalizes `raw` and leaves in `scratch` which rules hold where; when one does, all places are worked out.
    pub fn read(&self, normalizer: &Normalizer, raw: &str, scratch: &mut Scratch) {
        let Scratch { normalized, places, triggers, matches, .. } = scratch;
        normalizer.normalize_into(raw, normalized);
        self.index.locate(&normalized.text, places);
        let mut reading = Reading { index: &self.index, text: &normalized.text, places };
        matches.clear();
        for (rule, conditions) in self.rules.iter().enumerate() {
            if !reading.may_all_hold(conditions) {
                continue;
            }
            triggers.clear();
            reading.leftmost_longest(conditions.trigger, triggers);
            for trigger in triggers.iter().take(MAX_TRIGGERS) {
                if reading.holds(conditions, *trigger) {
                    matches.push(Match { rule, trigger: *trigger });
                }
            }
        }
        if !matches.is_empty() {
            reading.settle();
        }
    }

    /// Every trigger of a rule in the text last read, with each condition there.
    pub fn trace(&self, rule: usize, scratch: &mut Scratch) -> Vec<(Occurrence, Vec<Truth>)> {
        let Some(conditions) = self.rules.get(rule) else { return Vec::new() };
        let Scratch { normalized, places, .. } = scratch;
        let mut reading = Reading { index: &self.index, text: &normalized.text, places };
        let mut triggers = Vec::new();
        reading.leftmost_longest(conditions.trigger, &mut triggers);
        triggers.into_iter().map(|trigger| (trigger, reading.trace(conditions, trigger))).collect()
    }
}

/// The words without which no rule can hold.
struct Gate {
    words: LiteralSet,
    /// For each word, the clauses it satisfies, as bits.
    clauses_of: Vec<Vec<(usize, u64)>>,
    n_clauses: usize,
    /// For each rule, the clauses that must all be satisfied.
    rules: Vec<Vec<usize>>,
}

impl Gate {
    fn new(builder: &Builder<'_>, rules: &[Conditions], normalizer: &Normalizer) -> Self {
        let mut clause_ids: BTreeMap<BTreeSet<String>, usize> = BTreeMap::new();
        let mut rule_clauses = Vec::with_capacity(rules.len());
        for conditions in rules {
            let clauses = builder.gate_of(conditions).into_iter().flatten().map(|words| {
                let next = clause_ids.len();
                *clause_ids.entry(words).or_insert(next)
            });
            rule_clauses.push(clauses.collect::<BTreeSet<usize>>().into_iter().collect());
        }
        let mut word_clauses: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
        for (words, clause) in &clause_ids {
            for word in words {
                word_clauses.entry(word).or_default().insert(*clause);
            }
        }
        let words: Vec<String> = word_clauses.keys().map(|word| (*word).clone()).collect();
        let clauses_of = word_clauses
            .values()
            .map(|clauses| {
                let mut bits: BTreeMap<usize, u64> = BTreeMap::new();
                for clause in clauses {
                    *bits.entry(clause / 64).or_default() |= 1 << (clause % 64);
                }
                bits.into_iter().collect()
            })
            .collect();
        Self {
            words: LiteralSet::new(normalizer, &words),
            clauses_of,
            n_clauses: clause_ids.len(),
            rules: rule_clauses,
        }
    }

    fn opens(&self, raw: &str, scratch: &mut Scratch) -> bool {
        let bits = &mut scratch.gate_bits;
        bits.clear();
        bits.resize(self.n_clauses.div_ceil(64), 0);
        self.words.scan(raw, &mut scratch.literal, |found| {
            for (word, mask) in &self.clauses_of[found.literal as usize] {
                bits[*word] |= mask;
            }
        });
        let satisfied = |clause: &usize| bits[clause / 64] & (1 << (clause % 64)) != 0;
        self.rules.iter().any(|clauses| clauses.iter().all(satisfied))
    }
}
