//! The capture log.

use super::make::{NOW, capture, looked_at};
use super::reviews::execute;
use crate::domain::capture::CaptureId;
use crate::domain::capture_log::LogEntry;
use crate::domain::run::{RunCounts, RunId, RunOutcome};
use crate::domain::source::SourceId;
use crate::store::page::PageRecord;
use crate::store::{ChainCheck, Db};

const DAY: &str = "2026-11-23";
const DAY_MS: i64 = 86_400_000;

fn page(name: &str) -> PageRecord {
    PageRecord { capture: capture("a", name), ads: Vec::new(), now: NOW }
}

fn refused() -> LogEntry {
    LogEntry::NotCaptured {
        run_id: RunId::parse("run-a").unwrap(),
        source_id: SourceId::parse("a").unwrap(),
        url: "https://a.example/\0private".to_owned(),
        outcome: RunOutcome::RobotsDenied,
    }
}

pub(super) async fn what_was_looked_at_is_logged_once_in_one_chain_a_day(db: Db) {
    looked_at(&db, "a").await;
    db.record_pages(&[page("c1"), page("c2")]).await.unwrap();
    db.record_page(&page("c1")).await.unwrap();
    db.append_capture_log(NOW, &refused()).await.unwrap();
    let (run, counts) = (RunId::parse("run-a").unwrap(), RunCounts::default());
    for _ in 0..2 {
        db.finish_run(&run, &RunOutcome::Empty, &counts, NOW).await.unwrap();
    }
    let rows = db.capture_log(DAY, 0, 100).await.unwrap();
    let kinds: Vec<String> = rows
        .iter()
        .map(|row| serde_json::from_str::<serde_json::Value>(&row.document).unwrap()["kind"].to_string())
        .collect();
    assert_eq!(kinds, ["\"captured\"", "\"captured\"", "\"not-captured\"", "\"run-ended\""]);
    assert_eq!(db.check_capture_log(DAY).await.unwrap(), ChainCheck::Whole { n_entries: 4 });
    let (day, row) = db.capture_log_entry(&CaptureId::parse("c2").unwrap()).await.unwrap().unwrap();
    assert_eq!((day.as_str(), row.ordinal), (DAY, 2));
    assert_eq!(db.capture_log_hash(DAY, 2).await.unwrap(), Some(row.hash));
    assert_eq!(db.n_captures_without_log().await.unwrap(), 0);
    // The next day begins where this one ended.
    db.append_capture_log(NOW.plus_ms(DAY_MS), &refused()).await.unwrap();
    let follows = db.capture_log_follows("2026-11-24").await.unwrap().unwrap();
    assert_eq!((follows.day.as_str(), follows.n_entries), (DAY, 4));
    assert_eq!(follows.head, rows[3].hash);
    assert_eq!(db.capture_log_follows(DAY).await.unwrap(), None);
    let days: Vec<String> = db.capture_log_days().await.unwrap().into_iter().map(|day| day.day).collect();
    assert_eq!(days, ["2026-11-24", DAY]);
}

pub(super) async fn a_changed_or_cut_log_is_named(db: Db) {
    looked_at(&db, "a").await;
    for name in ["c1", "c2", "c3"] {
        db.record_page(&page(name)).await.unwrap();
    }
    execute(&db, "update capture_log set document = replace(document, 'c2', 'c9') where ordinal = 2").await;
    assert_eq!(db.check_capture_log(DAY).await.unwrap(), ChainCheck::BrokenAt { ordinal: 2 });
    execute(&db, "update capture_log set document = replace(document, 'c9', 'c2') where ordinal = 2").await;
    execute(&db, "delete from capture_log where ordinal = 3").await;
    assert_eq!(db.check_capture_log(DAY).await.unwrap(), ChainCheck::CutOff { n_found: 2, n_written: 3 });
    assert_eq!(db.n_captures_without_log().await.unwrap(), 1);
}

pub(super) async fn heads_of_logs_wait_for_stamps(db: Db) {
    looked_at(&db, "a").await;
    assert_eq!(db.queue_log_stamps(&["one", "two"], NOW, 3_600_000).await.unwrap(), 0);
    db.record_page(&page("c1")).await.unwrap();
    assert_eq!(db.queue_log_stamps(&[], NOW, 3_600_000).await.unwrap(), 0, "nobody to ask");
    assert_eq!(db.queue_log_stamps(&["one", "two"], NOW, 3_600_000).await.unwrap(), 1);
    assert!(db.log_stamps_are_due(NOW).await.unwrap());
    db.record_page(&page("c2")).await.unwrap();
    let soon = NOW.plus_ms(60_000);
    assert_eq!(db.queue_log_stamps(&["one", "two"], soon, 3_600_000).await.unwrap(), 0, "within the pause");
    let waiting = db.waiting_log_stamps(NOW, 10).await.unwrap();
    assert_eq!(waiting.len(), 2);
    db.log_stamp_done(&waiting[0], NOW, "ab").await.unwrap();
    db.log_stamp_failed(&waiting[1], "no answer", NOW.plus_ms(60_000)).await.unwrap();
    assert!(!db.log_stamps_are_due(NOW).await.unwrap());
    let later = NOW.plus_ms(3_600_000);
    assert_eq!(db.queue_log_stamps(&["one", "two"], later, 3_600_000).await.unwrap(), 1);
    let stamps = db.log_stamps(DAY).await.unwrap();
    let shown: Vec<(i64, bool, u64)> =
        stamps.iter().map(|stamp| (stamp.n_entries, stamp.stamped_at.is_some(), stamp.n_attempts)).collect();
    assert_eq!(shown, [(1, true, 0), (1, false, 1), (2, false, 0), (2, false, 0)]);
    // A day that is over waits for no pause.
    db.record_page(&page("c3")).await.unwrap();
    assert_eq!(db.queue_log_stamps(&["one"], NOW.plus_ms(DAY_MS), i64::MAX / 4).await.unwrap(), 1);
}
