use std::collections::BTreeSet;

use super::make::{
    NOW, PACK, accept, ad_id, alert, capture, cleared, decision, draft, finding_id, flagged, hit, looked_at,
    page, seen,
};
use crate::domain::ad::Sighting;
use crate::domain::capture::{Capture, CaptureId, CapturePurpose};
use crate::domain::finding::Assessment;
use crate::domain::hit::HitStatus;
use crate::domain::run::RunId;
use crate::domain::source::SourceId;
use crate::store::Db;
use crate::store::finding::FindingFilter;
use crate::store::page::{PageRecord, PageRecorded, SeenAd};

pub(super) async fn a_page_comes_back_as_it_was_recorded(db: Db) {
    looked_at(&db, "city-news").await;
    let ad = seen("city-news", "page-1", "保本保息");
    let record = page("city-news", "page-1", vec![ad.clone()]);
    let recorded = db.record_page(&record).await.unwrap();
    assert_eq!(recorded, PageRecorded { n_new_ads: 1, n_new_findings: 1, n_sightings: 1 });

    assert_eq!(db.capture(&record.capture.id).await.unwrap(), Some(record.capture.clone()));
    assert_eq!(db.capture(&CaptureId::parse("other").unwrap()).await.unwrap(), None);
    let view = db.finding(&finding_id("保本保息")).await.unwrap().unwrap();
    let (assessment, hits) = flagged(4, 0.75);
    assert_eq!(view.finding.assessment, assessment);
    assert_eq!(view.finding.hits, hits);
    assert_eq!((view.finding.created_at, view.finding.updated_at, view.version), (NOW, NOW, 1));
    assert_eq!(view.ad.draft, ad.draft);
    assert_eq!(view.sightings, std::slice::from_ref(&ad.sighting));
    assert_eq!(view.decisions, []);
    assert_eq!(db.ad(&ad.id).await.unwrap(), Some(view.ad));
    assert_eq!(db.sightings(&ad.id, 10).await.unwrap(), [ad.sighting]);
    let known = db.known_ads(&[ad.id.clone(), ad_id("另一条")]).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [(ad.id, Some(PACK.to_owned()))]);
}

pub(super) async fn recording_a_page_again_changes_nothing(db: Db) {
    looked_at(&db, "city-news").await;
    // One ad twice on the page, at two places.
    let first = seen("city-news", "page-1", "保本保息");
    let second = SeenAd {
        sighting: Sighting { locator: "div.ad:nth-child(2)".to_owned(), ..first.sighting.clone() },
        ..first.clone()
    };
    let record = page("city-news", "page-1", vec![first, second]);
    let once = db.record_page(&record).await.unwrap();
    assert_eq!(once, PageRecorded { n_new_ads: 1, n_new_findings: 1, n_sightings: 2 });
    let before = db.finding(&finding_id("保本保息")).await.unwrap();
    let again = db.record_page(&PageRecord { now: NOW.plus_ms(77), ..record }).await.unwrap();
    assert_eq!(again, PageRecorded::default());
    assert_eq!(db.finding(&finding_id("保本保息")).await.unwrap(), before);
    assert_eq!(before.unwrap().ad.n_sightings, 2);
    assert_eq!(db.captures_after(None, 10).await.unwrap().len(), 1);
}

pub(super) async fn an_ad_seen_many_times_is_one_finding(db: Db) {
    looked_at(&db, "city-news").await;
    looked_at(&db, "apps").await;
    for (n, source) in ["city-news", "apps", "city-news"].into_iter().enumerate() {
        let name = format!("page-{n}");
        let mut ad = seen(source, &name, "保本保息");
        ad.sighting.seen_at = NOW.plus_ms(1_000 * i64::try_from(n).unwrap());
        let recorded = db.record_page(&page(source, &name, vec![ad])).await.unwrap();
        assert_eq!(recorded.n_new_findings, u32::from(n == 0), "page {n}");
        assert_eq!(recorded.n_sightings, 1, "page {n}");
    }
    let listed = db.list_findings(&FindingFilter::default(), None, 10).await.unwrap();
    assert_eq!(listed.findings.len(), 1);
    let ad = &listed.findings[0].ad;
    assert_eq!((ad.n_sightings, ad.first_seen_at, ad.last_seen_at), (3, NOW, NOW.plus_ms(2_000)));
    let captures = db.captures_after(Some(&CaptureId::parse("page-0").unwrap()), 10).await.unwrap();
    assert_eq!(captures, [capture("apps", "page-1"), capture("city-news", "page-2")]);
}

