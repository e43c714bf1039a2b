//! Which rules hold where, before context is weighed.
//!
//! Two stages. The gate reads the published text once for the words without which no rule can hold: a word of each of
//! its conditions, and for a pattern a word of each of its parts in one sentence. Most texts end there. The others are
//! normalized, and every literal, pattern and claim of the pack is located once, in groups that rules and cues share.
//! The gate changes nothing but the time it takes: tests compare it with a reading that skips nothing.

pub mod claim;
mod compile;
mod evaluate;
mod gate;
pub mod literal;
mod pattern;
mod places;
mod switches;
mod trial;

use std::collections::BTreeSet;

use self::compile::Builder;
use self::evaluate::Conditions;
pub use self::evaluate::Truth;
use self::gate::Gate;
use self::places::{Index, Reading};
pub use self::places::{Occurrence, Places};
use crate::rules::{Diagnostic, Place, RulePack, Term};
use crate::text::{Normalized, Normalizer};

/// Names a group of terms of the compiled pack.
pub type GroupId = usize;

/// Texts from which on the gate is not asked, in bytes.
const LONG_BYTES: usize = 1200;

/// Most triggers of one rule that are looked at in one text.
const MAX_TRIGGERS: usize = 64;

/// A compiled pack.
pub struct Matcher {
    gate: Gate,
    index: Index,
    rules: Vec<Conditions>,
    /// The groups that were asked for beside those of the rules.
    extra_groups: Vec<GroupId>,
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
    gate: gate::Scratch,
    triggers: Vec<Occurrence>,
    /// The text as normalized.
    pub normalized: Normalized,
    /// Where the groups hold.
    pub places: Places,
    /// Rules that hold, in the order of the pack.
    pub matches: Vec<Match>,
}

/// Compiles groups beside those of the rules: context cues and named lists.
pub struct Groups<'a, 'b> {
    builder: &'b mut Builder<'a>,
    given: BTreeSet<GroupId>,
}

impl Groups<'_, '_> {
    /// The group that holds where any of these terms does.
    pub fn of<'t>(&mut self, terms: impl IntoIterator<Item = (&'t Place, &'t Term)>) -> GroupId {
        let group = self.builder.group(terms);
        self.given.insert(group);
        group
    }

    /// The group of a named list; never holds when the pack has no such list.
    pub fn list(&mut self, name: &str) -> GroupId {
        let group = self.builder.list(name);
        self.given.insert(group);
        group
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
        let mut groups = Groups { builder: &mut builder, given: BTreeSet::new() };
        let extra = extra(&mut groups);
        let extra_groups = groups.given.into_iter().collect();
        let index = Index::new(&mut builder);
        let gate = Gate::new(&builder, &index, &rules);
        (Self { gate, index, rules, extra_groups }, extra, builder.diagnostics)
    }

    /// Whether any rule can hold in the published text: one pass, exact only when it says no.
    pub fn may_hold(&self, raw: &str, scratch: &mut Scratch) -> bool {
        // In a long text nearly every word occurs somewhere.
        if raw.len() > LONG_BYTES {
            return true;
        }
        self.gate.opens(raw, &mut scratch.gate)
    }

    /// Normalizes `raw` and leaves in `scratch` which rules hold where; when one does, the places of the groups that
    /// were asked for beside those of the rules are worked out too.
    ///
    /// `admits` is asked of the normalized text whether a rule is worth trying (`None`), and has the last word on a match.
    pub fn read(
        &self,
        normalizer: &Normalizer,
        raw: &str,
        scratch: &mut Scratch,
        admits: impl FnMut(usize, Option<Occurrence>, &str) -> bool,
    ) {
        self.read_with(normalizer, raw, scratch, true, admits);
    }

    /// With `skips`, groups and patterns are tried only where the words they need stand; the outcome is the same.
    fn read_with(
        &self,
        normalizer: &Normalizer,
        raw: &str,
        scratch: &mut Scratch,
        skips: bool,
        mut admits: impl FnMut(usize, Option<Occurrence>, &str) -> bool,
    ) {
        let Scratch { normalized, places, triggers, matches, .. } = scratch;
        normalizer.normalize_into(raw, normalized);
        self.index.locate(&normalized.text, places);
        if !skips {
            places.try_everything();
        }
        let mut reading = Reading { index: &self.index, text: &normalized.text, places };
        matches.clear();
        for (rule, conditions) in self.rules.iter().enumerate() {
            if !conditions.may_all_hold(|group| reading.may_hold(group)) {
                continue;
            }
            if skips && !(admits(rule, None, reading.text) && reading.can_hold(conditions)) {
                continue;
            }
            triggers.clear();
            reading.leftmost_longest(conditions.trigger, triggers);
            for trigger in triggers.iter().take(MAX_TRIGGERS) {
                if reading.holds(conditions, *trigger) && admits(rule, Some(*trigger), reading.text) {
                    matches.push(Match { rule, trigger: *trigger });
                }
            }
        }
        if !matches.is_empty() {
            reading.settle(&self.extra_groups);
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

#[cfg(test)]
mod tests;
