//! What one file says about another: lists, fragments, provisions.

use std::collections::BTreeSet;

use super::fragment;
use super::pack::RulePack;
use super::term::Term;
use crate::domain::provision::ProvisionId;
use crate::kit::diagnostic::{Diagnostic, Level, Place};

/// Checks the references of a pack and drops provisions that do not exist.
pub(super) fn resolve(pack: &mut RulePack) -> Vec<Diagnostic> {
    let problems = problems(pack);
    for rule in &mut pack.rules {
        rule.basis.retain(|basis| pack.provisions.contains_key(&basis.value));
    }
    problems
}

fn problems(pack: &RulePack) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let error = |code, place: &Place, message: String, label: &str| {
        Diagnostic::new(code, Level::Error, &pack.files, place, message, label)
    };
    for (place, term) in all_terms(pack) {
        if let Term::List(name) = term
            && !pack.lists.contains_key(name)
        {
            let mut problem =
                error("R012", place, format!("unknown list `@{name}`"), "no [[list]] has this name");
            problem.help = closest(name, pack.lists.keys()).map(|near| format!("did you mean `@{near}`?"));
            problems.push(problem);
        }
    }
    let patterns = all_terms(pack).into_iter().filter_map(|(place, term)| match term {
        Term::Pattern(pattern) => Some((place, pattern.as_str())),
        _ => None,
    });
    let own = pack.fragments.values().map(|fragment| (&fragment.place, fragment.value.as_str()));
    for (place, pattern) in patterns.chain(own) {
        if let Err(name) = fragment::expand(&pack.fragments, pattern) {
            let message = format!("`<{name}>` is no fragment, or contains itself");
            let mut problem = error("R012", place, message, "no such [[fragment]]");
            problem.help = closest(&name, pack.fragments.keys().filter(|known| **known != name))
                .map(|near| format!("did you mean `<{near}>`?"));
            problems.push(problem);
        }
    }
    for (name, list) in &pack.lists {
        if reaches(pack, name, name, &mut BTreeSet::new()) {
            problems.push(error(
                "R013",
                &list.place,
                format!("list `{name}` contains itself"),
                "comes back to itself",
            ));
        }
    }
    for cue in &pack.cues {
        for term in &cue.terms {
            if let Term::Literal(words) = &term.value
                && words.chars().count() < 2
            {
                let message = format!("cue `{}` clears on the single character `{words}`", cue.name);
                let problem = error("R017", &term.place, message, "too short to mean one thing");
                problems.push(problem.with_help("备案 is not 案: give the whole word"));
            }
        }
    }
    for basis in pack.rules.iter().flat_map(|rule| &rule.basis) {
        let id = &basis.value;
        match pack.provisions.get(id) {
            None => {
                let mut problem = error(
                    "R018",
                    &basis.place,
                    format!("basis `{id}` names no provision"),
                    "no [[provision]] has this id",
                );
                problem.help = closest(id.as_str(), pack.provisions.keys().map(ProvisionId::as_str))
                    .map(|near| format!("did you mean `{near}`?"));
                problems.push(problem);
            }
            Some(provision) if !provision.in_force_on(&provision.checked_on) => {
                let message =
                    format!("basis `{id}` was not in force on {}, when it was checked", provision.checked_on);
                let help = format!(
                    "in force from {} to {}",
                    provision.effective_from,
                    provision.effective_to.as_deref().unwrap_or("now")
                );
                problems.push(error("R019", &basis.place, message, "may not be cited").with_help(help));
            }
            Some(_) => {}
        }
    }
    problems
}

/// Every term of a pack, in rules, lists and cues.
pub(super) fn all_terms(pack: &RulePack) -> Vec<(&Place, &Term)> {
    let entries = pack.rules.iter().flat_map(|rule| {
        rule.any
            .iter()
            .chain(&rule.all)
            .chain(&rule.unless)
            .chain(&rule.absent)
            .chain(rule.n_of.iter().flat_map(|n_of| &n_of.of))
            .chain(rule.near.iter().flat_map(|near| &near.of))
            .flat_map(|entry| entry.value.iter().map(|term| (&entry.place, term)))
    });
    let lists = pack.lists.values().flat_map(|list| &list.terms);
    let cues = pack.cues.iter().flat_map(|cue| cue.terms.iter().chain(&cue.stop));
    entries.chain(lists.chain(cues).map(|term| (&term.place, &term.value))).collect()
}

fn reaches(pack: &RulePack, from: &str, target: &str, seen: &mut BTreeSet<String>) -> bool {
    let Some(list) = pack.lists.get(from) else { return false };
    list.terms.iter().any(|term| match &term.value {
        Term::List(name) if name == target => true,
        Term::List(name) if seen.insert(name.clone()) => reaches(pack, name, target, seen),
        _ => false,
    })
}

/// The known name that differs least, if it differs little.
fn closest<'a>(name: &str, known: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate.as_ref()), candidate.as_ref().to_owned()))
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, candidate)| candidate)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
