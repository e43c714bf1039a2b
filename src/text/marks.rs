//! What stands between two characters: which marks stay and which are dropped.

use super::fold::{is_clause_end, is_han_digit, is_wide};
use super::transform::Bits;

/// A mark or blank between two kept characters; `ch` is `' '` for blanks, symbols and emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub ch: char,
    pub src_start: u32,
    pub src_end: u32,
    /// A blank or line space in the published text, unlike a symbol or emoji.
    pub is_blank: bool,
}

/// Writes the marks of `run` that stay between `left` and `right` to `kept`; the rule depends on nothing else.
///
/// Beside wide characters marks are dropped, between narrow words they stay and blanks become one.
/// Percent signs stay after numbers, currency signs before numbers, a dash between amounts (3万-5万).
/// `+` before a nickname of a way of contact reads 加.
pub(crate) fn resolve(left: Option<char>, run: &[Mark], right: Option<char>, kept: &mut Vec<Mark>) {
    kept.clear();
    let has_number = |ch: char| ch.is_ascii_alphanumeric() || is_han_digit(ch) || is_han_unit(ch);
    let mut rest = run;
    let mut left = left;
    let first = rest.iter().position(|mark| mark.ch != ' ');
    if let Some(at) = first.filter(|at| is_percent(rest[*at].ch) && left.is_some_and(has_number)) {
        kept.push(rest[at]);
        left = Some('%');
        rest = &rest[at + 1..];
    }
    let mut currency = None;
    let last = rest.iter().rposition(|mark| mark.ch != ' ');
    let mut right = right;
    if let Some(at) =
        last.filter(|at| is_currency(rest[*at].ch) && right.is_some_and(|ch| ch.is_ascii_digit()))
    {
        currency = Some(rest[at]);
        right = Some('$');
        rest = &rest[..at];
    }
    keep_rest(left, rest, right, kept);
    kept.extend(currency);
}

fn keep_rest(left: Option<char>, rest: &[Mark], right: Option<char>, kept: &mut Vec<Mark>) {
    let mut marks = rest.iter().filter(|mark| mark.ch != ' ');
    let (Some(right), first) = (right, marks.next()) else { return };
    let is_single = marks.next().is_none();
    let Some(first) = first else {
        if let (Some(left), Some(blank)) = (left, rest.first())
            && is_narrow(left)
            && is_narrow(right)
        {
            let src_end = rest.last().map_or(blank.src_end, |last| last.src_end);
            kept.push(Mark { ch: ' ', src_end, ..*blank });
        }
        return;
    };
    match left {
        Some(left) if is_narrow(left) && is_narrow(right) => {
            let ends_sentence =
                is_single && first.ch == '.' && rest.last().is_some_and(|last| last.ch == ' ');
            if ends_sentence && left.is_alphabetic() && right.is_alphabetic() {
                kept.push(Mark { ch: '。', ..*first });
            } else {
                kept.extend(rest.iter().filter(|mark| mark.ch != ' '));
            }
        }
        Some(left)
            if is_single
                && is_range(first.ch)
                && (right.is_ascii_digit() || right == '$')
                && is_amount_end(left) =>
        {
            kept.push(*first);
        }
        _ if is_single && first.ch == '+' && !left.is_some_and(is_narrow) && is_contact_start(right) => {
            kept.push(Mark { ch: '加', ..*first })
        }
        _ => {}
    }
}

/// Transforms that dropping `run` from between `left` and `right` amounts to; ordinary typing is none.
pub(crate) fn bits_of_dropped(left: Option<char>, run: &[Mark], right: Option<char>) -> Bits {
    let (Some(left), Some(right)) = (left, right) else { return Bits::NONE };
    if is_clause_end(left) || is_clause_end(right) {
        return Bits::NONE;
    }
    let between_wide = is_wide(left) && is_wide(right);
    let of_mark = |mark: &Mark| match mark.ch {
        ' ' if mark.is_blank && !between_wide => Bits::NONE,
        '"' | '\'' | '(' | ')' | '[' | ']' | '<' | '>' | '{' | '}' => Bits::PUNCTUATION,
        _ => Bits::SEPARATOR,
    };
    run.iter().map(of_mark).fold(Bits::NONE, Bits::with)
}

/// Whether `ch` in normalized text is a mark or blank that [`resolve`] kept.
pub(crate) fn is_mark(ch: char) -> bool {
    (ch.is_ascii() && !ch.is_ascii_alphanumeric() && ch != '\n') || matches!(ch, '‰' | '¥' | '€' | '£')
}

fn is_narrow(ch: char) -> bool {
    !is_wide(ch) && !is_clause_end(ch)
}

fn is_percent(ch: char) -> bool {
    matches!(ch, '%' | '‰')
}

fn is_currency(ch: char) -> bool {
    matches!(ch, '¥' | '$' | '€' | '£')
}

fn is_range(ch: char) -> bool {
    matches!(ch, '-' | '~')
}

fn is_han_unit(ch: char) -> bool {
    matches!(
        ch,
        '十' | '百'
            | '千'
            | '万'
            | '亿'
            | '两'
            | '几'
            | '半'
            | '拾'
            | '佰'
            | '仟'
            | '伍'
            | '陆'
            | '柒'
            | '捌'
            | '玖'
            | '肆'
    )
}

fn is_amount_end(ch: char) -> bool {
    is_percent(ch)
        || is_han_unit(ch)
        || is_han_digit(ch)
        || matches!(ch, '元' | '年' | '月' | '日' | '天' | '点' | '倍' | '分' | '厘')
}

/// Characters that names of ways of contact begin with, hidden spellings included.
pub(crate) fn is_contact_start(ch: char) -> bool {
    matches!(ch, 'v' | 'w' | 'q' | '微' | '薇' | '威' | '徽' | '维' | '唯' | '扣' | '企')
}
