//! Reading campaigns and variants.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::domain::ad::{Ad, AdId};
use crate::domain::campaign::{CampaignId, Tie, TieKind};
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::office::Scope;
use crate::kit::clock::UnixMs;
use crate::store::batch::placeholders;
use crate::store::error::Doing as _;
use crate::store::row::{bad_row, column, count, named, parsed, plain, time};
use crate::store::{Db, Result, ad};

/// Members and links of one campaign that are read at most.
const MAX_MEMBERS: u32 = 500;
const MAX_LINKS: u32 = 2_000;

/// A campaign in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignLine {
    /// Its name.
    pub id: CampaignId,
    /// How many ads are in it.
    pub n_ads: u64,
    /// When its first two ads were linked.
    pub created_at: UnixMs,
    /// When an ad last joined.
    pub updated_at: UnixMs,
    /// Findings on which a person has not decided.
    pub n_pending: u64,
    /// Findings that a person found 涉嫌违法.
    pub n_accepted: u64,
    /// Findings that a person dismissed.
    pub n_dismissed: u64,
}

/// One ad of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberLine {
    /// The ad.
    pub ad: Ad,
    /// Its finding, or the one of which it is a variant.
    pub finding: Option<(FindingId, FindingState)>,
    /// Whether it is a variant of that finding's ad.
    pub is_variant: bool,
}

/// Why an ad belongs to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkLine {
    /// The ad that was added.
    pub ad: AdId,
    /// The ad it was linked to.
    pub other: AdId,
    /// What they have in common.
    pub tie: Tie,
    /// When.
    pub at: UnixMs,
}

/// What ads of a campaign have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TieLine {
    /// The thing.
    pub tie: Tie,
    /// How many ads of the campaign have it.
    pub n_ads: u64,
}

/// Everything about one campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignFile {
    /// The campaign.
    pub line: CampaignLine,
    /// Its ads in the order in which they joined, at most 500.
    pub members: Vec<MemberLine>,
    /// Every link, oldest first, at most 2000.
    pub links: Vec<LinkLine>,
    /// What holds it together, the most shared first.
    pub ties: Vec<TieLine>,
}

/// An ad that says the same as a finding's but for small edits.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantLine {
    /// The ad.
    pub ad: Ad,
    /// When it was recognized.
    pub at: UnixMs,
}

/// A campaign; `{scope}` becomes the offices whose findings are counted.
const LINE: &str = "select c.id, c.n_ads, c.created_at, c.updated_at, \
    (select count(*) from campaign_member m join finding f on f.ad_id = m.ad_id \
     where m.campaign_id = c.id and f.state not in ('accepted', 'dismissed') {scope}), \
    (select count(*) from campaign_member m join finding f on f.ad_id = m.ad_id \
     where m.campaign_id = c.id and f.state = 'accepted' {scope}), \
    (select count(*) from campaign_member m join finding f on f.ad_id = m.ad_id \
     where m.campaign_id = c.id and f.state = 'dismissed' {scope}) from campaign c";

impl Db {
    /// At most `limit` campaigns with a finding of these offices, those with the most ads first.
    pub async fn campaigns(&self, scope: &Scope, limit: u32) -> Result<Vec<CampaignLine>> {
        let (of_offices, offices) = match scope {
            Scope::Everything => (String::new(), Vec::new()),
            Scope::Offices(offices) => (
                format!("and f.office in ({})", placeholders(2, offices.len())),
                offices.iter().map(|office| plain(office.as_str())).collect(),
            ),
        };
        let seen = match scope {
            Scope::Everything => "",
            Scope::Offices(_) => {
                "and exists (select 1 from campaign_member m join finding f on f.ad_id = m.ad_id \
                 where m.campaign_id = c.id {scope})"
            }
        };
        let sql = format!(
            "{LINE} where c.merged_into is null and c.n_ads > 1 {seen} order by c.n_ads desc, c.id limit $1"
        );
        let mut query =
            sqlx::query(AssertSqlSafe(sql.replace("{scope}", &of_offices))).bind(i64::from(limit));
        for office in offices {
            query = query.bind(office);
        }
        query.fetch_all(self.pool()).await.doing("list campaigns")?.iter().map(line).collect()
    }

    /// The campaign of an ad; an ad that is linked to no other has none.
    pub async fn campaign_of(&self, id: &AdId) -> Result<Option<CampaignId>> {
        let id: Option<String> =
            sqlx::query_scalar("select campaign_id from campaign_member where ad_id = $1")
                .bind(id.as_str())
                .fetch_optional(self.pool())
                .await
                .doing("look up the campaign of an ad")?;
        id.map(|id| parsed("campaign", &id, CampaignId::parse)).transpose()
    }

    /// Everything about the campaign of this name, or about the one that took its ads.
    pub async fn campaign(&self, id: &CampaignId) -> Result<Option<CampaignFile>> {
        let mut name = id.to_string();
        // A chain of merges ends, because a campaign is only ever merged into one that is not merged.
        for _ in 0..64 {
            let row = sqlx::query("select merged_into from campaign where id = $1")
                .bind(name.as_str())
                .fetch_optional(self.pool())
                .await
                .doing("read a campaign")?;
            let Some(row) = row else { return Ok(None) };
            match column::<Option<String>>(&row, 0)? {
                Some(next) => name = next,
                None => break,
            }
        }
        let row = sqlx::query(AssertSqlSafe(format!("{} where c.id = $1", LINE.replace("{scope}", ""))))
            .bind(name.as_str())
            .fetch_optional(self.pool())
            .await
            .doing("read a campaign")?;
        let Some(row) = row else { return Ok(None) };
        let line = line(&row)?;
        let (members, links) = (self.members(&name).await?, self.links(&name).await?);
        Ok(Some(CampaignFile { line, members, links, ties: self.ties(&name).await? }))
    }

