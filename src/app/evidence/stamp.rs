//! Use cases of time stamps (RFC 3161): sealed packages wait for them, and authorities are asked until they answer.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::super::App;
use super::super::config::StampAuthority;
use super::super::error::Result;
use super::super::schedule::retry_pause_ms;
use crate::domain::evidence::CustodyEvent;
use crate::domain::user::Actor;
use crate::evidence::{
    self,
    timestamp::{self, Stamp},
};
use crate::fetch::FetchRequest;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;
use crate::store::stamp::StampRow;

/// Stamps asked for in one go, at most.
pub(super) const MAX_AT_ONCE: u32 = 100;
/// Pause before an authority is asked again; it doubles with each attempt.
pub(super) const FIRST_RETRY_MS: i64 = 60_000;
pub(super) const LONGEST_RETRY_MS: i64 = 6 * 3_600_000;

/// What asking came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamped {
    /// Tokens that now lie beside their packages.
    pub n_stamped: usize,
    /// What failed: package, authority and why; asked again later.
    pub failed: Vec<String>,
}

impl App {
    /// Asks the authorities for every stamp that is due, of packages and of capture logs. A package without one stays valid and is shown as not
    /// time-stamped; nothing ever waits for an authority.
    ///
    /// # Errors
    /// `Internal` when the database fails. An authority that does not answer is not an error.
    pub async fn stamp_waiting(&self, now: UnixMs) -> Result<Stamped> {
        let mut stamped = Stamped::default();
        self.stamp_logs(now, &mut stamped).await?;
        for row in self.store.waiting_stamps(now, MAX_AT_ONCE).await? {
            match self.stamp_one(&row).await {
                Ok(()) => stamped.n_stamped += 1,
                Err(error) => {
                    let why = format!("{error:#}");
                    let n_attempts = u32::try_from(row.n_attempts).unwrap_or(u32::MAX).saturating_add(1);
                    let pause_ms = retry_pause_ms(n_attempts, FIRST_RETRY_MS, LONGEST_RETRY_MS);
                    self.store.stamp_failed(&row, &why, now.plus_ms(pause_ms)).await?;
                    tracing::warn!(package = %row.package_id, authority = row.authority, "no time stamp: {why}");
                    stamped.failed.push(format!("{} {}: {why}", row.package_id, row.authority));
                }
            }
        }
        Ok(stamped)
    }

    /// Stamps that a package has or waits for.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn stamps(&self, id: &crate::domain::evidence::PackageId) -> Result<Vec<StampRow>> {
        Ok(self.store.stamps(id).await?)
    }

    async fn stamp_one(&self, row: &StampRow) -> anyhow::Result<()> {
        let authority = self.authority(&row.authority)?;
        let package = self.store.package(&row.package_id).await?.context("the ledger has no such package")?;
        let seal = package.seal.sha256;
        let (stamp, token) = self.ask(authority, &seal).await?;
        let path = PathBuf::from(format!("{}.{}.tsr", package.location, authority.name));
        write(&path, &token).with_context(|| format!("{} cannot be written", path.display()))?;
        let token_sha256 = sha256_hex(&token);
        self.store.stamp_done(row, stamp.at, &token_sha256).await?;
        let event = CustodyEvent {
            at: self.clock.now(),
            actor: Actor::machine().name().to_owned(),
            action: "time-stamped".to_owned(),
            package_id: row.package_id.clone(),
            note: format!("{} at {}, token SHA-256 {token_sha256}", authority.name, stamp.at.rfc3339()),
        };
        self.store.append_custody(&event).await?;
        Ok(())
    }

    pub(super) fn authority(&self, name: &str) -> anyhow::Result<&StampAuthority> {
        let authority = self.config.evidence.timestamp.iter().find(|known| known.name == name);
        authority.context("the settings name no such authority any more")
    }

    pub(super) async fn ask(
        &self,
        authority: &StampAuthority,
        seal: &str,
    ) -> anyhow::Result<(Stamp, Vec<u8>)> {
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
        let nonce = u64::from_be_bytes(nonce);
        let digest: [u8; 32] =
            hex::decode(seal)?.try_into().map_err(|_| anyhow::anyhow!("the seal is no SHA-256"))?;
        let origin = url::Url::parse(&authority.url)?.origin().ascii_serialization();
        let request = FetchRequest {
            // The office itself names the authority, which may stand in its own network.
            allowed_origins: vec![origin],
            ignore_robots: true,
            body: Some(timestamp::request(&digest, nonce).into()),
            headers: vec![("content-type".to_owned(), "application/timestamp-query".to_owned())],
            ..FetchRequest::new(&authority.url)
        };
        let fetched = self.fetcher.get(request).await?;
        let status = fetched.exchange.status;
        anyhow::ensure!(status == 200, "{} answered with status {status}", authority.url);
        let token = fetched.body.to_vec();
        Ok((timestamp::accept(&token, seal, nonce)?, token))
    }
}

/// Writes a file beside a package: hidden first, flushed, then renamed.
pub(super) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let partial = evidence::partial(path);
    let mut file = std::fs::File::create(&partial)?;
    // The lock tells a start-up that this is being written, not left behind.
    file.lock()?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Best effort: the first error says what happened.
        let _ = std::fs::remove_file(&partial);
        return Err(error);
    }
    std::fs::rename(&partial, path)?;
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
