//! Pages, reduced to what can be looked at, their addresses led into the package.

use std::collections::HashSet;

use ego_tree::iter::Edge;
use scraper::{Html, Node};

use super::{Place, css};
use crate::extract::html::parse;

/// Elements that are left out with everything in them: what runs, embeds, or hints to the browser.
const DROPPED: &[&str] =
    &["script", "noscript", "object", "embed", "applet", "portal", "template", "base", "meta", "fencedframe"];

/// Elements without an end tag.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Attributes that hold one address of something shown in the page.
const SHOWN: &[&str] = &["src", "poster", "background", "href", "xlink:href"];

/// Attributes that are left out: what sends, downloads, checks, asks ahead, or starts by itself.
const LEFT_OUT: &[&str] = &[
    "srcdoc",
    "action",
    "formaction",
    "ping",
    "manifest",
    "integrity",
    "nonce",
    "crossorigin",
    "target",
    "download",
    "autofocus",
    "autoplay",
    "loading",
    "is",
    "data",
    "codebase",
    "classid",
    "archive",
    "cite",
    "longdesc",
    "lowsrc",
    "dynsrc",
    "profile",
    "http-equiv",
    "content",
    "imagesrcset",
    "attributionsrc",
];

/// The page as it may be shown. Scripts, forms and hints are gone, and addresses that the package does not answer too.
pub(super) fn rewritten(page: &str, place: &Place<'_>) -> String {
    let document = parse(page);
    let own_base = base_of(&document, place.url);
    let url = own_base.as_deref().unwrap_or(place.url);
    let place = Place { replay: place.replay, base: place.base, url };
    let mut html = String::with_capacity(page.len());
    let mut dropped_at = None;
    // Without recursion, and deep nesting is laid flat: a captured page decides neither our stack nor our time.
    for edge in document.tree.root().traverse() {
        match edge {
            Edge::Open(node) => {
                if dropped_at.is_some() {
                    continue;
                }
                match node.value() {
                    Node::Doctype(doctype) if doctype.name() == "html" => html.push_str("<!DOCTYPE html>\n"),
                    Node::Text(text) => {
                        let above = node.parent().and_then(|above| above.value().as_element());
                        match above.map(|above| above.name()) {
                            Some("style") => {
                                // What stands in a style cannot end it.
                                html.push_str(&css::rewritten(text, &place).replace("</", "<\\/"));
                            }
                            _ => escape(text, &mut html),
                        }
                    }
                    Node::Element(element) => {
                        let name = element.name();
                        let is_hint = name == "link" && !is_style(element);
                        if DROPPED.contains(&name) || is_hint || !is_name(name) {
                            dropped_at = Some(node.id());
                        } else {
                            open(element, &place, &mut html);
                        }
                    }
                    _ => {}
                }
            }
            Edge::Close(node) => {
                if dropped_at.is_some() {
                    dropped_at = dropped_at.filter(|id| *id != node.id());
                    continue;
                }
                if let Some(element) = node.value().as_element()
                    && !VOID.contains(&element.name())
                {
                    html.push_str(&format!("</{}>", element.name()));
                }
            }
        }
    }
    html
}

fn open(element: &scraper::node::Element, place: &Place<'_>, html: &mut String) {
    let name = element.name();
    html.push_str(&format!("<{name}"));
    let mut known = HashSet::new();
    for (key, value) in element.attrs() {
        let key = key.to_ascii_lowercase();
        if !is_name(&key)
            || key.starts_with("on")
            || LEFT_OUT.contains(&key.as_str())
            || !known.insert(key.clone())
        {
            continue;
        }
        let value = match key.as_str() {
            "style" => Some(css::rewritten(value, place)),
            "srcset" => sources(value, place),
            // A place in the page itself, also for the parts of a drawing.
            key if SHOWN.contains(&key) && value.starts_with('#') => Some(value.to_owned()),
            "href" | "xlink:href"
                if matches!(name, "use" | "a" | "area") && value.trim().starts_with("data:") =>
            {
                None
            }
            key if SHOWN.contains(&key) => place.local(value),
            _ => Some(value.to_owned()),
        };
        let Some(value) = value else { continue };
        html.push_str(&format!(" {key}=\""));
        escape(&value, html);
        html.push('"');
    }
    html.push('>');
}

/// `srcset` with those of its pictures that the package has.
fn sources(value: &str, place: &Place<'_>) -> Option<String> {
    let kept: Vec<String> = value
        .split(',')
        .filter_map(|one| {
            let mut words = one.split_whitespace();
            let local = place.local(words.next()?)?;
            Some(std::iter::once(local.as_str()).chain(words).collect::<Vec<_>>().join(" "))
        })
        .collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

fn is_style(element: &scraper::node::Element) -> bool {
    let rel = element.attr("rel").unwrap_or_default();
    rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("stylesheet"))
}

/// The address against which the page resolves its own.
fn base_of(document: &Html, url: &str) -> Option<String> {
    let elements = document.tree.nodes().filter_map(|node| node.value().as_element());
    let href =
        elements.filter(|element| element.name() == "base").find_map(|element| element.attr("href"))?;
    let base = url::Url::parse(url).ok()?.join(href).ok()?;
    matches!(base.scheme(), "http" | "https").then(|| base.into())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte))
}

fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}
