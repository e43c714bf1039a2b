//! 两年内再犯: what is known of one party within the two-year window of the law.
//!
//! The machine counts and names the provisions whose number is reached; whether acts count as 违法行为 and penalties as
//! 行政处罚 is for the people who decided them.

use std::collections::BTreeMap;

use crate::domain::finding::FindingId;
use crate::domain::review::{Decision, Verdict};
use crate::kit::clock::UnixMs;

/// The window of 广告法 art 55 and 法释〔2010〕18号 (as amended 2021) art 12.
const WINDOW_YEARS: i32 = 2;

/// 行政处罚 on record for the same party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// Number of the document, as printed.
    pub document: String,
    /// The day it was given.
    pub at: UnixMs,
    /// Whether it was for false advertising (虚假广告).
    pub is_false_advertising: bool,
}

/// Why a party stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatReason {
    /// Three acts or more within two years: the higher fine of 广告法 art 55 becomes possible.
    ThreeActs,
    /// Two penalties or more for false advertising within two years: 法释〔2010〕18号 art 12 (3), to be considered for transfer.
    TwoPenalties,
    /// A penalty within two years: an aggravating circumstance of 法释〔2010〕18号 art 3.
    PriorPenalty,
}

impl RepeatReason {
    /// The reason with its source, Chinese, for the reviewer.
    pub fn sentence_zh(self) -> &'static str {
        match self {
            Self::ThreeActs => "两年内三次以上涉嫌违法：符合《广告法》第五十五条加重处罚的次数条件",
            Self::TwoPenalties => {
                "两年内因虚假广告受过二次以上行政处罚：对照法释〔2010〕18号第十二条第（三）项研判是否移送"
            }
            Self::PriorPenalty => "两年内受过行政处罚：法释〔2010〕18号第三条的从重情节",
        }
    }
}

/// What is known of one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatView {
    /// The window begins at this instant and includes it.
    pub since: UnixMs,
    /// Findings whose last decision accepts them, with the time of that decision, oldest first.
    pub accepted: Vec<(FindingId, UnixMs)>,
    /// Penalties in the window, oldest first.
    pub penalties: Vec<Penalty>,
    /// Which numbers of the law are reached.
    pub reasons: Vec<RepeatReason>,
}

/// Counts what lies in the two years before `now`, to the day (Asia/Shanghai).
///
/// `decisions` are those on findings of one party, in any order. A finding counts once, however often it was decided,
/// and only if its last decision accepts it.
pub fn repeat_view(decisions: &[Decision], penalties: &[Penalty], now: UnixMs) -> RepeatView {
    let since = window_start(now);
    let mut last: BTreeMap<&FindingId, &Decision> = BTreeMap::new();
    for decision in decisions.iter().filter(|decision| decision.at <= now) {
        let known = last.entry(&decision.finding_id).or_insert(decision);
        if (decision.at, &decision.id) > (known.at, &known.id) {
            *known = decision;
        }
    }
    let mut accepted: Vec<(FindingId, UnixMs)> = last
        .into_values()
        .filter(|decision| matches!(decision.verdict, Verdict::Accept { .. }) && decision.at >= since)
        .map(|decision| (decision.finding_id.clone(), decision.at))
        .collect();
    accepted.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    let mut penalties: Vec<Penalty> =
        penalties.iter().filter(|penalty| (since..=now).contains(&penalty.at)).cloned().collect();
    penalties.sort_by_key(|penalty| penalty.at);
    let n_false = penalties.iter().filter(|penalty| penalty.is_false_advertising).count();
    let reasons = [
        (accepted.len() >= 3, RepeatReason::ThreeActs),
        (n_false >= 2, RepeatReason::TwoPenalties),
        (!penalties.is_empty(), RepeatReason::PriorPenalty),
    ];
    let reasons = reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect();
    RepeatView { since, accepted, penalties, reasons }
}

