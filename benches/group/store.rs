//! What one more flagged ad costs in the database, with its family, its campaign and its links.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use adwatch::domain::ad::{AdDraft, AdId, AdKind, Sighting};
use adwatch::domain::blob::BlobRef;
use adwatch::domain::campaign::{Tie, TieKind};
use adwatch::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange};
use adwatch::domain::finding::Assessment;
use adwatch::domain::hit::{Severity, Track};
use adwatch::domain::party::{Certainty, Contact, ContactKind, ContactPlace, FoundBy};
use adwatch::domain::run::RunId;
use adwatch::domain::source::{Source, SourceId, SourceKind};
use adwatch::group::near_text::Signature;
use adwatch::kit::clock::UnixMs;
use adwatch::kit::digest::sha256_hex;
use adwatch::store::Db;
use adwatch::store::group::Marks;
use adwatch::store::page::{PageRecord, SeenAd};
use adwatch::text::Normalizer;

use super::{Dice, ads, micros};

const NOW: UnixMs = UnixMs(1_790_000_000_000);
/// Ads on one page, which is one transaction.
const PER_PAGE: usize = 50;

/// Records ads page by page in an SQLite database of its own. Beside each page with marks one without is recorded, so that
/// the difference is what grouping costs.
pub fn measure(normalizer: &Normalizer, n_ads: usize, n_families: usize) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite:{}", folder.path().join("bench.db").display())).await.unwrap();
        let (source, run) = (source(), RunId::parse("run-1").unwrap());
        db.add_source(&source).await.unwrap();
        db.open_run(&run, &source.id, NOW).await.unwrap();
        let mut all = ads(n_ads, n_families).map(|(_, text)| text);
        let (mut grouped, mut alone): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
        let mut dice = Dice(20_261_201);
        for page in 0..n_ads / PER_PAGE {
            let texts: Vec<String> = all.by_ref().take(PER_PAGE).collect();
            let seen = |(place, text): (usize, &String)| {
                seen(&source.id, page, place, text, Some(marks(normalizer, text, n_ads, &mut dice)))
            };
            let with: Vec<SeenAd> = texts.iter().enumerate().map(seen).collect();
            let plain = |(place, text): (usize, &String)| {
                self::seen(&source.id, page, place, &format!("无标记{page}{text}"), None)
            };
            let without: Vec<SeenAd> = texts.iter().enumerate().map(plain).collect();
            // Every tenth is enough to compare with.
            if page % 10 == 0 {
                alone.push(record(&db, &run, &source.id, &format!("plain-{page}"), without).await);
            }
            grouped.push(record(&db, &run, &source.id, &format!("page-{page}"), with).await);
            let n = (page + 1) * PER_PAGE;
            if [1_000, 10_000, 100_000, 1_000_000].contains(&n) {
                report(n, &grouped, &alone);
            }
        }
        db.close().await;
    });
}

/// Per ad, over the last pages.
fn report(n: usize, grouped: &[Duration], alone: &[Duration]) {
    let per_ad = |times: &[Duration], last: usize| {
        let mut recent: Vec<f64> =
            times.iter().rev().take(last).map(|time| micros(*time) / PER_PAGE as f64).collect();
        recent.sort_by(f64::total_cmp);
        (recent[recent.len() / 2], recent[recent.len() * 99 / 100])
    };
    let ((p50, p99), (plain50, plain99)) = (per_ad(grouped, 100), per_ad(alone, 10));
    println!(
        "store     at {n:>8} ads: one more p50 {p50:>6.0} µs, p99 {p99:>6.0} µs; without grouping p50 {plain50:>6.0} µs, p99 {plain99:>6.0} µs"
    );
}

async fn record(db: &Db, run: &RunId, source: &SourceId, name: &str, ads: Vec<SeenAd>) -> Duration {
    let id = CaptureId::parse(name).unwrap();
    let ads = ads
        .into_iter()
        .map(|seen| SeenAd { sighting: Sighting { capture_id: id.clone(), ..seen.sighting }, ..seen })
        .collect();
    let url = format!("https://news.example/{name}.html");
    let exchange = Exchange {
        imported: None,
        provenance: None,
        robots_override: None,
        requested_url: url.clone(),
        final_url: url,
        request_headers: Vec::new(),
        status: 200,
        http_version: "HTTP/1.1".to_owned(),
        response_headers: Vec::new(),
        redirects: Vec::new(),
        remote_addr: "192.0.2.1:443".to_owned(),
        started_at: NOW,
        finished_at: NOW,
    };
    let capture = Capture {
        body: BlobRef::of(name.as_bytes()),
        id,
        source_id: source.clone(),
        run_id: run.clone(),
        purpose: CapturePurpose::Page,
        parent_id: None,
        exchange,
    };
    let page = PageRecord { capture, ads, now: NOW };
    let begin = Instant::now();
    db.record_page(&page).await.unwrap();
    begin.elapsed()
}

/// Each promoter has a telephone, a name and a host; an ad shows one or two of them, and one in three shows the hotline
/// of a hosting company that everybody shares.
fn marks(normalizer: &Normalizer, text: &str, n_ads: usize, dice: &mut Dice) -> Marks {
    let promoter = dice.below((n_ads / 20).max(1));
    let tie = |kind, value: String| Tie { kind: TieKind::Contact(kind), value };
    let own = [
        tie(ContactKind::Mobile, format!("138{promoter:08}")),
        tie(ContactKind::Wechat, format!("boss{promoter}")),
        tie(ContactKind::Host, format!("p{promoter}.example")),
    ];
    let first = dice.below(3);
    let mut ties = BTreeSet::from([own[first].clone(), own[(first + dice.below(3)) % 3].clone()]);
    if dice.below(3) == 0 {
        ties.insert(tie(ContactKind::ServiceLine, format!("400{:07}", dice.below(20))));
    }
    Marks { signature: Signature::of(normalizer, text), ties, ..Marks::default() }
}

fn seen(source: &SourceId, page: usize, place: usize, text: &str, marks: Option<Marks>) -> SeenAd {
    let id = AdId::parse(&sha256_hex(format!("{page}-{place}-{text}").as_bytes())).unwrap();
    let assessment = Assessment {
        flagged: true,
        severity: Severity::new(3),
        priority: (place % 97) as f64 / 97.0,
        tracks: vec![Track::A],
        provisions: Vec::new(),
        reasons: Vec::new(),
        pack_revision: "pack@1".to_owned(),
    };
    let marks = marks.unwrap_or_default();
    let contact = |tie: &Tie| match tie.kind {
        TieKind::Contact(kind) => Some(Contact {
            kind,
            value: tie.value.clone(),
            place: ContactPlace::Markup,
            certainty: Certainty::Likely,
            found_by: vec![FoundBy::Shape],
        }),
        _ => None,
    };
    SeenAd {
        draft: AdDraft::of_text(AdKind::Display, text),
        sighting: Sighting {
            ad_id: id.clone(),
            capture_id: CaptureId::parse("set-later").unwrap(),
            source_id: source.clone(),
            page_url: "https://news.example/".to_owned(),
            locator: format!("div.ad:nth-child({place})"),
            seen_at: NOW,
        },
        id,
        judgement: Some((assessment, Vec::new())),
        contacts: marks.ties.iter().filter_map(contact).collect(),
        pictures: Vec::new(),
        marks,
        alert: None,
    }
}

fn source() -> Source {
    Source {
        id: SourceId::parse("city-news").unwrap(),
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
