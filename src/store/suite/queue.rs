use super::make::{NOW, cleared, finding_id, flagged, hit, looked_at, page, seen};
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::hit::{HitStatus, Severity};
use crate::domain::source::SourceId;
use crate::store::Db;
use crate::store::finding::{FindingFilter, PageKey};
use crate::store::page::{PageRecord, SeenAd};

/// `n` findings, three of each priority.
async fn fill(db: &Db, n: u32) -> Vec<(f64, FindingId)> {
    looked_at(db, "city-news").await;
    let mut expected = Vec::new();
    let mut ads = Vec::new();
    for number in 0..n {
        let words = format!("保本 {number}");
        let priority = f64::from(number / 3) / 64.0;
        expected.push((priority, finding_id(&words)));
        let judgement = Some(flagged(4, priority));
        ads.push(SeenAd { judgement, ..seen("city-news", "page-1", &words) });
    }
    db.record_page(&page("city-news", "page-1", ads)).await.unwrap();
    expected.sort_by(|a, b| b.partial_cmp(a).unwrap());
    expected
}

pub(super) async fn the_queue_is_ordered_by_priority_and_paged_without_gaps(db: Db) {
    let expected = fill(&db, 23).await;
    let mut found = Vec::new();
    let mut after: Option<PageKey> = None;
    loop {
        let page = db.list_findings(&FindingFilter::default(), after.as_ref(), 5).await.unwrap();
        assert!(page.findings.len() <= 5);
        assert!(page.findings.iter().all(|listed| listed.finding.hits.len() == 1 && listed.version == 1));
        found.extend(
            page.findings.into_iter().map(|listed| (listed.finding.assessment.priority, listed.finding.id)),
        );
        // As a link would carry it.
        after = page.next.map(|key| key.to_string().parse().unwrap());
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
    for wrong in ["", "x", "0.5", "0.5_", "0.5_a/b", "NaN_f-1", "2_f-1"] {
        assert!(wrong.parse::<PageKey>().is_err(), "{wrong:?}");
    }
}

pub(super) async fn filters_narrow_the_queue(db: Db) {
    looked_at(&db, "city-news").await;
    looked_at(&db, "apps").await;
    for (source, name, words, severity, offset) in [
        ("city-news", "page-1", "保本保息", 4, 0),
        ("city-news", "page-2", "日返千元 App", 3, 10),
        ("apps", "page-3", "稳赚不赔 app", 2, 20),
    ] {
        let ad = SeenAd { judgement: Some(flagged(severity, 0.5)), ..seen(source, name, words) };
        let record = PageRecord { now: NOW.plus_ms(offset), ..page(source, name, vec![ad]) };
        db.record_page(&record).await.unwrap();
    }
    let dismissed = finding_id("保本保息");
    let reason = crate::domain::review::DismissReason::News;
    let verdict = crate::domain::review::Verdict::Dismiss { reason };
    db.decide(super::make::decision("d-1", &dismissed, "王芳", verdict)).await.unwrap();

    let all = FindingFilter::default();
    let cases: [(&str, FindingFilter, &[&str]); 9] = [
        ("nothing", all.clone(), &["保本保息", "日返千元 App", "稳赚不赔 app"]),
        ("state", FindingFilter { state: Some(FindingState::Dismissed), ..all.clone() }, &["保本保息"]),
        ("source", FindingFilter { source: SourceId::parse("apps").ok(), ..all.clone() }, &["稳赚不赔 app"]),
        ("unknown source", FindingFilter { source: SourceId::parse("other").ok(), ..all.clone() }, &[]),
        (
            "severity",
            FindingFilter { min_severity: Severity::new(3), ..all.clone() },
            &["保本保息", "日返千元 App"],
        ),
        (
            "words in any case",
            FindingFilter { text: Some(" APP ".to_owned()), ..all.clone() },
            &["日返千元 App", "稳赚不赔 app"],
        ),
        (
            "names",
            FindingFilter { text: Some("江州日报".to_owned()), ..all.clone() },
            &["保本保息", "日返千元 App", "稳赚不赔 app"],
        ),
        (
            "time",
            FindingFilter { created_from: Some(NOW.plus_ms(10)), ..all.clone() },
            &["日返千元 App", "稳赚不赔 app"],
        ),
        (
            "all at once",
            FindingFilter {
                state: Some(FindingState::Pending),
                source: SourceId::parse("city-news").ok(),
                min_severity: Severity::new(2),
                text: Some("日返".to_owned()),
                created_from: Some(NOW),
            },
            &["日返千元 App"],
        ),
    ];
    for (what, filter, expected) in cases {
        let found = db.list_findings(&filter, None, 10).await.unwrap();
        let mut words: Vec<String> = found.findings.into_iter().map(|listed| listed.ad.draft.text).collect();
        words.sort();
        assert_eq!(words, expected, "by {what}");
        let counts = db.count_findings(&filter).await.unwrap();
        if filter.state.is_none() {
            assert_eq!(
                counts.pending + counts.accepted + counts.dismissed,
                expected.len() as u64,
                "by {what}"
            );
        }
    }
    let counts = db.count_findings(&all).await.unwrap();
    assert_eq!((counts.pending, counts.accepted, counts.dismissed), (2, 0, 1));
}

pub(super) async fn a_search_takes_its_words_literally(db: Db) {
    looked_at(&db, "city-news").await;
    let texts = ["年化 100% 到账", "年化 100 到账", "a_b!c", "a-b!c", "it's; drop table finding"];
    let ads = texts.map(|words| seen("city-news", "page-1", words)).to_vec();
    db.record_page(&page("city-news", "page-1", ads)).await.unwrap();
    for (typed, expected) in
        [("100%", 1), ("100", 2), ("a_b", 1), ("b!c", 2), ("'; drop", 0), ("it's;", 1), ("\\", 0), ("\0", 0)]
    {
        let filter = FindingFilter { text: Some(typed.to_owned()), ..FindingFilter::default() };
        let found = db.list_findings(&filter, None, 10).await.unwrap().findings.len();
        assert_eq!(found, expected, "searching {typed:?}");
    }
}

pub(super) async fn figures_count_each_finding_once_per_category(db: Db) {
    looked_at(&db, "city-news").await;
    assert_eq!(db.oldest_pending().await.unwrap(), None);
    let mut two_categories = seen("city-news", "page-1", "保本保息，年化百分之三十");
    let (assessment, mut hits) = flagged(4, 0.75);
    hits.push(hit("pg.principal-guarantee.2", 4, HitStatus::Asserted));
    hits.push(hit("hy.high-yield.1", 3, HitStatus::Asserted));
    hits.push(hit("cf.crowd-funding.1", 3, HitStatus::Negated));
    two_categories.judgement = Some((assessment, hits));
    let one = SeenAd { judgement: Some(flagged(3, 0.5)), ..seen("city-news", "page-1", "稳赚") };
    let none = SeenAd { judgement: Some(cleared()), ..seen("city-news", "page-1", "谨防") };
    db.record_page(&page("city-news", "page-1", vec![two_categories, one, none])).await.unwrap();
    let late = seen("city-news", "page-2", "后来的");
    let record = PageRecord { now: NOW.plus_ms(1_000), ..page("city-news", "page-2", vec![late]) };
    db.record_page(&record).await.unwrap();

    let figures = db.queue_figures(NOW, NOW.plus_ms(1_000)).await.unwrap();
    assert_eq!(
        figures.by_category.into_iter().collect::<Vec<_>>(),
        [("HY".to_owned(), 1), ("PG".to_owned(), 2)]
    );
    assert_eq!(figures.by_severity.into_iter().collect::<Vec<_>>(), [(3, 1), (4, 1)]);
    assert_eq!(db.oldest_pending().await.unwrap().map(|(_, since)| since), Some(NOW));
}
