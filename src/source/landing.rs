//! The page behind an ad: the next-level link of 互联网广告管理办法 art 18, read whole and not followed further.

use std::collections::HashSet;

use super::{Page, Reading};
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::run::RunOutcome;
use crate::extract::{MissingField, article, html};

/// Longest text of a landing page that is judged, in characters.
const MAX_CHARS: usize = 20_000;

pub(super) fn read(page: &Page<'_>) -> Reading {
    let tree = html::parse(&page.text);
    let text: String = html::page_text_of(&tree).chars().take(MAX_CHARS).collect();
    if text.is_empty() {
        return Reading::shape_changed(MissingField(
            "visible text (the page is drawn by scripts or an image)".to_owned(),
        ));
    }
    let base = html::base_of(&tree, &page.url);
    // The article reader knows best where a page says who publishes it and when.
    let told = article::article(&tree, &page.url, &HashSet::new()).ok();
    let draft = AdDraft {
        title: article::title(&tree),
        locator: "body".to_owned(),
        images: html::images_of(tree.root_element(), &base),
        landing_url: Some(page.url.to_string()),
        links: html::links_of(tree.root_element(), &base),
        publisher: told.as_ref().and_then(|told| told.publisher.clone()),
        published_at: told.and_then(|told| told.published_at),
        ..AdDraft::of_text(AdKind::Landing, text)
    };
    Reading { drafts: vec![draft], ..Reading::nothing(RunOutcome::Ok) }
}
