//! Worked examples of the rules, and any order of steps.

use jiff::civil::date;
use proptest::prelude::*;

use super::super::calendar::WorkCalendar;
use super::super::duty::DutyKind;
use super::*;

const DAY_MS: i64 = 86_400_000;
/// 2026-03-02 08:00 in Beijing, a Monday.
const FOUND: UnixMs = UnixMs(1_772_409_600_000);

fn calendar() -> WorkCalendar {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/calendar.toml"));
    WorkCalendar::parse(text).0
}

fn lead() -> Lead {
    Lead::open(FindingId::parse("f-0a1b").unwrap(), FOUND)
}

fn after_days(n: i64, step: Step) -> LeadStep {
    LeadStep { at: FOUND.plus_ms(n * DAY_MS), actor: "王芳".to_owned(), step }
}

fn extend() -> Step {
    Step::Extend { approver: "陈局".to_owned(), reason: "需异地协查".to_owned(), days: None, of: None }
}

fn file() -> Step {
    Step::File {
        officers: vec!["王芳".to_owned(), "李强".to_owned()],
        approver: "陈局".to_owned(),
        number: String::new(),
        party: String::new(),
    }
}

fn refer(recipient: Recipient) -> Step {
    let office = "江州市地方金融管理局".to_owned();
    Step::Refer { recipient, office, note: String::new(), number: String::new() }
}

fn duties(lead: &Lead, today: Date) -> Vec<(DutyKind, Date)> {
    lead.duties(&calendar(), today).into_iter().map(|duty| (duty.kind, duty.deadline.last_day)).collect()
}

fn last_day(lead: &Lead) -> Option<Date> {
    duties(lead, day(lead.since)).first().map(|(_, last)| *last)
}

fn note(text: &str) -> String {
    text.to_owned()
}

#[test]
fn the_clock_follows_the_states() {
    let mut lead = lead();
    assert_eq!(lead.id.as_str(), "l-0a1b");
    assert_eq!(last_day(&lead), Some(date(2026, 3, 23)), "15 working days");
    lead.apply(after_days(3, extend())).unwrap();
    assert_eq!(last_day(&lead), Some(date(2026, 4, 14)), "30 working days with 清明");
    lead.apply(after_days(10, file())).unwrap();
    assert_eq!(lead.state, LeadState::Filed);
    assert_eq!(last_day(&lead), Some(date(2026, 6, 10)), "90 days from filing");
    lead.apply(after_days(20, extend())).unwrap();
    assert_eq!(last_day(&lead), Some(date(2026, 7, 10)), "30 days more");
    lead.apply(after_days(50, Step::Submit { note: note("拟罚款十万元") })).unwrap();
    assert_eq!(
        duties(&lead, date(2026, 4, 21))[0],
        (DutyKind::Review, date(2026, 5, 8)),
        "10 working days around 劳动节"
    );
    let review = Step::Review { reviewer: note("赵敏"), agreed: true, note: note("同意") };
    lead.apply(after_days(55, review)).unwrap();
    lead.apply(after_days(56, Step::Inform { note: note("告知书已直接送达") })).unwrap();
    assert_eq!(duties(&lead, date(2026, 4, 27))[0].0, DutyKind::Hearing);
    lead.apply(after_days(58, Step::Hear { note: note("书面放弃") })).unwrap();
    lead.apply(after_days(60, decide(DecisionKind::Penalty))).unwrap();
    assert_eq!(duties(&lead, date(2026, 5, 1)), [(DutyKind::Serve, date(2026, 5, 13))]);
    lead.apply(after_days(62, Step::Serve { note: note("直接送达") })).unwrap();
    assert_eq!(duties(&lead, date(2026, 5, 3)), [(DutyKind::Payment, date(2026, 5, 18))]);
    lead.apply(after_days(65, Step::Execute { note: note("罚款已缴清") })).unwrap();
    assert_eq!(duties(&lead, date(2026, 5, 6)), [(DutyKind::CloseForm, date(2026, 5, 26))]);
    lead.apply(after_days(70, Step::Close { note: String::new() })).unwrap();
    assert_eq!((lead.state, last_day(&lead)), (LeadState::Closed, None));
    assert_eq!(Lead::replay(lead.finding_id.clone(), FOUND, lead.steps.clone()), lead);
}

