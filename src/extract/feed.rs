//! RSS, Atom, RDF and JSON feeds.

use feed_rs::model::{Entry as FeedEntry, Feed, Text};
use serde_json::{Value, json};
use url::Url;

use super::html;
use super::{MissingField, Shape};
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// Most entries that are read of one feed.
pub const MAX_ENTRIES: usize = 1_000;

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its headline.
    pub title: Option<String>,
    /// Where the whole text stands, resolved.
    pub link: Option<String>,
    /// When it was published, as the feed says.
    pub published_at: Option<UnixMs>,
}

/// Whether `text` looks like a feed rather than a page.
pub fn is_feed(text: &str, content_type: Option<&str>) -> bool {
    let start: String = text.trim_start().chars().take(600).collect::<String>().to_ascii_lowercase();
    let tagged =
        ["<rss", "<feed", "<rdf:rdf"].iter().any(|tag| start.contains(tag)) && !start.contains("<html");
    let json = start.starts_with('{') && start.contains("jsonfeed.org/version");
    let announced = content_type.is_some_and(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind.contains("rss+xml")
            || kind.contains("atom+xml")
            || kind.contains("feed+json")
            || kind.contains("rdf+xml")
    });
    tagged || json || (announced && !start.contains("<html"))
}

/// Reads the entries of a feed that was decoded to `text`.
///
/// A document type declaration is refused unread, so entities can be neither defined nor expanded.
///
/// # Errors
/// Names what is missing when `text` is no feed.
pub fn entries(text: &str, feed_url: &Url) -> Shape<(Vec<Entry>, Vec<Problem>)> {
    let (feed, problems) = parse(text, feed_url)?;
    let entries = feed.entries.iter().take(MAX_ENTRIES).map(|entry| Entry {
        title: entry.title.as_ref().map(words).filter(|title| !title.is_empty()),
        link: link_of(entry, feed_url),
        published_at: time_of(entry),
    });
    Ok((entries.collect(), problems))
}

/// A feed of any kind in one form:
/// `{title, link, entries: [{id, title, link, published, author, summary, content, images, categories}]}`.
///
/// Titles are words, `summary` and `content` markup, times RFC 3339 in UTC; what the feed does not say is left out.
///
/// # Errors
/// As [`entries`].
pub fn document(text: &str, feed_url: &Url) -> Shape<(Value, Vec<Problem>)> {
    let (feed, problems) = parse(text, feed_url)?;
    let entries: Vec<Value> = feed
        .entries
        .iter()
        .take(MAX_ENTRIES)
        .map(|entry| {
            let media = entry.media.iter();
            let images: Vec<String> = media
                .flat_map(|media| {
                    let thumbnails = media.thumbnails.iter().map(|thumbnail| thumbnail.image.uri.clone());
                    let is_image = |kind: &str| kind == "image";
                    let contents = media.content.iter().filter(move |content| {
                        content.content_type.as_ref().is_some_and(|kind| is_image(kind.ty().as_str()))
                    });
                    contents.filter_map(|content| Some(content.url.as_ref()?.to_string())).chain(thumbnails)
                })
                .collect();
            let described = entry.media.iter().find_map(|media| media.description.as_ref());
            let summary = entry.summary.as_ref().or(described).map(|text| text.content.clone());
            let content = entry.content.as_ref().and_then(|content| content.body.clone());
            let categories: Vec<&str> = entry
                .categories
                .iter()
                .map(|category| category.label.as_deref().unwrap_or(&category.term))
                .collect();
            json!({
                "id": entry.id,
                "title": entry.title.as_ref().map(words),
                "link": link_of(entry, feed_url),
                "published": time_of(entry).map(UnixMs::rfc3339),
                "author": entry.authors.first().map(|author| author.name.clone()),
                "summary": summary,
                "content": content,
                "images": images,
                "categories": categories,
            })
        })
        .collect();
    let link = feed.links.iter().find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    let document = json!({
        "title": feed.title.as_ref().map(words),
        "link": link.and_then(|link| html::resolve(feed_url, &link.href)),
        "entries": entries,
    });
    Ok((document, problems))
}

