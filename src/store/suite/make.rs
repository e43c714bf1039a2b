//! Things to store, with only what a case cares about said by the case.

use std::collections::BTreeMap;

use crate::domain::ad::{AdDraft, AdId, AdKind, Sighting};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange, Redirect};
use crate::domain::finding::{Assessment, FindingId, Reason};
use crate::domain::hit::{Hit, HitStatus, RuleId, Severity, Span, Track};
use crate::domain::job::{JobId, JobKind};
use crate::domain::notice::{Notice, NoticeId, NoticeKind};
use crate::domain::provision::ProvisionId;
use crate::domain::review::{Decision, DecisionId, Verdict};
use crate::domain::run::RunId;
use crate::domain::schedule::Schedule;
use crate::domain::source::{Source, SourceId, SourceKind};
use crate::domain::user::Actor;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;
use crate::store::Db;
use crate::store::audit::AuditNote;
use crate::store::job::NewJob;
use crate::store::page::{PageRecord, SeenAd};
use crate::store::review::DecisionRecord;

/// 2026-11-23 08:00:00 +08:00.
pub(super) const NOW: UnixMs = UnixMs(1_795_392_000_000);

pub(super) const PACK: &str = "cn-illegal-fundraising@2026.11.1";

pub(super) fn source(id: &str) -> Source {
    Source {
        id: SourceId::parse(id).unwrap(),
        kind: SourceKind::NewsSite,
        title: "江州新闻网财经频道".to_owned(),
        url: format!("https://{id}.example/finance/"),
        settings: BTreeMap::from([("max_pages".to_owned(), "20".to_owned())]),
        schedule: Some(Schedule::parse("0 8 * * 1-5", "Asia/Shanghai").unwrap()),
        allowed_origins: vec!["http://127.0.0.1:8080".to_owned()],
        enabled: true,
        created_at: NOW,
    }
}

/// Adds source `id` and opens run `run-<id>`.
pub(super) async fn looked_at(db: &Db, id: &str) {
    db.add_source(&source(id)).await.unwrap();
    db.open_run(&RunId::parse(&format!("run-{id}")).unwrap(), &SourceId::parse(id).unwrap(), NOW)
        .await
        .unwrap();
}

/// A capture of source `source` in its run; two of the same name have the same bytes.
pub(super) fn capture(source: &str, name: &str) -> Capture {
    Capture {
        id: CaptureId::parse(name).unwrap(),
        source_id: SourceId::parse(source).unwrap(),
        run_id: RunId::parse(&format!("run-{source}")).unwrap(),
        purpose: CapturePurpose::Page,
        parent_id: Some(CaptureId::parse("parent").unwrap()),
        exchange: Exchange {
            imported: None,
            provenance: None,
            robots_override: None,
            requested_url: format!("http://{source}.example/{name}"),
            final_url: format!("https://{source}.example/{name}"),
            request_headers: vec![("accept".to_owned(), "text/html".to_owned())],
            status: 200,
            http_version: "HTTP/1.1".to_owned(),
            response_headers: vec![("content-type".to_owned(), "text/html; charset=gb18030".to_owned())],
            redirects: vec![Redirect {
                url: format!("http://{source}.example/{name}"),
                status: 301,
                location: format!("https://{source}.example/{name}"),
                remote_addr: "192.0.2.1:80".to_owned(),
                headers: vec![("server".to_owned(), "nginx".to_owned())],
            }],
            remote_addr: "192.0.2.1:443".to_owned(),
            started_at: NOW,
            finished_at: NOW.plus_ms(120),
        },
        body: BlobRef::of(name.as_bytes()),
    }
}

/// Ids as the fingerprint makes them: 64 hexadecimal characters.
pub(super) fn ad_id(words: &str) -> AdId {
    AdId::parse(&sha256_hex(words.as_bytes())).unwrap()
}

pub(super) fn finding_id(words: &str) -> FindingId {
    FindingId::of(&ad_id(words))
}

pub(super) fn draft(words: &str) -> AdDraft {
    AdDraft {
        title: Some(format!("标题 {words}")),
        images: vec!["https://img.example/1.jpg".to_owned()],
        landing_url: Some("https://landing.example/?a=1".to_owned()),
        links: vec!["https://landing.example/".to_owned()],
        advertiser: Some("某某财富".to_owned()),
        publisher: Some("江州日报".to_owned()),
        label: Some("广告".to_owned()),
        published_at: Some(NOW.plus_ms(-60_000)),
        platform_ids: BTreeMap::from([("slot".to_owned(), "top".to_owned())]),
        ..AdDraft::of_text(AdKind::Display, words)
    }
}

