//! Digits that senders and collectors of messages hide: `年化xx%`, `月入x万`, `日赚x00元`.

/// What stands for a hidden digit in a normalized text.
const MARK: char = 'x';

/// Whether a number whose first digit is hidden begins at `bytes[at]`; not inside a Latin word.
pub(super) fn begins(bytes: &[u8], at: usize) -> bool {
    let inside = || at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_alphanumeric());
    char::from(bytes[at]) == MARK && !inside()
}

/// The number with hidden digits that `text` starts with, as the least it can be, and its length in bytes: `xx` is
/// 10, `1x` is 10, `x00` is 100. `None` for 1080x720, 3x and x86: a unit or a magnitude must follow.
pub(super) fn least(text: &str) -> Option<(f64, usize)> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | MARK);
    let run = text.split(|c: char| !is_part(c)).next()?.trim_end_matches(['.', ',']);
    let hidden = run.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['.', MARK]);
    let is_hidden = run.contains(MARK) && hidden.chars().all(|c| matches!(c, '0' | '.'));
    if !is_hidden || !text[run.len()..].trim_start_matches(' ').starts_with(begins_unit) {
        return None;
    }
    let least = |(index, c): (usize, char)| match c {
        MARK if index == 0 => '1',
        MARK => '0',
        c => c,
    };
    let value: String = run.chars().enumerate().map(least).collect();
    Some((value.parse().ok()?, run.len()))
}

/// Whether a unit, a magnitude or the other end of a range may begin with this character.
fn begins_unit(c: char) -> bool {
    matches!(
        c,
        '%' | '‰'
            | '万'
            | '千'
            | '百'
            | '元'
            | '块'
            | '天'
            | '个'
            | '年'
            | '月'
            | '周'
            | '倍'
            | '成'
            | '分'
            | '厘'
            | '点'
            | '多'
            | '余'
            | '-'
            | '~'
            | '至'
            | '到'
    )
}
