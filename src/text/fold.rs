//! What one character becomes, whatever stands around it: one table over code points.

use super::tables::Tables;
use super::transform::Bits;
use std::collections::HashMap;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// How the pass treats a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    /// Wide character (Han, kana, hangul, clause end in its canonical form) that stays.
    Plain,
    /// Narrow letter that stays.
    Letter,
    /// ASCII digit.
    Digit,
    /// Becomes one or more other characters: payload is an index into the folds.
    Fold,
    /// Vanishes everywhere.
    Invisible,
    /// Belongs to the character before it and vanishes.
    Combining,
    /// May stand inside a word: payload is the canonical mark, a blank for everything that is not ASCII.
    Mark,
    /// Ends a clause and is not written so: payload is the canonical form.
    Clause,
    /// ASCII comma: a clause end unless it groups digits.
    Comma,
    /// Carriage return: part of a line feed after it.
    Return,
    /// ○, a zero between Chinese digits and a symbol elsewhere.
    Circle,
}

/// Class and payload of one code point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry(u32);

impl Entry {
    /// By number; a power of two, so that indexing needs no check.
    const CLASSES: [Class; 16] = [
        Class::Plain,
        Class::Letter,
        Class::Digit,
        Class::Fold,
        Class::Invisible,
        Class::Combining,
        Class::Mark,
        Class::Clause,
        Class::Comma,
        Class::Return,
        Class::Circle,
        Class::Plain,
        Class::Plain,
        Class::Plain,
        Class::Plain,
        Class::Plain,
    ];
    /// A wide character that stays.
    pub const PLAIN: Self = Self(Class::Plain as u32);

    fn new(class: Class, payload: u32) -> Self {
        Self(payload << 4 | class as u32)
    }

    #[inline]
    pub fn class(self) -> Class {
        Self::CLASSES[(self.0 & 15) as usize]
    }

    pub fn payload(self) -> u32 {
        self.0 >> 4
    }

    /// The canonical character of a mark or clause end.
    pub fn canonical(self) -> char {
        char::from_u32(self.payload()).unwrap_or(' ')
    }
}

/// What a character becomes, and through which transforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folded {
    pub text: Box<[char]>,
    pub bits: Bits,
}

/// The table over code points: the basic plane directly, the rest by exception.
#[derive(Debug)]
pub(crate) struct Fold {
    basic: Box<[Entry]>,
    astral: HashMap<u32, Entry>,
    folds: Vec<Folded>,
}

/// Where characters outside the basic plane change: letters and digits in other forms, CJK compatibility forms.
const ASTRAL: [std::ops::Range<u32>; 4] =
    [0x1D400..0x1D800, 0x1F100..0x1F260, 0x1FBF0..0x1FBFA, 0x2F800..0x2FA20];

impl Fold {
    pub fn new(tables: &Tables) -> Self {
        let singles = Singles::new(tables);
        let mut fold =
            Self { basic: vec![Entry::PLAIN; 0x10000].into(), astral: HashMap::new(), folds: Vec::new() };
        for code in 0..0x10000u32 {
            if let Some(ch) = char::from_u32(code) {
                fold.basic[code as usize] = fold.entry_of(ch, &singles);
            }
        }
        for code in ASTRAL.into_iter().flatten() {
            if let Some(ch) = char::from_u32(code) {
                let entry = fold.entry_of(ch, &singles);
                fold.astral.insert(code, entry);
            }
        }
        fold
    }

    /// Class and payload of a code point.
    #[inline]
    pub fn get(&self, code: u32) -> Entry {
        match self.basic.get(code as usize) {
            Some(entry) => *entry,
            None => self.get_astral(code),
        }
    }

    #[cold]
    fn get_astral(&self, code: u32) -> Entry {
        match self.astral.get(&code) {
            Some(entry) => *entry,
            None => char::from_u32(code)
                .map_or(Entry::new(Class::Mark, ' ' as u32), |ch| Entry::new(class_of(ch).0, ' ' as u32)),
        }
    }

    /// What an entry of class [`Class::Fold`] becomes.
    pub fn folded(&self, entry: Entry) -> &Folded {
        &self.folds[entry.payload() as usize]
    }

    /// `text` with every character folded on its own; marks and invisible characters are dropped.
    pub fn fold_text(&self, text: &str) -> String {
        let mut out = String::new();
        for ch in text.chars() {
            let entry = self.get(ch as u32);
            match entry.class() {
                Class::Plain | Class::Letter | Class::Digit => out.push(ch),
                Class::Fold => out.extend(self.folded(entry).text.iter()),
                _ => {}
            }
        }
        out
    }

