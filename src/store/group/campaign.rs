//! Campaigns, grown one ad at a time; the steps are those of [`crate::group::campaign`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sqlx::AssertSqlSafe;

use crate::domain::ad::AdId;
use crate::domain::campaign::{CampaignId, Tie};
use crate::group::campaign::Limits;
use crate::kit::clock::UnixMs;
use crate::store::Result;
use crate::store::batch::{placeholders, tuples};
use crate::store::error::Doing as _;
use crate::store::pool::Tx;
use crate::store::row::{column, parsed, plain};

/// Bytes of a value that an index of either engine takes without question.
const MAX_VALUE_BYTES: usize = 500;

/// The limits that ship with the program; a test of `group::campaign` keeps them readable.
static LIMITS: LazyLock<Option<Limits>> = LazyLock::new(|| {
    Limits::embedded().inspect_err(|problem| tracing::error!("ads are not linked: {problem}")).ok()
});

/// What is known of a tie.
struct State {
    first_ad: String,
    n_families: i64,
}

/// Links an ad over its ties. Of a tie that becomes too common with it all links are taken back.
pub(super) async fn link(
    tx: &mut Tx,
    ad: &AdId,
    family: Option<&str>,
    ties: &BTreeSet<Tie>,
    now: UnixMs,
) -> Result<()> {
    let Some(limits) = LIMITS.as_ref() else { return Ok(()) };
    let ties: Vec<&Tie> =
        ties.iter().filter(|tie| limits.of(tie.kind) > 0 && tie.value.len() <= MAX_VALUE_BYTES).collect();
    if ties.is_empty() {
        return Ok(());
    }
    let mut states = states(tx, ad, &ties).await?;
    let open: Vec<&Tie> = ties.iter().copied().filter(|tie| states.contains_key(&named(tie))).collect();
    if open.is_empty() {
        return Ok(());
    }
    for grown in count_family(tx, family.unwrap_or(ad.as_str()), &open).await? {
        if let Some(state) = states.get_mut(&grown) {
            state.n_families += 1;
        }
    }
    let mut linked = Vec::new();
    for tie in open {
        let Some(state) = states.get(&named(tie)) else { continue };
        if state.n_families > i64::try_from(limits.of(tie.kind)).unwrap_or(i64::MAX) {
            retire(tx, tie, now).await?;
        } else if state.first_ad != ad.as_str() {
            linked.push((tie, state.first_ad.clone()));
        }
    }
    let others = insert_links(tx, ad, &linked, now).await?;
    if others.is_empty() { Ok(()) } else { join(tx, ad, &others, now).await }
}

