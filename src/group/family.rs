//! Families of ads with nearly the same words, grown one ad at a time.

use std::collections::HashMap;

use super::near_text::{N_BANDS, Signature, closest};

/// A key shared by more leaders than this is a phrase of the trade, not a sign of one ad: it is not followed.
pub const MAX_LEADERS_PER_KEY: usize = 64;

/// The index in memory. A store does the same with a table of (key, leader): look up the keys of the new signature,
/// take [`closest`] among the leaders found, and only if there is none insert the new one as a leader.
///
/// Only the first ad of each family is a leader, so a family does not drift away over many small changes, and adding
/// one more ad costs the same whether ten or a million are known.
#[derive(Debug, Default)]
pub struct Families {
    leaders: Vec<Signature>,
    by_key: HashMap<u64, Vec<u32>>,
}

/// Where an ad came in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// Number of the family, from 0 in the order in which they appeared.
    pub family: u32,
    /// How similar it is to the leader of the family; 1 for the leader itself.
    pub similarity: f64,
}

impl Families {
    /// Puts an ad into its family, or makes it the leader of a new one.
    pub fn insert(&mut self, signature: &Signature) -> Placed {
        let keys = signature.band_keys();
        let mut candidates: Vec<u32> = Vec::with_capacity(N_BANDS);
        for leaders in keys.iter().filter_map(|key| self.by_key.get(key)) {
            if leaders.len() <= MAX_LEADERS_PER_KEY {
                candidates.extend(leaders);
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let known = candidates.into_iter().map(|id| (id, &self.leaders[id as usize]));
        if let Some((family, similarity)) = closest(signature, known) {
            return Placed { family, similarity };
        }
        let family = u32::try_from(self.leaders.len()).unwrap_or(u32::MAX);
        self.leaders.push(signature.clone());
        for key in keys {
            let leaders = self.by_key.entry(key).or_default();
            // One more than is followed says that the key is too common; further ones would only take room.
            if leaders.len() <= MAX_LEADERS_PER_KEY {
                leaders.push(family);
            }
        }
        Placed { family, similarity: 1.0 }
    }

    /// How many families there are.
    pub fn len(&self) -> usize {
        self.leaders.len()
    }

    /// Whether nothing was put in.
    pub fn is_empty(&self) -> bool {
        self.leaders.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Normalizer, Tables};

    #[test]
    fn ads_come_to_their_leader_in_any_order_of_others() {
        let normalizer = Normalizer::new(&Tables::embedded());
        let mut families = Families::default();
        let mut place = |text: &str| families.insert(&Signature::of(&normalizer, text).unwrap()).family;
        let pension = "养老公寓床位预订，交三万元，每年福利补贴12%，到期全额返还";
        let shares = "原始股内部认购，每股两元，上市至少翻三倍，名额仅剩二十个";
        assert_eq!(place(pension), 0);
        assert_eq!(place(shares), 1);
        assert_eq!(place(&pension.replace("12%", "15%")), 0);
        assert_eq!(place(&format!("{shares}，速来")), 1);
        assert_eq!(place("空投矿机每天返币一百天回本，拉三人升级矿主"), 2);
        assert_eq!(families.len(), 3);
    }
}
