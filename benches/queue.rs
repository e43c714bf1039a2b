//! How fast a queue of a million findings answers, and whether fifty people who decide at once lose anything; on SQLite
//! and on the PostgreSQL server that `ADWATCH_TEST_POSTGRES` names.
//!
//! `cargo bench --bench queue -- [FINDINGS]` records FINDINGS flagged ads (default 1,000,000), each seen ten times at
//! one of 200 sources, through the same calls as a crawl. Then it times what the pages ask of the store. With
//! `ADWATCH_BENCH_KEEP=FOLDER` the SQLite file stays and is used again.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to the terminal")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::time::Instant;

use adwatch::domain::ad::{AdDraft, AdId, AdKind, Sighting};
use adwatch::domain::blob::BlobRef;
use adwatch::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange};
use adwatch::domain::finding::{Assessment, FindingId, FindingState, Reason};
use adwatch::domain::hit::{Hit, HitStatus, RuleId, Severity, Span, Track};
use adwatch::domain::provision::ProvisionId;
use adwatch::domain::review::{Decision, DecisionId, DismissReason, Verdict};
use adwatch::domain::run::RunId;
use adwatch::domain::source::{Source, SourceId, SourceKind};
use adwatch::domain::user::Actor;
use adwatch::kit::clock::UnixMs;
use adwatch::kit::digest::sha256_hex;
use adwatch::store::audit::AuditNote;
use adwatch::store::finding::FindingFilter;
use adwatch::store::page::{PageRecord, SeenAd};
use adwatch::store::review::DecisionRecord;
use adwatch::store::{Db, StoreError};

const NOW: UnixMs = UnixMs(1_795_392_000_000);
const N_SOURCES: usize = 200;
const ADS_PER_PAGE: usize = 100;
const PAGES_AT_ONCE: usize = 10;
const SIGHTINGS: usize = 10;
const N_REVIEWERS: usize = 50;
const PLACES: [&str; 8] = ["江州", "临江", "望湖", "青浦", "石桥", "南岭", "东津", "西关"];
const GOODS: [&str; 10] =
    ["养老公寓", "茶园", "虚拟币", "原始股", "黄金", "影视", "养殖", "商铺", "酒庄", "充电桩"];
const PROMISES: [&str; 6] =
    ["保本保息", "稳赚不赔", "每月返利", "年化收益百分之十八", "到期返还本金", "零风险高回报"];

#[tokio::main]
async fn main() {
    let n = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let kept = setting("ADWATCH_BENCH_KEEP").map(PathBuf::from);
    let folder = tempfile::tempdir().unwrap();
    let file = kept.unwrap_or_else(|| folder.path().to_owned()).join(format!("queue-{n}.db"));
    measure("SQLite", &format!("sqlite:{}", file.display()), n).await;
    match setting("ADWATCH_TEST_POSTGRES") {
        Some(url) => measure("PostgreSQL", &url, n).await,
        None => println!("PostgreSQL  not measured: ADWATCH_TEST_POSTGRES is not set"),
    }
}

