//! The index behind searches: what each finding is made of, as tokens, in the order of the queue.
//!
//! Chinese has no spaces, so words are indexed as pairs of neighbouring characters: a text can hold 保本保息 only if it
//! holds 保本, 本保 and 保息. Rules, parties, contacts and hosts are tokens of the same index, so that a search by several
//! of them is one look-up. Tokens are hexadecimal: no engine's idea of what a word is plays a part.
//!
//! The rows are numbered by the place of their finding in the queue. SQLite gives matches in that order without sorting;
//! PostgreSQL does not, see [`super::filter::Plan`].

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;

use super::error::Doing as _;
use super::pool::Tx;
use super::row::{DraftRow, column, parse_json, parsed};
use super::{Db, Result, ad};
use crate::domain::ad::AdDraft;
use crate::domain::finding::FindingId;
use crate::domain::hit::{Hit, RuleId};
use crate::domain::party::{Contact, ContactKind};
use crate::kit::digest::sha256_hex;

/// Characters of a text that are indexed; a longer one is found by how it begins.
const MAX_CHARS: usize = 20_000;
/// Findings of an older database that are indexed in one transaction.
const BATCH: i64 = 200;
/// Steps of priority in a place; see [`place_of`].
const STEPS: f64 = 8_000.0;

/// The place of a finding in every list, higher first: its priority in 8,000 steps, then its name.
///
/// 50 bits of the name are left. Of a million findings of one priority, two share a place with a chance of 4 in
/// 10,000; then a search finds only the later one.
pub(super) fn place_of(priority: f64, id: &FindingId) -> i64 {
    let hex: String = match id.as_str().strip_prefix("f-") {
        Some(hex) if hex.len() == 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => hex.to_owned(),
        _ => sha256_hex(id.as_str().as_bytes()).chars().take(16).collect(),
    };
    let low = u64::from_str_radix(&hex, 16).unwrap_or_default() >> 14;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number from 0 to 8,000")]
    let high = (priority.clamp(0.0, 1.0) * STEPS).round() as i64;
    (high << 50) | i64::try_from(low).unwrap_or_default()
}

/// The tokens of one finding.
#[derive(Debug, Default)]
pub(super) struct Tokens(BTreeSet<String>);

impl Tokens {
    pub(super) fn of(draft: &AdDraft, hits: &[Hit], contacts: &[Contact]) -> Self {
        let mut tokens = Self::default();
        tokens.add_pairs('w', &ad::search_text(draft));
        for party in [&draft.advertiser, &draft.publisher].into_iter().flatten() {
            tokens.add_pairs('p', &party.to_lowercase());
        }
        for hit in hits {
            tokens.add_rule(&hit.rule);
        }
        let links = draft.landing_url.iter().chain(&draft.links);
        let hosts = links.filter_map(|link| url::Url::parse(link).ok()?.host_str().map(str::to_owned));
        let named = contacts.iter().filter(|contact| contact.kind == ContactKind::Host);
        for host in hosts.chain(named.map(|contact| contact.value.clone())) {
            tokens.add_host_and_above(&host);
        }
        for contact in contacts {
            tokens.add_contact(&contact.value);
        }
        tokens
    }

    /// Adds what every text has that contains `words`; gives whether the tokens say it all, so that the text need not
    /// be looked at.
    pub(super) fn add_words(&mut self, words: &str) -> bool {
        self.add_pairs('w', words);
        words.chars().count() == 2
    }

    pub(super) fn add_party(&mut self, words: &str) {
        self.add_pairs('p', &words.to_lowercase());
    }

    pub(super) fn add_rule(&mut self, rule: &RuleId) {
        self.add('r', rule.as_str());
    }

    pub(super) fn add_host(&mut self, host: &str) {
        self.add('h', &plain_host(host));
    }

