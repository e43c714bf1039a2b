//! Numbers that are promises: 年化15%, 月息1分, 每月返300元, 三个月回本, 10倍杠杆.
//!
//! A number alone is no claim: it needs a word of its kind in the same clause, and no word that makes it
//! something else (占比, 同比, 首付 …). Yields are simple interest per year; ranges count with their upper end.

mod masked;
mod number;
mod words;

use std::ops::Range;

use self::number::{Token, Unit};
pub(super) use self::words::gate;
use self::words::{Class, Word};
use crate::domain::claim::{Claim, ClaimKind};

/// Bytes before and after a number in which its words are looked for: some 26 and 14 Chinese characters.
const REACH_BEFORE: usize = 78;
const REACH_AFTER: usize = 42;

/// Bytes between an amount and the time for which it is put in: 十万块放一年.
const STAKE_TIME_BYTES: usize = 9;

/// Clauses after a stake in which a payment belongs to it.
const STAKE_CLAUSES: usize = 3;

/// Reused memory of [`claims`].
#[derive(Debug, Default)]
pub struct ClaimScratch {
    tokens: Vec<Token>,
    words: Vec<Word>,
}

/// Appends the claims of the normalized `text` to `claims`, in the order of their numbers.
pub fn claims(text: &str, scratch: &mut ClaimScratch, claims: &mut Vec<Claim>) {
    let ClaimScratch { tokens, words } = scratch;
    let mut stake: Option<(f64, usize)> = None;
    for (clause_index, clause) in clauses(text).enumerate() {
        tokens.clear();
        let turns = number::tokens(text, clause.clone(), tokens);
        if !turns && tokens.is_empty() {
            continue;
        }
        words.clear();
        words::find(text, clause.clone(), words);
        let reader = Reader { text, clause, tokens, words };
        reader.doublings(claims);
        reader.changes(claims);
        for (index, token) in tokens.iter().copied().enumerate() {
            match token.unit {
                Unit::Percent | Unit::Fen => reader.rate(index, claims),
                Unit::Times | Unit::Doublings => reader.times(index, claims),
                Unit::Ratio => reader.ratio(index, claims),
                Unit::Days => reader.period(index, claims),
                Unit::Yuan => {
                    push(claims, ClaimKind::Amount, token.value, token.start, token.end);
                    match reader.payout(index, claims) {
                        Some(per_year) => implied_yield(token, per_year, stake, clause_index, claims),
                        None if reader.is_stake(index) => stake = Some((token.value, clause_index)),
                        None => {}
                    }
                }
                Unit::None => {
                    if let Some((put_in, per_year)) = reader.for_a_stake(index) {
                        push(claims, ClaimKind::Payout, token.value, token.start, token.end);
                        implied_yield(token, per_year, Some((put_in, clause_index)), clause_index, claims);
                    } else if let Some(per_year) = reader.bare(index, claims) {
                        implied_yield(token, per_year, stake, clause_index, claims);
                    }
                }
            }
        }
    }
}

/// 投1万，每月返300: a payment near a stake is a yield.
fn implied_yield(
    payment: Token,
    per_year: f64,
    stake: Option<(f64, usize)>,
    clause_index: usize,
    claims: &mut Vec<Claim>,
) {
    if let Some((stake, at)) = stake
        && stake > 0.0
        && clause_index - at <= STAKE_CLAUSES
    {
        push(claims, ClaimKind::Yield, payment.value * per_year / stake * 100.0, payment.start, payment.end);
    }
}

/// Clauses of a text: between ，。！？； and line feeds.
fn clauses(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        let mut at = start;
        while let Some(found) = memchr::memchr3(b'\n', 0xE3, 0xEF, &bytes[at..]) {
            at += found;
            let size = match &bytes[at..] {
                [b'\n', ..] => 1,
                // 。 ！ ， ； ？
                [0xE3, 0x80, 0x82, ..] | [0xEF, 0xBC, 0x81 | 0x8C | 0x9B | 0x9F, ..] => 3,
                _ => {
                    at += 1;
                    continue;
                }
            };
            let clause = start..at + size;
            start = clause.end;
            return Some(clause);
        }
        let clause = start..bytes.len();
        start = bytes.len();
        (!clause.is_empty()).then_some(clause)
    })
}

fn push(claims: &mut Vec<Claim>, kind: ClaimKind, value: f64, start: usize, end: usize) {
    if value.is_finite() {
        claims.push(Claim { kind, value, start, end });
    }
}

