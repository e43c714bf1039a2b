//! How rules fare on a text, condition by condition: `rules try`.

use super::{Judge, Scratch};
use crate::domain::hit::{RuleId, Span};
use crate::matcher::Truth;
use crate::rules::Rule;

/// One rule on one text.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTrace {
    /// Which rule.
    pub rule: RuleId,
    /// Each place of its trigger.
    pub triggers: Vec<TriggerTrace>,
}

/// One place of a trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerTrace {
    /// Bytes of the published text.
    pub span: Span,
    /// The published words.
    pub words: String,
    /// The other conditions there, in the order in which they are tried.
    pub conditions: Vec<ConditionTrace>,
}

/// One condition at one trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionTrace {
    /// Key and number in the rule file, for example `all[1]`.
    pub condition: String,
    /// Its terms as written, for example `@invest|#yield>=4`.
    pub terms: String,
    /// Whether it lets the rule through.
    pub holds: bool,
    /// The published words that it found, or the score.
    pub words: Option<String>,
}

impl TriggerTrace {
    /// Whether every condition lets the rule through.
    pub fn holds(&self) -> bool {
        self.conditions.iter().all(|condition| condition.holds)
    }
}

impl Judge {
    /// Every rule whose trigger stands in `text`, in the order of the pack.
    pub fn trace(&self, text: &str, scratch: &mut Scratch) -> Vec<RuleTrace> {
        let scratch = &mut scratch.0;
        self.matcher.read(&self.normalizer, text, scratch, |_, _, _| true);
        let found: Vec<_> =
            (0..self.pack.rules.len()).map(|rule| self.matcher.trace(rule, scratch)).collect();
        let published = |start: usize, end: usize| scratch.normalized.source_span(start, end);
        let condition = |rule: &Rule, truth: Truth| ConditionTrace {
            terms: crate::rules::condition_terms(rule, &truth.condition),
            condition: truth.condition,
            holds: truth.holds,
            words: truth.found.map(|found| published(found.start, found.end).of(text).to_owned()),
        };
        let text_of_wording = scratch.normalized.text.as_str();
        let mut traces = Vec::new();
        for (rule, triggers) in self.pack.rules.iter().zip(found) {
            let triggers: Vec<TriggerTrace> = triggers
                .into_iter()
                .map(|(place, truths)| {
                    let span = published(place.start, place.end);
                    let score = self.score(&text_of_wording[super::wording::around(text_of_wording, place)]);
                    let wording = rule.wording.map(|least| ConditionTrace {
                        condition: "wording".to_owned(),
                        terms: format!(">= {least}"),
                        holds: score.is_some_and(|score| score >= least),
                        words: score.map(|score| format!("{score:.2}")),
                    });
                    let conditions =
                        truths.into_iter().map(|truth| condition(rule, truth)).chain(wording).collect();
                    TriggerTrace { span, words: span.of(text).to_owned(), conditions }
                })
                .collect();
            if !triggers.is_empty() {
                traces.push(RuleTrace { rule: rule.id.clone(), triggers });
            }
        }
        traces
    }

    /// The wording score of a text, at its beginning when it is long; `None` when the weights know nothing of it.
    pub fn wording_score(&self, text: &str) -> Option<f64> {
        self.score(super::wording::parts(&self.normalized(text)).next()?)
    }

    /// The text as the rules read it.
    pub fn normalized(&self, text: &str) -> String {
        self.normalizer.normalize(text).text
    }
}