async fn measure(engine: &str, url: &str, n: usize) {
    let db = Db::open(url).await.unwrap();
    if db.count_findings(&FindingFilter::default()).await.unwrap().all() < n as u64 {
        fill(engine, &db, n).await;
    }
    let pending = FindingFilter { state: Some(FindingState::Pending), ..FindingFilter::default() };
    let with = |change: &dyn Fn(&mut FindingFilter)| {
        let mut filter = pending.clone();
        change(&mut filter);
        filter
    };
    let text = |words: &str| with(&|filter| filter.text = Some(words.to_owned()));
    let lists: Vec<(&str, FindingFilter)> = vec![
        ("queue", pending.clone()),
        ("severity 4", with(&|filter| filter.min_severity = Severity::new(4))),
        ("one source", with(&|filter| filter.source = SourceId::parse("bench-7").ok())),
        ("one rule", with(&|filter| filter.rule = RuleId::parse("pg.bench.3").ok())),
        ("one host", with(&|filter| filter.host = Some("h77.example".to_owned()))),
        ("a party", with(&|filter| filter.party = Some("望湖33".to_owned()))),
        (
            "a day",
            with(&|filter| {
                filter.created_from = Some(NOW);
                filter.created_until = Some(NOW.plus_ms(86_400_000));
            }),
        ),
        ("word in all", text("广告")),
        ("word in 1 of 6", text("保本保息")),
        ("two words", text("茶园 稳赚不赔")),
        ("word in 1 of 1000", text("第77批")),
        ("word in one", text("第123456号")),
        ("word in none", text("绝无此词")),
        (
            "all and accepted",
            with(&|filter| {
                filter.state = Some(FindingState::Accepted);
                filter.text = Some("保本保息".to_owned());
            }),
        ),
    ];
    for (name, filter) in &lists {
        time(engine, &format!("list and counts: {name}"), 40, |_| async {
            db.list_findings(filter, None, 30).await.unwrap();
            db.count_findings(filter).await.unwrap();
        })
        .await;
    }
    let mut after = None;
    for _ in 0..50 {
        after = db.list_findings(&pending, after.as_ref(), 30).await.unwrap().next;
    }
    let after = after.as_ref();
    time(engine, "queue, page 50", 40, |_| async {
        db.list_findings(&pending, after, 30).await.unwrap();
    })
    .await;
    time(engine, "finding with neighbours", 200, |round| {
        let id = FindingId::of(&ad_id(round * 4_999 % n));
        let (db, pending) = (&db, &pending);
        async move {
            let view = db.finding(&id).await.unwrap().unwrap();
            db.contacts(&view.ad.id).await.unwrap();
            db.remarks(&id).await.unwrap();
            db.assignments(&[&id], NOW).await.unwrap();
            db.neighbours(pending, &id, "王芳", NOW).await.unwrap();
        }
    })
    .await;
    decide_at_once(engine, &db, n).await;
    db.close().await;
}

async fn time<F: Future<Output = ()>>(engine: &str, what: &str, n: usize, act: impl Fn(usize) -> F) {
    let mut times_us = Vec::with_capacity(n);
    for round in 0..n {
        let begin = Instant::now();
        act(round).await;
        times_us.push(begin.elapsed().as_micros());
    }
    times_us.sort_unstable();
    let (p50, p95) = (times_us[n / 2] as f64 / 1e3, times_us[n * 95 / 100] as f64 / 1e3);
    println!("{engine:<10}  {what:<36} p50 {p50:>8.1} ms  p95 {p95:>8.1} ms");
}

/// Fifty people decide at once: each twenty of their own, and all of them the same twenty.
async fn decide_at_once(engine: &str, db: &Db, n: usize) {
    let run = uuid::Uuid::now_v7().simple().to_string();
    let before = db.count_findings(&FindingFilter::default()).await.unwrap();
    let pending = FindingFilter { state: Some(FindingState::Pending), ..FindingFilter::default() };
    let wanted = (N_REVIEWERS + 1) * 20;
    let found = db.list_findings(&pending, None, u32::try_from(wanted.min(1_000)).unwrap()).await.unwrap();
    let mut ids: Vec<FindingId> = found.findings.into_iter().map(|listed| listed.finding.id).collect();
    let found = db.list_findings(&pending, found.next.as_ref(), 20).await.unwrap();
    ids.extend(found.findings.into_iter().map(|listed| listed.finding.id));
    assert!(ids.len() == wanted, "{n} findings are too few");
    let begin = Instant::now();
    let people = (0..N_REVIEWERS).map(|person| {
        let (db, run) = (db.clone(), run.clone());
        let own = &ids[person * 20..(person + 1) * 20];
        let list: Vec<FindingId> =
            own.iter().zip(&ids[N_REVIEWERS * 20..]).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
        tokio::spawn(async move {
            let (mut n_done, mut n_refused, mut slowest_ms) = (0, 0, 0);
            for (number, id) in list.iter().enumerate() {
                let begin = Instant::now();
                match db.decide(record(&format!("{run}-{person}-{number}"), id, person)).await {
                    Ok(_) => n_done += 1,
                    Err(StoreError::Conflict { .. }) => n_refused += 1,
                    Err(other) => panic!("{other}"),
                }
                slowest_ms = slowest_ms.max(begin.elapsed().as_millis());
            }
            (n_done, n_refused, slowest_ms)
        })
    });
    let told = futures::future::join_all(people).await;
    let seconds = begin.elapsed().as_secs_f64();
    let (mut n_done, mut n_refused, mut slowest_ms) = (0, 0, 0);
    for one in told {
        let (done, refused, slowest) = one.unwrap();
        n_done += done;
        n_refused += refused;
        slowest_ms = slowest_ms.max(slowest);
    }
    let after = db.count_findings(&FindingFilter::default()).await.unwrap();
    assert_eq!(n_done, wanted, "each finding was decided once, whoever was first");
    assert_eq!(n_refused, N_REVIEWERS * 40 - wanted, "everybody else was told");
    assert_eq!(before.pending - after.pending, wanted as u64);
    for id in &ids {
        assert_eq!(db.decisions(id).await.unwrap().len(), 1);
    }
    println!(
        "{engine:<10}  {N_REVIEWERS} reviewers at once: {n_done} decided, {n_refused} told of a conflict, none lost; \
         {:.0} decisions/s, slowest {slowest_ms} ms",
        n_done as f64 / seconds
    );
}

