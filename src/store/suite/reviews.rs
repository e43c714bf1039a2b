use sqlx::AssertSqlSafe;

use super::make::{NOW, accept, decision, finding_id, notice, one_finding};
use crate::domain::finding::FindingState;
use crate::domain::review::{DismissReason, Verdict};
use crate::domain::user::Actor;
use crate::store::audit::AuditNote;
use crate::store::review::DecisionRecord;
use crate::store::{ChainCheck, Db, StoreError};

pub(super) async fn a_decision_moves_the_finding_and_is_on_record(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let mut record = decision("d-1", &finding, "王芳", accept());
    record.notices.push(notice("decided-1"));
    let decided = db.decide(record.clone()).await.unwrap();
    assert_eq!(decided, record.decision);
    let view = db.finding(&finding).await.unwrap().unwrap();
    assert_eq!((view.finding.state, view.version), (FindingState::Accepted, 2));
    assert_eq!(view.finding.updated_at, record.decision.at);
    assert_eq!(view.decisions, [record.decision]);
    assert_eq!(db.decisions(&finding).await.unwrap(), view.decisions);
    let entries = db.audit_entries(None, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!((entry.ordinal, entry.actor.as_str(), entry.action.as_str()), (1, "王芳", "accept"));
    assert_eq!(entry.object, format!("finding {finding}"));
    assert_eq!(entry.detail["decision"], "d-1");
    // The alert of the finding and the notice of the decision.
    assert_eq!(db.waiting_notices().await.unwrap().0, 2);
}

pub(super) async fn the_second_of_two_reviewers_learns_who_was_first(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let first = decision("d-1", &finding, "王芳", accept());
    db.decide(first.clone()).await.unwrap();
    let second = decision("d-2", &finding, "李强", Verdict::Dismiss { reason: DismissReason::News });
    let error = db.decide(second).await.unwrap_err();
    let StoreError::Conflict { id, state, by, at } = &error else { panic!("{error}") };
    assert_eq!((id, *state, by.as_str(), *at), (&finding, FindingState::Accepted, "王芳", first.decision.at));
    assert!(error.to_string().contains("王芳") && error.to_string().contains("accepted"), "{error}");
    assert_eq!(db.decisions(&finding).await.unwrap().len(), 1);
    assert_eq!(
        db.audit_entries(None, 10).await.unwrap().len(),
        1,
        "a refused decision leaves no audit entry"
    );
    let nowhere = decision("d-3", &finding_id("没有"), "李强", accept());
    assert!(matches!(db.decide(nowhere).await, Err(StoreError::NotFound { kind: "finding", .. })));
}

pub(super) async fn a_decision_on_an_old_version_is_refused(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    db.decide(decision("d-1", &finding, "王芳", accept())).await.unwrap();
    db.decide(decision("d-2", &finding, "王芳", Verdict::Undo)).await.unwrap();
    let old = DecisionRecord { seen_version: Some(1), ..decision("d-3", &finding, "李强", accept()) };
    assert!(matches!(db.decide(old).await, Err(StoreError::Conflict { state: FindingState::Pending, .. })));
    let current = DecisionRecord { seen_version: Some(3), ..decision("d-3", &finding, "李强", accept()) };
    db.decide(current).await.unwrap();
}

pub(super) async fn an_undo_is_another_decision(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let undo = |name: &str| decision(name, &finding, "王芳", Verdict::Undo);
    assert!(matches!(
        db.decide(undo("d-0")).await,
        Err(StoreError::Conflict { state: FindingState::Pending, .. })
    ));
    let dismiss = Verdict::Dismiss { reason: DismissReason::Licensed };
    db.decide(decision("d-1", &finding, "王芳", dismiss.clone())).await.unwrap();
    db.decide(undo("d-2")).await.unwrap();
    let view = db.finding(&finding).await.unwrap().unwrap();
    assert_eq!(view.finding.state, FindingState::Pending);
    let verdicts: Vec<_> = view.decisions.into_iter().map(|decision| decision.verdict).collect();
    assert_eq!(verdicts, [dismiss, Verdict::Undo]);
}

pub(super) async fn a_repeated_decision_changes_nothing(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let record = decision("d-1", &finding, "王芳", accept());
    for _ in 0..2 {
        assert_eq!(db.decide(record.clone()).await.unwrap(), record.decision);
    }
    assert_eq!(db.finding(&finding).await.unwrap().unwrap().version, 2);
    assert_eq!(db.audit_entries(None, 10).await.unwrap().len(), 1);
}

pub(super) async fn of_many_decisions_at_once_one_succeeds(db: Db) {
    let finding = one_finding(&db, "保本保息").await;
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let db = db.clone();
            let record = decision(&format!("d-{n}"), &finding, &format!("审核员{n}"), accept());
            tokio::spawn(async move { db.decide(record).await })
        })
        .collect();
    let mut succeeded = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(decision) => succeeded.push(decision.actor),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(succeeded.len(), 1);
    assert_eq!(db.decisions(&finding).await.unwrap()[0].actor, succeeded[0]);
}