    pub(super) fn add_contact(&mut self, value: &str) {
        self.add('c', &value.trim().to_lowercase());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Separated by spaces, as the index of either engine takes them.
    fn joined(&self, separator: &str) -> String {
        self.0.iter().map(String::as_str).collect::<Vec<_>>().join(separator)
    }

    /// What a search binds.
    pub(super) fn wanted(&self, separator: &str) -> String {
        self.joined(separator)
    }

    fn add(&mut self, field: char, value: &str) {
        self.0.insert(format!("{field}{}", &sha256_hex(value.as_bytes())[..16]));
    }

    fn add_host_and_above(&mut self, host: &str) {
        let host = plain_host(host);
        let mut rest = host.as_str();
        // `shop.example.cn` is also found by `example.cn`; a lone `cn` would find half the world.
        while rest.contains('.') {
            self.add('h', rest);
            rest = rest.split_once('.').map_or("", |(_, above)| above);
        }
    }

    fn add_pairs(&mut self, field: char, text: &str) {
        let mut before: Option<char> = None;
        for now in text.chars().take(MAX_CHARS) {
            if let Some(before) = before {
                self.0.insert(format!("{field}{:x}x{:x}", u32::from(before), u32::from(now)));
            }
            before = Some(now);
        }
    }
}

fn plain_host(host: &str) -> String {
    let host = host.trim().trim_end_matches('.').to_lowercase();
    host.strip_prefix("www.").map_or(host.clone(), str::to_owned)
}

/// Puts a finding into the index, or in the place of what was there.
pub(super) async fn insert(tx: &mut Tx, place: i64, tokens: &Tokens) -> Result<()> {
    sqlx::query(tx.dialect().insert_words())
        .bind(place)
        .bind(tokens.joined(" "))
        .execute(tx.conn())
        .await
        .doing("index a finding")
        .map(drop)
}

/// Takes a finding out of the index.
pub(super) async fn delete(tx: &mut Tx, place: i64) -> Result<()> {
    sqlx::query("delete from finding_word where rowid = $1")
        .bind(place)
        .execute(tx.conn())
        .await
        .doing("take a finding out of the index")
        .map(drop)
}

impl Db {
    /// Makes the index, and fills it for findings that an older version recorded.
    pub(super) async fn index_what_is_not(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        for statement in self.dialect().make_word_index() {
            sqlx::query(AssertSqlSafe(*statement)).execute(tx.conn()).await.doing("make the search index")?;
        }
        tx.commit("make the search index").await?;
        while self.index_some().await? {}
        Ok(())
    }

    async fn index_some(&self) -> Result<bool> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "select f.id, f.priority, a.draft, f.ad_id from finding f join ad a on a.id = f.ad_id \
             where f.rank is null limit $1",
        )
        .bind(BATCH)
        .fetch_all(tx.conn())
        .await
        .doing("look for findings that are not indexed")?;
        for row in &rows {
            let id = parsed("finding", &column::<String>(row, 0)?, FindingId::parse)?;
            let ad_id: String = column(row, 3)?;
            let draft: DraftRow = parse_json("ad", &ad_id, &column::<String>(row, 2)?)?;
            let hits = details::<Hit>(&mut tx, "select detail from hit where finding_id = $1", id.as_str());
            let hits = hits.await?;
            let contacts = details::<Contact>(&mut tx, "select detail from contact where ad_id = $1", &ad_id);
            let contacts = contacts.await?;
            let place = place_of(column(row, 1)?, &id);
            insert(&mut tx, place, &Tokens::of(&AdDraft::from(draft), &hits, &contacts)).await?;
            sqlx::query("update finding set rank = $1 where id = $2")
                .bind(place)
                .bind(id.as_str())
                .execute(tx.conn())
                .await
                .doing("place a finding")?;
        }
        tx.commit("index findings").await?;
        Ok(!rows.is_empty())
    }
}

async fn details<T: serde::de::DeserializeOwned>(tx: &mut Tx, sql: &'static str, id: &str) -> Result<Vec<T>> {
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_all(tx.conn()).await.doing("read details")?;
    rows.iter().map(|row| parse_json("finding", id, &column::<String>(row, 0)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_priority_then_name() {
        let id = |hex: &str| FindingId::parse(&format!("f-{hex}")).unwrap();
        let low = place_of(0.5, &id("ffffffffffffffff"));
        let high = place_of(0.501, &id("0000000000000000"));
        assert!(low < high && place_of(0.5, &id("0000000000000000")) < low);
        assert!(place_of(1.0, &id("ffffffffffffffff")) > 0 && place_of(0.0, &id("f")) >= 0);
    }

    #[test]
    fn a_host_is_found_by_its_domain_and_words_by_their_pairs() {
        let mut wide = Tokens::default();
        wide.add_host_and_above("www.Shop.Example.cn.");
        let mut narrow = Tokens::default();
        narrow.add_host("example.CN");
        assert!(narrow.0.is_subset(&wide.0) && wide.0.len() == 2);
        let mut text = Tokens::default();
        text.add_pairs('w', "承诺保本保息");
        let mut words = Tokens::default();
        assert!(!words.add_words("保本保") && words.add_words("保息") && words.0.is_subset(&text.0));
        words.add_party("保本");
        assert!(!words.0.is_subset(&text.0), "a name is not a word");
    }
}