fn decide(kind: DecisionKind) -> Step {
    Step::Decide { outcome: note("罚款十万元"), kind, number: String::new() }
}

#[test]
fn time_that_does_not_count_moves_the_last_day_and_an_open_pause_moves_it_daily() {
    let pause = |kind| Step::Pause { kind, approver: note("陈局"), reason: note("送鉴定") };
    let resume = || Step::Resume { note: String::new() };
    let mut one = lead();
    let refused = one.apply(after_days(1, pause(PauseKind::Hearing))).unwrap_err().to_string();
    assert!(refused.contains("第十八条"), "{refused}");
    // Stands still from Thursday the 5th; the 5th itself still counts.
    one.apply(after_days(3, pause(PauseKind::Appraisal))).unwrap();
    let while_still = |today| duties(&one, today)[0].1;
    assert_eq!(while_still(date(2026, 3, 5)), date(2026, 3, 23));
    assert_eq!(while_still(date(2026, 3, 6)), date(2026, 3, 24));
    assert_eq!(while_still(date(2026, 3, 9)), date(2026, 3, 25));
    assert!(one.duties(&calendar(), date(2026, 6, 1)).iter().all(|duty| !duty.is_overdue()));
    assert!(one.apply(after_days(4, pause(PauseKind::Appraisal))).is_err(), "it stands still already");
    one.apply(after_days(10, resume())).unwrap();
    assert_eq!(duties(&one, date(2026, 3, 12))[0].1, date(2026, 3, 30), "five working days were not counted");
    assert!(one.apply(after_days(11, resume())).is_err());
    // A case: calendar days, for every reason of art 64.
    for kind in PauseKind::ALL {
        let mut case = lead();
        case.apply(after_days(0, file())).unwrap();
        case.apply(after_days(10, pause(kind))).unwrap();
        case.apply(after_days(40, resume())).unwrap();
        assert_eq!(last_day(&case), Some(date(2026, 6, 30)), "31 May and 30 days, {kind:?}");
    }
}

#[test]
fn a_second_extension_needs_a_decision_together_and_only_a_case_has_one() {
    let mut lead = lead();
    lead.apply(after_days(1, extend())).unwrap();
    let refused = lead.apply(after_days(2, extend())).unwrap_err();
    assert!(matches!(refused, StepRefused::ExtendedAlready { .. }), "{refused}");
    assert_eq!(lead.steps.len(), 1, "nothing is changed");
    let more =
        |days| Step::Extend {
            approver: note("集体讨论"), reason: note("案情特别复杂"), days, of: None
        };
    lead.apply(after_days(3, file())).unwrap();
    assert!(lead.apply(after_days(4, more(Some(20)))).is_err(), "the first is set by the rules");
    lead.apply(after_days(4, extend())).unwrap();
    assert!(lead.apply(after_days(5, more(None))).is_err(), "the second names its days");
    lead.apply(after_days(5, more(Some(20)))).unwrap();
    // Filed on 5 March: 120 days end on 3 July, 140 on 23 July.
    assert_eq!(last_day(&lead), Some(date(2026, 7, 23)));
}

#[test]
fn a_referral_on_track_b_leaves_track_a_running_and_a_transfer_ends_it() {
    for (recipient, state) in [
        (Recipient::LeadDepartment, LeadState::Verifying),
        (Recipient::SectorRegulator, LeadState::Verifying),
        (Recipient::OtherOffice, LeadState::Transferred),
        (Recipient::Police, LeadState::Transferred),
    ] {
        let mut lead = lead();
        lead.apply(after_days(1, refer(recipient))).unwrap();
        assert_eq!(lead.state, state, "{recipient:?}");
        let kinds: Vec<DutyKind> = duties(&lead, date(2026, 3, 3)).iter().map(|duty| duty.0).collect();
        assert_eq!(kinds.contains(&DutyKind::Verify), state.is_open());
        assert!(kinds.contains(&DutyKind::Receipt), "somebody must ask for the receipt");
    }
}

