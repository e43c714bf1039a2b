//! Processes that are killed, or whose disk is full, at random points of capturing and sealing: no committed capture is
//! lost, nothing looks sealed that does not verify, and the next start puts aside what was left.
//!
//! A second process is this test program itself, asked through the environment to play a part.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]
#![expect(clippy::disallowed_methods, reason = "the part comes from the process that started this one")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use adwatch::domain::ad::{Ad, AdDraft, AdId, AdKind};
use adwatch::domain::capture::{Capture, CaptureId, CapturePurpose, ClockState, Exchange};
use adwatch::domain::capture_log::day_of;
use adwatch::domain::finding::{Assessment, Finding, FindingId, FindingState};
use adwatch::domain::run::RunId;
use adwatch::domain::source::{Source, SourceId, SourceKind};
use adwatch::evidence::{
    CaptureInput, Expected, PackageInput, SigningKey, Software, files, seal, sweep, verify,
};
use adwatch::kit::clock::UnixMs;
use adwatch::store::page::PageRecord;
use adwatch::store::{ChainCheck, Db};
use adwatch::vault::Vault;

const NOW: UnixMs = UnixMs(1_795_392_000_000);
const PART: &str = "ADWATCH_TEST_PART";
const FOLDER: &str = "ADWATCH_TEST_FOLDER";
const N_POINTS: u64 = 200;
/// A part works for at most so long, in microseconds.
const LONGEST_US: u64 = 600_000;

/// Numbers that look random and are the same in each run (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

#[test]
fn sealing_killed_or_out_of_disk_leaves_nothing_that_only_looks_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(20_261_130);
    let (mut n_sealed, mut n_aside) = (0, 0);
    for point in 0..N_POINTS {
        let place = folder.path().join(format!("{point}"));
        std::fs::create_dir(&place).unwrap();
        interrupt("seal", &place, &mut random, point % 2 == 1);
        for entry in std::fs::read_dir(&place).unwrap().map(Result::unwrap) {
            if entry.path().extension().is_some_and(|extension| extension == "wacz") {
                let report = verify(&entry.path(), &Expected::default()).unwrap();
                assert!(report.is_intact(), "point {point}: {:?}", report.deviations);
                assert!(report.unchecked.is_empty(), "what belongs to it is there: {:?}", report.unchecked);
                n_sealed += 1;
            }
        }
        n_aside += sweep(&place).unwrap().len();
        let left = std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.filter(|name| name.to_string_lossy().ends_with(".unsealed")).count(), 0);
        assert_eq!(sweep(&place).unwrap(), [] as [PathBuf; 0], "once");
        std::fs::remove_dir_all(&place).unwrap();
    }
    assert!(n_sealed > 0 && n_aside > 0, "{n_sealed} sealed, {n_aside} put aside: the points miss the work");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_committed_capture_is_never_lost() {
    let folder = tempfile::tempdir().unwrap();
    let db = open_store(folder.path()).await;
    let mut random = Random(7);
    let mut n_aside = 0;
    let mut committed: Vec<String> = Vec::new();
    for point in 0..N_POINTS {
        committed.extend(interrupt("capture", folder.path(), &mut random, point % 2 == 1));
        n_aside += open_vault(folder.path()).await.quarantined().len();
    }
    let vault = open_vault(folder.path()).await;
    let mut on_record: BTreeMap<String, String> = BTreeMap::new();
    let mut after: Option<CaptureId> = None;
    loop {
        let some = db.captures_after(after.as_ref(), 500).await.unwrap();
        let Some(last) = some.last() else { break };
        after = Some(last.id.clone());
        for capture in some {
            // Reading compares the bytes with their digest.
            vault.get(&capture.body.digests.sha256).await.unwrap();
            assert!(
                db.capture_log_entry(&capture.id).await.unwrap().is_some(),
                "{} is in the log",
                capture.id
            );
            on_record.insert(capture.id.to_string(), capture.body.digests.sha256);
        }
    }
    let lost: Vec<&String> = committed.iter().filter(|id| !on_record.contains_key(*id)).collect();
    assert!(lost.is_empty(), "lost of {}: {lost:?}", committed.len());
    let whole = db.check_capture_log(&day_of(NOW)).await.unwrap();
    assert_eq!(whole, ChainCheck::Whole { n_entries: on_record.len() as u64 });
    assert!(committed.len() > 20 && n_aside > 0, "{} committed, {n_aside} put aside", committed.len());
}

