//! Ads that stand in a page as JSON inside a script, waiting to be drawn: here the form of Baidu Tieba.
//!
//! `_.Module.use('adsense-base/widget/tpl_9', [{'adData': {"name", "user_id", "raw_adurl", "goods_info": […], …}}])`;
//! the shape is from one recorded page.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::html;
use crate::domain::ad::{AdDraft, AdKind};

/// Ads announced to the page's own scripts in `html`.
pub fn native_ads(html: &str, page_url: &Url) -> Vec<AdDraft> {
    let mut drafts = Vec::new();
    for (at, key) in html.match_indices("'adData'") {
        let Some(after) = html[at + key.len()..].trim_start().strip_prefix(':') else { continue };
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let Some(Ok(data)) = values.next() else { continue };
        let goods: Vec<&Value> = match data.get("goods_info") {
            Some(Value::Array(goods)) => goods.iter().collect(),
            Some(Value::Object(goods)) => goods.values().collect(),
            _ => Vec::new(),
        };
        let pointer = format!("script adData at byte {at}");
        if goods.is_empty() {
            drafts.extend(draft(&data, &Value::Null, page_url, pointer));
        } else {
            drafts.extend(goods.into_iter().filter_map(|good| draft(&data, good, page_url, pointer.clone())));
        }
    }
    drafts
}

fn draft(data: &Value, good: &Value, page_url: &Url, locator: String) -> Option<AdDraft> {
    let text_in = |value: &Value, names: &[&str]| -> Vec<String> {
        names
            .iter()
            .filter_map(|name| value.get(name)?.as_str().map(str::trim))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut lines = text_in(good, &["title", "ad_title", "abstract", "content", "desc", "button_text"]);
    if lines.is_empty() {
        lines = text_in(data, &["title", "name"]);
    }
    let mut images: Vec<String> = text_in(good, &["content_pic", "pic", "image", "thumb_pic"])
        .iter()
        .filter_map(|src| html::resolve(page_url, src))
        .collect();
    images.dedup();
    let landing_url = text_in(data, &["raw_adurl", "url"])
        .iter()
        .find_map(|href| html::resolve(page_url, href))
        .map(|url| html::unwrap_redirect(&url));
    if images.is_empty() && landing_url.is_none() {
        return None;
    }
    let ids = ["id", "plan_id", "user_id", "pos_name", "loc_code", "page_name", "search_id"];
    let platform_ids: BTreeMap<String, String> = ids
        .iter()
        .filter_map(|name| {
            let value = data.get(name)?;
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (!shown.is_empty()).then(|| ((*name).to_owned(), shown))
        })
        .collect();
    Some(AdDraft {
        locator,
        images,
        links: landing_url.iter().cloned().collect(),
        landing_url,
        advertiser: platform_ids.get("user_id").map(|id| format!("user_id {id}")),
        publisher: text_in(good, &["ad_source_name"]).into_iter().next(),
        platform_ids,
        ..AdDraft::of_text(AdKind::Display, lines.join("\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_native_ad_comes_with_creative_landing_link_and_advertiser_id() {
        let html = r#"<script>_.Module.use('adsense-base/widget/tpl_9', [{
            'adData': {"id":"7","name":"\u5e74\u5316\u5341\u4e94\u7406\u8d22","user_id":42,"plan_id":"1","raw_adurl":"http:\/\/x.example\/j?n=1",
            "goods_info":[{"content_pic":"https:\/\/p.example\/1.gif","ad_source_name":"某联盟"}]}}]);</script>"#;
        let drafts = native_ads(html, &Url::parse("http://forum.example/").unwrap());
        let [draft] = &drafts[..] else { panic!("{drafts:?}") };
        assert_eq!(draft.text, "年化十五理财");
        assert_eq!(draft.landing_url.as_deref(), Some("http://x.example/j?n=1"));
        assert_eq!(draft.images, ["https://p.example/1.gif"]);
        assert_eq!(draft.advertiser.as_deref(), Some("user_id 42"));
        assert_eq!(draft.platform_ids["plan_id"], "1");
    }

    #[test]
    fn broken_script_data_is_passed_over() {
        let url = Url::parse("http://forum.example/").unwrap();
        for html in
            ["'adData'", "'adData': {", "'adData': [1]", "'adData': {\"goods_info\": 5}", "'adData': \"x\""]
        {
            assert_eq!(native_ads(html, &url), [], "{html}");
        }
    }
}
