//! Counts and the intervals around their shares.

/// Counts of judged documents against their labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Violations flagged.
    pub n_found: u64,
    /// Violations not flagged.
    pub n_missed: u64,
    /// Benign documents flagged.
    pub n_false_alarms: u64,
    /// Benign documents not flagged.
    pub n_passed: u64,
}

/// A share with its Wilson 95 % interval (Wilson 1927).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The share itself, 0 to 1.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Tally {
    /// Counts one document.
    pub fn add(&mut self, violation: bool, flagged: bool) {
        let field = match (violation, flagged) {
            (true, true) => &mut self.n_found,
            (true, false) => &mut self.n_missed,
            (false, true) => &mut self.n_false_alarms,
            (false, false) => &mut self.n_passed,
        };
        *field += 1;
    }

    /// Share of violations that were flagged; `None` without violations.
    pub fn recall(&self) -> Option<Interval> {
        Interval::of(self.n_found, self.n_found + self.n_missed)
    }

    /// Share of flagged documents that are violations; `None` when nothing was flagged.
    pub fn precision(&self) -> Option<Interval> {
        Interval::of(self.n_found, self.n_found + self.n_false_alarms)
    }

    /// Share of benign documents that were flagged; `None` without benign documents.
    pub fn false_alarm_rate(&self) -> Option<Interval> {
        Interval::of(self.n_false_alarms, self.n_false_alarms + self.n_passed)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> Option<f64> {
        let (precision, recall) = (self.precision()?.share, self.recall()?.share);
        (precision + recall > 0.0).then(|| 2.0 * precision * recall / (precision + recall))
    }
}

impl Interval {
    /// `n` of `total`; `None` for nothing of nothing.
    #[expect(clippy::cast_precision_loss, reason = "counts of documents are far below 2^52")]
    pub fn of(n: u64, total: u64) -> Option<Self> {
        if total == 0 {
            return None;
        }
        const Z: f64 = 1.959_964;
        let (n, total) = (n as f64, total as f64);
        let share = n / total;
        let z2 = Z * Z / total;
        let center = (share + z2 / 2.0) / (1.0 + z2);
        let half = Z / (1.0 + z2) * (share * (1.0 - share) / total + z2 / (4.0 * total)).sqrt();
        Some(Self { share, low: (center - half).max(0.0), high: (center + half).min(1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_intervals_equal_the_textbook() {
        // 15 of 20: 0.531 to 0.888; 0 of 10: 0 to 0.278.
        let interval = Interval::of(15, 20).unwrap();
        assert!((interval.low - 0.531).abs() < 1e-3 && (interval.high - 0.888).abs() < 1e-3, "{interval:?}");
        let none = Interval::of(0, 10).unwrap();
        assert!(none.low.abs() < 1e-9 && (none.high - 0.278).abs() < 1e-3, "{none:?}");
        assert_eq!(Interval::of(0, 0), None);
    }

    #[test]
    fn shares_are_of_what_they_say() {
        let tally = Tally { n_found: 8, n_missed: 2, n_false_alarms: 1, n_passed: 99 };
        assert!((tally.recall().unwrap().share - 0.8).abs() < 1e-9);
        assert!((tally.precision().unwrap().share - 8.0 / 9.0).abs() < 1e-9);
        assert!((tally.false_alarm_rate().unwrap().share - 0.01).abs() < 1e-9);
    }
}
