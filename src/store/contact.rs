//! 联系方式 of flagged ads. They are written by [`super::page`] when a finding is made.

use sqlx::AssertSqlSafe;

use super::batch::{MAX_ROWS, tuples};
use super::error::Doing as _;
use super::page::SeenAd;
use super::pool::Tx;
use super::row::{column, count, json, parse_json, parsed, plain};
use super::{Db, Result};
use crate::domain::ad::AdId;
use crate::domain::party::{Contact, ContactKind};

/// Contacts of one ad that are kept at most: a list of customers is no contact of the advertiser.
const MAX_PER_AD: usize = 100;

/// Bytes of a value that an index of either engine takes without question.
const MAX_VALUE_BYTES: usize = 500;

/// A contact with how far it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedContact {
    /// The contact, in the words of this ad.
    pub contact: Contact,
    /// How many ads show it, this one included.
    pub n_ads: u64,
}

impl Db {
    /// Contacts of an ad in the order of its words, each with the number of ads that show it.
    pub async fn contacts(&self, ad: &AdId) -> Result<Vec<ListedContact>> {
        let rows = sqlx::query(
            "select c.detail, (select count(distinct o.ad_id) from contact o where o.kind = c.kind \
             and o.value = c.value) from contact c where c.ad_id = $1 order by c.ordinal",
        )
        .bind(ad.as_str())
        .fetch_all(self.pool())
        .await
        .doing("read contacts")?;
        rows.iter()
            .map(|row| {
                let detail: String = column(row, 0)?;
                Ok(ListedContact {
                    contact: parse_json("contact", ad.as_str(), &detail)?,
                    n_ads: count(row, 1)?,
                })
            })
            .collect()
    }

    /// Ads that show this contact, in the order of their names, at most `limit`.
    pub async fn ads_with_contact(&self, kind: ContactKind, value: &str, limit: u32) -> Result<Vec<AdId>> {
        let rows = sqlx::query(
            "select distinct ad_id from contact where kind = $1 and value = $2 order by ad_id limit $3",
        )
        .bind(kind.as_str())
        .bind(plain(value))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .doing("look up a contact")?;
        rows.iter().map(|row| parsed("contact", &column::<String>(row, 0)?, AdId::parse)).collect()
    }
}

/// Writes the contacts of ads whose finding is new. What is there already stays.
pub(super) async fn insert(tx: &mut Tx, ads: &[&SeenAd]) -> Result<()> {
    let rows: Vec<(&AdId, usize, &Contact)> = ads
        .iter()
        .flat_map(|seen| {
            let kept = seen.contacts.iter().filter(|contact| contact.value.len() <= MAX_VALUE_BYTES);
            kept.take(MAX_PER_AD).enumerate().map(|(ordinal, contact)| (&seen.id, ordinal, contact))
        })
        .collect();
    for chunk in rows.chunks(MAX_ROWS) {
        let sql = format!(
            "insert into contact (ad_id, ordinal, kind, value, certainty, detail) values {} \
             on conflict (ad_id, ordinal) do nothing",
            tuples(chunk.len(), 6),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (ad, ordinal, contact) in chunk {
            query = query
                .bind(ad.as_str())
                .bind(i64::try_from(*ordinal).unwrap_or(i64::MAX))
                .bind(contact.kind.as_str())
                .bind(plain(&contact.value))
                .bind(contact.certainty.as_str())
                .bind(json("contact", ad.as_str(), contact)?);
        }
        query.execute(tx.conn()).await.doing("record contacts")?;
    }
    Ok(())
}
