//! A news site: a list page or a feed, the articles it names, and the ad slots of all of them.

use std::collections::BTreeSet;

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::settings::{self, MAX_LANDINGS, Setting};
use super::{Connector, Page, Reading, Target};
use crate::domain::ad::AdDraft;
use crate::domain::capture::CapturePurpose;
use crate::domain::run::RunOutcome;
use crate::domain::source::{Source, SourceKind};
use crate::extract::ad_block::{self, AdSlots};
use crate::extract::{article, feed, html, native_ad};
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// Reads list pages, feeds and articles.
pub(super) struct NewsSite;

const LIMIT: Setting<'static> = Setting {
    name: "limit",
    default: "30",
    unit: "articles per list",
    example: "100",
    help: "How many articles of the list are fetched, from its top.",
};
const LINK_SELECTOR: Setting<'static> = Setting {
    name: "link_selector",
    default: "",
    unit: "CSS selector",
    example: "ul.news-list a",
    help: "Which links of the list page are articles; without it they are told by their form.",
};
const SETTINGS: &[Setting<'static>] = &[LIMIT, LINK_SELECTOR, MAX_LANDINGS];

impl Connector for NewsSite {
    fn kind(&self) -> SourceKind {
        SourceKind::NewsSite
    }

    fn about(&self) -> &str {
        "A list page or feed (RSS, Atom) of a news site, its articles, and the ad slots of all pages."
    }

    fn example_url(&self) -> &str {
        "https://news.example.com/finance/"
    }

    fn settings(&self) -> Vec<Setting<'_>> {
        SETTINGS.to_vec()
    }

    fn first_targets(&self, source: &Source, _now: UnixMs) -> Result<Vec<Target>, Problem> {
        settings::number(source, &LIMIT)?;
        settings::number(source, &MAX_LANDINGS)?;
        let css = settings::text(source, &LINK_SELECTOR);
        if !css.is_empty() && Selector::parse(css).is_err() {
            return Err(settings::wrong(source, &LINK_SELECTOR, css));
        }
        Ok(vec![Target::new(settings::entry_url(source)?, CapturePurpose::Discover, "list")])
    }

    fn read_page(&self, source: &Source, target: &Target, page: &Page<'_>) -> Reading {
        if target.role != "list" {
            return read_article(source, page);
        }
        if feed::is_feed(&page.text, page.content_type) {
            return read_feed(source, page);
        }
        read_list(source, page)
    }
}

fn read_feed(source: &Source, page: &Page<'_>) -> Reading {
    let (entries, problems) = match feed::entries(&page.text, &page.url) {
        Ok(read) => read,
        Err(field) => return Reading::shape_changed(field),
    };
    let is_empty = entries.is_empty();
    let links = entries.into_iter().filter_map(|entry| entry.link);
    let targets = article_targets(source, &page.url, links);
    let outcome = if is_empty {
        RunOutcome::Empty
    } else if targets.is_empty() {
        RunOutcome::ShapeChanged { field: "links of entries".to_owned() }
    } else {
        RunOutcome::Ok
    };
    Reading { targets, problems, ..Reading::nothing(outcome) }
}

fn read_list(source: &Source, page: &Page<'_>) -> Reading {
    let tree = html::parse(&page.text);
    let base = html::base_of(&tree, &page.url);
    let slots = ad_block::ad_slots(&tree, &page.url, page.filters);
    let css = settings::text(source, &LINK_SELECTOR);
    let links = match Selector::parse(css).ok().filter(|_| !css.is_empty()) {
        Some(selector) => links_matching(&tree, &selector, &base),
        None => links_by_form(&tree, &base, &slots),
    };
    let mut targets = article_targets(source, &page.url, links.into_iter());
    if targets.is_empty() {
        let field =
            if css.is_empty() { "article links".to_owned() } else { format!("links matching `{css}`") };
        let mut reading = with_slots(source, page, slots, Vec::new());
        reading.outcome = RunOutcome::ShapeChanged { field };
        return reading;
    }
    let mut reading = with_slots(source, page, slots, Vec::new());
    targets.append(&mut reading.targets);
    Reading { outcome: RunOutcome::Ok, targets, ..reading }
}

/// Reads an article and the ads around it.
pub(super) fn read_article(source: &Source, page: &Page<'_>) -> Reading {
    let tree = html::parse(&page.text);
    let slots = ad_block::ad_slots(&tree, &page.url, page.filters);
    match article::article(&tree, &page.url, &slots.elements) {
        Ok(draft) => with_slots(source, page, slots, vec![draft]),
        Err(field) => {
            let has_only_slots = !slots.empty.is_empty() && slots.drafts.is_empty();
            let mut reading = with_slots(source, page, slots, Vec::new());
            let outcome = RunOutcome::ShapeChanged { field: field.0 };
            reading.outcome = if has_only_slots { RunOutcome::SlotOnly } else { outcome };
            reading
        }
    }
}

/// A reading of `drafts` and of the ads in the page, with the pages behind those.
pub(super) fn with_slots(
    source: &Source,
    page: &Page<'_>,
    slots: AdSlots,
    mut drafts: Vec<AdDraft>,
) -> Reading {
    let max_landings = settings::number(source, &MAX_LANDINGS).unwrap_or_default();
    let ads: Vec<AdDraft> =
        slots.drafts.into_iter().chain(native_ad::native_ads(&page.text, &page.url)).collect();
    let mut seen = BTreeSet::new();
    let targets = ads
        .iter()
        .filter_map(|ad| ad.landing_url.clone())
        .filter(|url| seen.insert(url.clone()))
        .take(max_landings)
        .map(|url| Target::new(url, CapturePurpose::Landing, "landing"))
        .collect();
    let mut problems = Vec::new();
    if !slots.empty.is_empty() {
        let shown: Vec<&str> = slots.empty.iter().take(3).map(String::as_str).collect();
        let message = format!(
            "{} ad slots have no creative in the page, for example {}",
            slots.empty.len(),
            shown.join("; ")
        );
        problems.push(Problem::new("slot-only", message));
    }
    drafts.extend(ads);
    Reading { outcome: RunOutcome::Ok, drafts, targets, problems }
}

