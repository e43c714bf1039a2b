//! By which signs an element counts as an ad.

use url::Url;

use super::destination::{self, Destination};
use super::tree::{Place, Tree};
use super::words;
use crate::extract::ad_block;

/// Widths and heights of the usual formats (IAB, and those of Chinese portals), in CSS pixels.
const FORMATS: &[(i32, i32)] = &[
    (728, 90),
    (970, 90),
    (970, 250),
    (468, 60),
    (300, 250),
    (336, 280),
    (300, 600),
    (160, 600),
    (120, 600),
    (250, 250),
    (200, 200),
    (240, 400),
    (320, 50),
    (320, 100),
    (300, 50),
    (640, 100),
    (640, 60),
    (640, 90),
    (640, 150),
    (960, 90),
    (960, 60),
    (1000, 90),
    (1200, 90),
    (300, 300),
    (580, 90),
    (660, 90),
    (120, 240),
    (120, 270),
    (100, 300),
    (580, 400),
];

/// How far a box may differ from a format, in CSS pixels.
const TOLERANCE: i32 = 4;

/// Whether a request with this address is one of an ad system; gives the rule that says so. Arguments: the address,
/// the page's address, what is asked for (`image`, `subdocument`, `other`).
pub type RequestSign<'a> = &'a dyn Fn(&str, &str, &str) -> Option<String>;

/// Why an element counts as an ad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    /// A rule of a filter list, or a host of an ad system.
    Network(String),
    /// Its class, id or attributes name it so.
    Named(String),
    /// A usual format that leads to another site.
    Format(i32, i32),
    /// It shows a label.
    Label(String),
}

impl Sign {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Network(rule) => format!("network: {rule}"),
            Self::Named(name) => format!("name: {name}"),
            Self::Format(width, height) => format!("format: {width}×{height}"),
            Self::Label(label) => format!("label: {label}"),
        }
    }
}

/// Elements that hold whole pages or what cannot be an ad.
pub(super) fn is_part_of_page(name: &str) -> bool {
    matches!(
        name,
        "" | "html"
            | "head"
            | "body"
            | "main"
            | "article"
            | "script"
            | "style"
            | "link"
            | "meta"
            | "input"
            | "form"
            | "nav"
            | "footer"
            | "title"
            | "noscript"
            | "template"
            | "button"
            | "select"
            | "textarea"
    )
}

/// The sign of the element itself, labels left out.
pub(super) fn own_sign(tree: &Tree<'_>, place: Place, is_request: RequestSign<'_>) -> Option<Sign> {
    let node = tree.node(place);
    let name = node.name();
    if is_part_of_page(name) {
        return None;
    }
    if let Some(rule) = requested(tree, place, is_request) {
        return Some(Sign::Network(rule));
    }
    if let Some(word) = named(tree, place)
        && holds_an_ad(tree, place)
    {
        return Some(Sign::Named(word));
    }
    format(tree, place)
}

/// A frame, picture or link that an ad system serves.
fn requested(tree: &Tree<'_>, place: Place, is_request: RequestSign<'_>) -> Option<String> {
    let node = tree.node(place);
    let page = tree.page_url()?;
    let (address, kind) = match node.name() {
        "iframe" | "frame" => (node.attr("src")?, "subdocument"),
        "img" => (node.source.as_deref().or_else(|| node.attr("src"))?, "image"),
        "a" | "area" => (node.attr("href")?, "subdocument"),
        "embed" | "object" => (node.attr("src").or_else(|| node.attr("data"))?, "object"),
        _ => return None,
    };
    let url = tree.base(place)?.join(address).ok().filter(|url| url.has_host())?;
    // A pixel that counts visitors is no ad, and neither is an image without a size.
    let area = tree.extent(place);
    if area.width < 40 || area.height < 12 {
        return None;
    }
    is_request(url.as_str(), page.as_str(), kind)
}

fn named(tree: &Tree<'_>, place: Place) -> Option<String> {
    let node = tree.node(place);
    let classes = node.attr("class").unwrap_or("").split_whitespace();
    let by_name = classes.chain(node.attr("id")).find(|name| ad_block::names_slot(name)).map(str::to_owned);
    by_name.or_else(|| {
        ad_block::SLOT_ATTRIBUTES.iter().find(|name| node.attr(name).is_some()).map(|name| (*name).to_owned())
    })
}

/// A name alone may be anything: `ad-news` of a paper. There must be something that an ad has.
fn holds_an_ad(tree: &Tree<'_>, place: Place) -> bool {
    let below = tree.below(place);
    below.iter().any(|at| tree.node(*at).name() == "iframe" && tree.is_shown(*at))
        || below.iter().any(|at| words::shown_label(tree, *at).is_some())
        || destination::all(tree, place).iter().any(|one| leaves_site(tree, &one.landing))
        || (is_format(tree, place).is_some() && words::has_picture(tree, place))
        || below.iter().any(|at| tree.node(*at).name() == "canvas" && words::is_picture(tree, *at))
}

/// A frame of another site, or a picture that leads to one, in a usual format.
fn format(tree: &Tree<'_>, place: Place) -> Option<Sign> {
    let node = tree.node(place);
    let leads_away = |one: Destination| leaves_site(tree, &one.landing);
    let (width, height) = match node.name() {
        "iframe" | "object" | "embed" => {
            let format = is_format(tree, place)?;
            let base = tree.base(place)?;
            let src = node.attr("src").or_else(|| node.attr("data")).unwrap_or("");
            let page = tree.page_url().unwrap_or(base);
            let is_foreign =
                base.join(src).is_ok_and(|url| url.has_host() && !destination::is_same_site(&url, page));
            let leaves = || destination::all(tree, place).into_iter().any(leads_away);
            Some(format).filter(|_| is_foreign || leaves())
        }
        // A link may be larger than its picture.
        "a" => {
            destination::own(tree, place).filter(|one| leaves_site(tree, &one.landing))?;
            let pictures = tree.below(place).into_iter().filter(|at| words::is_picture(tree, *at));
            let own = is_format(tree, place).filter(|_| words::has_picture(tree, place));
            own.or_else(|| pictures.into_iter().find_map(|at| is_format(tree, at)))
        }
        "img" | "canvas" | "video" | "div" | "section" => is_format(tree, place).filter(|_| {
            words::is_picture(tree, place) && destination::own(tree, place).is_some_and(leads_away)
        }),
        _ => None,
    }?;
    Some(Sign::Format(width, height))
}

fn is_format(tree: &Tree<'_>, place: Place) -> Option<(i32, i32)> {
    let area = tree.extent(place);
    let is_close = |(width, height): &(i32, i32)| {
        (area.width - width).abs() <= TOLERANCE && (area.height - height).abs() <= TOLERANCE
    };
    FORMATS.iter().copied().find(is_close)
}

pub(super) fn leaves_site(tree: &Tree<'_>, link: &str) -> bool {
    let Some(page) = tree.page_url() else { return false };
    Url::parse(link).is_ok_and(|url| url.has_host() && !destination::is_same_site(&url, page))
}