#[test]
fn receipt_and_answer_are_followed_and_a_refusal_brings_the_matter_back() {
    let receive = |on| Step::Receive { referral: 2, on, note: note("回执 3 号") };
    let answer = |answer| Step::Answer { referral: 2, answer, note: note("不予立案通知书") };
    let mut case = lead();
    case.apply(after_days(0, file())).unwrap();
    case.apply(after_days(10, refer(Recipient::Police))).unwrap();
    assert_eq!(case.case.as_ref().unwrap().state, super::super::case::CaseState::Transferred);
    assert_eq!(duties(&case, date(2026, 3, 12)), [(DutyKind::Receipt, date(2026, 3, 13))]);
    case.apply(after_days(12, receive(Some(date(2026, 3, 12))))).unwrap();
    assert_eq!(
        duties(&case, date(2026, 3, 14)),
        [(DutyKind::Answer, date(2026, 3, 16))],
        "three days, and the last is a Sunday"
    );
    assert!(case.apply(after_days(12, receive(None))).is_err(), "one receipt");
    assert!(case.apply(after_days(13, answer(Answer::Found))).is_err(), "police find no such thing");
    case.apply(after_days(20, answer(Answer::Refused))).unwrap();
    assert_eq!(case.state, LeadState::Filed);
    assert_eq!(last_day(&case), Some(date(2026, 6, 10)), "ten days away are not counted");
    assert!(case.apply(after_days(21, answer(Answer::Accepted))).is_err(), "one answer");
    let mut lead = lead();
    lead.apply(after_days(1, refer(Recipient::OtherOffice))).unwrap();
    let back = Step::Answer { referral: 1, answer: Answer::Refused, note: note("无管辖权") };
    lead.apply(after_days(7, back)).unwrap();
    assert_eq!(last_day(&lead), Some(date(2026, 3, 30)), "received anew");
    assert_eq!(Lead::replay(case.finding_id.clone(), FOUND, case.steps.clone()), case);
}

#[test]
fn tasks_have_terms_of_their_own() {
    let begin = |task| Step::Begin { task, what: note("样品") };
    let mut lead = lead();
    lead.apply(after_days(0, file())).unwrap();
    for (task, kind, last) in [
        (TaskKind::Assistance, DutyKind::Assistance, date(2026, 3, 23)),
        (TaskKind::Preservation, DutyKind::Preserve, date(2026, 3, 11)),
        (TaskKind::Seizure, DutyKind::Seizure, date(2026, 4, 1)),
        (TaskKind::Jurisdiction, DutyKind::Jurisdiction, date(2026, 3, 11)),
        (TaskKind::PoliceApproval, DutyKind::PoliceApproval, date(2026, 3, 5)),
    ] {
        let mut one = lead.clone();
        one.apply(after_days(0, begin(task))).unwrap();
        assert!(
            duties(&one, date(2026, 3, 2)).contains(&(kind, last)),
            "{:?}",
            duties(&one, date(2026, 3, 2))
        );
        let longer =
            Step::Extend { approver: note("陈局"), reason: note("复杂"), days: None, of: Some(2) };
        let extended = one.apply(after_days(20, longer));
        assert_eq!(extended.is_ok(), task == TaskKind::Seizure, "art 38 alone extends");
        let end = Step::End { of: 2, result: note("完成"), approved: true };
        one.apply(after_days(4, end.clone())).unwrap();
        assert!(duties(&one, date(2026, 3, 6)).iter().all(|duty| duty.0 != kind));
        let sends = duties(&one, date(2026, 3, 6)).contains(&(DutyKind::PoliceSend, date(2026, 3, 7)));
        assert_eq!(sends, task == TaskKind::PoliceApproval, "24 hours, also on a Saturday");
        assert!(one.apply(after_days(5, end)).is_err(), "it ended");
    }
}

