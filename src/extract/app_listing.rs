//! Entries of app stores: the answer of Apple's lookup and search service, and store pages in HTML.

use scraper::Html;
use serde_json::Value;
use url::Url;

use super::html::{self, selector};
use super::{MissingField, Shape, moment};
use crate::domain::ad::{AdDraft, AdKind};
use crate::kit::problem::Problem;

/// Reads `{"resultCount": n, "results": […]}`; answers one draft per app, none when nothing was found.
///
/// # Errors
/// Names the field when the answer is no such object, or none of its apps has the required fields
/// `trackId`, `trackName` and `description`.
pub fn lookup(json: &str) -> Shape<(Vec<AdDraft>, Vec<Problem>)> {
    let answer: Value =
        serde_json::from_str(json).map_err(|error| MissingField(format!("results (not JSON: {error})")))?;
    let results =
        answer.get("results").and_then(Value::as_array).ok_or_else(|| MissingField::new("results"))?;
    let (mut drafts, mut problems, mut missing) = (Vec::new(), Vec::new(), None);
    for (nth, result) in results.iter().enumerate() {
        // A lookup by developer begins with the developer itself.
        if result.get("wrapperType").and_then(Value::as_str).is_some_and(|kind| kind != "software") {
            continue;
        }
        match app(result, nth) {
            Ok(draft) => drafts.push(draft),
            Err(field) => {
                problems.push(Problem::new("missing-field", format!("/results/{nth} has no `{}`", field.0)));
                missing.get_or_insert(field);
            }
        }
    }
    match missing {
        Some(field) if drafts.is_empty() => Err(MissingField(format!("results[].{}", field.0))),
        _ => Ok((drafts, problems)),
    }
}

fn app(result: &Value, nth: usize) -> Shape<AdDraft> {
    let text = |name: &str| {
        result
            .get(name)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let required = |name: &str| text(name).ok_or_else(|| MissingField::new(name));
    let track_id =
        result.get("trackId").and_then(Value::as_u64).ok_or_else(|| MissingField::new("trackId"))?;
    let title = required("trackName")?;
    let mut lines = vec![title.clone(), required("description")?];
    lines.extend(text("releaseNotes"));
    let images = ["screenshotUrls", "ipadScreenshotUrls"]
        .iter()
        .filter_map(|name| result.get(name)?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned);
    let links: Vec<String> =
        ["trackViewUrl", "artistViewUrl", "sellerUrl"].iter().filter_map(|name| text(name)).collect();
    let mut platform_ids = std::collections::BTreeMap::from([("trackId".to_owned(), track_id.to_string())]);
    platform_ids.extend(text("bundleId").map(|id| ("bundleId".to_owned(), id)));
    platform_ids.extend(
        result.get("artistId").and_then(Value::as_u64).map(|id| ("artistId".to_owned(), id.to_string())),
    );
    Ok(AdDraft {
        title: Some(title),
        locator: format!("/results/{nth}"),
        images: text("artworkUrl512").or_else(|| text("artworkUrl100")).into_iter().chain(images).collect(),
        landing_url: text("sellerUrl").or_else(|| text("trackViewUrl")),
        links,
        advertiser: text("sellerName").or_else(|| text("artistName")),
        publisher: text("artistName"),
        published_at: text("currentVersionReleaseDate")
            .or_else(|| text("releaseDate"))
            .and_then(|at| moment::parse(&at)),
        platform_ids,
        ..AdDraft::of_text(AdKind::AppListing, lines.join("\n"))
    })
}

/// Reads one app's page in a web store: JSON-LD `SoftwareApplication`, else `itemprop` and sharing data.
///
/// # Errors
/// Names the field when the page has no name or no description of an app.
pub fn store_page(page: &Html, page_url: &Url) -> Shape<AdDraft> {
    let base = html::base_of(page, page_url);
    let objects = html::json_ld(page);
    let app = objects.iter().find(|object| is_app(object)).unwrap_or(&Value::Null);
    let text =
        |name: &str| app.get(name).and_then(Value::as_str).map(unescaped).filter(|text| !text.is_empty());
    let marked = |names: &[&str]| {
        names.iter().find_map(|name| {
            let found = page
                .root_element()
                .descendent_elements()
                .find(|element| element.value().name() != "meta" && element.attr("itemprop") == Some(name))?;
            Some(html::text_of(found)).filter(|text| !text.is_empty())
        })
    };
    let heading = || html::select(page.root_element(), selector!("h1")).next().map(html::text_of);
    let title = text("name")
        .or_else(|| marked(&["name"]))
        .or_else(heading)
        .or_else(|| html::meta(page, &["og:title"]))
        .filter(|title| !title.is_empty())
        .ok_or_else(|| MissingField::new("app name"))?;
    // The visible description is the whole one; structured data is often cut.
    let visible = html::select(
        page.root_element(),
        selector!(".section__description, .product-review__body, [data-g-id=description], .app-description, #description, .description, .intro"),
    )
    .next()
    .map(html::text_of);
    let candidates = [visible, marked(&["description"]), text("description")];
    let description = candidates
        .into_iter()
        .flatten()
        .max_by_key(String::len)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| MissingField::new("app description"))?;
    let author =
        app.get("author").and_then(|author| author.get("name")).and_then(Value::as_str).map(str::to_owned);
    let seller_url = app.get("author").and_then(|author| author.get("url")).and_then(Value::as_str);
    Ok(AdDraft {
        title: Some(title.clone()),
        locator: if app.is_null() {
            "body".to_owned()
        } else {
            "script[type='application/ld+json']".to_owned()
        },
        images: text("image").or_else(|| html::meta(page, &["og:image"])).into_iter().collect(),
        landing_url: seller_url.and_then(|href| html::resolve(&base, href)),
        advertiser: author.or_else(|| marked(&["author"])),
        publisher: html::meta(page, &["og:site_name"]),
        published_at: text("datePublished").and_then(|at| moment::parse(&at)),
        platform_ids: app_ids(page_url),
        ..AdDraft::of_text(AdKind::AppListing, format!("{title}\n{description}"))
    })
}

