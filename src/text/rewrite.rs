//! Hidden spellings of words: where the transforms apply that need to see more than one character.
//!
//! Every such transform is a list of variant words and what they mean. A variant is undone when its last
//! character is written, so the text written so far never contains one; that makes normalizing idempotent.

use super::fold::{Fold, is_letter};
use super::tables::Tables;
use super::transform::Bits;
use std::collections::{HashMap, HashSet};

/// A hidden spelling, already folded, and the word meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant {
    pub text: String,
    pub word: String,
    pub bits: Bits,
}

impl Variant {
    /// A longer word that is no hidden spelling although it ends with one (永葆本 in 永葆本色).
    pub fn is_ordinary(&self) -> bool {
        self.bits.is_empty()
    }
}

/// All variants, found by their last two characters.
#[derive(Debug)]
pub(crate) struct Rewrite {
    variants: Vec<Variant>,
    by_tail: HashMap<(char, char), Vec<u32>>,
    /// Two bits of a word per hashed pair of last characters; nearly all positions end here.
    filter: Box<[u64; FILTER_WORDS]>,
}

const FILTER_WORDS: usize = 1 << 11;

impl Rewrite {
    pub fn new(tables: &Tables, fold: &Fold) -> Self {
        let variants = Builder::new(tables, fold).build(tables);
        let mut by_tail: HashMap<(char, char), Vec<u32>> = HashMap::new();
        let mut filter = Box::new([0; FILTER_WORDS]);
        for (index, variant) in variants.iter().enumerate() {
            let mut last = variant.text.chars().rev();
            if let (Some(second), Some(first)) = (last.next(), last.next()) {
                by_tail.entry((first, second)).or_default().push(index as u32);
                let (word, bits) = filter_bits(first, second);
                filter[word] |= bits;
            }
        }
        for indices in by_tail.values_mut() {
            indices.sort_by_key(|index| std::cmp::Reverse(variants[*index as usize].text.len()));
        }
        Self { variants, by_tail, filter }
    }

    /// All hidden spellings.
    pub fn variants(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(|variant| !variant.is_ordinary())
    }

    /// Whether a variant may end with these two characters.
    #[inline]
    pub fn may_end(&self, first: char, second: char) -> bool {
        let (word, bits) = filter_bits(first, second);
        self.filter[word] & bits == bits
    }

    /// The longest variant that `text` ends with and that does not begin inside a narrow word.
    pub fn ending(&self, text: &str) -> Option<&Variant> {
        let mut last = text.chars().rev();
        let (second, first) = (last.next()?, last.next()?);
        let candidates =
            self.by_tail.get(&(first, second))?.iter().map(|index| &self.variants[*index as usize]);
        let stands = |variant: &&Variant| {
            // The first byte rules most candidates out without a call.
            let start = text.len().checked_sub(variant.text.len());
            start.is_some_and(|start| text.as_bytes()[start] == variant.text.as_bytes()[0])
                && text.strip_suffix(variant.text.as_str()).is_some_and(|before| {
                    !(variant.text.starts_with(is_letter) && before.ends_with(is_letter))
                })
        };
        let longest = candidates.into_iter().find(stands)?;
        (!longest.is_ordinary()).then_some(longest)
    }
}

/// The word of the filter for a pair of characters, and its two bits.
#[inline]
fn filter_bits(first: char, second: char) -> (usize, u64) {
    let hash = (u64::from(first) << 21 | u64::from(second)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((hash >> 53) as usize % FILTER_WORDS, 1 << (hash >> 47 & 63) | 1 << (hash >> 41 & 63))
}

struct Builder<'a> {
    fold: &'a Fold,
    found: HashSet<String>,
    variants: Vec<Variant>,
    /// Never a variant: parts of the words meant, and ordinary words.
    kept: HashSet<String>,
}

impl<'a> Builder<'a> {
    fn new(tables: &Tables, fold: &'a Fold) -> Self {
        let mut kept: HashSet<String> =
            tables.ordinary_words.iter().map(|word| fold.fold_text(word)).collect();
        let meant = tables
            .risk_words
            .iter()
            .chain(&tables.plain_words)
            .chain(tables.alias.iter().chain(&tables.homophone_words).map(|(_, word)| word));
        for word in meant {
            let chars: Vec<char> = fold.fold_text(word).chars().collect();
            for start in 0..chars.len() {
                kept.extend(
                    (start + 1..=chars.len()).map(|end| chars[start..end].iter().collect::<String>()),
                );
            }
        }
        Self { fold, found: HashSet::new(), variants: Vec::new(), kept }
    }

