//! Pieces that several pages show: the quoted words of an ad, its priority in words, its categories.

use crate::domain::category;
use crate::domain::finding::{Assessment, FindingState};
use crate::domain::hit::{Hit, Severity};
use crate::web::lang::Lang;
use crate::web::page::visible;

/// Words with a few characters around them.
pub struct Quote {
    pub before: String,
    pub words: String,
    pub after: String,
    pub level: u8,
}

const AROUND_CHARS: usize = 16;

/// The strongest asserted words, at most `limit`, in the order of the text, and how many more there are.
pub fn quotes(text: &str, hits: &[Hit], limit: usize) -> (Vec<Quote>, usize) {
    let mut asserted: Vec<&Hit> =
        hits.iter().filter(|hit| hit.status.is_asserted() && !hit.span.of(text).is_empty()).collect();
    asserted.sort_by_key(|hit| (std::cmp::Reverse(hit.severity), hit.span));
    let mut chosen: Vec<&Hit> = Vec::new();
    let mut n_more = 0;
    for hit in asserted {
        let apart =
            chosen.iter().all(|known| hit.span.end <= known.span.start || known.span.end <= hit.span.start);
        if apart && chosen.len() < limit {
            chosen.push(hit);
        } else if apart {
            n_more += 1;
        }
    }
    chosen.sort_by_key(|hit| hit.span);
    (chosen.into_iter().map(|hit| quote(text, hit)).collect(), n_more)
}

fn quote(text: &str, hit: &Hit) -> Quote {
    let before = &text[..hit.span.start];
    let after = &text[hit.span.end..];
    let from = before.char_indices().rev().nth(AROUND_CHARS - 1).map(|(at, _)| at);
    let to = after.char_indices().nth(AROUND_CHARS).map(|(at, _)| at);
    let line = |part: &str| visible(part);
    Quote {
        before: format!("{}{}", from.map_or("", |_| "…"), line(&before[from.unwrap_or(0)..])),
        words: line(hit.span.of(text)),
        after: format!("{}{}", line(&after[..to.unwrap_or(after.len())]), to.map_or("", |_| "…")),
        level: hit.severity.level(),
    }
}

/// Priority in words, because nobody can act on 0.73.
pub fn priority(lang: Lang, assessment: &Assessment) -> (&'static str, &'static str) {
    let w = lang.words();
    match assessment.priority {
        priority if priority >= 0.9 => (w.high, "high"),
        priority if priority >= 0.7 => (w.middle, "middle"),
        _ => (w.low, "low"),
    }
}

/// Names of the categories of the asserted hits, in the order of the text, without repeats.
pub fn categories(lang: Lang, hits: &[Hit]) -> Vec<&str> {
    let mut names = Vec::new();
    for hit in hits.iter().filter(|hit| hit.status.is_asserted()) {
        let name = lang.pick(category::title_zh(&hit.category), category::title_en(&hit.category));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A severity in words with its number.
pub struct SeverityShown {
    pub level: u8,
    pub word: &'static str,
}

/// The severity of an assessment; level 0 when nothing is asserted.
pub fn severity(lang: Lang, severity: Option<Severity>) -> SeverityShown {
    SeverityShown {
        level: severity.map_or(0, Severity::level),
        word: severity.map_or("–", |severity| lang.of(severity.label())),
    }
}

/// Name and CSS class of a state.
pub fn state(lang: Lang, state: FindingState) -> (&'static str, &'static str) {
    (lang.of(state.label()), state.as_str())
}
