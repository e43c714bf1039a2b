//! Ad slots in a page as served: by the label 广告, by names of classes and ids, by attributes of ad systems, by filter
//! lists.
//!
//! Of nested matches the outermost is the slot. A slot whose creative is loaded by a script is reported as empty,
//! not dropped.

use std::collections::{BTreeMap, HashSet};

use ego_tree::NodeId;
use scraper::{ElementRef, Html};
use url::Url;

use super::filters::Filters;
use super::html::{self, selector};
use crate::domain::ad::{AdDraft, AdKind};

/// Texts that label an ad (广告法 art 14) when they stand alone in an element.
pub const LABELS: &[&str] = &[
    "广告",
    "推广",
    "赞助",
    "商业推广",
    "品牌推广",
    "广告推广",
    "推广链接",
    "赞助商链接",
    "赞助内容",
    "软文",
    "Sponsored",
    "Promoted",
    "Advertisement",
    "AD",
    "Ad",
    "ad",
];

/// Words that name an ad slot when a class or an id contains them as a word of its own.
const SLOT_WORDS: &[&str] = &[
    "ad",
    "ads",
    "adv",
    "advert",
    "adverts",
    "advertisement",
    "adbox",
    "adslot",
    "adsbygoogle",
    "sinaads",
    "gg",
    "ggw",
    "guanggao",
    "tuiguang",
    "sponsor",
    "sponsored",
    "promoted",
    "adwrap",
    "adarea",
    "adcontent",
    "adblock",
    "adsense",
    "topad",
    "bottomad",
    "sidead",
    "leftad",
    "rightad",
    "bannerad",
    "googlead",
];

/// Attributes that ad systems put on their slots.
pub(super) const SLOT_ATTRIBUTES: &[&str] = &[
    "data-ad",
    "data-ads",
    "data-ad-slot",
    "data-ad-client",
    "data-ad-pdps",
    "data-ad-id",
    "data-ad-unit",
    "adtype",
    "ad-data",
    "data-google-query-id",
    "data-adid",
];

/// Most labels and slots that are looked at in one page; a page with more is made to keep us busy.
const MAX_LABELS: usize = 300;
const MAX_SLOTS: usize = 500;

/// A slot with more text than this is a whole page section whose name only sounds like an ad.
const MAX_SLOT_CHARS: usize = 2_000;

/// The ads of a page.
#[derive(Debug, Default)]
pub struct AdSlots {
    /// One draft per creative; a slot with several links gives several.
    pub drafts: Vec<AdDraft>,
    /// CSS paths of slots whose creative is not in the page.
    pub empty: Vec<String>,
    /// Elements to leave out of the page's own text.
    pub elements: HashSet<NodeId>,
}