pub(super) async fn a_run_knows_its_landing_pages(db: Db) {
    looked_at(&db, "city-news").await;
    looked_at(&db, "apps").await;
    for (source, name, purpose) in [
        ("city-news", "page-1", CapturePurpose::Page),
        ("city-news", "landing-2", CapturePurpose::Landing),
        ("city-news", "landing-1", CapturePurpose::Landing),
        ("apps", "landing-3", CapturePurpose::Landing),
    ] {
        let mut record = page(source, name, Vec::new());
        record.capture.purpose = purpose;
        db.record_page(&record).await.unwrap();
    }
    let landings = db.landing_captures(&RunId::parse("run-city-news").unwrap()).await.unwrap();
    assert_eq!(
        landings.iter().map(|capture| capture.id.as_str()).collect::<Vec<_>>(),
        ["landing-1", "landing-2"]
    );
    let names = |captures: Vec<Capture>| -> Vec<String> {
        captures.iter().map(|capture| capture.id.as_str().to_owned()).collect()
    };
    let parent = CaptureId::parse("parent").unwrap();
    let behind = db.landings_behind(&[parent]).await.unwrap();
    assert_eq!(names(behind), ["landing-1", "landing-2", "landing-3"], "in whichever run");
    let at = async |source: &str, url: &str| {
        names(db.landings_at(&SourceId::parse(source).unwrap(), url, 10).await.unwrap())
    };
    assert_eq!(at("city-news", "https://city-news.example/landing-1").await, ["landing-1"], "as answered");
    assert_eq!(at("city-news", "http://city-news.example/landing-2").await, ["landing-2"], "as asked for");
    assert!(at("apps", "https://city-news.example/landing-1").await.is_empty(), "of the other source");
    assert!(at("city-news", "https://city-news.example/page-1").await.is_empty(), "no landing page");
}

pub(super) async fn a_newer_pack_renews_what_is_pending_and_leaves_what_is_decided(db: Db) {
    looked_at(&db, "city-news").await;
    let words = ["待审的", "已定的"];
    let ads = |name: &str| words.map(|words| seen("city-news", name, words)).to_vec();
    db.record_page(&page("city-news", "page-1", ads("page-1"))).await.unwrap();
    let decided = finding_id("已定的");
    db.decide(decision("d-1", &decided, "王芳", accept())).await.unwrap();

    let mut newer = ads("page-2");
    for ad in &mut newer {
        let (assessment, mut hits) = flagged(3, 0.5);
        hits.push(hit("hy.high-yield.1", 3, HitStatus::Negated));
        ad.judgement = Some((Assessment { pack_revision: "pack@2".to_owned(), ..assessment }, hits));
    }
    let recorded = db.record_page(&page("city-news", "page-2", newer)).await.unwrap();
    assert_eq!((recorded.n_new_ads, recorded.n_new_findings), (0, 0));

    let renewed = db.finding(&finding_id("待审的")).await.unwrap().unwrap();
    assert_eq!(renewed.finding.assessment.pack_revision, "pack@2");
    assert_eq!((renewed.finding.hits.len(), renewed.version), (2, 2));
    let kept = db.finding(&decided).await.unwrap().unwrap();
    assert_eq!(kept.finding.assessment.pack_revision, PACK);
    assert_eq!(kept.finding.hits.len(), 1);
    let known = db.known_ads(&[ad_id("已定的")]).await.unwrap();
    assert_eq!(known[&ad_id("已定的")].as_deref(), Some("pack@2"));
}

pub(super) async fn an_ad_cleared_by_context_keeps_its_hits(db: Db) {
    looked_at(&db, "city-news").await;
    let mut warning = seen("city-news", "page-1", "谨防保本骗局");
    warning.judgement = Some(cleared());
    let mut plain = seen("city-news", "page-1", "新店开业");
    plain.judgement = Some((cleared().0, Vec::new()));
    let recorded =
        db.record_page(&page("city-news", "page-1", vec![warning.clone(), plain.clone()])).await.unwrap();
    assert_eq!(recorded, PageRecorded { n_new_ads: 2, n_new_findings: 0, n_sightings: 2 });
    assert_eq!(db.cleared_ad(&warning.id).await.unwrap(), Some(cleared()));
    assert_eq!(db.cleared_ad(&plain.id).await.unwrap(), None);
    let listed = db.cleared_ads(10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].0.id, warning.id);
    assert_eq!((listed[0].1.clone(), listed[0].2.clone()), cleared());
    assert_eq!(db.waiting_notices().await.unwrap(), (0, None));
}