#[test]
fn a_case_is_reviewed_by_another_and_the_party_is_told_before_a_penalty() {
    let mut case = lead();
    case.apply(after_days(0, file())).unwrap();
    let why = |case: &Lead, step: Step| case.check(&step).unwrap_err().to_string();
    assert!(why(&case, decide(DecisionKind::Penalty)).contains("第四十九条"));
    case.apply(after_days(1, Step::Submit { note: note("终结") })).unwrap();
    let review =
        |reviewer: &str, agreed| Step::Review { reviewer: note(reviewer), agreed, note: note("见附") };
    assert!(why(&case, review(" 李强", true)).contains("第四十九条"));
    case.apply(after_days(2, review("赵敏", false))).unwrap();
    assert_eq!(case.case.as_ref().unwrap().state.as_str(), "investigating", "sent back");
    case.apply(after_days(3, Step::Submit { note: note("补充") })).unwrap();
    case.apply(after_days(4, review("赵敏", true))).unwrap();
    assert!(why(&case, decide(DecisionKind::Penalty)).contains("第五十七条"));
    case.check(&decide(DecisionKind::NotProven)).unwrap();
    case.apply(after_days(5, decide(DecisionKind::NoPenalty))).unwrap();
    let kinds: Vec<DutyKind> = duties(&case, date(2026, 3, 7)).iter().map(|duty| duty.0).collect();
    assert_eq!(kinds, [DutyKind::Serve, DutyKind::CloseForm]);
}

#[test]
fn only_an_untouched_lead_is_withdrawn_and_a_reopened_one_starts_anew() {
    let mut one = lead();
    one.apply(after_days(1, Step::Withdraw)).unwrap();
    assert_eq!(one.state, LeadState::Withdrawn);
    one.apply(after_days(7, Step::Reopen)).unwrap();
    assert_eq!(last_day(&one), Some(date(2026, 3, 30)));
    one.apply(after_days(8, Step::Withdraw)).unwrap();
    let mut two = lead();
    two.apply(after_days(1, refer(Recipient::LeadDepartment))).unwrap();
    assert!(two.apply(after_days(2, Step::Withdraw)).is_err());
}

#[test]
fn steps_recorded_before_there_were_cases_are_still_read() {
    let old = [
        r#"{"step":"extend","approver":"陈局","reason":"协查"}"#,
        r#"{"step":"file","officers":["王芳","李强"],"approver":"陈局"}"#,
        r#"{"step":"refer","recipient":"police","office":"江州市公安局","note":""}"#,
    ];
    let steps: Vec<LeadStep> =
        old.iter().map(|text| after_days(1, serde_json::from_str(text).unwrap())).collect();
    let lead = Lead::replay(FindingId::parse("f-0a1b").unwrap(), FOUND, steps);
    assert_eq!((lead.state, lead.referrals.len()), (LeadState::Transferred, 1));
    let decided = r#"{"step":"decide","outcome":"罚款十万元"}"#;
    let steps = vec![after_days(1, file()), after_days(2, serde_json::from_str(decided).unwrap())];
    let lead = Lead::replay(FindingId::parse("f-0a1b").unwrap(), FOUND, steps);
    assert_eq!(lead.state, LeadState::Decided, "what was done without a review stays done");
}