/// The state of each tie that is not too common; ties that are new begin with this ad.
async fn states(tx: &mut Tx, ad: &AdId, ties: &[&Tie]) -> Result<BTreeMap<(String, String), State>> {
    let sql = format!(
        "insert into tie (kind, value, first_ad, n_families, is_common) values {} on conflict (kind, value) do nothing",
        tuples(ties.len(), 5),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for tie in ties {
        let (kind, value) = key(tie);
        query = query.bind(kind).bind(value).bind(ad.as_str()).bind(0_i64).bind(0_i64);
    }
    query.execute(tx.conn()).await.doing("record ties")?;
    let sql = format!(
        "select kind, value, first_ad, n_families from tie where is_common = 0 and {}",
        one_of(ties.len(), 1),
    );
    let mut states = BTreeMap::new();
    for row in bound(sqlx::query(AssertSqlSafe(sql)), ties).fetch_all(tx.conn()).await.doing("read ties")? {
        let state = State { first_ad: column(&row, 2)?, n_families: column(&row, 3)? };
        states.insert((column(&row, 0)?, column(&row, 1)?), state);
    }
    Ok(states)
}

/// Counts a family with each tie that was not in it yet; gives those ties.
async fn count_family(tx: &mut Tx, family: &str, ties: &[&Tie]) -> Result<Vec<(String, String)>> {
    let sql = format!(
        "insert into tie_family (kind, value, family) values {} on conflict (kind, value, family) do nothing \
         returning kind, value",
        tuples(ties.len(), 3),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for tie in ties {
        let (kind, value) = key(tie);
        query = query.bind(kind).bind(value).bind(family);
    }
    let rows = query.fetch_all(tx.conn()).await.doing("count families of ties")?;
    let grown: Vec<(String, String)> =
        rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect::<Result<_>>()?;
    if grown.is_empty() {
        return Ok(grown);
    }
    let sql = format!("update tie set n_families = n_families + 1 where {}", one_of(grown.len(), 1));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (kind, value) in &grown {
        query = query.bind(kind.as_str()).bind(value.as_str());
    }
    query.execute(tx.conn()).await.doing("count families of ties")?;
    Ok(grown)
}

/// Writes links; gives the ads of those that are new.
async fn insert_links(
    tx: &mut Tx,
    ad: &AdId,
    linked: &[(&Tie, String)],
    now: UnixMs,
) -> Result<BTreeSet<String>> {
    if linked.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = format!(
        "insert into campaign_link (ad_id, other_id, kind, value, at) values {} on conflict (ad_id, kind, value) do nothing \
         returning other_id",
        tuples(linked.len(), 5),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (tie, other) in linked {
        let (kind, value) = key(tie);
        query = query.bind(ad.as_str()).bind(other.as_str()).bind(kind).bind(value).bind(now.0);
    }
    let rows = query.fetch_all(tx.conn()).await.doing("link ads")?;
    rows.iter().map(|row| column(row, 0)).collect()
}

/// Brings an ad and those it is linked to into one campaign: the largest of theirs, else a new one.
async fn join(tx: &mut Tx, ad: &AdId, others: &BTreeSet<String>, now: UnixMs) -> Result<()> {
    let mut ads: BTreeSet<String> = others.clone();
    ads.insert(ad.to_string());
    let sql = format!(
        "select m.ad_id, c.id, c.n_ads, c.created_at from campaign_member m join campaign c on c.id = m.campaign_id \
         where m.ad_id in ({})",
        placeholders(1, ads.len()),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for ad in &ads {
        query = query.bind(ad.as_str());
    }
    let mut campaigns: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for row in query.fetch_all(tx.conn()).await.doing("look for campaigns")? {
        ads.remove(&column::<String>(&row, 0)?);
        campaigns.insert(column(&row, 1)?, (column(&row, 2)?, column(&row, 3)?));
    }
    let largest = campaigns
        .iter()
        .max_by_key(|(id, (n_ads, created_at))| {
            (*n_ads, std::cmp::Reverse(*created_at), std::cmp::Reverse(*id))
        })
        .map(|(id, _)| id.clone());
    let target = match largest {
        Some(id) => id,
        None => {
            // Named by the ad that was there first.
            let first = others.first().map_or(ad.as_str(), String::as_str);
            begin(tx, first, now).await?
        }
    };
    let mut n_joined = i64::try_from(ads.len()).unwrap_or(i64::MAX);
    for (id, (n_ads, _)) in campaigns.iter().filter(|(id, _)| **id != target) {
        n_joined += n_ads;
        for sql in [
            "update campaign_member set campaign_id = $1 where campaign_id = $2",
            "update campaign set merged_into = $1, n_ads = 0 where id = $2",
        ] {
            sqlx::query(sql)
                .bind(target.as_str())
                .bind(id.as_str())
                .execute(tx.conn())
                .await
                .doing("join campaigns")?;
        }
    }
    add_members(tx, &target, &ads, now).await?;
    grow(tx, &target, n_joined, now).await
}

async fn begin(tx: &mut Tx, first: &str, now: UnixMs) -> Result<String> {
    let id = CampaignId::of(&parsed("ad", first, AdId::parse)?).to_string();
    sqlx::query(
        "insert into campaign (id, n_ads, created_at, updated_at) values ($1, 0, $2, $2) \
         on conflict (id) do update set merged_into = null, n_ads = 0, updated_at = excluded.updated_at",
    )
    .bind(id.as_str())
    .bind(now.0)
    .execute(tx.conn())
    .await
    .doing("begin a campaign")?;
    Ok(id)
}

async fn add_members(tx: &mut Tx, campaign: &str, ads: &BTreeSet<String>, now: UnixMs) -> Result<()> {
    let ads: Vec<&String> = ads.iter().collect();
    for chunk in ads.chunks(500) {
        let sql = format!(
            "insert into campaign_member (ad_id, campaign_id, joined_at) values {} \
             on conflict (ad_id) do update set campaign_id = excluded.campaign_id",
            tuples(chunk.len(), 3),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for ad in chunk {
            query = query.bind(ad.as_str()).bind(campaign).bind(now.0);
        }
        query.execute(tx.conn()).await.doing("join a campaign")?;
    }
    Ok(())
}

async fn grow(tx: &mut Tx, campaign: &str, n_more: i64, now: UnixMs) -> Result<()> {
    sqlx::query("update campaign set n_ads = n_ads + $1, updated_at = $2 where id = $3")
        .bind(n_more)
        .bind(now.0)
        .bind(campaign)
        .execute(tx.conn())
        .await
        .doing("count a campaign")
        .map(drop)
}

/// Takes every link over a tie back and takes campaigns apart where nothing else holds them. This happens once per tie.
async fn retire(tx: &mut Tx, tie: &Tie, now: UnixMs) -> Result<()> {
    let (kind, value) = key(tie);
    let campaigns: Vec<String> = sqlx::query_scalar(
        "select distinct m.campaign_id from campaign_link l join campaign_member m on m.ad_id = l.ad_id \
         where l.kind = $1 and l.value = $2 order by m.campaign_id",
    )
    .bind(kind)
    .bind(value.as_str())
    .fetch_all(tx.conn())
    .await
    .doing("look for campaigns over a tie")?;
    for sql in [
        "update tie set is_common = 1 where kind = $1 and value = $2",
        "delete from tie_family where kind = $1 and value = $2",
        "delete from campaign_link where kind = $1 and value = $2",
    ] {
        sqlx::query(sql).bind(kind).bind(value.as_str()).execute(tx.conn()).await.doing("retire a tie")?;
    }
    for campaign in campaigns {
        take_apart(tx, &campaign, now).await?;
    }
    Ok(())
}

async fn take_apart(tx: &mut Tx, campaign: &str, now: UnixMs) -> Result<()> {
    let members: Vec<String> = sqlx::query_scalar(
        "select ad_id from campaign_member where campaign_id = $1 order by joined_at, ad_id",
    )
    .bind(campaign)
    .fetch_all(tx.conn())
    .await
    .doing("read a campaign")?;
    let rows = sqlx::query(
        "select l.ad_id, l.other_id from campaign_link l join campaign_member m on m.ad_id = l.ad_id \
         where m.campaign_id = $1",
    )
    .bind(campaign)
    .fetch_all(tx.conn())
    .await
    .doing("read the links of a campaign")?;
    let links: Vec<(String, String)> =
        rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect::<Result<_>>()?;
    let mut parts = connected(&members, &links);
    // The largest part keeps the name.
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let kept = parts.first().filter(|part| part.len() > 1).map_or(0, Vec::len);
    for (at, part) in parts.iter().enumerate() {
        if at == 0 && kept > 0 {
            continue;
        }
        for ad in part {
            sqlx::query("delete from campaign_member where ad_id = $1")
                .bind(ad.as_str())
                .execute(tx.conn())
                .await
                .doing("take a campaign apart")?;
        }
        if let [first, _, ..] = part.as_slice() {
            let id = begin(tx, first, now).await?;
            add_members(tx, &id, &part.iter().cloned().collect(), now).await?;
            grow(tx, &id, i64::try_from(part.len()).unwrap_or(i64::MAX), now).await?;
        }
    }
    sqlx::query("update campaign set n_ads = $1, updated_at = $2 where id = $3")
        .bind(i64::try_from(kept).unwrap_or(i64::MAX))
        .bind(now.0)
        .bind(campaign)
        .execute(tx.conn())
        .await
        .doing("count a campaign")
        .map(drop)
}

/// The parts that links hold together, each in the order of `members`.
fn connected(members: &[String], links: &[(String, String)]) -> Vec<Vec<String>> {
    let place: BTreeMap<&str, usize> = members.iter().enumerate().map(|(at, ad)| (ad.as_str(), at)).collect();
    let mut root: Vec<usize> = (0..members.len()).collect();
    fn find(root: &mut [usize], mut at: usize) -> usize {
        while root[at] != at {
            root[at] = root[root[at]];
            at = root[at];
        }
        at
    }
    for (one, other) in links {
        if let (Some(one), Some(other)) = (place.get(one.as_str()), place.get(other.as_str())) {
            let (one, other) = (find(&mut root, *one), find(&mut root, *other));
            root[one.max(other)] = one.min(other);
        }
    }
    let mut parts: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (at, ad) in members.iter().enumerate() {
        parts.entry(find(&mut root, at)).or_default().push(ad.clone());
    }
    parts.into_values().collect()
}

fn named(tie: &Tie) -> (String, String) {
    let (kind, value) = key(tie);
    (kind.to_owned(), value)
}

fn key(tie: &Tie) -> (&'static str, String) {
    (tie.kind.as_str(), plain(&tie.value))
}

/// A condition on `kind` and `value` for `n` ties, their parameters from `first` on.
fn one_of(n: usize, first: usize) -> String {
    let pairs: Vec<String> = (0..n)
        .map(|at| format!("(kind = ${} and value = ${})", first + 2 * at, first + 2 * at + 1))
        .collect();
    format!("({})", pairs.join(" or "))
}

fn bound<'q>(
    mut query: sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>,
    ties: &[&Tie],
) -> sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments> {
    for tie in ties {
        let (kind, value) = key(tie);
        query = query.bind(kind).bind(value);
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_links_hold_together_is_one_part() {
        let members: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let links =
            [("c", "a"), ("e", "c"), ("d", "gone")].map(|(one, other)| (one.to_owned(), other.to_owned()));
        let parts: Vec<String> = connected(&members, &links).iter().map(|part| part.concat()).collect();
        assert_eq!(parts, ["ace", "b", "d"]);
    }
}