    fn entry_of(&mut self, ch: char, singles: &Singles) -> Entry {
        let (class, payload) = class_of(ch);
        if !matches!(class, Class::Plain | Class::Letter | Class::Digit) && !singles.map.contains_key(&ch) {
            return match compatible(ch) {
                // ㈱, ⑴ and ℃ are symbols by class and words by meaning.
                Some(_) if class == Class::Mark && payload == u32::from(' ') => {
                    self.folding(ch, singles, class, payload)
                }
                _ => Entry::new(class, payload),
            };
        }
        self.folding(ch, singles, class, payload)
    }

    fn folding(&mut self, ch: char, singles: &Singles, class: Class, payload: u32) -> Entry {
        let folded = singles.fold(ch);
        if folded.text.is_empty() || *folded.text == [ch] {
            return Entry::new(class, payload);
        }
        self.folds.push(folded);
        Entry::new(Class::Fold, self.folds.len() as u32 - 1)
    }
}

/// Whether `ch` belongs to a script written without blanks between words.
pub(crate) fn is_wide(ch: char) -> bool {
    ch as u32 >= 0x2E80
}

/// Whether `ch` is a clause end in its canonical form, or a line feed.
pub(crate) fn is_clause_end(ch: char) -> bool {
    matches!(ch, '，' | '。' | '！' | '？' | '；' | '：' | '、' | '\n')
}

/// Whether `ch` is a narrow letter.
pub(crate) fn is_letter(ch: char) -> bool {
    ch.is_ascii_lowercase() || (!ch.is_ascii() && !is_wide(ch) && ch.is_alphanumeric())
}

/// Whether `ch` is a Chinese digit, in the form that normalizing leaves.
pub(crate) fn is_han_digit(ch: char) -> bool {
    matches!(ch, '零' | '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九')
}

/// Foldings of single characters that hold everywhere.
struct Singles {
    map: HashMap<char, (char, Bits)>,
}

impl Singles {
    fn new(tables: &Tables) -> Self {
        let mut map = HashMap::new();
        let tables_in_order = [
            (&tables.traditional, Bits::TRADITIONAL),
            (&tables.lookalike_always, Bits::LOOKALIKE),
            (&tables.numeral_always, Bits::NUMERAL),
        ];
        for (pairs, bits) in tables_in_order {
            map.extend(pairs.iter().map(|(from, to)| (*from, (*to, bits))));
        }
        Self { map }
    }

    /// Compatibility form, case, then the tables, until nothing changes.
    fn fold(&self, ch: char) -> Folded {
        let mut bits = Bits::NONE;
        let mut text: Vec<char> = match self.map.get(&ch) {
            Some((to, with)) => {
                bits = bits.with(*with);
                vec![*to]
            }
            None => vec![ch],
        };
        if let Some((parts, with)) = text.first().and_then(|first| compatible(*first)) {
            bits = bits.with(with);
            text = parts;
        }
        let mut out = Vec::with_capacity(text.len());
        for part in text {
            for lower in part.to_lowercase().filter(|lower| !is_combining_mark(*lower)) {
                let changed = if lower == part { Bits::NONE } else { Bits::CASE };
                let (lower, with) = self.map.get(&lower).copied().unwrap_or((lower, Bits::NONE));
                bits = bits.with(changed).with(with);
                out.push(lower);
            }
        }
        let is_core = |ch: &char| ch.is_alphanumeric();
        while out.last().is_some_and(|last| !is_core(last)) {
            out.pop();
        }
        let start = out.iter().position(is_core).unwrap_or(out.len());
        Folded { text: out.split_off(start).into(), bits }
    }
}

/// The compatibility form without combining marks, when it differs.
fn compatible(ch: char) -> Option<(Vec<char>, Bits)> {
    if ch.is_ascii() || is_settled(ch) {
        return None;
    }
    // Digits and letters in dingbats and negative circles have no decomposition.
    let code = ch as u32;
    let special = match code {
        0x2776..=0x2793 => Some(((code - 0x2776) % 10 + 1).to_string()),
        0x24F5..=0x24FE => Some((code - 0x24F5 + 1).to_string()),
        0x24EB..=0x24F4 => Some((code - 0x24EB + 11).to_string()),
        0x24FF | 0x1F10B | 0x1F10C => Some("0".to_owned()),
        0x1F150..=0x1F169 => char::from_u32(code - 0x1F150 + 0x61).map(String::from),
        0x1F170..=0x1F189 => char::from_u32(code - 0x1F170 + 0x61).map(String::from),
        _ => None,
    };
    if let Some(text) = special {
        let bits =
            if text.starts_with(|first: char| first.is_ascii_digit()) { Bits::NUMERAL } else { Bits::WIDTH };
        return Some((text.chars().collect(), bits));
    }
    let parts: Vec<char> =
        std::iter::once(ch).nfkd().filter(|part| !is_combining_mark(*part)).map(plain_slash).collect();
    if parts.is_empty() || parts == [ch] {
        return None;
    }
    let is_canonical = std::iter::once(ch).nfd().next() != Some(ch);
    let is_full_width = matches!(code, 0xFF00..=0xFFEF);
    let bits = match (is_canonical && !is_wide(ch), is_full_width, parts.iter().any(char::is_ascii_digit)) {
        (true, _, _) => Bits::COMBINING,
        (_, false, true) => Bits::NUMERAL,
        _ => Bits::WIDTH,
    };
    Some((parts, bits))
}

