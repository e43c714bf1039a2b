//! Sitemaps (sitemaps.org 0.9) with the extensions for news and images, and their indexes.

use scraper::{ElementRef, Html};
use serde_json::{Value, json};

use super::{MissingField, Shape};

/// Most addresses that are read of one sitemap; the protocol allows no more.
pub const MAX_URLS: usize = 50_000;

/// `{urls: [{loc, lastmod, title, published, publication, images}], sitemaps: [{loc, lastmod}]}`; what an entry does
/// not say is left out.
///
/// # Errors
/// Names the element when `text` is neither a sitemap nor an index.
pub fn document(text: &str) -> Shape<Value> {
    // The tolerant reader of pages: sitemaps in the wild are as broken as pages, and it expands no entities.
    let page = Html::parse_document(&plain_text(text));
    let is =
        |name: &str| page.root_element().descendent_elements().any(|element| element.value().name() == name);
    if !is("urlset") && !is("sitemapindex") {
        return Err(MissingField::new("urlset"));
    }
    let entries = |name: &'static str| {
        page.root_element()
            .descendent_elements()
            .filter(move |element| element.value().name() == name)
            .take(MAX_URLS)
    };
    let sitemaps: Vec<Value> = entries("sitemap")
        .map(|entry| json!({"loc": inside(entry, "loc"), "lastmod": inside(entry, "lastmod")}))
        .collect();
    let urls: Vec<Value> = entries("url")
        .map(|entry| {
            let images: Vec<String> = entry
                .descendent_elements()
                .filter(|element| element.value().name() == "image:loc")
                .map(|element| element.text().collect::<String>().trim().to_owned())
                .collect();
            json!({
                "loc": inside(entry, "loc"),
                "lastmod": inside(entry, "lastmod"),
                "title": inside(entry, "news:title"),
                "published": inside(entry, "news:publication_date"),
                "publication": inside(entry, "news:name"),
                "images": images,
            })
        })
        .collect();
    Ok(json!({ "urls": urls, "sitemaps": sitemaps }))
}

fn inside(entry: ElementRef<'_>, name: &str) -> Option<String> {
    let found = entry.descendent_elements().find(|element| element.value().name() == name)?;
    Some(found.text().collect::<String>().trim().to_owned()).filter(|text| !text.is_empty())
}

/// CDATA sections as ordinary text, which is all that the reader of pages knows.
fn plain_text(xml: &str) -> String {
    let mut plain = String::with_capacity(xml.len());
    let mut rest = xml;
    while let Some((head, tail)) = rest.split_once("<![CDATA[") {
        let (data, after) = tail.split_once("]]>").unwrap_or((tail, ""));
        plain.push_str(head);
        plain.push_str(&data.replace('&', "&amp;").replace('<', "&lt;"));
        rest = after;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_news_sitemap_gives_address_title_time_and_pictures() {
        let xml = "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc> https://n.example/1?a=1&amp;b=2 </loc>\
            <news:news><news:publication><news:name>江州日报</news:name></news:publication><news:publication_date>2026-11-20</news:publication_date>\
            <news:title><![CDATA[养老<床位>&预订]]></news:title></news:news><image:image><image:loc>https://p.example/1.jpg</image:loc></image:image></url>\
            <url><loc>https://n.example/2</loc><lastmod>2026-11-19</lastmod></url></urlset>";
        let document = document(xml).unwrap();
        assert_eq!(
            document["urls"][0],
            json!({"loc": "https://n.example/1?a=1&b=2", "lastmod": null, "title": "养老<床位>&预订", "published": "2026-11-20",
                "publication": "江州日报", "images": ["https://p.example/1.jpg"]})
        );
        assert_eq!(
            (document["urls"].as_array().unwrap().len(), &document["urls"][1]["lastmod"]),
            (2, &json!("2026-11-19"))
        );
    }

    #[test]
    fn an_index_gives_its_sitemaps_and_other_files_are_a_changed_shape() {
        let xml = "<sitemapindex><sitemap><loc>https://n.example/s1.xml</loc></sitemap></sitemapindex>";
        assert_eq!(document(xml).unwrap()["sitemaps"][0]["loc"], "https://n.example/s1.xml");
        for text in ["", "<html><body>404</body></html>", "<rss></rss>"] {
            assert_eq!(document(text), Err(MissingField::new("urlset")), "{text}");
        }
        let bomb = "<!DOCTYPE x [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;'>]><urlset><url><loc>&b;</loc></url></urlset>";
        assert!(document(bomb).is_ok_and(|document| document.to_string().len() < 200));
    }
}
