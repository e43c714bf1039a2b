use super::make::{NOW, accept, ad_id, cleared, decision, finding_id, looked_at, page, seen};
use crate::domain::office::Scope;
use crate::domain::review::{DismissReason, Verdict};
use crate::domain::sample::{Answer, Sample, SampleId, SampleItem, SampleKind};
use crate::domain::user::Actor;
use crate::store::audit::AuditNote;
use crate::store::page::SeenAd;
use crate::store::statistics::MonthReport;
use crate::store::{Db, StoreError};

fn note() -> AuditNote {
    AuditNote {
        at: NOW,
        actor: Actor::person("王芳").unwrap(),
        action: "test".to_owned(),
        object: "sample".to_owned(),
        detail: serde_json::json!({}),
    }
}

/// Two findings, one accepted, one dismissed; one ad that context cleared.
async fn fill(db: &Db) {
    looked_at(db, "city-news").await;
    let calm = SeenAd { judgement: Some(cleared()), ..seen("city-news", "page-1", "谨防保本骗局") };
    let ads = vec![seen("city-news", "page-1", "保本一"), seen("city-news", "page-1", "保本二"), calm];
    db.record_page(&page("city-news", "page-1", ads)).await.unwrap();
    db.decide(decision("d-1", &finding_id("保本一"), "王芳", accept())).await.unwrap();
    let news = Verdict::Dismiss { reason: DismissReason::News };
    db.decide(decision("d-2", &finding_id("保本二"), "李强", news)).await.unwrap();
}

pub(super) async fn figures_of_a_span_add_up(db: Db) {
    fill(&db).await;
    let (from, until) = (NOW.plus_ms(-1), NOW.plus_ms(8 * 86_400_000));
    let figures = db.statistics(&Scope::Everything, from, until).await.unwrap();
    let funnel = figures.funnel;
    assert_eq!(
        (funnel.seen, funnel.flagged, funnel.accepted, funnel.filed, funnel.transferred),
        (3, 2, 1, 0, 0)
    );
    let shares = |list: &[crate::domain::statistics::Share]| {
        list.iter().map(|one| (one.key.clone(), one.n)).collect::<Vec<_>>()
    };
    assert_eq!(shares(&figures.by_category), [("PG".to_owned(), 2)]);
    assert_eq!(shares(&figures.by_severity), [("4".to_owned(), 2)]);
    assert_eq!(shares(&figures.by_source), [("city-news".to_owned(), 2)]);
    assert_eq!(shares(&figures.by_office), [(String::new(), 2)]);
    assert_eq!(figures.by_week.iter().map(|week| week.n).collect::<Vec<_>>(), [2, 0]);
    let loads: Vec<_> = figures.reviewers.iter().map(|load| (load.accepted, load.dismissed)).collect();
    assert_eq!(loads.iter().fold((0, 0), |sum, load| (sum.0 + load.0, sum.1 + load.1)), (1, 1));
    assert_eq!((figures.sources.len(), figures.sources[0].n_runs, figures.sources[0].n_good), (1, 1, 0));
    assert_eq!(figures.mean_wait_minutes, Some(0));
    let nobody = Scope::Offices([crate::domain::office::OfficeId::parse("east").unwrap()].into());
    let none = db.statistics(&nobody, from, until).await.unwrap();
    assert_eq!(
        (none.funnel.seen, none.funnel.flagged, none.reviewers.len(), none.sources.len()),
        (0, 0, 0, 0)
    );
    let before = db.statistics(&Scope::Everything, NOW.plus_ms(-10), NOW).await.unwrap();
    assert_eq!((before.funnel.flagged, before.mean_wait_minutes), (0, None));
}

pub(super) async fn a_frozen_month_stays_as_it_was(db: Db) {
    let report = |month: &str, content: &str| MonthReport {
        month: month.to_owned(),
        made_at: NOW,
        content: content.to_owned(),
        sha256: "ab".to_owned(),
    };
    db.keep_month(&report("2026-09", "{}")).await.unwrap();
    db.keep_month(&report("2026-10", "{\"a\":1}")).await.unwrap();
    db.keep_month(&report("2026-10", "{\"a\":2}")).await.unwrap();
    assert_eq!(db.months().await.unwrap(), [report("2026-10", "{\"a\":1}"), report("2026-09", "{}")]);
}

pub(super) async fn a_sample_is_drawn_answered_once_and_by_who_was_drawn(db: Db) {
    fill(&db).await;
    let (from, until) = (NOW, NOW.plus_ms(86_400_000));
    assert_eq!(db.count_frame(SampleKind::Blind, from, until).await.unwrap(), 2);
    assert_eq!(db.count_frame(SampleKind::Unflagged, from, until).await.unwrap(), 1);
    assert_eq!(db.count_frame(SampleKind::Unflagged, until, until).await.unwrap(), 0);
    let draw = async |kind, at: &str| db.draw_from_frame(kind, from, until, at).await.unwrap();
    let lowest = draw(SampleKind::Blind, "0").await.unwrap();
    assert!([ad_id("保本一"), ad_id("保本二")].contains(&lowest));
    assert_eq!(draw(SampleKind::Blind, lowest.as_str()).await, Some(lowest.clone()));
    assert_eq!(draw(SampleKind::Unflagged, "0").await, Some(ad_id("谨防保本骗局")));
    assert_eq!(draw(SampleKind::Unflagged, &"f".repeat(65)).await, None);
    let sample = Sample {
        id: SampleId::parse("s-1").unwrap(),
        kind: SampleKind::Blind,
        made_at: NOW,
        made_by: "处长".to_owned(),
        from,
        until,
        seed: "cafe".to_owned(),
        n_frame: 2,
    };
    let item = SampleItem {
        ordinal: 1,
        ad_id: lowest,
        finding_id: Some(finding_id("保本一")),
        assigned: "李强".to_owned(),
        first: Some(Answer::Violating),
        answer: None,
        note: String::new(),
    };
    db.add_sample(&sample, std::slice::from_ref(&item), &note()).await.unwrap();
    assert_eq!(db.samples(10).await.unwrap(), std::slice::from_ref(&sample));
    assert_eq!(db.sample_items(&sample.id).await.unwrap(), std::slice::from_ref(&item));
    let answer =
        async |who: &str| db.answer_item(&sample.id, 1, who, (Answer::Fine, "像新闻"), &note()).await;
    assert!(matches!(answer("王芳").await, Err(StoreError::Changed { .. })));
    answer("李强").await.unwrap();
    assert!(matches!(answer("李强").await, Err(StoreError::Changed { .. })), "once");
    let answered = SampleItem { answer: Some(Answer::Fine), note: "像新闻".to_owned(), ..item };
    assert_eq!(db.sample_items(&sample.id).await.unwrap(), [answered]);
}
