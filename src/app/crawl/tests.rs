use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::app::Config;
use crate::domain::source::SourceKind;
use crate::fetch::test_server::{Reply, TestServer, answer};
use crate::kit::clock::{FixedClock, UnixMs};

const NOW: UnixMs = UnixMs(1_795_392_000_000);
const HOUR_MS: i64 = 3_600_000;

/// A site whose list names `n` articles; each answers 304 to the ETag it gave.
async fn site(n: usize) -> TestServer {
    let list: String =
        (1..=n).map(|nth| format!("<li><a href=/2026/{nth:04}.html>江州新闻第{nth}条今日要闻</a>")).collect();
    TestServer::start_with(move |path, head| match path {
        "/robots.txt" => answer("404 Not Found", "", ""),
        "/" => answer("200 OK", "Content-Type: text/html; charset=utf-8\r\n", format!("<ul>{list}</ul>")),
        _ => article(path, head),
    })
    .await
}

fn article(path: &str, head: &str) -> Reply {
    let etag = format!("\"{path}\"");
    if head.contains(&format!("if-none-match: {etag}")) {
        return answer("304 Not Modified", "", "");
    }
    let words = "投资十万元，保本保息，年化收益百分之十八，到期还本，老年朋友欢迎来电咨询预订。".repeat(4);
    // A telephone of its own: the same words alone would be one finding.
    let phone: String = path.chars().filter(char::is_ascii_digit).take(8).collect();
    let page = format!(
        "<title>{path}</title><h1>养老床位预订{path}</h1><article><p>{words}</p><p>电话138{phone}</p></article>"
    );
    answer("200 OK", &format!("Content-Type: text/html; charset=utf-8\r\nETag: {etag}\r\n"), page)
}

async fn app(folder: &tempfile::TempDir, server: &TestServer) -> (App, Arc<FixedClock>) {
    app_allowed(folder, &[server]).await
}

/// The source stands on the first server and may ask all of them.
async fn app_allowed(folder: &tempfile::TempDir, servers: &[&TestServer]) -> (App, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at(NOW));
    let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
    config.fetch.host_interval_ms = 0;
    let app = App::open_with_clock(config, clock.clone()).await.unwrap();
    let source = Source {
        id: id(),
        kind: SourceKind::NewsSite,
        title: "江州新闻网".to_owned(),
        url: format!("{}/", servers[0].origin),
        settings: BTreeMap::from([("limit".to_owned(), "200".to_owned())]),
        schedule: None,
        allowed_origins: servers.iter().map(|server| server.origin.clone()).collect(),
        enabled: true,
        created_at: NOW,
    };
    app.store.add_source(&source).await.unwrap();
    (app, clock)
}

fn id() -> SourceId {
    SourceId::parse("city-news").unwrap()
}

async fn crawl(app: &App, options: CrawlOptions) -> CrawlRun {
    app.crawl_source(&id(), options, &|_| {}).await.unwrap()
}

fn n_articles(server: &TestServer) -> usize {
    server.paths().iter().filter(|path| path.starts_with("/2026/")).count()
}

#[tokio::test]
async fn pages_that_stay_the_same_are_asked_conditionally_then_less_often() {
    let server = site(3).await;
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = app(&folder, &server).await;
    let first = crawl(&app, CrawlOptions::default()).await;
    assert_eq!(first.outcome, Some(RunOutcome::Ok), "{first:?}");
    assert_eq!((first.counts.n_pages, first.counts.n_sightings, first.counts.n_new_findings), (4, 3, 3));

    clock.advance_ms(HOUR_MS);
    let second = crawl(&app, CrawlOptions::default()).await;
    let counts = second.counts;
    // The list has no ETag and is captured again: the same bytes, so it counts as unchanged too.
    assert_eq!((counts.n_pages, counts.n_unchanged, counts.n_sightings, counts.n_new_ads), (1, 4, 3, 0));
    assert_eq!(n_articles(&server), 6);

    clock.advance_ms(HOUR_MS);
    let third = crawl(&app, CrawlOptions::default()).await;
    assert_eq!((third.counts.n_not_due, third.outcome), (3, Some(RunOutcome::Ok)));
    assert_eq!(n_articles(&server), 6, "nothing is asked of pages that are not due");
    let all = crawl(&app, CrawlOptions { everything: true, ..CrawlOptions::default() }).await;
    assert_eq!((all.counts.n_not_due, n_articles(&server)), (0, 9));

    let findings = app.store.list_findings(&crate::app::FindingFilter::default(), None, 10).await.unwrap();
    for listed in &findings.findings {
        assert_eq!((listed.ad.n_sightings, listed.ad.last_seen_at), (3, NOW.plus_ms(2 * HOUR_MS)));
    }
}

