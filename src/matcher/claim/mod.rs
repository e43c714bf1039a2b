//! Numbers that are promises: 年化15%, 月息1分, 每月返300元, 三个月回本, 10倍杠杆.
//!
//! A number alone is no claim: it needs a word of its kind in the same clause, and no word that makes it
//! something else (占比, 同比, 首付 …). Yields are simple interest per year; ranges count with their upper end.

mod number;
mod words;

use std::ops::Range;

use self::number::{Token, Unit};
pub(super) use self::words::gate;
use crate::domain::claim::{Claim, ClaimKind};

/// Characters before and after a number in which its words are looked for.
const REACH_BEFORE: usize = 26;
const REACH_AFTER: usize = 14;

/// Reused memory of [`claims`].
#[derive(Debug, Default)]
pub struct ClaimScratch {
    tokens: Vec<Token>,
}

/// Appends the claims of the normalized `text` to `claims`, in the order of their numbers.
pub fn claims(text: &str, scratch: &mut ClaimScratch, claims: &mut Vec<Claim>) {
    let mut stake: Option<(f64, usize)> = None;
    let mut clause_index = 0;
    for clause in clauses(text) {
        clause_index += 1;
        scratch.tokens.clear();
        number::tokens(text, clause.clone(), &mut scratch.tokens);
        let reader = Reader { text, clause: clause.clone(), tokens: &scratch.tokens };
        reader.doublings(claims);
        reader.changes(claims);
        for index in 0..scratch.tokens.len() {
            let token = scratch.tokens[index];
            match token.unit {
                Unit::Percent | Unit::Fen => reader.rate(index, claims),
                Unit::Times | Unit::Doublings => reader.times(index, claims),
                Unit::Ratio => reader.ratio(index, claims),
                Unit::Yuan | Unit::None => {
                    let paid = if token.unit == Unit::Yuan {
                        push(claims, ClaimKind::Amount, token.value, token.start, token.end);
                        reader.payout(index, claims)
                    } else {
                        reader.bare(index, claims)
                    };
                    match (paid, stake) {
                        (Some(per_year), Some((stake, at))) if stake > 0.0 && clause_index - at <= 3 => {
                            let percent = token.value * per_year / stake * 100.0;
                            push(claims, ClaimKind::Yield, percent, token.start, token.end);
                        }
                        (None, _) if token.unit == Unit::Yuan && reader.is_stake(index) => {
                            stake = Some((token.value, clause_index))
                        }
                        _ => {}
                    }
                }
                Unit::Days => reader.period(index, claims),
            }
        }
    }
}

/// Clauses of a text: between ，。！？； and line feeds.
fn clauses(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive(['，', '。', '！', '？', '；', '\n']).map(move |clause| {
        let range = start..start + clause.len();
        start = range.end;
        range
    })
}

fn push(claims: &mut Vec<Claim>, kind: ClaimKind, value: f64, start: usize, end: usize) {
    if value.is_finite() {
        claims.push(Claim { kind, value, start, end });
    }
}

/// One clause with its numbers.
struct Reader<'a> {
    text: &'a str,
    clause: Range<usize>,
    tokens: &'a [Token],
}

impl<'a> Reader<'a> {
    /// A percentage: yield, rebate or nothing.
    fn rate(&self, index: usize, claims: &mut Vec<Claim>) {
        let token = self.tokens[index];
        let before = self.before(token.start);
        let after = self.after(token.end);
        let by_word = nearest(before, after, words::YIELD);
        let rebate = nearest(before, after, words::REBATE);
        let recurrence = self.recurrence(index);
        if let Some(rebate) = &rebate
            && by_word.as_ref().is_none_or(|word| rebate.distance <= word.distance)
            && (recurrence.is_none() || !rebate.word.starts_with('返'))
        {
            if token.unit == Unit::Percent && !self.is_other(before, after, rebate) {
                push(claims, ClaimKind::Rebate, token.value, token.start, token.end);
            }
            return;
        }
        let adjacent = recurrence.as_ref().is_some_and(|found| found.adjacent);
        let word = match by_word {
            Some(word) if !self.is_other(before, after, &word) => Some(word),
            None if adjacent
                && !words::NOT_YIELD.iter().any(|word| before.contains(word) || after.contains(word)) =>
            {
                None
            }
            _ => return,
        };
        if let Some(word) = &word
            && words::INTEREST.contains(&word.word)
            && !before.contains("收益")
            && words::LOAN.iter().any(|loan| self.text[self.clause.clone()].contains(loan))
        {
            return;
        }
        // 1分 is 1 % a month, 10 % a year; without a period, rural usage means a month.
        let per_year = recurrence.map(|found| found.per_year);
        let percent = match (token.unit, per_year) {
            (Unit::Fen, Some(per_year)) if per_year <= 1.0 => token.value * 10.0 * per_year,
            (Unit::Fen, per_year) => {
                let interest = word.as_ref().is_some_and(|word| word.word.contains(['息', '利', '返']));
                if !interest {
                    return;
                }
                token.value * per_year.unwrap_or(12.0)
            }
            (_, per_year) => token.value * per_year.unwrap_or(1.0),
        };
        push(claims, ClaimKind::Yield, percent, token.start, token.end);
    }

