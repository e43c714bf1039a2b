//! Digits in a text, however they are written: apart, as words, as letters that look like them, partly hidden.

use super::sheet::Sheet;

/// How a digit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// `0` to `9`.
    Plain,
    /// 一, 幺, 洞.
    Word,
    /// `o`, `l`, `i`.
    Letter,
    /// `*`, `x`: not said.
    Hidden,
}

/// One digit; places are bytes of the normalized text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digit {
    /// `0` to `9`, or `*`.
    pub ch: char,
    pub start: usize,
    pub end: usize,
    pub script: Script,
}

/// Digits without anything between them.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub digits: Vec<Digit>,
    /// What stands between the chunk before and this one is more than a blank or dash.
    pub is_far: bool,
}

impl Chunk {
    pub fn len(&self) -> usize {
        self.digits.len()
    }

    pub fn start(&self) -> usize {
        self.digits.first().map_or(0, |digit| digit.start)
    }

    pub fn end(&self) -> usize {
        self.digits.last().map_or(0, |digit| digit.end)
    }
}

/// Digits of some chunks that follow each other.
pub(super) fn digits_of(chunks: &[Chunk]) -> String {
    chunks.iter().flat_map(|chunk| &chunk.digits).map(|digit| digit.ch).collect()
}

/// Chunks that may belong to one number.
pub(super) type Run = Vec<Chunk>;

/// Words of a letter or two in front of a number that do not make it part of a name.
const GLUED_BEFORE: [&str; 17] = [
    "tel", "t", "phone", "v", "w", "q", "qq", "mobile", "m", "mob", "call", "wx", "vx", "dh", "tg", "sj",
    "ph",
];
/// The same behind one.
const GLUED_BEHIND: [&str; 6] = ["v", "w", "q", "vx", "wx", "wei"];

/// Marks between two digits of one number.
const MARKS: &str = " -._/~=|()[]+";
/// Marks that usually end a number and are used to hide one.
const FAR_MARKS: &str = "，、。：:,*#";

/// Every run of digits that nobody has claimed.
pub(super) fn runs(sheet: &Sheet<'_>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut last_end = None;
    for digit in digits(sheet) {
        let gap = last_end.map(|end: usize| &sheet.text()[end..digit.start]);
        let is_far = gap.is_some_and(|gap| gap.contains(|c| FAR_MARKS.contains(c)));
        match (gap, runs.last_mut()) {
            (Some(""), Some(run)) => match run.last_mut() {
                Some(chunk) => chunk.digits.push(digit),
                None => run.push(Chunk { digits: vec![digit], is_far: false }),
            },
            (Some(gap), Some(run)) if is_gap(gap) => run.push(Chunk { digits: vec![digit], is_far }),
            _ => runs.push(vec![Chunk { digits: vec![digit], is_far: false }]),
        }
        last_end = Some(digit.end);
    }
    runs
}

fn is_gap(gap: &str) -> bool {
    gap.chars().count() <= 3
        && gap.chars().all(|c| MARKS.contains(c) || FAR_MARKS.contains(c))
        && gap.chars().filter(|c| FAR_MARKS.contains(*c)).count() <= 1
}

fn digits(sheet: &Sheet<'_>) -> Vec<Digit> {
    let text = sheet.text();
    let mut digits = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let end = at + c.len_utf8();
        if c.is_ascii_alphanumeric() || c == '*' {
            let word_end = text[at..]
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '*'))
                .map_or(text.len(), |len| at + len);
            if sheet.is_free(at, word_end) {
                let is_between = digits.last().is_some_and(|last: &Digit| last.end + 1 >= at);
                in_word(&text[at..word_end], at, is_between, &mut digits);
            }
            at = word_end;
            continue;
        }
        if let Some(ch) = word_digit(c)
            && sheet.is_free(at, end)
        {
            digits.push(Digit { ch, start: at, end, script: Script::Word });
        }
        at = end;
    }
    digits
}

/// 零 to 九 and what soldiers and cheques say instead.
fn word_digit(c: char) -> Option<char> {
    Some(match c {
        '零' | '洞' => '0',
        '一' | '幺' => '1',
        '二' => '2',
        '三' => '3',
        '四' | '肆' => '4',
        '五' | '伍' => '5',
        '六' | '陆' => '6',
        '七' | '柒' | '拐' => '7',
        '八' | '捌' => '8',
        '九' | '玖' | '勾' => '9',
        _ => return None,
    })
}

/// Digits of a word of letters, digits and stars. `is_between`: digits stand directly in front of it.
fn in_word(word: &str, at: usize, is_between: bool, digits: &mut Vec<Digit>) {
    let n_digits = word.chars().filter(char::is_ascii_digit).count();
    let n_hidden = word.chars().filter(|c| matches!(c, '*' | 'x')).count();
    let push = |digits: &mut Vec<Digit>, from: usize, to: usize, read: &dyn Fn(char) -> (char, Script)| {
        for (offset, c) in word[from..to].char_indices() {
            let (ch, script) = read(c);
            let start = at + from + offset;
            digits.push(Digit { ch, start, end: start + 1, script });
        }
    };
    let plain = |c: char| (c, Script::Plain);
    if n_digits == word.len() {
        return push(digits, 0, word.len(), &plain);
    }
    let is_hidden_part = n_digits + n_hidden == word.len() && (3..=6).contains(&n_hidden);
    if is_hidden_part && (n_digits >= 2 || is_between) && word.len() <= 13 {
        return push(digits, 0, word.len(), &|c| match c {
            '*' | 'x' => ('*', Script::Hidden),
            _ => plain(c),
        });
    }
    let as_letter = |c: char| match c {
        'o' => Some('0'),
        'l' | 'i' => Some('1'),
        _ => None,
    };
    if n_digits >= 4 && word.len() >= 7 && word.chars().all(|c| c.is_ascii_digit() || as_letter(c).is_some())
    {
        return push(digits, 0, word.len(), &|c| {
            as_letter(c).map_or((c, Script::Plain), |ch| (ch, Script::Letter))
        });
    }
    let is_digit = |c: char| c.is_ascii_digit();
    let Some(from) = word.find(is_digit) else { return };
    let to = word[from..].find(|c| !is_digit(c)).map_or(word.len(), |len| from + len);
    let is_glued_before = from == 0 || GLUED_BEFORE.contains(&&word[..from]);
    let is_glued_behind = to == word.len() || GLUED_BEHIND.contains(&&word[to..]);
    if is_glued_before && is_glued_behind {
        push(digits, from, to, &plain);
    }
}
