//! A public Telegram channel, read in its web preview; older posts are a page each.

use super::settings::{self, Setting};
use super::{Connector, Page, Reading, Target};
use crate::domain::capture::CapturePurpose;
use crate::domain::run::RunOutcome;
use crate::domain::source::{Source, SourceKind};
use crate::extract::{html, telegram};
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// Reads channel previews.
pub(super) struct TelegramChannel;

const PAGES: Setting<'static> = Setting {
    name: "pages",
    default: "1",
    unit: "pages",
    example: "5",
    help: "How many pages of about twenty posts are fetched, newest first.",
};
const SETTINGS: &[Setting<'static>] = &[PAGES];

impl Connector for TelegramChannel {
    fn kind(&self) -> SourceKind {
        SourceKind::TelegramChannel
    }

    fn about(&self) -> &str {
        "The public preview of a Telegram channel."
    }

    fn example_url(&self) -> &str {
        "https://t.me/s/channel"
    }

    fn settings(&self) -> Vec<Setting<'_>> {
        SETTINGS.to_vec()
    }

    fn first_targets(&self, source: &Source, _now: UnixMs) -> Result<Vec<Target>, Problem> {
        settings::number(source, &PAGES)?;
        let mut url = settings::entry_url(source)?;
        // The channel's own address shows one post at most; its preview is below /s/.
        if url.host_str() == Some("t.me") && !url.path().starts_with("/s/") {
            let path = format!("/s{}", url.path());
            url.set_path(&path);
        }
        Ok(vec![Target::new(url, CapturePurpose::Page, "preview-1")])
    }

    fn read_page(&self, source: &Source, target: &Target, page: &Page<'_>) -> Reading {
        let preview = match telegram::preview(&html::parse(&page.text), &page.url) {
            Ok(preview) => preview,
            Err(field) => return Reading::shape_changed(field),
        };
        let mut problems = preview.problems;
        if preview.n_wordless > 0 {
            let message = format!("{} posts have no words (pictures, stickers)", preview.n_wordless);
            problems.push(Problem::new("wordless", message));
        }
        let n_pages = settings::number(source, &PAGES).unwrap_or_default();
        let nth = super::page::number_in_role(target);
        let older = preview.older_before.filter(|_| nth < n_pages).map(|before| {
            let mut url = page.url.clone();
            url.set_query(Some(&format!("before={before}")));
            Target::new(url, CapturePurpose::Page, &format!("preview-{}", nth + 1))
        });
        let is_empty = preview.drafts.is_empty() && preview.n_wordless == 0;
        let outcome = if is_empty { RunOutcome::Empty } else { RunOutcome::Ok };
        Reading { outcome, drafts: preview.drafts, targets: older.into_iter().collect(), problems }
    }
}
