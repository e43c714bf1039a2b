//! 取证环境: with what a page is captured, and how far the clock can be relied on.

use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::OnceCell;

use super::super::App;
use super::super::error::Result;
use super::build_sha256;
use crate::domain::capture::{ClockState, Provenance};
use crate::fetch;

/// A comparison with the time server is good for so long.
const CLOCK_PERIOD_MS: i64 = 3_600_000;
/// After a failed one the server is left alone for so long.
const CLOCK_RETRY_MS: i64 = 300_000;
const CLOCK_LIMIT: Duration = Duration::from_secs(3);

/// What is known once for the whole process.
#[derive(Debug, Default)]
pub(crate) struct Circumstances {
    /// Digest of the environment's document, which is in the vault.
    environment: OnceCell<String>,
    clock: Mutex<Option<ClockState>>,
    /// Certificates that this process put into the vault.
    kept: Mutex<std::collections::HashSet<bytes::Bytes>>,
}

/// The environment's document; field order is part of its form.
#[derive(Serialize)]
struct Environment<'a> {
    schema: &'static str,
    software: &'static str,
    version: &'static str,
    /// SHA-256 of the program file.
    build_sha256: Option<String>,
    system: String,
    rule_pack: &'a str,
    user_agent: &'a str,
    settings: Settings<'a>,
    /// What the program does not do.
    manner: &'static str,
}

#[derive(Serialize)]
struct Settings<'a> {
    host_interval_ms: u64,
    max_body_bytes: u64,
    timeout_ms: u64,
    allowed_origins_only: bool,
    contact: &'a str,
    time_server: &'a str,
}

impl App {
    /// What a capture records beside question and answer. Certificates and the environment's document are in the vault
    /// when it returns.
    pub(in crate::app) async fn provenance(&self, certificates: &[bytes::Bytes]) -> Result<Provenance> {
        let mut fingerprints = Vec::with_capacity(certificates.len());
        for certificate in certificates {
            let is_kept = lock(&self.circumstances.kept).contains(certificate);
            if !is_kept {
                self.vault.put(certificate.clone()).await?;
                lock(&self.circumstances.kept).insert(certificate.clone());
            }
            fingerprints.push(crate::kit::digest::sha256_hex(certificate));
        }
        Ok(Provenance {
            certificates: fingerprints,
            environment: self.environment().await?,
            clock: self.clock_state().await,
        })
    }

    /// How far the computer's clock is from the time server's, asked at most once an hour.
    pub(crate) async fn clock_state(&self) -> ClockState {
        let server = self.config.evidence.time_server.trim();
        if server.is_empty() {
            return ClockState::unchecked();
        }
        let now = self.clock.now();
        let known = lock(&self.circumstances.clock).clone();
        let is_fresh = |state: &ClockState| {
            let period = if state.problem.is_some() { CLOCK_RETRY_MS } else { CLOCK_PERIOD_MS };
            state.measured_at.is_some_and(|at| (0..period).contains(&(now.0 - at.0)))
        };
        if let Some(state) = known.filter(is_fresh) {
            return state;
        }
        let compared = fetch::compare_clock(server, &*self.clock, CLOCK_LIMIT).await;
        let (offset, problem) = match compared {
            Ok(offset) => (Some(offset), None),
            Err(error) => {
                tracing::warn!("the clock could not be compared: {error}");
                (None, Some(error.to_string()))
            }
        };
        let state = ClockState {
            server: Some(server.to_owned()),
            offset_ms: offset.map(|offset| offset.offset_ms),
            error_ms: offset.map(|offset| offset.error_ms),
            measured_at: Some(now),
            problem,
        };
        *lock(&self.circumstances.clock) = Some(state.clone());
        state
    }

    async fn environment(&self) -> Result<String> {
        let kept = self.circumstances.environment.get_or_try_init(|| async {
            let document = Environment {
                schema: "adwatch-environment/1",
                software: "adwatch",
                version: env!("CARGO_PKG_VERSION"),
                build_sha256: build_sha256(),
                system: system(),
                rule_pack: &self.pack().revision_name(),
                user_agent: self.fetcher.user_agent(),
                settings: Settings {
                    host_interval_ms: self.config.fetch.host_interval_ms,
                    max_body_bytes: self.config.fetch.max_body_bytes,
                    timeout_ms: self.config.fetch.timeout_ms,
                    allowed_origins_only: self.config.fetch.allowed_origins_only,
                    contact: &self.config.fetch.contact,
                    time_server: &self.config.evidence.time_server,
                },
                manner: "HTTP requests as an anonymous visitor: no login, no cookies, no scripts, no clicks; \
                         bodies kept as received before anything is parsed",
            };
            let mut bytes = serde_json::to_vec_pretty(&document).map_err(anyhow::Error::from)?;
            bytes.push(b'\n');
            Ok::<_, super::super::Error>(self.vault.put(bytes.into()).await?.digests.sha256)
        });
        kept.await.cloned()
    }
}

/// Operating system, its version and the processor, for example `Debian GNU/Linux 13 (trixie), linux 6.12.1, x86_64`.
pub(crate) fn system() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let pretty = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut parts: Vec<String> = pretty.map(|name| name.trim_matches('"').to_owned()).into_iter().collect();
    parts.push(format!("{} {}", std::env::consts::OS, kernel.trim()).trim().to_owned());
    parts.push(std::env::consts::ARCH.to_owned());
    parts.join(", ")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
