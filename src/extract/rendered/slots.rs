//! The ads of a rendered page: outermost elements, split where they hold several.

use std::collections::{BTreeMap, HashMap};

use super::destination::{self, Destination};
use super::signs::{self, RequestSign, Sign};
use super::tree::{Place, Tree};
use super::{RenderedPage, words};
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::rendering::Area;

/// Most ads of one page; a page with more is made to keep us busy.
const MAX_SLOTS: usize = 200;

/// A slot with more text than this is a section of the page whose name only sounds like an ad.
const MAX_SLOT_CHARS: usize = 2_000;

/// A slot that covers more of the page than this is the page.
const MAX_SHARE_PERCENT: i64 = 60;

/// Pages lower than this are compared as if they were so high: a short page may be mostly ad.
const MIN_PAGE_HEIGHT: i32 = 1_600;

/// The smallest part of a slot that is an ad of its own, in CSS pixels.
const MIN_PART: (i32, i32) = (40, 16);

/// An ad in a rendered page.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// What was read in it.
    pub draft: AdDraft,
    /// Where in the page.
    pub area: Area,
    /// It stays in the window when the page is scrolled.
    pub is_fixed: bool,
    /// Why it counts as an ad.
    pub signs: Vec<String>,
    /// It has neither words nor a picture nor a destination: a place for an ad that did not come.
    pub is_empty: bool,
}

/// Finds the ads of `page`. `is_request` knows the requests of ad systems.
pub fn ad_slots(page: &RenderedPage, is_request: RequestSign<'_>) -> Vec<Slot> {
    let tree = Tree::new(page);
    let Some(root) = tree.root() else { return Vec::new() };
    let order = tree.below(root);
    let mut labeled: HashMap<Place, String> = HashMap::new();
    for place in &order {
        if let Some(label) = words::shown_label(&tree, *place)
            && let Some(block) = labeled_block(&tree, *place)
        {
            labeled.entry(block).or_insert(label);
        }
    }
    let mut slots: Vec<Slot> = Vec::new();
    let mut taken: Vec<Place> = Vec::new();
    for place in order {
        if slots.len() >= MAX_SLOTS {
            break;
        }
        if tree.extent(place).size() == 0 || taken.iter().any(|above| tree.is_within(place, *above)) {
            continue;
        }
        let sign = signs::own_sign(&tree, place, is_request);
        let label = labeled.get(&place).cloned();
        let found: Vec<Sign> = sign.into_iter().chain(label.map(Sign::Label)).collect();
        if found.is_empty() || !may_be_one(&tree, place) {
            continue;
        }
        let outer = outermost(&tree, place);
        taken.push(outer);
        // A label further in belongs to the slot as well.
        let label = labeled
            .iter()
            .filter(|(block, _)| tree.is_within(**block, outer))
            .min_by_key(|(block, _)| **block)
            .map(|(_, label)| label.clone())
            .or_else(|| tree.below(outer).into_iter().find_map(|at| words::shown_label(&tree, at)));
        slots.extend(split(&tree, outer, label.as_deref(), &found));
    }
    slots
}

/// The smallest block around a label that holds an ad; `None` for a menu entry named 广告.
fn labeled_block(tree: &Tree<'_>, label: Place) -> Option<Place> {
    let n_label = 8;
    for block in std::iter::once(label).chain(tree.ancestors(label)).take(7) {
        let name = tree.node(block).name();
        if name.is_empty() {
            continue;
        }
        if signs::is_part_of_page(name) {
            return None;
        }
        let text = words::words(tree, block);
        let n_chars = text.chars().count();
        if n_chars > MAX_SLOT_CHARS {
            return None;
        }
        let has_picture = words::has_picture(tree, block)
            || tree.below(block).into_iter().any(|at| tree.node(at).name() == "iframe" && tree.is_shown(at));
        let has_words = n_chars >= n_label / 2;
        let links = destination::all(tree, block);
        let has_link = links.iter().any(|link| !tree.is_within(label, link.place));
        let own_link = links.iter().any(|link| tree.is_within(label, link.place));
        if own_link && !has_picture && !has_words {
            // A link that only says 广告 leads to the rates.
            return None;
        }
        if has_picture || (has_words && (has_link || own_link)) {
            return Some(block);
        }
    }
    None
}

/// Neither the whole page nor a section of it.
fn may_be_one(tree: &Tree<'_>, place: Place) -> bool {
    let area = tree.extent(place);
    if area.width < 20 || area.height < 10 {
        return false;
    }
    let page = tree.page_area();
    let page = i64::from(page.width.max(1)) * i64::from(page.height.max(MIN_PAGE_HEIGHT));
    if !tree.is_fixed(place) && area.size() * 100 > page * MAX_SHARE_PERCENT {
        return false;
    }
    words::words(tree, place).chars().count() <= MAX_SLOT_CHARS
}

/// The outermost element that is still this ad: wrappers of about its size that hold nothing else.
fn outermost(tree: &Tree<'_>, place: Place) -> Place {
    let inner = tree.extent(place);
    let mut outer = place;
    for above in tree.ancestors(place).take(12) {
        let node = tree.node(above);
        if node.name().is_empty() {
            continue;
        }
        if signs::is_part_of_page(node.name()) && above.document == place.document {
            break;
        }
        let area = tree.extent(above);
        // Room for a label and a frame of a few pixels.
        let grows = area.size() * 100 > inner.size() * 130 + 100;
        let is_frame = node.name() == "iframe";
        if above.document == outer.document && !is_frame && (grows || has_more(tree, above, outer)) {
            break;
        }
        if above.document != outer.document && !is_frame {
            break;
        }
        if is_frame || !signs::is_part_of_page(node.name()) {
            outer = above;
        }
    }
    outer
}

