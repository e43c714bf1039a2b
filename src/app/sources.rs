//! Use cases on sources: add, list, check, remove.

use std::collections::{BTreeMap, HashMap};

use crate::domain::capture::CapturePurpose;
use crate::domain::manners::Manners;
use crate::domain::rendering::RenderProfile;
use crate::domain::run::{CrawlRun, RunId, RunOutcome};
use crate::domain::schedule::Schedule;
use crate::domain::source::{Source, SourceId, SourceKind};
use crate::domain::user::Actor;
use crate::kit::clock::UnixMs;
use crate::source::catalog::Catalog;
use crate::source::{CapturedPage, Connector, RENDER};
use crate::store::audit::AuditNote;

use super::App;
use super::crawl::request_for;
use super::error::{Error, FieldProblem, Result};

/// A source as a person fills it in.
#[derive(Debug, Clone, Default)]
pub struct NewSource {
    /// Its name.
    pub id: String,
    /// Its kind, by stable name.
    pub kind: String,
    /// Entry address; may be empty for adapters, which make it from their settings.
    pub url: String,
    /// What people call it; empty means the id.
    pub title: String,
    /// Schedule, if any.
    pub cron: Option<String>,
    /// Time zone of the schedule.
    pub time_zone: String,
    /// `NAME=VALUE` settings of the connector.
    pub settings: Vec<String>,
    /// Origins that may be reached although not public.
    pub allow_origins: Vec<String>,
}

/// A source and how it last went.
#[derive(Debug, Clone)]
pub struct SourceOverview {
    /// The source.
    pub source: Source,
    /// Its last run.
    pub last_run: Option<CrawlRun>,
}

/// One line of `source check`.
#[derive(Debug, Clone)]
pub struct SourceCheck {
    /// What was checked, Chinese.
    pub zh: &'static str,
    /// What was checked, English.
    pub en: &'static str,
    /// Whether it is as it should be.
    pub fine: bool,
    /// What was seen.
    pub detail: String,
}

impl App {
    /// Adds a source after parsing every field.
    ///
    /// # Errors
    /// `Invalid` with every wrong field at once; `Conflict` when the name is taken.
    pub async fn add_source(&self, new: NewSource) -> Result<Source> {
        let source = parse(new, &self.catalog, self.clock.now())?;
        if self.store.source(&source.id).await?.is_some() {
            return Err(Error::Conflict(format!(
                "source `{}` exists; choose another name or remove it first",
                source.id
            )));
        }
        self.store.add_source(&source).await?;
        Ok(source)
    }