    /// N倍, N番.
    fn times(&self, index: usize, claims: &mut Vec<Claim>) {
        let token = self.tokens[index];
        let before = self.before(token.start);
        let after = self.after(token.end);
        if token.unit == Unit::Times
            && (after.starts_with("杠杆")
                || words::LEVERAGE
                    .iter()
                    .any(|word| ends_near(before, word, 4) || starts_near(after, word, 4)))
        {
            push(claims, ClaimKind::Leverage, token.value, token.start, token.end);
            return;
        }
        let turned = before.ends_with('翻') || before.ends_with("翻了");
        if !turned && nearest(before, after, words::MULTIPLE).is_none() {
            return;
        }
        let factor = if token.unit == Unit::Doublings { token.value.min(30.0).exp2() } else { token.value };
        push(claims, ClaimKind::Multiple, factor, token.start, token.end);
        self.yield_of_factor(index, factor - 1.0, token.start, token.end, claims);
    }

    /// `1:10`.
    fn ratio(&self, index: usize, claims: &mut Vec<Claim>) {
        let token = self.tokens[index];
        let clause = &self.text[self.clause.clone()];
        if token.value > 1.0 && words::LEVERAGE.iter().any(|word| clause.contains(word)) {
            push(claims, ClaimKind::Leverage, token.value, token.start, token.end);
        }
    }

    /// A bare number counts only as 回报倍数4.93; or as 每月返300, and then gives the payments per year.
    fn bare(&self, index: usize, claims: &mut Vec<Claim>) -> Option<f64> {
        let token = self.tokens[index];
        let before = self.before(token.start);
        if before.contains("回报")
            && ["倍数", "倍数为", "倍数达", "倍数高达"].iter().any(|word| before.ends_with(word))
        {
            push(claims, ClaimKind::Multiple, token.value, token.start, token.end);
        }
        let paid = [
            "返", "返还", "返现", "领", "领取", "分", "赚", "入", "得", "拿", "收", "进账", "到账", "收益",
            "利息",
        ];
        let ends = self.after(token.end).chars().next().is_none_or(|c| !c.is_alphanumeric());
        let is_sum = token.value >= 10.0 && ends && paid.iter().any(|word| before.ends_with(word));
        if is_sum { self.payout(index, claims) } else { None }
    }

    /// 翻倍, 翻番, 翻几倍 and 成倍 without a number.
    fn doublings(&self, claims: &mut Vec<Claim>) {
        let clause = &self.text[self.clause.clone()];
        for (word, factor) in
            [("翻倍", 2.0), ("翻番", 2.0), ("翻了倍", 2.0), ("翻几番", 4.0), ("翻几倍", 2.0)]
        {
            let Some(at) = clause.find(word) else { continue };
            let (start, end) = (self.clause.start + at, self.clause.start + at + word.len());
            push(claims, ClaimKind::Multiple, factor, start, end);
            let per_year = recurrence_in(self.before(start)).map(|found| found.per_year).or_else(|| {
                self.tokens
                    .iter()
                    .rev()
                    .find(|token| token.unit == Unit::Days && token.end <= start && start - token.end <= 18)
                    .map(|token| 365.0 / token.value)
            });
            if let Some(per_year) = per_year {
                push(claims, ClaimKind::Yield, (factor - 1.0) * 100.0 * per_year, start, end);
            }
        }
    }

