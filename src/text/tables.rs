//! The character tables of `patterns/lists/`, parsed.

use crate::kit::problem::Problem;
use std::collections::BTreeMap;

const CHARACTERS: &str = include_str!("../../patterns/lists/characters.toml");
const TRADITIONAL: &str = include_str!("../../patterns/lists/characters-traditional.toml");

/// Everything the normalizer knows about characters and risk words.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Traditional or variant character to simplified character.
    pub traditional: Vec<(char, char)>,
    /// Look-alike that is read as the other character wherever it stands.
    pub lookalike_always: Vec<(char, char)>,
    /// Numeral that is read as the other numeral wherever it stands.
    pub numeral_always: Vec<(char, char)>,
    /// Capital digit that is an ordinary character as well (队伍): a digit beside a unit.
    pub numeral_digits: Vec<(char, char)>,
    /// Capital unit that is an ordinary character as well (收拾): a unit behind a digit or before a larger unit.
    pub numeral_units: Vec<(char, char)>,
    /// 万, 亿 and the units of money.
    pub larger_units: Vec<char>,
    /// Words worth hiding: the only places where look-alikes and sounds are undone.
    pub risk_words: Vec<String>,
    /// Ordinary words of the trade, of which only pinyin and repeats are undone.
    pub plain_words: Vec<String>,
    /// Words that happen to look like a hidden risk word and are not.
    pub ordinary_words: Vec<String>,
    /// Character to characters that look like it.
    pub lookalike_within: BTreeMap<char, Vec<char>>,
    /// Character to rare characters that sound like it: enough of a sign in words of two characters.
    pub homophone_rare: BTreeMap<char, Vec<char>>,
    /// Character to common characters that sound like it: a sign only in words of three characters or more.
    pub homophone_common: BTreeMap<char, Vec<char>>,
    /// Hidden words that no class produces: homophone spelling and the word meant.
    pub homophone_words: Vec<(String, String)>,
    /// Character to its parts written one after the other.
    pub split: Vec<(char, String)>,
    /// Character to its syllable, ASCII.
    pub pinyin: BTreeMap<char, String>,
    /// Every syllable that may stand in brackets after its character, ASCII.
    pub syllables: Vec<String>,
    /// Characters that are doubled in ordinary language (天天, 年年).
    pub repeated_except: Vec<char>,
    /// Nickname of a way of contact and its canonical name.
    pub alias: Vec<(String, String)>,
}

impl Tables {
    /// The tables that ship with the program.
    pub fn embedded() -> Self {
        Self::parse(CHARACTERS, TRADITIONAL).0
    }

