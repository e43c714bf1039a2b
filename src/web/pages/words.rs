//! Pieces that several pages show: the quoted words of an ad, its priority in words, its categories.

use crate::domain::category;
use crate::domain::finding::{Assessment, FindingState};
use crate::domain::hit::{Hit, Severity};
use crate::web::lang::Lang;
use crate::web::page::visible;

/// A part of an excerpt; level 0 for the words around, 1 to 4 for words that hit.
pub struct Part {
    pub text: String,
    pub level: u8,
}

/// Words that hit with a few characters around them; hits close together share one.
pub type Excerpt = Vec<Part>;

const AROUND_CHARS: usize = 16;

/// The strongest asserted words and among them the longest, because a long one says what is promised; at most `limit`,
/// the strongest excerpt first, and how many more there are.
pub fn excerpts(text: &str, hits: &[Hit], limit: usize) -> (Vec<Excerpt>, usize) {
    let mut asserted: Vec<&Hit> =
        hits.iter().filter(|hit| hit.status.is_asserted() && !hit.span.of(text).is_empty()).collect();
    let strength = |hit: &Hit| (hit.severity, hit.span.of(text).chars().count());
    asserted.sort_by_key(|hit| (std::cmp::Reverse(strength(hit)), hit.span));
    let mut apart: Vec<&Hit> = Vec::new();
    for hit in asserted {
        if apart.iter().all(|known| hit.span.end <= known.span.start || known.span.end <= hit.span.start) {
            apart.push(hit);
        }
    }
    let n_more = apart.len().saturating_sub(limit);
    apart.truncate(limit);
    apart.sort_by_key(|hit| hit.span);
    let mut clusters: Vec<Vec<&Hit>> = Vec::new();
    for hit in apart {
        let from = chars_before(text, hit.span.start);
        match clusters.last_mut() {
            Some(last) if last.last().is_some_and(|known| from <= chars_after(text, known.span.end)) => {
                last.push(hit)
            }
            _ => clusters.push(vec![hit]),
        }
    }
    let strongest = |cluster: &Vec<&Hit>| cluster.iter().map(|hit| strength(hit)).max();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(strongest(cluster)));
    (clusters.into_iter().map(|cluster| excerpt(text, &cluster)).collect(), n_more)
}

fn excerpt(text: &str, cluster: &[&Hit]) -> Excerpt {
    let part = |words: &str, level| Part { text: visible(words), level };
    let mut parts = Vec::new();
    let mut shown_to = cluster.first().map_or(0, |hit| chars_before(text, hit.span.start));
    let starts_inside = shown_to > 0;
    for hit in cluster {
        parts.push(part(&text[shown_to..hit.span.start], 0));
        parts.push(part(hit.span.of(text), hit.severity.level()));
        shown_to = hit.span.end;
    }
    let to = chars_after(text, shown_to);
    parts.push(part(&text[shown_to..to], 0));
    let ellipsis = || part("…", 0);
    if starts_inside {
        parts.insert(0, ellipsis());
    }
    if to < text.len() {
        parts.push(ellipsis());
    }
    parts
}

fn chars_before(text: &str, at: usize) -> usize {
    text[..at].char_indices().rev().nth(AROUND_CHARS - 1).map_or(0, |(start, _)| start)
}

fn chars_after(text: &str, at: usize) -> usize {
    text[at..].char_indices().nth(AROUND_CHARS).map_or(text.len(), |(length, _)| at + length)
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
