//! `[wording]`: how much single characters and pairs of neighbours sound like solicitation.
//!
//! The weights are learned from labelled documents by `adwatch rules learn` and read by the judge; a person may read
//! and change them like any other list.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// What one character, or two that stand beside each other, speak for: above 0 for solicitation, below 0 against.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wording {
    /// Added to every score.
    pub bias: f64,
    /// Below this score nothing is asserted.
    pub floor: f64,
    /// From this score on a text counts as an advertisement without other signs.
    pub as_ad: f64,
    /// From this score on, of the whole text, only denial clears.
    pub over_context: f64,
    /// Characters and pairs with their weights. A run of digits is one `0`.
    pub weights: Vec<(String, f64)>,
}

/// The table in the file. A weight is the key, and what weighs that much stands behind it, parted by blanks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WordingForm {
    pub bias: f64,
    pub floor: f64,
    pub as_ad: f64,
    pub over_context: f64,
    pub weights: BTreeMap<Spanned<String>, Spanned<String>>,
}

impl Wording {
    /// The table as it stands in a file.
    pub fn to_toml(&self) -> String {
        let mut groups: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for (gram, weight) in &self.weights {
            groups.entry(steps(*weight)).or_default().push(gram);
        }
        let mut out = format!(
            "[wording]\nbias = {:.3}\nfloor = {:?}\nas_ad = {:?}\nover_context = {:?}\n\n[wording.weights]\n",
            self.bias, self.floor, self.as_ad, self.over_context
        );
        for (step, mut grams) in groups.into_iter().rev().filter(|(step, _)| *step != 0) {
            grams.sort_unstable();
            out.push_str(&format!("\"{:.2}\" = \"{}\"\n", step as f64 * STEP, grams.join(" ")));
        }
        out
    }
}

/// Weights are written in steps of this size.
const STEP: f64 = 0.05;

fn steps(weight: f64) -> i64 {
    (weight / STEP).round() as i64
}

/// What is wrong with one group of a [`WordingForm`].
pub(super) enum Wrong {
    /// Its key is no number.
    Key,
    /// Something in it is neither one character nor two.
    Gram(String),
}

/// Reads one group.
pub(super) fn group(weight: &str, grams: &str) -> Result<Vec<(String, f64)>, Wrong> {
    let weight: f64 = weight.parse().map_err(|_| Wrong::Key)?;
    grams
        .split_whitespace()
        .map(|gram| match gram.chars().count() {
            1 | 2 => Ok((gram.to_owned(), weight)),
            _ => Err(Wrong::Gram(gram.to_owned())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_in_steps() {
        let weights = vec![("收益".to_owned(), 0.52), ("天气".to_owned(), -0.31), ("的".to_owned(), 0.01)];
        let wording = Wording { bias: -0.25, floor: -0.5, as_ad: 0.3, over_context: 0.9, weights };
        let text = wording.to_toml();
        let form: WordingForm =
            toml::from_str::<BTreeMap<String, WordingForm>>(&text).unwrap().remove("wording").unwrap();
        let read: Vec<_> = form
            .weights
            .iter()
            .flat_map(|(weight, grams)| group(weight.get_ref(), grams.get_ref()).ok().unwrap())
            .collect();
        assert_eq!(read, [("天气".to_owned(), -0.3), ("收益".to_owned(), 0.5)], "{text}");
    }
}
