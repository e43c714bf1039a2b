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

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;

use self::compile::{Atom, Builder};
use self::evaluate::{Conditions, Reading};
pub use self::evaluate::{Occurrence, Occurrences, Truth};
use self::literal::LiteralSet;
use crate::domain::claim::Claim;
use crate::rules::{ClaimTest, Diagnostic, Level, Place, RulePack, Term};
use crate::text::sentence::Windows;
use crate::text::{Normalized, Normalizer};

/// Names a group of terms of the compiled pack.
pub type GroupId = usize;

/// Most triggers of one rule that are looked at in one text.
const MAX_TRIGGERS: usize = 64;

/// A compiled pack.
pub struct Matcher {
    gate: Gate,
    automaton: Option<AhoCorasick>,
    /// For each literal, the groups it belongs to and the patterns it switches on.
    literals: Vec<(Vec<GroupId>, Vec<usize>)>,
    patterns: Vec<(regex::Regex, Vec<GroupId>)>,
    /// Patterns that no literal switches on.
    always: Vec<usize>,
    claims: Vec<(ClaimTest, Vec<GroupId>)>,
    n_groups: usize,
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

/// Memory reused from text to text; any judge accepts any scratch.
#[derive(Debug, Default)]
pub struct Scratch {
    gate_bits: Vec<u64>,
    literal: literal::Scratch,
    switched_on: Vec<bool>,
    triggers: Vec<Occurrence>,
    claim: claim::ClaimScratch,
    /// The text as normalized.
    pub normalized: Normalized,
    /// Its windows.
    pub windows: Windows,
    /// Its claims.
    pub claims: Vec<Claim>,
    /// Where the groups hold.
    pub occurrences: Occurrences,
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
        let switches = builder.pattern_switches();
        let mut literals = vec![(Vec::new(), Vec::new()); builder.literals.len()];
        let mut pattern_groups = vec![Vec::new(); builder.patterns.len()];
        let mut claim_groups = vec![Vec::new(); builder.claims.len()];
        for (group, atoms) in builder.groups.iter().enumerate() {
            for atom in atoms {
                match *atom {
                    Atom::Literal(id) => literals[id].0.push(group),
                    Atom::Pattern(id) => pattern_groups[id].push(group),
                    Atom::Claim(id) => claim_groups[id].push(group),
                }
            }
        }
        for (pattern, words) in switches.iter().enumerate() {
            for word in words {
                literals[*word].1.push(pattern);
            }
        }
        let always =
            switches.iter().enumerate().filter(|(_, words)| words.is_empty()).map(|(id, _)| id).collect();
        let mut diagnostics = builder.diagnostics;
        let automaton = AhoCorasick::new(&builder.literals)
            .map_err(|error| {
                let place = Place::default();
                let message =
                    format!("{} literals do not fit one automaton: {error}", builder.literals.len());
                diagnostics.push(Diagnostic::new("R014", Level::Error, &pack.files, &place, message, ""));
            })
            .ok();
        let matcher = Self {
            gate,
            automaton,
            literals,
            patterns: builder.patterns.into_iter().map(|pattern| pattern.regex).zip(pattern_groups).collect(),
            always,
            claims: builder.claims.into_iter().zip(claim_groups).collect(),
            n_groups: builder.groups.len(),
            rules,
        };
        (matcher, extra, diagnostics)
    }

    /// Whether any rule can hold in the published text: one pass, exact in one direction only.
    pub fn may_hold(&self, raw: &str, scratch: &mut Scratch) -> bool {
        self.gate.opens(raw, scratch)
    }

    /// Normalizes `raw` and fills `scratch` with everything found in it.
    pub fn read(&self, normalizer: &Normalizer, raw: &str, scratch: &mut Scratch) {
        normalizer.normalize_into(raw, &mut scratch.normalized);
        let text = scratch.normalized.text.as_str();
        scratch.windows.rebuild(text);
        scratch.claims.clear();
        claim::claims(text, &mut scratch.claim, &mut scratch.claims);
        scratch.occurrences.reset(self.n_groups);
        scratch.switched_on.clear();
        scratch.switched_on.resize(self.patterns.len(), false);
        if let Some(automaton) = &self.automaton {
            for found in automaton.find_overlapping_iter(text) {
                let (groups, patterns) = &self.literals[found.pattern().as_usize()];
                for group in groups {
                    scratch.occurrences.push(*group, found.start(), found.end());
                }
                for pattern in patterns {
                    scratch.switched_on[*pattern] = true;
                }
            }
        }
        for pattern in &self.always {
            scratch.switched_on[*pattern] = true;
        }
        for ((regex, groups), on) in self.patterns.iter().zip(&scratch.switched_on) {
            if *on {
                for found in regex.find_iter(text) {
                    for group in groups {
                        scratch.occurrences.push(*group, found.start(), found.end());
                    }
                }
            }
        }
        for (test, groups) in &self.claims {
            for claim in
                scratch.claims.iter().filter(|claim| claim.kind == test.kind && test.accepts(claim.value))
            {
                for group in groups {
                    scratch.occurrences.push(*group, claim.start, claim.end);
                }
            }
        }
        scratch.occurrences.sort();
        self.find(scratch);
    }

    fn find(&self, scratch: &mut Scratch) {
        let Scratch { normalized, windows, occurrences, triggers, matches, .. } = scratch;
        let reading = Reading { text: &normalized.text, windows, occurrences };
        matches.clear();
        for (rule, conditions) in self.rules.iter().enumerate() {
            triggers.clear();
            occurrences.leftmost_longest(conditions.trigger, triggers);
            let holding =
                triggers.iter().take(MAX_TRIGGERS).filter(|trigger| reading.holds(conditions, **trigger));
            matches.extend(holding.map(|trigger| Match { rule, trigger: *trigger }));
        }
    }

    /// Every trigger of a rule in the text last read, with each condition there.
    pub fn trace(&self, rule: usize, scratch: &Scratch) -> Vec<(Occurrence, Vec<Truth>)> {
        let Some(conditions) = self.rules.get(rule) else { return Vec::new() };
        let reading = Reading {
            text: &scratch.normalized.text,
            windows: &scratch.windows,
            occurrences: &scratch.occurrences,
        };
        let mut triggers = Vec::new();
        scratch.occurrences.leftmost_longest(conditions.trigger, &mut triggers);
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
