//! A timeline or search in the format of mobile Weibo; further pages are asked for by number.

use super::settings::{self, Setting};
use super::{Connector, Page, Reading, Target};
use crate::domain::capture::CapturePurpose;
use crate::domain::run::RunOutcome;
use crate::domain::source::{Source, SourceKind};
use crate::extract::weibo::{self, NoTimeline};
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// Reads `getIndex` answers.
pub(super) struct WeiboTimeline;

const PAGES: Setting<'static> = Setting {
    name: "pages",
    default: "1",
    unit: "pages",
    example: "5",
    help: "How many pages of about ten posts are fetched, newest first.",
};
const SETTINGS: &[Setting<'static>] = &[PAGES];

impl Connector for WeiboTimeline {
    fn kind(&self) -> SourceKind {
        SourceKind::WeiboTimeline
    }

    fn about(&self) -> &str {
        "A timeline or search answer in the format of mobile Weibo (getIndex)."
    }

    fn example_url(&self) -> &str {
        "https://m.weibo.cn/api/container/getIndex?containerid=1076031234567890"
    }

    fn settings(&self) -> Vec<Setting<'_>> {
        SETTINGS.to_vec()
    }

    fn first_targets(&self, source: &Source, _now: UnixMs) -> Result<Vec<Target>, Problem> {
        settings::number(source, &PAGES)?;
        Ok(vec![Target::new(settings::entry_url(source)?, CapturePurpose::Page, "timeline-1")])
    }

    fn read_page(&self, source: &Source, target: &Target, page: &Page<'_>) -> Reading {
        let timeline = match weibo::timeline(&page.text, &page.url, page.captured_at) {
            Ok(timeline) => timeline,
            Err(NoTimeline::LoginWall) => return Reading::nothing(RunOutcome::LoginWall),
            Err(NoTimeline::Empty) => return Reading::nothing(RunOutcome::Empty),
            Err(NoTimeline::ShapeChanged(field)) => return Reading::shape_changed(field),
        };
        let n_pages = settings::number(source, &PAGES).unwrap_or_default();
        let nth = super::page::number_in_role(target);
        let next = (nth < n_pages && !timeline.drafts.is_empty()).then(|| {
            let mut url = page.url.clone();
            let others: Vec<(String, String)> =
                url.query_pairs().into_owned().filter(|(key, _)| key != "page").collect();
            url.query_pairs_mut().clear().extend_pairs(others).append_pair("page", &(nth + 1).to_string());
            Target::new(url, CapturePurpose::Page, &format!("timeline-{}", nth + 1))
        });
        let outcome = if timeline.drafts.is_empty() { RunOutcome::Empty } else { RunOutcome::Ok };
        Reading {
            outcome,
            drafts: timeline.drafts,
            targets: next.into_iter().collect(),
            problems: timeline.problems,
        }
    }
}