    /// Reads the two files; what does not parse is left out and reported.
    pub fn parse(characters: &str, traditional: &str) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let file: CharactersFile = read(characters, "characters", &mut problems);
        let traditional: TraditionalFile = read(traditional, "characters-traditional", &mut problems);
        let mut tables = Self {
            traditional: pairs(&traditional.pairs, &mut problems),
            lookalike_always: reversed(&file.lookalike.always, &mut problems),
            numeral_always: reversed(&file.numeral.always, &mut problems),
            numeral_digits: reversed(&file.numeral.digit, &mut problems),
            numeral_units: reversed(&file.numeral.unit, &mut problems),
            larger_units: file.numeral.larger_units.chars().collect(),
            risk_words: file.words.risk.split_whitespace().map(str::to_owned).collect(),
            plain_words: file.words.plain.split_whitespace().map(str::to_owned).collect(),
            ordinary_words: file.words.ordinary.split_whitespace().map(str::to_owned).collect(),
            lookalike_within: classes(&file.lookalike.within, &mut problems),
            homophone_rare: classes(&file.homophone.rare, &mut problems),
            homophone_common: classes(&file.homophone.common, &mut problems),
            homophone_words: words(&file.homophone.words),
            split: Vec::new(),
            pinyin: BTreeMap::new(),
            syllables: file.pinyin.syllables.split_whitespace().map(str::to_owned).collect(),
            repeated_except: file.repeated.except.chars().collect(),
            alias: words(&file.alias),
        };
        for (whole, parts) in &file.split {
            match single(whole) {
                Some(whole) => {
                    tables.split.extend(parts.split_whitespace().map(|parts| (whole, parts.to_owned())))
                }
                None => problems.push(not_single(whole)),
            }
        }
        for (syllable, chars) in &file.pinyin.of {
            tables.pinyin.extend(chars.chars().map(|ch| (ch, syllable.clone())));
        }
        (tables, problems)
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TraditionalFile {
    /// Traditional and simplified character in turn; blanks do not count.
    pairs: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CharactersFile {
    words: WordsTable,
    lookalike: LookalikeTable,
    numeral: NumeralTable,
    homophone: HomophoneTable,
    split: BTreeMap<String, String>,
    pinyin: PinyinTable,
    repeated: RepeatedTable,
    alias: BTreeMap<String, String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsTable {
    risk: String,
    plain: String,
    ordinary: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LookalikeTable {
    always: BTreeMap<String, String>,
    within: BTreeMap<String, String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NumeralTable {
    always: BTreeMap<String, String>,
    digit: BTreeMap<String, String>,
    unit: BTreeMap<String, String>,
    larger_units: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HomophoneTable {
    rare: BTreeMap<String, String>,
    common: BTreeMap<String, String>,
    words: BTreeMap<String, String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PinyinTable {
    syllables: String,
    of: BTreeMap<String, String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RepeatedTable {
    except: String,
}

fn read<T: Default + serde::de::DeserializeOwned>(text: &str, file: &str, problems: &mut Vec<Problem>) -> T {
    toml::from_str(text).unwrap_or_else(|error| {
        problems.push(Problem::new("invalid-character-table", format!("{file}.toml is not used: {error}")));
        T::default()
    })
}

/// Characters two by two.
fn pairs(text: &str, problems: &mut Vec<Problem>) -> Vec<(char, char)> {
    let chars: Vec<char> = text.chars().filter(|ch| !ch.is_whitespace()).collect();
    if !chars.len().is_multiple_of(2) {
        let message =
            format!("pairs holds {} characters, an odd number: the last one is not used", chars.len());
        problems.push(Problem::new("invalid-character-table", message));
    }
    chars.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

/// `canonical = "variants"` as (variant, canonical).
fn reversed(table: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> Vec<(char, char)> {
    let classes = classes(table, problems);
    classes
        .into_iter()
        .flat_map(|(canonical, variants)| variants.into_iter().map(move |variant| (variant, canonical)))
        .collect()
}

fn classes(table: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> BTreeMap<char, Vec<char>> {
    let mut classes = BTreeMap::new();
    for (canonical, variants) in table {
        match single(canonical) {
            Some(canonical) => {
                classes.insert(canonical, variants.chars().filter(|ch| !ch.is_whitespace()).collect());
            }
            None => problems.push(not_single(canonical)),
        }
    }
    classes
}

/// `canonical = "variant variant"` as (variant, canonical).
fn words(table: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let of_one = |(canonical, variants): (&String, &String)| -> Vec<(String, String)> {
        variants.split_whitespace().map(|variant| (variant.to_owned(), canonical.clone())).collect()
    };
    table.iter().flat_map(of_one).collect()
}

fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn not_single(key: &str) -> Problem {
    Problem::new(
        "invalid-character-table",
        format!("the key {key:?} must be one character: the entry is not used"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_that_ship_have_no_problem() {
        let (tables, problems) = Tables::parse(CHARACTERS, TRADITIONAL);
        assert_eq!(problems, []);
        assert!(tables.traditional.len() > 2500);
        assert!(!tables.risk_words.is_empty() && !tables.pinyin.is_empty() && !tables.split.is_empty());
    }

    #[test]
    fn every_character_of_a_risk_word_has_a_syllable() {
        let tables = Tables::embedded();
        let missing = |ch: &char| !ch.is_ascii() && !tables.pinyin.contains_key(ch);
        let missing: String = tables
            .risk_words
            .iter()
            .chain(&tables.plain_words)
            .flat_map(|word| word.chars())
            .filter(missing)
            .collect();
        assert_eq!(missing, "");
    }

    #[test]
    fn a_broken_table_is_reported_and_left_out() {
        let (tables, problems) = Tables::parse("words = 1", "pairs = \"萬万與\"");
        assert_eq!(tables.traditional, [('萬', '万')]);
        assert!(tables.risk_words.is_empty());
        assert_eq!(problems.len(), 2);
    }
}
