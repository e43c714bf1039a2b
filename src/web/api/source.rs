//! Sources and their runs.

use std::str::FromStr;

use super::call::{Answered, Call, Reply};
use super::page;
use super::shapes::{RunJson, RunList, SourceJson, SourceList};
use crate::domain::run::{CrawlRun, RunId};
use crate::kit::clock::UnixMs;

/// `GET /sources`.
pub async fn list(call: Call) -> Answered {
    let lines = call.app().sources_overview().await?;
    let sources = lines.iter().map(|line| SourceJson {
        id: line.source.id.to_string(),
        title: line.source.title.clone(),
        kind: line.source.kind.as_str().to_owned(),
        url: line.source.url.clone(),
        schedule: line.source.schedule.as_ref().map(|schedule| schedule.cron().to_owned()),
        enabled: line.source.enabled,
        last_run: line.last_run.as_ref().map(run),
    });
    Reply::ok(&SourceList { sources: sources.collect() })
}

/// `GET /runs`.
pub async fn runs(call: Call) -> Answered {
    let source = call.parsed("source")?;
    let before: Option<Place> = page::read(call.asked("cursor"))?;
    let before = before.as_ref().map(|place| (place.started_at, &place.id));
    let mut found = call.app().runs(source.as_ref(), before, call.limit() + 1).await?;
    let limit = usize::try_from(call.limit()).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next =
        found.last().filter(|_| more).map(|last| page::write(&format!("{}_{}", last.started_at.0, last.id)));
    Reply::ok(&RunList { runs: found.iter().map(run).collect(), next })
}

/// Before this run.
struct Place {
    started_at: UnixMs,
    id: RunId,
}

impl FromStr for Place {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('_').ok_or(())?;
        Ok(Self { started_at: UnixMs(at.parse().map_err(drop)?), id: RunId::parse(id).map_err(drop)? })
    }
}

fn run(run: &CrawlRun) -> RunJson {
    RunJson {
        id: run.id.to_string(),
        source: run.source_id.to_string(),
        started_at: run.started_at.into(),
        finished_at: run.finished_at.map(Into::into),
        outcome: run.outcome.as_ref().map(|outcome| outcome.name().to_owned()),
        detail: run.outcome.as_ref().and_then(|outcome| outcome.detail()),
        n_pages: run.counts.n_pages,
        n_sightings: run.counts.n_sightings,
        n_new_ads: run.counts.n_new_ads,
        n_new_findings: run.counts.n_new_findings,
        n_cleared: run.counts.n_cleared,
        n_failed: run.counts.n_failed,
    }
}
