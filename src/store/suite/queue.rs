use super::make::{NOW, cleared, finding_id, flagged, hit, looked_at, page, seen};
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::hit::{HitStatus, RuleId, Severity};
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
    for wrong in ["", "x", "0.5", "-1", "99999999999999999999", "0.5_f-1"] {
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
    let cases: [(&str, FindingFilter, &[&str]); 17] = [
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
        ("until", FindingFilter { created_until: Some(NOW.plus_ms(10)), ..all.clone() }, &["保本保息"]),
        (
            "several words",
            FindingFilter { text: Some("app  千元".to_owned()), ..all.clone() },
            &["日返千元 App"],
        ),
        ("one character", FindingFilter { text: Some("稳".to_owned()), ..all.clone() }, &["稳赚不赔 app"]),
        ("pairs that are apart", FindingFilter { text: Some("保息保".to_owned()), ..all.clone() }, &[]),
        ("another rule", FindingFilter { rule: RuleId::parse("pg.x.1").ok(), ..all.clone() }, &[]),
        ("a word is no party", FindingFilter { party: Some("保本".to_owned()), ..all.clone() }, &[]),
        (
            "a host below",
            FindingFilter { host: Some("www.landing.example".to_owned()), ..all.clone() },
            &["保本保息", "日返千元 App", "稳赚不赔 app"],
        ),
        ("a contact", FindingFilter { contact: Some("13800138000".to_owned()), ..all.clone() }, &[]),
        (
            "all at once",
            FindingFilter {
                state: Some(FindingState::Pending),
                source: SourceId::parse("city-news").ok(),
                min_severity: Severity::new(2),
                text: Some("日返".to_owned()),
                created_from: Some(NOW),
                created_until: Some(NOW.plus_ms(11)),
                rule: RuleId::parse("pg.principal-guarantee.1").ok(),
                party: Some("江州".to_owned()),
                host: Some("landing.example".to_owned()),
                ..all.clone()
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
        assert!(!counts.stopped, "by {what}");
        if filter.state.is_none() {
            assert_eq!(counts.all(), expected.len() as u64, "by {what}");
        }
    }
    let counts = db.count_findings(&all).await.unwrap();
    assert_eq!((counts.pending, counts.accepted, counts.dismissed), (2, 0, 1));
}

pub(super) async fn neighbours_are_those_of_the_same_list(db: Db) {
    looked_at(&db, "city-news").await;
    let words = ["保本甲", "保本乙", "稳赚", "保本丙", "保本丁"];
    let ads = words.iter().zip(0_u8..).map(|(words, at)| {
        let judgement = Some(flagged(4, 0.9 - f64::from(at) / 16.0));
        SeenAd { judgement, ..seen("city-news", "page-1", words) }
    });
    db.record_page(&page("city-news", "page-1", ads.collect())).await.unwrap();
    let ids: Vec<FindingId> = words.iter().map(|words| finding_id(words)).collect();
    let filter = FindingFilter { text: Some("保本".to_owned()), ..FindingFilter::default() };
    let around = async |filter: &FindingFilter, at: usize| {
        let (before, after) = db.neighbours(filter, &ids[at], "王芳", NOW).await.unwrap();
        let place = |id: Option<FindingId>| id.map(|id| ids.iter().position(|known| *known == id).unwrap());
        (place(before), place(after))
    };
    assert_eq!(around(&filter, 1).await, (Some(0), Some(3)));
    assert_eq!(around(&filter, 2).await, (Some(1), Some(3)), "one that is not in the list has its place");
    assert_eq!(around(&FindingFilter::default(), 0).await, (None, Some(1)));
    db.assign(&ids[3], "李强", NOW, NOW.plus_ms(1_000), None).await.unwrap();
    assert_eq!(around(&filter, 1).await, (Some(0), Some(4)), "others are not disturbed");
    db.assign(&ids[0], "王芳", NOW, NOW.plus_ms(1_000), None).await.unwrap();
    assert_eq!(around(&filter, 1).await, (Some(0), Some(4)), "one's own hold is no obstacle");
    assert_eq!(db.neighbours(&filter, &finding_id("没有"), "王芳", NOW).await.unwrap(), (None, None));
}

pub(super) async fn words_with_many_matches_are_listed_in_order_too(db: Db) {
    looked_at(&db, "city-news").await;
    let n = db.few_for_tests() + 40;
    let ads: Vec<SeenAd> = (0..n)
        .map(|number| {
            let judgement = Some(flagged(4, (number % 64) as f64 / 64.0));
            let words = format!("保本保息第{number}期{}", if number % 500 == 0 { "稀少" } else { "" });
            SeenAd { judgement, alert: None, ..seen("city-news", "page-1", &words) }
        })
        .collect();
    db.record_page(&page("city-news", "page-1", ads)).await.unwrap();
    for text in ["保本", "保本保息", "保本 稀少"] {
        let filter = FindingFilter { text: Some(text.to_owned()), ..FindingFilter::default() };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = db.list_findings(&filter, after.as_ref(), 900).await.unwrap();
            found.extend(page.findings.into_iter().map(|listed| listed.finding.assessment.priority));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let expected = if text.contains("稀少") { n.div_ceil(500) } else { n };
        assert_eq!(found.len(), expected, "{text}");
        assert!(found.is_sorted_by(|a, b| a >= b), "{text}");
        let counts = db.count_findings(&filter).await.unwrap();
        assert!(counts.stopped || counts.pending == expected as u64, "{text}: {counts:?}");
    }
    let source = SourceId::parse("city-news").ok();
    let filter = FindingFilter { source, min_severity: Severity::new(4), ..FindingFilter::default() };
    assert_eq!(db.list_findings(&filter, None, 10).await.unwrap().findings.len(), 10);
}

pub(super) async fn counts_follow_what_happens(db: Db) {
    looked_at(&db, "city-news").await;
    let words: Vec<String> = (0..5).map(|number| format!("保本 {number}")).collect();
    let ads = words.iter().map(|words| seen("city-news", "page-1", words)).collect();
    db.record_page(&page("city-news", "page-1", ads)).await.unwrap();
    use crate::domain::review::{DismissReason, Verdict};
    let all = FindingFilter::default();
    let ids: Vec<FindingId> = words.iter().map(|words| finding_id(words)).collect();
    let mut n = 0;
    let mut decide = async |at: usize, verdict: Verdict| {
        n += 1;
        let record = super::make::decision(&format!("d-{n}"), &ids[at], "王芳", verdict);
        db.decide(record).await.unwrap();
    };
    decide(0, super::make::accept()).await;
    decide(1, Verdict::Dismiss { reason: DismissReason::News }).await;
    decide(2, Verdict::NeedEvidence).await;
    decide(3, Verdict::AskSecond).await;
    let counts = db.count_findings(&all).await.unwrap();
    let shown =
        |counts: crate::store::finding::FindingCounts| FindingState::ALL.map(|state| counts.of(state));
    assert_eq!(shown(counts), [1, 1, 1, 1, 1]);
    for state in FindingState::ALL {
        let filter = FindingFilter { state: Some(state), ..all.clone() };
        let found = db.list_findings(&filter, None, 10).await.unwrap().findings;
        assert_eq!(found.len(), 1, "{state:?}");
        assert_eq!(found[0].finding.state, state);
    }
    // What is open can be decided, what is decided must be taken back first.
    decide(2, super::make::accept()).await;
    decide(3, Verdict::Undo).await;
    let refused = super::make::decision("d-x", &ids[0], "李强", Verdict::NeedEvidence);
    assert!(db.decide(refused).await.is_err());
    assert_eq!(shown(db.count_findings(&all).await.unwrap()), [2, 0, 0, 2, 1]);
    // Many changes are added up on the way, and nothing is lost.
    for _ in 0..220 {
        decide(4, super::make::accept()).await;
        decide(4, Verdict::Undo).await;
    }
    for _ in 0..2 {
        assert_eq!(shown(db.count_findings(&all).await.unwrap()), [2, 0, 0, 2, 1]);
    }
    let severe = FindingFilter { min_severity: Severity::new(4), ..all };
    assert_eq!(db.count_findings(&severe).await.unwrap().all(), 5);
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
