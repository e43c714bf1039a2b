//! What stands around a finding: its pictures with the words that hit, its variants, its campaign.

use crate::app::campaigns::{CampaignFile, LinkLine, MemberLine};
use crate::domain::ad::AdDraft;
use crate::domain::campaign::Tie;
use crate::domain::finding::FindingId;
use crate::domain::hit::Hit;
use crate::domain::picture::ReadAs;
use crate::kit::redact;
use crate::web::group_desk::Around;
use crate::web::lang::Lang;
use crate::web::page::{When, shorten, visible};

/// Ads of the campaign and reasons that the page of a finding lists.
const MAX_LISTED: usize = 12;
/// Characters of an ad's words in a list.
const WORDS_CHARS: usize = 60;

/// As the page shows it.
pub struct AroundShown {
    pub pictures: Vec<PictureShown>,
    pub n_variants: u64,
    pub n_variant_sightings: u64,
    pub variants: Vec<AdLine>,
    pub campaign: Option<CampaignShown>,
}

/// A picture, inert, with boxes where words hit.
pub struct PictureShown {
    pub href: String,
    pub width: u32,
    pub height: u32,
    pub boxes: Vec<BoxShown>,
    /// Who read it; empty while it waits.
    pub by: String,
    pub problems: Vec<String>,
}

/// A rectangle of the picture, in its pixels.
pub struct BoxShown {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    /// CSS class: `s1` to `s4`, `cleared`, or `code` for a code.
    pub class: String,
    /// The hit card it leads to; 0 for a code without a hit.
    pub card: usize,
    /// What is there.
    pub title: String,
}

/// An ad in a list.
pub struct AdLine {
    pub words: String,
    pub n_sightings: u64,
    pub at: When,
    /// Its finding, if it has one of its own or is a variant of one.
    pub finding: Option<String>,
    pub state: &'static str,
    pub is_variant: bool,
    pub why: Vec<String>,
}

/// The campaign of an ad.
pub struct CampaignShown {
    pub id: String,
    pub n_ads: u64,
    pub ties: Vec<TieShown>,
    pub ads: Vec<AdLine>,
}

/// What ads have in common.
pub struct TieShown {
    pub kind: &'static str,
    pub value: String,
    pub n_ads: u64,
}

/// Everything around the finding, contact points masked unless `revealed`.
pub fn shown(
    lang: Lang,
    id: &FindingId,
    draft: &AdDraft,
    hits: &[Hit],
    around: Around,
    revealed: bool,
) -> AroundShown {
    let pictures = around.pictures.iter().map(|(sha256, reading)| PictureShown {
        href: format!("/findings/{id}/pictures/{sha256}"),
        width: reading.width,
        height: reading.height,
        boxes: boxes(lang, draft, hits, sha256),
        by: reading.words_by.clone().unwrap_or_default(),
        problems: reading.problems.iter().map(|problem| visible(&problem.message)).collect(),
    });
    let variants = around.variants.listed.iter().map(|variant| AdLine {
        words: words(&variant.ad.draft.text, revealed),
        n_sightings: variant.ad.n_sightings,
        at: variant.at.into(),
        finding: None,
        state: "",
        is_variant: true,
        why: Vec::new(),
    });
    AroundShown {
        pictures: pictures.filter(|picture| picture.width > 0).collect(),
        n_variants: around.variants.n_ads,
        n_variant_sightings: around.variants.n_sightings,
        variants: variants.collect(),
        campaign: around.campaign.map(|file| campaign(lang, id, &file, revealed)),
    }
}

fn campaign(lang: Lang, own: &FindingId, file: &CampaignFile, revealed: bool) -> CampaignShown {
    let others = file.members.iter().filter(|member| member.finding.as_ref().is_none_or(|(id, _)| id != own));
    CampaignShown {
        id: file.line.id.to_string(),
        n_ads: file.line.n_ads,
        ties: ties(lang, file, revealed).into_iter().take(MAX_LISTED).collect(),
        ads: others.take(MAX_LISTED).map(|member| ad_line(lang, member, &file.links, revealed)).collect(),
    }
}

/// What holds a campaign together.
pub fn ties(lang: Lang, file: &CampaignFile, revealed: bool) -> Vec<TieShown> {
    let tie = |line: &crate::app::campaigns::TieLine| {
        let (kind, value) = tie_words(lang, &line.tie, revealed);
        TieShown { kind, value, n_ads: line.n_ads }
    };
    file.ties.iter().map(tie).collect()
}

/// An ad of a campaign with the reasons why it is in it.
pub fn ad_line(lang: Lang, member: &MemberLine, links: &[LinkLine], revealed: bool) -> AdLine {
    let why = links.iter().filter(|link| link.ad == member.ad.id || link.other == member.ad.id);
    let mut why: Vec<String> = why
        .map(|link| {
            let (kind, value) = tie_words(lang, &link.tie, revealed);
            format!("{kind} {value}")
        })
        .collect();
    why.sort();
    why.dedup();
    why.truncate(MAX_LISTED);
    AdLine {
        words: words(&member.ad.draft.text, revealed),
        n_sightings: member.ad.n_sightings,
        at: member.ad.last_seen_at.into(),
        finding: member.finding.as_ref().map(|(id, _)| id.to_string()),
        state: member.finding.as_ref().map_or("", |(_, state)| lang.of(state.label())),
        is_variant: member.is_variant,
        why,
    }
}

fn tie_words(lang: Lang, tie: &Tie, revealed: bool) -> (&'static str, String) {
    let value = if revealed { tie.value.clone() } else { tie.masked() };
    (lang.of(tie.kind.label()), shorten(&visible(&value), 80))
}

fn words(text: &str, revealed: bool) -> String {
    let text = shorten(&visible(text), WORDS_CHARS);
    if revealed { text } else { redact::text(&text) }
}

/// Where hits and codes lie in one picture.
fn boxes(lang: Lang, draft: &AdDraft, hits: &[Hit], sha256: &str) -> Vec<BoxShown> {
    let mut boxes = Vec::new();
    for part in draft.derived.iter().filter(|part| part.picture == sha256) {
        let mut of_hits = hits.iter().enumerate().flat_map(|(at, hit)| {
            part.areas(hit.span).into_iter().map(move |area| BoxShown {
                x: area.x,
                y: area.y,
                width: area.width,
                height: area.height,
                class: super::class(hit),
                card: at + 1,
                title: visible(&hit.normalized),
            })
        });
        let first = of_hits.next();
        let is_code = part.role != ReadAs::Words;
        if first.is_none() && is_code {
            let area = part.pieces[0].area;
            boxes.push(BoxShown {
                x: area.x,
                y: area.y,
                width: area.width,
                height: area.height,
                class: "code".to_owned(),
                card: 0,
                title: lang.of(part.role.label()).to_owned(),
            });
        }
        boxes.extend(first.into_iter().chain(of_hits));
    }
    boxes
}