    /// Earlier transforms win where two give the same spelling.
    fn build(mut self, tables: &Tables) -> Vec<Variant> {
        for (variant, word) in &tables.alias {
            self.add(variant, word, Bits::ALIAS);
        }
        for (variant, word) in &tables.homophone_words {
            self.add(variant, word, Bits::HOMOPHONE);
        }
        for (whole, parts) in &tables.split {
            self.add(parts, &whole.to_string(), Bits::SPLIT);
        }
        self.numerals(tables);
        for word in &tables.risk_words {
            let chars: Vec<char> = word.chars().collect();
            self.substitutions(&chars, &tables.lookalike_within, Bits::LOOKALIKE);
            self.substitutions(&chars, &tables.homophone_rare, Bits::HOMOPHONE);
            if chars.len() >= 3 {
                self.substitutions(&chars, &tables.homophone_common, Bits::HOMOPHONE);
            }
        }
        for word in tables.risk_words.iter().chain(&tables.plain_words) {
            let chars: Vec<char> = word.chars().collect();
            self.spellings(&chars, tables);
            self.repeats(&chars, tables);
        }
        let ordinary: Vec<String> =
            tables.ordinary_words.iter().map(|word| self.fold.fold_text(word)).collect();
        let blocking: Vec<String> =
            ordinary.into_iter().filter(|text| self.ends_with_variant(text)).collect();
        self.variants.extend(blocking.into_iter().map(|text| Variant {
            word: text.clone(),
            text,
            bits: Bits::NONE,
        }));
        self.variants
    }

    fn ends_with_variant(&self, text: &str) -> bool {
        text.char_indices().skip(1).any(|(at, _)| self.found.contains(&text[at..]))
    }

    fn add(&mut self, variant: &str, word: &str, bits: Bits) {
        let (text, word) = (self.fold.fold_text(variant), self.fold.fold_text(word));
        if text == word || text.chars().count() < 2 || self.kept.contains(&text) || self.found.contains(&text)
        {
            return;
        }
        self.found.insert(text.clone());
        self.variants.push(Variant { text, word, bits });
    }

    /// Capital numerals that are ordinary characters as well, beside what shows that they count.
    fn numerals(&mut self, tables: &Tables) {
        for (digit, plain) in &tables.numeral_digits {
            for (unit, plain_unit) in &tables.numeral_units {
                self.add(&format!("{digit}{unit}"), &format!("{plain}{plain_unit}"), Bits::NUMERAL);
                self.add(&format!("{unit}{digit}"), &format!("{plain_unit}{plain}"), Bits::NUMERAL);
            }
            for unit in &tables.larger_units {
                self.add(&format!("{digit}{unit}"), &format!("{plain}{unit}"), Bits::NUMERAL);
            }
            for before in ['十', '零'] {
                self.add(&format!("{before}{digit}"), &format!("{before}{plain}"), Bits::NUMERAL);
            }
        }
        for (unit, plain) in &tables.numeral_units {
            for digit in "一二三四五六七八九".chars() {
                self.add(&format!("{digit}{unit}"), &format!("{digit}{plain}"), Bits::NUMERAL);
            }
            for larger in &tables.larger_units {
                self.add(&format!("{unit}{larger}"), &format!("{plain}{larger}"), Bits::NUMERAL);
            }
        }
    }

    /// One character of the word replaced by one of its class.
    fn substitutions(
        &mut self,
        word: &[char],
        classes: &std::collections::BTreeMap<char, Vec<char>>,
        bits: Bits,
    ) {
        for (at, ch) in word.iter().enumerate() {
            for other in classes.get(ch).into_iter().flatten() {
                let mut variant = word.to_vec();
                variant[at] = *other;
                self.add(&String::from_iter(variant), &String::from_iter(word), bits);
            }
        }
    }

    /// Some characters of the word written as pinyin; all of them only when the result is long enough to be no accident.
    fn spellings(&mut self, word: &[char], tables: &Tables) {
        if word.len() > 6 {
            return;
        }
        for chosen in 1u32..1 << word.len() {
            let all = chosen.count_ones() as usize == word.len();
            if chosen.count_ones() > 2 && !all {
                continue;
            }
            let mut variant = String::new();
            for (at, ch) in word.iter().enumerate() {
                match tables.pinyin.get(ch).filter(|_| chosen & 1 << at != 0) {
                    Some(syllable) => variant.push_str(syllable),
                    None => variant.push(*ch),
                }
            }
            if !all || variant.len() >= 6 {
                self.add(&variant, &String::from_iter(word), Bits::PINYIN);
            }
        }
    }

    /// Every character two or three times (保保本本), or one of them but the last (高高收益). Repeats of the last
    /// character are taken away only behind an earlier repeat, for the sake of 投资资金.
    fn repeats(&mut self, word: &[char], tables: &Tables) {
        if word.len() > 6 || word.iter().any(|ch| tables.repeated_except.contains(ch)) {
            return;
        }
        let meant = String::from_iter(word);
        for times in [2, 3] {
            let every: String = word.iter().flat_map(|ch| std::iter::repeat_n(*ch, times)).collect();
            self.add(&every, &meant, Bits::REPEATED);
            for doubled in 0..word.len() - 1 {
                let repeat = |(at, ch): (usize, &char)| {
                    std::iter::repeat_n(*ch, if at == doubled { times } else { 1 })
                };
                self.add(
                    &word.iter().enumerate().flat_map(repeat).collect::<String>(),
                    &meant,
                    Bits::REPEATED,
                );
            }
        }
    }
}
