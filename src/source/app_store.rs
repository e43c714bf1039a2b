//! An app store that answers in the format of Apple's lookup and search service, or with a page per app.

use super::settings::{self, MAX_LANDINGS, Setting};
use super::{Connector, Page, Reading, Target};
use crate::domain::ad::AdDraft;
use crate::domain::capture::CapturePurpose;
use crate::domain::run::RunOutcome;
use crate::domain::source::{Source, SourceKind};
use crate::extract::{app_listing, html};
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// Reads lookup and search answers, and store pages.
pub(super) struct AppStore;

const LIMIT: Setting<'static> = Setting {
    name: "limit",
    default: "200",
    unit: "apps",
    example: "50",
    help: "How many apps of one answer are read, from its top.",
};
const SETTINGS: &[Setting<'static>] = &[LIMIT, MAX_LANDINGS];

impl Connector for AppStore {
    fn kind(&self) -> SourceKind {
        SourceKind::AppStore
    }

    fn about(&self) -> &str {
        "A lookup or search answer in Apple's format, or the page of one app in a web store."
    }

    fn example_url(&self) -> &str {
        "https://itunes.apple.com/search?term=理财&country=cn&entity=software&limit=200"
    }

    fn settings(&self) -> Vec<Setting<'_>> {
        SETTINGS.to_vec()
    }

    fn first_targets(&self, source: &Source, _now: UnixMs) -> Result<Vec<Target>, Problem> {
        settings::number(source, &LIMIT)?;
        settings::number(source, &MAX_LANDINGS)?;
        Ok(vec![Target::new(settings::entry_url(source)?, CapturePurpose::Page, "listing")])
    }

    fn read_page(&self, source: &Source, _target: &Target, page: &Page<'_>) -> Reading {
        // Apple sends its JSON as text/javascript, so the content decides.
        let read = if page.text.trim_start().starts_with('<') {
            app_listing::store_page(&html::parse(&page.text), &page.url)
                .map(|draft| (vec![draft], Vec::new()))
        } else {
            app_listing::lookup(&page.text)
        };
        let (mut drafts, mut problems) = match read {
            Ok(read) => read,
            Err(field) => return Reading::shape_changed(field),
        };
        let limit = settings::number(source, &LIMIT).unwrap_or_default();
        if drafts.len() > limit {
            let message = format!("the answer holds {} apps; the first {limit} are read", drafts.len());
            problems.push(Problem::new("over-limit", message));
            drafts.truncate(limit);
        }
        let outcome = if drafts.is_empty() { RunOutcome::Empty } else { RunOutcome::Ok };
        let targets = seller_pages(source, page, &drafts);
        Reading { outcome, drafts, targets, problems }
    }
}

/// Home pages of sellers, outside the store itself.
fn seller_pages(source: &Source, page: &Page<'_>, drafts: &[AdDraft]) -> Vec<Target> {
    let max_landings = settings::number(source, &MAX_LANDINGS).unwrap_or_default();
    let mut seen = std::collections::BTreeSet::new();
    drafts
        .iter()
        .filter(|draft| {
            // Without a seller's page the landing address is the store's own.
            let own = draft.platform_ids.contains_key("trackId")
                && draft.links.first() == draft.landing_url.as_ref();
            !own
        })
        .filter_map(|draft| draft.landing_url.clone())
        .filter(|url| *url != page.url.as_str() && seen.insert(url.clone()))
        .take(max_landings)
        .map(|url| Target::new(url, CapturePurpose::Landing, "landing"))
        .collect()
}
