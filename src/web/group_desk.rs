//! What the pages ask about pictures and campaigns.

use futures::FutureExt as _;

use super::desk::Answer;
use crate::app::App;
use crate::app::campaigns::{CampaignFile, CampaignLine, PartyLine, PartyView, Variants};
use crate::domain::campaign::CampaignId;
use crate::domain::finding::FindingId;
use crate::domain::picture::PictureReading;
use crate::domain::user::Actor;

/// Campaigns and parties that a page lists.
const MAX_LISTED: u32 = 200;

/// What stands around a finding.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Its campaign, if it is linked to other ads.
    pub campaign: Option<CampaignFile>,
    /// Ads that say the same but for small edits.
    pub variants: Variants,
    /// Its pictures, by SHA-256, with what was read in each.
    pub pictures: Vec<(String, PictureReading)>,
}

/// The use cases of grouping behind the pages.
pub trait GroupDesk: Send + Sync {
    /// What stands around a finding.
    fn around<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, Around>;
    /// A picture of the ad of a finding, as a PNG of our own making.
    fn picture<'a>(&'a self, actor: &'a Actor, id: &'a FindingId, sha256: &'a str) -> Answer<'a, Vec<u8>>;
    /// Campaigns, the largest first.
    fn campaigns<'a>(&'a self, actor: &'a Actor) -> Answer<'a, Vec<CampaignLine>>;
    /// One campaign, and the parties that its ads name.
    fn campaign<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a CampaignId,
    ) -> Answer<'a, (CampaignFile, Vec<PartyView>)>;
    /// Parties that flagged ads name, those with the most accepted findings first.
    fn parties(&self) -> Answer<'_, Vec<PartyLine>>;
    /// One party and its two years.
    fn party<'a>(&'a self, name: &'a str) -> Answer<'a, PartyView>;
}

impl GroupDesk for App {
    fn around<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, Around> {
        async move {
            let ad = self.finding_for(actor, id).await?.ad.id;
            Ok(Around {
                campaign: self.campaign_of(actor, &ad).await?,
                variants: self.variants(id).await?,
                pictures: self.pictures_of(&ad).await?,
            })
        }
        .boxed()
    }

    fn picture<'a>(&'a self, actor: &'a Actor, id: &'a FindingId, sha256: &'a str) -> Answer<'a, Vec<u8>> {
        self.finding_picture(actor, id, sha256).boxed()
    }

    fn campaigns<'a>(&'a self, actor: &'a Actor) -> Answer<'a, Vec<CampaignLine>> {
        App::campaigns(self, actor, MAX_LISTED).boxed()
    }

    fn campaign<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a CampaignId,
    ) -> Answer<'a, (CampaignFile, Vec<PartyView>)> {
        async move {
            let file = App::campaign(self, actor, id).await?;
            let parties = self.parties_of_campaign(&file.line.id).await?;
            Ok((file, parties))
        }
        .boxed()
    }

    fn parties(&self) -> Answer<'_, Vec<PartyLine>> {
        App::parties(self, MAX_LISTED).boxed()
    }

    fn party<'a>(&'a self, name: &'a str) -> Answer<'a, PartyView> {
        App::party(self, name).boxed()
    }
}