fn audit_note(n: i64) -> AuditNote {
    AuditNote {
        at: NOW.plus_ms(n),
        actor: Actor::machine(),
        action: "seal".to_owned(),
        object: format!("package p-{n}"),
        detail: serde_json::json!({ "n": n, "说明": "封存" }),
    }
}

pub(super) async fn the_audit_chain_shows_what_was_tampered_with(db: Db) {
    assert_eq!(db.check_audit().await.unwrap(), ChainCheck::Whole { n_entries: 0 });
    for n in 1..=5 {
        db.append_audit(&audit_note(n)).await.unwrap();
    }
    assert_eq!(db.check_audit().await.unwrap(), ChainCheck::Whole { n_entries: 5 });
    let listed = db.audit_entries(Some(4), 2).await.unwrap();
    assert_eq!(listed.iter().map(|entry| entry.ordinal).collect::<Vec<_>>(), [3, 2]);

    let whole = "select ordinal, at, actor, action, object, payload, hash from audit_entry";
    for (tampering, expected) in [
        ("update audit_entry set actor = '李强' where ordinal = 3", ChainCheck::BrokenAt { ordinal: 3 }),
        (
            "update audit_entry set payload = replace(payload, 'p-2', 'p-9'), object = 'package p-9' where ordinal = 2",
            ChainCheck::BrokenAt { ordinal: 2 },
        ),
        ("delete from audit_entry where ordinal = 3", ChainCheck::BrokenAt { ordinal: 4 }),
        ("delete from audit_entry where ordinal > 3", ChainCheck::CutOff { n_found: 3, n_written: 5 }),
        ("delete from audit_entry", ChainCheck::CutOff { n_found: 0, n_written: 5 }),
    ] {
        execute(&db, &format!("create table saved as {whole}")).await;
        execute(&db, tampering).await;
        assert_eq!(db.check_audit().await.unwrap(), expected, "{tampering}");
        execute(&db, "delete from audit_entry").await;
        let back = whole.replace("audit_entry", "saved");
        execute(
            &db,
            &format!("insert into audit_entry (ordinal, at, actor, action, object, payload, hash) {back}"),
        )
        .await;
        execute(&db, "drop table saved").await;
        assert_eq!(db.check_audit().await.unwrap(), ChainCheck::Whole { n_entries: 5 });
    }
}

pub(super) async fn audit_entries_written_at_once_form_one_chain(db: Db) {
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move { db.append_audit(&audit_note(n)).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.check_audit().await.unwrap(), ChainCheck::Whole { n_entries: 40 });
}

/// What someone with access to the database could do behind the store's back.
pub(super) async fn execute(db: &Db, sql: &str) {
    let mut tx = db.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).execute(tx.conn()).await.unwrap();
    tx.commit("tamper").await.unwrap();
}
