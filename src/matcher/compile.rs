//! Terms of a pack → groups of atoms, each atom looked for once however many rules name it.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::{self, Pattern};
use super::{claim, evaluate};
use crate::domain::claim::ClaimKind;
use crate::rules::{ClaimTest, Diagnostic, Level, Located, Place, Rule, RulePack, Term};
use crate::text::{Frequency, Normalizer};

/// Names a group of atoms; the group holds where any of its atoms does.
pub(super) type GroupId = usize;

/// Occurrences in a million characters from which looking for words costs more than it saves.
pub(super) const COMMON: f32 = 30_000.0;

/// One thing to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    Literal(usize),
    Pattern(usize),
    Claim(usize),
}

/// What must stand in a sentence, or in a text, before a pattern can match there.
#[derive(Debug, Clone)]
pub(super) struct Switch {
    /// Sets of literals; one of each set must stand there.
    pub sets: Vec<Vec<usize>>,
    /// An ASCII digit must stand there.
    pub has_digit: bool,
    /// The pattern is looked for sentence by sentence, not in the whole text at once.
    pub by_sentence: bool,
    /// A match may begin with the character before the sentence.
    pub has_lead: bool,
}

/// Collects atoms and groups while a pack is compiled.
pub(super) struct Builder<'a> {
    pack: &'a RulePack,
    pub normalizer: &'a Normalizer,
    pub literals: Vec<String>,
    literal_ids: BTreeMap<String, usize>,
    pub patterns: Vec<Pattern>,
    pattern_ids: BTreeMap<String, Option<usize>>,
    pub claims: Vec<ClaimTest>,
    /// Atoms of each group, sorted.
    pub groups: Vec<Vec<Atom>>,
    group_ids: BTreeMap<Vec<Atom>, GroupId>,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    pub fn new(pack: &'a RulePack, normalizer: &'a Normalizer) -> Self {
        Self {
            pack,
            normalizer,
            literals: Vec::new(),
            literal_ids: BTreeMap::new(),
            patterns: Vec::new(),
            pattern_ids: BTreeMap::new(),
            claims: Vec::new(),
            groups: Vec::new(),
            group_ids: BTreeMap::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Compiles one rule; what cannot be compiled is a diagnostic and never found.
    pub fn rule(&mut self, rule: &Rule) -> evaluate::Conditions {
        let entries = |builder: &mut Self, entries: &[Located<Vec<Term>>]| -> Vec<GroupId> {
            entries.iter().map(|entry| builder.group(located(entry))).collect()
        };
        let one = |builder: &mut Self, entries: &[Located<Vec<Term>>]| -> Option<GroupId> {
            (!entries.is_empty()).then(|| builder.group(entries.iter().flat_map(located)))
        };
        let trigger = self.group(rule.any.iter().flat_map(located));
        let conditions = evaluate::Conditions {
            trigger,
            all: entries(self, &rule.all),
            n_of: rule.n_of.as_ref().map(|n_of| (n_of.n, entries(self, &n_of.of))),
            near: rule.near.as_ref().and_then(|near| Some((one(self, &near.of)?, near.max_chars))),
            unless: entries(self, &rule.unless),
            absent: entries(self, &rule.absent),
            not_in: self.longer_words(rule, trigger),
            within: rule.within,
            word: rule.word,
        };
        if self.gate_of(&conditions).iter().all(Option::is_none) {
            let place = rule.any.first().map_or(&rule.place, |entry| &entry.place);
            let message = format!("rule `{}` would have to be tried on every text", rule.id);
            let label = self.open_atom(trigger).unwrap_or_default();
            let problem = self.problem("R022", place, message, &label).with_help(
                "the trigger or an `all` entry needs a Chinese character or two letters in each alternative",
            );
            self.diagnostics.push(problem);
        }
        conditions
    }

    /// The group that holds where any of these terms does.
    pub fn group<'t>(&mut self, terms: impl IntoIterator<Item = (&'t Place, &'t Term)>) -> GroupId {
        let mut atoms = BTreeSet::new();
        for (place, term) in terms {
            self.add(place, term, &mut atoms, &mut Vec::new());
        }
        let atoms: Vec<Atom> = atoms.into_iter().collect();
        if let Some(id) = self.group_ids.get(&atoms) {
            return *id;
        }
        let id = self.groups.len();
        self.groups.push(atoms.clone());
        self.group_ids.insert(atoms, id);
        id
    }

    /// The group of a named list; empty when the pack has no such list.
    pub fn list(&mut self, name: &str) -> GroupId {
        let pack = self.pack;
        let terms = pack.lists.get(name).map(|list| list.terms.as_slice()).unwrap_or_default();
        self.group(terms.iter().map(|term| (&term.place, &term.value)))
    }

    fn add(&mut self, place: &Place, term: &Term, atoms: &mut BTreeSet<Atom>, open: &mut Vec<String>) {
        match term {
            Term::Literal(words) => atoms.extend(self.literal(place, words).map(Atom::Literal)),
            Term::Pattern(pattern) => atoms.extend(self.pattern(place, pattern).map(Atom::Pattern)),
            Term::Claim(test) => {
                let known = self.claims.iter().position(|claim| claim == test);
                let id = known.unwrap_or_else(|| {
                    self.claims.push(*test);
                    self.claims.len() - 1
                });
                atoms.insert(Atom::Claim(id));
            }
            Term::List(name) => {
                let pack = self.pack;
                // A list that contains itself was reported by the loader.
                if let Some(list) = pack.lists.get(name).filter(|_| !open.contains(name)) {
                    open.push(name.clone());
                    for term in &list.terms {
                        self.add(&term.place, &term.value, atoms, open);
                    }
                    open.pop();
                }
            }
        }
    }

    fn literal(&mut self, place: &Place, words: &str) -> Option<usize> {
        let normalized = self.normalizer.normalize(words).text;
        if normalized.is_empty() {
            let message = format!("`{words}` is nothing once normalized");
            let problem = self.problem("R024", place, message, "only marks");
            self.diagnostics.push(problem);
            return None;
        }
        Some(self.literal_id(normalized))
    }

    fn literal_id(&mut self, normalized: String) -> usize {
        let next = self.literals.len();
        let id = *self.literal_ids.entry(normalized.clone()).or_insert(next);
        if id == next {
            self.literals.push(normalized);
        }
        id
    }

    fn pattern(&mut self, place: &Place, text: &str) -> Option<usize> {
        if let Some(known) = self.pattern_ids.get(text) {
            return *known;
        }
        // An unknown fragment was reported by the loader.
        let expanded = crate::rules::expand(&self.pack.fragments, text).ok()?;
        let id = match pattern::compile(&expanded) {
            Ok(compiled) => {
                let best = compiled.required.first().map(Vec::as_slice).unwrap_or_default();
                let possible = self.check_required(place, best);
                let required = compiled.required.iter().map(|words| self.locatable(words)).collect();
                possible.then(|| {
                    self.patterns.push(Pattern { required, ..compiled });
                    self.patterns.len() - 1
                })
            }
            Err(error) => {
                let problem =
                    self.problem("R014", place, format!("pattern does not compile: {error}"), "this pattern");
                self.diagnostics.push(problem);
                None
            }
        };
        self.pattern_ids.insert(text.to_owned(), id);
        id
    }

    /// The required words in a form that can be located: each its own normal form. None when one of them cannot be.
    ///
    /// A mark at the edge of a word is lost when the word is normalized alone, so the rest of it stands for it. Left
    /// out are words that no normalized text holds, and those that begin with a mark and have one letter or digit
    /// (`.u` of `[0-9.]u`): a number ends in a digit.
    fn locatable(&self, required: &[String]) -> Vec<String> {
        let mut words = Vec::new();
        for word in required {
            let core = core(word);
            if self.is_stable(word) {
                words.push(word.clone());
            } else if self.never_stands(word) {
                continue;
            } else if pattern::tells_apart(core) {
                words.extend(self.is_stable(core).then(|| core.to_owned()));
            } else if word.starts_with(core) {
                return Vec::new();
            }
        }
        pattern::smallest(words)
    }

    /// Whether a pattern can match; one that demands words no normalized text contains is a diagnostic.
    fn check_required(&mut self, place: &Place, required: &[String]) -> bool {
        let never = |word: &String| !self.is_stable(word) && !self.is_stable(core(word));
        if required.is_empty() || !required.iter().all(never) {
            return true;
        }
        let word = &required[0];
        let message = format!("`{word}` never occurs in normalized text");
        let help = format!("normalized, it reads `{}`", self.normalizer.normalize(word).text);
        let problem = self.problem("R024", place, message, "this pattern can never match").with_help(help);
        self.diagnostics.push(problem);
        false
    }

    /// Whether no normalized text holds the word, whatever stands around it: `.天`, because a mark beside a Chinese
    /// character is dropped. What stays of marks depends on the characters beside them alone.
    fn never_stands(&self, word: &str) -> bool {
        const BESIDE: [&str; 9] = ["", "1", "a", "天", "一", "万", "年", "微", "。"];
        let contexts = BESIDE.iter().flat_map(|left| BESIDE.map(|right| format!("{left}{word}{right}")));
        contexts.into_iter().all(|text| !self.normalizer.normalize(&text).text.contains(word))
    }

    fn is_stable(&self, word: &str) -> bool {
        self.normalizer.normalize(word).text == word
    }

    /// The group of a rule's `not_in` words.
    fn longer_words(&mut self, rule: &Rule, trigger: GroupId) -> Option<GroupId> {
        for word in &rule.not_in {
            let normalized = self.normalizer.normalize(&word.value).text;
            let holds = self.groups[trigger].iter().any(|atom| match atom {
                Atom::Literal(id) => normalized.contains(&self.literals[*id]),
                Atom::Pattern(id) => self.patterns[*id].regex.is_match(&normalized),
                Atom::Claim(_) => false,
            });
            if !holds {
                let message = format!("`{}` contains no trigger of rule `{}`", word.value, rule.id);
                let problem = self.problem("R025", &word.place, message, "excludes nothing");
                self.diagnostics.push(problem);
            }
        }
        let terms: Vec<(&Place, Term)> =
            rule.not_in.iter().map(|word| (&word.place, Term::Literal(word.value.clone()))).collect();
        (!terms.is_empty()).then(|| self.group(terms.iter().map(|(place, term)| (*place, term))))
    }

    /// For each positive condition of a rule, the words of which a text must hold one; `None` when it asks none.
    pub fn gate_of(&self, conditions: &evaluate::Conditions) -> Vec<Option<BTreeSet<String>>> {
        let single = [conditions.trigger].into_iter().chain(conditions.all.iter().copied());
        let near = conditions.near.iter().map(|(group, _)| *group);
        let mut gates: Vec<Option<BTreeSet<String>>> =
            single.chain(near).map(|group| self.gate_words(group)).collect();
        if let Some((_, entries)) = &conditions.n_of {
            let words: Option<Vec<BTreeSet<String>>> =
                entries.iter().map(|group| self.gate_words(*group)).collect();
            gates.push(words.map(|sets| sets.into_iter().flatten().collect()));
        }
        gates
    }

    /// The atom for which a group cannot be gated, in words.
    fn open_atom(&self, group: GroupId) -> Option<String> {
        self.groups[group].iter().find_map(|atom| match *atom {
            Atom::Literal(id) => {
                let words = &self.literals[id];
                (!pattern::tells_apart(words)).then(|| format!("`{words}` is too short"))
            }
            Atom::Pattern(id) => {
                let pattern = &self.patterns[id];
                let required = pattern.best();
                let word = required.iter().find(|word| !pattern::tells_apart(word));
                (required.is_empty() || word.is_some()).then(|| {
                    let why =
                        word.map_or("demands no word".to_owned(), |word| format!("may hold only `{word}`"));
                    format!("/{}/ {why}", pattern.regex)
                })
            }
            Atom::Claim(id) => {
                let kind = self.claims[id].kind;
                claim::gate(kind).is_none().then(|| format!("`#{}` may be any number", kind.as_str()))
            }
        })
    }

    fn gate_words(&self, group: GroupId) -> Option<BTreeSet<String>> {
        let mut words = BTreeSet::new();
        for atom in &self.groups[group] {
            match atom {
                Atom::Literal(id) => {
                    words.insert(self.literals[*id].clone());
                }
                Atom::Pattern(id) => {
                    let required = self.patterns[*id].best();
                    if required.is_empty() {
                        return None;
                    }
                    words.extend(required.iter().cloned());
                }
                Atom::Claim(id) => {
                    words.extend(claim::gate(self.claims[*id].kind)?.words);
                }
            }
        }
        words.iter().all(|word| pattern::tells_apart(word)).then_some(words)
    }

    /// What must stand in a text before pattern `id` can match.
    pub fn pattern_switch(&mut self, id: usize) -> Switch {
        let tells_apart =
            |words: &[String]| !words.is_empty() && words.iter().all(|word| pattern::tells_apart(word));
        let pattern = &self.patterns[id];
        let (by_sentence, has_lead) =
            (pattern.local.is_some(), pattern.local.is_some_and(|local| local.has_lead));
        // A set as common as a single digit does not pay for being looked for.
        let sets: Vec<Vec<String>> =
            pattern.required.iter().filter(|words| tells_apart(words)).cloned().collect();
        // Nor does one with a word that is everywhere, beside another.
        let is_rare = |words: &Vec<String>| !words.iter().any(|word| is_common(word));
        let any_rare = sets.iter().any(is_rare);
        let pays = |(index, words): (usize, Vec<String>)| {
            (is_rare(&words) || !any_rare && index == 0).then_some(words)
        };
        let sets: Vec<Vec<String>> = sets.into_iter().enumerate().filter_map(pays).collect();
        let has_digit = pattern.has_digit;
        Switch {
            sets: sets.into_iter().map(|words| self.literal_ids(words)).collect(),
            has_digit,
            by_sentence,
            has_lead,
        }
    }

    /// What must stand in a text before it can make a claim of this kind, in alternatives; none when any number may do.
    pub fn claim_switches(&mut self, kind: ClaimKind) -> Option<Vec<Switch>> {
        let gate = claim::gate(kind)?;
        // No normalized text holds a word that is not its own normal form.
        let stable = |words: Vec<String>| words.into_iter().filter(|word| self.is_stable(word)).collect();
        let (words, pairs): (Vec<String>, Vec<[Vec<String>; 2]>) =
            (stable(gate.words), gate.sets.into_iter().map(|sets| sets.map(stable)).collect());
        let single = Switch {
            sets: vec![self.literal_ids(words)],
            has_digit: false,
            by_sentence: true,
            has_lead: false,
        };
        let pairs = pairs.into_iter().map(|sets| Switch {
            sets: sets.into_iter().map(|words| self.literal_ids(words)).collect(),
            has_digit: false,
            by_sentence: true,
            has_lead: false,
        });
        Some([single].into_iter().chain(pairs).collect())
    }

    /// How often the words that a group asks for occur in a million characters, at most and roughly.
    pub fn group_frequency(&self, group: GroupId) -> f32 {
        let of_atom = |atom: &Atom| match *atom {
            Atom::Literal(id) => per_million(&self.literals[id..=id]),
            Atom::Pattern(id) => {
                let sets = self.patterns[id].required.iter().filter(|words| !words.is_empty());
                sets.map(|words| per_million(words)).fold(f32::INFINITY, f32::min)
            }
            Atom::Claim(id) => {
                claim::gate(self.claims[id].kind).map_or(f32::INFINITY, |gate| per_million(&gate.words))
            }
        };
        self.groups[group].iter().map(of_atom).sum()
    }

    fn literal_ids(&mut self, words: Vec<String>) -> Vec<usize> {
        words.into_iter().map(|word| self.literal_id(word)).collect()
    }

    fn problem(&self, code: &'static str, place: &Place, message: String, label: &str) -> Diagnostic {
        Diagnostic::new(code, Level::Error, &self.pack.files, place, message, label)
    }
}