/// One clause with its numbers and words.
struct Reader<'a> {
    text: &'a str,
    clause: Range<usize>,
    tokens: &'a [Token],
    words: &'a [Word],
}

impl Reader<'_> {
    /// A percentage: yield, rebate or nothing.
    fn rate(&self, index: usize, claims: &mut Vec<Claim>) {
        let token = self.tokens[index];
        let by_word = self.nearest(token, Class::Yield);
        let rebate = self.nearest(token, Class::Rebate);
        let recurrence = self.recurrence(index);
        if let Some(rebate) = rebate
            && by_word.is_none_or(|word| distance(rebate, token) <= distance(word, token))
            && (recurrence.is_none() || !rebate.text.starts_with('返'))
        {
            if token.unit == Unit::Percent && !self.is_other(token, rebate) {
                push(claims, ClaimKind::Rebate, token.value, token.start, token.end);
            }
            return;
        }
        match by_word {
            Some(word) if self.is_other(token, word) || self.is_loan_price(token, word) => return,
            Some(_) => {}
            None => {
                let adjacent = recurrence.as_ref().is_some_and(|found| found.adjacent);
                if !adjacent
                    || self.words.iter().any(|word| word.is(Class::NotYield) && in_reach(word, token))
                {
                    return;
                }
            }
        }
        // 1分 is 1 % a month, 10 % a year; without a period, rural usage means a month.
        let per_year = recurrence.map(|found| found.per_year);
        let percent = match (token.unit, per_year) {
            (Unit::Fen, Some(per_year)) if per_year <= 1.0 => token.value * 10.0 * per_year,
            (Unit::Fen, per_year) => {
                if !by_word.is_some_and(|word| word.text.contains(['息', '利', '返'])) {
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
        if token.unit == Unit::Times
            && (self.ends_near(token.start, 4, Class::Leverage)
                || self.starts_near(token.end, 4, Class::Leverage).is_some())
        {
            push(claims, ClaimKind::Leverage, token.value, token.start, token.end);
            return;
        }
        let before = &self.text[self.clause.start..token.start];
        let turned = before.ends_with('翻') || before.ends_with("翻了");
        if !turned && self.nearest(token, Class::Multiple).is_none() {
            return;
        }
        let factor = if token.unit == Unit::Doublings { token.value.min(30.0).exp2() } else { token.value };
        push(claims, ClaimKind::Multiple, factor, token.start, token.end);
        self.yield_of_factor(factor, token.start, token.end, claims);
    }

    /// `1:10`.
    fn ratio(&self, index: usize, claims: &mut Vec<Claim>) {
        let token = self.tokens[index];
        if token.value > 1.0 && self.words.iter().any(|word| word.is(Class::Leverage)) {
            push(claims, ClaimKind::Leverage, token.value, token.start, token.end);
        }
    }

    /// A bare number counts only as 回报倍数4.93; or as 每月返300, and then gives the payments per year.
    fn bare(&self, index: usize, claims: &mut Vec<Claim>) -> Option<f64> {
        let token = self.tokens[index];
        let before = &self.text[self.clause.start..token.start];
        let last = before.chars().next_back()?;
        if matches!(last, '数' | '为' | '达')
            && before.trim_end_matches(['为', '达', '高']).ends_with("倍数")
            && self.nearest(token, Class::Yield).is_some_and(|word| word.text == "回报")
        {
            push(claims, ClaimKind::Multiple, token.value, token.start, token.end);
        }
        let paid = matches!(
            last,
            '返' | '还' | '现' | '领' | '取' | '分' | '赚' | '入' | '得' | '拿' | '收' | '账' | '益' | '息'
        );
        let ends = self.text[token.end..].chars().next().is_none_or(|c| !c.is_alphanumeric());
        if paid && ends && token.value >= 10.0 { self.payout(index, claims) } else { None }
    }

    /// 10万一月1200, 投1000一天30: a sum, how often, and what it brings; gives the sum and the payments per year.
    fn for_a_stake(&self, index: usize) -> Option<(f64, f64)> {
        let token = self.tokens[index];
        let ends = self.text[token.end..].chars().next().is_none_or(|c| !c.is_alphanumeric());
        let word = self.recurrence_before(token.start).filter(|word| token.start - word.end <= 3)?;
        let put_in = self.tokens[..index].iter().rev().find(|sum| sum.end <= word.start)?;
        let gap = word.start - put_in.end;
        let is_sum = put_in.unit == Unit::Yuan && gap <= 6 || put_in.unit == Unit::None && gap == 0;
        (ends && is_sum && put_in.value >= 100.0 && (10.0..put_in.value).contains(&token.value))
            .then_some((put_in.value, word.value))
    }

    /// 翻倍, 翻番, 翻几倍 without a number.
    fn doublings(&self, claims: &mut Vec<Claim>) {
        for word in self.words.iter().filter(|word| word.is(Class::Doubling)) {
            push(claims, ClaimKind::Multiple, word.value, word.start, word.end);
            let named = || {
                let near = |token: &&Token| {
                    token.unit == Unit::Days && token.end <= word.start && word.start - token.end <= 18
                };
                self.tokens.iter().rev().find(near).map(|token| 365.0 / token.value)
            };
            if let Some(per_year) = self.recurrence_before(word.start).map(|word| word.value).or_else(named) {
                push(claims, ClaimKind::Yield, (word.value - 1.0) * 100.0 * per_year, word.start, word.end);
            }
        }
    }

    /// 5万变50万, 10万变成13万.
    fn changes(&self, claims: &mut Vec<Claim>) {
        for pair in self.tokens.windows(2) {
            let [from, to] = pair else { continue };
            let between = &self.text[from.end..to.start];
            let is_money = from.unit == Unit::Yuan || to.unit == Unit::Yuan;
            if !is_money || between.len() > 18 || !between.contains('变') || from.value <= 0.0 {
                continue;
            }
            let factor = to.value / from.value;
            if factor > 1.0 {
                push(claims, ClaimKind::Multiple, factor, from.start, to.end);
                self.yield_of_factor(factor, from.start, to.end, claims);
            }
        }
    }

    /// A gain over a time named just before is a yield.
    fn yield_of_factor(&self, factor: f64, start: usize, end: usize, claims: &mut Vec<Claim>) {
        let near = |token: &&Token| token.unit == Unit::Days && token.end <= start && start - token.end <= 24;
        if let Some(time) = self.tokens.iter().rev().find(near)
            && time.value > 0.0
        {
            push(claims, ClaimKind::Yield, (factor - 1.0) * 100.0 * 365.0 / time.value, start, end);
        }
    }

    /// A length of time; with 回本 also the yield that pays the stake back in it.
    fn period(&self, index: usize, claims: &mut Vec<Claim>) {
        let token = self.tokens[index];
        push(claims, ClaimKind::Period, token.value, token.start, token.end);
        if token.value > 0.0
            && let Some(word) = self.starts_near(token.end, 6, Class::Payback)
        {
            push(claims, ClaimKind::Yield, 100.0 * 365.0 / token.value, token.start, word.end);
        }
    }

    /// Pays out at intervals: pushes the claim and gives the payments per year.
    fn payout(&self, index: usize, claims: &mut Vec<Claim>) -> Option<f64> {
        let token = self.tokens[index];
        let recurrence =
            self.recurrence_before(token.start).filter(|word| token.start.saturating_sub(word.end) <= 42)?;
        let paid =
            |word: &Word| word.is(Class::Paid) && recurrence.start <= word.start && word.end <= token.start;
        if !self.words.iter().any(paid) && self.starts_near(token.end, 4, Class::Paid).is_none() {
            return None;
        }
        push(claims, ClaimKind::Payout, token.value, token.start, token.end);
        Some(recurrence.value)
    }

    /// Whether the amount is money put in: 投1万, 存入10万, 二百元入资, 每万元; 一万一年给一千三.
    fn is_stake(&self, index: usize) -> bool {
        let token = self.tokens[index];
        let timed = || {
            let time = self
                .tokens
                .get(index + 1)
                .is_some_and(|next| next.unit == Unit::Days && next.start - token.end <= STAKE_TIME_BYTES);
            token.value >= 1000.0
                && (time || self.starts_near(token.end, 2, Class::Recurrence).is_some())
                && self.recurrence_before(token.start).is_none()
        };
        self.text[token.start..].starts_with('每')
            || timed()
            || self.ends_near(token.start, 3, Class::Stake)
            || self.starts_near(token.end, 2, Class::StakeAfter).is_some()
    }

    /// Whether a word that makes the number something else stands between it and `word`, or right before it.
    fn is_other(&self, token: Token, word: &Word) -> bool {
        let between = if word.end <= token.start {
            word.end..token.start
        } else {
            token.end..word.start.max(token.end)
        };
        self.within(&between, Class::NotYield) || self.ends_near(token.start, 2, Class::NotYield)
    }

    /// Whether the rate is what borrowing costs: 利率 beside 贷款; 收益 never is.
    fn is_loan_price(&self, token: Token, word: &Word) -> bool {
        word.is(Class::Interest)
            && self.words.iter().any(|word| word.is(Class::Loan))
            && !self.words.iter().any(|word| word.text == "收益" && in_reach(word, token))
    }

    /// The payments per year that apply to the rate: 年化, 每月, or a named time before it.
    fn recurrence(&self, index: usize) -> Option<Recurrence> {
        let token = self.tokens[index];
        let yearly = |word: &Word| word.text == "年化" && in_reach(word, token);
        let after = || {
            // 12%的年化收益率, 2%一天, 3%/月
            let word = self.starts_near(token.end, 3, Class::Recurrence).map(|word| word.value);
            let slash = [("/天", 365.0), ("/日", 365.0), ("/月", 12.0), ("/年", 1.0), ("/周", 52.0)];
            let rest = &self.text[token.end..];
            let per_year = word.or_else(|| Some(slash.iter().find(|(word, _)| rest.starts_with(word))?.1))?;
            Some(Recurrence { gap: usize::MAX, start: token.end, per_year, adjacent: false })
        };
        let word = self.recurrence_before(token.start).map(|word| {
            let gap = token.start - word.end;
            Recurrence { gap, start: word.start, per_year: word.value, adjacent: gap <= 9 }
        });
        let word = word.or_else(after);
        if word.is_some() && self.words.iter().any(yearly) {
            return word.map(|word| Recurrence { per_year: 1.0, ..word });
        }
        let named = self.tokens[..index].iter().rev().find(|time| time.unit == Unit::Days).and_then(|time| {
            let gap = token.start - time.end;
            let applies =
                gap <= 30 && time.value >= 1.0 && !self.within(&(time.end..token.start), Class::Recurrence);
            let named =
                Recurrence { gap, start: time.start, per_year: 365.0 / time.value, adjacent: gap <= 9 };
            applies.then_some((named, time.end))
        });
        match (word, named) {
            // In 3个月收益 the month belongs to the number, not to 月收益.
            (Some(word), Some((named, end))) if named.gap < word.gap || word.start < end => Some(named),
            (Some(word), _) => Some(word),
            (None, named) => named.map(|(named, _)| named),
        }
    }

    /// The recurrence said last before `at`; the longer where two start together.
    fn recurrence_before(&self, at: usize) -> Option<&Word> {
        self.words
            .iter()
            .filter(|word| word.is(Class::Recurrence) && word.end <= at && word.end + REACH_BEFORE >= at)
            .max_by_key(|word| (word.start, word.end))
    }

    fn nearest(&self, token: Token, class: Class) -> Option<&Word> {
        self.words
            .iter()
            .filter(|word| word.is(class) && in_reach(word, token))
            .min_by_key(|word| distance(word, token))
    }

    fn within(&self, range: &Range<usize>, class: Class) -> bool {
        self.words.iter().any(|word| word.is(class) && range.start <= word.start && word.end <= range.end)
    }

    /// Whether a word of the class ends at most `n_chars` Chinese characters before `at`.
    fn ends_near(&self, at: usize, n_chars: usize, class: Class) -> bool {
        self.words.iter().any(|word| word.is(class) && word.end <= at && at - word.end <= n_chars * 3)
    }

    /// The first word of the class that starts at most `n_chars` Chinese characters after `at`.
    fn starts_near(&self, at: usize, n_chars: usize, class: Class) -> Option<&Word> {
        self.words.iter().find(|word| word.is(class) && word.start >= at && word.start - at <= n_chars * 3)
    }
}

/// How often per year, and where it is said.
#[derive(Debug, Clone, Copy)]
struct Recurrence {
    /// Bytes between it and the number.
    gap: usize,
    start: usize,
    per_year: f64,
    /// Whether nothing but a light word stands between it and the number.
    adjacent: bool,
}

fn in_reach(word: &Word, token: Token) -> bool {
    let before = word.end <= token.start && token.start - word.end <= REACH_BEFORE;
    before || word.start >= token.end && word.start - token.end <= REACH_AFTER
}

/// Bytes between a word and a number.
fn distance(word: &Word, token: Token) -> usize {
    if word.end <= token.start { token.start - word.end } else { word.start.saturating_sub(token.end) }
}

#[cfg(test)]
mod tests;
