//! Use cases of grouping: what makes an ad comparable with others, campaigns, and parties over two years.

use std::collections::BTreeSet;

use crate::domain::ad::{AdDraft, AdId, AdKind};
use crate::domain::campaign::{CampaignId, Tie, TieKind};
use crate::domain::finding::FindingId;
use crate::domain::office::Scope;
use crate::domain::party::{Contact, ContactKind};
use crate::domain::picture::PictureReading;
use crate::domain::user::Actor;
use crate::group::campaign::ties_of_contacts;
use crate::group::image::ImageHash;
use crate::group::near_text::Signature;
use crate::store::group::Marks;
use crate::store::page::SeenAd;

use super::App;
use super::crawl::url_host;
use super::error::{Error, Result};
use super::matter::{MAX_ADS, Repeat};

pub use crate::store::group::{CampaignFile, CampaignLine, LinkLine, MemberLine, TieLine, VariantLine};
pub use crate::store::party::PartyLine;

/// Variants of a finding that a page lists.
const MAX_VARIANTS: u32 = 20;

/// A party and what was decided about its ads within two years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyView {
    /// The party.
    pub line: PartyLine,
    /// What counts towards the numbers of the law, and its leads.
    pub repeat: Repeat,
}

/// Variants of a finding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variants {
    /// The latest, at most 20.
    pub listed: Vec<VariantLine>,
    /// How many there are.
    pub n_ads: u64,
    /// How often they were seen in all.
    pub n_sightings: u64,
}

impl App {
    /// At most `limit` campaigns in which the actor sees a finding, those with the most ads first.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn campaigns(&self, actor: &Actor, limit: u32) -> Result<Vec<CampaignLine>> {
        let scope = self.registry.scope(actor).await?;
        Ok(self.store.campaigns(&scope, limit).await?)
    }

    /// One campaign with its ads and the reason of every link. Ads whose finding the actor does not see are not in it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn campaign(&self, actor: &Actor, id: &CampaignId) -> Result<CampaignFile> {
        let found = self.store.campaign(id).await?;
        let found = match found {
            Some(found) => self.as_seen(actor, found).await?,
            None => None,
        };
        found.ok_or_else(|| Error::NotFound { kind: "campaign", id: id.to_string() })
    }

    /// The campaign of an ad as the actor sees it; `None` when it is linked to no other.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn campaign_of(&self, actor: &Actor, ad: &AdId) -> Result<Option<CampaignFile>> {
        let Some(id) = self.store.campaign_of(ad).await? else { return Ok(None) };
        match self.store.campaign(&id).await? {
            Some(found) => self.as_seen(actor, found).await,
            None => Ok(None),
        }
    }

    /// A campaign without what belongs to other offices; `None` when nothing is left.
    async fn as_seen(&self, actor: &Actor, mut file: CampaignFile) -> Result<Option<CampaignFile>> {
        let scope = self.registry.scope(actor).await?;
        if scope == Scope::Everything {
            return Ok(Some(file));
        }
        let named = |member: &MemberLine| member.finding.as_ref().map(|(id, _)| id.clone());
        let ids: Vec<FindingId> = file.members.iter().filter_map(named).collect();
        let offices = self.store.offices_of_findings(&ids.iter().collect::<Vec<_>>()).await?;
        file.members.retain(|member| named(member).is_some_and(|finding| scope.holds(offices.get(&finding))));
        let seen: BTreeSet<&AdId> = file.members.iter().map(|member| &member.ad.id).collect();
        file.links.retain(|link| seen.contains(&link.ad));
        let ties: BTreeSet<&Tie> = file.links.iter().map(|link| &link.tie).collect();
        file.ties.retain(|line| ties.contains(&line.tie));
        Ok((!file.members.is_empty()).then_some(file))
    }

    /// Ads that say the same as the ad of a finding but for small edits.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn variants(&self, id: &FindingId) -> Result<Variants> {
        let (listed, n_ads, n_sightings) = self.store.variants(id, MAX_VARIANTS).await?;
        Ok(Variants { listed, n_ads, n_sightings })
    }

    /// At most `limit` parties that flagged ads name, those with the most accepted findings first.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn parties(&self, limit: u32) -> Result<Vec<PartyLine>> {
        Ok(self.store.parties(limit).await?)
    }

    /// One party with what was decided about its ads, and penalties on record here, in the two years before now.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn party(&self, name: &str) -> Result<PartyView> {
        let line = self.store.party(name).await?;
        let line = line.ok_or_else(|| Error::NotFound { kind: "party", id: name.to_owned() })?;
        let ads = self.store.ads_of_party(name, MAX_ADS).await?;
        let repeat = self.history(line.name.clone(), &ads, None).await?;
        Ok(PartyView { line, repeat })
    }

    /// The parties that the ads of a campaign name.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn parties_of_campaign(&self, id: &CampaignId) -> Result<Vec<PartyView>> {
        let mut views = Vec::new();
        for name in self.store.parties_of_campaign(id).await? {
            views.push(self.party(&name).await?);
        }
        Ok(views)
    }

    /// What makes a flagged ad comparable with others.
    pub(super) fn marks(&self, draft: &AdDraft, contacts: &[Contact], page_url: &str) -> Marks {
        let mut ties: BTreeSet<Tie> = ties_of_contacts(contacts);
        // Links to the site on which it stands say nothing of who advertises; behind an ad, the site is the advertiser's.
        let own_host = url_host(page_url).filter(|_| draft.kind != AdKind::Landing);
        ties.retain(|tie| {
            tie.kind != TieKind::Contact(ContactKind::Host) || Some(&tie.value) != own_host.as_ref()
        });
        let codes =
            draft.code_contents().map(|content| Tie { kind: TieKind::QrTarget, value: content.to_owned() });
        ties.extend(codes);
        if let (AdKind::Post, Some(publisher), Some(host)) =
            (draft.kind, &draft.publisher, url_host(page_url))
        {
            ties.insert(Tie { kind: TieKind::Account, value: format!("{host}:{publisher}") });
        }
        Marks {
            signature: Signature::of(self.contact_finder.normalizer(), &draft.text),
            ties,
            looks: Vec::new(),
            parties: self.contact_finder.parties(draft, contacts),
        }
    }
}

/// An ad that was seen, with its pictures.
pub(super) fn with_pictures(mut seen: SeenAd, pictures: &[(String, PictureReading)]) -> SeenAd {
    seen.pictures = pictures.iter().map(|(sha256, _)| sha256.clone()).collect();
    if seen.judgement.as_ref().is_some_and(|(assessment, _)| assessment.flagged) {
        let looks = pictures.iter().filter_map(|(_, reading)| reading.look.as_deref());
        seen.marks.looks =
            looks.filter_map(|look| u64::from_str_radix(look, 16).ok()).map(ImageHash).collect();
    }
    seen
}
