//! Families, variants, campaigns and parties.

use std::collections::BTreeSet;

use super::make::{NOW, accept, ad_id, decision, finding_id, looked_at, page, seen};
use crate::domain::campaign::{Tie, TieKind};
use crate::domain::finding::FindingState;
use crate::domain::office::{OfficeId, Scope};
use crate::domain::party::{Certainty, Contact, ContactKind, ContactPlace, FoundBy, Party, PartyRole};
use crate::group::image::ImageHash;
use crate::group::near_text::Signature;
use crate::store::Db;
use crate::store::finding::FindingFilter;
use crate::store::group::Marks;
use crate::store::page::SeenAd;
use crate::text::{Normalizer, Tables};

const AD: &str = "金诺养老公寓床位火热预订，交三万元每年福利补贴12%，到期全额返还，名额有限，欢迎来电咨询";

fn signature(words: &str) -> Option<Signature> {
    Signature::of(&Normalizer::new(&Tables::embedded()), words)
}

/// A flagged ad with its signature and what it shares.
fn marked(words: &str, ties: &str) -> SeenAd {
    let tie = |word: &str| {
        let (kind, value) = word.split_once(':').unwrap();
        Tie { kind: TieKind::parse(kind).unwrap(), value: value.to_owned() }
    };
    let marks = Marks {
        signature: signature(words),
        ties: ties.split_whitespace().map(tie).collect::<BTreeSet<Tie>>(),
        ..Marks::default()
    };
    SeenAd { marks, ..seen("city-news", "page-1", words) }
}

async fn record(db: &Db, ads: Vec<SeenAd>) -> u32 {
    db.record_page(&page("city-news", "page-1", ads)).await.unwrap().n_new_findings
}

pub(super) async fn copies_with_small_edits_are_one_finding_and_what_says_more_is_another(db: Db) {
    looked_at(&db, "city-news").await;
    assert_eq!(record(&db, vec![marked(AD, "")]).await, 1);
    let edited = AD.replace("12%", "15%").replace("火热", "");
    assert_eq!(record(&db, vec![marked(&edited, "")]).await, 0, "a variant");
    assert_eq!(record(&db, vec![marked(&edited, "")]).await, 0, "and stays one");
    let other_phone = Contact {
        kind: ContactKind::Mobile,
        value: "13900139000".to_owned(),
        place: ContactPlace::Markup,
        certainty: Certainty::Likely,
        found_by: vec![FoundBy::Shape],
    };
    let said_elsewhere =
        SeenAd { contacts: vec![other_phone], ..marked(&AD.replace("火热", "热情"), "") };
    assert_eq!(record(&db, vec![said_elsewhere]).await, 1, "another telephone is another matter");
    let (listed, n_ads, n_sightings) = db.variants(&finding_id(AD), 10).await.unwrap();
    assert_eq!((listed.len(), n_ads, n_sightings), (1, 1, 1));
    assert_eq!(listed[0].ad.id, ad_id(&edited));
    // What a person dismissed swallows nothing.
    let dismissed =
        crate::domain::review::Verdict::Dismiss { reason: crate::domain::review::DismissReason::News };
    db.decide(decision("d-1", &finding_id(AD), "王芳", dismissed)).await.unwrap();
    assert_eq!(record(&db, vec![marked(&AD.replace("名额有限", "名额不多"), "")]).await, 1);
    let n = db.count_findings(&FindingFilter::default()).await.unwrap();
    assert_eq!((n.pending, n.dismissed), (2, 1));
}

