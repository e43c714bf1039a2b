use std::collections::BTreeMap;

use super::make::{NOW, capture, looked_at, page, seen};
use crate::domain::capture::CaptureId;
use crate::domain::run::{RunCounts, RunId, RunOutcome};
use crate::domain::source::SourceId;
use crate::domain::visit::Visit;
use crate::store::frontier::{CrawlStep, Step};
use crate::store::page::PageRecord;
use crate::store::{Db, StoreError};

fn run_id() -> RunId {
    RunId::parse("run-news").unwrap()
}

fn news() -> SourceId {
    SourceId::parse("news").unwrap()
}

fn step(n: i64) -> Step {
    Step {
        key: format!("key-{n}"),
        ordinal: n,
        host: if n % 2 == 0 { "even.example" } else { "odd.example" }.to_owned(),
        target: format!("{{\"n\":{n}}}"),
        parent_id: (n == 3).then(|| CaptureId::parse("c-1").unwrap()),
        depth: 1,
        n_attempts: 0,
    }
}

/// A piece of the run that changes nothing yet.
pub(super) fn nothing<'a>(
    run_id: &'a RunId,
    holder: &'a str,
    visits: &'a BTreeMap<String, Visit>,
) -> CrawlStep<'a> {
    static NEWS: std::sync::LazyLock<SourceId> = std::sync::LazyLock::new(news);
    CrawlStep {
        run_id,
        source_id: &NEWS,
        holder,
        counts: RunCounts::default(),
        progress: "{}",
        pages: &[],
        renderings: &[],
        targets: &[],
        seen_again: &[],
        visits,
        done: &[],
        put_back: &[],
        left_hosts: &[],
        added: &[],
        asked: ("2026-11-23", 0),
    }
}

pub(super) async fn held(db: &Db, holder: &str) {
    looked_at(db, "news").await;
    db.open_held_run(&run_id(), &news(), holder, NOW).await.unwrap();
}

fn ordinals(steps: &[Step]) -> Vec<i64> {
    steps.iter().map(|step| step.ordinal).collect()
}

pub(super) async fn a_run_goes_on_where_its_process_was_killed(db: Db) {
    held(&db, "one").await;
    let (id, none) = (run_id(), BTreeMap::new());
    let steps: Vec<Step> = (0..1_200).map(step).collect();
    let recorded = db.record_crawl(&CrawlStep { added: &steps, ..nothing(&id, "one", &none) }).await.unwrap();
    assert_eq!(recorded.n_added, 1_200);
    let again =
        db.record_crawl(&CrawlStep { added: &steps[..9], ..nothing(&id, "one", &none) }).await.unwrap();
    assert_eq!(again.n_added, 0, "what is known is not added again");
    let counts = RunCounts { n_pages: 2, ..RunCounts::default() };
    let done = ["key-0".to_owned(), "key-1".to_owned()];
    db.record_crawl(&CrawlStep {
        counts,
        progress: "{\"n_read\":2}",
        done: &done,
        put_back: &[("key-2".to_owned(), 2_000)],
        ..nothing(&id, "one", &none)
    })
    .await
    .unwrap();
    let open = db.take_over_run(&news(), "two", NOW).await.unwrap().unwrap();
    assert_eq!((open.n_known, open.n_done, open.next_ordinal), (1_200, 2, 2_001));
    assert_eq!(open.progress.as_deref(), Some("{\"n_read\":2}"));
    assert_eq!(open.run.counts, counts);
    assert_eq!(db.waiting_steps(&id, -1, 3).await.unwrap(), [step(3), step(4), step(5)]);
    let last = db.waiting_steps(&id, 1_199, 3).await.unwrap();
    assert_eq!((ordinals(&last), last[0].n_attempts), (vec![2_000], 1));
    db.finish_run(&id, &RunOutcome::Ok, &counts, NOW).await.unwrap();
    assert_eq!(db.waiting_steps(&id, -1, 3).await.unwrap(), []);
    assert_eq!(db.take_over_run(&news(), "three", NOW).await.unwrap(), None);
}

pub(super) async fn only_the_holder_of_a_run_changes_it(db: Db) {
    held(&db, "one").await;
    let (id, none) = (run_id(), BTreeMap::new());
    assert_eq!(db.take_over_run(&news(), "two", NOW.plus_ms(1)).await.unwrap(), None, "it is too old");
    assert!(db.take_over_run(&news(), "two", NOW).await.unwrap().is_some());
    let record = page("news", "c-1", vec![seen("news", "c-1", "保本保息")]);
    let refused = db
        .record_crawl(&CrawlStep { pages: std::slice::from_ref(&record), ..nothing(&id, "one", &none) })
        .await;
    assert!(matches!(refused, Err(StoreError::Changed { kind: "crawl run", .. })), "{refused:?}");
    assert_eq!(db.capture(&CaptureId::parse("c-1").unwrap()).await.unwrap(), None);
    db.record_crawl(&nothing(&id, "two", &none)).await.unwrap();
    db.finish_run(&id, &RunOutcome::Ok, &RunCounts::default(), NOW).await.unwrap();
    assert!(db.record_crawl(&nothing(&id, "two", &none)).await.is_err(), "it has ended");
}

