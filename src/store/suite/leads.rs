use super::make::{NOW, accept, decision, finding_id, one_finding, page, seen};
use crate::domain::finding::FindingId;
use crate::domain::lead::{Lead, LeadId, LeadState, LeadStep, Recipient, Step};
use crate::domain::recheck::{Recheck, RecheckId, RecheckResult};
use crate::domain::review::Verdict;
use crate::domain::user::Actor;
use crate::store::audit::AuditNote;
use crate::store::lead::{LeadChange, StepRecord};
use crate::store::{Db, StoreError};

async fn accepted(db: &Db, words: &str) -> LeadId {
    let finding = one_finding(db, words).await;
    accept_finding(db, &finding).await
}

async fn accept_finding(db: &Db, finding: &FindingId) -> LeadId {
    let mut record = decision(&format!("d-{finding}"), finding, "王芳", accept());
    record.lead = Some(LeadChange::Open { at: record.decision.at });
    db.decide(record).await.unwrap();
    LeadId::of(finding)
}

fn refer(office: &str) -> Step {
    Step::Refer {
        recipient: Recipient::LeadDepartment,
        office: office.to_owned(),
        note: String::new(),
        number: String::new(),
    }
}

fn next(lead: &Lead, step: Step) -> StepRecord {
    let step = LeadStep { at: NOW.plus_ms(5_000), actor: "李强".to_owned(), step };
    let mut after = lead.clone();
    after.apply(step.clone()).unwrap();
    StepRecord {
        lead_id: lead.id.clone(),
        n_seen: lead.steps.len() as u64,
        step,
        state: after.state,
        notices: Vec::new(),
        recheck_at: None,
    }
}

fn note(id: &LeadId) -> AuditNote {
    AuditNote {
        at: NOW,
        actor: Actor::person("李强").unwrap(),
        action: "lead.step".to_owned(),
        object: id.to_string(),
        detail: serde_json::Value::Null,
    }
}

async fn lead(db: &Db, id: &LeadId) -> Lead {
    db.lead(id).await.unwrap().unwrap().lead
}

pub(super) async fn an_acceptance_opens_a_lead_and_steps_come_back_in_order(db: Db) {
    let id = accepted(&db, "保本").await;
    let opened = db.lead(&id).await.unwrap().unwrap();
    assert_eq!((opened.lead.state, opened.lead.opened_at), (LeadState::Verifying, NOW.plus_ms(1_000)));
    assert_eq!(opened.ad.draft.text, "保本");
    for office in ["甲", "乙"] {
        let record = next(&lead(&db, &id).await, refer(office));
        db.record_step(&record, &note(&id)).await.unwrap();
    }
    let steps: Vec<Step> = lead(&db, &id).await.steps.into_iter().map(|step| step.step).collect();
    assert_eq!(steps, [refer("甲"), refer("乙")]);
    assert_eq!(db.audit_entries(None, 10).await.unwrap().len(), 3, "the decision and two steps");
}

pub(super) async fn the_second_of_two_steps_at_once_is_refused_and_leaves_nothing(db: Db) {
    let id = accepted(&db, "保本").await;
    let seen = lead(&db, &id).await;
    db.record_step(&next(&seen, refer("甲")), &note(&id)).await.unwrap();
    let late = db.record_step(&next(&seen, refer("乙")), &note(&id)).await.unwrap_err();
    assert!(matches!(late, StoreError::Changed { kind: "lead", .. }), "{late}");
    assert_eq!(lead(&db, &id).await.steps.len(), 1);
    assert_eq!(db.audit_entries(None, 10).await.unwrap().len(), 2);
}

pub(super) async fn a_decision_whose_lead_changed_meanwhile_is_taken_back_whole(db: Db) {
    let id = accepted(&db, "保本").await;
    let finding = FindingId::parse(&id.as_str().replacen("l-", "f-", 1)).unwrap();
    let seen = lead(&db, &id).await;
    db.record_step(&next(&seen, refer("甲")), &note(&id)).await.unwrap();
    let mut undo = decision("d-undo", &finding, "王芳", Verdict::Undo);
    undo.lead = Some(LeadChange::Step(next(&seen, Step::Withdraw)));
    assert!(matches!(db.decide(undo).await, Err(StoreError::Changed { .. })));
    assert_eq!(db.decisions(&finding).await.unwrap().len(), 1, "the decision stands");
    assert_eq!(lead(&db, &id).await.state, LeadState::Verifying);
}

