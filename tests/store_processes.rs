//! The store between processes: leases, turns at hosts, due times, decisions and pages stay right when several
//! processes use one database, and when one of them is killed. Each test runs on SQLite, and on PostgreSQL when
//! `ADWATCH_TEST_POSTGRES` names a server.
//!
//! A second process is this test program itself, asked through the environment to play a part.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]
#![expect(clippy::print_stdout, reason = "what a second process says is read by the first")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use adwatch::domain::ad::{AdDraft, AdId, AdKind, Sighting};
use adwatch::domain::blob::BlobRef;
use adwatch::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange};
use adwatch::domain::finding::{Assessment, FindingId};
use adwatch::domain::hit::Severity;
use adwatch::domain::job::{JobId, JobKind};
use adwatch::domain::review::{Decision, DecisionId, DismissReason, Verdict};
use adwatch::domain::run::RunId;
use adwatch::domain::source::{Source, SourceId, SourceKind};
use adwatch::domain::user::Actor;
use adwatch::kit::clock::UnixMs;
use adwatch::kit::digest::sha256_hex;
use adwatch::store::audit::AuditNote;
use adwatch::store::finding::FindingFilter;
use adwatch::store::job::NewJob;
use adwatch::store::page::{PageRecord, SeenAd};
use adwatch::store::review::DecisionRecord;
use adwatch::store::{ChainCheck, Db, StoreError};

const NOW: UnixMs = UnixMs(1_795_392_000_000);
const TTL_MS: i64 = 60_000;
const N_PROCESSES: usize = 4;

#[tokio::test]
async fn a_new_database_opened_by_many_processes_is_made_once() {
    for engine in Engine::all().await {
        let said = together(&engine, "open", N_PROCESSES);
        assert_eq!(said, vec!["opened"; N_PROCESSES], "{}", engine.name);
    }
}

#[tokio::test]
async fn processes_share_jobs_out_without_repeats() {
    const N_JOBS: usize = 120;
    for engine in Engine::all().await {
        let db = engine.open().await;
        for n in 0..N_JOBS {
            db.enqueue(&job(&format!("job-{n:03}")), NOW).await.unwrap();
        }
        let done = together(&engine, "lease", N_PROCESSES);
        assert_eq!(done.len(), N_JOBS, "{}", engine.name);
        assert_eq!(done.iter().collect::<BTreeSet<_>>().len(), N_JOBS, "{}", engine.name);
    }
}

#[tokio::test]
async fn the_job_of_a_killed_process_is_taken_over_after_its_lease() {
    for engine in Engine::all().await {
        let db = engine.open().await;
        db.enqueue(&job("job-1"), NOW).await.unwrap();
        let mut process = start(&engine, "hold", "worker-1");
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        while !line.starts_with("says ") {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the process ended without a lease");
        }
        assert_eq!(line.trim(), "says job-1");
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(
            db.lease("worker-2", NOW.plus_ms(TTL_MS - 1), TTL_MS).await.unwrap(),
            None,
            "{}",
            engine.name
        );
        let lease = db.lease("worker-2", NOW.plus_ms(TTL_MS), TTL_MS).await.unwrap().unwrap();
        assert_eq!((lease.job_id.as_str(), lease.n_attempts), ("job-1", 2), "{}", engine.name);
    }
}

#[tokio::test]
async fn processes_take_turns_at_a_host() {
    for engine in Engine::all().await {
        let _db = engine.open().await;
        let mut turns: Vec<i64> =
            together(&engine, "turns", N_PROCESSES).iter().map(|text| text.parse().unwrap()).collect();
        turns.sort_unstable();
        let expected: Vec<i64> =
            (0..i64::try_from(N_PROCESSES).unwrap() * 25).map(|n| NOW.plus_ms(n * 5_000).0).collect();
        assert_eq!(turns, expected, "{}", engine.name);
    }
}

#[tokio::test]
async fn processes_start_each_due_time_once() {
    for engine in Engine::all().await {
        let _db = engine.open().await;
        let mut fired = together(&engine, "fire", N_PROCESSES);
        fired.sort();
        let expected: Vec<String> = (0..20).map(|n| format!("{n:02}")).collect();
        assert_eq!(fired, expected, "{}", engine.name);
    }
}

