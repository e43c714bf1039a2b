//! How often pairs of characters occur in ordinary text, roughly: enough to choose which pair of a literal to look for.

use crate::kit::problem::Problem;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

const FREQUENCY: &str = include_str!("../../patterns/lists/characters-frequency.toml");

/// Characters that are not listed: a thousandth of a thousandth of a percent would be too rare, letters and digits are
/// common in advertisements.
const UNLISTED_HAN: f32 = 1.0;
const UNLISTED_OTHER: f32 = 12.0;
/// A million as a power of two.
const MILLION: f32 = 19.93;
/// Listed pairs are at least this frequent, so pairs that are not listed are less.
const UNLISTED_PAIR: f32 = 2.0;

/// Logarithms of frequencies: `n` means 2^n in a million.
#[derive(Debug, Clone, Default)]
pub struct Frequency {
    characters: HashMap<char, f32>,
    pairs: HashMap<(char, char), f32>,
}

impl Frequency {
    /// The table that ships with the program.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Frequency> = LazyLock::new(|| Frequency::parse(FREQUENCY).0);
        &EMBEDDED
    }

    /// Reads the table; what does not parse is left out and reported.
    pub fn parse(text: &str) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let file: File = toml::from_str(text).unwrap_or_else(|error| {
            problems.push(Problem::new("invalid-frequency-table", format!("the table is not used: {error}")));
            File::default()
        });
        let mut frequency = Self::default();
        for (level, chars) in levels(&file.characters, &mut problems) {
            frequency.characters.extend(chars.into_iter().map(|ch| (ch, level)));
        }
        for (level, chars) in levels(&file.pairs, &mut problems) {
            frequency.pairs.extend(chars.chunks_exact(2).map(|pair| ((pair[0], pair[1]), level)));
        }
        (frequency, problems)
    }

    /// Logarithm of how often `second` follows `first` directly; estimated from the characters when not listed.
    pub fn of_pair(&self, first: char, second: char) -> f32 {
        let by_chance = self.of_character(first) + self.of_character(second) - MILLION;
        match self.pairs.get(&(first, second)) {
            Some(level) => level.max(by_chance),
            None if first.is_ascii() || second.is_ascii() => by_chance,
            None => by_chance.min(UNLISTED_PAIR),
        }
    }

    /// How often one of the words occurs in a million characters, at most and roughly.
    pub fn per_million<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> f32 {
        words.into_iter().map(|word| self.of_word(word).exp2()).sum()
    }

    /// The logarithm for a word: that of its rarest pair.
    fn of_word(&self, word: &str) -> f32 {
        let pairs = word.chars().zip(word.chars().skip(1)).map(|(first, second)| self.of_pair(first, second));
        let rarest = pairs.fold(f32::INFINITY, f32::min);
        let alone = || word.chars().next().map_or(0.0, |ch| self.of_character(ch));
        if rarest.is_finite() { rarest } else { alone() }
    }

    /// Listed pairs with their logarithms, in no order.
    pub fn pairs(&self) -> impl Iterator<Item = (char, char, f32)> {
        self.pairs.iter().map(|((first, second), level)| (*first, *second, *level))
    }

    fn of_character(&self, ch: char) -> f32 {
        let unlisted = if ch.is_ascii() { UNLISTED_OTHER } else { UNLISTED_HAN };
        self.characters.get(&ch).copied().unwrap_or(unlisted)
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    characters: BTreeMap<String, String>,
    pairs: BTreeMap<String, String>,
}

fn levels(table: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> Vec<(f32, Vec<char>)> {
    let mut levels = Vec::new();
    for (level, chars) in table {
        match level.parse::<f32>() {
            Ok(level) => levels.push((level, chars.chars().filter(|ch| !ch.is_whitespace()).collect())),
            Err(_) => problems.push(Problem::new(
                "invalid-frequency-table",
                format!("the key {level:?} must be a number: the entry is not used"),
            )),
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_ships_has_no_problem_and_knows_common_pairs() {
        let (frequency, problems) = Frequency::parse(FREQUENCY);
        assert_eq!(problems, []);
        let rarer =
            [(('保', '本'), ('公', '司')), (('夲', '金'), ('本', '金')), (('盘', '薇'), ('我', '们'))];
        for ((a, b), (c, d)) in rarer {
            assert!(frequency.of_pair(a, b) < frequency.of_pair(c, d), "{a}{b} {c}{d}");
        }
    }

    #[test]
    fn a_key_that_is_no_number_is_reported() {
        let (_, problems) = Frequency::parse("[characters]\nmany = \"的\"\n[pairs]\n");
        assert_eq!(problems.len(), 1);
    }
}
