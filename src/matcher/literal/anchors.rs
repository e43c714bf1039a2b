//! Where to look closer: every literal is represented by its rarest pair of neighbors.

use super::alphabet::OTHER;
use super::patterns::Patterns;
use crate::text::Frequency;
use std::collections::HashMap;

/// One literal behind a pair of symbols.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub pattern: u32,
    /// Index of the second symbol of the pair in the literal.
    pub at: u32,
    /// The symbols around the pair; [`OTHER`] where the literal begins or ends.
    left: u16,
    right: u16,
}

impl Anchor {
    fn new(pattern: u32, symbols: &[u16], at: usize) -> Self {
        let left = at.checked_sub(2).map_or(OTHER, |index| symbols[index]);
        let right = symbols.get(at + 1).copied().unwrap_or(OTHER);
        Self { pattern, at: at as u32, left, right }
    }

    /// Whether the literal may stand between these symbols.
    #[inline(always)]
    pub fn fits(self, left: u16, right: u16) -> bool {
        (self.left == OTHER || self.left == left) && (self.right == OTHER || self.right == right)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// 0 is empty: no literal contains symbol 0.
    key: u32,
    first: u32,
    n: u32,
}

/// Pairs of symbols and the literals behind them: two bits per hashed pair in front of a hash table.
#[derive(Debug)]
pub(super) struct Anchors {
    filter: Vec<u64>,
    /// Hashes are shifted right by this to give a word of the filter.
    filter_shift: u32,
    slots: Vec<Slot>,
    slot_shift: u32,
    anchors: Vec<Anchor>,
}

/// Filter bits per pair: few false survivors against staying in the cache near the core.
const BITS_PER_PAIR: usize = 32;
const FILTER_BITS: std::ops::RangeInclusive<u32> = 15..=20;

impl Anchors {
    pub fn new(patterns: &Patterns, frequency: &Frequency) -> Self {
        let mut by_key: HashMap<u32, Vec<Anchor>> = HashMap::new();
        for (pattern, chars, symbols) in patterns.iter() {
            let cost = |at: usize| {
                let n_there = by_key.get(&key(symbols[at - 1], symbols[at])).map_or(0, Vec::len);
                frequency.of_pair(chars[at - 1], chars[at]) + (1.0 + n_there as f32).log2()
            };
            let rarest = (1..symbols.len()).min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
            if let Some(at) = rarest {
                let anchor = Anchor::new(pattern, symbols, at);
                by_key.entry(key(symbols[at - 1], symbols[at])).or_default().push(anchor);
            }
        }
        Self::of_map(by_key)
    }

    fn of_map(by_key: HashMap<u32, Vec<Anchor>>) -> Self {
        let wanted = (by_key.len() * BITS_PER_PAIR).next_power_of_two().trailing_zeros();
        let filter_log = wanted.clamp(*FILTER_BITS.start(), *FILTER_BITS.end());
        let slot_log = (by_key.len() * 2).max(2).next_power_of_two().trailing_zeros();
        let mut this = Self {
            filter: vec![0; 1 << (filter_log - 6)],
            filter_shift: 32 - (filter_log - 6),
            slots: vec![Slot::default(); 1 << slot_log],
            slot_shift: 32 - slot_log,
            anchors: Vec::new(),
        };
        let mut by_key: Vec<_> = by_key.into_iter().collect();
        by_key.sort_unstable_by_key(|(key, _)| *key);
        for (key, anchors) in by_key {
            let hash_of_key = hash(key);
            this.filter[(hash_of_key >> this.filter_shift) as usize] |= bits(hash_of_key);
            let mut slot = (hash(key) >> this.slot_shift) as usize;
            while this.slots[slot].key != 0 {
                slot = (slot + 1) & (this.slots.len() - 1);
            }
            this.slots[slot] = Slot { key, first: this.anchors.len() as u32, n: anchors.len() as u32 };
            this.anchors.extend(anchors);
        }
        this
    }

    /// Whether the pair may have literals.
    #[inline(always)]
    pub fn may_have(&self, key: u32) -> bool {
        let hash = hash(key);
        let bits = bits(hash);
        self.filter[(hash >> self.filter_shift) as usize & (self.filter.len() - 1)] & bits == bits
    }

    /// The literals of the pair.
    pub fn of(&self, key: u32) -> &[Anchor] {
        let mut at = (hash(key) >> self.slot_shift) as usize;
        loop {
            let slot = self.slots[at];
            if slot.key == key {
                return &self.anchors[slot.first as usize..][..slot.n as usize];
            }
            if slot.key == 0 {
                return &[];
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

/// Two neighboring symbols as one number.
#[inline(always)]
pub(super) fn key(first: u16, second: u16) -> u32 {
    u32::from(first) << 16 | u32::from(second)
}

/// Two of the 64 bits of a word.
#[inline(always)]
fn bits(hash: u32) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63)
}

#[inline(always)]
fn hash(key: u32) -> u32 {
    (u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}
