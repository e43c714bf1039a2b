//! Replaying a fixture: a crawl in which the files of a folder answer instead of hosts.
//!
//! `pages.toml` says what is at which address; `expected.json` is what the crawl gives, step by step.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::Adapter;
use crate::domain::ad::AdDraft;
use crate::domain::capture::Exchange;
use crate::domain::source::{Source, SourceId};
use crate::kit::clock::UnixMs;
use crate::source::{CapturedPage, Connector, Target};

/// Most requests of one replay.
const MAX_REQUESTS: usize = 100;

/// When the pages of every fixture were captured: 2026-11-23 08:25 in China.
const CAPTURED_AT: UnixMs = UnixMs(1_795_393_500_000);

/// The files of a fixture, by name.
#[derive(Debug, Clone, Default)]
pub struct Fixture {
    /// Name and content of each.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Why a fixture cannot be replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReplayProblem(pub String);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Pages {
    #[serde(default)]
    settings: BTreeMap<String, String>,
    url: Option<String>,
    #[serde(default)]
    page: Vec<PageForm>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PageForm {
    url: String,
    /// The request body that is answered with this; any when left out.
    body: Option<String>,
    file: String,
    #[serde(default = "ok")]
    status: u16,
    content_type: Option<String>,
}

fn ok() -> u16 {
    200
}

/// Crawls the fixture with the adapter; the answer lists every request with what was read in it.
///
/// # Errors
/// The fixture is incomplete or the adapter's parameters are not given.
pub fn replay(adapter: &Adapter, fixture: &Fixture) -> Result<Value, ReplayProblem> {
    let pages =
        fixture.files.get("pages.toml").ok_or_else(|| ReplayProblem("there is no pages.toml".to_owned()))?;
    let pages: Pages = toml::from_str(&String::from_utf8_lossy(pages))
        .map_err(|error| ReplayProblem(format!("pages.toml: {}", error.message())))?;
    let mut source = Source {
        id: SourceId::parse("fixture").map_err(|error| ReplayProblem(error.to_string()))?,
        kind: adapter.kind(),
        title: adapter.title.clone(),
        url: String::new(),
        settings: pages.settings.clone(),
        schedule: None,
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: CAPTURED_AT,
    };
    let problem = |problem: crate::kit::problem::Problem| ReplayProblem(problem.message);
    source.url = match &pages.url {
        Some(url) => url.clone(),
        None => adapter.address(&source.settings).map_err(problem)?,
    };
    let mut waiting: VecDeque<Target> = adapter.entry(&source, CAPTURED_AT).map_err(problem)?.into();
    let mut steps = Vec::new();
    let mut asked = std::collections::BTreeSet::new();
    while let Some(target) = waiting.pop_front() {
        if !asked.insert((target.url.clone(), target.ask.body.clone())) || steps.len() >= MAX_REQUESTS {
            continue;
        }
        let answer = pages
            .page
            .iter()
            .find(|page| page.url == target.url && (page.body.is_none() || page.body == target.ask.body));
        let Some(answer) = answer else {
            steps.push(json!({ "asked": asked_for(&target), "answer": "not in the fixture" }));
            continue;
        };
        let body = fixture.files.get(&answer.file);
        let body = body
            .ok_or_else(|| ReplayProblem(format!("pages.toml names {}, which is not there", answer.file)))?;
        let exchange = exchange(&target.url, answer);
        let reading = adapter.read(&source, &target, &CapturedPage::new(&exchange, body));
        let mut step = json!({ "asked": asked_for(&target), "answer": answer.file, "outcome": reading.outcome.describe() });
        if !reading.drafts.is_empty() {
            step["drafts"] = reading.drafts.iter().map(shown).collect();
        }
        if !reading.problems.is_empty() {
            step["problems"] = reading.problems.iter().map(ToString::to_string).collect();
        }
        steps.push(step);
        waiting.extend(reading.targets);
    }
    Ok(Value::Array(steps))
}

fn asked_for(target: &Target) -> String {
    let method = if target.ask.body.is_some() { "POST" } else { "GET" };
    let mut lines = vec![format!("{method} {} ({})", target.url, target.role)];
    lines.extend(target.ask.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.extend(
        target
            .ask
            .credential
            .as_ref()
            .map(|credential| format!("{}: {}<{}>", credential.header, credential.prefix, credential.name)),
    );
    lines.extend(target.ask.body.clone());
    lines.join("\n")
}

fn exchange(url: &str, page: &PageForm) -> Exchange {
    let content_type = page.content_type.as_ref().map(|value| ("content-type".to_owned(), value.clone()));
    Exchange {
        imported: None,
        provenance: None,
        robots_override: None,
        requested_url: url.to_owned(),
        final_url: url.to_owned(),
        request_headers: Vec::new(),
        status: page.status,
        http_version: "HTTP/1.1".to_owned(),
        response_headers: content_type.into_iter().collect(),
        redirects: Vec::new(),
        remote_addr: String::new(),
        started_at: CAPTURED_AT,
        finished_at: CAPTURED_AT,
    }
}

/// A draft without its empty fields.
fn shown(draft: &AdDraft) -> Value {
    let fields = [
        ("kind", Some(json!(draft.kind.as_str()))),
        ("title", draft.title.as_ref().map(|title| json!(title))),
        ("text", Some(draft.text.split('\n').collect())),
        ("locator", Some(json!(draft.locator))),
        ("images", list(&draft.images)),
        ("landing_url", draft.landing_url.as_ref().map(|url| json!(url))),
        ("links", list(&draft.links)),
        ("advertiser", draft.advertiser.as_ref().map(|name| json!(name))),
        ("publisher", draft.publisher.as_ref().map(|name| json!(name))),
        ("label", draft.label.as_ref().map(|label| json!(label))),
        ("published_at", draft.published_at.map(|at| json!(at.beijing()))),
        ("platform_ids", (!draft.platform_ids.is_empty()).then(|| json!(draft.platform_ids))),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn list(values: &[String]) -> Option<Value> {
    (!values.is_empty()).then(|| json!(values))
}
