use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{WorkerOptions, run_with};
use crate::app::{App, Config};
use crate::domain::job::{JobKind, Lease};
use crate::domain::schedule::Schedule;
use crate::domain::source::{Source, SourceId, SourceKind};
use crate::kit::clock::{FixedClock, UnixMs};

/// Monday 2026-11-23 08:00:00 +08:00.
const EIGHT: UnixMs = UnixMs(1_795_392_000_000);

const QUICK: WorkerOptions =
    WorkerOptions { n_slots: 2, tick_ms: 2, idle_ms: 2, lease_ms: 60_000, grace_ms: 2_000 };

/// An app with one source that is due, and its clock.
async fn app(folder: &tempfile::TempDir) -> (Arc<App>, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at(EIGHT));
    let config = Config { data_dir: folder.path().join("data"), ..Config::default() };
    let app = App::open_with_clock(config, clock.clone()).await.unwrap();
    let source = Source {
        id: SourceId::parse("city-news").unwrap(),
        kind: SourceKind::NewsSite,
        title: "江州新闻网".to_owned(),
        // Not reachable: this address is refused by the guard, so the run ends without a request.
        url: "http://127.0.0.1:9/".to_owned(),
        settings: BTreeMap::new(),
        schedule: Some(Schedule::parse("0 8 * * *", Schedule::DEFAULT_TIME_ZONE).unwrap()),
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: EIGHT.plus_ms(-86_400_000),
    };
    app.store.add_source(&source).await.unwrap();
    (Arc::new(app), clock)
}

/// Waits until `done` says so, at most ten seconds.
async fn until<F: Future<Output = bool>>(what: &str, done: impl Fn() -> F) {
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn take(app: &App, holder: &str, now: UnixMs) -> Option<Lease> {
    app.schedule().take_job(holder, 60_000, now).await.unwrap()
}

#[tokio::test]
async fn what_is_due_is_crawled_reported_and_sent_and_the_worker_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app(&folder).await;
    let (stop, stopping) = watch::channel(false);
    let working = tokio::spawn(run_with(app.clone(), stopping, QUICK));
    until("the source is crawled", || async {
        app.store.runs(10).await.unwrap().iter().any(|run| run.finished_at.is_some())
    })
    .await;
    let mail = folder.path().join("data/mail/digest-2026-11-23.eml");
    until("the digest is sent", || async { mail.exists() }).await;
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(10), working).await.expect("the worker ends").unwrap().unwrap();
    assert_eq!(app.store.runs(10).await.unwrap().len(), 1, "the due time ran once");
    assert_eq!(app.store.waiting_notices().await.unwrap().0, 0);
    let later = EIGHT.plus_ms(3_600_000);
    assert_eq!(take(&app, "another", later).await, None, "every job was ended");
}

#[tokio::test]
async fn the_job_of_a_killed_worker_is_done_after_its_lease() {
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = app(&folder).await;
    app.schedule().crawl_soon(&SourceId::parse("city-news").unwrap(), EIGHT).await.unwrap();
    let killed = take(&app, "killed", EIGHT).await.unwrap();
    assert!(matches!(killed.kind, JobKind::Crawl { .. }));
    let (stop, stopping) = watch::channel(false);
    let working = tokio::spawn(run_with(app.clone(), stopping, QUICK));
    let mail = folder.path().join("data/mail/digest-2026-11-23.eml");
    until("the worker works", || async { mail.exists() }).await;
    assert_eq!(app.store.runs(10).await.unwrap().len(), 0, "the lease still holds");
    clock.advance_ms(60_000);
    until("the job is taken over", || async {
        app.store.runs(10).await.unwrap().iter().any(|run| run.finished_at.is_some())
    })
    .await;
    stop.send(true).unwrap();
    working.await.unwrap().unwrap();
    assert!(!app.schedule().keep_job(&killed, 60_000, app.now()).await.unwrap());
}

#[tokio::test]
async fn a_worker_whose_owner_is_gone_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app(&folder).await;
    let (stop, stopping) = watch::channel(false);
    let working = tokio::spawn(run_with(app, stopping, QUICK));
    drop(stop);
    tokio::time::timeout(Duration::from_secs(10), working).await.expect("the worker ends").unwrap().unwrap();
}
