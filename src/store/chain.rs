//! Hash chains in tables: the one place that makes the next entry of a chain.

use sqlx::AnyConnection;

use super::Result;
use super::error::Doing as _;
use super::row::column;
use crate::kit::chain;

/// Position and hash of an entry that was just linked.
pub(super) struct Link {
    /// 1 for the first entry.
    pub(super) ordinal: i64,
    /// Hash over the entry and everything before it.
    pub(super) hash: String,
}

/// Makes the next link of `chain_name` for the payload that `payload_at` gives for its position.
///
/// The update of the head locks its row until the transaction ends, so entries of one chain are written one
/// after the other on both engines. Take it last in a transaction: others wait here.
pub(super) async fn append(
    connection: &mut AnyConnection,
    chain_name: &str,
    payload_at: impl FnOnce(i64) -> Result<String>,
) -> Result<(Link, String)> {
    sqlx::query(
        "insert into chain_head (chain, n_entries, hash) values ($1, 0, $2) on conflict (chain) do nothing",
    )
    .bind(chain_name)
    .bind(chain::GENESIS)
    .execute(&mut *connection)
    .await
    .doing("begin a hash chain")?;
    let head = sqlx::query(
        "update chain_head set n_entries = n_entries + 1 where chain = $1 returning n_entries, hash",
    )
    .bind(chain_name)
    .fetch_one(&mut *connection)
    .await
    .doing("extend a hash chain")?;
    let ordinal: i64 = column(&head, 0)?;
    let payload = payload_at(ordinal)?;
    let hash = chain::link(&column::<String>(&head, 1)?, &payload);
    sqlx::query("update chain_head set hash = $1 where chain = $2")
        .bind(hash.as_str())
        .bind(chain_name)
        .execute(&mut *connection)
        .await
        .doing("extend a hash chain")?;
    Ok((Link { ordinal, hash }, payload))
}

/// What the head of a chain says: number of entries and the last hash.
pub(super) async fn head(connection: &mut AnyConnection, chain_name: &str) -> Result<(i64, String)> {
    let row = sqlx::query("select n_entries, hash from chain_head where chain = $1")
        .bind(chain_name)
        .fetch_optional(connection)
        .await
        .doing("read a hash chain")?;
    row.map_or_else(|| Ok((0, chain::GENESIS.to_owned())), |row| Ok((column(&row, 0)?, column(&row, 1)?)))
}

/// What a check of a hash chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainCheck {
    /// All entries are there, unchanged.
    Whole {
        /// How many.
        n_entries: u64,
    },
    /// The first entry that was changed, or that follows one that was taken out.
    BrokenAt {
        /// Its ordinal.
        ordinal: u64,
    },
    /// Entries are missing at the end.
    CutOff {
        /// How many are there.
        n_found: u64,
        /// How many were written.
        n_written: u64,
    },
}

/// Goes through the entries of a chain in order. Read the head before the entries: what is written meanwhile comes
/// after it and is checked, but not missed.
pub(super) struct Walk {
    n_written: i64,
    last_hash: String,
    previous: String,
    n_found: i64,
    broken_at: Option<i64>,
}

impl Walk {
    /// A walk along a chain with this head.
    pub(super) fn new((n_written, last_hash): (i64, String)) -> Self {
        Self { n_written, last_hash, previous: chain::GENESIS.to_owned(), n_found: 0, broken_at: None }
    }

    /// How many entries were accepted.
    pub(super) fn n_found(&self) -> i64 {
        self.n_found
    }

    /// Whether the next entry fits. `shown` says whether the columns beside the payload say what it says.
    pub(super) fn accepts(&mut self, ordinal: i64, payload: &str, hash: String, shown: bool) -> bool {
        let fits = shown
            && ordinal == self.n_found + 1
            && chain::link(&self.previous, payload) == hash
            && (ordinal != self.n_written || hash == self.last_hash);
        if fits {
            self.previous = hash;
            self.n_found = ordinal;
        } else {
            self.broken_at = Some(ordinal);
        }
        fits
    }

    /// What was found.
    pub(super) fn result(self) -> ChainCheck {
        let unsigned = |n: i64| u64::try_from(n).unwrap_or_default();
        match self.broken_at {
            Some(ordinal) => ChainCheck::BrokenAt { ordinal: unsigned(ordinal) },
            None if self.n_found < self.n_written => {
                ChainCheck::CutOff { n_found: unsigned(self.n_found), n_written: unsigned(self.n_written) }
            }
            None => ChainCheck::Whole { n_entries: unsigned(self.n_found) },
        }
    }
}