pub(super) fn hit(rule: &str, severity: u8, status: HitStatus) -> Hit {
    Hit {
        rule: RuleId::parse(rule).unwrap(),
        category: rule.split('.').next().unwrap().to_uppercase(),
        severity: Severity::new(severity).unwrap(),
        span: Span { start: 0, end: 6 },
        normalized: "保本".to_owned(),
        transforms: vec!["separator".to_owned()],
        provisions: vec![ProvisionId::parse("AD-25.1").unwrap()],
        tracks: vec![Track::A, Track::B],
        status,
        cue: Some(Span { start: 6, end: 9 }),
        because: Some("对未来收益作出保证性承诺。".to_owned()),
    }
}

/// A judgement that flags, with one asserted hit; the priority is a share that binary fractions hold exactly.
pub(super) fn flagged(severity: u8, priority: f64) -> (Assessment, Vec<Hit>) {
    let assessment = Assessment {
        flagged: true,
        severity: Severity::new(severity),
        priority,
        tracks: vec![Track::A],
        provisions: vec![ProvisionId::parse("AD-25.1").unwrap()],
        reasons: vec![Reason {
            code: "explicit-guarantee".to_owned(),
            text: "明示保本。".to_owned(),
            weight: 0.5,
        }],
        pack_revision: PACK.to_owned(),
    };
    (assessment, vec![hit("pg.principal-guarantee.1", severity, HitStatus::Asserted)])
}

pub(super) fn cleared() -> (Assessment, Vec<Hit>) {
    let (assessment, _) = flagged(4, 0.0);
    let assessment = Assessment { flagged: false, severity: None, ..assessment };
    (assessment, vec![hit("pg.principal-guarantee.1", 4, HitStatus::Warned)])
}

/// The ad with these words, seen in capture `capture` of source `source`, flagged.
pub(super) fn seen(source: &str, capture: &str, words: &str) -> SeenAd {
    SeenAd {
        id: ad_id(words),
        draft: draft(words),
        sighting: Sighting {
            ad_id: ad_id(words),
            capture_id: CaptureId::parse(capture).unwrap(),
            source_id: SourceId::parse(source).unwrap(),
            page_url: format!("https://{source}.example/{capture}"),
            locator: "div.ad:nth-child(1)".to_owned(),
            seen_at: NOW,
        },
        judgement: Some(flagged(4, 0.75)),
        contacts: Vec::new(),
        pictures: Vec::new(),
        marks: crate::store::group::Marks::default(),
        alert: Some(alert(words)),
    }
}

pub(super) fn page(source: &str, name: &str, ads: Vec<SeenAd>) -> PageRecord {
    PageRecord { capture: capture(source, name), ads, now: NOW }
}

/// A page `page-1` of a new source `city-news` with one flagged ad of these words.
pub(super) async fn one_finding(db: &Db, words: &str) -> FindingId {
    looked_at(db, "city-news").await;
    db.record_page(&page("city-news", "page-1", vec![seen("city-news", "page-1", words)])).await.unwrap();
    finding_id(words)
}

pub(super) fn alert(words: &str) -> Notice {
    notice(&format!("alert-{}", finding_id(words)))
}

pub(super) fn notice(id: &str) -> Notice {
    Notice {
        id: NoticeId::parse(id).unwrap(),
        kind: NoticeKind::Alert,
        subject: "涉嫌非法集资广告".to_owned(),
        body: "保本保息".to_owned(),
        created_at: NOW,
    }
}

pub(super) fn decision(name: &str, finding: &FindingId, actor: &str, verdict: Verdict) -> DecisionRecord {
    let at = NOW.plus_ms(1_000);
    DecisionRecord {
        audit: AuditNote {
            at,
            actor: Actor::person(actor).unwrap(),
            action: verdict.as_str().to_owned(),
            object: format!("finding {finding}"),
            detail: serde_json::json!({ "decision": name }),
        },
        decision: Decision {
            id: DecisionId::parse(name).unwrap(),
            finding_id: finding.clone(),
            actor: actor.to_owned(),
            at,
            verdict,
            note: "已核对原文".to_owned(),
        },
        seen_version: None,
        lead: None,
        notices: Vec::new(),
    }
}

pub(super) fn accept() -> Verdict {
    Verdict::Accept { provisions: vec![ProvisionId::parse("AD-25.1").unwrap()] }
}

pub(super) fn job(name: &str, run_at: UnixMs) -> NewJob {
    NewJob {
        id: JobId::parse(name).unwrap(),
        kind: JobKind::Crawl { source_id: SourceId::parse("city-news").unwrap() },
        dedupe_key: None,
        run_at,
    }
}