#[tokio::test]
async fn a_kept_page_whose_bytes_were_lost_is_asked_for_in_full() {
    let server = site(1).await;
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = app(&folder, &server).await;
    crawl(&app, CrawlOptions::default()).await;
    std::fs::remove_dir_all(folder.path().join("data/vault/objects")).unwrap();
    std::fs::create_dir(folder.path().join("data/vault/objects")).unwrap();
    clock.advance_ms(HOUR_MS);
    let again = crawl(&app, CrawlOptions::default()).await;
    assert_eq!((again.counts.n_pages, again.outcome), (2, Some(RunOutcome::Ok)), "{:?}", again.counts);
    assert_eq!(n_articles(&server), 3, "conditionally, then in full");
}

#[tokio::test]
async fn a_run_that_was_taken_over_stops_and_the_other_goes_on_with_what_is_left() {
    // More than one batch.
    let server = site(90).await;
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app(&folder, &server).await;
    let app = Arc::new(app);
    let n_events = Arc::new(AtomicUsize::new(0));
    let (first_app, first_events) = (app.clone(), n_events.clone());
    // The first process is held in the middle until the second has ended.
    let has_ended = Arc::new(AtomicBool::new(false));
    let may_go_on = has_ended.clone();
    let first = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(first_app.crawl_source(&id(), CrawlOptions::default(), &|event| {
            if let CrawlEvent::Progress { n_done, .. } = event
                && n_done > 1
            {
                first_events.fetch_add(1, Ordering::SeqCst);
                while !may_go_on.load(Ordering::SeqCst) {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
        }))
    });
    while n_events.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let resumed = std::sync::Mutex::new(0);
    let second = app
        .crawl_source(&id(), CrawlOptions::default(), &|event| {
            if let CrawlEvent::Resumed { n_done } = event {
                *resumed.lock().unwrap() = n_done;
            }
        })
        .await
        .unwrap();
    has_ended.store(true, Ordering::SeqCst);
    let first = first.join().unwrap().unwrap();
    assert_eq!((first.outcome, first.finished_at), (None, None), "it gave the run up");
    assert_eq!((first.id, second.outcome), (second.id.clone(), Some(RunOutcome::Ok)));
    assert!(*resumed.lock().unwrap() > 1);
    assert_eq!(second.counts.n_pages, 91, "the counts of both");
    let runs = app.store.runs(10).await.unwrap();
    assert_eq!((runs.len(), runs[0].counts.n_new_findings), (1, 90));
}

#[tokio::test]
async fn the_budget_of_a_run_leaves_the_rest_for_the_next() {
    let server = site(10).await;
    let folder = tempfile::tempdir().unwrap();
    let (mut app, _) = app(&folder, &server).await;
    app.config.fetch.max_pages_per_run = 4;
    let run = crawl(&app, CrawlOptions::default()).await;
    assert_eq!((run.counts.n_pages, run.counts.n_left), (4, 7));
}

