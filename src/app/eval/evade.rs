//! Recall by trick: hide labelled violations and judge them again.

use super::{Case, Label, judge_all};
use crate::judge::Judge;
use crate::text::Tables;
use crate::text::evade::{EVASIONS, Evasion};

use super::tally::Tally;

/// One hidden document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Index of the plain case.
    pub case: usize,
    /// Names of the tricks, one or two.
    pub tricks: Vec<&'static str>,
    /// The hidden words.
    pub text: String,
}

/// How much of what is found plainly is still found under one trick, or under pairs of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survival {
    /// Name of the trick, or `any two`.
    pub name: String,
    /// What it does.
    pub about: String,
    /// Hidden documents that are still found, and that are not.
    pub tally: Tally,
}

/// Variants of every violation: each trick alone, and with `pairs` each trick with the next one of the list.
pub fn hide(cases: &[Case], seed: u64, pairs: bool) -> Vec<Hidden> {
    let tables = Tables::embedded();
    let mut hidden = Vec::new();
    for (case, labelled) in cases.iter().enumerate().filter(|(_, case)| case.label == Label::Violation) {
        let seed = seed.wrapping_add(case as u64);
        let once = |evasion: &Evasion| evasion.apply(&tables, &labelled.text, seed);
        for evasion in EVASIONS {
            if let Some(text) = once(evasion) {
                hidden.push(Hidden { case, tricks: vec![evasion.name], text });
            }
        }
        if pairs {
            for (index, first) in EVASIONS.iter().enumerate() {
                // Another partner for each case, so that over a corpus every pair comes up.
                let second = &EVASIONS[(index + 1 + case % (EVASIONS.len() - 1)) % EVASIONS.len()];
                let both = once(first).and_then(|text| second.apply(&tables, &text, seed));
                hidden.extend(both.map(|text| Hidden { case, tricks: vec![first.name, second.name], text }));
            }
        }
    }
    hidden
}

/// Recall by trick over the violations that are found plainly.
pub fn survival(judge: &Judge, cases: &[Case], seed: u64) -> Vec<Survival> {
    let plain = judge_all(judge, cases);
    let found: Vec<Case> = plain
        .iter()
        .filter(|outcome| outcome.flagged)
        .filter_map(|outcome| cases.get(outcome.case))
        .filter(|case| case.label == Label::Violation)
        .cloned()
        .collect();
    let hidden = hide(&found, seed, true);
    let texts: Vec<Case> = hidden
        .iter()
        .filter_map(|one| found.get(one.case).map(|case| Case { text: one.text.clone(), ..case.clone() }))
        .collect();
    let outcomes = judge_all(judge, &texts);
    let tally = |wanted: &dyn Fn(&Hidden) -> bool| {
        let mut tally = Tally::default();
        for (_, outcome) in hidden.iter().zip(&outcomes).filter(|(one, _)| wanted(one)) {
            tally.add(true, outcome.flagged);
        }
        tally
    };
    let mut rows: Vec<Survival> = EVASIONS
        .iter()
        .map(|evasion| Survival {
            name: evasion.name.to_owned(),
            about: evasion.about.to_owned(),
            tally: tally(&|one| one.tricks == [evasion.name]),
        })
        .collect();
    for (name, about, n_tricks) in [("any one", "each trick alone", 1), ("any two", "two tricks at once", 2)]
    {
        let tally = tally(&|one| one.tricks.len() == n_tricks);
        rows.push(Survival { name: name.to_owned(), about: about.to_owned(), tally });
    }
    rows
}
