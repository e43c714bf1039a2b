//! How fast a finding with many resources is sealed, and a large package verified, beside `sha256sum` on the same file.
//!
//! `cargo bench --bench evidence -- [CAPTURES [BYTES]]` seals CAPTURES pages (default 200) of BYTES each (default
//! 100,000; half of each compresses), through the vault and the database as `adwatch evidence seal` does, and
//! verifies the package. `-- 10 100000000` makes a package of 2 GB.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to the terminal")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

use std::collections::BTreeMap;
use std::time::Instant;

use adwatch::app::{App, Config};
use adwatch::domain::ad::{AdDraft, AdKind, Sighting};
use adwatch::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange};
use adwatch::domain::finding::{Assessment, FindingId};
use adwatch::domain::hit::Severity;
use adwatch::domain::run::RunId;
use adwatch::domain::source::{Source, SourceId, SourceKind};
use adwatch::domain::user::Actor;
use adwatch::evidence::{Expected, verify};
use adwatch::kit::clock::UnixMs;
use adwatch::store::Db;
use adwatch::store::page::{PageRecord, SeenAd};
use adwatch::vault::Vault;

const NOW: UnixMs = UnixMs(1_795_392_000_000);

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (n_captures, n_bytes) = (numbers.next().unwrap_or(200), numbers.next().unwrap_or(100_000));
    let folder = tempfile::tempdir().unwrap();
    let config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    let id = prepare(&config, n_captures, n_bytes).await;
    let app = App::open(config).await.unwrap();
    let officer = Actor::person("bench").unwrap();

    let begin = Instant::now();
    let sealed = app.seal(&officer, &id, None).await.unwrap();
    let seal_s = begin.elapsed().as_secs_f64();
    let mib = sealed.size_bytes as f64 / f64::from(1 << 20);
    println!("seal      {n_captures} captures of {n_bytes} bytes: {seal_s:.2} s, package {mib:.0} MiB");

    let begin = Instant::now();
    let report = verify(&sealed.path, &Expected::default()).unwrap();
    let verify_s = begin.elapsed().as_secs_f64();
    assert!(report.is_intact(), "{:?}", report.deviations);
    println!("verify    {verify_s:.2} s, {:.0} MiB/s", mib / verify_s);

    let begin = Instant::now();
    let stock = std::process::Command::new("sha256sum").arg(&sealed.path).output().unwrap();
    assert!(stock.status.success());
    let stock_s = begin.elapsed().as_secs_f64();
    println!(
        "sha256sum {stock_s:.2} s, {:.0} MiB/s; verify takes {:.1} times as long",
        mib / stock_s,
        verify_s / stock_s
    );
}

/// Records the captures and one flagged ad that stands on all of them.
async fn prepare(config: &Config, n_captures: usize, n_bytes: usize) -> FindingId {
    std::fs::create_dir_all(&config.data_dir).unwrap();
    let db = Db::open(&config.database_url()).await.unwrap();
    let vault = Vault::open(&config.vault_url()).await.unwrap();
    let source = Source {
        id: SourceId::parse("bench").unwrap(),
        kind: SourceKind::NewsSite,
        title: "bench".to_owned(),
        url: "http://bench.example/".to_owned(),
        settings: BTreeMap::new(),
        schedule: None,
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: NOW,
    };
    db.add_source(&source).await.unwrap();
    let run = RunId::parse("run").unwrap();
    db.open_run(&run, &source.id, NOW).await.unwrap();
    let draft = AdDraft::of_text(AdKind::Display, "保本保息，年化收益15%");
    let ad = adwatch::group::fingerprint(&draft);
    let mut random = 1_u64;
    for number in 0..n_captures {
        let mut body: Vec<u8> = "<p>页面文字 page text</p>\n".bytes().cycle().take(n_bytes / 2).collect();
        while body.len() < n_bytes {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            body.extend_from_slice(&random.to_le_bytes());
        }
        let url = format!("http://bench.example/{number}");
        let capture = Capture {
            id: CaptureId::parse(&format!("c{number:06}")).unwrap(),
            source_id: source.id.clone(),
            run_id: run.clone(),
            purpose: CapturePurpose::Page,
            parent_id: None,
            exchange: Exchange {
                requested_url: url.clone(),
                final_url: url.clone(),
                request_headers: Vec::new(),
                status: 200,
                http_version: "HTTP/1.1".to_owned(),
                response_headers: vec![("content-type".to_owned(), "text/html".to_owned())],
                redirects: Vec::new(),
                remote_addr: "192.0.2.1:80".to_owned(),
                started_at: NOW,
                finished_at: NOW,
                imported: None,
                provenance: None,
                robots_override: None,
            },
            body: vault.put(body.into()).await.unwrap(),
        };
        let sighting = Sighting {
            ad_id: ad.clone(),
            capture_id: capture.id.clone(),
            source_id: source.id.clone(),
            page_url: url,
            locator: "p".to_owned(),
            seen_at: NOW,
        };
        let assessment = Assessment {
            flagged: true,
            severity: Severity::new(4),
            priority: 0.9,
            tracks: Vec::new(),
            provisions: Vec::new(),
            reasons: Vec::new(),
            pack_revision: "bench@1".to_owned(),
        };
        let judgement = Some((assessment, Vec::new()));
        let seen = SeenAd {
            id: ad.clone(),
            draft: draft.clone(),
            sighting,
            judgement,
            contacts: Vec::new(),
            pictures: Vec::new(),
            marks: adwatch::store::group::Marks::default(),
            alert: None,
        };
        db.record_page(&PageRecord { capture, ads: vec![seen], now: NOW }).await.unwrap();
    }
    FindingId::of(&ad)
}
