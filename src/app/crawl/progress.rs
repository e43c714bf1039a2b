//! What is known of a run while it lasts, and the outcome that follows from it.

use serde::{Deserialize, Serialize};

use crate::domain::run::{RunCounts, RunOutcome};
use crate::store::page::SeenAd;

/// How a run goes. Kept with the run, so that it can be resumed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// Kept in a column of its own.
    #[serde(skip)]
    pub(super) counts: RunCounts,
    /// The first outcome that was not `Ok`, in the order of fetching: what a run without any success reports.
    first_failure: Option<RunOutcome>,
    slot_only: bool,
    n_read: u32,
    /// Requests for pages, whatever came of them.
    pub(super) n_asked: u32,
}

impl Progress {
    pub(super) fn fail(&mut self, outcome: RunOutcome) {
        self.counts.n_failed += 1;
        self.first_failure.get_or_insert(outcome);
    }

    /// A page that was captured.
    pub(super) fn count_page(&mut self, outcome: &RunOutcome) {
        self.counts.n_pages += 1;
        self.count_reading(outcome);
    }

    /// A page that the host says is as it was.
    pub(super) fn count_unchanged(&mut self, outcome: &RunOutcome) {
        self.counts.n_unchanged += 1;
        self.count_reading(outcome);
    }

    /// A page that need not be asked for.
    pub(super) fn count_not_due(&mut self) {
        self.counts.n_not_due += 1;
        self.n_read += 1;
    }

    fn count_reading(&mut self, outcome: &RunOutcome) {
        match outcome {
            RunOutcome::Ok => self.n_read += 1,
            RunOutcome::Empty => {}
            RunOutcome::SlotOnly => self.slot_only = true,
            failure => self.fail(failure.clone()),
        }
    }

    pub(super) fn count_ads(&mut self, ads: &[SeenAd]) {
        self.counts.n_sightings += u32::try_from(ads.len()).unwrap_or(u32::MAX);
        for (assessment, hits) in ads.iter().filter_map(|ad| ad.judgement.as_ref()) {
            self.counts.n_hits += u32::try_from(hits.len()).unwrap_or(u32::MAX);
            self.counts.n_cleared += u32::from(!assessment.flagged && !hits.is_empty());
        }
    }

    /// A run with any success is `Ok` or `Partial`; without one it says why: silence is never success.
    pub(super) fn outcome(&self) -> RunOutcome {
        match (&self.first_failure, self.n_read) {
            (Some(failure), 0) => failure.clone(),
            (Some(_), _) => RunOutcome::Partial { n_failed: self.counts.n_failed },
            (None, 0) if self.slot_only => RunOutcome::SlotOnly,
            (None, 0) => RunOutcome::Empty,
            (None, _) => RunOutcome::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_success_says_why_and_never_ok() {
        let outcome = |steps: &[RunOutcome]| {
            let mut progress = Progress::default();
            for step in steps {
                progress.count_page(step);
            }
            progress.outcome()
        };
        let gone = RunOutcome::Gone;
        assert_eq!(outcome(&[]), RunOutcome::Empty);
        assert_eq!(outcome(&[RunOutcome::Empty]), RunOutcome::Empty);
        assert_eq!(outcome(&[RunOutcome::SlotOnly]), RunOutcome::SlotOnly);
        assert_eq!(outcome(std::slice::from_ref(&gone)), gone);
        assert_eq!(outcome(&[RunOutcome::Ok, gone]), RunOutcome::Partial { n_failed: 1 });
        assert_eq!(outcome(&[RunOutcome::Ok]), RunOutcome::Ok);
    }

    #[test]
    fn what_is_kept_of_a_run_comes_back() {
        let mut progress = Progress::default();
        progress.count_page(&RunOutcome::Ok);
        progress.fail(RunOutcome::RobotsDenied);
        let kept = serde_json::to_string(&progress).unwrap();
        let again: Progress = serde_json::from_str(&kept).unwrap();
        assert_eq!(again, Progress { counts: RunCounts::default(), ..progress });
    }
}
