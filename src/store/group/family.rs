//! Families, variants and looks.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;

use crate::domain::finding::FindingId;
use crate::domain::hit::{Hit, Severity};
use crate::domain::party::Contact;
use crate::group::family::MAX_LEADERS_PER_KEY;
use crate::group::image::{ImageHash, MAX_DISTANCE};
use crate::group::near_text::{Signature, closest};
use crate::group::variant::Said;
use crate::kit::clock::UnixMs;
use crate::store::Result;
use crate::store::batch::{placeholders, tuples};
use crate::store::error::Doing as _;
use crate::store::page::SeenAd;
use crate::store::pool::Tx;
use crate::store::row::{bad_row, column, parse_json, parsed};

/// Findings of a family that an ad is compared with, the latest first.
const MAX_COMPARED: u32 = 8;

/// Puts an ad into its family, or makes it the leader of a new one; `None` when its words are too few to tell.
pub(super) async fn place(tx: &mut Tx, seen: &SeenAd) -> Result<Option<String>> {
    let known: Option<String> = sqlx::query_scalar("select family_id from ad_family where ad_id = $1")
        .bind(seen.id.as_str())
        .fetch_optional(tx.conn())
        .await
        .doing("look up the family of an ad")?;
    let (None, Some(signature)) = (&known, &seen.marks.signature) else { return Ok(known) };
    let (found, full_keys) = nearest(tx, signature).await?;
    let id = match found {
        Some(id) => id,
        None => {
            lead(tx, seen.id.as_str(), signature, &full_keys).await?;
            seen.id.to_string()
        }
    };
    sqlx::query("insert into ad_family (ad_id, family_id, signature) values ($1, $2, $3)")
        .bind(seen.id.as_str())
        .bind(id.as_str())
        .bind(signature.to_hex())
        .execute(tx.conn())
        .await
        .doing("put an ad into its family")?;
    Ok(Some(id))
}

/// The family whose leader is most similar, and the keys that have leaders enough.
async fn nearest(tx: &mut Tx, signature: &Signature) -> Result<(Option<String>, BTreeSet<i64>)> {
    let keys = signature.band_keys();
    let sql = format!("select key, family_id from family_key where key in ({})", placeholders(1, keys.len()));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for key in keys {
        query = query.bind(key as i64);
    }
    let mut by_key: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for row in query.fetch_all(tx.conn()).await.doing("look for similar ads")? {
        by_key.entry(column(&row, 0)?).or_default().push(column(&row, 1)?);
    }
    let full = |leaders: &Vec<String>| leaders.len() > MAX_LEADERS_PER_KEY;
    let full_keys = by_key.iter().filter(|(_, leaders)| full(leaders)).map(|(key, _)| *key).collect();
    let candidates: BTreeSet<String> =
        by_key.into_values().filter(|leaders| !full(leaders)).flatten().collect();
    if candidates.is_empty() {
        return Ok((None, full_keys));
    }
    let sql = format!("select id, signature from family where id in ({})", placeholders(1, candidates.len()));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for id in &candidates {
        query = query.bind(id.as_str());
    }
    let mut leaders = Vec::with_capacity(candidates.len());
    for row in query.fetch_all(tx.conn()).await.doing("compare similar ads")? {
        let id: String = column(&row, 0)?;
        let leader = signature_of(&id, &column::<String>(&row, 1)?)?;
        leaders.push((id, leader));
    }
    // The same answer whatever order the engine reads in.
    leaders.sort_by(|a, b| a.0.cmp(&b.0));
    let known = leaders.iter().map(|(id, leader)| (id.clone(), leader));
    Ok((closest(signature, known).map(|(id, _)| id), full_keys))
}

async fn lead(tx: &mut Tx, id: &str, signature: &Signature, full_keys: &BTreeSet<i64>) -> Result<()> {
    sqlx::query("insert into family (id, signature) values ($1, $2)")
        .bind(id)
        .bind(signature.to_hex())
        .execute(tx.conn())
        .await
        .doing("begin a family")?;
    let keys: BTreeSet<i64> = signature
        .band_keys()
        .into_iter()
        .map(|key| key as i64)
        .filter(|key| !full_keys.contains(key))
        .collect();
    if keys.is_empty() {
        return Ok(());
    }
    let sql = format!("insert into family_key (key, family_id) values {}", tuples(keys.len(), 2));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for key in keys {
        query = query.bind(key).bind(id);
    }
    query.execute(tx.conn()).await.doing("index a family").map(drop)
}

