//! Learning the wording weights from labelled documents: a linear support vector machine, squared hinge loss, by dual
//! coordinate descent (Hsieh et al. 2008). The same documents in the same order always give the same weights.

use std::collections::HashMap;

use super::wording::{Gram, grams, parts, unpacked};
use crate::rules::Wording;

/// Price of a document on the wrong side. Between 0.3 and 10 it makes little difference.
const PRICE: f64 = 1.0;

/// Rounds over all documents.
const N_ROUNDS: usize = 60;

/// A gram that fewer documents hold is nobody's habit.
const MIN_DOCUMENTS: u32 = 2;

/// One document to learn from, normalized.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The words, as [`Judge::normalized`](super::Judge::normalized) gives them.
    pub text: String,
    /// Whether it solicits.
    pub solicits: bool,
}

/// Learns `bias` and `weights`; the thresholds of the result are those of `before`.
pub fn learn(lessons: &[Lesson], before: &Wording) -> Wording {
    let parts: Vec<(Vec<Gram>, f64)> = lessons
        .iter()
        .flat_map(|lesson| {
            let sign = if lesson.solicits { 1.0 } else { -1.0 };
            parts(&lesson.text).map(move |part| (grams(part), sign))
        })
        .collect();
    let mut n_documents: HashMap<Gram, u32> = HashMap::new();
    for gram in parts.iter().flat_map(|(grams, _)| grams) {
        *n_documents.entry(*gram).or_default() += 1;
    }
    let mut known: Vec<Gram> = n_documents
        .into_iter()
        .filter(|(gram, n)| *n >= MIN_DOCUMENTS && is_writable(*gram))
        .map(|(gram, _)| gram)
        .collect();
    known.sort_unstable();
    let examples: Vec<Example> = parts
        .iter()
        .map(|(grams, sign)| Example {
            features: grams.iter().filter_map(|gram| known.binary_search(gram).ok()).collect(),
            value: 1.0 / (grams.len().max(1) as f64).sqrt(),
            sign: *sign,
        })
        .collect();
    let (weights, bias) = separate(&examples, known.len());
    let weights = known.iter().zip(weights).map(|(gram, weight)| (unpacked(*gram), weight)).collect();
    Wording { bias, weights, ..before.clone() }
}

/// A document as features of one value each.
struct Example {
    features: Vec<usize>,
    value: f64,
    sign: f64,
}

fn separate(examples: &[Example], n_features: usize) -> (Vec<f64>, f64) {
    let mut weights = vec![0.0; n_features];
    let mut bias = 0.0;
    let mut duals = vec![0.0; examples.len()];
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut state = 1_u64;
    for _ in 0..N_ROUNDS {
        for last in (1..order.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(last, ((state >> 33) % (last as u64 + 1)) as usize);
        }
        for &index in &order {
            let example = &examples[index];
            let sum: f64 = example.features.iter().map(|feature| weights[*feature]).sum();
            let slack = 0.5 / PRICE;
            let gradient = example.sign * (sum * example.value + bias) - 1.0 + duals[index] * slack;
            let norm = example.features.len() as f64 * example.value * example.value + 1.0 + slack;
            let moved = (duals[index] - gradient / norm).max(0.0);
            let step = (moved - duals[index]) * example.sign;
            duals[index] = moved;
            if step != 0.0 {
                for feature in &example.features {
                    weights[*feature] += step * example.value;
                }
                bias += step;
            }
        }
    }
    (weights, bias)
}

/// What would end a string or a group in the file is left out.
fn is_writable(gram: Gram) -> bool {
    unpacked(gram).chars().all(|c| !c.is_control() && !c.is_whitespace() && !matches!(c, '"' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_the_documents_gets_the_weight() {
        let lesson = |text: &str, solicits| Lesson { text: text.to_owned(), solicits };
        let lessons = [
            lesson("每月返利三千", true),
            lesson("到期返利", true),
            lesson("每月下雨", false),
            lesson("到期还书", false),
        ];
        let learned = learn(&lessons, &Wording { floor: -0.5, ..Wording::default() });
        let weight = |gram: &str| {
            learned.weights.iter().find(|(known, _)| known == gram).map_or(0.0, |(_, weight)| *weight)
        };
        assert!(weight("返利") > 0.3, "{learned:?}");
        assert!(weight("返利") > weight("每月").abs(), "{learned:?}");
        assert_eq!(weight("三千"), 0.0, "one document only");
        assert_eq!(learned.floor, -0.5);
        assert_eq!(learn(&lessons, &Wording { floor: -0.5, ..Wording::default() }), learned);
    }
}
