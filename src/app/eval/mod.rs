//! Measuring rules on labelled documents: precision, recall, what was missed, what two packs judge differently.

mod cases;
pub mod evade;
pub mod learn;
mod tally;

pub use cases::{Case, Label, Split, read_cases};
pub use tally::{Interval, Tally};

use std::collections::BTreeMap;

use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::hit::Hit;
use crate::judge::{Judge, Scratch, Setting};

/// How one labelled document was judged.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Index into the cases.
    pub case: usize,
    /// Whether it was flagged.
    pub flagged: bool,
    /// Its priority.
    pub priority: f64,
    /// Every hit.
    pub hits: Vec<Hit>,
}

/// Everything an evaluation measured.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    /// Over all documents.
    pub total: Tally,
    /// By the category that the label names.
    pub by_category: BTreeMap<String, Tally>,
    /// By source.
    pub by_source: BTreeMap<String, Tally>,
    /// By split, where documents name one.
    pub by_split: BTreeMap<String, Tally>,
    /// By rule: how often it was asserted on violations and on benign documents.
    pub by_rule: BTreeMap<String, Tally>,
    /// Violations that were not flagged, as indexes into the cases.
    pub missed: Vec<usize>,
    /// Benign documents that were flagged, as indexes into the cases.
    pub false_alarms: Vec<usize>,
}

/// One document that two packs judge differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Index into the cases.
    pub case: usize,
    /// Flagged by the second pack only; else by the first only.
    pub gained: bool,
    /// Whether the change is right by the label.
    pub better: bool,
}

/// Judges every case, on all cores, in order.
pub fn judge_all(judge: &Judge, cases: &[Case]) -> Vec<Outcome> {
    let n_threads = std::thread::available_parallelism().map_or(2, usize::from);
    let per_thread = cases.len().div_ceil(n_threads).max(1);
    std::thread::scope(|scope| {
        let tasks: Vec<_> = cases
            .chunks(per_thread)
            .enumerate()
            .map(|(index, chunk)| scope.spawn(move || judge_chunk(judge, chunk, index * per_thread)))
            .collect();
        tasks.into_iter().flat_map(|task| task.join().unwrap_or_default()).collect()
    })
}

fn judge_chunk(judge: &Judge, cases: &[Case], offset: usize) -> Vec<Outcome> {
    let mut scratch = Scratch::default();
    cases
        .iter()
        .enumerate()
        .map(|(index, case)| {
            let draft = AdDraft::of_text(AdKind::Text, case.text.clone());
            let judgement = judge.judge(&draft, &Setting::default(), &mut scratch);
            Outcome {
                case: offset + index,
                flagged: judgement.assessment.flagged,
                priority: judgement.assessment.priority,
                hits: judgement.hits,
            }
        })
        .collect()
}

/// Counts outcomes by everything that the labels name.
pub fn evaluate(cases: &[Case], outcomes: &[Outcome]) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for outcome in outcomes {
        let Some(case) = cases.get(outcome.case) else { continue };
        let violation = case.label == Label::Violation;
        let add = |tally: &mut Tally| tally.add(violation, outcome.flagged);
        add(&mut evaluation.total);
        add(evaluation.by_category.entry(case.category.clone()).or_default());
        add(evaluation.by_source.entry(case.source.clone()).or_default());
        if let Some(split) = case.split {
            add(evaluation.by_split.entry(split.as_str().to_owned()).or_default());
        }
        let mut rules: Vec<&str> =
            outcome.hits.iter().filter(|hit| hit.status.is_asserted()).map(|hit| hit.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        for rule in rules {
            evaluation.by_rule.entry(rule.to_owned()).or_default().add(violation, true);
        }
        match (violation, outcome.flagged) {
            (true, false) => evaluation.missed.push(outcome.case),
            (false, true) => evaluation.false_alarms.push(outcome.case),
            _ => {}
        }
    }
    evaluation
}

/// What the second pack judges otherwise than the first, in the order of the cases.
pub fn diff(cases: &[Case], before: &[Outcome], after: &[Outcome]) -> Vec<Change> {
    before
        .iter()
        .zip(after)
        .filter(|(before, after)| before.flagged != after.flagged)
        .filter_map(|(_, after)| {
            let violation = cases.get(after.case)?.label == Label::Violation;
            Some(Change { case: after.case, gained: after.flagged, better: after.flagged == violation })
        })
        .collect()
}