#[tokio::test]
async fn a_page_without_an_answer_is_tried_once_more() {
    let n_asked = Arc::new(AtomicUsize::new(0));
    let count = n_asked.clone();
    let server = TestServer::start_with(move |path, head| match path {
        "/robots.txt" => answer("404 Not Found", "", ""),
        "/" => answer(
            "200 OK",
            "Content-Type: text/html\r\n",
            "<a href=/2026/0001.html>江州新闻第一条今日要闻</a>",
        ),
        _ if count.fetch_add(1, Ordering::SeqCst) == 0 => Reply::Bytes(Vec::new()),
        _ => article(path, head),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app(&folder, &server).await;
    let run = crawl(&app, CrawlOptions::default()).await;
    assert_eq!((run.outcome, run.counts.n_failed), (Some(RunOutcome::Ok), 0));
    assert_eq!(n_asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn nothing_is_asked_outside_the_hours_of_a_source_or_beyond_its_day() {
    use crate::domain::manners::{Hours, Manners};
    let server = site(10).await;
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = app(&folder, &server).await;
    let manners = |hours: &str, daily_pages| Manners {
        hours: Some(Hours::parse(hours).unwrap()),
        daily_pages: Some(daily_pages),
        robots: None,
    };
    app.set_manners(&id(), manners("22:00-06:00", 100)).await.unwrap();
    let run = crawl(&app, CrawlOptions::default()).await;
    assert!(matches!(&run.outcome, Some(RunOutcome::Blocked { why }) if why.contains("22:00")), "{run:?}");
    assert_eq!(server.paths().len(), 0, "not even robots.txt");
    app.set_manners(&id(), manners("08:00-18:00", 4)).await.unwrap();
    let run = crawl(&app, CrawlOptions::default()).await;
    assert_eq!((run.counts.n_pages, run.counts.n_left, run.outcome), (4, 7, Some(RunOutcome::Ok)));
    clock.advance_ms(HOUR_MS);
    let run = crawl(&app, CrawlOptions::default()).await;
    assert!(matches!(run.outcome, Some(RunOutcome::Blocked { why }) if why.contains("used up")));
    clock.advance_ms(24 * HOUR_MS);
    assert_eq!(crawl(&app, CrawlOptions::default()).await.outcome, Some(RunOutcome::Ok), "another day");
}

#[tokio::test]
async fn an_override_of_robots_txt_stands_in_every_capture_and_in_the_audit() {
    use crate::domain::manners::{Manners, RobotsOverride};
    let server = TestServer::start_with(|path, head| match path {
        "/robots.txt" => answer("200 OK", "", "user-agent: *\ndisallow: /\n"),
        "/" => answer(
            "200 OK",
            "Content-Type: text/html\r\nSet-Cookie: sid=hush; Path=/\r\n",
            "<a href=/2026/0001.html>江州新闻第一条今日要闻</a>",
        ),
        _ => article(path, head),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app(&folder, &server).await;
    assert_eq!(crawl(&app, CrawlOptions::default()).await.outcome, Some(RunOutcome::RobotsDenied));
    let order = |operator: &str, legal_basis: &str| Manners {
        robots: Some(RobotsOverride {
            operator: operator.to_owned(),
            legal_basis: legal_basis.to_owned(),
            ordered_at: NOW,
        }),
        ..Manners::default()
    };
    for (operator, basis) in [("", "《互联网广告管理办法》第二十四条"), ("张三", ""), ("张三", "有")]
    {
        assert!(app.set_manners(&id(), order(operator, basis)).await.is_err(), "{operator} {basis}");
    }
    app.set_manners(&id(), order("张三", "《互联网广告管理办法》第二十四条")).await.unwrap();
    let run = crawl(&app, CrawlOptions::default()).await;
    assert_eq!((run.outcome, run.counts.n_pages), (Some(RunOutcome::Ok), 2));
    let captures = app.store.captures_after(None, 10).await.unwrap();
    for capture in &captures {
        let order = capture.exchange.robots_override.as_ref().unwrap();
        assert_eq!(order.operator, "张三");
        assert!(!format!("{:?}", capture.exchange).contains("hush"), "cookies are in no record");
    }
    assert!(server.requests().iter().any(|head| head.contains("cookie: sid=hush")), "but they are sent back");
    let entries = app.store.audit_entries(None, 10).await.unwrap();
    assert!(entries.iter().any(|entry| entry.action == "source.robots-override" && entry.actor == "张三"));
}

#[tokio::test]
async fn old_captures_are_read_again_without_asking_anybody() {
    let server = site(3).await;
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app(&folder, &server).await;
    crawl(&app, CrawlOptions::default()).await;
    let n_asked = server.paths().len();
    let read = app.reextract(&[], &|_| {}).await.unwrap();
    let figures = &read[&id()];
    assert_eq!((figures.n_captures, figures.n_passed_over, figures.n_lost), (4, 0, 0));
    assert_eq!((figures.n_new_ads, figures.n_new_sightings), (0, 0), "the same connector reads the same");
    std::fs::remove_dir_all(folder.path().join("data/vault/objects")).unwrap();
    let read = app.reextract(&[id()], &|_| {}).await.unwrap();
    assert_eq!(read[&id()].n_lost, 4);
    assert!(app.reextract(&[SourceId::parse("nowhere").unwrap()], &|_| {}).await.is_err());
    assert_eq!(server.paths().len(), n_asked);
}

#[tokio::test]
async fn a_source_that_goes_silent_is_told_of_once() {
    let is_silent = Arc::new(AtomicBool::new(false));
    let silent = is_silent.clone();
    let server = TestServer::start_with(move |path, head| match path {
        "/robots.txt" => answer("404 Not Found", "", ""),
        "/" if silent.load(Ordering::SeqCst) => {
            answer("200 OK", "Content-Type: text/html\r\n", "<title>改版公告</title><p>本站已改版。</p>")
        }
        "/" => answer(
            "200 OK",
            "Content-Type: text/html\r\n",
            "<a href=/2026/0001.html>江州新闻第一条今日要闻</a>",
        ),
        _ => article(path, head),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (app, clock) = app(&folder, &server).await;
    let everything = CrawlOptions { everything: true, ..CrawlOptions::default() };
    let mut n_waiting = Vec::new();
    for silent in [false, false, true, true, false, true] {
        is_silent.store(silent, Ordering::SeqCst);
        crawl(&app, everything).await;
        clock.advance_ms(HOUR_MS);
        n_waiting.push(app.store.waiting_notices().await.unwrap().0);
    }
    // One alert may wait for the finding of the first run; silence is told in the third and the last.
    let first = n_waiting[0];
    assert_eq!(n_waiting.iter().map(|n| n - first).collect::<Vec<_>>(), [0, 0, 1, 1, 1, 2]);
}

/// An advertiser who writes a page full of links must not make adwatch a tool against others.
#[tokio::test]
async fn a_hostile_ad_sends_nobody_further_than_a_few_landing_pages() {
    let beyond = TestServer::start(|_| answer("200 OK", "", "")).await;
    let forbidden = TestServer::start(|_| answer("200 OK", "", "")).await;
    let next = format!("<a href={}/deeper>保本保息年化18%，微信 abc12345</a>", beyond.origin);
    let landing = TestServer::start(move |path| match path {
        "/robots.txt" => answer("404 Not Found", "", ""),
        _ => answer("200 OK", "Content-Type: text/html\r\nSet-Cookie: who=1; Path=/\r\n", &next),
    })
    .await;
    let links: String =
        (0..40).map(|n| format!("<a href='{}/landing{n}'>点此预订</a> ", landing.origin)).collect();
    let trap = format!("<a href='{}/admin/delete'>立即领取</a>", forbidden.origin);
    let words = "投资十万元，保本保息，年化收益百分之十八，到期还本，老年朋友欢迎来电咨询预订。".repeat(4);
    let page = format!(
        "<title>养老床位</title><h1>养老床位预订</h1><article><p>{words}</p><p>{trap}{links}</p></article>"
    );
    let server = TestServer::start(move |path| match path {
        "/robots.txt" => answer("404 Not Found", "", ""),
        "/" => answer(
            "200 OK",
            "Content-Type: text/html\r\n",
            "<li><a href=/2026/0001.html>江州新闻第一条今日要闻</a>",
        ),
        _ => answer("200 OK", "Content-Type: text/html\r\n", &page),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app_allowed(&folder, &[&server, &landing, &beyond]).await;
    let run = crawl(&app, CrawlOptions::default()).await;
    assert!(run.counts.n_new_findings >= 1, "{:?}", run.counts);
    assert_eq!(run.counts.n_failed, 1, "the address that nobody allowed: {:?}", run.counts);
    let asked: Vec<String> = landing.paths().into_iter().filter(|path| path != "/robots.txt").collect();
    assert!((1..=MAX_LANDINGS_PER_AD).contains(&asked.len()), "{asked:?}");
    assert!(landing.requests().iter().all(|head| !head.to_ascii_lowercase().contains("cookie:")));
    assert_eq!(beyond.paths(), Vec::<String>::new(), "landing pages lead no further");
    assert_eq!(forbidden.paths(), Vec::<String>::new(), "an address that nobody allowed");
}
