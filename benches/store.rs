//! How fast pages are recorded and the queue is read, on SQLite and on the PostgreSQL server that
//! `ADWATCH_TEST_POSTGRES` names.
//!
//! `cargo bench --bench store -- [PAGES]` records PAGES pages of 20 ads each (default 500); a quarter of the ads is
//! flagged, with two hits, and each ad is seen twice, as in a second crawl of an unchanged site.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to the terminal")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

use std::collections::BTreeMap;
use std::time::Instant;

use adwatch::domain::ad::{AdDraft, AdId, AdKind, Sighting};
use adwatch::domain::blob::BlobRef;
use adwatch::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange};
use adwatch::domain::finding::{Assessment, FindingState};
use adwatch::domain::hit::{Hit, HitStatus, RuleId, Severity, Span, Track};
use adwatch::domain::run::RunId;
use adwatch::domain::source::{Source, SourceId, SourceKind};
use adwatch::kit::clock::UnixMs;
use adwatch::kit::digest::sha256_hex;
use adwatch::store::Db;
use adwatch::store::finding::FindingFilter;
use adwatch::store::page::{PageRecord, SeenAd};

const NOW: UnixMs = UnixMs(1_795_392_000_000);
const ADS_PER_PAGE: usize = 20;

#[tokio::main]
async fn main() {
    let n_pages = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(500);
    let folder = tempfile::tempdir().unwrap();
    measure("SQLite", &format!("sqlite:{}", folder.path().join("adwatch.db").display()), n_pages).await;
    match server() {
        Some(url) => measure("PostgreSQL", &url, n_pages).await,
        None => println!("PostgreSQL  not measured: ADWATCH_TEST_POSTGRES is not set"),
    }
}

async fn measure(engine: &str, url: &str, n_pages: usize) {
    let db = Db::open(url).await.unwrap();
    // A server may hold an earlier run.
    let run = uuid::Uuid::now_v7().simple().to_string();
    let source = source(&run);
    db.add_source(&source).await.unwrap();
    let run_id = RunId::parse(&run).unwrap();
    db.open_run(&run_id, &source.id, NOW).await.unwrap();
    for round in ["new", "seen"] {
        let pages: Vec<PageRecord> =
            (0..n_pages).map(|number| page(&source.id, &run_id, round, number)).collect();
        let n_rows: usize = pages.iter().map(|page| n_rows(page, round == "new")).sum();
        let mut times_us = Vec::with_capacity(n_pages);
        let begin = Instant::now();
        for page in &pages {
            let begin = Instant::now();
            db.record_page(page).await.unwrap();
            times_us.push(begin.elapsed().as_micros());
        }
        let seconds = begin.elapsed().as_secs_f64();
        times_us.sort_unstable();
        println!(
            "{engine:<10}  pages with {round:<4} ads: {:>6.0} pages/s  {:>7.0} rows/s  p50 {:>6} µs  p99 {:>6} µs",
            n_pages as f64 / seconds,
            n_rows as f64 / seconds,
            times_us[n_pages / 2],
            times_us[n_pages * 99 / 100],
        );
    }
    let filter = FindingFilter { state: Some(FindingState::Pending), ..FindingFilter::default() };
    let mut times_us = Vec::new();
    let mut after = None;
    for _ in 0..200 {
        let begin = Instant::now();
        let page = db.list_findings(&filter, after.as_ref(), 50).await.unwrap();
        times_us.push(begin.elapsed().as_micros());
        after = page.next;
    }
    times_us.sort_unstable();
    println!("{engine:<10}  queue pages of 50: p50 {:>6} µs  p99 {:>6} µs", times_us[100], times_us[198]);
    db.close().await;
}

/// Rows that a page writes: capture, blob, and for each ad a sighting, and when it is new the ad, its finding and hits.
fn n_rows(page: &PageRecord, new: bool) -> usize {
    let of_ad = |seen: &SeenAd| match &seen.judgement {
        _ if !new => 1,
        Some((assessment, hits)) if assessment.flagged => 3 + hits.len(),
        _ => 2,
    };
    2 + page.ads.iter().map(of_ad).sum::<usize>()
}

fn source(name: &str) -> Source {
    Source {
        id: SourceId::parse(name).unwrap(),
        kind: SourceKind::NewsSite,
        title: "江州新闻网".to_owned(),
        url: "https://news.example/".to_owned(),
        settings: BTreeMap::new(),
        schedule: None,
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: NOW,
    }
}

fn page(source_id: &SourceId, run_id: &RunId, round: &str, number: usize) -> PageRecord {
    let id = CaptureId::parse(&format!("{run_id}-{round}-{number}")).unwrap();
    let url = format!("https://news.example/{number}.html");
    let exchange = Exchange {
        imported: None,
        provenance: None,
        robots_override: None,
        requested_url: url.clone(),
        final_url: url.clone(),
        request_headers: vec![("accept".to_owned(), "text/html".to_owned())],
        status: 200,
        http_version: "HTTP/1.1".to_owned(),
        response_headers: vec![("content-type".to_owned(), "text/html; charset=gb18030".to_owned())],
        redirects: Vec::new(),
        remote_addr: "192.0.2.1:443".to_owned(),
        started_at: NOW,
        finished_at: NOW,
    };
    let ads = (0..ADS_PER_PAGE)
        .map(|place| seen(source_id, run_id, &id, &url, number * ADS_PER_PAGE + place))
        .collect();
    let capture = Capture {
        body: BlobRef::of(id.as_str().as_bytes()),
        id,
        source_id: source_id.clone(),
        run_id: run_id.clone(),
        purpose: CapturePurpose::Page,
        parent_id: None,
        exchange,
    };
    PageRecord { capture, ads, now: NOW }
}

fn seen(source_id: &SourceId, run_id: &RunId, capture_id: &CaptureId, url: &str, number: usize) -> SeenAd {
    let words =
        format!("江州理财节第{number}期，稳健增值，专业团队为您服务，欢迎到店咨询，电话 025-00000000。");
    let id = AdId::parse(&sha256_hex(format!("{run_id}{words}").as_bytes())).unwrap();
    let flagged = number.is_multiple_of(4);
    let hit = Hit {
        rule: RuleId::parse("pg.principal-guarantee.1").unwrap(),
        category: "PG".to_owned(),
        severity: Severity::new(3).unwrap(),
        span: Span { start: 0, end: 6 },
        normalized: "稳健增值".to_owned(),
        transforms: Vec::new(),
        provisions: Vec::new(),
        tracks: vec![Track::A],
        status: HitStatus::Asserted,
        cue: None,
        because: None,
    };
    let assessment = Assessment {
        flagged,
        severity: flagged.then_some(hit.severity),
        priority: (number % 97) as f64 / 97.0,
        tracks: vec![Track::A],
        provisions: Vec::new(),
        reasons: Vec::new(),
        pack_revision: "pack@1".to_owned(),
    };
    SeenAd {
        draft: AdDraft::of_text(AdKind::Display, words),
        sighting: Sighting {
            ad_id: id.clone(),
            capture_id: capture_id.clone(),
            source_id: source_id.clone(),
            page_url: url.to_owned(),
            locator: format!("div.ad:nth-child({})", number % ADS_PER_PAGE),
            seen_at: NOW,
        },
        id,
        judgement: Some((assessment, vec![hit; if flagged { 2 } else { 0 }])),
        contacts: Vec::new(),
        pictures: Vec::new(),
        marks: adwatch::store::group::Marks::default(),
        alert: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told from outside which server it may use")]
fn server() -> Option<String> {
    std::env::var("ADWATCH_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}
