//! 抽查: samples drawn by chance, and what they say about the whole.

use super::ad::AdId;
use super::finding::FindingId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a sample (UUID version 7).
    SampleId
);

/// What is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// 盲审: what was decided is judged again by somebody who does not see how.
    Blind,
    /// 漏报抽查: what was not flagged is looked at by a person.
    Unflagged,
}

/// What a person says about a sampled ad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 涉嫌违法.
    Violating,
    /// 不违法.
    Fine,
    /// Cannot tell; does not count.
    Unsure,
}

/// A sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its name.
    pub id: SampleId,
    /// What is sampled.
    pub kind: SampleKind,
    /// When it was drawn.
    pub made_at: UnixMs,
    /// By whom.
    pub made_by: String,
    /// From what was decided, or last seen, at or after this time.
    pub from: UnixMs,
    /// And before this.
    pub until: UnixMs,
    /// With it, the drawing can be repeated.
    pub seed: String,
    /// Of how many it was drawn.
    pub n_frame: u64,
}

/// One ad of a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleItem {
    /// Its number in the sample, from 1.
    pub ordinal: u32,
    /// The ad.
    pub ad_id: AdId,
    /// Its finding; blind samples only.
    pub finding_id: Option<FindingId>,
    /// Who is to answer.
    pub assigned: String,
    /// What was decided before; blind samples only.
    pub first: Option<Answer>,
    /// What the person says.
    pub answer: Option<Answer>,
    /// Further words.
    pub note: String,
}

impl SampleKind {
    /// Stable name for forms and the `sample` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blind => "blind",
            Self::Unflagged => "unflagged",
        }
    }

    /// The kind with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Blind, Self::Unflagged].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Answer {
    /// Every answer, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Violating, Self::Fine, Self::Unsure];

    /// Stable name for forms and the `sample_item` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violating => "violating",
            Self::Fine => "fine",
            Self::Unsure => "unsure",
        }
    }

    /// The answer with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.as_str() == text)
    }
}

/// How far two people agree about the same ads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Both say 涉嫌违法.
    pub both_violating: u64,
    /// Both say not.
    pub both_fine: u64,
    /// Only the first says 涉嫌违法.
    pub only_first: u64,
    /// Only the second does.
    pub only_second: u64,
}

impl Agreement {
    /// Counts the items on which both spoke clearly.
    pub fn of<'a>(items: impl IntoIterator<Item = &'a SampleItem>) -> Self {
        let mut sums = Self { both_violating: 0, both_fine: 0, only_first: 0, only_second: 0 };
        for item in items {
            match (item.first, item.answer) {
                (Some(Answer::Violating), Some(Answer::Violating)) => sums.both_violating += 1,
                (Some(Answer::Fine), Some(Answer::Fine)) => sums.both_fine += 1,
                (Some(Answer::Violating), Some(Answer::Fine)) => sums.only_first += 1,
                (Some(Answer::Fine), Some(Answer::Violating)) => sums.only_second += 1,
                _ => {}
            }
        }
        sums
    }

    /// Ads on which both spoke clearly.
    pub fn n(&self) -> u64 {
        self.both_violating + self.both_fine + self.only_first + self.only_second
    }

    /// Cohen's kappa: 1 for full agreement, 0 for what chance alone gives; `None` when nothing can be said, because
    /// there is nothing or because both always said the same one thing.
    pub fn kappa(&self) -> Option<f64> {
        let n = self.n() as f64;
        if n == 0.0 {
            return None;
        }
        let observed = (self.both_violating + self.both_fine) as f64 / n;
        let first = (self.both_violating + self.only_first) as f64 / n;
        let second = (self.both_violating + self.only_second) as f64 / n;
        let by_chance = first * second + (1.0 - first) * (1.0 - second);
        (by_chance < 1.0).then(|| (observed - by_chance) / (1.0 - by_chance))
    }
}

/// The share of a whole from which `n` were drawn and `n_hits` of them counted: Wilson's interval at 95 %, which holds
/// for small numbers and for none. `None` when nothing was drawn.
pub fn share_95(n_hits: u64, n: u64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_964;
    if n == 0 {
        return None;
    }
    let (share, n) = (n_hits as f64 / n as f64, n as f64);
    let middle = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    Some((((middle - reach) / whole).max(0.0), ((middle + reach) / whole).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-4
    }

    #[test]
    fn kappa_of_the_textbook() {
        // The example of two readers of 50 grant proposals.
        let table = Agreement { both_violating: 20, both_fine: 15, only_first: 5, only_second: 10 };
        assert!(near(table.kappa().unwrap(), 0.4));
        let alike = Agreement { both_violating: 7, both_fine: 3, only_first: 0, only_second: 0 };
        assert!(near(alike.kappa().unwrap(), 1.0));
        let opposed = Agreement { both_violating: 0, both_fine: 0, only_first: 5, only_second: 5 };
        assert!(near(opposed.kappa().unwrap(), -1.0));
        let one_thing = Agreement { both_violating: 0, both_fine: 9, only_first: 0, only_second: 0 };
        assert_eq!(one_thing.kappa(), None);
    }

    #[test]
    fn intervals_of_the_textbook() {
        let (low, high) = share_95(10, 100).unwrap();
        assert!(near(low, 0.0552) && near(high, 0.1744), "{low} {high}");
        let (low, high) = share_95(0, 300).unwrap();
        assert!(near(low, 0.0) && near(high, 0.0126), "{low} {high}");
        assert_eq!(share_95(0, 0), None);
        assert!(share_95(5, 5).unwrap().1 <= 1.0);
    }
}