pub(super) async fn ads_that_share_a_contact_are_one_campaign_with_the_reason_of_each_link(db: Db) {
    looked_at(&db, "city-news").await;
    record(&db, vec![marked("一", "mobile:138 host:x.example")]).await;
    record(&db, vec![marked("二", "wechat:boss")]).await;
    assert_eq!(db.campaign_of(&ad_id("一")).await.unwrap(), None, "alone");
    assert_eq!(db.campaigns(&Scope::Everything, 10).await.unwrap(), []);
    record(&db, vec![marked("三", "wechat:boss host:x.example licence:same")]).await;
    record(&db, vec![marked("四", "licence:same")]).await;
    let id = db.campaign_of(&ad_id("二")).await.unwrap().unwrap();
    let file = db.campaign(&id).await.unwrap().unwrap();
    assert_eq!((file.line.n_ads, file.members.len(), file.line.n_pending), (3, 3, 3));
    let reasons: BTreeSet<String> = file.links.iter().map(|link| link.tie.to_string()).collect();
    assert_eq!(reasons, ["host:x.example", "wechat:boss"].map(str::to_owned).into());
    assert!(file.links.iter().all(|link| link.ad == ad_id("三")));
    assert_eq!(file.ties.iter().map(|tie| tie.n_ads).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(db.campaign_of(&ad_id("四")).await.unwrap(), None, "licences are copied");
    record(&db, vec![marked("三", "wechat:boss host:x.example")]).await;
    assert_eq!(db.campaign(&id).await.unwrap().unwrap(), file, "again changes nothing");
    // Two campaigns that meet become one, and the old name still leads there.
    record(&db, vec![marked("五", "qq:10001")]).await;
    record(&db, vec![marked("六", "qq:10001")]).await;
    let old = db.campaign_of(&ad_id("五")).await.unwrap().unwrap();
    record(&db, vec![marked("七", "qq:10001 mobile:138")]).await;
    let file = db.campaign(&old).await.unwrap().unwrap();
    assert_eq!((&file.line.id, file.line.n_ads, file.members.len()), (&id, 6, 6));
    assert_eq!(db.campaigns(&Scope::Everything, 10).await.unwrap().len(), 1);
    let elsewhere = Scope::Offices([OfficeId::parse("elsewhere").unwrap()].into());
    assert_eq!(db.campaigns(&elsewhere, 10).await.unwrap(), [], "no finding of that office is in one");
}

pub(super) async fn a_hub_links_nothing_once_it_is_one(db: Db) {
    looked_at(&db, "city-news").await;
    // The limit of 400 numbers is 40 families; ads without a signature are families of their own.
    for n in 0..40 {
        let own = if n < 2 { "wechat:one" } else { "" };
        record(&db, vec![marked(&format!("第{n}"), &format!("service-line:4008000000 {own}"))]).await;
    }
    let id = db.campaign_of(&ad_id("第7")).await.unwrap().unwrap();
    assert_eq!(db.campaign(&id).await.unwrap().unwrap().line.n_ads, 40);
    record(&db, vec![marked("第40", "service-line:4008000000")]).await;
    for apart in ["第7", "第40"] {
        assert_eq!(db.campaign_of(&ad_id(apart)).await.unwrap(), None, "{apart}");
    }
    let rest = db.campaign_of(&ad_id("第1")).await.unwrap().unwrap();
    let file = db.campaign(&rest).await.unwrap().unwrap();
    assert_eq!((file.line.n_ads, file.members.len(), file.links.len()), (2, 2, 1));
    record(&db, vec![marked("第41", "service-line:4008000000")]).await;
    assert_eq!(db.campaign_of(&ad_id("第41")).await.unwrap(), None);
}

pub(super) async fn pictures_that_look_the_same_link(db: Db) {
    looked_at(&db, "city-news").await;
    let with_look = |words: &str, look: u64| {
        let mut seen = marked(words, "");
        seen.marks.looks = vec![ImageHash(look)];
        seen
    };
    let look = 0x0123_4567_89ab_cdef;
    record(&db, vec![with_look("一", look)]).await;
    record(&db, vec![with_look("二", look ^ 0b1011)]).await;
    record(&db, vec![with_look("三", !look)]).await;
    let id = db.campaign_of(&ad_id("二")).await.unwrap().unwrap();
    let file = db.campaign(&id).await.unwrap().unwrap();
    assert_eq!((file.line.n_ads, file.links[0].tie.kind), (2, TieKind::Image));
    assert_eq!(db.campaign_of(&ad_id("三")).await.unwrap(), None);
}

pub(super) async fn parties_are_counted_with_what_was_accepted(db: Db) {
    looked_at(&db, "city-news").await;
    let party = |name: &str| Party { role: PartyRole::Advertiser, name: name.to_owned(), credit_code: None };
    for (words, name) in [("一", "金诺公司"), ("二", "金诺公司"), ("三", "鼎汇公司")] {
        let mut seen = marked(words, "mobile:138");
        seen.marks.parties = vec![party(name)];
        record(&db, vec![seen]).await;
    }
    db.decide(decision("d-1", &finding_id("二"), "王芳", accept())).await.unwrap();
    let lines = db.parties(10).await.unwrap();
    let shown: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.n_ads, line.n_accepted)).collect();
    assert_eq!(shown, [("金诺公司", 2, 1), ("鼎汇公司", 1, 0)]);
    assert_eq!(db.party("金诺公司").await.unwrap().as_ref(), lines.first());
    let campaign = db.campaign_of(&ad_id("三")).await.unwrap().unwrap();
    assert_eq!(db.parties_of_campaign(&campaign).await.unwrap().len(), 2);
    assert_eq!(db.party("无此公司").await.unwrap(), None);
    assert_eq!(db.ads_of_party("金诺公司", 10).await.unwrap().len(), 2);
    assert_eq!(db.ads_of_party("金诺公司", 1).await.unwrap().len(), 1);
}

pub(super) async fn many_at_once_grow_one_campaign(db: Db) {
    looked_at(&db, "city-news").await;
    let writers = (0..6).map(|writer| {
        let db = db.clone();
        tokio::spawn(async move {
            for n in 0..5 {
                record(&db, vec![marked(&format!("写{writer}第{n}"), "mobile:138 wechat:boss")]).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let campaigns = db.campaigns(&Scope::Everything, 10).await.unwrap();
    assert_eq!(campaigns.iter().map(|line| line.n_ads).collect::<Vec<_>>(), [30]);
    let file = db.campaign(&campaigns[0].id).await.unwrap().unwrap();
    assert_eq!((file.members.len(), file.links.len()), (30, 58));
    assert!(
        file.members
            .iter()
            .all(|member| member.finding.as_ref().is_some_and(|(_, state)| *state == FindingState::Pending))
    );
    assert!(file.line.updated_at >= NOW);
}
