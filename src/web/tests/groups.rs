//! Pictures, variants, campaigns and masked contacts on pages.

use axum::http::StatusCode;
use futures::FutureExt as _;

use super::desk::MemoryDesk;
use super::{ID, log_in, standard};
use crate::app::campaigns::{
    CampaignFile, CampaignLine, LinkLine, MemberLine, PartyLine, PartyView, TieLine, Variants,
};
use crate::app::{Error, Repeat};
use crate::domain::ad::{Ad, AdId};
use crate::domain::campaign::{CampaignId, Tie, TieKind};
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::lead::LeadId;
use crate::domain::party::ContactKind;
use crate::domain::picture::PictureReading;
use crate::domain::user::Actor;
use crate::group::repeat::{RepeatReason, RepeatView};
use crate::web::desk::Answer;
use crate::web::group_desk::{Around, GroupDesk};

const PICTURE: &str = "aa11";

fn file(ad: &Ad) -> CampaignFile {
    let tie = Tie { kind: TieKind::Contact(ContactKind::Mobile), value: "13800138000".to_owned() };
    let other = Ad { id: AdId::parse("other-ad").unwrap(), ..ad.clone() };
    let at = super::desk::NOW;
    CampaignFile {
        line: CampaignLine {
            id: CampaignId::of(&ad.id),
            n_ads: 2,
            created_at: at,
            updated_at: at,
            n_pending: 1,
            n_accepted: 1,
            n_dismissed: 0,
        },
        links: vec![LinkLine { ad: other.id.clone(), other: ad.id.clone(), tie: tie.clone(), at }],
        members: vec![
            MemberLine { ad: ad.clone(), finding: None, is_variant: false },
            MemberLine {
                finding: Some((FindingId::of(&other.id), FindingState::Accepted)),
                ad: other,
                is_variant: false,
            },
        ],
        ties: vec![TieLine { tie, n_ads: 2 }],
    }
}

impl GroupDesk for MemoryDesk {
    fn around<'a>(&'a self, _: &'a Actor, id: &'a FindingId) -> Answer<'a, Around> {
        let files = self.files.lock().unwrap();
        let known = files.iter().find(|file| file.finding.id == *id).map(|known| known.ad.clone());
        let reading = PictureReading { width: 300, height: 100, ..PictureReading::default() };
        let around = known.map(|ad| Around {
            campaign: Some(file(&ad)),
            variants: Variants::default(),
            pictures: vec![(PICTURE.to_owned(), reading)],
        });
        async move { Ok(around.unwrap_or_default()) }.boxed()
    }

    fn picture<'a>(&'a self, _: &'a Actor, _: &'a FindingId, sha256: &'a str) -> Answer<'a, Vec<u8>> {
        async move {
            if sha256 == PICTURE {
                Ok(b"\x89PNG".to_vec())
            } else {
                Err(Error::NotFound { kind: "picture", id: sha256.to_owned() })
            }
        }
        .boxed()
    }

    fn campaigns<'a>(&'a self, _: &'a Actor) -> Answer<'a, Vec<CampaignLine>> {
        let files = self.files.lock().unwrap();
        let lines: Vec<CampaignLine> = files.iter().take(1).map(|known| file(&known.ad).line).collect();
        async move { Ok(lines) }.boxed()
    }

    fn campaign<'a>(
        &'a self,
        _: &'a Actor,
        id: &'a CampaignId,
    ) -> Answer<'a, (CampaignFile, Vec<PartyView>)> {
        let files = self.files.lock().unwrap();
        let found = files.iter().map(|known| file(&known.ad)).next().filter(|_| id.as_str() != "g-nobody");
        async move {
            let found = found.ok_or_else(|| Error::NotFound { kind: "campaign", id: id.to_string() })?;
            Ok((found, Vec::new()))
        }
        .boxed()
    }

    fn parties(&self) -> Answer<'_, Vec<PartyLine>> {
        async { Ok(vec![party().line]) }.boxed()
    }

    fn party<'a>(&'a self, name: &'a str) -> Answer<'a, PartyView> {
        async move {
            match name {
                "无此公司" => Err(Error::NotFound { kind: "party", id: name.to_owned() }),
                _ => Ok(party()),
            }
        }
        .boxed()
    }
}

fn party() -> PartyView {
    let finding = FindingId::parse(ID).unwrap();
    let now = super::desk::NOW;
    PartyView {
        line: PartyLine {
            name: "江州金诺 <b>公司".to_owned(),
            credit_code: Some("91330100MA27ABCD0K".to_owned()),
            n_ads: 3,
            n_accepted: 1,
            last_seen_at: now,
        },
        repeat: Repeat {
            party: "江州金诺 <b>公司".to_owned(),
            view: RepeatView {
                since: now,
                accepted: vec![(finding.clone(), now)],
                penalties: Vec::new(),
                reasons: vec![RepeatReason::ThreeActs],
            },
            others: vec![(LeadId::of(&finding), None)],
        },
    }
}

#[tokio::test]
async fn a_campaign_says_why_and_masks_whom() {
    let visitor = log_in(standard()).await;
    let list = visitor.get("/campaigns").await.text();
    let id = list.split("href=\"/campaigns/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = visitor.get(&format!("/campaigns/{id}")).await.text();
    assert!(page.contains("手机 138****8000") && !page.contains("13800138000"), "{page}");
    assert_eq!(visitor.get("/campaigns/g-nobody").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_of_a_finding_shows_its_picture_inert_and_its_campaign() {
    let visitor = log_in(standard()).await;
    let page = visitor.get(&format!("/findings/{ID}")).await.text();
    assert!(page.contains("<h2>同一推广活动") && page.contains("138****8000"), "{page}");
    let href = format!("/findings/{ID}/pictures/{PICTURE}");
    assert!(page.contains(&format!("<image href=\"{href}\"")), "{page}");
    let picture = visitor.get(&href).await;
    assert_eq!(picture.status, StatusCode::OK);
    let policy = picture.headers.get("content-security-policy").unwrap().to_str().unwrap().to_owned();
    assert!(policy.contains("sandbox"), "{policy}");
    assert_eq!(visitor.get(&format!("/findings/{ID}/pictures/other")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_party_shows_its_two_years_and_hostile_names_stay_words() {
    let visitor = log_in(standard()).await;
    let list = visitor.get("/parties").await.text();
    let href = list.split("href=\"/parties/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = visitor.get(&format!("/parties/{href}")).await.text();
    assert!(page.contains("《广告法》第五十五条") && page.contains(&format!("/findings/{ID}")), "{page}");
    assert!(!page.contains("<b>公司") && !list.contains("<b>公司"), "{page}");
    let unknown: String = url::form_urlencoded::byte_serialize("无此公司".as_bytes()).collect();
    assert_eq!(visitor.get(&format!("/parties/{unknown}")).await.status, StatusCode::NOT_FOUND);
}
