//! Contacts of flagged ads.

use super::make::{ad_id, cleared, looked_at, page, seen};
use crate::domain::hit::Span;
use crate::domain::party::{Certainty, Contact, ContactKind, ContactPlace, FoundBy};
use crate::store::Db;
use crate::store::page::SeenAd;

fn contact(kind: ContactKind, value: &str) -> Contact {
    Contact {
        kind,
        value: value.to_owned(),
        place: ContactPlace::Words(Span { start: 0, end: 6 }),
        certainty: Certainty::Likely,
        found_by: vec![FoundBy::Shape, FoundBy::Label("电话".to_owned())],
    }
}

fn with_contacts(name: &str, words: &str, contacts: &[Contact]) -> SeenAd {
    SeenAd { contacts: contacts.to_vec(), ..seen("city-news", name, words) }
}

pub(super) async fn contacts_come_back_in_order_with_their_reach(db: Db) {
    looked_at(&db, "city-news").await;
    let (phone, host) =
        (contact(ContactKind::Mobile, "13800138000"), contact(ContactKind::Host, "x.example"));
    let ads = vec![
        with_contacts("page-1", "一", &[phone.clone(), host.clone(), phone.clone()]),
        with_contacts("page-1", "二", std::slice::from_ref(&phone)),
        with_contacts("page-1", "三", &[contact(ContactKind::Qq, "13800138000")]),
    ];
    db.record_page(&page("city-news", "page-1", ads)).await.unwrap();
    let listed = db.contacts(&ad_id("一")).await.unwrap();
    let shown: Vec<_> = listed.iter().map(|listed| (&listed.contact, listed.n_ads)).collect();
    assert_eq!(shown, [(&phone, 2), (&host, 1), (&phone, 2)]);
    let mut both = [ad_id("一"), ad_id("二")];
    both.sort();
    assert_eq!(db.ads_with_contact(ContactKind::Mobile, "13800138000", 10).await.unwrap(), both);
    assert_eq!(db.ads_with_contact(ContactKind::Mobile, "13800138000", 1).await.unwrap(), both[..1]);
    assert_eq!(db.ads_with_contact(ContactKind::Mobile, "x.example", 10).await.unwrap(), []);
    assert_eq!(db.contacts(&ad_id("无")).await.unwrap(), []);
}

pub(super) async fn contacts_are_kept_once_and_only_of_flagged_ads(db: Db) {
    looked_at(&db, "city-news").await;
    let phone = contact(ContactKind::Mobile, "13800138000");
    for name in ["page-1", "page-2"] {
        let mut harmless = with_contacts(name, "谨防骗局", std::slice::from_ref(&phone));
        harmless.judgement = Some(cleared());
        let flagged = with_contacts(name, "保本", std::slice::from_ref(&phone));
        db.record_page(&page("city-news", name, vec![harmless, flagged])).await.unwrap();
    }
    assert_eq!(db.contacts(&ad_id("保本")).await.unwrap().len(), 1);
    assert_eq!(db.contacts(&ad_id("谨防骗局")).await.unwrap(), []);
}

pub(super) async fn a_hostile_list_of_contacts_is_cut(db: Db) {
    looked_at(&db, "city-news").await;
    let mut many: Vec<Contact> =
        (0..700).map(|n| contact(ContactKind::Mobile, &format!("138{n:08}"))).collect();
    many.insert(0, contact(ContactKind::Email, &"很长\0".repeat(2_000)));
    let ads = (0..20).map(|n| with_contacts("page-1", &format!("广告 {n}"), &many)).collect();
    db.record_page(&page("city-news", "page-1", ads)).await.unwrap();
    let listed = db.contacts(&ad_id("广告 7")).await.unwrap();
    assert_eq!(listed.len(), 100);
    assert_eq!((listed[0].contact.value.as_str(), listed[0].n_ads), ("13800000000", 20));
}
