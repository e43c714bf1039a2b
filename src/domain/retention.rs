//! 保管期限: how long evidence is kept. Nothing is disposed of by itself; a person does it, and it is on record.

use super::label::Label;
use super::lead::LeadState;
use crate::kit::clock::UnixMs;

/// By which rule something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// No lead came of it: one year.
    HitOnly,
    /// A lead that is still worked on: until it is done.
    OpenLead,
    /// A lead without a case: at least six years. 行政处罚法 art 36 lets a breach be pursued up to five years, counted
    /// from its end.
    Lead,
    /// A case, or handed to another office or the police: never disposed of here; archive rules decide.
    Case,
}

impl Retention {
    /// The rule for the package of a finding whose lead is in this state.
    pub fn of(lead: Option<LeadState>) -> Self {
        match lead {
            None => Self::HitOnly,
            Some(LeadState::Verifying) => Self::OpenLead,
            Some(LeadState::Declined | LeadState::Withdrawn) => Self::Lead,
            Some(LeadState::Filed | LeadState::Decided | LeadState::Closed | LeadState::Transferred) => {
                Self::Case
            }
        }
    }

    /// Stable name for records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HitOnly => "hit-only",
            Self::OpenLead => "open-lead",
            Self::Lead => "lead",
            Self::Case => "case",
        }
    }

    /// What people call it.
    pub fn label(self) -> Label {
        match self {
            Self::HitOnly => Label { zh: "未形成线索，保管 1 年", en: "no lead: one year" },
            Self::OpenLead => Label { zh: "线索在办，不处置", en: "lead in work: kept" },
            Self::Lead => Label { zh: "线索，保管不少于 6 年", en: "lead: at least six years" },
            Self::Case => Label {
                zh: "案件或已移送，不自动处置", en: "case or referred: never disposed of"
            },
        }
    }

    /// Until when it is kept at least, counted from the sealing or the last step of the lead, whichever is later;
    /// `None`: without end.
    pub fn until(self, from: UnixMs) -> Option<UnixMs> {
        let years = match self {
            Self::HitOnly => 1,
            Self::Lead => 6,
            Self::OpenLead | Self::Case => return None,
        };
        let zoned = from.zoned("Asia/Shanghai")?;
        let end = zoned.checked_add(jiff::Span::new().years(years)).ok()?;
        Some(UnixMs(end.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_never_due_and_the_rest_after_whole_years() {
        let from = UnixMs(1_795_395_900_000);
        assert_eq!(Retention::of(Some(LeadState::Filed)).until(from), None);
        assert_eq!(Retention::of(Some(LeadState::Transferred)).until(from), None);
        assert_eq!(Retention::of(Some(LeadState::Verifying)).until(from), None);
        let day = |retention: Retention| retention.until(from).unwrap().beijing();
        assert!(day(Retention::of(None)).starts_with("2027-11-23"));
        assert!(day(Retention::of(Some(LeadState::Declined))).starts_with("2032-11-23"));
    }

    #[test]
    fn every_state_has_a_rule() {
        for state in LeadState::ALL {
            assert!(!Retention::of(Some(state)).as_str().is_empty());
        }
    }
}
