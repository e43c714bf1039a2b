use std::collections::BTreeSet;

use super::make::{NOW, job};
use super::reviews::execute;
use crate::domain::job::{JobKind, Lease};
use crate::kit::clock::UnixMs;
use crate::store::Db;
use crate::store::job::NewJob;

const TTL_MS: i64 = 60_000;

async fn leased(db: &Db, holder: &str, now: UnixMs) -> Option<Lease> {
    db.lease(holder, now, TTL_MS).await.unwrap()
}

pub(super) async fn a_job_is_leased_by_one_worker_and_done_once(db: Db) {
    assert_eq!(leased(&db, "worker-1", NOW).await, None);
    let later = job("job-1", NOW.plus_ms(10));
    assert!(db.enqueue(&later, NOW).await.unwrap());
    assert!(!db.enqueue(&later, NOW).await.unwrap(), "the name is taken");
    assert_eq!(leased(&db, "worker-1", NOW).await, None, "it is not due yet");
    let lease = leased(&db, "worker-1", NOW.plus_ms(10)).await.unwrap();
    assert_eq!((&lease.job_id, &lease.kind), (&later.id, &later.kind));
    assert_eq!((lease.holder.as_str(), lease.n_attempts), ("worker-1", 1));
    assert_eq!(lease.until, NOW.plus_ms(10 + TTL_MS));
    assert_eq!(leased(&db, "worker-2", NOW.plus_ms(10)).await, None);
    assert!(db.complete(&lease, NOW.plus_ms(20)).await.unwrap());
    assert!(!db.complete(&lease, NOW.plus_ms(21)).await.unwrap());
    assert_eq!(leased(&db, "worker-2", NOW.plus_ms(10 * TTL_MS)).await, None);
}

pub(super) async fn a_job_whose_worker_died_is_taken_over(db: Db) {
    db.enqueue(&job("job-1", NOW), NOW).await.unwrap();
    let dead = leased(&db, "worker-1", NOW).await.unwrap();
    assert_eq!(leased(&db, "worker-2", NOW.plus_ms(TTL_MS - 1)).await, None);
    let taken = leased(&db, "worker-2", NOW.plus_ms(TTL_MS)).await.unwrap();
    assert_eq!((&taken.job_id, taken.n_attempts), (&dead.job_id, 2));
}

pub(super) async fn a_worker_that_lost_its_lease_changes_nothing(db: Db) {
    db.enqueue(&job("job-1", NOW), NOW).await.unwrap();
    let slow = leased(&db, "worker", NOW).await.unwrap();
    assert!(db.renew(&slow, NOW.plus_ms(TTL_MS / 2), TTL_MS).await.unwrap());
    assert_eq!(leased(&db, "worker", NOW.plus_ms(TTL_MS)).await, None, "a renewed lease holds longer");
    // Even under the same name, which a restarted machine may well use.
    let late = NOW.plus_ms(2 * TTL_MS);
    let current = leased(&db, "worker", late).await.unwrap();
    assert!(!db.renew(&slow, late, TTL_MS).await.unwrap());
    assert!(!db.complete(&slow, late).await.unwrap());
    assert!(!db.fail(&slow, "too slow", None, late).await.unwrap());
    assert!(db.complete(&current, late).await.unwrap());
}

pub(super) async fn a_failed_job_waits_for_its_retry_or_is_given_up(db: Db) {
    db.enqueue(&job("job-1", NOW), NOW).await.unwrap();
    let first = leased(&db, "worker", NOW).await.unwrap();
    assert!(db.fail(&first, "host \0 down", Some(NOW.plus_ms(500)), NOW).await.unwrap());
    assert_eq!(leased(&db, "worker", NOW.plus_ms(499)).await, None);
    let second = leased(&db, "worker", NOW.plus_ms(500)).await.unwrap();
    assert_eq!(second.n_attempts, 2);
    assert!(db.fail(&second, "host down", None, NOW.plus_ms(600)).await.unwrap());
    assert_eq!(leased(&db, "worker", NOW.plus_ms(100 * TTL_MS)).await, None);
}

pub(super) async fn an_unfinished_job_keeps_its_key(db: Db) {
    let with_key = |name: &str| NewJob { dedupe_key: Some("crawl:city-news".to_owned()), ..job(name, NOW) };
    assert!(db.enqueue(&with_key("job-1"), NOW).await.unwrap());
    assert!(!db.enqueue(&with_key("job-2"), NOW).await.unwrap());
    let lease = leased(&db, "worker", NOW).await.unwrap();
    assert!(!db.enqueue(&with_key("job-2"), NOW).await.unwrap(), "a running job keeps its key");
    db.complete(&lease, NOW).await.unwrap();
    assert!(db.enqueue(&with_key("job-2"), NOW).await.unwrap());
    for name in ["job-3", "job-4"] {
        assert!(db.enqueue(&job(name, NOW), NOW).await.unwrap(), "jobs without a key are independent");
    }
}

pub(super) async fn a_job_of_an_unknown_kind_blocks_nobody(db: Db) {
    db.enqueue(&job("job-1", NOW), NOW).await.unwrap();
    execute(&db, "update job set payload = '{\"job\":\"from-the-future\"}'").await;
    db.enqueue(&job("job-2", NOW.plus_ms(1)), NOW).await.unwrap();
    let lease = leased(&db, "worker", NOW.plus_ms(1)).await.unwrap();
    assert_eq!(lease.job_id.as_str(), "job-2");
    assert_eq!(leased(&db, "worker", NOW.plus_ms(9 * TTL_MS)).await.map(|lease| lease.n_attempts), Some(2));
}

