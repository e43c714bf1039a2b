//! The stored sites themselves: whole, linked, and as many-sided as `expected.toml` says.

use std::collections::{BTreeMap, BTreeSet};

use scraper::{Html, Selector};
use serde::Deserialize;
use url::Url;

use super::site::{Answer, Charset, Site, fill};
use super::{SITES, load};

/// Codes of the categories of advertisements that the rules know.
const CATEGORIES: &[&str] = &[
    "PG", "HY", "GE", "EX", "PY", "EC", "VC", "OS", "PF", "CR", "CB", "AG", "RL", "FI", "EL", "MG", "ST",
    "P2P", "HP", "LO",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Expected {
    item: Vec<Item>,
    never_fetched: Vec<NeverFetched>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Item {
    id: String,
    site: String,
    path: String,
    label: Label,
    category: Option<String>,
    #[serde(default)]
    forms: Vec<String>,
    words: String,
    because: String,
    known_miss: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Label {
    Violation,
    Benign,
    Ordinary,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeverFetched {
    site: String,
    path: String,
    because: String,
}

#[test]
fn every_planted_item_stands_on_its_page() {
    let internet = Internet::new();
    for item in expected().item {
        let page = internet.page(&item.site, &item.path).unwrap_or_else(|| panic!("{}: no page", item.id));
        assert!(
            page.published().contains(&item.words),
            "{}: {:?} is not on {}",
            item.id,
            item.words,
            item.path
        );
    }
}

#[test]
fn planted_items_are_told_apart() {
    let items = expected().item;
    for (n, one) in items.iter().enumerate() {
        assert!(!one.because.is_empty(), "{}", one.id);
        assert!(one.known_miss.as_ref().is_none_or(|reason| !reason.is_empty()), "{}", one.id);
        assert_eq!(one.label == Label::Violation, one.category.is_some(), "{}", one.id);
        assert!(one.category.as_deref().is_none_or(|code| CATEGORIES.contains(&code)), "{}", one.id);
        for other in items.iter().skip(n + 1) {
            assert_ne!(one.id, other.id);
            assert!(
                !one.words.contains(&other.words) && !other.words.contains(&one.words),
                "{} and {} cannot be told apart by their words",
                one.id,
                other.id
            );
        }
    }
}

#[test]
fn no_landing_page_holds_the_words_of_another_item() {
    let internet = Internet::new();
    let items = expected().item;
    for landing in items.iter().filter(|item| item.site == "landing") {
        let words = internet.page("landing", &landing.path).unwrap().published();
        for other in items.iter().filter(|other| other.path != landing.path) {
            assert!(!words.contains(&other.words), "{} holds the words of {}", landing.id, other.id);
        }
    }
}

#[test]
fn there_are_enough_items_of_every_sort() {
    let items = expected().item;
    let of = |label| items.iter().filter(move |item| item.label == label);
    let categories: BTreeSet<&str> =
        of(Label::Violation).filter_map(|item| item.category.as_deref()).collect();
    let n_disguised = of(Label::Violation).filter(|item| !item.forms.is_empty()).count();
    assert!(items.len() >= 70, "{} items", items.len());
    assert!(of(Label::Violation).count() >= 30, "{} violations", of(Label::Violation).count());
    assert_eq!(categories, CATEGORIES.iter().copied().collect(), "every category is planted");
    assert!(n_disguised >= 10, "{n_disguised} disguised");
    assert!(of(Label::Benign).count() >= 30, "{} look-alikes", of(Label::Benign).count());
    assert!(of(Label::Ordinary).count() >= 10, "{} ordinary", of(Label::Ordinary).count());
}

#[test]
fn every_link_resolves_and_every_stored_page_is_reached() {
    let internet = Internet::new();
    let mut waiting: Vec<Url> = internet.starts();
    let mut seen: BTreeSet<String> = waiting.iter().map(Url::to_string).collect();
    let mut reached = BTreeSet::new();
    while let Some(at) = waiting.pop() {
        let (name, site) = internet.site_of(&at).unwrap();
        match site.route(at.path(), at.query()) {
            Answer::Missing => panic!("{name}: nothing at {at}"),
            Answer::Redirect { to, .. } => {
                let to = at.join(&fill(to, &internet.origins)).unwrap();
                assert!(internet.site_of(&to).is_some(), "{at} leads out of the small internet");
                if seen.insert(to.to_string()) {
                    waiting.push(to);
                }
            }
            Answer::File(file) => {
                reached.insert(format!("{name}/{file}"));
                for link in internet.page(name, &address(&at)).unwrap().links() {
                    let Ok(to) = at.join(&link) else { panic!("{at}: {link:?} is no address") };
                    if internet.site_of(&to).is_some() && seen.insert(to.to_string()) {
                        waiting.push(to);
                    }
                }
            }
        }
    }
    for site in SITES.dirs() {
        for path in files(site) {
            assert!(
                path.ends_with("site.toml") || reached.contains(&path),
                "{path} is not linked from anywhere"
            );
        }
    }
}

#[test]
fn pages_survive_the_way_through_their_charset() {
    let internet = Internet::new();
    let mut n_gb18030 = 0;
    for site in &internet.sites {
        for path in files(SITES.get_dir(site.name).unwrap()) {
            let file = path.strip_prefix(&format!("{}/", site.name)).unwrap();
            if file == "site.toml" {
                continue;
            }
            let Some(text) = SITES.get_file(&path).unwrap().contents_utf8() else { continue };
            let sent = site.render(file, &internet.origins).unwrap().body;
            let received = match site.manifest.charset {
                Charset::Utf8 => String::from_utf8(sent).unwrap(),
                Charset::Gb18030 => {
                    n_gb18030 += 1;
                    encoding_rs::GB18030
                        .decode_without_bom_handling_and_without_replacement(&sent)
                        .unwrap()
                        .into_owned()
                }
            };
            assert_eq!(received, fill(text, &internet.origins), "{path}");
            assert!(!received.contains("{{"), "{path}: a placeholder of an unknown site is left");
        }
    }
    assert!(n_gb18030 >= 20, "{n_gb18030} files in GB18030");
}

#[test]
fn what_must_not_be_fetched_is_linked_and_forbidden() {
    let internet = Internet::new();
    for page in expected().never_fetched {
        let robots = internet.page(&page.site, "/robots.txt").unwrap().text;
        let folder = robots
            .lines()
            .find_map(|line| line.strip_prefix("Disallow: ").filter(|folder| page.path.starts_with(folder)));
        assert!(folder.is_some(), "{}: robots.txt allows {}; {}", page.site, page.path, page.because);
        assert!(internet.page(&page.site, &page.path).is_some(), "{} is there", page.path);
    }
}

/// The sites with made-up origins.
struct Internet {
    sites: Vec<Site>,
    origins: BTreeMap<&'static str, String>,
}

/// A page as a reader of it receives it.
struct Page {
    media_type: String,
    text: String,
}

impl Internet {
    fn new() -> Self {
        let sites = load().unwrap();
        let origins =
            sites.iter().map(|site| (site.name, format!("http://{}.test:8080", site.name))).collect();
        Self { sites, origins }
    }

    fn site_of(&self, url: &Url) -> Option<(&'static str, &Site)> {
        let origin = url.origin().ascii_serialization();
        self.sites.iter().find(|site| self.origins[site.name] == origin).map(|site| (site.name, site))
    }

    fn page(&self, name: &str, address: &str) -> Option<Page> {
        let site = self.sites.iter().find(|site| site.name == name)?;
        let (path, query) =
            address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
        let Answer::File(file) = site.route(path, query) else { return None };
        let sent = site.render(file, &self.origins)?;
        let text = match site.manifest.charset {
            Charset::Utf8 => String::from_utf8_lossy(&sent.body).into_owned(),
            Charset::Gb18030 => encoding_rs::GB18030.decode(&sent.body).0.into_owned(),
        };
        let media_type = sent.content_type.split(';').next()?.to_owned();
        Some(Page { media_type, text })
    }

    fn starts(&self) -> Vec<Url> {
        let mut starts = Vec::new();
        for site in &self.sites {
            let base = Url::parse(&self.origins[site.name]).unwrap();
            let entries = site.manifest.entry.iter().map(|entry| entry.path.as_str());
            starts.extend(entries.chain(["/robots.txt"]).map(|path| base.join(path).unwrap()));
            // What depends on the query, a reader of this kind of site asks by itself.
            starts.extend(site.manifest.route.iter().map(|route| {
                let mut address = base.join(&route.path).unwrap();
                if !route.query.is_empty() {
                    address.query_pairs_mut().extend_pairs(&route.query);
                }
                address
            }));
        }
        starts
    }
}

impl Page {
    /// The words of the page; of JSON, the words of every string in it, some of which are HTML.
    fn published(&self) -> String {
        match self.media_type.as_str() {
            "text/html" => html_words(&self.text),
            "application/json" | "text/javascript" => {
                self.strings().iter().map(|text| html_words(text)).collect::<Vec<_>>().join("\n")
            }
            _ => self.text.clone(),
        }
    }

    fn links(&self) -> Vec<String> {
        match self.media_type.as_str() {
            "text/html" => html_links(&self.text),
            "text/xml" => {
                Html::parse_fragment(&self.text.replace("<link>", "<i>").replace("</link>", "</i>"))
                    .select(&Selector::parse("i, guid").unwrap())
                    .map(|element| element.text().collect())
                    .collect()
            }
            "application/json" | "text/javascript" => {
                let strings = self.strings();
                let addresses = strings.iter().filter(|text| text.starts_with("http")).cloned();
                addresses.chain(strings.iter().flat_map(|text| html_links(text))).collect()
            }
            _ => Vec::new(),
        }
    }

    fn strings(&self) -> Vec<String> {
        let mut strings = Vec::new();
        let mut waiting = vec![serde_json::from_str(&self.text).unwrap()];
        while let Some(value) = waiting.pop() {
            match value {
                serde_json::Value::String(text) => strings.push(text),
                serde_json::Value::Array(values) => waiting.extend(values),
                serde_json::Value::Object(fields) => {
                    waiting.extend(fields.into_iter().map(|(_, value)| value))
                }
                _ => {}
            }
        }
        strings
    }
}

fn html_words(html: &str) -> String {
    let page = Html::parse_document(html);
    let mut words: String = page.root_element().text().collect();
    for image in page.select(&Selector::parse("img[alt]").unwrap()) {
        words.push('\n');
        words.push_str(image.attr("alt").unwrap());
    }
    words
}

/// Addresses in attributes, background images and scripts, and those that a wrapping link leads to.
fn html_links(html: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    // Scripts hold addresses too.
    let mut links: Vec<String> =
        html.split('"').filter(|text| text.starts_with("http")).map(str::to_owned).collect();
    for element in page.select(&Selector::parse("*").unwrap()) {
        links.extend(
            ["href", "src", "action"].iter().filter_map(|name| element.attr(name)).map(str::to_owned),
        );
        let style = element.attr("style").unwrap_or_default();
        links.extend(
            style.split("url('").skip(1).filter_map(|rest| rest.split('\'').next()).map(str::to_owned),
        );
    }
    links.retain(|link| !link.starts_with("tel:") && !link.starts_with("javascript:"));
    let wrapped: Vec<String> = links
        .iter()
        .filter_map(|link| Url::parse(link).ok())
        .filter_map(|link| link.query_pairs().find(|(name, _)| name == "u").map(|(_, to)| to.into_owned()))
        .collect();
    links.extend(wrapped);
    links
}

fn address(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn files(folder: &include_dir::Dir<'_>) -> Vec<String> {
    let own = folder.files().map(|file| file.path().to_str().unwrap().to_owned());
    own.chain(folder.dirs().flat_map(files)).collect()
}

fn expected() -> Expected {
    toml::from_str(SITES.get_file("expected.toml").unwrap().contents_utf8().unwrap()).unwrap()
}