pub(super) async fn an_alert_goes_out_only_for_a_finding_that_is_new(db: Db) {
    looked_at(&db, "city-news").await;
    for name in ["page-1", "page-2"] {
        db.record_page(&page("city-news", name, vec![seen("city-news", name, "保本保息")])).await.unwrap();
    }
    let taken = db.take_notices(NOW, 10, 1_000).await.unwrap();
    assert_eq!(taken.iter().map(|taken| &taken.notice).collect::<Vec<_>>(), [&alert("保本保息")]);
}

pub(super) async fn a_page_that_cannot_be_recorded_leaves_nothing(db: Db) {
    looked_at(&db, "city-news").await;
    let mut record = page("city-news", "page-1", vec![seen("city-news", "page-1", "保本保息")]);
    // The sighting names a source that does not exist; everything before it in the transaction must go as well.
    record.ads[0].sighting.source_id = crate::domain::source::SourceId::parse("nowhere").unwrap();
    db.record_page(&record).await.unwrap_err();
    assert_eq!(db.capture(&record.capture.id).await.unwrap(), None);
    assert_eq!(db.ad(&record.ads[0].id).await.unwrap(), None);
    assert_eq!(db.waiting_notices().await.unwrap(), (0, None));
    let mut orphan = page("city-news", "page-1", Vec::new());
    orphan.capture.run_id = RunId::parse("never-opened").unwrap();
    db.record_page(&orphan).await.unwrap_err();
    db.record_page(&page("city-news", "page-1", Vec::new())).await.unwrap();
}

pub(super) async fn text_that_engines_dislike_is_kept(db: Db) {
    looked_at(&db, "city-news").await;
    let words = "保\0本 \u{200b}保息 'quote\" \\ % _ 𠮷 😀\r\n\u{feff}end";
    let mut ad = seen("city-news", "page-1", words);
    ad.sighting.locator = format!("/data/\0/{}", "很长的路径/".repeat(2_000));
    db.record_page(&page("city-news", "page-1", vec![ad.clone()])).await.unwrap();
    let view = db.finding(&finding_id(words)).await.unwrap().unwrap();
    assert_eq!(view.ad.draft, draft(words), "the words must come back to the byte: spans point into them");
    assert!(view.sightings[0].locator.ends_with("很长的路径/"));
    assert_eq!(view.sightings[0].locator.len(), ad.sighting.locator.len() + 2, "only NUL is replaced");
}

pub(super) async fn a_page_of_a_thousand_ads_is_recorded_whole(db: Db) {
    looked_at(&db, "city-news").await;
    let ads: Vec<SeenAd> =
        (0..1_203).map(|n| seen("city-news", "page-1", &format!("保本保息 {n}"))).collect();
    let ids: BTreeSet<_> = ads.iter().map(|ad| ad.id.clone()).collect();
    let recorded = db.record_page(&page("city-news", "page-1", ads)).await.unwrap();
    assert_eq!(recorded, PageRecorded { n_new_ads: 1_203, n_new_findings: 1_203, n_sightings: 1_203 });
    let known = db.known_ads(&ids.iter().cloned().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(known.into_keys().collect::<BTreeSet<_>>(), ids);
    assert_eq!(db.count_findings(&FindingFilter::default()).await.unwrap().pending, 1_203);
    assert_eq!(db.waiting_notices().await.unwrap().0, 1_203);
}

pub(super) async fn pages_recorded_at_once_count_every_sighting(db: Db) {
    looked_at(&db, "city-news").await;
    // The same ten ads on every page, in turning order, which invites deadlocks.
    let pages = (0..12).map(|n| {
        let name = format!("page-{n}");
        let mut ads: Vec<SeenAd> =
            (0..10).map(|ad| seen("city-news", &name, &format!("广告 {ad}"))).collect();
        ads.rotate_left(n % 10);
        page("city-news", &name, ads)
    });
    let tasks: Vec<_> = pages
        .map(|page| {
            let db = db.clone();
            tokio::spawn(async move { db.record_page(&page).await.unwrap() })
        })
        .collect();
    let mut total = PageRecorded::default();
    for task in tasks {
        let recorded = task.await.unwrap();
        total.n_new_ads += recorded.n_new_ads;
        total.n_new_findings += recorded.n_new_findings;
        total.n_sightings += recorded.n_sightings;
    }
    assert_eq!(total, PageRecorded { n_new_ads: 10, n_new_findings: 10, n_sightings: 120 });
    for listed in db.list_findings(&FindingFilter::default(), None, 100).await.unwrap().findings {
        assert_eq!(listed.ad.n_sightings, 12, "{}", listed.ad.draft.text);
    }
}