/// The beginning of the same day two years ago; 29 February has its window begin on 28 February.
fn window_start(now: UnixMs) -> UnixMs {
    const TWO_YEARS_MS: i64 = 730 * 86_400_000;
    let zoned = now
        .zoned("Asia/Shanghai")
        .and_then(|zoned| zoned.checked_sub(jiff::Span::new().years(WINDOW_YEARS)).ok()?.start_of_day().ok());
    zoned.map_or_else(|| now.plus_ms(-TWO_YEARS_MS), |zoned| UnixMs(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::review::{DecisionId, DismissReason};

    /// 2026-11-23 09:00 +08:00.
    const NOW: UnixMs = UnixMs(1_795_395_600_000);
    const DAY_MS: i64 = 86_400_000;

    fn decision(n: usize, finding: &str, days_ago: i64, verdict: Verdict) -> Decision {
        Decision {
            id: DecisionId::parse(&format!("d-{n:03}")).unwrap(),
            finding_id: FindingId::parse(finding).unwrap(),
            actor: "王芳".to_owned(),
            at: NOW.plus_ms(-days_ago * DAY_MS),
            verdict,
            note: String::new(),
        }
    }

    fn accept() -> Verdict {
        Verdict::Accept { provisions: Vec::new() }
    }

    fn penalty(days_ago: i64, is_false_advertising: bool) -> Penalty {
        Penalty {
            document: format!("罚{days_ago}"),
            at: NOW.plus_ms(-days_ago * DAY_MS),
            is_false_advertising,
        }
    }

    #[test]
    fn a_finding_counts_once_and_only_while_it_is_accepted() {
        let decisions = [
            decision(1, "f-1", 10, accept()),
            decision(2, "f-1", 9, Verdict::Undo),
            decision(3, "f-1", 8, accept()),
            decision(4, "f-2", 7, accept()),
            decision(5, "f-3", 6, Verdict::Dismiss { reason: DismissReason::News }),
            decision(6, "f-4", 5, accept()),
            decision(7, "f-4", 4, Verdict::Undo),
            decision(8, "f-5", 3, accept()),
        ];
        let view = repeat_view(&decisions, &[], NOW);
        let names: Vec<&str> = view.accepted.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(names, ["f-1", "f-2", "f-5"]);
        assert_eq!(view.reasons, [RepeatReason::ThreeActs]);
        assert_eq!(repeat_view(&decisions[..4], &[], NOW).reasons, []);
    }

    #[test]
    fn the_window_is_two_years_to_the_day() {
        // 2024-11-23 00:00 +08:00 is 730 days and 9 hours before.
        let view =
            repeat_view(&[decision(1, "f-1", 730, accept()), decision(2, "f-2", 731, accept())], &[], NOW);
        assert_eq!(view.since.beijing(), "2024-11-23 00:00:00 +08:00");
        assert_eq!(view.accepted.len(), 1);
        let leap = UnixMs(1_835_402_400_000);
        assert_eq!(leap.beijing(), "2028-02-29 10:00:00 +08:00");
        assert_eq!(window_start(leap).beijing(), "2026-02-28 00:00:00 +08:00");
        let later = decision(3, "f-3", -1, accept());
        assert!(repeat_view(&[later], &[], NOW).accepted.is_empty(), "what is to come does not count");
    }

    #[test]
    fn penalties_are_counted_by_their_kind() {
        let reasons = |penalties: &[Penalty]| repeat_view(&[], penalties, NOW).reasons;
        assert_eq!(reasons(&[penalty(10, false), penalty(20, true)]), [RepeatReason::PriorPenalty]);
        assert_eq!(
            reasons(&[penalty(10, true), penalty(20, true)]),
            [RepeatReason::TwoPenalties, RepeatReason::PriorPenalty]
        );
        assert_eq!(reasons(&[penalty(800, true), penalty(900, true)]), []);
    }
}
