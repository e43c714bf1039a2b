//! 当事人 of flagged ads, and what was decided about their ads.

use sqlx::AssertSqlSafe;

use super::batch::{MAX_ROWS, tuples};
use super::error::Doing as _;
use super::page::SeenAd;
use super::pool::Tx;
use super::row::{column, count, parsed, plain, time};
use super::{Db, Result};
use crate::domain::ad::AdId;
use crate::domain::campaign::CampaignId;
use crate::domain::party::Party;
use crate::kit::clock::UnixMs;

/// Parties of one ad that are kept at most, and bytes of a name that an index takes without question.
const MAX_PER_AD: usize = 20;
const MAX_NAME_BYTES: usize = 300;

/// A party in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyLine {
    /// Its name, as companies are compared.
    pub name: String,
    /// A credit code printed beside it, if any.
    pub credit_code: Option<String>,
    /// Flagged ads that name it.
    pub n_ads: u64,
    /// Findings about them that are accepted now.
    pub n_accepted: u64,
    /// When one of them was last seen.
    pub last_seen_at: UnixMs,
}

impl Db {
    /// At most `limit` parties: those with the most accepted findings first, then those with the most ads.
    pub async fn parties(&self, limit: u32) -> Result<Vec<PartyLine>> {
        self.party_lines("", None, limit).await
    }

    /// The party of this name.
    pub async fn party(&self, name: &str) -> Result<Option<PartyLine>> {
        Ok(self.party_lines("where p.name = $2", Some(name), 1).await?.pop())
    }

    /// At most `limit` flagged ads that name this party, the last seen first.
    pub async fn ads_of_party(&self, name: &str, limit: u32) -> Result<Vec<AdId>> {
        let ids: Vec<String> = sqlx::query_scalar(
            "select a.id from ad a where a.id in (select ad_id from ad_party where name = $1) \
             order by a.last_seen_at desc, a.id limit $2",
        )
        .bind(plain(name))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("list the ads of a party")?;
        ids.iter().map(|id| parsed("ad_party", id, AdId::parse)).collect()
    }

    /// Names of the parties that the ads of a campaign name, in their order.
    pub async fn parties_of_campaign(&self, id: &CampaignId) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "select distinct p.name from ad_party p join campaign_member m on m.ad_id = p.ad_id \
             where m.campaign_id = $1 order by p.name limit 50",
        )
        .bind(id.as_str())
        .fetch_all(self.pool())
        .await
        .doing("list the parties of a campaign")
    }

    async fn party_lines(&self, which: &str, name: Option<&str>, limit: u32) -> Result<Vec<PartyLine>> {
        let sql = format!(
            "select p.name, max(p.credit_code), count(distinct p.ad_id), \
             count(distinct case when f.state = 'accepted' then f.id end), max(a.last_seen_at) \
             from ad_party p join ad a on a.id = p.ad_id left join finding f on f.ad_id = p.ad_id {which} \
             group by p.name order by 4 desc, 3 desc, p.name limit $1"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(i64::from(limit));
        if let Some(name) = name {
            query = query.bind(plain(name));
        }
        let rows = query.fetch_all(self.pool()).await.doing("list parties")?;
        rows.iter()
            .map(|row| {
                Ok(PartyLine {
                    name: column(row, 0)?,
                    credit_code: column(row, 1)?,
                    n_ads: count(row, 2)?,
                    n_accepted: count(row, 3)?,
                    last_seen_at: time(row, 4)?,
                })
            })
            .collect()
    }
}

/// Writes the parties of flagged ads. What is there already stays.
pub(super) async fn insert(tx: &mut Tx, ads: &[&SeenAd]) -> Result<()> {
    let rows: Vec<(&AdId, usize, &Party)> = ads
        .iter()
        .flat_map(|seen| {
            let kept =
                seen.marks.parties.iter().filter(|party| (1..=MAX_NAME_BYTES).contains(&party.name.len()));
            kept.take(MAX_PER_AD).enumerate().map(|(ordinal, party)| (&seen.id, ordinal, party))
        })
        .collect();
    for chunk in rows.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into ad_party (ad_id, ordinal, role, name, credit_code) values {} on conflict (ad_id, ordinal) do nothing",
            tuples(chunk.len(), 5),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (ad, ordinal, party) in chunk {
            query = query
                .bind(ad.as_str())
                .bind(i64::try_from(*ordinal).unwrap_or(i64::MAX))
                .bind(party.role.as_str())
                .bind(plain(&party.name))
                .bind(party.credit_code.as_deref());
        }
        query.execute(tx.conn()).await.doing("record parties")?;
    }
    Ok(())
}