#[test]
fn steps_out_of_order_or_incomplete_are_refused_by_name() {
    let blank = String::new;
    let named = |names: [&str; 2]| Step::File {
        officers: names.map(str::to_owned).to_vec(),
        approver: note("陈局"),
        number: blank(),
        party: blank(),
    };
    let cases = [
        (decide(DecisionKind::Penalty), "decide"),
        (Step::Close { note: blank() }, "close"),
        (Step::Reopen, "reopen"),
        (Step::Extend { approver: note(" "), reason: note("忙"), days: None, of: None }, "approver"),
        (named(["王芳", " 王芳 "]), "officer"),
        (Step::Decline { ground: DeclineGround::Other, approver: note("陈局"), note: blank() }, "note"),
        (
            Step::Refer { recipient: Recipient::Police, office: blank(), note: blank(), number: blank() },
            "office",
        ),
        (Step::Receive { referral: 4, on: None, note: note("x") }, "referral"),
        (Step::End { of: 4, result: note("x"), approved: false }, "of"),
    ];
    for (step, named) in cases {
        let refused = lead().apply(after_days(1, step)).unwrap_err().to_string();
        assert!(refused.contains(named), "{refused}");
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let text = || note("甲");
    let tasks = prop::sample::select(TaskKind::ALL.to_vec());
    let pauses = prop::sample::select(PauseKind::ALL.to_vec());
    let recipients = prop::sample::select(Recipient::ALL.to_vec());
    let answers = prop::sample::select(Answer::ALL.to_vec());
    let kinds = prop::sample::select(DecisionKind::ALL.to_vec());
    prop_oneof![
        (prop::option::of(1_u16..60), prop::option::of(1_u64..9)).prop_map(move |(days, of)| Step::Extend {
            approver: text(),
            reason: text(),
            days,
            of
        }),
        pauses.prop_map(move |kind| Step::Pause { kind, approver: text(), reason: text() }),
        Just(Step::Resume { note: String::new() }),
        Just(file()),
        recipients.prop_map(refer),
        (1_u64..9).prop_map(move |referral| Step::Receive { referral, on: None, note: text() }),
        (1_u64..9, answers).prop_map(move |(referral, answer)| Step::Answer {
            referral,
            answer,
            note: text()
        }),
        tasks.prop_map(move |task| Step::Begin { task, what: text() }),
        (1_u64..9, any::<bool>()).prop_map(move |(of, approved)| Step::End { of, result: text(), approved }),
        Just(Step::Submit { note: text() }),
        any::<bool>().prop_map(move |agreed| Step::Review { reviewer: note("赵敏"), agreed, note: text() }),
        Just(Step::Inform { note: text() }),
        Just(Step::Hear { note: text() }),
        kinds.prop_map(decide),
        Just(Step::Serve { note: text() }),
        Just(Step::Execute { note: text() }),
        Just(Step::Close { note: text() }),
    ]
}

proptest! {
    /// Whatever is tried in whatever order from 2016 to 2027: a refused step changes nothing, the log replays to the
    /// same lead, an open state has a duty of somebody, and terms of this office end on working days, except the
    /// twenty-four hours.
    #[test]
    fn every_order_of_steps_is_either_refused_or_kept_whole(
        start in 0_i64..4_000, tried in prop::collection::vec((any_step(), 0_i64..20), 1..40),
    ) {
        let calendar = calendar();
        // 2016-01-04 08:00 in Beijing.
        let mut at = UnixMs(1_451_865_600_000 + start * DAY_MS);
        let mut lead = Lead::open(FindingId::parse("f-0a1b").unwrap(), at);
        for (step, days) in tried {
            at = at.plus_ms(days * DAY_MS);
            let before = lead.clone();
            let step = LeadStep { at, actor: note("王芳"), step };
            let json = serde_json::to_string(&step.step).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Step>(&json).unwrap(), &step.step);
            if lead.apply(step).is_err() {
                prop_assert_eq!(&lead, &before);
            }
            let today = day(at);
            let duties = lead.duties(&calendar, today);
            if lead.state.is_open() {
                prop_assert!(!duties.is_empty(), "{:?} has no clock", lead.state);
            }
            for duty in duties {
                prop_assert!(duty.deadline.last_day > duty.since);
                let around_the_clock = duty.kind == DutyKind::PoliceSend;
                prop_assert!(around_the_clock || calendar.is_worked(duty.deadline.last_day));
            }
        }
        prop_assert_eq!(Lead::replay(lead.finding_id.clone(), lead.opened_at, lead.steps.clone()), lead);
    }
}
