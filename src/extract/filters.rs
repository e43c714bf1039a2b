//! Filter lists of ad blockers, used the other way round: what they would hide is where the ads are.
//!
//! The short list in `patterns/filters/` is built in; EasyList and others are files that an office adds, because their
//! licences do not let us hand them on. Rules that need scripts or the label itself (`:-abp-contains(广告)`) are not
//! executed: [`super::ad_block`] finds labels on its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use adblock::Engine;
use adblock::lists::{FilterSet, ParseOptions};
use adblock::request::Request;
use ego_tree::NodeId;
use scraper::{ElementRef, Html, Selector};
use url::Url;

static BUILT_IN_LIST: &str = include_str!("../../patterns/filters/ad-systems.txt");
static BUILT_IN: LazyLock<Filters> = LazyLock::new(|| Filters::of(&[]));

/// Sites whose selectors are kept compiled; a crawl looks at few.
const MAX_SITES: usize = 64;
/// Elements of one page that one rule may mark; a rule that marks more is no rule about ads.
const MAX_PER_RULE: usize = 60;
/// Addresses of one page that are asked about.
const MAX_REQUESTS: usize = 400;

/// Lists, ready to be asked about pages.
pub struct Filters {
    engine: Engine,
    /// Compiled selectors by host.
    sites: Mutex<HashMap<String, Arc<Site>>>,
    /// Compiled selectors of classes and ids by their text; `None` for those that do not compile.
    selectors: Mutex<HashMap<String, Option<Arc<Selector>>>>,
}

/// What lists say about one host.
struct Site {
    selectors: Vec<(String, Selector)>,
    exceptions: HashSet<String>,
    has_generic: bool,
}

impl std::fmt::Debug for Filters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filters").finish_non_exhaustive()
    }
}

impl Filters {
    /// The built-in list alone.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The built-in list and the texts of others, in the syntax of Adblock Plus. Lines that cannot be read are passed
    /// over, as blockers do.
    pub fn of(lists: &[String]) -> Self {
        let mut set = FilterSet::new(true);
        set.add_filter_list(BUILT_IN_LIST.to_owned(), ParseOptions::default());
        for list in lists {
            set.add_filter_list(list.clone(), ParseOptions::default());
        }
        Self {
            engine: Engine::new_with_filter_set(set),
            sites: Mutex::default(),
            selectors: Mutex::default(),
        }
    }

    /// The rule that says that `url`, asked for by `page` as a `kind` (`image`, `subdocument`, …), is one of an ad
    /// system.
    pub fn rule_of(&self, url: &str, page: &str, kind: &str) -> Option<String> {
        let request = Request::new(url, page, kind, "GET").ok()?;
        let found = self.engine.check_network_request(&request);
        found.should_block().then(|| {
            let rule = found.filter.and_then(|rule| rule.raw_line);
            rule.unwrap_or_else(|| "a filter list".to_owned())
        })
    }

    /// Elements of `page` that the lists mark, each with the rule: by selector, or because they load from an ad system.
    pub(super) fn marked(&self, page: &Html, page_url: &Url) -> HashMap<NodeId, String> {
        let mut marked = HashMap::new();
        self.mark_by_selector(page, page_url, &mut marked);
        self.mark_by_request(page, page_url, &mut marked);
        marked
    }

    fn mark_by_selector(&self, page: &Html, page_url: &Url, marked: &mut HashMap<NodeId, String>) {
        let site = self.site(page_url);
        for (rule, selector) in &site.selectors {
            mark(page, rule, selector, marked);
        }
        if !site.has_generic {
            return;
        }
        let (mut classes, mut ids) = (HashSet::new(), HashSet::new());
        for element in page.root_element().descendent_elements() {
            classes.extend(element.value().classes());
            ids.extend(element.value().id());
        }
        for rule in self.engine.hidden_class_id_selectors(&classes, &ids, &site.exceptions) {
            if let Some(selector) = self.compiled(&rule) {
                mark(page, &rule, &selector, marked);
            }
        }
    }

