//! Text and literals, the same in every run.

use adwatch::text::{Frequency, Tables};
use std::collections::BTreeSet;

/// Chinese text of about `n_bytes` with the pairs of characters of ordinary text, some numbers, Latin words and
/// punctuation, and now and then a risk word, plain or hidden.
pub fn text(n_bytes: usize) -> String {
    let pairs = Weighted::new(Frequency::embedded().pairs());
    let tables = Tables::embedded();
    let mut random = Random(7);
    let mut text = String::with_capacity(n_bytes + 64);
    while text.len() < n_bytes {
        match random.below(10_000) {
            0..8500 => text.push_str(pairs.pick(&mut random)),
            8500..9300 => text.push_str(["，", "。", "，", "的", "了", "是", "、", "？"][random.below(8)]),
            9300..9600 => text.push_str(&random.below(3000).to_string()),
            9600..9750 => text.push_str(["“", "”", "（", "）", " ", "《", "》", "app"][random.below(8)]),
            9750..9960 => text.push('\n'),
            9960..9990 => text.push_str(&tables.risk_words[random.below(tables.risk_words.len())]),
            9990..9999 => text.push_str(["穩賺", "收 益", "投*资", "ＡＢ"][random.below(4)]),
            _ => text.push_str(["葆本", "gao收益", "薇信", "扌甲金"][random.below(4)]),
        }
    }
    text
}

/// `n` distinct literals of two to six characters: the risk words, then words put together from them and from common
/// pairs.
pub fn literals(tables: &Tables, n: usize) -> Vec<String> {
    let frequency = Frequency::embedded();
    let pairs: Vec<String> =
        frequency.pairs().map(|(first, second, _)| String::from_iter([first, second])).collect();
    let pairs: Vec<String> = pairs.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut random = Random(11);
    let mut seen: BTreeSet<String> = tables.risk_words.iter().take(n).cloned().collect();
    let mut literals: Vec<String> = seen.iter().cloned().collect();
    while literals.len() < n {
        let risk = |random: &mut Random| tables.risk_words[random.below(tables.risk_words.len())].clone();
        let pair = |random: &mut Random| pairs[random.below(pairs.len())].clone();
        let literal = match random.below(100) {
            0 => pair(&mut random),
            1..40 => risk(&mut random) + &pair(&mut random),
            40..60 => pair(&mut random) + &risk(&mut random),
            _ => pair(&mut random) + &pair(&mut random),
        };
        if seen.insert(literal.clone()) {
            literals.push(literal);
        }
    }
    literals
}

/// Words with running sums of their weights.
struct Weighted {
    words: Vec<String>,
    sums: Vec<u64>,
}

impl Weighted {
    fn new(pairs: impl Iterator<Item = (char, char, f32)>) -> Self {
        let mut all: Vec<(String, u64)> = pairs
            .map(|(first, second, level)| (String::from_iter([first, second]), level.exp2() as u64))
            .collect();
        all.sort_unstable();
        let mut sum = 0;
        let sums = all.iter().map(|(_, weight)| {
            sum += weight;
            sum
        });
        let sums = sums.collect();
        Self { words: all.into_iter().map(|(word, _)| word).collect(), sums }
    }

    fn pick(&self, random: &mut Random) -> &str {
        let total = self.sums.last().copied().unwrap_or(1);
        let at = random.below(total as usize) as u64;
        &self.words[self.sums.partition_point(|sum| *sum <= at)]
    }
}

/// SplitMix64: enough for a haystack.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }
}