    /// 5万变50万, 10万变成13万.
    fn changes(&self, claims: &mut Vec<Claim>) {
        for (index, pair) in self.tokens.windows(2).enumerate() {
            let [from, to] = pair else { continue };
            let between = &self.text[from.end..to.start];
            let changes = between.contains('变') && between.chars().count() <= 6;
            if !changes || from.unit != Unit::Yuan && to.unit != Unit::Yuan || from.value <= 0.0 {
                continue;
            }
            let factor = to.value / from.value;
            if factor > 1.0 {
                push(claims, ClaimKind::Multiple, factor, from.start, to.end);
                self.yield_of_factor(index, factor - 1.0, from.start, to.end, claims);
            }
        }
    }

    /// A gain over a named time is a yield.
    fn yield_of_factor(&self, index: usize, gain: f64, start: usize, end: usize, claims: &mut Vec<Claim>) {
        let nearby = |token: &&Token| {
            token.unit == Unit::Days && self.text[token.end.min(start)..start].chars().count() <= 8
        };
        let days = self.tokens[..index].iter().rev().find(nearby).map(|token| token.value);
        let per_year = days.filter(|days| *days > 0.0).map(|days| 365.0 / days);
        if let Some(per_year) = per_year {
            push(claims, ClaimKind::Yield, gain * 100.0 * per_year, start, end);
        }
    }

    /// A length of time; with 回本 also the yield that pays the stake back in it.
    fn period(&self, index: usize, claims: &mut Vec<Claim>) {
        let token = self.tokens[index];
        push(claims, ClaimKind::Period, token.value, token.start, token.end);
        let after = self.after(token.end);
        if token.value > 0.0
            && let Some(word) =
                ["回本", "收回成本", "收回本金", "收回投资", "收回全部投资", "收回全部本金", "翻本", "赚回"]
                    .iter()
                    .find(|word| starts_near(after, word, 6))
        {
            let end = token.end + after.find(word).unwrap_or(0) + word.len();
            push(claims, ClaimKind::Yield, 100.0 * 365.0 / token.value, token.start, end);
        }
    }

    /// Pays out at intervals: pushes the claim and gives the payments per year.
    fn payout(&self, index: usize, claims: &mut Vec<Claim>) -> Option<f64> {
        let token = self.tokens[index];
        let before = self.before(token.start);
        let found = recurrence_in(before)?;
        if found.chars_from_end > 14
            || !words::PAID
                .iter()
                .any(|word| before[found.at..].contains(word) || starts_near(self.after(token.end), word, 4))
        {
            return None;
        }
        push(claims, ClaimKind::Payout, token.value, token.start, token.end);
        Some(found.per_year)
    }

    /// Whether the amount is money put in: 投1万, 存入10万, 二百元入资.
    fn is_stake(&self, index: usize) -> bool {
        let token = self.tokens[index];
        let before = self.before(token.start);
        let after = self.after(token.end);
        words::STAKE.iter().any(|word| ends_near(before, word, 3))
            || [
                "入资", "入金", "入股", "起投", "投资", "认购", "本金", "加盟", "存款", "一份", "一台",
                "一只", "一头", "一股", "一单",
            ]
            .iter()
            .any(|word| starts_near(after, word, 2))
    }

    /// Whether a word that makes the number something else stands between it and `word`, or right beside it.
    fn is_other(&self, before: &str, after: &str, word: &Found) -> bool {
        let between = if word.before { &before[word.at..] } else { &after[..word.at] };
        words::NOT_YIELD.iter().any(|other| between.contains(other) || ends_near(before, other, 2))
    }

