//! Use cases of the capture log: what was looked at each day, its time stamps, and whether it is whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use serde::Deserialize;

use super::super::App;
use super::super::error::Result;
use super::super::schedule::retry_pause_ms;
use super::stamp::{FIRST_RETRY_MS, LONGEST_RETRY_MS, MAX_AT_ONCE, Stamped};
use crate::domain::capture::{Capture, CaptureId};
use crate::domain::capture_log::LogEntry;
use crate::domain::run::{RunId, RunOutcome};
use crate::domain::source::SourceId;
use crate::evidence::{self, LogExtract, LogLink, LogToken, timestamp};
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;
use crate::store::ChainCheck;
use crate::store::capture_log::{LogDay, LogRow, LogStamp};

/// Entries read in one go.
const ROWS: u32 = 1_000;

/// What a check of the logs found.
#[derive(Debug, Clone)]
pub struct LogReport {
    /// Each day, the earliest first.
    pub days: Vec<LogCheck>,
    /// Captures that no log names: of versions without one.
    pub n_unlogged: u64,
    /// Whether the signatures of the authorities were checked.
    pub checked_signatures: bool,
}

/// One day's log.
#[derive(Debug, Clone)]
pub struct LogCheck {
    /// Which day, how many entries, and its head.
    pub day: LogDay,
    /// Whether the chain is whole.
    pub chain: ChainCheck,
    /// What else does not fit, one sentence each.
    pub problems: Vec<String>,
    /// Stamps over its heads, there or waited for.
    pub stamps: Vec<LogStamp>,
}

impl LogReport {
    /// Whether everything fits.
    pub fn is_whole(&self) -> bool {
        let whole = |day: &LogCheck| day.problems.is_empty() && matches!(day.chain, ChainCheck::Whole { .. });
        self.days.iter().all(whole)
    }
}

/// What a document says of a capture.
#[derive(Deserialize)]
struct CaptureNote {
    capture_id: Option<String>,
    body_sha256: Option<String>,
    final_url: Option<String>,
}

