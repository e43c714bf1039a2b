use super::make::{NOW, notice};
use crate::domain::notice::{Notice, NoticeKind};
use crate::store::Db;

const HOLD_MS: i64 = 30_000;

pub(super) async fn a_notice_is_taken_once_and_sent_once(db: Db) {
    let digest = Notice { kind: NoticeKind::Digest, ..notice("digest-2026-11-23") };
    assert!(db.add_notice(&digest).await.unwrap());
    assert!(!db.add_notice(&digest).await.unwrap());
    for n in 0..30 {
        db.add_notice(&notice(&format!("alert-{n:02}"))).await.unwrap();
    }
    assert_eq!(db.waiting_notices().await.unwrap(), (31, None));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut sent = Vec::new();
                loop {
                    let taken = db.take_notices(NOW, 3, HOLD_MS).await.unwrap();
                    if taken.is_empty() {
                        return sent;
                    }
                    assert!(taken.len() <= 3);
                    for taken in taken {
                        assert_eq!(taken.n_attempts, 1);
                        let id = taken.notice.id.clone();
                        db.mark_sent(&id, &format!("<{id}@example>"), NOW).await.unwrap();
                        sent.push(taken.notice);
                    }
                }
            })
        })
        .collect();
    let mut sent = Vec::new();
    for task in tasks {
        sent.extend(task.await.unwrap());
    }
    sent.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(sent.len(), 31);
    assert_eq!(sent[30], digest);
    assert_eq!(db.waiting_notices().await.unwrap(), (0, None));
    assert!(!db.add_notice(&digest).await.unwrap(), "what was sent is not sent again");
    assert!(db.take_notices(NOW.plus_ms(10 * HOLD_MS), 10, HOLD_MS).await.unwrap().is_empty());
}

pub(super) async fn a_notice_whose_sender_died_is_due_again(db: Db) {
    db.add_notice(&notice("alert-1")).await.unwrap();
    assert!(db.take_notices(NOW.plus_ms(-1), 10, HOLD_MS).await.unwrap().is_empty(), "not before its cause");
    assert_eq!(db.take_notices(NOW, 10, HOLD_MS).await.unwrap().len(), 1);
    assert!(db.take_notices(NOW.plus_ms(HOLD_MS - 1), 10, HOLD_MS).await.unwrap().is_empty());
    let again = db.take_notices(NOW.plus_ms(HOLD_MS), 10, HOLD_MS).await.unwrap();
    assert_eq!(again[0].n_attempts, 2);
}

pub(super) async fn a_failed_notice_waits_for_its_retry(db: Db) {
    let alert = notice("alert-1");
    db.add_notice(&alert).await.unwrap();
    db.take_notices(NOW, 10, HOLD_MS).await.unwrap();
    db.mark_failed(&alert.id, "connection refused", NOW.plus_ms(500)).await.unwrap();
    assert_eq!(db.waiting_notices().await.unwrap(), (1, Some("connection refused".to_owned())));
    assert!(!db.notices_are_due(NOW.plus_ms(499)).await.unwrap());
    assert!(db.notices_are_due(NOW.plus_ms(500)).await.unwrap());
    assert!(db.take_notices(NOW.plus_ms(499), 10, HOLD_MS).await.unwrap().is_empty());
    assert_eq!(db.take_notices(NOW.plus_ms(500), 10, HOLD_MS).await.unwrap().len(), 1);
    db.mark_sent(&alert.id, "<1@example>", NOW).await.unwrap();
    db.mark_failed(&alert.id, "too late", NOW).await.unwrap();
    assert_eq!(db.waiting_notices().await.unwrap(), (0, None));
}