#[tokio::test]
async fn processes_that_record_the_same_ads_make_each_finding_once() {
    for engine in Engine::all().await {
        let db = engine.open().await;
        look_at_source(&db).await;
        let recorded = together(&engine, "pages", N_PROCESSES);
        let mut totals = BTreeMap::new();
        for line in recorded {
            let (what, n) = line.split_once(' ').unwrap();
            *totals.entry(what.to_owned()).or_insert(0) += n.parse::<usize>().unwrap();
        }
        let expected = [("ads", 12), ("findings", 12), ("sightings", N_PROCESSES * 10 * 12)];
        let expected: BTreeMap<String, usize> = expected.map(|(what, n)| (what.to_owned(), n)).into();
        assert_eq!(totals, expected, "{}", engine.name);
        let listed = db.list_findings(&FindingFilter::default(), None, 100).await.unwrap().findings;
        assert_eq!(listed.len(), 12);
        assert!(
            listed.iter().all(|listed| listed.ad.n_sightings == N_PROCESSES as u64 * 10),
            "{}",
            engine.name
        );
    }
}

#[tokio::test]
async fn of_processes_that_decide_at_once_one_succeeds() {
    for engine in Engine::all().await {
        let db = engine.open().await;
        look_at_source(&db).await;
        db.record_page(&page("page-0", 0)).await.unwrap();
        let outcomes = together(&engine, "decide", N_PROCESSES);
        let decided: Vec<_> = outcomes.iter().filter(|outcome| outcome.starts_with("decided")).collect();
        let refused: Vec<_> = outcomes.iter().filter(|outcome| outcome.starts_with("conflict")).collect();
        // Each of the 12 findings is decided by one process and refused to the others.
        assert_eq!((decided.len(), refused.len()), (12, 12 * (N_PROCESSES - 1)), "{}", engine.name);
        assert_eq!(db.check_audit().await.unwrap(), ChainCheck::Whole { n_entries: 12 }, "{}", engine.name);
    }
}

/// The part of a second process. Does nothing when this program runs as a test.
#[tokio::test]
async fn part_of_a_second_process() {
    let (Some(part), Some(url), Some(name)) = (setting(PART), setting(URL), setting(NAME)) else { return };
    let db = Db::open(&url).await.unwrap();
    match part.as_str() {
        "open" => say("opened"),
        "lease" => {
            while let Some(lease) = db.lease(&name, NOW, TTL_MS).await.unwrap() {
                assert!(db.renew(&lease, NOW, TTL_MS).await.unwrap());
                assert!(db.complete(&lease, NOW).await.unwrap());
                say(lease.job_id.as_str());
            }
        }
        "hold" => {
            let lease = db.lease(&name, NOW, TTL_MS).await.unwrap().unwrap();
            say(lease.job_id.as_str());
            std::future::pending::<()>().await;
        }
        "turns" => {
            for _ in 0..25 {
                say(&db.reserve_host("news.example:443", NOW, 5_000).await.unwrap().0.to_string());
            }
        }
        "fire" => {
            for n in 0..20 {
                let job = job(&format!("job-{name}-{n}"));
                if db.fire("source:city-news", NOW.plus_ms(n), &job, NOW).await.unwrap() {
                    say(&format!("{n:02}"));
                }
            }
        }
        "pages" => {
            for n in 0..10 {
                let recorded = db.record_page(&page(&format!("page-{name}-{n}"), n)).await.unwrap();
                say(&format!("ads {}", recorded.n_new_ads));
                say(&format!("findings {}", recorded.n_new_findings));
                say(&format!("sightings {}", recorded.n_sightings));
            }
        }
        "decide" => {
            for n in 0..12 {
                match db.decide(decision(&name, n)).await {
                    Ok(_) => say("decided"),
                    Err(StoreError::Conflict { by, .. }) => say(&format!("conflict with {by}")),
                    Err(error) => panic!("{error}"),
                }
            }
        }
        other => panic!("there is no part `{other}`"),
    }
}

const PART: &str = "ADWATCH_TEST_PART";
const URL: &str = "ADWATCH_TEST_URL";
const NAME: &str = "ADWATCH_TEST_NAME";

/// A database of its own for one test.
struct Engine {
    name: &'static str,
    url: String,
    _folder: Option<tempfile::TempDir>,
}

impl Engine {
    /// SQLite, and PostgreSQL if there is one.
    async fn all() -> Vec<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("adwatch.db").display());
        let mut engines = vec![Self { name: "SQLite", url, _folder: Some(folder) }];
        match setting("ADWATCH_TEST_POSTGRES") {
            Some(server) => {
                let schema = format!("test_{}", uuid::Uuid::now_v7().simple());
                sqlx::any::install_default_drivers();
                let mut connection =
                    <sqlx::AnyConnection as sqlx::Connection>::connect(&server).await.unwrap();
                let sql = format!("create schema {schema}");
                sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                let separator = if server.contains('?') { '&' } else { '?' };
                let url = format!("{server}{separator}options[search_path]={schema}");
                engines.push(Self { name: "PostgreSQL", url, _folder: None });
            }
            None => assert!(
                setting("ADWATCH_TEST_STRICT").is_none(),
                "ADWATCH_TEST_POSTGRES is not set; start a server with `.ci/postgres start` and set it to the address printed"
            ),
        }
        engines
    }

    async fn open(&self) -> Db {
        Db::open(&self.url).await.unwrap()
    }
}