/// Whether `above` shows links or pictures beside those in `inner`.
fn has_more(tree: &Tree<'_>, above: Place, inner: Place) -> bool {
    tree.below(above).into_iter().filter(|at| !tree.is_within(*at, inner) && !tree.is_within(inner, *at)).any(
        |at| {
            words::is_picture(tree, at)
                || (destination::own(tree, at).is_some() && tree.extent(at).height >= MIN_PART.1)
        },
    )
}

/// One ad for each part that leads elsewhere.
fn split(tree: &Tree<'_>, slot: Place, label: Option<&str>, found: &[Sign]) -> Vec<Slot> {
    let links = destination::all(tree, slot);
    let mut parts: Vec<(Place, &Destination)> = Vec::new();
    for link in &links {
        if words::shown_label(tree, link.place).is_some() || is_control(tree, link.place) {
            continue;
        }
        let mut part = link.place;
        while part != slot {
            let Some(above) = tree.parent(part) else { break };
            let holds_other = links.iter().any(|other| {
                other.landing != link.landing
                    && !is_control(tree, other.place)
                    && tree.is_within(other.place, above)
            });
            if holds_other {
                break;
            }
            part = above;
        }
        let area = tree.extent(part);
        let is_known = parts.iter().any(|(known, _)| tree.is_within(part, *known));
        if !is_known && area.width >= MIN_PART.0 && area.height >= MIN_PART.1 {
            parts.push((part, link));
        }
    }
    if parts.len() < 2 || is_one_advertiser(tree, &parts) {
        let link = parts.first().map(|(_, link)| *link).or(links.first());
        return vec![read(tree, slot, slot, link, label, found)];
    }
    parts.iter().map(|(part, link)| read(tree, *part, slot, Some(link), label, found)).collect()
}

/// Links that close, explain or report the ad.
fn is_control(tree: &Tree<'_>, place: Place) -> bool {
    let text = words::words(tree, place);
    let text = text.trim();
    let area = tree.extent(place);
    let is_small = area.width < MIN_PART.0 && area.height < 40;
    let is_word =
        ["关闭", "×", "x", "X", "反馈", "举报", "不感兴趣", "广告投放", "为什么看到此广告", "AdChoices"]
            .contains(&text);
    is_word || (is_small && text.chars().count() < 3 && !words::has_picture(tree, place))
}

/// A headline and a button of one ad name the same page with other parameters; items of a list are alike in size.
fn is_one_advertiser(tree: &Tree<'_>, parts: &[(Place, &Destination)]) -> bool {
    let page_of = |link: &Destination| link.landing.split(['?', '#']).next().unwrap_or_default().to_owned();
    let first = page_of(parts[0].1);
    if parts.iter().any(|(_, link)| page_of(link) != first) {
        return false;
    }
    let sizes: Vec<i64> = parts.iter().map(|(part, _)| tree.extent(*part).size()).collect();
    let (least, most) = (sizes.iter().min().copied().unwrap_or(0), sizes.iter().max().copied().unwrap_or(0));
    most > least * 2
}

fn read(
    tree: &Tree<'_>,
    part: Place,
    slot: Place,
    link: Option<&Destination>,
    label: Option<&str>,
    found: &[Sign],
) -> Slot {
    let mut text = words::words(tree, part);
    for name in tree.below(part).into_iter().filter_map(|at| alternative(tree, at)) {
        if !text.contains(&name) {
            text = if text.is_empty() { name } else { format!("{text}\n{name}") };
        }
    }
    let mut links: Vec<String> = Vec::new();
    for one in destination::all(tree, part) {
        if !links.contains(&one.link) {
            links.push(one.link);
        }
    }
    let images = words::pictures(tree, part);
    let landing_url = link.map(|link| link.landing.clone());
    let is_empty = text.is_empty() && landing_url.is_none() && !words::has_picture(tree, part);
    let draft = AdDraft {
        locator: tree.locator(part),
        images,
        landing_url,
        links,
        label: label.map(str::to_owned),
        platform_ids: platform_ids(tree, slot),
        ..AdDraft::of_text(AdKind::Display, text)
    };
    Slot {
        draft,
        area: visible_part(tree, part),
        is_fixed: tree.is_fixed(part),
        signs: found.iter().map(Sign::describe).collect(),
        is_empty,
    }
}

/// The box of `part`, cut by the frames in which it stands.
fn visible_part(tree: &Tree<'_>, part: Place) -> Area {
    let frames = tree.ancestors(part).filter(|above| tree.node(*above).name() == "iframe");
    frames.fold(tree.extent(part), |area, frame| area.intersection(tree.area(frame)))
}

/// The words that stand for a picture.
fn alternative(tree: &Tree<'_>, at: Place) -> Option<String> {
    let text = tree.node(at).attr("alt")?.trim();
    (!text.is_empty() && tree.is_shown(at) && !crate::extract::ad_block::LABELS.contains(&text))
        .then(|| text.to_owned())
}

fn platform_ids(tree: &Tree<'_>, slot: Place) -> BTreeMap<String, String> {
    let names = ["id", "data-ad-pdps", "data-ad-slot", "data-ad-client", "data-ad-id", "data-adid", "adtype"];
    let node = tree.node(slot);
    let named = names.iter().filter_map(|name| {
        let value = node.attr(name)?.trim();
        (!value.is_empty()).then(|| ((*name).to_owned(), value.to_owned()))
    });
    named.collect()
}
