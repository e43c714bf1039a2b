//! Patterns: regular expressions over normalized text, with the literals that every match must contain.

use std::collections::BTreeSet;

use regex_syntax::ast;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::text::Frequency;
use crate::text::fold::is_clause_end;

/// Largest compiled pattern, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// Largest cache of one pattern on one thread, in bytes: hundreds of patterns run on every thread.
const CACHE_LIMIT: usize = 128 << 10;

/// Most sets of words of one pattern.
const MAX_SETS: usize = 3;

/// Most literals that may stand for one pattern.
const MAX_REQUIRED: usize = 768;

/// What `.` means: anything but the end of a sentence.
const DOT: &str = "[^。！？；\\n]";

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub regex: regex::Regex,
    /// Every match contains a word of each of these sets; the one that rejects most comes first.
    pub required: Vec<Vec<String>>,
    /// Every match contains an ASCII digit.
    pub has_digit: bool,
    /// How it is looked for sentence by sentence; `None` when a match may reach across the end of one.
    pub local: Option<Local>,
}

impl Pattern {
    /// The set of words that rejects most; empty when none is known.
    pub fn best(&self) -> &[String] {
        self.required.first().map(Vec::as_slice).unwrap_or_default()
    }
}

/// Compiles a pattern of a rule file.
///
/// # Errors
/// The message of the regex parser or its size limit, on one line.
pub(super) fn compile(pattern: &str) -> Result<Pattern, String> {
    let text = without_dots(pattern)?;
    let regex = regex::RegexBuilder::new(&text)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(CACHE_LIMIT)
        .build()
        .map_err(|error| last_line(&error.to_string()))?;
    if regex.is_match("") {
        return Err("matches the empty text".to_owned());
    }
    let hir = regex_syntax::parse(&text).map_err(|error| last_line(&error.to_string()))?;
    let (required, has_digit) = required(&hir);
    Ok(Pattern { regex, required, has_digit, local: local(&hir) })
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

/// Sets of words of which every match contains at least one, the best first, and whether it contains a digit.
fn required(hir: &Hir) -> (Vec<Vec<String>>, bool) {
    let walked = walk(hir);
    let mut sets: Vec<Vec<String>> = walked.sets.into_iter().chain(walked.exact).filter_map(useful).collect();
    sets.sort_by_cached_key(|words| std::cmp::Reverse(rank(words)));
    let mut kept: Vec<Vec<String>> = Vec::new();
    for words in sets.into_iter().map(smallest) {
        if kept.len() < MAX_SETS && !kept.iter().any(|rarer| adds_little(&words, rarer)) {
            kept.push(words);
        }
    }
    (kept, walked.has_digit)
}

/// Whether a set says no more than a rarer one, or hardly more at the price of many words: 0升到, 1升到 … beside 升到.
fn adds_little(words: &[String], rarer: &[String]) -> bool {
    const RARE: f32 = 100.0;
    let holds_one = |word: &String| rarer.iter().any(|part| word.contains(part.as_str()));
    words == rarer || frequency(rarer) < RARE && words.iter().all(holds_one)
}

/// The ends of sentences.
const ENDS: [char; 5] = ['。', '！', '？', '；', '\n'];

/// How far the matches of an expression reach, when it can be looked for sentence by sentence. A sentence is read
/// with all that precedes it and nothing of what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Local {
    /// A match may begin with the character before the sentence.
    pub has_lead: bool,
}

/// The matches of an expression that each lie inside one sentence, its end included, but for one character before.
fn local(hir: &Hir) -> Option<Local> {
    match hir.kind() {
        HirKind::Capture(capture) => local(&capture.sub),
        HirKind::Alternation(branches) => {
            let all: Vec<Local> = branches.iter().map(local).collect::<Option<_>>()?;
            Some(Local { has_lead: all.iter().any(|branch| branch.has_lead) })
        }
        HirKind::Concat(parts) => {
            let (first, rest) = parts.split_first()?;
            let has_lead = !is_inside(first) && is_lead(first);
            let rest = if has_lead { rest } else { parts };
            let (last, middle) = rest.split_last()?;
            (middle.iter().all(is_inside) && is_tail(last)).then_some(Local { has_lead })
        }
        _ => is_tail(hir).then_some(Local { has_lead: false }),
    }
}

/// Whether nothing in the expression can be the end of a sentence, or depends on where the text begins and ends.
fn is_inside(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Look(look) => !matches!(
            look,
            Look::Start | Look::End | Look::StartLF | Look::EndLF | Look::StartCRLF | Look::EndCRLF
        ),
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).is_ok_and(|text| !text.contains(ENDS)),
        HirKind::Class(class) => !holds_end(class),
        HirKind::Capture(capture) => is_inside(&capture.sub),
        HirKind::Repetition(repetition) => is_inside(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_inside),
    }
}

