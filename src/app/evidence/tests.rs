use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::app::Config;
use crate::domain::ad::{AdDraft, AdKind, Sighting};
use crate::domain::capture::{CaptureId, CapturePurpose, Exchange};
use crate::domain::run::RunId;
use crate::domain::source::{Source, SourceId, SourceKind};
use crate::group::fingerprint;
use crate::judge::{Scratch, Setting};
use crate::kit::clock::{FixedClock, UnixMs};
use crate::store::page::{PageRecord, SeenAd};

const NOW: UnixMs = UnixMs(1_795_395_900_000);
const WORDS: &str = "江州颐养公寓\n保本保息，年化收益15%，一万元起投，加微信 jz88661 报名。";
const LANDING: &str = "http://apply.example.cn/join";

/// An application on an empty folder that saw one page with one suspect ad, its landing page, and another landing
/// page that belongs to a different ad.
pub(crate) async fn app_with_a_finding(folder: &Path) -> (App, Arc<FixedClock>, FindingId) {
    let clock = Arc::new(FixedClock::at(NOW));
    let config = Config { data_dir: folder.to_owned(), ..Config::default() };
    let app = App::open_with_clock(config, clock.clone()).await.unwrap();
    let source = Source {
        id: SourceId::parse("city-news").unwrap(),
        kind: SourceKind::NewsSite,
        title: "江州新闻网财经频道".to_owned(),
        url: "http://news.example.cn/".to_owned(),
        settings: BTreeMap::new(),
        schedule: None,
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: NOW,
    };
    app.store.add_source(&source).await.unwrap();
    let run = RunId::parse("run-1").unwrap();
    app.store.open_run(&run, &source.id, NOW).await.unwrap();

    let page = capture(&app, "c1", "http://news.example.cn/a", CapturePurpose::Page, "<p>页面</p>").await;
    let draft = AdDraft {
        title: Some("江州颐养公寓".to_owned()),
        landing_url: Some(format!("{LANDING}#top")),
        ..AdDraft::of_text(AdKind::Display, WORDS)
    };
    let id = fingerprint(&draft);
    let judged = app.judge.judge(&draft, &Setting { publisher_host: None }, &mut Scratch::default());
    assert!(judged.assessment.flagged, "{:?}", judged.assessment);
    let sighting = Sighting {
        ad_id: id.clone(),
        capture_id: page.id.clone(),
        source_id: source.id.clone(),
        page_url: page.exchange.final_url.clone(),
        locator: "div.ad".to_owned(),
        seen_at: NOW,
    };
    let judgement = Some((judged.assessment, judged.hits));
    let seen = SeenAd {
        id: id.clone(),
        draft,
        sighting,
        judgement,
        contacts: Vec::new(),
        pictures: Vec::new(),
        marks: crate::store::group::Marks::default(),
        alert: None,
    };
    app.store.record_page(&PageRecord { capture: page, ads: vec![seen], now: NOW }).await.unwrap();
    for (name, url) in [("c2", LANDING), ("c3", "http://other.example.cn/")] {
        let landing = capture(&app, name, url, CapturePurpose::Landing, "<h1>落地页</h1>").await;
        app.store.record_page(&PageRecord { capture: landing, ads: Vec::new(), now: NOW }).await.unwrap();
    }
    clock.advance_ms(60_000);
    (app, clock, FindingId::of(&id))
}

async fn capture(app: &App, id: &str, url: &str, purpose: CapturePurpose, body: &'static str) -> Capture {
    Capture {
        id: CaptureId::parse(id).unwrap(),
        source_id: SourceId::parse("city-news").unwrap(),
        run_id: RunId::parse("run-1").unwrap(),
        purpose,
        parent_id: None,
        exchange: Exchange {
            imported: None,
            provenance: None,
            robots_override: None,
            requested_url: url.to_owned(),
            final_url: url.to_owned(),
            request_headers: Vec::new(),
            status: 200,
            http_version: "HTTP/1.1".to_owned(),
            response_headers: Vec::new(),
            redirects: Vec::new(),
            remote_addr: "203.0.113.7:80".to_owned(),
            started_at: NOW,
            finished_at: NOW.plus_ms(100),
        },
        body: app.vault.put(body.into()).await.unwrap(),
    }
}

fn officer() -> Actor {
    Actor::person("李青").unwrap()
}