fn is_app(object: &Value) -> bool {
    let is_type = |value: &Value| matches!(value.as_str(), Some("SoftwareApplication" | "MobileApplication"));
    match object.get("@type") {
        Some(Value::Array(types)) => types.iter().any(is_type),
        Some(one) => is_type(one),
        None => false,
    }
}

/// Structured data sometimes carries entities and line breaks of the page it was made from.
fn unescaped(text: &str) -> String {
    if text.contains(['<', '&']) { html::page_text(text) } else { text.trim().to_owned() }
}

/// `id123` in an Apple path, `?id=` of Google Play, the last path part elsewhere.
fn app_ids(page_url: &Url) -> std::collections::BTreeMap<String, String> {
    let from_query = page_url.query_pairs().find(|(key, _)| key == "id").map(|(_, value)| value.into_owned());
    let last = page_url.path_segments().and_then(|mut parts| parts.next_back().map(str::to_owned));
    let last = last.map(|part| match part.strip_prefix("id") {
        Some(number) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            number.to_owned()
        }
        _ => part,
    });
    from_query.or(last).filter(|id| !id.is_empty()).map(|id| ("app".to_owned(), id)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_gives_one_draft_per_app_with_its_legal_seller() {
        let json = r#"{"resultCount":2,"results":[{"wrapperType":"artist","artistName":"某某科技"},
            {"wrapperType":"software","trackId":1599000001,"bundleId":"com.example.licai","trackName":"天天理财宝","description":"每日返利。\n随时提现。",
             "releaseNotes":"新手专享。","sellerName":"Example Fintech Co., Ltd.","artistName":"某某科技","artistId":9,"sellerUrl":"http://licai.example/",
             "artworkUrl512":"http://p.example/i.png","screenshotUrls":["http://p.example/1.png"],"currentVersionReleaseDate":"2026-11-01T00:00:00Z"}]}"#;
        let (drafts, problems) = lookup(json).unwrap();
        assert_eq!(problems, []);
        let [draft] = &drafts[..] else { panic!("{drafts:?}") };
        assert_eq!(draft.text, "天天理财宝\n每日返利。\n随时提现。\n新手专享。");
        assert_eq!(draft.advertiser.as_deref(), Some("Example Fintech Co., Ltd."));
        assert_eq!(draft.landing_url.as_deref(), Some("http://licai.example/"));
        assert_eq!((draft.locator.as_str(), draft.images.len()), ("/results/1", 2));
        assert_eq!(draft.platform_ids["trackId"], "1599000001");
        assert_eq!(draft.published_at.unwrap().rfc3339(), "2026-11-01T00:00:00.000Z");
    }

    #[test]
    fn an_answer_of_another_shape_is_named_and_an_empty_one_is_empty() {
        assert_eq!(lookup(r#"{"resultCount":0,"results":[]}"#).unwrap(), (vec![], vec![]));
        let cases = [
            ("{}", "results"),
            ("[]", "results"),
            (r#"{"results":{}}"#, "results"),
            (r#"{"results":[{"trackId":1,"trackName":"x"}]}"#, "results[].description"),
            (r#"{"results":[{"trackName":"x","description":"y"}]}"#, "results[].trackId"),
        ];
        for (json, field) in cases {
            assert_eq!(lookup(json), Err(MissingField::new(field)), "{json}");
        }
        assert!(lookup("<html>").unwrap_err().0.starts_with("results (not JSON"));
        let one_bad = r#"{"results":[{"trackId":1,"trackName":"a","description":"b"},{"trackId":2}]}"#;
        let (drafts, problems) = lookup(one_bad).unwrap();
        assert_eq!((drafts.len(), problems[0].message.as_str()), (1, "/results/1 has no `trackName`"));
    }

    #[test]
    fn store_pages_are_read_from_structured_data_or_markup() {
        let url = Url::parse("https://store.example.com/cn/app/licai/id1599000001").unwrap();
        let pages = [
            r#"<script type="application/ld+json">{"@type":"SoftwareApplication","name":"天天理财宝","description":"每日返利","author":{"name":"某某科技"}}</script><h1>别的</h1>"#,
            r#"<script type="application/ld+json">{"@graph":[{"@type":["WebPage"]},{"@type":["MobileApplication"],"name":"天天理财宝","description":"每日返利","author":{"name":"某某科技"}}]}</script>"#,
            "<h1>天天理财宝</h1><span itemprop=author>某某科技</span><div class=section__description>每日返利</div>",
        ];
        for page in pages {
            let draft = store_page(&Html::parse_document(page), &url).unwrap();
            assert_eq!(
                (draft.text.as_str(), draft.advertiser.as_deref()),
                ("天天理财宝\n每日返利", Some("某某科技")),
                "{page}"
            );
            assert_eq!(draft.platform_ids["app"], "1599000001");
        }
        let bare = store_page(&Html::parse_document("<h1>天天理财宝</h1>"), &url);
        assert_eq!(bare, Err(MissingField::new("app description")));
    }
}