    /// Removes a source; captures, findings and decisions stay.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn remove_source(&self, id: &SourceId) -> Result<()> {
        self.source(id).await?;
        self.store.remove_source(id, self.clock.now()).await?;
        Ok(())
    }

    /// How a source is treated.
    ///
    /// # Errors
    /// `NotFound`, `Internal`.
    pub async fn manners(&self, id: &SourceId) -> Result<Manners> {
        self.source(id).await?;
        Ok(self.store.manners(id).await?)
    }

    /// Sets how a source is treated. Who orders that robots.txt be overridden, or takes that back, is on record.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when an override lacks a name or a legal basis; `Internal`.
    pub async fn set_manners(&self, id: &SourceId, manners: Manners) -> Result<()> {
        let before = self.manners(id).await?;
        let now = self.clock.now();
        if before.robots != manners.robots {
            let actor = match &manners.robots {
                None => Actor::machine(),
                Some(order) => {
                    if order.legal_basis.trim().chars().count() < 4 {
                        let message = "name the provision or the approval that allows it";
                        return Err(Error::invalid("legal-basis", message));
                    }
                    Actor::person(&order.operator)
                        .ok_or_else(|| Error::invalid("operator", "the name of who orders it"))?
                }
            };
            let action =
                if manners.robots.is_some() { "source.robots-override" } else { "source.robots-obey" };
            let note = AuditNote {
                at: now,
                actor,
                action: action.to_owned(),
                object: format!("source {id}"),
                detail: serde_json::json!({ "order": manners.robots, "before": before.robots }),
            };
            self.store.append_audit(&note).await?;
        }
        self.store.set_manners(id, &manners).await?;
        Ok(())
    }

    /// Every source with its last run, by name.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn sources_overview(&self) -> Result<Vec<SourceOverview>> {
        let mut last_runs: HashMap<SourceId, CrawlRun> =
            self.store.last_runs().await?.into_iter().map(|run| (run.source_id.clone(), run)).collect();
        let sources = self.store.list_sources().await?;
        Ok(sources
            .into_iter()
            .map(|source| SourceOverview { last_run: last_runs.remove(&source.id), source })
            .collect())
    }

    /// At most `limit` runs, newest first: of one source or of all, older than the run `before`.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn runs(
        &self,
        source: Option<&SourceId>,
        before: Option<(UnixMs, &RunId)>,
        limit: u32,
    ) -> Result<Vec<CrawlRun>> {
        Ok(self.store.runs_before(source, before, limit).await?)
    }

    /// The connector that reads sources of this kind.
    ///
    /// # Errors
    /// `NotFound` when the kind is an adapter whose file is not there.
    pub(crate) fn connector(&self, kind: &SourceKind) -> Result<&dyn Connector> {
        if *kind == SourceKind::Import {
            let message = "this source is filled by `adwatch import FILE`; there is nothing to crawl";
            return Err(Error::Conflict(message.to_owned()));
        }
        self.catalog
            .connector(kind)
            .ok_or_else(|| Error::NotFound { kind: "adapter", id: kind.as_str().to_owned() })
    }

    /// Fetches and reads the entry of a source without keeping anything.
    ///
    /// # Errors
    /// `NotFound`, `Internal`. What is wrong with the source is in the checks.
    pub async fn check_source(&self, id: &SourceId) -> Result<Vec<SourceCheck>> {
        let source = self.source(id).await?;
        let connector = self.connector(&source.kind)?;
        let manners = self.store.manners(id).await?;
        let mut checks = Vec::new();
        let targets = match connector.entry(&source, self.clock.now()) {
            Ok(targets) => targets,
            Err(problem) => {
                checks
                    .push(SourceCheck { zh: "设置", en: "settings", fine: false, detail: problem.message });
                return Ok(checks);
            }
        };
        let settings = format!("{}, {} settings", source.kind.as_str(), source.settings.len());
        checks.push(SourceCheck { zh: "设置", en: "settings", fine: true, detail: settings });
        for target in targets {
            let request = match request_for(&self.config, &source, &manners, &target) {
                Ok(request) => request,
                Err(outcome) => {
                    let detail = outcome.describe();
                    checks.push(SourceCheck { zh: "凭据", en: "credential", fine: false, detail });
                    continue;
                }
            };
            match self.fetcher.get(request).await {
                Err(error) => {
                    let detail = format!("{}: {error}", target.url);
                    checks.push(SourceCheck { zh: "入口", en: "entry", fine: false, detail });
                }
                Ok(fetched) => {
                    let detail = format!(
                        "{} → {}, {} bytes, {}",
                        target.url,
                        fetched.exchange.status,
                        fetched.body.len(),
                        fetched.exchange.response_header("content-type").unwrap_or("no content type")
                    );
                    checks.push(SourceCheck { zh: "入口", en: "entry", fine: true, detail });
                    let page =
                        CapturedPage::new(&fetched.exchange, &fetched.body).with_filters(self.filters());
                    let reading = connector.read(&source, &target, &page);
                    let n_landing =
                        reading.targets.iter().filter(|next| next.purpose == CapturePurpose::Landing).count();
                    let detail = format!(
                        "{}; {} ads and posts here, {} pages to read, {n_landing} landing pages",
                        reading.outcome.describe(),
                        reading.drafts.len(),
                        reading.targets.len() - n_landing,
                    );
                    let fine =
                        matches!(reading.outcome, RunOutcome::Ok | RunOutcome::Empty | RunOutcome::SlotOnly);
                    checks.push(SourceCheck { zh: "内容", en: "content", fine, detail });
                    for problem in reading.problems.iter().take(5) {
                        let detail = problem.to_string();
                        checks.push(SourceCheck { zh: "提醒", en: "note", fine: true, detail });
                    }
                }
            }
        }
        Ok(checks)
    }
}