fn record(name: &str, id: &FindingId, person: usize) -> DecisionRecord {
    let actor = Actor::person(&format!("审核员{person}")).unwrap();
    DecisionRecord {
        audit: AuditNote {
            at: NOW,
            actor: actor.clone(),
            action: "finding.dismiss".to_owned(),
            object: id.to_string(),
            detail: serde_json::json!({"reason": "news"}),
        },
        decision: Decision {
            id: DecisionId::parse(name).unwrap(),
            finding_id: id.clone(),
            actor: actor.name().to_owned(),
            at: NOW,
            verdict: Verdict::Dismiss { reason: DismissReason::News },
            note: String::new(),
        },
        seen_version: None,
        lead: None,
        notices: Vec::new(),
    }
}

async fn fill(engine: &str, db: &Db, n: usize) {
    let begin = Instant::now();
    for number in 0..N_SOURCES {
        let source = source(number);
        // Left over from a run that was stopped.
        let _ = db.add_source(&source).await;
        db.open_run(&RunId::parse(&format!("run-{number}")).unwrap(), &source.id, NOW).await.unwrap();
    }
    let n_pages = n.div_ceil(ADS_PER_PAGE);
    let pages: Vec<(usize, usize)> =
        (0..n_pages).flat_map(|page| (0..SIGHTINGS).map(move |round| (page, round))).collect();
    for (batch, chunk) in pages.chunks(PAGES_AT_ONCE * SIGHTINGS).enumerate() {
        let records: Vec<PageRecord> =
            chunk.iter().map(|(page, round)| record_of(*page, *round, n)).collect();
        db.record_pages(&records).await.unwrap();
        if batch % 100 == 99 {
            let done = (batch + 1) * PAGES_AT_ONCE * ADS_PER_PAGE;
            println!("{engine:<10}  {done} findings after {:.0} s", begin.elapsed().as_secs_f64());
        }
    }
    let n_sightings = n * SIGHTINGS;
    println!(
        "{engine:<10}  {n} findings, {n_sightings} sightings recorded in {:.0} s",
        begin.elapsed().as_secs_f64()
    );
}

fn source(number: usize) -> Source {
    Source {
        id: SourceId::parse(&format!("bench-{number}")).unwrap(),
        kind: SourceKind::NewsSite,
        title: format!("江州新闻网第{number}频道"),
        url: "https://news.example/".to_owned(),
        settings: BTreeMap::new(),
        schedule: None,
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: NOW,
    }
}

