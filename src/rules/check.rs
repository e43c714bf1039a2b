//! `rules check`: every rule proves itself on its own examples, through the path that judges real texts.

use std::collections::{BTreeMap, BTreeSet};

use super::pack::{Rule, RulePack};
use super::term::Term;
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::hit::Hit;
use crate::judge::{Judge, Scratch};
use crate::kit::diagnostic::{Diagnostic, Level, Place};

/// Examples, and counter-examples, that a finished rule has.
const N_EXAMPLES: usize = 3;

/// Lists that the judge itself reads.
const JUDGE_LISTS: [&str; 5] = ["contact", "call", "offer", "official-contact", "disguise"];

/// Compiles the pack and runs every example and counter-example, in the order of the files.
///
/// What the loader already said is not repeated.
pub fn check(pack: &RulePack) -> Vec<Diagnostic> {
    let (judge, mut diagnostics) = Judge::new(pack.clone());
    let mut checker = Checker { pack, judge: &judge, scratch: Scratch::default(), diagnostics: Vec::new() };
    for rule in &pack.rules {
        checker.rule(rule);
    }
    checker.repeated_literals();
    checker.unused_lists();
    diagnostics.append(&mut checker.diagnostics);
    diagnostics.sort_by(|a, b| (&a.file, a.span.start, a.code).cmp(&(&b.file, b.span.start, b.code)));
    diagnostics
}

struct Checker<'a> {
    pack: &'a RulePack,
    judge: &'a Judge,
    scratch: Scratch,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn rule(&mut self, rule: &Rule) {
        for (what, n) in
            [("examples", rule.examples.len()), ("counter_examples", rule.counter_examples.len())]
        {
            if n < N_EXAMPLES {
                let message = format!("rule `{}` has {n} {what}", rule.id);
                let help =
                    format!("a finished rule has at least {N_EXAMPLES}, in the words of real advertisements");
                self.say(
                    Diagnostic::new(
                        "R030",
                        Level::Warning,
                        &self.pack.files,
                        &rule.place,
                        message,
                        "this rule",
                    )
                    .with_help(help),
                );
            }
        }
        for example in &rule.examples {
            let hits = self.hits(rule, &example.value);
            if hits.is_empty() {
                let message = format!("rule `{}` does not find its example", rule.id);
                let help = self.why_not(rule, &example.value);
                self.error("R031", &example.place, message, "not found", help);
            } else if !hits.iter().any(|hit| hit.status.is_asserted()) {
                let hit = &hits[0];
                let message = format!("rule `{}` finds its example, and the context clears it", rule.id);
                let help = hit.because.clone().unwrap_or_default();
                self.error(
                    "R032",
                    &example.place,
                    message,
                    format!("cleared as {}", hit.status.as_str()),
                    help,
                );
            }
        }
        for example in &rule.counter_examples {
            let asserted = self.hits(rule, &example.value).into_iter().find(|hit| hit.status.is_asserted());
            if let Some(hit) = asserted {
                let message = format!("rule `{}` asserts its counter-example", rule.id);
                let words = hit.span.of(&example.value);
                let help =
                    format!("`{words}` is found; narrow the trigger, or add `unless`, `not_in` or a cue");
                self.error("R033", &example.place, message, "asserted", help);
            }
        }
    }

    fn hits(&mut self, rule: &Rule, text: &str) -> Vec<Hit> {
        let draft = AdDraft::of_text(AdKind::Text, text);
        let hits = self.judge.every_hit(&draft, &mut self.scratch);
        hits.into_iter().filter(|hit| hit.rule == rule.id).collect()
    }

    /// Which condition keeps a rule from a text.
    fn why_not(&mut self, rule: &Rule, text: &str) -> String {
        let traces = self.judge.trace(text, &mut self.scratch);
        let Some(trace) = traces.iter().find(|trace| trace.rule == rule.id) else {
            return format!("no trigger stands in it; it reads `{}`", self.judge.normalized(text));
        };
        let failed = |trigger: &crate::judge::TriggerTrace| {
            let failed = trigger.conditions.iter().find(|condition| !condition.holds)?;
            Some(format!(
                "at `{}`, {} = {} does not let it through",
                trigger.words, failed.condition, failed.terms
            ))
        };
        trace.triggers.iter().find_map(failed).unwrap_or_else(|| "every condition holds".to_owned())
    }

    /// A literal that two rules of one category look for gives two hits for one fact.
    fn repeated_literals(&mut self) {
        let mut first: BTreeMap<(&str, &str), &Rule> = BTreeMap::new();
        let mut problems = Vec::new();
        for rule in self
            .pack
            .rules
            .iter()
            .filter(|rule| rule.all.is_empty() && rule.n_of.is_none() && rule.near.is_none())
        {
            for entry in &rule.any {
                for term in &entry.value {
                    let Term::Literal(words) = term else { continue };
                    let other = *first.entry((&rule.category, words)).or_insert(rule);
                    if other.id != rule.id {
                        let message = format!("`{words}` is already looked for by rule `{}`", other.id);
                        problems.push(
                            Diagnostic::new(
                                "R034",
                                Level::Warning,
                                &self.pack.files,
                                &entry.place,
                                message,
                                "gives a second hit",
                            )
                            .with_help("keep it in one of them"),
                        );
                    }
                }
            }
        }
        self.diagnostics.append(&mut problems);
    }

    fn unused_lists(&mut self) {
        let used: BTreeSet<&str> = super::resolve::all_terms(self.pack)
            .into_iter()
            .filter_map(|(_, term)| match term {
                Term::List(name) => Some(name.as_str()),
                _ => None,
            })
            .chain(JUDGE_LISTS)
            .collect();
        for (name, list) in &self.pack.lists {
            if !used.contains(name.as_str()) {
                let message = format!("list `{name}` is used nowhere");
                self.say(Diagnostic::new(
                    "R035",
                    Level::Warning,
                    &self.pack.files,
                    &list.place,
                    message,
                    "no rule, list or cue names it",
                ));
            }
        }
    }

    fn error(
        &mut self,
        code: &'static str,
        place: &Place,
        message: String,
        label: impl Into<String>,
        help: String,
    ) {
        let problem =
            Diagnostic::new(code, Level::Error, &self.pack.files, place, message, label).with_help(help);
        self.say(problem);
    }

    fn say(&mut self, problem: Diagnostic) {
        self.diagnostics.push(problem);
    }
}
