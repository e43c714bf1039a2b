use super::make::{NOW, source};
use crate::domain::run::{RunCounts, RunId, RunOutcome};
use crate::domain::source::{Source, SourceId};
use crate::store::{Db, StoreError};

pub(super) async fn a_source_comes_back_as_it_was_added(db: Db) {
    let with_schedule = source("city-news");
    let without = Source { schedule: None, enabled: false, ..source("apps") };
    db.add_source(&with_schedule).await.unwrap();
    db.add_source(&without).await.unwrap();
    assert_eq!(db.source(&with_schedule.id).await.unwrap(), Some(with_schedule.clone()));
    assert_eq!(db.source(&SourceId::parse("nowhere").unwrap()).await.unwrap(), None);
    assert_eq!(db.list_sources().await.unwrap(), [without, with_schedule]);
}

pub(super) async fn a_name_is_taken_until_its_source_is_removed(db: Db) {
    let first = source("city-news");
    db.add_source(&first).await.unwrap();
    assert!(matches!(db.add_source(&first).await, Err(StoreError::Exists { kind: "source", .. })));
    db.remove_source(&first.id, NOW).await.unwrap();
    assert_eq!(db.source(&first.id).await.unwrap(), None);
    assert_eq!(db.list_sources().await.unwrap(), []);
    assert!(matches!(db.remove_source(&first.id, NOW).await, Err(StoreError::NotFound { .. })));
    let second = Source { title: "新频道".to_owned(), created_at: NOW.plus_ms(5), ..first };
    db.add_source(&second).await.unwrap();
    assert_eq!(db.list_sources().await.unwrap(), [second]);
}

pub(super) async fn a_run_keeps_its_first_end(db: Db) {
    let source_id = source("city-news").id;
    db.add_source(&source("city-news")).await.unwrap();
    let id = RunId::parse("run-1").unwrap();
    let counts = RunCounts { n_pages: 3, n_new_findings: 2, ..RunCounts::default() };
    assert!(matches!(
        db.finish_run(&id, &RunOutcome::Ok, &counts, NOW).await,
        Err(StoreError::NotFound { kind: "crawl run", .. })
    ));
    db.open_run(&id, &source_id, NOW).await.unwrap();
    db.open_run(&id, &source_id, NOW.plus_ms(9)).await.unwrap();
    let outcome = RunOutcome::Blocked { why: "HTTP 403".to_owned() };
    db.finish_run(&id, &outcome, &counts, NOW.plus_ms(10)).await.unwrap();
    db.finish_run(&id, &RunOutcome::Ok, &RunCounts::default(), NOW.plus_ms(20)).await.unwrap();
    let runs = db.runs(10).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].started_at, NOW);
    assert_eq!(runs[0].finished_at, Some(NOW.plus_ms(10)));
    assert_eq!(runs[0].outcome, Some(outcome));
    assert_eq!(runs[0].counts, counts);
}

pub(super) async fn only_runs_without_an_end_are_unfinished(db: Db) {
    let source_id = source("city-news").id;
    db.add_source(&source("city-news")).await.unwrap();
    for (name, offset) in [("killed", 0), ("done", 1), ("young", 100)] {
        db.open_run(&RunId::parse(name).unwrap(), &source_id, NOW.plus_ms(offset)).await.unwrap();
    }
    db.finish_run(&RunId::parse("done").unwrap(), &RunOutcome::Empty, &RunCounts::default(), NOW)
        .await
        .unwrap();
    let unfinished = db.unfinished_runs(NOW.plus_ms(50)).await.unwrap();
    assert_eq!(unfinished.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["killed"]);
    assert_eq!(unfinished[0].outcome, None);
}

pub(super) async fn each_source_has_one_last_run(db: Db) {
    for id in ["apps", "city-news", "closed"] {
        db.add_source(&source(id)).await.unwrap();
        for (n, offset) in [(1, 0), (2, 50)] {
            let run = RunId::parse(&format!("{id}-{n}")).unwrap();
            db.open_run(&run, &SourceId::parse(id).unwrap(), NOW.plus_ms(offset)).await.unwrap();
        }
    }
    db.remove_source(&SourceId::parse("closed").unwrap(), NOW).await.unwrap();
    let mut last: Vec<String> =
        db.last_runs().await.unwrap().into_iter().map(|run| run.id.to_string()).collect();
    last.sort();
    assert_eq!(last, ["apps-2", "city-news-2"]);
}

pub(super) async fn runs_are_read_page_by_page_and_by_source(db: Db) {
    for id in ["apps", "city-news"] {
        db.add_source(&source(id)).await.unwrap();
        for n in 0..3 {
            let run = RunId::parse(&format!("{id}-{n}")).unwrap();
            db.open_run(&run, &SourceId::parse(id).unwrap(), NOW.plus_ms(n)).await.unwrap();
        }
    }
    let names = async |source: Option<&str>, before: Option<(i64, &str)>| -> Vec<String> {
        let source = source.map(|id| SourceId::parse(id).unwrap());
        let before = before.map(|(at, id)| (NOW.plus_ms(at), RunId::parse(id).unwrap()));
        let before = before.as_ref().map(|(at, id)| (*at, id));
        let runs = db.runs_before(source.as_ref(), before, 4).await.unwrap();
        runs.into_iter().map(|run| run.id.to_string()).collect()
    };
    assert_eq!(names(None, None).await, ["city-news-2", "apps-2", "city-news-1", "apps-1"]);
    assert_eq!(names(None, Some((1, "apps-1"))).await, ["city-news-0", "apps-0"]);
    assert_eq!(names(Some("apps"), None).await, ["apps-2", "apps-1", "apps-0"]);
    assert_eq!(names(Some("apps"), Some((1, "apps-1"))).await, ["apps-0"]);
}