    /// At most `limit` variants of a finding, latest first, and how many there are with all their sightings.
    pub async fn variants(&self, id: &FindingId, limit: u32) -> Result<(Vec<VariantLine>, u64, u64)> {
        let sql = format!(
            "select {}, v.at from variant v join ad a on a.id = v.ad_id where v.finding_id = $1 \
             order by v.at desc, a.id limit $2",
            ad::COLUMNS
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(id.as_str())
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await
            .doing("list variants")?;
        let listed = rows
            .iter()
            .map(|row| Ok(VariantLine { ad: ad::ad_of(row, 0)?, at: time(row, 5)? }))
            .collect::<Result<_>>()?;
        let row = sqlx::query(
            "select count(*), cast(coalesce(sum(a.n_sightings), 0) as bigint) from variant v join ad a on a.id = v.ad_id \
             where v.finding_id = $1",
        )
        .bind(id.as_str())
        .fetch_one(self.pool())
        .await
        .doing("count variants")?;
        Ok((listed, count(&row, 0)?, count(&row, 1)?))
    }

    async fn members(&self, campaign: &str) -> Result<Vec<MemberLine>> {
        let sql = format!(
            "select {}, f.id, f.state, v.finding_id, o.state from campaign_member m join ad a on a.id = m.ad_id \
             left join finding f on f.ad_id = a.id left join variant v on v.ad_id = a.id \
             left join finding o on o.id = v.finding_id \
             where m.campaign_id = $1 order by m.joined_at, a.id limit $2",
            ad::COLUMNS
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(campaign)
            .bind(i64::from(MAX_MEMBERS))
            .fetch_all(self.pool())
            .await
            .doing("list the ads of a campaign")?;
        let finding = |row: &AnyRow, at: usize| -> Result<Option<(FindingId, FindingState)>> {
            let (Some(id), Some(state)) =
                (column::<Option<String>>(row, at)?, column::<Option<String>>(row, at + 1)?)
            else {
                return Ok(None);
            };
            let state = named("finding", &state, FindingState::parse)?;
            Ok(Some((parsed("finding", &id, FindingId::parse)?, state)))
        };
        rows.iter()
            .map(|row| {
                let (own, of) = (finding(row, 5)?, finding(row, 7)?);
                let is_variant = own.is_none() && of.is_some();
                Ok(MemberLine { ad: ad::ad_of(row, 0)?, finding: own.or(of), is_variant })
            })
            .collect()
    }

    async fn links(&self, campaign: &str) -> Result<Vec<LinkLine>> {
        let rows = sqlx::query(
            "select l.ad_id, l.other_id, l.kind, l.value, l.at from campaign_link l \
             join campaign_member m on m.ad_id = l.ad_id where m.campaign_id = $1 \
             order by l.at, l.ad_id, l.kind, l.value limit $2",
        )
        .bind(campaign)
        .bind(i64::from(MAX_LINKS))
        .fetch_all(self.pool())
        .await
        .doing("list the links of a campaign")?;
        rows.iter()
            .map(|row| {
                Ok(LinkLine {
                    ad: parsed("campaign_link", &column::<String>(row, 0)?, AdId::parse)?,
                    other: parsed("campaign_link", &column::<String>(row, 1)?, AdId::parse)?,
                    tie: tie(row, 2)?,
                    at: time(row, 4)?,
                })
            })
            .collect()
    }

    async fn ties(&self, campaign: &str) -> Result<Vec<TieLine>> {
        let rows = sqlx::query(
            "select l.kind, l.value, count(*) from campaign_link l join campaign_member m on m.ad_id = l.ad_id \
             where m.campaign_id = $1 group by l.kind, l.value order by count(*) desc, l.kind, l.value limit 100",
        )
        .bind(campaign)
        .fetch_all(self.pool())
        .await
        .doing("count what holds a campaign together")?;
        // The ad that had it first is linked to by the others.
        rows.iter().map(|row| Ok(TieLine { tie: tie(row, 0)?, n_ads: count(row, 2)? + 1 })).collect()
    }
}

fn line(row: &AnyRow) -> Result<CampaignLine> {
    Ok(CampaignLine {
        id: parsed("campaign", &column::<String>(row, 0)?, CampaignId::parse)?,
        n_ads: count(row, 1)?,
        created_at: time(row, 2)?,
        updated_at: time(row, 3)?,
        n_pending: count(row, 4)?,
        n_accepted: count(row, 5)?,
        n_dismissed: count(row, 6)?,
    })
}

fn tie(row: &AnyRow, at: usize) -> Result<Tie> {
    let kind: String = column(row, at)?;
    let known = TieKind::parse(&kind).ok_or_else(|| bad_row("tie", &kind, "the kind is not known"))?;
    Ok(Tie { kind: known, value: column(row, at + 1)? })
}