/// Lets a part work, then kills it, or lets it run against a full disk; gives what it said that it committed.
fn interrupt(part: &str, folder: &Path, random: &mut Random, disk_is_full: bool) -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let mut command = if disk_is_full {
        // Files end at so many blocks; writing beyond fails, as it does on a full disk.
        let mut limited = Command::new("bash");
        limited.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""]);
        limited.arg((1 + random.below(400)).to_string()).arg(&program);
        limited
    } else {
        Command::new(&program)
    };
    let mut child: Child = command
        .args(["--exact", "part_of_a_second_process", "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_micros(20_000 + random.below(LONGEST_US)));
    child.kill().unwrap();
    child.wait().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    // The last line may be cut off.
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    whole.lines().filter_map(|line| line.strip_prefix("committed ")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn part_of_a_second_process() {
    let (Ok(part), Ok(folder)) = (std::env::var(PART), std::env::var(FOLDER)) else { return };
    let folder = PathBuf::from(folder);
    let mut body: Vec<u8> = "<p>保本保息</p>".bytes().cycle().take(150_000).collect();
    let mut opened = None;
    for number in 0.. {
        let name = format!("{}-{number}", std::process::id());
        body.extend_from_slice(name.as_bytes());
        match part.as_str() {
            "seal" => {
                let key = SigningKey::from_seed(&[7; 32]).unwrap();
                let input = input(&name, body.clone());
                // On a full disk it fails, and must leave nothing.
                let _ = seal(&folder, &name, &files(&input, &key).unwrap(), &key);
            }
            _ => {
                let (db, vault) = match &opened {
                    Some(opened) => opened,
                    None => opened.insert((open_store(&folder).await, open_vault(&folder).await)),
                };
                let Ok(blob) = vault.put(body.clone().into()).await else { continue };
                let mut capture = capture(&name, &body);
                capture.body = blob;
                let page = PageRecord { capture, ads: Vec::new(), now: NOW };
                if db.record_page(&page).await.is_ok() {
                    println!("\ncommitted c{name}");
                }
            }
        }
    }
}

async fn open_store(folder: &Path) -> Db {
    let db = loop {
        // A full disk may refuse the database its first page.
        if let Ok(db) = Db::open(&format!("sqlite:{}", folder.join("adwatch.db").display())).await {
            break db;
        }
    };
    if db.source(&source_id()).await.ok().flatten().is_none() {
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
        let _ = db.add_source(&source).await;
        let _ = db.open_run(&RunId::parse("run-1").unwrap(), &source.id, NOW).await;
    }
    db
}

async fn open_vault(folder: &Path) -> Vault {
    Vault::open(folder.join("vault").to_str().unwrap()).await.unwrap()
}

fn source_id() -> SourceId {
    SourceId::parse("city-news").unwrap()
}

fn capture(name: &str, body: &[u8]) -> Capture {
    let url = format!("https://news.example/{name}");
    Capture {
        id: CaptureId::parse(&format!("c{name}")).unwrap(),
        source_id: source_id(),
        run_id: RunId::parse("run-1").unwrap(),
        purpose: CapturePurpose::Page,
        parent_id: None,
        exchange: Exchange {
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
            imported: None,
            provenance: None,
            robots_override: None,
        },
        body: adwatch::domain::blob::BlobRef::of(body),
    }
}

fn input(name: &str, body: Vec<u8>) -> PackageInput {
    let ad_id = AdId::parse("0123456789abcdef").unwrap();
    PackageInput {
        sealed_at: NOW.plus_ms(1_000),
        sealed_by: "李青".to_owned(),
        office: None,
        software: Software {
            version: "0.1.0".to_owned(),
            build_sha256: None,
            system: "linux".to_owned(),
            clock: ClockState::unchecked(),
        },
        finding: Finding {
            id: FindingId::of(&ad_id),
            ad_id: ad_id.clone(),
            office: None,
            state: FindingState::Pending,
            assessment: Assessment {
                flagged: true,
                severity: None,
                priority: 0.5,
                tracks: Vec::new(),
                provisions: Vec::new(),
                reasons: Vec::new(),
                pack_revision: "pack@1".to_owned(),
            },
            hits: Vec::new(),
            created_at: NOW,
            updated_at: NOW,
        },
        ad: Ad {
            id: ad_id,
            draft: AdDraft::of_text(AdKind::Display, "保本保息"),
            first_seen_at: NOW,
            last_seen_at: NOW,
            n_sightings: 1,
        },
        sightings: Vec::new(),
        captures: vec![CaptureInput {
            capture: capture(name, &body),
            source_title: "江州新闻网".to_owned(),
            body,
            certificates: Vec::new(),
            environment: None,
            rendering: None,
        }],
        decisions: Vec::new(),
        rules: Vec::new(),
        provisions: Vec::new(),
        custody: Vec::new(),
        contacts: Vec::new(),
        signer: None,
        masked_from: None,
        logs: Vec::new(),
    }
}
