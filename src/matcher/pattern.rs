//! Patterns: regular expressions over normalized text, with the literals that every match must contain.

use regex_syntax::ast;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Largest compiled pattern, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// Most literals that may stand for one pattern.
const MAX_REQUIRED: usize = 64;

/// What `.` means: anything but the end of a sentence.
const DOT: &str = "[^。！？；\\n]";

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub regex: regex::Regex,
    /// Every match contains one of these; empty when no such set is known.
    pub required: Vec<String>,
}

/// Compiles a pattern of a rule file.
///
/// # Errors
/// The message of the regex parser or its size limit, on one line.
pub(super) fn compile(pattern: &str) -> Result<Pattern, String> {
    let text = without_dots(pattern)?;
    let regex = regex::RegexBuilder::new(&text)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| last_line(&error.to_string()))?;
    if regex.is_match("") {
        return Err("matches the empty text".to_owned());
    }
    let hir = regex_syntax::parse(&text).map_err(|error| last_line(&error.to_string()))?;
    Ok(Pattern { regex, required: required(&hir).unwrap_or_default() })
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The pattern with each `.` written as what it means here.
fn without_dots(pattern: &str) -> Result<String, String> {
    struct Dots(Vec<usize>);
    impl ast::Visitor for Dots {
        type Output = Vec<usize>;
        type Err = std::convert::Infallible;
        fn finish(self) -> Result<Vec<usize>, Self::Err> {
            Ok(self.0)
        }
        fn visit_pre(&mut self, node: &ast::Ast) -> Result<(), Self::Err> {
            if let ast::Ast::Dot(span) = node {
                self.0.push(span.start.offset);
            }
            Ok(())
        }
    }
    let tree = ast::parse::Parser::new().parse(pattern).map_err(|error| last_line(&error.to_string()))?;
    let Ok(dots) = ast::visit(&tree, Dots(Vec::new()));
    let mut text = String::with_capacity(pattern.len() + dots.len() * DOT.len());
    let mut from = 0;
    for at in dots {
        text.push_str(&pattern[from..at]);
        text.push_str(DOT);
        from = at + 1;
    }
    text.push_str(&pattern[from..]);
    Ok(text)
}

/// Words of which every match contains at least one: the set with the longest shortest word.
fn required(hir: &Hir) -> Option<Vec<String>> {
    let walked = walk(hir);
    best(walked.best, walked.exact).map(smallest)
}

/// Without the words that contain another one.
pub(super) fn smallest(mut words: Vec<String>) -> Vec<String> {
    words.sort_by_key(|word| (word.len(), word.clone()));
    let mut kept: Vec<String> = Vec::new();
    for word in words {
        if !kept.iter().any(|shorter| word.contains(shorter.as_str())) {
            kept.push(word);
        }
    }
    kept
}

/// What is known of the matches of one expression.
struct Walked {
    /// All its matches, when they are few.
    exact: Option<Vec<String>>,
    /// Words of which each match contains one.
    best: Option<Vec<String>>,
}

fn walk(hir: &Hir) -> Walked {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Walked { exact: Some(vec![String::new()]), best: None },
        HirKind::Literal(literal) => {
            let exact = std::str::from_utf8(&literal.0).ok().map(|text| vec![text.to_owned()]);
            Walked { exact, best: None }
        }
        HirKind::Class(class) => Walked { exact: class_members(class), best: None },
        HirKind::Capture(capture) => walk(&capture.sub),
        HirKind::Repetition(repetition) => {
            let inner = walk(&repetition.sub);
            let exact = match (repetition.min, repetition.max) {
                (0, Some(1)) => inner.exact.clone().map(|mut words| {
                    words.push(String::new());
                    words
                }),
                (1, Some(1)) => inner.exact.clone(),
                _ => None,
            };
            let best = (repetition.min > 0).then(|| best(inner.best, inner.exact)).flatten();
            Walked { exact, best }
        }
        HirKind::Alternation(branches) => {
            let walked: Vec<Walked> = branches.iter().map(walk).collect();
            let exact = walked
                .iter()
                .map(|branch| branch.exact.clone())
                .collect::<Option<Vec<_>>>()
                .map(|sets| sets.concat());
            let union =
                walked.into_iter().map(|branch| best(branch.best, branch.exact)).collect::<Option<Vec<_>>>();
            Walked { exact: exact.and_then(few), best: union.map(|sets| sets.concat()).and_then(few) }
        }
        HirKind::Concat(parts) => concat(parts),
    }
}

