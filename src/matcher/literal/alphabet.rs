//! From published characters straight to small numbers: all of normalizing that needs one character.

use crate::text::Normalizer;
use crate::text::fold::Class;
use std::collections::HashMap;

/// A character that no literal contains.
pub(super) const OTHER: u16 = 0;
/// Vanishes, or is a mark that may vanish.
pub(super) const SKIP: u16 = 0xFFFF;
/// Becomes several characters.
pub(super) const EXPAND: u16 = 0xFFFE;
/// A clause end, or part of a number.
pub(super) const COMMA: u16 = 0xFFFD;
/// A symbol, or a zero between Chinese digits.
pub(super) const CIRCLE: u16 = 0xFFFC;
/// An opening bracket, which may hold pinyin.
pub(super) const OPEN: u16 = 0xFFFB;
/// A plus sign, which may read 加.
pub(super) const PLUS: u16 = 0xFFFA;
/// From here on: a character that is a literal by itself; the number counts from [`FIRST_ALONE`].
pub(super) const FIRST_ALONE: u16 = 0xF000;
/// Literals of one character beyond this number share the slow way with characters that expand.
const MAX_ALONE: usize = (PLUS - FIRST_ALONE) as usize;

/// One symbol per character, the same for all characters that normalize to the same.
#[derive(Debug)]
pub(super) struct Alphabet {
    /// Values of the basic plane and of the plane with the emoji; others are rare.
    table: Box<[u16]>,
    normalizer: Normalizer,
    symbols: HashMap<char, u16>,
    /// Literals by themselves and their values.
    marked: HashMap<char, u16>,
    /// The symbols behind the values from [`FIRST_ALONE`] on.
    alone: Vec<u16>,
    /// The symbol of ，.
    comma: u16,
}

impl Alphabet {
    /// Symbols for the characters of `used`, with those of `alone` marked as literals by themselves.
    pub fn new(normalizer: &Normalizer, used: impl Iterator<Item = char>, alone: &[char]) -> Self {
        let mut symbols = HashMap::new();
        for ch in used.chain(alone.iter().copied()) {
            let next = symbols.len() as u16 + 1;
            // More characters than Unicode has in use: the rest are found by nobody.
            if next < FIRST_ALONE {
                symbols.entry(ch).or_insert(next);
            }
        }
        let comma = symbols.get(&'，').copied().unwrap_or(OTHER);
        let (table, marked) = (Box::default(), HashMap::new());
        let mut alphabet =
            Self { table, normalizer: normalizer.clone(), symbols, marked, alone: Vec::new(), comma };
        for ch in alone {
            let next = alphabet.alone.len();
            let value = if next < MAX_ALONE { FIRST_ALONE + next as u16 } else { EXPAND };
            if !alphabet.marked.contains_key(ch) {
                alphabet.marked.insert(*ch, value);
                alphabet.alone.push(alphabet.symbol(*ch));
            }
        }
        alphabet.table = (0..0x20000).map(|code| alphabet.value_of(code)).collect();
        alphabet
    }

    /// The value of a code point: a symbol or one of the constants of this module.
    #[inline]
    pub fn value(&self, code: u32) -> u16 {
        match self.table.get(code as usize) {
            Some(value) => *value,
            None => self.value_of(code),
        }
    }

    /// The symbol of a normalized character; [`OTHER`] when no literal contains it.
    pub fn symbol(&self, ch: char) -> u16 {
        self.symbols.get(&ch).copied().unwrap_or(OTHER)
    }

    /// The symbol behind a value that marks a literal by itself.
    pub fn alone(&self, value: u16) -> u16 {
        self.alone.get((value - FIRST_ALONE) as usize).copied().unwrap_or(OTHER)
    }

    /// The symbol of ，.
    pub fn comma(&self) -> u16 {
        self.comma
    }

    #[cold]
    fn value_of(&self, code: u32) -> u16 {
        let fold = self.normalizer.fold();
        let entry = fold.get(code);
        let of = |ch: char| self.marked.get(&ch).copied().unwrap_or_else(|| self.symbol(ch));
        match entry.class() {
            Class::Plain | Class::Letter | Class::Digit => char::from_u32(code).map_or(OTHER, of),
            Class::Fold => match *fold.folded(entry).text {
                [ch] => of(ch),
                ref several if several.iter().any(|ch| self.symbols.contains_key(ch)) => EXPAND,
                _ => OTHER,
            },
            Class::Clause if entry.canonical() == '\n' => OTHER,
            Class::Clause => of(entry.canonical()),
            Class::Comma => COMMA,
            Class::Return => OTHER,
            Class::Circle => CIRCLE,
            Class::Mark if entry.canonical() == '(' => OPEN,
            Class::Mark if entry.canonical() == '+' => PLUS,
            Class::Mark | Class::Invisible | Class::Combining => SKIP,
        }
    }
}