/// Finds the slots of `page`, with the help of filter lists.
pub fn ad_slots(page: &Html, page_url: &Url, filters: &Filters) -> AdSlots {
    let by_list = filters.marked(page, page_url);
    let base = html::base_of(page, page_url);
    let labels: Vec<(ElementRef<'_>, String)> = page
        .root_element()
        .descendent_elements()
        .filter_map(|element| Some((element, shown_label(element).or_else(|| attribute_label(element))?)))
        .take(MAX_LABELS)
        .collect();
    let mut matched: HashSet<NodeId> =
        labels.iter().filter_map(|(label, _)| Some(labeled_block(*label)?.id())).collect();
    matched.extend(
        page.root_element()
            .descendent_elements()
            .filter(|element| is_slot(*element))
            .map(|element| element.id()),
    );
    matched.extend(by_list.keys());
    let mut slots = AdSlots::default();
    for element in page.root_element().descendent_elements().filter(|element| matched.contains(&element.id()))
    {
        if slots.elements.len() >= MAX_SLOTS {
            break;
        }
        if element.ancestors().any(|above| slots.elements.contains(&above.id())) {
            continue;
        }
        if html::is_hidden(*element) && element.value().name() != "iframe" {
            continue;
        }
        if html::text_of(element).chars().count() > MAX_SLOT_CHARS {
            continue;
        }
        slots.elements.insert(element.id());
        let label = labels.iter().find(|(label, _)| is_within(*label, element)).map(|(_, text)| text.clone());
        let mut creatives = creatives(element, &base, label.as_deref());
        if let Some(rule) = by_list.get(&element.id()) {
            for creative in &mut creatives {
                creative.platform_ids.insert("filter".to_owned(), rule.clone());
            }
        }
        if creatives.is_empty() {
            slots.empty.push(html::css_path(element));
        }
        slots.drafts.extend(creatives);
    }
    slots
}

/// The label that `element` shows: its only text, or the name of an image.
fn shown_label(element: ElementRef<'_>) -> Option<String> {
    let value = element.value();
    let shown = match value.name() {
        "img" => value.attr("alt").unwrap_or("").trim().to_owned(),
        "script" | "style" | "title" | "option" | "meta" | "head" | "html" | "body" => return None,
        _ if element.child_elements().next().is_some() => return None,
        _ => element.text().take(8).collect(),
    };
    let is_bracket = |c: char| c.is_whitespace() || "[]【】「」()（）·:：".contains(c);
    let shown = shown.trim_matches(is_bracket);
    LABELS.contains(&shown).then(|| shown.to_owned())
}

/// The label that `element` carries for its style sheet to show.
fn attribute_label(element: ElementRef<'_>) -> Option<String> {
    let label = element.attr("data-label")?.trim();
    LABELS.contains(&label).then(|| label.to_owned())
}

/// The smallest block around a label that holds a creative; `None` for a menu entry named 广告.
fn labeled_block(label: ElementRef<'_>) -> Option<ElementRef<'_>> {
    if attribute_label(label).is_some() {
        return Some(label);
    }
    let label_text = html::text_of(label);
    let around = std::iter::once(label).chain(label.ancestors().filter_map(ElementRef::wrap)).take(6);
    for block in around {
        if matches!(block.value().name(), "body" | "html" | "main" | "article" | "nav" | "footer") {
            return None;
        }
        let text = html::text_of(block);
        if text.chars().count() > MAX_SLOT_CHARS {
            return None;
        }
        let has_image =
            html::select(block, selector!("img, iframe, video")).any(|image| image.id() != label.id());
        let has_other_words = text.chars().count() > label_text.chars().count() + 3;
        let is_link = block.value().name() == "a";
        let has_link =
            is_link || html::select(block, selector!("a[href]")).any(|link| !is_within(label, link));
        if is_link && !has_image && !has_other_words {
            return None;
        }
        if has_image || (has_other_words && has_link) {
            return Some(block);
        }
    }
    None
}

fn is_slot(element: ElementRef<'_>) -> bool {
    let value = element.value();
    match value.name() {
        "html" | "head" | "body" | "main" | "article" | "script" | "style" | "link" | "meta" | "input"
        | "form" => false,
        "iframe" => is_named_slot(element),
        "ins" => is_named_slot(element) || has_slot_attribute(element),
        _ => is_named_slot(element) || has_slot_attribute(element),
    }
}

fn has_slot_attribute(element: ElementRef<'_>) -> bool {
    let value = element.value();
    SLOT_ATTRIBUTES.iter().any(|name| value.attr(name).is_some())
        || value.attr("data-tag") == Some("ad")
        || value.attr("feedtype") == Some("ad")
}

fn is_named_slot(element: ElementRef<'_>) -> bool {
    let value = element.value();
    value.classes().chain(value.id()).any(names_slot)
}

/// Whether a class or id is made of words of which one names an ad: `ad-top`, `adTop`, `gg300`, `common_ad_item`.
pub(super) fn names_slot(name: &str) -> bool {
    // 163 calls its slots so.
    if name == "at_item" {
        return true;
    }
    let mut word = String::new();
    let mut words = Vec::new();
    for c in name.chars() {
        let ends_word = !c.is_ascii_alphabetic();
        let begins_word = c.is_ascii_uppercase() && word.ends_with(|last: char| last.is_ascii_lowercase());
        if (ends_word || begins_word) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if !ends_word {
            word.push(c);
        }
    }
    words.push(word);
    let denied = words
        .iter()
        .any(|word| matches!(word.to_ascii_lowercase().as_str(), "no" | "free" | "none" | "block"));
    !denied && words.iter().any(|word| SLOT_WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

/// One draft per creative of the slot: parts that lead to different places are different ads.
fn creatives(slot: ElementRef<'_>, base: &Url, label: Option<&str>) -> Vec<AdDraft> {
    let mut parts: Vec<ElementRef<'_>> = Vec::new();
    let own_link = (slot.value().name() == "a").then_some(slot).into_iter();
    for link in own_link.chain(html::select(slot, selector!("a[href]"))) {
        let Some(landing) = link.attr("href").and_then(|href| html::resolve(base, href)) else { continue };
        let mut part = link;
        while part.id() != slot.id() {
            let Some(above) = part.parent().and_then(ElementRef::wrap) else { break };
            if html::links_of(above, base).iter().any(|other| *other != landing) {
                break;
            }
            part = above;
        }
        if !parts.iter().any(|known| is_within(part, *known)) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        parts.push(slot);
    }
    parts.into_iter().filter_map(|part| creative(part, slot, base, label)).collect()
}

fn creative(part: ElementRef<'_>, slot: ElementRef<'_>, base: &Url, label: Option<&str>) -> Option<AdDraft> {
    let links = html::links_of(part, base);
    let landing_url = links.first().map(|link| html::unwrap_redirect(link));
    let images = html::images_of(part, base);
    let shown = html::text_without(part, &|id| {
        part.tree().get(id).and_then(ElementRef::wrap).is_some_and(|element| shown_label(element).is_some())
    });
    let mut lines: Vec<String> =
        shown.lines().filter(|line| !LABELS.contains(line)).map(str::to_owned).collect();
    let alternatives = std::iter::once(part).chain(part.descendent_elements());
    for text in alternatives.filter_map(|element| element.attr("alt")).map(str::trim) {
        if !text.is_empty() && !LABELS.contains(&text) && !lines.iter().any(|line| line.contains(text)) {
            lines.push(text.to_owned());
        }
    }
    let text = lines.join("\n");
    let is_creative =
        !images.is_empty() || text.chars().count() >= 4 || (landing_url.is_some() && !text.is_empty());
    is_creative.then(|| AdDraft {
        locator: html::css_path(part),
        images,
        landing_url,
        links,
        label: label.map(str::to_owned),
        platform_ids: platform_ids(slot),
        ..AdDraft::of_text(AdKind::Display, text)
    })
}

fn platform_ids(slot: ElementRef<'_>) -> BTreeMap<String, String> {
    let names = ["id", "data-ad-pdps", "data-ad-slot", "data-ad-client", "data-ad-id", "data-adid", "adtype"];
    let named = names.iter().filter_map(|name| {
        let value = slot.attr(name)?.trim();
        (!value.is_empty()).then(|| ((*name).to_owned(), value.to_owned()))
    });
    named.collect()
}

fn is_within(inner: ElementRef<'_>, outer: ElementRef<'_>) -> bool {
    inner.id() == outer.id() || inner.ancestors().any(|above| above.id() == outer.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(body: &str) -> AdSlots {
        let url = Url::parse("http://news.example.com/p.html").unwrap();
        ad_slots(&Html::parse_document(body), &url, Filters::built_in())
    }

    fn texts(found: &AdSlots) -> Vec<&str> {
        found.drafts.iter().map(|draft| draft.text.as_str()).collect()
    }

    const LINK: &str = "<a href=http://x.example/>稳赚理财</a>";

    #[test]
    fn slots_are_found_by_label_name_and_attribute() {
        let cases = [
            format!("<div><span>广告</span>{LINK}</div>"),
            format!("<li>{LINK}<em>推广</em></li>"),
            format!("<div>{LINK}<img src=/l.png alt=广告></div>"),
            format!("<div><i>【广告】</i><p>{LINK}</p></div>"),
            format!("<section data-label=赞助>{LINK}</section>"),
            format!("<div class=ad-top>{LINK}</div>"),
            format!("<div id=adTop>{LINK}</div>"),
            format!("<div class=gg300>{LINK}</div>"),
            format!("<div class='at_item common_ad_item'>{LINK}</div>"),
            format!("<div class=right_guanggao>{LINK}</div>"),
            format!("<ins class=sinaads data-ad-pdps=PDPS01>{LINK}</ins>"),
            format!("<div data-ad-slot=7>{LINK}</div>"),
            format!("<div adtype=topColumnAd>{LINK}</div>"),
        ];
        for body in cases {
            let found = slots(&body);
            assert_eq!(texts(&found), ["稳赚理财"], "{body}");
            assert_eq!(found.drafts[0].landing_url.as_deref(), Some("http://x.example/"), "{body}");
        }
    }

    #[test]
    fn ordinary_parts_of_a_page_are_no_slots() {
        let cases = [
            format!("<div class='header address admin add-on read load gadget badge'>{LINK}</div>"),
            format!("<div class=no-ad>{LINK}</div>"),
            "<ul class=nav><li><a href=/ad/>广告</a><li><a href=/n/>新闻</a></ul>".to_owned(),
            "<footer><a href=/about>关于</a> <a href=/ad>广告</a></footer>".to_owned(),
            "<p>记者从广告公司获悉，<b>广告</b>法修订</p>".to_owned(),
            format!("<div class=ads-section>{}</div>", "<p>正文正文正文。</p>".repeat(400)),
        ];
        for body in cases {
            let found = slots(&body);
            assert!(found.drafts.is_empty() && found.empty.is_empty(), "{body} {found:?}");
        }
    }

    #[test]
    fn the_outermost_match_is_one_slot_and_its_label_is_a_fact() {
        let found = slots(
            "<div class=ad-wrap><div class=ad-inner><a href=/go?url=http%3A%2F%2Fx.example%2F><img src=/1.jpg alt=年化百分之十五></a><span>广告</span></div></div>",
        );
        assert_eq!(texts(&found), ["年化百分之十五"]);
        let draft = &found.drafts[0];
        assert_eq!(draft.label.as_deref(), Some("广告"));
        assert_eq!(draft.landing_url.as_deref(), Some("http://x.example/"));
        assert_eq!(draft.images, ["http://news.example.com/1.jpg"]);
        assert_eq!(slots(&format!("<div class=ad>{LINK}</div>")).drafts[0].label, None);
    }

    #[test]
    fn a_slot_with_several_links_holds_several_ads() {
        let found = slots(
            "<div class=ad><ul><li><a href=http://a.example/>稳赚理财</a><p>保本保息</p><li><a href=http://b.example/>二手房源</a></ul><span>广告</span></div>",
        );
        assert_eq!(texts(&found), ["稳赚理财\n保本保息", "二手房源"]);
        assert!(found.drafts.iter().all(|draft| draft.label.as_deref() == Some("广告")));
    }

    #[test]
    fn slots_filled_by_scripts_are_reported_as_empty() {
        let cases = [
            "<ins class=adsbygoogle data-ad-client=ca-1></ins><script>push()</script>",
            "<div class=gg300><script src=//cpro.baidustatic.com/cpro/ui/c.js></script></div>",
            "<iframe src='https://pos.baidu.com/auto_dup?di=1'></iframe>",
            "<div class='at_item' requesturl=https://nex.163.com/q><span>广告</span></div>",
        ];
        for body in cases {
            let found = slots(body);
            assert_eq!((found.drafts.len(), found.empty.len()), (0, 1), "{body}");
        }
    }
}