/// Whether the expression is the start of the text or one character of a class too large to be among the words that
/// are looked for, or stays inside.
fn is_lead(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Look(Look::Start) => true,
        HirKind::Class(class) => class_members(class).is_none(),
        HirKind::Capture(capture) => is_lead(&capture.sub),
        HirKind::Alternation(branches) => branches.iter().all(|branch| is_lead(branch) || is_inside(branch)),
        _ => false,
    }
}

/// Whether the end of a sentence, or of the text, can only be the last thing in the expression.
fn is_tail(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Look(Look::End) | HirKind::Class(Class::Unicode(_)) => true,
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0)
            .is_ok_and(|text| text.chars().rev().skip(1).all(|ch| !ENDS.contains(&ch))),
        HirKind::Capture(capture) => is_tail(&capture.sub),
        HirKind::Repetition(repetition) if (repetition.min, repetition.max) == (0, Some(1)) => {
            is_tail(&repetition.sub)
        }
        HirKind::Alternation(branches) => branches.iter().all(is_tail),
        HirKind::Concat(parts) => {
            parts.split_last().is_some_and(|(last, before)| before.iter().all(is_inside) && is_tail(last))
        }
        _ => is_inside(hir),
    }
}

fn holds_end(class: &Class) -> bool {
    let Class::Unicode(class) = class else { return true };
    class.ranges().iter().any(|range| ENDS.iter().any(|end| (range.start()..=range.end()).contains(end)))
}

/// Without the words that contain another one.
pub(super) fn smallest(mut words: Vec<String>) -> Vec<String> {
    words.sort_by_key(|word| (word.len(), word.clone()));
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for word in words {
        let ends: Vec<usize> = word.char_indices().map(|(at, ch)| at + ch.len_utf8()).collect();
        let starts = word.char_indices().map(|(at, _)| at);
        let contains = |start: usize| {
            ends.iter().any(|end| word.get(start..*end).is_some_and(|part| kept.contains(part)))
        };
        if !kept.contains("") && !starts.into_iter().any(contains) {
            kept.insert(word);
        }
    }
    kept.into_iter().collect()
}

/// What is known of the matches of one expression.
struct Walked {
    /// All its matches, when they are few.
    exact: Option<Vec<String>>,
    /// Sets of words; each match contains a word of every set.
    sets: Vec<Vec<String>>,
    /// Each match contains an ASCII digit.
    has_digit: bool,
}

impl Walked {
    fn exactly(words: Option<Vec<String>>) -> Self {
        let is_digit = |c: char| c.is_ascii_digit();
        let has_digit = words.as_ref().is_some_and(|words| words.iter().all(|word| word.contains(is_digit)));
        Self { exact: words, sets: Vec::new(), has_digit }
    }

    /// The set that rejects most.
    fn into_best(self) -> Option<Vec<String>> {
        self.sets.into_iter().chain(self.exact).filter_map(useful).max_by_key(|words| rank(words))
    }
}

fn walk(hir: &Hir) -> Walked {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Walked::exactly(Some(vec![String::new()])),
        HirKind::Literal(literal) => {
            Walked::exactly(std::str::from_utf8(&literal.0).ok().map(|text| vec![text.to_owned()]))
        }
        HirKind::Class(class) => Walked::exactly(class_members(class)),
        HirKind::Capture(capture) => walk(&capture.sub),
        HirKind::Repetition(repetition) => {
            let inner = walk(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, Some(1)) => {
                    let mut words = inner.exact;
                    if let Some(words) = &mut words {
                        words.push(String::new());
                    }
                    Walked::exactly(words)
                }
                (0, _) => Walked::exactly(None),
                (1, Some(1)) => inner,
                _ => {
                    let sets = inner.sets.into_iter().chain(inner.exact).collect();
                    Walked { exact: None, sets, has_digit: inner.has_digit }
                }
            }
        }
        HirKind::Alternation(branches) => {
            let walked: Vec<Walked> = branches.iter().map(walk).collect();
            let has_digit = walked.iter().all(|branch| branch.has_digit);
            let exact = walked
                .iter()
                .map(|branch| branch.exact.clone())
                .collect::<Option<Vec<_>>>()
                .map(|sets| sets.concat());
            let union = walked.into_iter().map(Walked::into_best).collect::<Option<Vec<_>>>();
            let union = union.map(|sets| sets.concat()).and_then(few);
            Walked { exact: exact.and_then(few), sets: union.into_iter().collect(), has_digit }
        }
        HirKind::Concat(parts) => concat(parts),
    }
}