impl App {
    /// Puts into the log that a page was asked for and not obtained.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub(in crate::app) async fn log_not_captured(
        &self,
        run_id: RunId,
        source_id: &SourceId,
        url: &str,
        outcome: &RunOutcome,
    ) -> Result<()> {
        let entry = LogEntry::NotCaptured {
            run_id,
            source_id: source_id.clone(),
            url: url.to_owned(),
            outcome: outcome.clone(),
        };
        Ok(self.store.append_capture_log(self.clock.now(), &entry).await?)
    }

    /// The days that have a capture log, the latest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn capture_log_days(&self) -> Result<Vec<LogDay>> {
        Ok(self.store.capture_log_days().await?)
    }

    /// The documents of a day, in order.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn capture_log(&self, day: &str) -> Result<Vec<LogRow>> {
        let mut rows: Vec<LogRow> = Vec::new();
        loop {
            let after = rows.last().map_or(0, |row| row.ordinal);
            let more = self.store.capture_log(day, after, ROWS).await?;
            if more.is_empty() {
                return Ok(rows);
            }
            rows.extend(more);
        }
    }

    /// Recomputes every day's chain, compares its entries with the captures, and its stamps with its heads. `roots`:
    /// PEM file of the authorities' roots, checked with openssl.
    ///
    /// # Errors
    /// `Internal` when database or vault cannot be read. What does not fit is not an error.
    pub async fn check_capture_logs(&self, day: Option<&str>, roots: Option<&Path>) -> Result<LogReport> {
        let mut days = Vec::new();
        let mut known = self.store.capture_log_days().await?;
        known.reverse();
        for known in known {
            if day.is_none_or(|day| day == known.day) {
                days.push(self.check_day(known, roots).await?);
            }
        }
        let n_unlogged = self.store.n_captures_without_log().await?;
        Ok(LogReport { days, n_unlogged, checked_signatures: roots.is_some() })
    }

    async fn check_day(&self, day: LogDay, roots: Option<&Path>) -> Result<LogCheck> {
        let chain = self.store.check_capture_log(&day.day).await?;
        let mut problems = Vec::new();
        if let Some(follows) = self.store.capture_log_follows(&day.day).await? {
            let there = self.store.capture_log_hash(&follows.day, follows.n_entries).await?;
            if there.as_deref() != Some(follows.head.as_str()) {
                problems.push(format!(
                    "it begins after entry {} of {} with hash {}, which is not there",
                    follows.n_entries, follows.day, follows.head
                ));
            }
        }
        for row in self.capture_log(&day.day).await? {
            problems.extend(self.compare_with_capture(&row).await?);
        }
        let stamps = self.store.log_stamps(&day.day).await?;
        for stamp in stamps.iter().filter(|stamp| stamp.stamped_at.is_some()) {
            if let Err(error) = self.check_log_stamp(stamp, roots).await {
                let (n_entries, authority) = (stamp.n_entries, &stamp.authority);
                problems.push(format!("stamp of {authority} over {n_entries} entries: {error:#}"));
            }
        }
        Ok(LogCheck { day, chain, problems, stamps })
    }

    async fn compare_with_capture(&self, row: &LogRow) -> Result<Option<String>> {
        let ordinal = row.ordinal;
        let Ok(note) = serde_json::from_str::<CaptureNote>(&row.document) else {
            return Ok(Some(format!("entry {ordinal} is no document of this form")));
        };
        let Some(id) = note.capture_id.as_deref().and_then(|id| CaptureId::parse(id).ok()) else {
            return Ok(None);
        };
        let Some(capture) = self.store.capture(&id).await? else {
            return Ok(Some(format!("entry {ordinal} names capture {id}, which is not there")));
        };
        let fits = note.body_sha256.as_ref() == Some(&capture.body.digests.sha256)
            && note.final_url.as_ref() == Some(&capture.exchange.final_url);
        Ok((!fits).then(|| format!("entry {ordinal} says other bytes or another address than capture {id}")))
    }

    async fn check_log_stamp(&self, stamp: &LogStamp, roots: Option<&Path>) -> anyhow::Result<()> {
        let there = self.store.capture_log_hash(&stamp.day, stamp.n_entries).await?;
        anyhow::ensure!(
            there.as_deref() == Some(stamp.head.as_str()),
            "the log has another entry at this place now"
        );
        let token = self.log_token(stamp).await?;
        let said = timestamp::read(&token)?;
        anyhow::ensure!(
            said.imprint_sha256 == stamp.head,
            "it is about SHA-256 {}, the head is {}",
            said.imprint_sha256,
            stamp.head
        );
        if let Some(roots) = roots {
            let folder = TokenFile::write(&token)?;
            evidence::check_token_signature(&stamp.head, &folder.0, roots)
                .map_err(|said| anyhow::anyhow!("openssl does not accept it: {said}"))?;
        }
        Ok(())
    }

    async fn log_token(&self, stamp: &LogStamp) -> anyhow::Result<Vec<u8>> {
        let digest = stamp.token_sha256.as_deref().context("its token is not on record")?;
        Ok(self.vault.get(digest).await?)
    }

    /// Lets heads of logs wait for their stamps, and asks for those that are due.
    pub(super) async fn stamp_logs(&self, now: UnixMs, stamped: &mut Stamped) -> Result<()> {
        self.queue_log_stamps(now).await?;
        for row in self.store.waiting_log_stamps(now, MAX_AT_ONCE).await? {
            match self.stamp_log(&row).await {
                Ok(()) => stamped.n_stamped += 1,
                Err(error) => {
                    let why = format!("{error:#}");
                    let n_attempts = u32::try_from(row.n_attempts).unwrap_or(u32::MAX).saturating_add(1);
                    let pause_ms = retry_pause_ms(n_attempts, FIRST_RETRY_MS, LONGEST_RETRY_MS);
                    self.store.log_stamp_failed(&row, &why, now.plus_ms(pause_ms)).await?;
                    tracing::warn!(
                        day = row.day,
                        authority = row.authority,
                        "no time stamp of the log: {why}"
                    );
                    stamped.failed.push(format!("capture log {} {}: {why}", row.day, row.authority));
                }
            }
        }
        Ok(())
    }

    /// Lets heads of logs that are due wait for a stamp of each authority.
    ///
    /// # Errors
    /// `Internal`.
    pub(in crate::app) async fn queue_log_stamps(&self, now: UnixMs) -> Result<usize> {
        let settings = &self.config.evidence;
        let authorities: Vec<&str> =
            settings.timestamp.iter().map(|authority| authority.name.as_str()).collect();
        let pause_ms = i64::from(settings.log_stamp_minutes) * 60_000;
        Ok(self.store.queue_log_stamps(&authorities, now, pause_ms).await?)
    }

    async fn stamp_log(&self, row: &LogStamp) -> anyhow::Result<()> {
        let authority = self.authority(&row.authority)?;
        let (stamp, token) = self.ask(authority, &row.head).await?;
        let token_sha256 = self.vault.put(Bytes::from(token)).await?.digests.sha256;
        self.store.log_stamp_done(row, stamp.at, &token_sha256).await?;
        Ok(())
    }

    /// What the logs prove of these captures: their entries, and the links from there to the first stamped head.
    pub(super) async fn log_extracts(&self, captures: &[Capture]) -> Result<Vec<LogExtract>> {
        let mut entries: BTreeMap<String, Vec<(CaptureId, LogRow)>> = BTreeMap::new();
        for capture in captures {
            if let Some((day, row)) = self.store.capture_log_entry(&capture.id).await? {
                entries.entry(day).or_default().push((capture.id.clone(), row));
            }
        }
        let mut extracts = Vec::new();
        for (day, mut rows) in entries {
            rows.sort_by_key(|(_, row)| row.ordinal);
            extracts.push(self.log_extract(day, rows).await?);
        }
        Ok(extracts)
    }

    async fn log_extract(&self, day: String, rows: Vec<(CaptureId, LogRow)>) -> Result<LogExtract> {
        let first = rows.first().map_or(1, |(_, row)| row.ordinal);
        let last = rows.last().map_or(1, |(_, row)| row.ordinal);
        // The first head that covers all of them: later ones would make the same content look different.
        let stamps = self.store.log_stamps(&day).await?;
        let covers = |stamp: &&LogStamp| stamp.stamped_at.is_some() && stamp.n_entries >= last;
        let to = stamps.iter().find(covers).map_or(last, |stamp| stamp.n_entries);
        let mut tokens = Vec::new();
        for stamp in stamps.iter().filter(covers).filter(|stamp| stamp.n_entries == to) {
            let bytes = self.log_token(stamp).await?;
            tokens.push(LogToken { authority: stamp.authority.clone(), bytes });
        }
        let before = self.store.capture_log_hash(&day, first - 1).await?;
        let mut links = Vec::new();
        let mut at = first - 1;
        while at < to {
            let more = self.store.capture_log(&day, at, ROWS).await?;
            let Some(end) = more.last() else { break };
            at = end.ordinal;
            let wanted = more.iter().filter(|row| row.ordinal <= to);
            links.extend(wanted.map(|row| LogLink {
                ordinal: row.ordinal,
                digest: row.digest(),
                hash: row.hash.clone(),
            }));
        }
        Ok(LogExtract {
            day,
            before: before.unwrap_or_default(),
            links,
            documents: rows.into_iter().map(|(id, row)| (id, row.document)).collect(),
            tokens,
        })
    }
}

/// A token as a file for openssl; it goes with the value.
struct TokenFile(PathBuf);

impl TokenFile {
    fn write(token: &[u8]) -> anyhow::Result<Self> {
        let name = format!("adwatch-token-{}-{}", std::process::id(), &sha256_hex(token)[..16]);
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, token).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // Best effort: what is left is a public token.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests;