/// Runs a part in `n` processes at once and gives what they say.
fn together(engine: &Engine, part: &str, n: usize) -> Vec<String> {
    let processes: Vec<Child> = (0..n).map(|number| start(engine, part, &format!("p{number}"))).collect();
    let mut said = Vec::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{} {part}: {text}{}",
            engine.name,
            String::from_utf8_lossy(&output.stderr)
        );
        said.extend(text.lines().filter_map(|line| line.strip_prefix("says ")).map(str::to_owned));
    }
    said
}

fn start(engine: &Engine, part: &str, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "part_of_a_second_process", "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .env(URL, &engine.url)
        .env(NAME, name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn say(what: &str) {
    println!("\nsays {what}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the part and the database come from the process that started this one"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn source_id() -> SourceId {
    SourceId::parse("city-news").unwrap()
}

fn run_id() -> RunId {
    RunId::parse("run-1").unwrap()
}

fn ad_id(n: usize) -> AdId {
    AdId::parse(&sha256_hex(format!("广告 {n}").as_bytes())).unwrap()
}

fn job(name: &str) -> NewJob {
    NewJob { id: JobId::parse(name).unwrap(), kind: JobKind::Notify, dedupe_key: None, run_at: NOW }
}

async fn look_at_source(db: &Db) {
    let source = Source {
        id: source_id(),
        kind: SourceKind::NewsSite,
        title: "江州新闻网".to_owned(),
        url: "https://news.example/".to_owned(),
        settings: BTreeMap::new(),
        schedule: None,
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: NOW,
    };
    db.add_source(&source).await.unwrap();
    db.open_run(&run_id(), &source_id(), NOW).await.unwrap();
}

/// A page with the same twelve flagged ads, beginning with ad `first`.
fn page(name: &str, first: i64) -> PageRecord {
    let capture_id = CaptureId::parse(name).unwrap();
    let url = format!("https://news.example/{name}");
    let exchange = Exchange {
        imported: None,
        provenance: None,
        robots_override: None,
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
    let mut ads: Vec<SeenAd> = (0..12).map(|n| seen(&capture_id, &url, n)).collect();
    ads.rotate_left(usize::try_from(first).unwrap());
    let capture = Capture {
        id: capture_id,
        source_id: source_id(),
        run_id: run_id(),
        purpose: CapturePurpose::Page,
        parent_id: None,
        exchange,
        body: BlobRef::of(b"the same bytes on every page"),
    };
    PageRecord { capture, ads, now: NOW }
}

fn seen(capture_id: &CaptureId, url: &str, n: usize) -> SeenAd {
    let assessment = Assessment {
        flagged: true,
        severity: Severity::new(4),
        priority: 0.5,
        tracks: Vec::new(),
        provisions: Vec::new(),
        reasons: Vec::new(),
        pack_revision: "pack@1".to_owned(),
    };
    SeenAd {
        id: ad_id(n),
        draft: AdDraft::of_text(AdKind::Display, format!("广告 {n}")),
        sighting: Sighting {
            ad_id: ad_id(n),
            capture_id: capture_id.clone(),
            source_id: source_id(),
            page_url: url.to_owned(),
            locator: format!("div:nth-child({n})"),
            seen_at: NOW,
        },
        judgement: Some((assessment, Vec::new())),
        contacts: Vec::new(),
        pictures: Vec::new(),
        marks: adwatch::store::group::Marks::default(),
        alert: None,
    }
}

fn decision(actor: &str, n: usize) -> DecisionRecord {
    let finding_id = FindingId::of(&ad_id(n));
    DecisionRecord {
        audit: AuditNote {
            at: NOW,
            actor: Actor::person(actor).unwrap(),
            action: "dismiss".to_owned(),
            object: format!("finding {finding_id}"),
            detail: serde_json::Value::Null,
        },
        decision: Decision {
            id: DecisionId::parse(&format!("d-{actor}-{n}")).unwrap(),
            finding_id,
            actor: actor.to_owned(),
            at: NOW,
            verdict: Verdict::Dismiss { reason: DismissReason::NotAd },
            note: String::new(),
        },
        seen_version: None,
        lead: None,
        notices: Vec::new(),
    }
}