pub(super) async fn leads_are_listed_by_state_newest_first(db: Db) {
    let one = accepted(&db, "保本").await;
    let page = page("city-news", "page-2", vec![seen("city-news", "page-2", "返租")]);
    db.record_page(&page).await.unwrap();
    let two = accept_finding(&db, &finding_id("返租")).await;
    let record = next(&lead(&db, &one).await, Step::Withdraw);
    db.record_step(&record, &note(&one)).await.unwrap();
    let ids = |leads: Vec<crate::store::lead::ListedLead>| {
        leads.into_iter().map(|listed| listed.lead.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(db.leads(&[LeadState::Verifying], 10).await.unwrap()), std::slice::from_ref(&two));
    assert_eq!(ids(db.leads(&[LeadState::Withdrawn], 10).await.unwrap()), [one]);
    assert_eq!(db.leads(&LeadState::ALL, 10).await.unwrap().len(), 2);
    assert_eq!(db.leads(&LeadState::ALL, 1).await.unwrap().len(), 1);
    assert_eq!(db.leads(&[], 10).await.unwrap().len(), 0);
}

pub(super) async fn looks_are_kept_and_planned_with_the_order_that_asks_for_them(db: Db) {
    let id = accepted(&db, "保本").await;
    assert_eq!(db.due_rechecks(NOW.plus_ms(1_000_000), 9).await.unwrap(), []);
    let order = Step::Order { what: "停止发布".to_owned(), by: None };
    let hook = crate::domain::notice::Notice {
        id: crate::domain::notice::NoticeId::parse("hook-1").unwrap(),
        kind: crate::domain::notice::NoticeKind::Webhook,
        subject: "platform".to_owned(),
        body: "{}".to_owned(),
        created_at: NOW,
    };
    let record = StepRecord {
        notices: vec![hook.clone()],
        recheck_at: Some(NOW.plus_ms(50_000)),
        ..next(&lead(&db, &id).await, order)
    };
    db.record_step(&record, &note(&id)).await.unwrap();
    let taken = db.take_notices(NOW.plus_ms(1), 9, 1_000).await.unwrap();
    assert!(taken.iter().any(|one| one.notice == hook), "the message is written with its cause");
    assert_eq!(db.due_rechecks(NOW.plus_ms(49_999), 9).await.unwrap(), []);
    assert_eq!(db.due_rechecks(NOW.plus_ms(50_000), 9).await.unwrap(), std::slice::from_ref(&id));
    let look = |name: &str, at: i64, result| Recheck {
        id: RecheckId::parse(name).unwrap(),
        lead_id: id.clone(),
        url: "http://a.example/x".to_owned(),
        at: NOW.plus_ms(at),
        result,
        detail: "原广告 4 句中尚有 1 句".to_owned(),
        capture_id: None,
    };
    let looks = [look("k-1", 60_000, RecheckResult::Changed), look("k-2", 70_000, RecheckResult::Removed)];
    db.add_rechecks(&id, &looks, Some(NOW.plus_ms(90_000)), &[]).await.unwrap();
    db.add_rechecks(&id, &looks[..1], Some(NOW.plus_ms(90_000)), &[]).await.unwrap();
    let [first, second] = looks;
    assert_eq!(db.rechecks(&id, 9).await.unwrap(), [second, first], "the latest first, each once");
    assert_eq!(db.due_rechecks(NOW.plus_ms(80_000), 9).await.unwrap(), []);
    db.add_rechecks(&id, &[], None, &[]).await.unwrap();
    assert_eq!(db.due_rechecks(NOW.plus_ms(1_000_000), 9).await.unwrap(), []);
}