pub(super) async fn workers_at_once_share_the_jobs_out(db: Db) {
    const N_JOBS: usize = 60;
    for n in 0..N_JOBS {
        db.enqueue(&job(&format!("job-{n:02}"), NOW), NOW).await.unwrap();
    }
    let tasks: Vec<_> = (0..6)
        .map(|worker| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                while let Some(lease) = leased(&db, &format!("worker-{worker}"), NOW).await {
                    assert!(db.complete(&lease, NOW).await.unwrap());
                    done.push(lease.job_id.to_string());
                }
                done
            })
        })
        .collect();
    let mut done = Vec::new();
    for task in tasks {
        done.extend(task.await.unwrap());
    }
    assert_eq!(done.len(), N_JOBS);
    assert_eq!(done.iter().collect::<BTreeSet<_>>().len(), N_JOBS);
}

pub(super) async fn a_due_time_is_started_once(db: Db) {
    let job = |name: &str| NewJob { dedupe_key: Some("crawl:city-news".to_owned()), ..job(name, NOW) };
    let fires = (0..6).map(|n| {
        let (db, job) = (db.clone(), job(&format!("job-{n}")));
        tokio::spawn(async move { db.fire("source:city-news", NOW, &job, NOW).await.unwrap() })
    });
    let mut n_fired = 0;
    for fire in fires.collect::<Vec<_>>() {
        n_fired += u32::from(fire.await.unwrap());
    }
    assert_eq!(n_fired, 1);
    // The next due time comes while the job still waits: it counts as started, without a second job.
    assert!(db.fire("source:city-news", NOW.plus_ms(1), &job("job-9"), NOW.plus_ms(1)).await.unwrap());
    assert!(leased(&db, "worker", NOW.plus_ms(2)).await.is_some());
    assert!(leased(&db, "worker", NOW.plus_ms(2)).await.is_none());
    let digest = NewJob { kind: JobKind::Digest, dedupe_key: None, ..job("job-10") };
    assert!(db.fire("digest", NOW, &digest, NOW).await.unwrap());
    let last: Vec<_> = db.last_fires().await.unwrap().into_iter().collect();
    assert_eq!(last, [("digest".to_owned(), NOW), ("source:city-news".to_owned(), NOW.plus_ms(1))]);
}

pub(super) async fn a_host_is_asked_one_turn_at_a_time(db: Db) {
    const INTERVAL_MS: u64 = 5_000;
    let turns = (0..20).map(|_| {
        let db = db.clone();
        tokio::spawn(async move { db.reserve_host("a.example:443", NOW, INTERVAL_MS).await.unwrap() })
    });
    let mut at = BTreeSet::new();
    for turn in turns.collect::<Vec<_>>() {
        at.insert(turn.await.unwrap());
    }
    let expected: BTreeSet<_> = (0..20).map(|n| NOW.plus_ms(n * 5_000)).collect();
    assert_eq!(at, expected);
    assert_eq!(
        db.reserve_host("b.example:443", NOW, INTERVAL_MS).await.unwrap(),
        NOW,
        "hosts do not wait for each other"
    );
    let quiet = NOW.plus_ms(3_600_000);
    assert_eq!(
        db.reserve_host("a.example:443", quiet, INTERVAL_MS).await.unwrap(),
        quiet,
        "a rested host answers at once"
    );
    assert_eq!(db.reserve_host("c.example:443", NOW, u64::MAX).await.unwrap(), NOW);
}

pub(super) async fn a_host_that_fails_is_counted_and_paused_for_everybody(db: Db) {
    assert_eq!(db.host_state("a.example").await.unwrap(), None);
    for n in 1..=3 {
        assert_eq!(db.note_host("a.example", NOW, false).await.unwrap(), n);
    }
    db.pause_host("a.example", NOW.plus_ms(60_000)).await.unwrap();
    db.pause_host("a.example", NOW.plus_ms(1_000)).await.unwrap();
    assert_eq!(db.host_state("a.example").await.unwrap(), Some((NOW.plus_ms(60_000), 3)));
    assert_eq!(db.reserve_host("a.example", NOW, 5_000).await.unwrap(), NOW.plus_ms(60_000));
    assert_eq!(db.note_host("a.example", NOW, true).await.unwrap(), 0);
    db.pause_host("b.example", NOW.plus_ms(9)).await.unwrap();
    assert_eq!(db.host_state("b.example").await.unwrap(), Some((NOW.plus_ms(9), 0)));
}

pub(super) async fn finished_work_can_be_forgotten(db: Db) {
    for (name, at) in [("job-1", 0), ("job-2", 10), ("job-3", 20)] {
        db.fire("digest", NOW.plus_ms(at), &job(name, NOW), NOW).await.unwrap();
    }
    let first = leased(&db, "worker", NOW).await.unwrap();
    db.complete(&first, NOW).await.unwrap();
    let second = leased(&db, "worker", NOW).await.unwrap();
    db.complete(&second, NOW.plus_ms(50)).await.unwrap();
    assert_eq!(db.forget_jobs(NOW.plus_ms(50)).await.unwrap(), 1);
    assert_eq!(db.forget_fires(NOW.plus_ms(1_000)).await.unwrap(), 2);
    assert_eq!(
        db.last_fires().await.unwrap()["digest"],
        NOW.plus_ms(20),
        "the latest is the memory of the schedule"
    );
    assert!(leased(&db, "worker", NOW).await.is_some(), "unfinished jobs stay");
}