/// Joins neighbouring parts whose matches are all known; each run of them is a candidate.
///
/// A repetition of known words joins on both sides: `[0-9]+%` demands one of `0%` to `9%`.
fn concat(parts: &[Hir]) -> Walked {
    let mut run = vec![String::new()];
    let mut all_exact = true;
    let mut found: Option<Vec<String>> = None;
    for part in parts {
        let walked = walk(part);
        found = best(found, walked.best);
        if let Some(exact) = walked.exact {
            match join(&run, &exact) {
                Some(joined) => run = joined,
                None => {
                    all_exact = false;
                    found = best(found, Some(std::mem::replace(&mut run, exact)));
                }
            }
            continue;
        }
        all_exact = false;
        let repeated = match part.kind() {
            HirKind::Repetition(repetition) if repetition.min > 0 => walk(&repetition.sub).exact,
            _ => None,
        };
        found = best(found, Some(run.clone()));
        let before = repeated.as_ref().and_then(|words| join(&run, words)).unwrap_or_else(|| run.clone());
        found = best(found, Some(before));
        run = repeated.unwrap_or_else(|| vec![String::new()]);
    }
    if all_exact {
        return Walked { exact: Some(run), best: found };
    }
    Walked { exact: None, best: best(found, Some(run)) }
}

fn join(heads: &[String], tails: &[String]) -> Option<Vec<String>> {
    (heads.len() * tails.len() <= MAX_REQUIRED).then(|| {
        heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect()
    })
}

fn class_members(class: &Class) -> Option<Vec<String>> {
    const MAX_CLASS: u32 = 64;
    let Class::Unicode(class) = class else { return None };
    let size: u32 =
        class.ranges().iter().map(|range| u32::from(range.end()) - u32::from(range.start()) + 1).sum();
    (size <= MAX_CLASS).then(|| {
        class.ranges().iter().flat_map(|range| range.start()..=range.end()).map(String::from).collect()
    })
}

fn few(words: Vec<String>) -> Option<Vec<String>> {
    (words.len() <= MAX_REQUIRED).then_some(words)
}

/// Whether enough texts lack the word to make it worth looking for: one Han character is, a digit is not.
pub(super) fn tells_apart(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|first| !first.is_ascii() || chars.next().is_some())
}

/// What certainly stays of a word when it is normalized alone.
fn kept(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '%' | '‰'))
}

/// The set that rejects more text: words that tell texts apart, then the longer shortest word, then fewer words.
fn best(a: Option<Vec<String>>, b: Option<Vec<String>>) -> Option<Vec<String>> {
    let rank = |words: &Vec<String>| {
        let shortest = words.iter().map(|word| word.chars().count()).min().unwrap_or(0);
        (words.iter().all(|word| tells_apart(kept(word))), shortest.min(2), std::cmp::Reverse(words.len()))
    };
    [b, a].into_iter().flatten().filter(|words| words.iter().all(|word| !word.is_empty())).max_by_key(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_match_contains_a_required_word() {
        for (pattern, expected) in [
            ("保本.{0,6}保息", &["保本"] as &[&str]),
            ("(日|月)(净)?赚", &["日净赚", "日赚", "月净赚", "月赚"]),
            ("投[一二]?万", &["投一万", "投万", "投二万"]),
            ("[01]+万变", &["0万变", "1万变"]),
            ("[01]+[^a]万变", &["万变"]),
            ("(高|超)收益[0-9]{1,3}", &["超收益", "高收益"]),
            ("每天.{0,4}(返|领)", &["每天"]),
            ("0\\.[01]+枚", &["0.0", "0.1"]),
            ("[01]+ ?%", &["0 %", "0%", "1 %", "1%"]),
            ("[01]+u[^a-z]", &["0u", "1u"]),
            ("(日|月)息?[01]+(%|个点)", &["0%", "0个点", "1%", "1个点"]),
            ("[01]{6}", &["0", "1"]),
            (".{3}", &[]),
        ] {
            let mut required = compile(pattern).unwrap().required;
            required.sort();
            assert_eq!(required, expected, "{pattern}");
        }
    }

    #[test]
    fn a_dot_stays_inside_the_sentence() {
        let pattern = compile("保本.{0,6}保息").unwrap().regex;
        assert!(pattern.is_match("保本，而且保息"));
        for text in ["保本。保息", "保本\n保息", "保本！保息", "保本；保息", "保本？保息"]
        {
            assert!(!pattern.is_match(text), "{text}");
        }
        assert!(compile(r"保本\.保息").unwrap().regex.is_match("保本.保息"));
    }

    #[test]
    fn wrong_patterns_are_refused() {
        for pattern in ["保本(", "(保)*", "\\w{500}{500}"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