/// Joins neighbouring parts whose matches are all known; each run of them is a set.
///
/// A repetition of known words joins on both sides: `[0-9]+%` demands one of `0%` to `9%`.
fn concat(parts: &[Hir]) -> Walked {
    let optional = |part: &Hir| match part.kind() {
        HirKind::Repetition(repetition) if (repetition.min, repetition.max) == (0, Some(1)) => {
            walk(&repetition.sub).exact.is_none().then(|| (*repetition.sub).clone())
        }
        _ => None,
    };
    let mut walked = concat_plainly(parts);
    // What may be left out is read both ways: 每月([0-9]+号)?给 demands 每月给 or 0号, 1号 ….
    if let Some((at, sub)) = parts.iter().enumerate().find_map(|(at, part)| Some((at, optional(part)?))) {
        let without = concat(&[&parts[..at], &parts[at + 1..]].concat());
        let with = concat(&[&parts[..at], &[sub], &parts[at + 1..]].concat());
        walked.has_digit |= without.has_digit && with.has_digit;
        if let (Some(without), Some(with)) = (without.into_best(), with.into_best()) {
            walked.sets.extend(few([without, with].concat()));
        }
    }
    walked
}

fn concat_plainly(parts: &[Hir]) -> Walked {
    let empty = || vec![String::new()];
    // What stands right before the next part, with and without the repetition that begins it.
    let (mut run, mut bare) = (empty(), empty());
    let mut all_exact = true;
    let mut has_digit = false;
    let mut sets: Vec<Vec<String>> = Vec::new();
    for part in parts {
        let walked = walk(part);
        has_digit |= walked.has_digit;
        sets.extend(walked.sets);
        if let Some(exact) = walked.exact {
            for run in [&mut run, &mut bare] {
                match join(run, &exact) {
                    Some(joined) => *run = joined,
                    None => {
                        all_exact = false;
                        sets.push(std::mem::replace(run, exact.clone()));
                    }
                }
            }
            continue;
        }
        all_exact = false;
        let repeated = match part.kind() {
            HirKind::Repetition(repetition) if repetition.min > 0 => walk(&repetition.sub).exact,
            _ => None,
        };
        for run in [&run, &bare] {
            sets.extend(repeated.as_ref().and_then(|words| join(run, words)));
        }
        sets.push(std::mem::replace(&mut run, repeated.unwrap_or_else(empty)));
        sets.push(std::mem::replace(&mut bare, empty()));
    }
    if all_exact {
        return Walked { exact: Some(run), sets, has_digit };
    }
    sets.extend([run, bare]);
    Walked { exact: None, sets, has_digit }
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

/// Whether enough texts lack the word to make it worth looking for: one Han character is, a digit or a comma is not.
pub(super) fn tells_apart(word: &str) -> bool {
    let mut chars = word.chars();
    let first = chars.next();
    let is_single = chars.next().is_none();
    first.is_some_and(|first| if is_single { !first.is_ascii() && !is_clause_end(first) } else { true })
}

/// What certainly stays of a word when it is normalized alone.
fn kept(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '%' | '‰'))
}

/// The words, unless every text holds one of them.
fn useful(words: Vec<String>) -> Option<Vec<String>> {
    (!words.is_empty() && words.iter().all(|word| !word.is_empty())).then_some(words)
}

/// Greater for the set that rejects more text: words that tell texts apart, then rarer words.
fn rank(words: &[String]) -> (bool, std::cmp::Reverse<u64>) {
    let all_tell = words.iter().all(|word| tells_apart(kept(word)));
    (all_tell, std::cmp::Reverse((frequency(words) * 16.0) as u64))
}

fn frequency(words: &[String]) -> f32 {
    Frequency::embedded().per_million(words.iter().map(|word| kept(word)))
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
            ("[01]+万变", &["万变"]),
            ("每月([01]+号)?(返|领)", &["0号", "1号", "每月返", "每月领"]),
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
            required.iter_mut().for_each(|words| words.sort());
            let found = required.iter().any(|words| words == expected);
            assert!(found || required.is_empty() && expected.is_empty(), "{pattern}: {required:?}");
        }
    }

    #[test]
    fn a_pattern_that_needs_a_digit_or_one_sentence_says_so() {
        for (pattern, has_digit, has_lead) in [
            ("保本[0-9]+", true, Some(false)),
            ("保本[0-9]*", false, Some(false)),
            ("(1|2)倍|翻3", true, Some(false)),
            ("(1|两)倍", false, Some(false)),
            ("保本[^，]{0,3}保息", false, None),
            ("保本.{0,3}保息", false, Some(false)),
            ("保本(。|$)", false, Some(false)),
            ("保本[^0-9]", false, Some(false)),
            ("(保本。|保息)好", false, None),
            ("$保本", false, None),
            ("(^|[^不])保本(年|[^年]|$)", false, Some(true)),
            ("[。！]保本", false, None),
            ("不[^不]保本", false, None),
            ("\\bmax", false, Some(false)),
        ] {
            let compiled = compile(pattern).unwrap();
            let lead = compiled.local.map(|local| local.has_lead);
            assert_eq!((compiled.has_digit, lead), (has_digit, has_lead), "{pattern}");
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
