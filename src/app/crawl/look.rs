//! One look at one page: ask for it, and have its bytes safe before anything is read.

use std::sync::Arc;

use bytes::Bytes;

use super::super::error::Result;
use super::super::render::{Kept, Look};
use super::super::{App, Config, adapters};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CapturePurpose, Exchange};
use crate::domain::manners::Manners;
use crate::domain::run::RunOutcome;
use crate::domain::source::Source;
use crate::domain::visit::Visit;
use crate::fetch::{FetchError, FetchRequest, Fetched, Jar};
use crate::source::Target;
use crate::store::frontier::Step;

/// A page to look at.
pub(super) struct Job {
    pub(super) step: Step,
    pub(super) target: Target,
    /// What earlier looks found; `None` for pages that are always asked for in full.
    pub(super) visit: Option<Visit>,
}

/// A page that was looked at.
pub(super) struct Looked {
    pub(super) job: Job,
    pub(super) answer: Answer,
}

pub(super) enum Answer {
    /// A page; its bytes are in the vault.
    Page { exchange: Box<Exchange>, body: Bytes, blob: BlobRef, kept: Option<Box<Kept>> },
    /// The host says that it is as it was in this capture.
    Unchanged { capture: Box<Capture>, body: Bytes },
    /// Nothing.
    Failed { outcome: RunOutcome, leaves_host: bool },
}

/// Looks at the page of `job`.
///
/// # Errors
/// `Internal` when the vault or the database fails; failures of the page are answers.
pub(super) async fn look(
    app: &App,
    source: &Source,
    manners: &Manners,
    cookies: Arc<Jar>,
    job: Job,
) -> Result<Looked> {
    let mut answer = ask(app, source, manners, cookies, &job).await?;
    if let Answer::Page { exchange, .. } = &mut answer
        && job.target.purpose != CapturePurpose::Landing
    {
        exchange.robots_override.clone_from(&manners.robots);
    }
    Ok(Looked { job, answer })
}

async fn ask(app: &App, source: &Source, manners: &Manners, cookies: Arc<Jar>, job: &Job) -> Result<Answer> {
    let request = match request_for(&app.config, source, manners, &job.target) {
        Ok(request) => FetchRequest { cookies: cookies_for(&job.target, cookies), ..request },
        Err(outcome) => return Ok(Answer::Failed { outcome, leaves_host: false }),
    };
    // A browser looks anew each time: what its page shows changes without the document.
    match app.look_rendered(source, &job.target, &request).await? {
        None => {}
        Some(Err(error)) => return Ok(failed(source, job, &error)),
        Some(Ok(Look { exchange, body, kept })) => {
            let blob = app.vault.put(body.clone()).await?;
            return Ok(Answer::Page { exchange: Box::new(exchange), body, blob, kept: Some(Box::new(kept)) });
        }
    }
    if let Some(visit) = &job.visit {
        let conditional = FetchRequest {
            headers: request.headers.iter().cloned().chain(conditions(visit)).collect(),
            ..request.clone()
        };
        match app.fetcher.get(conditional).await {
            Ok(fetched) if fetched.exchange.status == 304 => {
                // Without the bytes of that time the answer is worth nothing, and the page is asked for in full.
                if let Some(unchanged) = kept(app, visit).await? {
                    return Ok(unchanged);
                }
            }
            Ok(fetched) => return page(app, fetched).await,
            Err(error) => return Ok(failed(source, job, &error)),
        }
    }
    match app.fetcher.get(request).await {
        Ok(fetched) => page(app, fetched).await,
        Err(error) => Ok(failed(source, job, &error)),
    }
}

/// `If-None-Match` and `If-Modified-Since` of the last answer (RFC 9110 §13.1).
fn conditions(visit: &Visit) -> impl Iterator<Item = (String, String)> {
    let sendable = |value: &String| value.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
    let etag = visit.etag.clone().filter(sendable).map(|etag| ("if-none-match".to_owned(), etag));
    let since =
        visit.last_modified.clone().filter(sendable).map(|since| ("if-modified-since".to_owned(), since));
    etag.into_iter().chain(since)
}

/// Landing pages get no cookies: who visits suspected fraud leaves no trace that the next visit carries on.
fn cookies_for(target: &Target, cookies: Arc<Jar>) -> Option<Arc<Jar>> {
    (target.purpose != CapturePurpose::Landing).then_some(cookies)
}

async fn kept(app: &App, visit: &Visit) -> Result<Option<Answer>> {
    let Some(capture) = app.store.capture(&visit.capture_id).await? else { return Ok(None) };
    match app.vault.get(&capture.body.digests.sha256).await {
        Ok(body) => Ok(Some(Answer::Unchanged { capture: Box::new(capture), body: body.into() })),
        Err(error) => {
            tracing::warn!(capture.id = %capture.id, "asked for again in full: {error}");
            Ok(None)
        }
    }
}

async fn page(app: &App, fetched: Fetched) -> Result<Answer> {
    let Fetched { mut exchange, body, certificates } = fetched;
    // Bytes first, row second: see the module text.
    let blob = app.vault.put(body.clone()).await?;
    exchange.provenance = Some(app.provenance(&certificates).await?);
    Ok(Answer::Page { exchange: Box::new(exchange), body, blob, kept: None })
}

fn failed(source: &Source, job: &Job, error: &FetchError) -> Answer {
    tracing::info!(source.id = %source.id, url = %job.target.url, "page not read: {error}");
    Answer::Failed { outcome: error.outcome(), leaves_host: error.leaves_host() }
}

/// Whether earlier looks at a page are remembered: landing pages are captured in full each time, because they are
/// evidence of where an ad led that day, and an answer to a POST has no name.
pub(super) fn is_remembered(target: &Target) -> bool {
    target.purpose != CapturePurpose::Landing && target.ask.body.is_none()
}

/// The request for a page, with the credential it needs.
///
/// # Errors
/// The credential is not there: nothing is asked without it.
pub(in crate::app) fn request_for(
    config: &Config,
    source: &Source,
    manners: &Manners,
    target: &Target,
) -> std::result::Result<FetchRequest, RunOutcome> {
    let secret = target.ask.credential.as_ref().map(|wanted| {
        let variable = adapters::credential_variable(&wanted.name);
        let value = config.credential(&variable).ok_or_else(|| RunOutcome::Blocked {
            why: format!(
                "the credential `{}` is not there; set the environment variable {variable}",
                wanted.name
            ),
        });
        value.map(|value| (wanted.header.clone(), format!("{}{value}", wanted.prefix)))
    });
    Ok(FetchRequest {
        allowed_origins: source.allowed_origins.clone(),
        body: target.ask.body.clone().map(Into::into),
        headers: target.ask.headers.clone(),
        secret: secret.transpose()?,
        min_interval_ms: target.ask.min_interval_ms,
        // An order about a site does not reach the sites that its ads lead to.
        ignore_robots: manners.robots.is_some() && target.purpose != CapturePurpose::Landing,
        ..FetchRequest::new(&target.url)
    })
}
