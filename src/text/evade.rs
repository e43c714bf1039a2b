//! Hiding words the way advertisers do, to measure how much of it the normalizer undoes.
//!
//! The inverse of the transforms: each [`Evasion`] rewrites the risk words of a text (for numerals, its numbers) by
//! one trick, chosen by a seed. What a trick cannot change is answered with `None`, so that nothing plain is counted
//! as evaded.

use super::Tables;

/// One trick.
pub struct Evasion {
    /// Stable name, for tables and commands.
    pub name: &'static str,
    /// What it does, one line.
    pub about: &'static str,
    apply: fn(&Tables, &str, &mut Dice) -> String,
}

impl Evasion {
    /// `text` hidden by this trick; `None` when it leaves the text as it is.
    pub fn apply(&self, tables: &Tables, text: &str, seed: u64) -> Option<String> {
        let hidden = (self.apply)(tables, text, &mut Dice(seed ^ hash(self.name)));
        (hidden != text).then_some(hidden)
    }
}

/// Every trick, in the order of reports.
pub const EVASIONS: &[Evasion] = &[
    Evasion {
        name: "separator",
        about: "a mark between the characters of a word: 保·本",
        apply: |t, s, d| inserted(t, s, d, MARKS),
    },
    Evasion {
        name: "space",
        about: "a blank between the characters of a word: 保 本",
        apply: |t, s, d| inserted(t, s, d, BLANKS),
    },
    Evasion {
        name: "zero-width",
        about: "an invisible character inside a word",
        apply: |t, s, d| inserted(t, s, d, INVISIBLE),
    },
    Evasion {
        name: "emoji",
        about: "a picture inside a word: 保💰本",
        apply: |t, s, d| inserted(t, s, d, PICTURES),
    },
    Evasion {
        name: "combining",
        about: "a combining mark on each character",
        apply: |t, s, d| inserted(t, s, d, COMBINING),
    },
    Evasion {
        name: "width",
        about: "full-width letters and digits: １８％",
        apply: |_, s, _| s.chars().map(widened).collect(),
    },
    Evasion { name: "traditional", about: "traditional characters: 保證收益", apply: traditional },
    Evasion {
        name: "lookalike",
        about: "a character that looks alike: 夲 for 本",
        apply: |t, s, d| replaced(t, s, d, lookalike),
    },
    Evasion {
        name: "homophone",
        about: "a character that sounds alike",
        apply: |t, s, d| replaced(t, s, d, homophone),
    },
    Evasion {
        name: "split",
        about: "a character written as its parts: 亻呆 for 保",
        apply: |t, s, d| replaced(t, s, d, split),
    },
    Evasion {
        name: "pinyin",
        about: "a syllable in place of a character: gao收益",
        apply: |t, s, d| replaced(t, s, d, syllable),
    },
    Evasion {
        name: "bracketed-pinyin",
        about: "the syllable in brackets behind its character: 保(bao)本",
        apply: bracketed,
    },
    Evasion {
        name: "numeral",
        about: "other forms of digits: ①, 壹",
        apply: |_, s, d| s.chars().map(|c| numeral(c, d)).collect(),
    },
    Evasion { name: "alias", about: "another name for a way of contact: 薇信", apply: alias },
];

/// The trick with this name.
pub fn evasion(name: &str) -> Option<&'static Evasion> {
    EVASIONS.iter().find(|evasion| evasion.name == name)
}

const MARKS: &[&str] = &["·", "*", "/", "-", "_", "~", "|", "+", "丨", "^", "#", "."];
const BLANKS: &[&str] = &[" ", "\u{3000}", "  "];
const INVISIBLE: &[&str] = &["\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}"];
const PICTURES: &[&str] = &["💰", "🔥", "❤", "⭐", "✅", "👍"];
const COMBINING: &[&str] = &["\u{336}", "\u{20e0}", "\u{323}"];

/// Small reproducible numbers (splitmix64); never for anything secret.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let n = u64::try_from(from.len()).ok().filter(|n| *n > 0)?;
        from.get(usize::try_from(self.next() % n).ok()?)
    }
}

fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Rewrites each risk word of `text`, longest first, by `change`; the rest stays.
fn in_risk_words(tables: &Tables, text: &str, mut change: impl FnMut(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = tables
            .risk_words
            .iter()
            .filter(|word| rest.starts_with(word.as_str()))
            .max_by_key(|word| word.len());
        let len = match word {
            Some(word) => {
                out.push_str(&change(word));
                word.len()
            }
            None => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[len..];
    }
    out
}

fn inserted(tables: &Tables, text: &str, dice: &mut Dice, between: &[&str]) -> String {
    in_risk_words(tables, text, |word| {
        let mark = dice.pick(between).copied().unwrap_or_default();
        word.chars().map(String::from).collect::<Vec<_>>().join(mark)
    })
}

/// Changes one character of each risk word, where `other` knows another form of it.
fn replaced(
    tables: &Tables,
    text: &str,
    dice: &mut Dice,
    other: fn(&Tables, &str, char, &mut Dice) -> Option<String>,
) -> String {
    in_risk_words(tables, text, |word| {
        let forms: Vec<Option<String>> = word.chars().map(|c| other(tables, word, c, dice)).collect();
        let able: Vec<usize> =
            forms.iter().enumerate().filter(|(_, form)| form.is_some()).map(|(i, _)| i).collect();
        let chosen = dice.pick(&able).copied();
        word.chars()
            .zip(forms)
            .enumerate()
            .map(
                |(index, (c, form))| {
                    if Some(index) == chosen { form.unwrap_or_default() } else { c.to_string() }
                },
            )
            .collect()
    })
}

fn lookalike(tables: &Tables, _: &str, c: char, dice: &mut Dice) -> Option<String> {
    let always: Vec<char> =
        tables.lookalike_always.iter().filter(|(_, real)| *real == c).map(|(alike, _)| *alike).collect();
    let within = tables.lookalike_within.get(&c).cloned().unwrap_or_default();
    dice.pick(&[always, within].concat()).map(char::to_string)
}

fn homophone(tables: &Tables, word: &str, c: char, dice: &mut Dice) -> Option<String> {
    let mut forms = tables.homophone_rare.get(&c).cloned().unwrap_or_default();
    if word.chars().count() > 2 {
        forms.extend(tables.homophone_common.get(&c).into_iter().flatten());
    }
    dice.pick(&forms).map(char::to_string)
}

fn split(tables: &Tables, _: &str, c: char, dice: &mut Dice) -> Option<String> {
    let forms: Vec<&String> =
        tables.split.iter().filter(|(whole, _)| *whole == c).map(|(_, parts)| parts).collect();
    dice.pick(&forms).map(|parts| (*parts).clone())
}

fn syllable(tables: &Tables, _: &str, c: char, _: &mut Dice) -> Option<String> {
    tables.pinyin.get(&c).cloned()
}

fn bracketed(tables: &Tables, text: &str, dice: &mut Dice) -> String {
    in_risk_words(tables, text, |word| {
        let (open, close) = dice.pick(&[("(", ")"), ("（", "）"), ("[", "]")]).copied().unwrap_or(("(", ")"));
        word.chars()
            .map(|c| match tables.pinyin.get(&c) {
                Some(sound) => format!("{c}{open}{sound}{close}"),
                None => c.to_string(),
            })
            .collect()
    })
}

fn traditional(tables: &Tables, text: &str, _: &mut Dice) -> String {
    let form =
        |c: char| tables.traditional.iter().find(|(_, simple)| *simple == c).map_or(c, |(full, _)| *full);
    text.chars().map(form).collect()
}

fn widened(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        _ => c,
    }
}

fn numeral(c: char, dice: &mut Dice) -> char {
    let forms: &[char] = match c {
        '1' => &['１', '①'],
        '2' => &['２', '②'],
        '3' => &['３', '③'],
        '4' => &['４', '④'],
        '5' => &['５', '⑤'],
        '6' => &['６', '⑥'],
        '7' => &['７', '⑦'],
        '8' => &['８', '⑧'],
        '9' => &['９', '⑨'],
        '0' => &['０', '⓪'],
        _ => return c,
    };
    dice.pick(forms).copied().unwrap_or(c)
}

fn alias(tables: &Tables, text: &str, dice: &mut Dice) -> String {
    let mut out = text.to_owned();
    let mut names: Vec<&str> = tables.alias.iter().map(|(_, name)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let nicknames: Vec<&String> = tables
            .alias
            .iter()
            .filter(|(nick, known)| known == name && nick != known)
            .map(|(nick, _)| nick)
            .collect();
        if let Some(nickname) = dice.pick(&nicknames) {
            out = out.replace(name, nickname);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trick_changes_something_the_same_way_each_time() {
        let tables = Tables::embedded();
        let text = "保本保息，年化收益18%，保证收益，加微信领取，高收益理财投资";
        for evasion in EVASIONS {
            let hidden =
                evasion.apply(&tables, text, 7).unwrap_or_else(|| panic!("{} changes nothing", evasion.name));
            assert_eq!(Some(hidden), evasion.apply(&tables, text, 7), "{}", evasion.name);
            assert_eq!(
                evasion.apply(&tables, "hello", 7).filter(|_| evasion.name != "width"),
                None,
                "{}",
                evasion.name
            );
        }
    }
}
