//! 串并: families of nearly the same words, variants of findings, and campaigns. What is alike is decided by the engines
//! of [`crate::group`]; here it is kept. One more ad costs more the more are known (docs/performance.md).

mod campaign;
mod family;
mod read;

use std::collections::BTreeSet;

use super::error::Doing as _;
use super::page::SeenAd;
use super::pool::Tx;
use super::{Result, party};
use crate::domain::ad::AdId;
use crate::domain::campaign::{Tie, TieKind};
use crate::domain::party::Party;
use crate::group::image::ImageHash;
use crate::group::near_text::Signature;
use crate::kit::clock::UnixMs;

pub use read::{CampaignFile, CampaignLine, LinkLine, MemberLine, TieLine, VariantLine};

/// What groups an ad with others; empty for ads that are not flagged.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// Its words.
    pub signature: Option<Signature>,
    /// What it may have in common with others.
    pub ties: BTreeSet<Tie>,
    /// What its pictures look like.
    pub looks: Vec<ImageHash>,
    /// Who stands behind it.
    pub parties: Vec<Party>,
}

/// Takes the one place at which families and campaigns grow, until the transaction ends.
pub(super) async fn lock(tx: &mut Tx) -> Result<()> {
    sqlx::query("update group_lock set n_taken = n_taken + 1 where id = 1")
        .execute(tx.conn())
        .await
        .doing("wait for other groupings")
        .map(drop)
}

/// Of flagged ads those that are variants of a finding: they get none of their own.
pub(super) async fn variants(tx: &mut Tx, ads: &[&SeenAd], now: UnixMs) -> Result<BTreeSet<AdId>> {
    let mut variants = BTreeSet::new();
    for seen in ads {
        if seen.marks.signature.is_some() && family::is_variant(tx, seen, now).await? {
            variants.insert(seen.id.clone());
        }
    }
    Ok(variants)
}

/// Puts flagged ads into their families and campaigns. An ad that is in its place already gets the links that are new.
pub(super) async fn link(tx: &mut Tx, ads: &[&SeenAd], now: UnixMs) -> Result<()> {
    for seen in ads {
        let family = family::place(tx, seen).await?;
        let mut ties = seen.marks.ties.clone();
        if let Some(family) = &family {
            ties.insert(Tie { kind: TieKind::TextFamily, value: family.clone() });
        }
        for look in &seen.marks.looks {
            ties.insert(Tie { kind: TieKind::Image, value: family::look(tx, *look).await? });
        }
        campaign::link(tx, &seen.id, family.as_deref(), &ties, now).await?;
    }
    party::insert(tx, ads).await
}
