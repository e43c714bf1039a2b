//! Renderings: what a browser made of a page.

use std::collections::BTreeMap;

use super::frontier::{held, nothing};
use super::make::{ad_id, capture, page, seen};
use crate::domain::blob::BlobRef;
use crate::domain::rendering::{PartRole, RenderProfile};
use crate::store::Db;
use crate::store::frontier::CrawlStep;
use crate::store::rendering::{RenderingPart, RenderingRow};

fn row(name: &str) -> RenderingRow {
    let part = |role: PartRole, name: &str, ad: Option<&str>| RenderingPart {
        role,
        name: name.to_owned(),
        ad_id: ad.map(ad_id),
        blob: BlobRef::of(role.as_str().as_bytes()),
    };
    RenderingRow {
        capture_id: capture("news", name).id,
        profile: RenderProfile::Mobile,
        record: BlobRef::of(b"{}"),
        n_ads: 1,
        n_refused: 2,
        parts: vec![
            part(PartRole::Dom, "https://city-news.example/", None),
            part(PartRole::Ad, "body > div", Some("保本保息")),
            part(PartRole::Frame, "https://ad.example/\0frame", None),
            part(PartRole::Screenshot, "", None),
            part(PartRole::Body, "https://city-news.example/a.js", None),
            part(PartRole::Body, "https://city-news.example/b.js", None),
        ],
    }
}

pub(super) async fn a_rendering_comes_back_with_its_parts_and_is_kept_once(db: Db) {
    held(&db, "one").await;
    let (id, none) = (capture("news", "page-1").run_id, BTreeMap::new());
    let record = page("news", "page-1", vec![seen("news", "page-1", "保本保息")]);
    let rendering = row("page-1");
    let step = || CrawlStep {
        pages: std::slice::from_ref(&record),
        renderings: std::slice::from_ref(&rendering),
        ..nothing(&id, "one", &none)
    };
    let first = db.record_crawl(&step()).await.unwrap().pages;
    assert_eq!((first.n_new_ads, first.n_new_findings), (1, 1));
    let again = db.record_crawl(&step()).await.unwrap().pages;
    assert_eq!(again, crate::store::page::PageRecorded::default());
    let mut expected = rendering.clone();
    let found = db.rendering(&expected.capture_id).await.unwrap().unwrap();
    expected.parts[2].name.clone_from(&found.parts[2].name);
    assert!(!found.parts[2].name.contains('\0'), "engines dislike it");
    assert_eq!(found, expected);
    db.record_page(&page("news", "page-2", Vec::new())).await.unwrap();
    let mut named: Vec<String> = expected.parts.iter().map(|part| part.blob.digests.sha256.clone()).collect();
    named.push(expected.record.digests.sha256.clone());
    named.sort();
    named.dedup();
    assert_eq!(db.rendering_blobs_after(None, 100).await.unwrap(), named);
    assert_eq!(db.rendering_blobs_after(Some(&named[0]), 1).await.unwrap(), named[1..2]);
    assert_eq!(db.rendering(&capture("news", "page-2").id).await.unwrap(), None);
}
