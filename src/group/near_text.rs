//! Nearly the same words: MinHash signatures over pairs of characters, and keys to find them by.
//!
//! MinHash (Broder 1997) estimates which share of their character pairs two texts have in common; banding (Leskovec,
//! Rajaraman, Ullman, Mining of Massive Datasets, ch. 3) finds similar signatures by equal keys, so that a store needs
//! an index over one integer column and nothing else. `benches/group.rs` measures it beside SimHash.

use crate::text::Normalizer;

/// Numbers in a signature.
const N_MINS: usize = 64;
/// Keys of a signature.
pub const N_BANDS: usize = 16;
const ROWS: usize = N_MINS / N_BANDS;

/// Fewer characters than this do not tell ads apart: such texts have no signature.
const MIN_CHARS: usize = 8;

/// From this share of common character pairs on, two texts are one family.
pub const MIN_SIMILARITY: f64 = 0.54;

/// What is left of a text for comparing it: 128 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature([u16; N_MINS]);

impl Signature {
    /// The signature of `text`, or `None` when it has fewer than 8 letters, digits and Chinese characters.
    ///
    /// Marks, blanks, hidden spellings and the numbers themselves do not count: another telephone or another rate is
    /// the same family, and another ad (see [`super::fingerprint`]).
    pub fn of(normalizer: &Normalizer, text: &str) -> Option<Self> {
        let normalized = normalizer.normalize(text);
        let mut mins = [u32::MAX; N_MINS];
        let mut before: Option<char> = None;
        let mut n_chars = 0;
        for c in normalized.text.chars().filter(|c| c.is_alphanumeric()) {
            let c = if c.is_ascii_digit() { '0' } else { c };
            if c == '0' && before == Some('0') {
                continue;
            }
            n_chars += 1;
            if let Some(before) = before {
                lower(&mut mins, pair_hash(before, c));
            }
            before = Some(c);
        }
        // The low halves are as even as the whole, and half as large.
        (n_chars >= MIN_CHARS).then(|| Self(mins.map(|min| (min & 0xffff) as u16)))
    }

    /// Estimated share of common character pairs, 0 to 1; the standard error is below 0.07.
    pub fn similarity(&self, other: &Self) -> f64 {
        let n_equal = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count();
        n_equal as f64 / N_MINS as f64
    }

    /// Keys to look for: similar texts have at least one of them in common, others hardly ever. Each key also says
    /// which band it is of, so all may stand in one column.
    pub fn band_keys(&self) -> [u64; N_BANDS] {
        std::array::from_fn(|band| {
            let rows = &self.0[band * ROWS..(band + 1) * ROWS];
            let packed = rows.iter().fold(0_u64, |key, row| key << 16 | u64::from(*row));
            mix(packed ^ (band as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        })
    }

    /// 256 hexadecimal digits, for a text column.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|min| format!("{min:04x}")).collect()
    }

    /// The signature that [`Self::to_hex`] wrote; `None` for other text.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut mins = [0; N_MINS];
        if text.len() != N_MINS * 4 || !text.is_ascii() {
            return None;
        }
        for (at, min) in mins.iter_mut().enumerate() {
            *min = u16::from_str_radix(&text[at * 4..at * 4 + 4], 16).ok()?;
        }
        Some(Self(mins))
    }
}

/// The family among `leaders` that a text of this signature belongs to: the most similar, the first among equals.
pub fn closest<'a, T>(
    signature: &Signature,
    leaders: impl IntoIterator<Item = (T, &'a Signature)>,
) -> Option<(T, f64)> {
    let mut best: Option<(T, f64)> = None;
    for (id, leader) in leaders {
        let similarity = signature.similarity(leader);
        if similarity >= MIN_SIMILARITY && best.as_ref().is_none_or(|(_, known)| similarity > *known) {
            best = Some((id, similarity));
        }
    }
    best
}

/// Takes one more pair into the signature; the seeds are the steps of a Weyl sequence, each mixed with the pair.
fn lower(mins: &mut [u32; N_MINS], pair: u32) {
    for (at, min) in mins.iter_mut().enumerate() {
        let seed = (at as u32 + 1).wrapping_mul(0x9e37_79b9);
        let mut hash = (pair ^ seed).wrapping_mul(0x85eb_ca6b);
        hash ^= hash >> 15;
        hash = hash.wrapping_mul(0xc2b2_ae35);
        hash ^= hash >> 13;
        *min = (*min).min(hash);
    }
}

fn pair_hash(first: char, second: char) -> u32 {
    let hash = mix(u64::from(u32::from(first)) << 32 | u64::from(u32::from(second)));
    (hash >> 32) as u32
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(mut value: u64) -> u64 {
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Tables;

    const AD: &str =
        "金诺养老公寓床位火热预订，交三万元每年福利补贴12%，到期全额返还，名额有限，电话13800138000";

    fn signature(text: &str) -> Signature {
        Signature::of(&Normalizer::new(&Tables::embedded()), text).unwrap()
    }

    #[test]
    fn small_changes_and_tricks_stay_in_the_family() {
        let ad = signature(AD);
        for other in [
            AD.to_owned(),
            AD.replace("13800138000", "18600001234").replace("12%", "15%"),
            AD.replace('，', " "),
            AD.replace("养老", "养★老").replace("预订", "预\u{200b}订"),
            format!("【重磅】{AD}！"),
            AD.replace("火热", "").replace("三万", "五万"),
        ] {
            let other = signature(&other);
            assert!(ad.similarity(&other) >= MIN_SIMILARITY, "{}", ad.similarity(&other));
            assert!(ad.band_keys().iter().any(|key| other.band_keys().contains(key)));
            assert_eq!(closest(&other, [(1, &ad)]).map(|(id, _)| id), Some(1));
        }
    }

    #[test]
    fn other_ads_are_other_families() {
        let ad = signature(AD);
        for other in [
            "原始股内部认购，上市翻三倍，名额有限，电话13800138000",
            "老年公寓招聘护工，月薪五千元包吃住，电话13800138000",
            "空投USDT矿机，日返1%，百天回本，加飞机@boss_lao",
        ] {
            assert!(ad.similarity(&signature(other)) < MIN_SIMILARITY, "{other}");
            assert_eq!(closest(&signature(other), [(1, &ad)]), None);
        }
    }

    #[test]
    fn signatures_survive_a_text_column_and_short_texts_have_none() {
        let ad = signature(AD);
        assert_eq!(Signature::from_hex(&ad.to_hex()), Some(ad.clone()));
        for bad in ["", "zz", &ad.to_hex()[1..], &"字".repeat(86)] {
            assert_eq!(Signature::from_hex(bad), None);
        }
        let normalizer = Normalizer::new(&Tables::embedded());
        assert_eq!(Signature::of(&normalizer, "点击查看！！！"), None);
        assert_eq!(Signature::of(&normalizer, "0000000000000000000000"), None);
    }
}
