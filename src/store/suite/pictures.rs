//! Pictures: what was read in them, which ads show them, and what that changes.

use super::make::{
    NOW, accept, ad_id, capture, cleared, decision, draft, finding_id, flagged, looked_at, page, seen,
};
use crate::domain::ad::AdDraft;
use crate::domain::blob::BlobRef;
use crate::domain::finding::FindingState;
use crate::domain::picture::PictureReading;
use crate::store::Db;
use crate::store::page::SeenAd;

fn waiting() -> PictureReading {
    PictureReading {
        width: 728,
        height: 90,
        look: Some("00ff00ff00ff00ff".to_owned()),
        ..PictureReading::default()
    }
}

fn read() -> PictureReading {
    PictureReading { words_by: Some("tesseract 5.3.0".to_owned()), ..waiting() }
}

pub(super) async fn a_picture_waits_until_it_is_read_and_then_stays_read(db: Db) {
    let (one, two) = (BlobRef::of(b"one"), BlobRef::of(b"two"));
    let names = |pictures: &[&BlobRef]| {
        pictures.iter().map(|blob| blob.digests.sha256.as_str().to_owned()).collect::<Vec<_>>()
    };
    db.record_picture(&one, &waiting(), NOW).await.unwrap();
    db.record_picture(&two, &waiting(), NOW.plus_ms(1)).await.unwrap();
    assert_eq!(db.picture("0000").await.unwrap(), None);
    assert_eq!(db.picture(one.digests.sha256.as_str()).await.unwrap(), Some(waiting()));
    assert_eq!(db.waiting_pictures(NOW.plus_ms(1), 10).await.unwrap(), names(&[&one, &two]));
    assert_eq!(db.waiting_pictures(NOW.plus_ms(1), 1).await.unwrap(), names(&[&one]));

    db.put_off_picture(one.digests.sha256.as_str(), NOW.plus_ms(60_000)).await.unwrap();
    assert_eq!(db.waiting_pictures(NOW.plus_ms(1), 10).await.unwrap(), names(&[&two]));
    assert_eq!(db.n_waiting_pictures().await.unwrap(), 2);

    db.record_picture(&two, &read(), NOW.plus_ms(2)).await.unwrap();
    db.record_picture(&two, &waiting(), NOW.plus_ms(3)).await.unwrap();
    assert_eq!(db.picture(two.digests.sha256.as_str()).await.unwrap(), Some(read()), "words are never lost");
    assert_eq!(db.n_waiting_pictures().await.unwrap(), 1);
}

pub(super) async fn an_address_is_remembered_with_what_it_gave(db: Db) {
    let url = "https://img.example/1.jpg";
    assert_eq!(db.picture_at(url, NOW).await.unwrap(), None);
    db.record_picture_address(url, None, NOW.plus_ms(1)).await.unwrap();
    assert_eq!(db.picture_at(url, NOW).await.unwrap(), Some(None));
    db.record_picture_address(url, Some("abcd"), NOW.plus_ms(5)).await.unwrap();
    assert_eq!(db.picture_at(url, NOW).await.unwrap(), Some(Some("abcd".to_owned())));
    assert_eq!(db.picture_at(url, NOW.plus_ms(5)).await.unwrap(), None, "too long ago");
}

pub(super) async fn an_ad_shows_its_pictures_in_the_order_of_its_page(db: Db) {
    looked_at(&db, "city-news").await;
    // The picture has the bytes of the capture `flyer`, as one that was fetched has.
    let (flyer, other) = (capture("city-news", "flyer").body, BlobRef::of(b"other"));
    db.record_picture(&flyer, &read(), NOW).await.unwrap();
    db.record_picture(&other, &waiting(), NOW).await.unwrap();
    let pictures: Vec<String> = [&other, &flyer].map(|blob| blob.digests.sha256.as_str().to_owned()).into();
    let ad = SeenAd { pictures: pictures.clone(), ..seen("city-news", "page-1", "保本保息") };
    db.record_page(&page("city-news", "page-1", vec![ad.clone()])).await.unwrap();
    db.record_page(&page("city-news", "flyer", Vec::new())).await.unwrap();

    let of_ad = db.pictures_of(&ad.id).await.unwrap();
    assert_eq!(of_ad, [(pictures[0].clone(), waiting()), (pictures[1].clone(), read())]);
    assert_eq!(db.ads_with_picture(&pictures[1], 10).await.unwrap(), [ad.id]);
    assert_eq!(db.picture_captures(&pictures).await.unwrap(), [capture("city-news", "flyer")]);
    assert_eq!(db.picture_captures(&[]).await.unwrap(), []);
}

pub(super) async fn words_in_a_picture_may_make_a_finding_but_never_change_what_was_decided(db: Db) {
    looked_at(&db, "city-news").await;
    let plain = SeenAd { judgement: Some(cleared()), ..seen("city-news", "page-1", "点击了解") };
    db.record_page(&page("city-news", "page-1", vec![plain.clone()])).await.unwrap();
    assert_eq!(db.finding_state(&plain.id).await.unwrap(), None);

    let longer = AdDraft { text: "点击了解\n保本保息".to_owned(), ..draft("点击了解") };
    let renewed = SeenAd { draft: longer.clone(), judgement: Some(flagged(4, 0.75)), ..plain };
    assert_eq!(db.renew_ad(&renewed, NOW.plus_ms(1)).await.unwrap(), Some(true));
    assert_eq!(db.renew_ad(&renewed, NOW.plus_ms(2)).await.unwrap(), Some(false), "it is there already");
    assert_eq!(db.finding_state(&renewed.id).await.unwrap(), Some(FindingState::Pending));
    assert_eq!(db.ad(&renewed.id).await.unwrap().unwrap().draft, longer);

    db.decide(decision("d-1", &finding_id("点击了解"), "王芳", accept())).await.unwrap();
    let later = SeenAd { draft: draft("点击了解"), ..renewed.clone() };
    assert_eq!(db.renew_ad(&later, NOW.plus_ms(3)).await.unwrap(), None);
    assert_eq!(db.ad(&ad_id("点击了解")).await.unwrap().unwrap().draft, longer);
    assert_eq!(db.finding_state(&renewed.id).await.unwrap(), Some(FindingState::Accepted));
}