fn parse(text: &str, feed_url: &Url) -> Shape<(Feed, Vec<Problem>)> {
    if text.to_ascii_uppercase().contains("<!ENTITY") {
        return Err(MissingField::new("feed without entity definitions"));
    }
    // The text is UTF-8 by now, whatever its declaration says.
    let text = match text.trim_start().strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or(rest, |(_, after)| after),
        None => text,
    };
    let parser = feed_rs::parser::Builder::new().base_uri(Some(feed_url)).sanitize_content(false).build();
    let feed = parser
        .parse(text.trim_start().as_bytes())
        .map_err(|error| MissingField(format!("feed ({error})")))?;
    let mut problems = Vec::new();
    if feed.entries.len() > MAX_ENTRIES {
        let message =
            format!("the feed has {} entries; the first {MAX_ENTRIES} are read", feed.entries.len());
        problems.push(Problem::new("too-many-entries", message));
    }
    Ok((feed, problems))
}

fn words(text: &Text) -> String {
    html::page_text(&text.content)
}

fn link_of(entry: &FeedEntry, feed_url: &Url) -> Option<String> {
    let links = || entry.links.iter().filter(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    let link = links().chain(&entry.links).find_map(|link| html::resolve(feed_url, &link.href));
    // RSS may carry the address in the identifier only.
    link.or_else(|| entry.id.starts_with("http").then(|| html::resolve(feed_url, &entry.id)).flatten())
}

fn time_of(entry: &FeedEntry) -> Option<UnixMs> {
    entry.published.or(entry.updated).map(|at| UnixMs(at.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Shape<(Vec<Entry>, Vec<Problem>)> {
        entries(text, &Url::parse("http://news.example.com/rss.xml").unwrap())
    }

    #[test]
    fn every_kind_of_feed_gives_title_link_and_time() {
        let cases = [
            "<?xml version='1.0' encoding='gb2312'?><rss version='2.0'><channel><title>t</title><item><title>养老床位&amp;预订</title>\
             <link>/2026/1.html</link><pubDate>Fri, 20 Nov 2026 00:30:00 GMT</pubDate></item></channel></rss>",
            "<rss version='2.0'><channel><title>t</title><item><title><![CDATA[养老床位&预订]]></title>\
             <guid isPermaLink='true'>http://news.example.com/2026/1.html</guid><pubDate>Fri, 20 Nov 2026 08:30:00 +0800</pubDate></item></channel></rss>",
            "<feed xmlns='http://www.w3.org/2005/Atom'><id>f</id><title>t</title><updated>2026-11-20T00:30:00Z</updated><entry><id>e</id><title>养老床位&amp;预订</title>\
             <link rel='alternate' href='http://news.example.com/2026/1.html'/><updated>2026-11-20T00:30:00Z</updated></entry></feed>",
        ];
        for text in cases {
            assert!(is_feed(text, None), "{text}");
            let (entries, problems) = read(text).unwrap();
            let [entry] = &entries[..] else { panic!("{text} {entries:?}") };
            assert_eq!(entry.title.as_deref(), Some("养老床位&预订"), "{text}");
            assert_eq!(entry.link.as_deref(), Some("http://news.example.com/2026/1.html"), "{text}");
            assert_eq!(entry.published_at.unwrap().beijing(), "2026-11-20 08:30:00 +08:00", "{text}");
            assert_eq!(problems, []);
        }
    }

    #[test]
    fn entity_bombs_and_outside_entities_end_in_a_reported_outcome() {
        let bomb = "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;&a;'>]><rss version='2.0'><channel><title>&b;</title></channel></rss>";
        let outside = "<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss version='2.0'><channel><item><title>&x;</title></item></channel></rss>";
        for text in [bomb, outside] {
            assert_eq!(read(text), Err(MissingField::new("feed without entity definitions")));
        }
        let undefined = "<rss version='2.0'><channel><title>t</title><item><title>a&x;b</title><link>/1</link></item></channel></rss>";
        if let Ok((entries, _)) = read(undefined) {
            assert!(entries[0].title.as_deref().unwrap_or("").len() < 20);
        }
    }

    #[test]
    fn what_is_no_feed_is_a_changed_shape() {
        for text in ["", "<html><body>rss</body></html>", "<rss", "{}", "<opml version='2.0'></opml>"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(!is_feed("<!doctype html><html><head><link type='application/rss+xml'>", Some("text/html")));
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let deep = format!(
            "<rss version='2.0'><channel><title>t</title><item>{}</item></channel></rss>",
            "<a>".repeat(100_000)
        );
        assert!(read(&deep).is_err() || read(&deep).is_ok());
    }
}