    /// Frames, scripts and pictures in links that load from an ad system. A picture marks its link; a script marks the element around it when that holds
    /// nothing else: the place where it will put the ad.
    fn mark_by_request(&self, page: &Html, page_url: &Url, marked: &mut HashMap<NodeId, String>) {
        let loaders = super::html::select(
            page.root_element(),
            super::html::selector!("iframe[src], script[src], a[href] img[src]"),
        );
        for element in loaders.take(MAX_REQUESTS) {
            let (kind, src) = match element.value().name() {
                "iframe" => ("subdocument", element.attr("src")),
                "script" => ("script", element.attr("src")),
                _ => ("image", element.attr("src")),
            };
            let Some(url) = src.and_then(|src| page_url.join(src.trim()).ok()) else { continue };
            if url.host() == page_url.host() {
                continue;
            }
            let Some(rule) = self.rule_of(url.as_str(), page_url.as_str(), kind) else { continue };
            let place = match kind {
                "script" => element.parent().and_then(ElementRef::wrap),
                "image" => {
                    element.ancestors().filter_map(ElementRef::wrap).find(|above| above.value().name() == "a")
                }
                _ => Some(element),
            };
            let is_place = |place: &ElementRef<'_>| {
                kind != "script"
                    || (!matches!(place.value().name(), "html" | "head" | "body" | "article" | "main")
                        && super::html::text_of(*place).is_empty())
            };
            if let Some(place) = place.filter(is_place) {
                marked.entry(place.id()).or_insert(rule);
            }
        }
    }

    fn site(&self, page_url: &Url) -> Arc<Site> {
        let host = page_url.host_str().unwrap_or_default().to_owned();
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = sites.get(&host) {
            return site.clone();
        }
        if sites.len() >= MAX_SITES {
            sites.clear();
        }
        let resources = self.engine.url_cosmetic_resources(page_url.as_str());
        let mut selectors: Vec<(String, Selector)> = resources
            .hide_selectors
            .into_iter()
            .filter_map(|rule| Selector::parse(&rule).ok().map(|selector| (rule, selector)))
            .collect();
        selectors.sort_by(|a, b| a.0.cmp(&b.0));
        let has_generic = !resources.generichide;
        let site = Arc::new(Site { selectors, exceptions: resources.exceptions, has_generic });
        sites.insert(host, site.clone());
        site
    }

    fn compiled(&self, rule: &str) -> Option<Arc<Selector>> {
        let mut selectors = self.selectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(selector) = selectors.get(rule) {
            return selector.clone();
        }
        let selector = Selector::parse(rule).ok().map(Arc::new);
        selectors.insert(rule.to_owned(), selector.clone());
        selector
    }
}

fn mark(page: &Html, rule: &str, selector: &Selector, marked: &mut HashMap<NodeId, String>) {
    let found: Vec<NodeId> =
        page.select(selector).take(MAX_PER_RULE + 1).map(|element| element.id()).collect();
    if found.len() <= MAX_PER_RULE {
        for id in found {
            marked.entry(id).or_insert_with(|| rule.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(filters: &Filters, url: &str, body: &str) -> Vec<String> {
        let page = Html::parse_document(body);
        let mut rules: Vec<String> = filters.marked(&page, &Url::parse(url).unwrap()).into_values().collect();
        rules.sort();
        rules
    }

    #[test]
    fn elements_are_marked_by_site_class_and_by_what_they_load() {
        let filters = Filters::built_in();
        let cases = [
            ("http://news.163.com/1.html", "<div class=at_item>a</div>", vec![".at_item"]),
            ("http://news.example.com/1.html", "<div class=at_item>a</div>", vec![]),
            ("http://news.example.com/1.html", "<p class='x adsbygoogle'></p>", vec![".adsbygoogle"]),
            (
                "http://a.example/",
                "<iframe src='//pos.baidu.com/auto_dup?di=1'></iframe>",
                vec!["||pos.baidu.com^"],
            ),
            (
                "http://a.example/",
                "<div class=box><script src=//cpro.baidustatic.com/cpro/ui/c.js></script></div>",
                vec!["||cpro.baidustatic.com^"],
            ),
            ("http://a.example/", "<div>正文<script src=//cpro.baidustatic.com/c.js></script></div>", vec![]),
            ("http://a.example/", "<img src=https://img.example/1.jpg><iframe src=/own></iframe>", vec![]),
        ];
        for (url, body, expected) in cases {
            assert_eq!(rules(filters, url, body), expected, "{url} {body}");
        }
    }

    #[test]
    fn requests_are_told_by_whole_hosts_with_the_rule() {
        let page = "https://news.example.com/a.html";
        let cases = [
            ("https://pos.baidu.com/x?di=1", "subdocument", Some("||pos.baidu.com^")),
            ("https://www.baidu.com/s?wd=a", "subdocument", None),
            ("https://tpc.googlesyndication.com/simgad/1", "image", Some("||googlesyndication.com^")),
            ("https://notdoubleclick.net/", "image", None),
            ("https://news.example.com/doubleclick.net/", "image", None),
        ];
        for (url, kind, expected) in cases {
            assert_eq!(Filters::built_in().rule_of(url, page, kind).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn lists_of_an_office_come_beside_the_built_in_one() {
        let list = "! a list\n##.tuijian-box\nexample.com##.local\nexample.org#@#.tuijian-box\n||ads.example.net^\n##b[\nexample.com#?#div:-abp-contains(广告)\n";
        let filters = Filters::of(&[list.to_owned()]);
        let body = "<div class=tuijian-box>a</div><div class=local>b</div><iframe src=http://ads.example.net/1></iframe>\
                    <p class=adsbygoogle></p>";
        assert_eq!(
            rules(&filters, "http://www.example.com/", body),
            [".adsbygoogle", ".local", ".tuijian-box", "||ads.example.net^"]
        );
        assert_eq!(rules(&filters, "http://example.org/", body), [".adsbygoogle", "||ads.example.net^"]);
    }

    #[test]
    fn a_rule_that_marks_half_the_page_marks_nothing() {
        let filters = Filters::of(&["##.row".to_owned()]);
        assert_eq!(
            rules(&filters, "http://a.example/", &"<p class=row>a</p>".repeat(100)),
            Vec::<String>::new()
        );
    }
}