    /// The payments per year that apply to the rate: 年化, 每月, or a named time before it.
    fn recurrence(&self, index: usize) -> Option<Recurrence> {
        let token = self.tokens[index];
        let before = self.before(token.start);
        let word = recurrence_in(before).or_else(|| {
            let after = self.after(token.end);
            // 12%的年化收益率, 2%一天, 3%/月
            words::RECURRENCE
                .iter()
                .filter(|(word, _)| starts_near(after, word, 3))
                .map(|(_, per_year)| Recurrence {
                    at: 0,
                    chars_from_end: 99,
                    per_year: *per_year,
                    adjacent: false,
                })
                .next()
                .or_else(|| {
                    let per_year =
                        [("/天", 365.0), ("/日", 365.0), ("/月", 12.0), ("/年", 1.0), ("/周", 52.0)]
                            .iter()
                            .find(|(word, _)| after.starts_with(word))?
                            .1;
                    Some(Recurrence { at: 0, chars_from_end: 0, per_year, adjacent: false })
                })
        });
        if word.as_ref().is_some_and(|found| {
            before[found.at..].starts_with("年化") || self.after(token.end).contains("年化")
        }) {
            return Some(Recurrence { per_year: 1.0, ..word? });
        }
        let named = self.tokens[..index].iter().rev().find(|time| time.unit == Unit::Days).and_then(|time| {
            let between = &self.text[time.end..token.start];
            let gap = between.chars().count();
            let own =
                ["年化", "年利", "年息", "年收益", "年回报", "月息", "日息", "每月", "每天", "每年", "每日"];
            (gap <= 10 && time.value >= 1.0 && !own.iter().any(|word| between.contains(word))).then(|| {
                let per_year = 365.0 / time.value;
                (Recurrence { at: 0, chars_from_end: gap, per_year, adjacent: gap <= 3 }, time.end)
            })
        });
        // In 3个月收益 the month belongs to the number, not to 月收益.
        let word_start = |found: &Recurrence| token.start - before.len() + found.at;
        match (word, named) {
            (Some(word), Some((named, end)))
                if named.chars_from_end < word.chars_from_end || word_start(&word) < end =>
            {
                Some(named)
            }
            (Some(word), _) => Some(word),
            (None, named) => named.map(|(named, _)| named),
        }
    }

    fn before(&self, at: usize) -> &'a str {
        let slice = &self.text[self.clause.start..at];
        let start = slice.char_indices().rev().nth(REACH_BEFORE - 1).map_or(0, |(start, _)| start);
        &slice[start..]
    }

    fn after(&self, at: usize) -> &'a str {
        let slice = &self.text[at..self.clause.end];
        let end = slice.char_indices().nth(REACH_AFTER).map_or(slice.len(), |(end, _)| end);
        &slice[..end]
    }
}

/// A word near a number.
struct Found {
    word: &'static str,
    /// Whether it stands before the number.
    before: bool,
    /// Byte offset in the slice before or after the number: of its end before, of its start after.
    at: usize,
    /// Bytes between it and the number.
    distance: usize,
}

fn nearest(before: &str, after: &str, words: &[&'static str]) -> Option<Found> {
    words
        .iter()
        .flat_map(|word| {
            let left = before.rfind(word).map(|at| {
                let end = at + word.len();
                Found { word, before: true, at: end, distance: before.len() - end }
            });
            let right = after.find(word).map(|at| Found { word, before: false, at, distance: at });
            left.into_iter().chain(right)
        })
        .min_by_key(|found| found.distance)
}

/// How often per year, and where it is said.
struct Recurrence {
    /// Byte offset in the slice before the number.
    at: usize,
    /// Characters between its end and the number.
    chars_from_end: usize,
    per_year: f64,
    /// Whether nothing but a light word stands between it and the number.
    adjacent: bool,
}

/// The recurrence said last in `before`.
fn recurrence_in(before: &str) -> Option<Recurrence> {
    let (at, word, per_year) = words::RECURRENCE
        .iter()
        .filter_map(|(word, per_year)| Some((before.rfind(word)?, *word, *per_year)))
        .max_by_key(|(at, word, _)| (*at, word.len()))?;
    let gap = before[at + word.len()..].chars().count();
    Some(Recurrence { at, chars_from_end: gap, per_year, adjacent: gap <= 3 })
}

/// Whether `word` ends at most `n_chars` before the end of `text`.
fn ends_near(text: &str, word: &str, n_chars: usize) -> bool {
    text.rfind(word).is_some_and(|at| text[at + word.len()..].chars().count() <= n_chars)
}

/// Whether `word` starts at most `n_chars` after the start of `text`.
fn starts_near(text: &str, word: &str, n_chars: usize) -> bool {
    text.find(word).is_some_and(|at| text[..at].chars().count() <= n_chars)
}

#[cfg(test)]
mod tests;
