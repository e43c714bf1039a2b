//! Floor 4: use cases, the only place that combines store, vault and engines.
//!
//! Every use case takes the actor first where a person acts, and owns its transaction. Web, command line and
//! worker only translate, so permission, record and validation cannot be skipped by another door.

pub mod adapters;
mod assignment;
pub mod audit;
pub mod campaigns;
pub mod clock;
pub mod config;
mod crawl;
mod doctor;
mod error;
pub mod eval;
pub(crate) mod evidence;
pub mod filter_lists;
pub mod import;
pub mod lead;
pub mod letter;
mod matter;
mod notify;
pub mod office;
pub mod pictures;
mod recheck;
mod reextract;
mod render;
mod review;
pub mod rules;
pub mod sample;
pub mod scan;
mod schedule;
pub mod sources;
pub mod statistics;
pub mod step;
pub mod tokens;
mod turns;
pub mod users;
pub mod views;
mod webhook;

use std::sync::Arc;

use crate::domain::calendar::WorkCalendar;
use crate::extract::contact::Finder;
use crate::extract::filters::Filters;
use crate::fetch::{FetchConfig, Fetcher};
use crate::group::route::RoutingTable;
use crate::judge::Judge;
use crate::kit::clock::Clock;
use crate::notify::Mailer;
use crate::rules::RulePack;
use crate::source::catalog::Catalog;
use crate::store::Db;
use crate::text::{Normalizer, Tables};
use crate::vault::Vault;

pub use crate::store::ChainCheck;
pub use crate::store::audit::{AuditEntry, AuditFilter};
pub use crate::store::contact::ListedContact;
pub use crate::store::evidence::SealedPackage;
pub use crate::store::finding::{
    FindingCounts, FindingFilter, FindingPage, FindingView, ListedFinding, PageKey,
};
pub use clock::SystemClock;
pub use config::{Config, WebSettings};
pub use crawl::{CrawlEvent, CrawlOptions};
pub use doctor::HealthCheck;
pub use error::{Error, FieldProblem, Result};
pub use evidence::{
    EvidenceCheck, HandedOver, Keeping, LogCheck, LogReport, PackageFile, Printed, RenderingView, Sealed,
    Stamped,
};
pub use filter_lists::FilterList;
pub use matter::Repeat;
pub use users::Registry;

/// Everything a use case needs, built once.
pub struct App {
    pub(crate) store: Db,
    pub(crate) vault: Vault,
    pub(crate) fetcher: Fetcher,
    pub(crate) mailer: Mailer,
    pub(crate) judge: Arc<Judge>,
    pub(crate) contact_finder: Finder,
    pub(crate) picture_reader: Arc<pictures::PictureReader>,
    pub(crate) calendar: WorkCalendar,
    pub(crate) routing_table: RoutingTable,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
    pub(crate) catalog: Catalog,
    pub(crate) renderer: Option<crate::render::Renderer>,
    filters: std::sync::OnceLock<Arc<Filters>>,
    pub(crate) registry: users::Registry,
    pub(crate) circumstances: evidence::Circumstances,
}

impl App {
    /// Opens database and vault, loads the rules.
    ///
    /// # Errors
    /// `Invalid` when the configuration or the rules are wrong, `Internal` when something outside fails.
    pub async fn open(config: Config) -> Result<Self> {
        Self::open_with_clock(config, Arc::new(SystemClock)).await
    }

    /// As [`App::open`], with the time from `clock`.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_with_clock(config: Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let judge = Arc::new(rules::judge(config.patterns.as_deref())?);
        let calendar = lead::calendar(&config)?;
        let routing_table = matter::routing_table(&config)?;
        let contact_finder = Finder::new(Normalizer::new(&Tables::embedded()))
            .map_err(|problem| Error::Internal(anyhow::anyhow!("{problem}")))?;
        std::fs::create_dir_all(&config.data_dir).map_err(|error| {
            Error::invalid("data_dir", format!("{} cannot be made: {error}", config.data_dir.display()))
        })?;
        let picture_reader = Arc::new(pictures::PictureReader::new(&config.pictures));
        let store = Db::open(&config.database_url()).await?;
        let vault = Vault::open(&config.vault_url()).await?;
        let turns = Arc::new(turns::StoreTurns::new(store.clone(), clock.clone()));
        let fetcher = Fetcher::new(fetch_config(&config), clock.clone())?.with_slots(turns);
        let mailer = notify::mailer(&config)?;
        let catalog = adapters::catalog(&config);
        let renderer = Self::renderer_of(&config, &clock);
        let registry = users::Registry::new(store.clone(), clock.clone());
        let app = Self {
            store,
            vault,
            fetcher,
            mailer,
            judge,
            contact_finder,
            picture_reader,
            calendar,
            routing_table,
            clock,
            config,
            catalog,
            renderer,
            filters: std::sync::OnceLock::new(),
            registry,
            circumstances: evidence::Circumstances::default(),
        };
        app.reconcile_packages().await?;
        Ok(app)
    }

    /// Accounts, sessions and the audit.
    pub fn registry(&self) -> &users::Registry {
        &self.registry
    }

    /// The settings in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The rules in force.
    pub fn pack(&self) -> &RulePack {
        self.judge.pack()
    }

    /// The kinds of sources that there are.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The present instant.
    pub fn now(&self) -> crate::kit::clock::UnixMs {
        self.clock.now()
    }

    /// A password of 100 random bits, in letters that are not mistaken for each other.
    ///
    /// # Errors
    /// `Internal` when the system gives no random numbers.
    pub fn new_password() -> Result<String> {
        const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789@";
        let mut bytes = [0_u8; 20];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::Internal(anyhow::anyhow!("no random numbers: {error}")))?;
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        Ok(bytes
            .chunks(5)
            .map(|chunk| chunk.iter().map(letter).collect::<String>())
            .collect::<Vec<_>>()
            .join("-"))
    }
}

/// An identifier that sorts by the time it was made (UUID version 7).
pub(crate) fn new_id<T: std::str::FromStr<Err = crate::kit::id::ParseIdError>>() -> T {
    id_of(&uuid::Uuid::now_v7().simple().to_string())
}

/// The identifier `text`, which is made of letters, digits and `-` by the caller.
pub(crate) fn id_of<T: std::str::FromStr<Err = crate::kit::id::ParseIdError>>(text: &str) -> T {
    match text.parse() {
        Ok(id) => id,
        Err(error) => unreachable!("letters and digits are a valid identifier: {error}"),
    }
}

fn fetch_config(config: &Config) -> FetchConfig {
    FetchConfig {
        contact: config.fetch.contact.clone(),
        host_interval_ms: config.fetch.host_interval_ms,
        max_body_bytes: config.fetch.max_body_bytes,
        timeout_ms: config.fetch.timeout_ms,
        allowed_origins_only: config.fetch.allowed_origins_only,
        ..FetchConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, two) = (App::new_password().unwrap(), App::new_password().unwrap());
        assert_eq!(one.len(), 23);
        assert_ne!(one, two);
    }
}