pub(super) async fn a_host_is_left_with_everything_that_waits_for_it(db: Db) {
    held(&db, "one").await;
    let (id, none) = (run_id(), BTreeMap::new());
    let steps: Vec<Step> = (0..6).map(step).collect();
    db.record_crawl(&CrawlStep { added: &steps, ..nothing(&id, "one", &none) }).await.unwrap();
    let recorded = db
        .record_crawl(&CrawlStep {
            left_hosts: &["odd.example".to_owned()],
            done: &["key-1".to_owned()],
            ..nothing(&id, "one", &none)
        })
        .await
        .unwrap();
    assert_eq!(recorded.n_left, 2);
    assert_eq!(ordinals(&db.waiting_steps(&id, -1, 9).await.unwrap()), [0, 2, 4]);
    let open = db.take_over_run(&news(), "two", NOW).await.unwrap().unwrap();
    assert_eq!(open.run.counts.n_failed, 2, "what was left is counted");
}

pub(super) async fn an_unchanged_page_counts_its_ads_once_more(db: Db) {
    held(&db, "one").await;
    let id = run_id();
    let first: PageRecord =
        page("news", "c-1", vec![seen("news", "c-1", "保本保息"), seen("news", "c-1", "日返三厘")]);
    let capture_id = capture("news", "c-1").id;
    let visit =
        Visit { etag: Some("\"a\"".to_owned()), ..Visit::first(capture_id.clone(), "abc".to_owned(), NOW) };
    let visits = BTreeMap::from([("key-1".to_owned(), visit.clone())]);
    let targets = [(capture_id.clone(), "{\"role\":\"article\"}".to_owned())];
    let step =
        CrawlStep { pages: std::slice::from_ref(&first), targets: &targets, ..nothing(&id, "one", &visits) };
    db.record_crawl(&step).await.unwrap();
    let wanted = db.capture_targets(&[capture_id.clone(), CaptureId::parse("other").unwrap()]).await.unwrap();
    assert_eq!(wanted.into_iter().collect::<Vec<_>>(), targets);
    let keys = ["key-1".to_owned(), "key-2".to_owned()];
    assert_eq!(db.visits(&news(), &keys).await.unwrap(), visits);
    assert!(db.visits(&SourceId::parse("other").unwrap(), &keys).await.unwrap().is_empty());
    let later = NOW.plus_ms(86_400_000);
    let visits =
        BTreeMap::from([("key-1".to_owned(), visit.seen(capture_id.clone(), "abc".to_owned(), later))]);
    let recorded = db
        .record_crawl(&CrawlStep {
            pages: std::slice::from_ref(&first),
            seen_again: &[(capture_id, later)],
            ..nothing(&id, "one", &visits)
        })
        .await
        .unwrap();
    assert_eq!((recorded.pages.n_new_ads, recorded.pages.n_sightings), (0, 0));
    assert_eq!(db.visits(&news(), &keys).await.unwrap()["key-1"].n_unchanged, 1);
    for ad in &first.ads {
        let finding = crate::domain::finding::FindingId::of(&ad.id);
        let ad = db.finding(&finding).await.unwrap().unwrap().ad;
        assert_eq!((ad.n_sightings, ad.last_seen_at), (2, later));
    }
}

pub(super) async fn how_a_source_is_treated_and_its_day_come_back(db: Db) {
    use crate::domain::manners::{Hours, Manners, RobotsOverride};
    held(&db, "one").await;
    let (id, none) = (run_id(), BTreeMap::new());
    assert_eq!(db.manners(&news()).await.unwrap(), Manners::default());
    let manners = Manners {
        hours: Some(Hours::parse("08:00-18:00").unwrap()),
        daily_pages: Some(500),
        robots: Some(RobotsOverride {
            operator: "张三".to_owned(),
            legal_basis: "《网络交易监督管理办法》".to_owned(),
            ordered_at: NOW,
        }),
    };
    for manners in [&manners, &Manners { daily_pages: None, ..manners.clone() }] {
        db.set_manners(&news(), manners).await.unwrap();
        assert_eq!(db.manners(&news()).await.unwrap(), *manners);
    }
    for n_asked in [7, 0, 5] {
        let step = CrawlStep { asked: ("2026-11-23", n_asked), ..nothing(&id, "one", &none) };
        db.record_crawl(&step).await.unwrap();
    }
    assert_eq!(db.asked_on(&news(), "2026-11-23").await.unwrap(), 12);
    assert_eq!(db.asked_on(&news(), "2026-11-24").await.unwrap(), 0);
}