/// Whether a word is one character that stands in nearly every text: it is located only when a rule asks for it.
pub(super) fn is_common(word: &str) -> bool {
    const COMMON_CHARACTER: f32 = 1000.0;
    word.chars().count() == 1 && Frequency::embedded().per_million([word]) > COMMON_CHARACTER
}

fn per_million(words: &[String]) -> f32 {
    Frequency::embedded().per_million(words.iter().map(String::as_str))
}

/// A word without the marks at its edges.
fn core(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn located(entry: &Located<Vec<Term>>) -> impl Iterator<Item = (&Place, &Term)> {
    entry.value.iter().map(|term| (&entry.place, term))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Tables;

    #[test]
    fn required_words_are_kept_as_they_stand_in_normalized_text() {
        let (pack, normalizer) = (RulePack::default(), Normalizer::new(&Tables::embedded()));
        let mut builder = Builder::new(&pack, &normalizer);
        for (required, possible, expected) in [
            (&["保本", "保本保息"] as &[&str], true, &["保本"] as &[&str]),
            (&["元/", "日返"], true, &["日返"]),
            (&["0u", ".u"], true, &["0u"]),
            (&["0.", "保本"], true, &[]),
            (&["0."], true, &[]),
            (&["繁體"], false, &[]),
        ] {
            let required: Vec<String> = required.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(builder.check_required(&Place::default(), &required), possible, "{required:?}");
            assert_eq!(builder.locatable(&required), expected, "{required:?}");
        }
    }
}