/// Articles of the same site, each once, in the order of the list, up to the limit.
fn article_targets(source: &Source, list_url: &Url, links: impl Iterator<Item = String>) -> Vec<Target> {
    let limit = settings::number(source, &LIMIT).unwrap_or_default();
    let mut seen = BTreeSet::from([without_fragment(list_url)]);
    links
        .filter_map(|link| Url::parse(&link).ok())
        .filter(|url| is_same_site(url, list_url))
        .map(|url| without_fragment(&url))
        .filter(|url| seen.insert(url.clone()))
        .take(limit)
        .map(|url| Target::new(url, CapturePurpose::Page, "article"))
        .collect()
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}

/// The same host, or one below the list's host without its first label: `finance.` and `www.example.com`.
fn is_same_site(url: &Url, list_url: &Url) -> bool {
    let (Some(host), Some(list_host)) = (url.host_str(), list_url.host_str()) else { return false };
    if host == list_host {
        return url.port_or_known_default() == list_url.port_or_known_default() || list_url.port().is_none();
    }
    let site = match list_host.split_once('.') {
        Some((_, rest)) if list_url.domain().is_some() && rest.contains('.') && !is_public_suffix(rest) => {
            rest
        }
        _ => list_host,
    };
    list_url.domain().is_some()
        && (host == site || host.strip_suffix(site).is_some_and(|head| head.ends_with('.')))
}

/// Two-part endings below which everybody may register a name.
fn is_public_suffix(name: &str) -> bool {
    matches!(
        name,
        "com.cn"
            | "net.cn"
            | "org.cn"
            | "gov.cn"
            | "edu.cn"
            | "ac.cn"
            | "com.hk"
            | "com.tw"
            | "co.uk"
            | "co.jp"
    )
}

fn links_matching(tree: &Html, selector: &Selector, base: &Url) -> Vec<String> {
    tree.select(selector)
        .flat_map(|element| match element.attr("href") {
            Some(href) => html::resolve(base, href).into_iter().collect::<Vec<_>>(),
            None => html::links_of(element, base),
        })
        .collect()
}

/// Links outside ad slots whose words are long enough for a headline and whose address looks like an article's.
fn links_by_form(tree: &Html, base: &Url, slots: &AdSlots) -> Vec<String> {
    html::select(tree.root_element(), html::selector!("a[href]"))
        .filter(|link| !link.ancestors().any(|above| slots.elements.contains(&above.id())))
        .filter(|link| !slots.elements.contains(&link.id()) && headline_chars(*link) >= 6)
        .filter_map(|link| html::resolve(base, link.attr("href")?))
        .filter(|link| Url::parse(link).is_ok_and(|url| is_article_address(&url)))
        .collect()
}

fn headline_chars(link: ElementRef<'_>) -> usize {
    let n_chars = html::text_of(link).chars().filter(|c| c.is_alphanumeric()).count();
    let title = link.attr("title").map_or(0, |title| title.chars().filter(|c| c.is_alphanumeric()).count());
    n_chars.max(title)
}

fn is_article_address(url: &Url) -> bool {
    let path = url.path();
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("");
    let is_index = last.starts_with("index") || last.starts_with("list") || last.starts_with("default");
    let n_digits = path.bytes().filter(u8::is_ascii_digit).count();
    let is_document = [".html", ".shtml", ".htm", ".jhtml"].iter().any(|end| last.ends_with(end));
    let query_digits = url.query().map_or(0, |query| query.bytes().filter(u8::is_ascii_digit).count());
    !last.is_empty() && !is_index && (is_document || n_digits >= 4 || query_digits >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_are_told_by_their_address() {
        let cases = [
            ("http://a.example/2026/11/20/c_1.html", true),
            ("http://a.example/n1/2026/1120/c1004-1.html", true),
            ("http://a.example/newsDetail_forward_123456", true),
            ("http://a.example/view.php?id=12345", true),
            ("http://a.example/story/yanglao.shtml", true),
            ("http://a.example/", false),
            ("http://a.example/finance/", false),
            ("http://a.example/index.html", false),
            ("http://a.example/list_2.html", false),
            ("http://a.example/about", false),
        ];
        for (url, expected) in cases {
            assert_eq!(is_article_address(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn a_site_is_its_host_and_its_sisters() {
        let cases = [
            ("http://finance.example.com/", "http://finance.example.com/1", true),
            ("http://www.example.com/", "http://finance.example.com/1", true),
            ("http://www.example.com/", "http://example.com/1", true),
            ("http://example.com/", "http://m.example.com/1", true),
            ("http://example.com/", "http://other.com/1", false),
            ("http://jiangzhou.com.cn/", "http://other.com.cn/1", false),
            ("http://www.example.com/", "http://badexample.com/1", false),
            ("http://127.0.0.1:8001/", "http://127.0.0.1:8001/1", true),
            ("http://127.0.0.1:8001/", "http://127.0.0.1:8002/1", false),
            ("http://127.0.0.1:8001/", "http://1.0.0.1/1", false),
        ];
        for (list, link, expected) in cases {
            let (list, url) = (Url::parse(list).unwrap(), Url::parse(link).unwrap());
            assert_eq!(is_same_site(&url, &list), expected, "{list} {url}");
        }
    }
}