/// Whether an ad that was flagged is a variant of a finding, which is then on record. One that is known as such and says
/// more today, under a newer pack, is taken out again.
pub(super) async fn is_variant(tx: &mut Tx, seen: &SeenAd, now: UnixMs) -> Result<bool> {
    let (Some(signature), Some((assessment, hits))) = (&seen.marks.signature, &seen.judgement) else {
        return Ok(false);
    };
    let id = seen.id.as_str();
    let own: Option<String> = sqlx::query_scalar("select id from finding where ad_id = $1")
        .bind(id)
        .fetch_optional(tx.conn())
        .await
        .doing("look for the finding of an ad")?;
    if own.is_some() {
        return Ok(false);
    }
    let said = Said::new(signature.clone(), assessment.severity, hits, &seen.contacts);
    let known: Option<String> = sqlx::query_scalar("select finding_id from variant where ad_id = $1")
        .bind(id)
        .fetch_optional(tx.conn())
        .await
        .doing("look for a variant")?;
    if let Some(finding) = known {
        if said_by(tx, &finding).await?.is_some_and(|known| said.is_variant_of(&known)) {
            return Ok(true);
        }
        sqlx::query("delete from variant where ad_id = $1")
            .bind(id)
            .execute(tx.conn())
            .await
            .doing("take out a variant")?;
        return Ok(false);
    }
    let (Some(family), _) = nearest(tx, signature).await? else { return Ok(false) };
    // What a person dismissed never swallows another ad.
    let findings: Vec<String> = sqlx::query_scalar(
        "select f.id from ad_family a join finding f on f.ad_id = a.ad_id where a.family_id = $1 \
         and f.state <> 'dismissed' order by f.created_at desc, f.id limit $2",
    )
    .bind(family)
    .bind(i64::from(MAX_COMPARED))
    .fetch_all(tx.conn())
    .await
    .doing("list findings of a family")?;
    for finding in findings {
        if said_by(tx, &finding).await?.is_some_and(|known| said.is_variant_of(&known)) {
            sqlx::query("insert into variant (ad_id, finding_id, at) values ($1, $2, $3)")
                .bind(id)
                .bind(finding.as_str())
                .bind(now.0)
                .execute(tx.conn())
                .await
                .doing("record a variant")?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the ad of a finding says.
async fn said_by(tx: &mut Tx, finding: &str) -> Result<Option<Said>> {
    let row = sqlx::query(
        "select f.severity, a.signature, f.ad_id from finding f join ad_family a on a.ad_id = f.ad_id where f.id = $1",
    )
    .bind(finding)
    .fetch_optional(tx.conn())
    .await
    .doing("read what a finding says")?;
    let Some(row) = row else { return Ok(None) };
    let severity = u8::try_from(column::<i64>(&row, 0)?).ok().and_then(Severity::new);
    let signature = signature_of(finding, &column::<String>(&row, 1)?)?;
    let ad: String = column(&row, 2)?;
    let id = parsed("finding", finding, FindingId::parse)?;
    let details: Vec<String> =
        sqlx::query_scalar("select detail from hit where finding_id = $1 and status = 'asserted'")
            .bind(id.as_str())
            .fetch_all(tx.conn())
            .await
            .doing("read what a finding says")?;
    let hits =
        details.iter().map(|detail| parse_json("hit", finding, detail)).collect::<Result<Vec<Hit>>>()?;
    let details: Vec<String> = sqlx::query_scalar("select detail from contact where ad_id = $1")
        .bind(ad.as_str())
        .fetch_all(tx.conn())
        .await
        .doing("read what a finding says")?;
    let contacts =
        details.iter().map(|detail| parse_json("contact", &ad, detail)).collect::<Result<Vec<Contact>>>()?;
    Ok(Some(Said::new(signature, severity, &hits, &contacts)))
}

/// The name of what a picture looks like: the hash of the first picture that looked so.
pub(super) async fn look(tx: &mut Tx, look: ImageHash) -> Result<String> {
    let keys = look.probe_keys();
    let sql = format!("select distinct hash from look_key where key in ({})", placeholders(1, keys.len()));
    let mut query = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql));
    for key in keys {
        query = query.bind(key as i64);
    }
    let known = query.fetch_all(tx.conn()).await.doing("look for pictures that look the same")?;
    let distance = |hash: &String| {
        u64::from_str_radix(hash, 16).ok().map(|known| (ImageHash(known).distance(look), hash.clone()))
    };
    let nearest = known.iter().filter_map(distance).min();
    if let Some((distance, hash)) = nearest
        && distance <= MAX_DISTANCE
    {
        return Ok(hash);
    }
    let hash = format!("{:016x}", look.0);
    sqlx::query("insert into look (hash) values ($1) on conflict (hash) do nothing")
        .bind(hash.as_str())
        .execute(tx.conn())
        .await
        .doing("record a look")?;
    let sql = format!(
        "insert into look_key (key, hash) values {} on conflict (key, hash) do nothing",
        tuples(4, 2)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for key in look.keys() {
        query = query.bind(key as i64).bind(hash.as_str());
    }
    query.execute(tx.conn()).await.doing("index a look")?;
    Ok(hash)
}

fn signature_of(id: &str, hex: &str) -> Result<Signature> {
    Signature::from_hex(hex).ok_or_else(|| bad_row("ad_family", id, "the signature is not one"))
}