fn parse(mut new: NewSource, catalog: &Catalog, now: crate::kit::clock::UnixMs) -> Result<Source> {
    let mut problems = Vec::new();
    let mut wrong = |field: &'static str, message: String| problems.push(FieldProblem { field, message });
    let id = SourceId::parse(&new.id).map_err(|error| wrong("id", error.to_string())).ok();
    let kind = SourceKind::parse(&new.kind).filter(|kind| catalog.connector(kind).is_some());
    if kind.is_none() {
        let known: Vec<&str> = SourceKind::BUILT_IN.iter().map(SourceKind::as_str).collect();
        wrong(
            "kind",
            format!(
                "`{}` is not a kind of source; use one of {}, or an adapter (adwatch source list --adapters)",
                new.kind,
                known.join(", ")
            ),
        );
    }
    let settings =
        parse_settings(&new.settings, kind.as_ref().and_then(|kind| catalog.connector(kind)), &mut wrong);
    let adapter = kind.as_ref().and_then(|kind| catalog.adapter(kind.as_str()));
    if let Some(adapter) = adapter {
        // What the file says decides the address, unless another is given.
        match adapter.address(&settings) {
            Ok(address) if new.url.is_empty() => new.url = address,
            Ok(_) => {}
            Err(problem) => wrong("set", problem.message),
        }
    }
    match url::Url::parse(&new.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {}
        // The address of an adapter is made from its settings, whose mistakes are told already.
        _ if adapter.is_some() && new.url.is_empty() => {}
        _ => wrong("url", format!("`{}` is not an address; use http:// or https://", new.url)),
    }
    let schedule = new.cron.as_deref().and_then(|cron| {
        let zone = if new.time_zone.is_empty() { Schedule::DEFAULT_TIME_ZONE } else { &new.time_zone };
        Schedule::parse(cron, zone).map_err(|error| wrong("cron", error.to_string())).ok()
    });
    for origin in &new.allow_origins {
        if !is_origin(origin) {
            wrong(
                "allow-origin",
                format!(
                    "`{origin}` is not an origin; write scheme, host and port only, for example http://127.0.0.1:8080"
                ),
            );
        }
    }
    match (id, kind) {
        (Some(id), Some(kind)) if problems.is_empty() => Ok(Source {
            title: if new.title.is_empty() { id.to_string() } else { new.title },
            id,
            kind,
            url: new.url,
            settings,
            schedule,
            allowed_origins: new.allow_origins,
            enabled: true,
            created_at: now,
        }),
        _ => Err(Error::Invalid(problems)),
    }
}

fn parse_settings(
    given: &[String],
    connector: Option<&dyn Connector>,
    wrong: &mut impl FnMut(&'static str, String),
) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for pair in given {
        let Some((name, value)) = pair.split_once('=') else {
            wrong("set", format!("`{pair}` has no `=`; write NAME=VALUE"));
            continue;
        };
        if name == RENDER.name {
            // Understood by every kind, so no connector lists it.
            if RenderProfile::parse(value).is_none() {
                wrong("set", format!("`{pair}`: {name} is {}", RENDER.unit));
            }
        } else if let Some(connector) = connector
            && !connector.settings().iter().any(|setting| setting.name == name)
        {
            let known: Vec<&str> = connector.settings().iter().map(|setting| setting.name).collect();
            wrong(
                "set",
                format!("{} has no setting `{name}`; it has {}", connector.kind().as_str(), known.join(", ")),
            );
        }
        settings.insert(name.to_owned(), value.to_owned());
    }
    settings
}

fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
            && url.username().is_empty()
            && !text.ends_with('/')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let new = NewSource {
            id: "a/b".into(),
            kind: "newspaper".into(),
            url: "file:///etc/passwd".into(),
            cron: Some("daily".into()),
            settings: vec!["limit".into()],
            allow_origins: vec!["http://127.0.0.1:1/path".into()],
            ..NewSource::default()
        };
        let Err(Error::Invalid(problems)) = parse(new, Catalog::built_in(), crate::kit::clock::UnixMs(0))
        else {
            panic!("must be invalid")
        };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["id", "kind", "set", "url", "cron", "allow-origin"]);
    }
}