fn record_of(page: usize, round: usize, n: usize) -> PageRecord {
    let number = page % N_SOURCES;
    let source_id = SourceId::parse(&format!("bench-{number}")).unwrap();
    let run_id = RunId::parse(&format!("run-{number}")).unwrap();
    let id = CaptureId::parse(&format!("bench-{page}-{round}")).unwrap();
    let url = format!("https://news.example/{page}.html");
    let exchange = Exchange {
        robots_override: None,
        imported: None,
        provenance: None,
        requested_url: url.clone(),
        final_url: url.clone(),
        request_headers: Vec::new(),
        status: 200,
        http_version: "HTTP/1.1".to_owned(),
        response_headers: Vec::new(),
        redirects: Vec::new(),
        remote_addr: "192.0.2.1:443".to_owned(),
        started_at: NOW,
        finished_at: NOW,
    };
    let last = ((page + 1) * ADS_PER_PAGE).min(n);
    let ads = (page * ADS_PER_PAGE..last).map(|ad| seen(&source_id, &id, &url, ad, round)).collect();
    let capture = Capture {
        body: BlobRef::of(id.as_str().as_bytes()),
        id,
        source_id,
        run_id,
        purpose: CapturePurpose::Page,
        parent_id: None,
        exchange,
    };
    PageRecord { capture, ads, now: NOW.plus_ms(i64::try_from(page).unwrap() * 60_000) }
}

fn ad_id(number: usize) -> AdId {
    AdId::parse(&sha256_hex(format!("bench {number}").as_bytes())).unwrap()
}

/// Words that differ as ads of a region do: some in all, some in a few, a number in one.
fn words(number: usize) -> String {
    let (place, goods) = (PLACES[number % 8], GOODS[number / 8 % 10]);
    let promise = PROMISES[number / 7 % 6];
    format!(
        "【广告】{place}{goods}项目第{}批会员招募，编号第{number}号。{promise}，专业团队托管，资金安全有保障，名额有限，先到先得。\
         投资{}万元起，咨询热线025-{:08}，详情请加微信jz{}。地址：{place}市人民路{}号，欢迎带家人朋友前来考察，前一百名赠送礼品一份。",
        number % 1_000,
        number % 50 + 1,
        number,
        number % 5_000,
        number % 300,
    )
}

fn seen(source_id: &SourceId, capture_id: &CaptureId, url: &str, number: usize, round: usize) -> SeenAd {
    let text = words(number);
    let level = u8::try_from(number % 4 + 1).unwrap();
    let hit = |rule: usize| Hit {
        rule: RuleId::parse(&format!("pg.bench.{rule}")).unwrap(),
        category: "PG".to_owned(),
        severity: Severity::new(level).unwrap(),
        span: Span { start: 0, end: 12 },
        normalized: "广告".to_owned(),
        transforms: Vec::new(),
        provisions: vec![ProvisionId::parse("AD-25.1").unwrap()],
        tracks: vec![Track::A],
        status: HitStatus::Asserted,
        cue: None,
        because: Some("对未来收益作出保证性承诺。".to_owned()),
    };
    let assessment = Assessment {
        flagged: true,
        severity: Severity::new(level),
        priority: (number * 7_919 % 9_973) as f64 / 9_973.0,
        tracks: vec![Track::A],
        provisions: vec![ProvisionId::parse("AD-25.1").unwrap()],
        reasons: vec![Reason {
            code: "severity-3".to_owned(), text: "明示收益。".to_owned(), weight: 0.6
        }],
        pack_revision: "pack@1".to_owned(),
    };
    let id = ad_id(number);
    SeenAd {
        draft: AdDraft {
            title: Some(format!("{}{}招募", PLACES[number % 8], GOODS[number / 8 % 10])),
            advertiser: Some(format!("{}{}投资管理有限公司", PLACES[number % 8], number % 2_000)),
            landing_url: Some(format!("https://h{}.example/{number}", number % 20_000)),
            ..AdDraft::of_text(AdKind::Display, text)
        },
        sighting: Sighting {
            ad_id: id.clone(),
            capture_id: capture_id.clone(),
            source_id: source_id.clone(),
            page_url: url.to_owned(),
            locator: format!("div.ad:nth-child({})", number % ADS_PER_PAGE),
            seen_at: NOW.plus_ms(i64::try_from(round).unwrap() * 86_400_000),
        },
        id,
        judgement: (round == 0).then(|| (assessment, vec![hit(number % 40), hit(40 + number % 3)])),
        contacts: Vec::new(),
        pictures: Vec::new(),
        marks: adwatch::store::group::Marks::default(),
        alert: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told from outside which server it may use")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