/// The content of one file of a package.
fn read(package: &Path, path: &str) -> Option<String> {
    let output = std::process::Command::new("unzip").arg("-p").arg(package).arg(path).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn a_package_holds_the_page_and_its_own_landing_page_and_is_in_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let sealed = app.seal(&officer(), &id, None).await.unwrap();
    let read = |path: &str| read(&sealed.path, path);
    assert_eq!(read("captures/01-page.bin").as_deref(), Some("<p>页面</p>"));
    assert_eq!(read("captures/02-landing.bin").as_deref(), Some("<h1>落地页</h1>"));
    assert_eq!(read("captures/03-landing.bin"), None, "the landing page of another ad stays out");
    assert!(read("analysis/analysis.html").unwrap().contains("保本保息"));
    let packages = app.evidence_packages(&id).await.unwrap();
    assert_eq!(packages, std::slice::from_ref(&sealed.package));
    assert_eq!(app.recent_packages(5).await.unwrap(), packages);
    let custody = app.store.custody(&sealed.package.id).await.unwrap();
    assert!(custody[0].note.contains(&sealed.seal_sha256), "{custody:?}");
    let check = app.verify_evidence(&officer(), &sealed.path, Expected::default()).await.unwrap();
    assert!(check.is_in_ledger && check.verification.is_intact(), "{check:?}");
    assert_eq!(app.store.custody(&sealed.package.id).await.unwrap().len(), 3, "the check is on record");
}

#[tokio::test]
async fn a_package_replaced_as_a_whole_is_told_by_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let sealed = app.seal(&officer(), &id, None).await.unwrap();
    // The same package, made by someone else at the same time: consistent in itself.
    let elsewhere = folder.path().join("forged");
    let forger = Actor::person("别人").unwrap();
    let again = app.seal(&forger, &id, Some(elsewhere.clone())).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "the ledger has one package of a name: {again:?}");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0, "no file the ledger does not know");
    let other = tempfile::tempdir().unwrap();
    let (other_app, _, _) = app_with_a_finding(other.path()).await;
    let forged = other_app.seal(&forger, &id, None).await.unwrap();
    let check = app.verify_evidence(&officer(), &forged.path, Expected::default()).await.unwrap();
    assert_eq!(check.verification.verdict(), evidence::Verdict::Replaced, "{check:?}");
    assert_ne!(sealed.key_fingerprint, forged.key_fingerprint, "each office has its own key");
}

#[tokio::test]
async fn a_copy_is_handed_over_only_when_it_is_as_sealed_and_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let sealed = app.seal(&officer(), &id, None).await.unwrap();
    let package = &sealed.package.id;
    let to = folder.path().join("usb");
    let exported = app.export_evidence(&officer(), package, &to, "江州市公安局").await.unwrap();
    assert_eq!(std::fs::read(&exported.path).unwrap(), std::fs::read(&sealed.path).unwrap());
    assert_eq!(
        std::fs::read_dir(&to).unwrap().count(),
        7,
        "the package, what lies beside it, the report, the form for the receipt"
    );
    let again = app.export_evidence(&officer(), package, &to, "江州市公安局").await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    let nobody = app.export_evidence(&officer(), package, &folder.path().join("b"), " ").await;
    assert!(matches!(nobody, Err(Error::Invalid(_))), "{nobody:?}");
    let shown = app.evidence_package(&officer(), package).await.unwrap();
    let actions: Vec<&str> = shown.custody.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["sealed", "reported", "exported", "read"]);
    assert!(shown.custody[2].note.contains("江州市公安局"));
    assert_eq!(shown.chain, crate::store::ChainCheck::Whole { n_entries: 4 });
    let mut bytes = std::fs::read(&sealed.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(&sealed.path).unwrap();
    std::fs::write(&sealed.path, bytes).unwrap();
    let changed = app.export_evidence(&officer(), package, &folder.path().join("c"), "江州市公安局").await;
    assert!(matches!(changed, Err(Error::Conflict(_))), "{changed:?}");
    assert!(!folder.path().join("c").exists(), "nothing was copied");
}

#[tokio::test]
async fn altered_bytes_in_the_vault_are_never_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, id) = app_with_a_finding(folder.path()).await;
    let digest = crate::kit::digest::sha256_hex("<p>页面</p>".as_bytes());
    let mut open = vec![folder.path().join("vault")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.to_string_lossy().replace('/', "").contains(&digest) {
            let mut permissions = std::fs::metadata(&path).unwrap().permissions();
            #[expect(clippy::permissions_set_readonly_false, reason = "a test makes its own file writable")]
            permissions.set_readonly(false);
            std::fs::set_permissions(&path, permissions).unwrap();
            std::fs::write(&path, "<p>other</p>").unwrap();
        }
    }
    let error = app.seal(&officer(), &id, None).await.unwrap_err();
    assert!(matches!(error, Error::Internal(_)), "{error:?}");
    assert!(!folder.path().join("evidence").exists());
}

#[tokio::test]
async fn an_unknown_finding_or_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _, _) = app_with_a_finding(folder.path()).await;
    let unknown = FindingId::parse("f-0").unwrap();
    assert!(matches!(app.seal(&officer(), &unknown, None).await, Err(Error::NotFound { .. })));
    let nothing = app
        .verify_evidence(&officer(), &folder.path().join("nothing"), Expected::default())
        .await
        .unwrap_err();
    assert!(nothing.to_string().contains("nothing"), "{nothing}");
}
