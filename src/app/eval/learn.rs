//! Wording weights: what they are learned from, and how they would judge documents that they have not seen.

use super::super::error::{Error, Result};
use super::{Case, Label, Split};
use crate::judge::{self, Judge, Lesson};
use crate::kit::diagnostic::Located;
use crate::rules::Wording;

/// Parts of the corpus that are judged in turn by weights learned from the others.
const N_FOLDS: usize = 5;

/// Documents beside each other that are kept out together.
const N_NEIGHBOURS: usize = 20;

/// Shares of harmless documents that may score higher: for each, the score and the share of violations above it.
const ALARM_SHARES: [f64; 4] = [0.1, 0.05, 0.02, 0.01];

/// Thresholds of a pack that has none yet.
const UNSET: Wording = Wording { bias: 0.0, floor: -1.0, as_ad: 1.0, over_context: 1.0, weights: Vec::new() };

/// Where a threshold would lie, and what it would find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operating {
    /// Share of harmless documents that score higher.
    pub alarms: f64,
    /// The score.
    pub score: f64,
    /// Share of violations that score higher.
    pub found: f64,
}

/// Weights, and what to expect of them.
#[derive(Debug)]
pub struct Learned {
    /// What goes into the pack.
    pub wording: Wording,
    /// Documents that it was learned from: violations and others.
    pub n_lessons: (usize, usize),
    /// On documents kept out while learning.
    pub unseen: Vec<Operating>,
}

/// Learns from the labelled documents that are not kept for checking, from the examples of the rules, and from
/// `ordinary` texts, which solicit nothing.
///
/// # Errors
/// `Invalid` when only one of the two kinds is there.
pub fn learn(judge: &Judge, cases: &[Case], ordinary: &[String]) -> Result<Learned> {
    let lesson = |text: &str, solicits| Lesson { text: judge.normalized(text), solicits };
    let labelled: Vec<Lesson> = cases
        .iter()
        .filter(|case| case.split != Some(Split::Check))
        .map(|case| lesson(&case.text, case.label == Label::Violation))
        .collect();
    let of_rules = judge.pack().rules.iter().flat_map(|rule| {
        let texts = |list: &[Located<String>], solicits| {
            list.iter().map(|text| lesson(&text.value, solicits)).collect::<Vec<_>>()
        };
        [texts(&rule.examples, true), texts(&rule.counter_examples, false)].concat()
    });
    let beside: Vec<Lesson> = of_rules.chain(ordinary.iter().map(|text| lesson(text, false))).collect();
    let all = [labelled.as_slice(), beside.as_slice()].concat();
    let n_violations = all.iter().filter(|lesson| lesson.solicits).count();
    if n_violations == 0 || n_violations == all.len() {
        return Err(Error::invalid("file", "documents of both labels are needed to learn from"));
    }
    let before = judge.pack().wording.clone().unwrap_or(UNSET);
    Ok(Learned {
        wording: judge::learn(&all, &before),
        n_lessons: (n_violations, all.len() - n_violations),
        unseen: unseen(&labelled, &beside, &before),
    })
}

/// Judges each fifth by what the others teach. Neighbours in a corpus resemble each other, so they stay
/// together.
fn unseen(labelled: &[Lesson], beside: &[Lesson], before: &Wording) -> Vec<Operating> {
    let fold_of = |index: usize| index / N_NEIGHBOURS % N_FOLDS;
    let mut scored: Vec<(f64, bool)> = Vec::new();
    for fold in 0..N_FOLDS {
        let (kept_out, others): (Vec<_>, Vec<_>) =
            labelled.iter().cloned().enumerate().partition(|(index, _)| fold_of(*index) == fold);
        let others: Vec<Lesson> =
            others.into_iter().map(|(_, lesson)| lesson).chain(beside.iter().cloned()).collect();
        let scorer = judge::Scorer::new(&judge::learn(&others, before));
        let score = |lesson: &Lesson| scorer.score(&lesson.text).unwrap_or(f64::MIN);
        scored.extend(kept_out.iter().map(|(_, lesson)| (score(lesson), lesson.solicits)));
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let n_violations = scored.iter().filter(|(_, solicits)| *solicits).count();
    let harmless: Vec<f64> =
        scored.iter().filter(|(_, solicits)| !solicits).map(|(score, _)| *score).collect();
    ALARM_SHARES
        .iter()
        .filter_map(|alarms| {
            let score = *harmless.get((harmless.len() as f64 * alarms) as usize)?;
            let n_found = scored.iter().filter(|(above, solicits)| *solicits && *above > score).count();
            Some(Operating { alarms: *alarms, score, found: n_found as f64 / n_violations.max(1) as f64 })
        })
        .collect()
}