/// ½ decomposes with a slash of its own.
fn plain_slash(ch: char) -> char {
    if ch == '\u{2044}' { '/' } else { ch }
}

/// Characters that have no compatibility form, or none that helps: unified Han, kana, hangul, private use.
fn is_settled(ch: char) -> bool {
    matches!(ch as u32, 0x3040..=0x30FF | 0x3130..=0x318F | 0x3400..=0x9FFF | 0xA000..=0xD7FF | 0xE000..=0xF8FF)
}

/// The class of a character that is not folded, and its payload.
fn class_of(ch: char) -> (Class, u32) {
    let mark = |mark: char| (Class::Mark, u32::from(mark));
    let clause = |end: char| match end == ch && is_wide(ch) {
        true => (Class::Plain, 0),
        false => (Class::Clause, u32::from(end)),
    };
    match ch {
        '0'..='9' => (Class::Digit, 0),
        '\r' => (Class::Return, 0),
        ',' => (Class::Comma, 0),
        '○' | '◯' | '⭕' => (Class::Circle, 0),
        '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => clause('\n'),
        '，' | '﹐' | '︐' => clause('，'),
        '。' | '｡' | '︒' => clause('。'),
        '!' | '！' | '︕' | '﹗' | '❗' | '❕' | '‼' | '⁉' => clause('！'),
        '?' | '？' | '︖' | '﹖' | '❓' | '❔' | '⁇' | '⁈' => clause('？'),
        ';' | '；' | '︔' | '﹔' => clause('；'),
        ':' | '：' | '︓' | '﹕' | '︰' | '∶' => clause('：'),
        '、' | '､' | '︑' | '﹑' => clause('、'),
        _ if is_invisible(ch) => (Class::Invisible, 0),
        _ if is_combining_mark(ch) => (Class::Combining, 0),
        _ if ch.is_alphanumeric() && is_wide(ch) => (Class::Plain, 0),
        _ if ch.is_alphanumeric() => (Class::Letter, 0),
        '!'..='~' => mark(ch),
        '‐'..='―' | '−' | '－' | '﹣' | '﹘' | '⁃' => mark('-'),
        '～' | '〜' | '∼' | '˜' | '∽' => mark('~'),
        '“' | '”' | '„' | '‟' | '«' | '»' | '「' | '」' | '『' | '』' | '﹁' | '﹂' | '﹃' | '﹄' | '〝'
        | '〞' | '〟' | '｢' | '｣' | '＂' => mark('"'),
        '‘' | '’' | '‛' | '＇' => mark('\''),
        '（' | '﹙' | '⦅' => mark('('),
        '）' | '﹚' | '⦆' => mark(')'),
        '【' | '〔' | '〖' | '［' | '﹝' | '〘' | '〚' => mark('['),
        '】' | '〕' | '〗' | '］' | '﹞' | '〙' | '〛' => mark(']'),
        '《' | '〈' | '＜' | '‹' => mark('<'),
        '》' | '〉' | '＞' | '›' => mark('>'),
        '×' | '✕' | '✖' | '╳' => mark('*'),
        '➕' | '✚' | '✛' | '✙' => mark('+'),
        '‰' | '¥' | '€' | '£' => mark(ch),
        '￥' => mark('¥'),
        '￡' => mark('£'),
        '％' | '﹪' | '٪' => mark('%'),
        '!'..='～' => {
            let folded = std::iter::once(ch).nfkc().next().filter(char::is_ascii_punctuation);
            mark(folded.unwrap_or(' '))
        }
        _ => mark(' '),
    }
}

/// Zero-width, format and control characters, and the fillers of hangul.
fn is_invisible(ch: char) -> bool {
    let code = ch as u32;
    (ch.is_control() && !ch.is_whitespace())
        || matches!(code, 0xAD | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F)
        || matches!(code, 0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
}
