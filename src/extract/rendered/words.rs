//! The words that an element shows, in the order and lines in which they are shown.

use super::NodeKind;
use super::tree::{Place, Tree};
use crate::extract::{ad_block, html};

/// Longest text of one ad, in characters.
const MAX_CHARS: usize = 4_000;

/// The label 广告 (and its like) that an element shows as its only text, or an image by its name.
pub(super) fn shown_label(tree: &Tree<'_>, place: Place) -> Option<String> {
    let node = tree.node(place);
    let is_shown = tree.is_shown(place);
    let shown = match node.name() {
        "" | "script" | "style" | "title" | "option" | "meta" | "head" | "html" | "body" => return None,
        "img" if is_shown => node.attr("alt").unwrap_or("").to_owned(),
        _ => {
            let mut text = String::new();
            for child in tree.children(place) {
                match &tree.node(child).kind {
                    NodeKind::Text(part) => text.push_str(part),
                    NodeKind::Element(..) => return None,
                    _ => {}
                }
            }
            text
        }
    };
    let is_bracket = |c: char| c.is_whitespace() || "[]【】「」()（）·:：|".contains(c);
    let shown = shown.trim_matches(is_bracket);
    (is_shown && ad_block::LABELS.contains(&shown)).then(|| shown.to_owned())
}

/// The words shown in `place` and in its frames, labels left out, one line per block.
pub(super) fn words(tree: &Tree<'_>, place: Place) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut skipped: Option<Place> = None;
    let mut end_line = |line: &mut String| {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() && !ad_block::LABELS.contains(&words.as_str()) {
            lines.push(words);
        }
        line.clear();
    };
    let mut n_chars = 0;
    for at in tree.below(place) {
        if skipped.is_some_and(|above| tree.is_within(at, above)) || n_chars > MAX_CHARS {
            continue;
        }
        let node = tree.node(at);
        match &node.kind {
            NodeKind::Element(name, _) => {
                if matches!(name.as_str(), "script" | "style" | "noscript" | "template")
                    || shown_label(tree, at).is_some()
                {
                    skipped = Some(at);
                } else if name == "br" || html::is_block(name) {
                    end_line(&mut line);
                }
            }
            NodeKind::Text(text) if tree.is_shown(at) => {
                // A block that ended is seen by the text behind it beginning on another line of the page.
                n_chars += text.chars().count();
                let parent = tree.parent(at);
                let begins = parent.is_some_and(|above| html::is_block(tree.node(above).name()));
                if begins && tree.children(parent.unwrap_or(at)).first() == Some(&at) {
                    end_line(&mut line);
                }
                line.push_str(text);
            }
            _ => {}
        }
    }
    end_line(&mut line);
    let mut text = lines.join("\n");
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
        text.truncate(end);
    }
    text
}

/// Addresses of the pictures shown in `place` and in its frames.
pub(super) fn pictures(tree: &Tree<'_>, place: Place) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for at in tree.below(place).into_iter().filter(|at| tree.is_shown(*at)) {
        let node = tree.node(at);
        let address = node.source.as_deref().or(match node.name() {
            "img" => node.attr("src"),
            "video" => node.attr("poster"),
            _ => node.background.as_deref(),
        });
        let resolved = address.zip(tree.base(at)).and_then(|(address, base)| html::resolve(base, address));
        if let Some(address) = resolved.filter(|address| !found.contains(address)) {
            found.push(address);
        }
    }
    found
}

/// Whether a picture, a drawing, a film or a frame with something in it is shown.
pub(super) fn has_picture(tree: &Tree<'_>, place: Place) -> bool {
    tree.below(place).into_iter().any(|at| is_picture(tree, at))
}

pub(super) fn is_picture(tree: &Tree<'_>, at: Place) -> bool {
    let node = tree.node(at);
    let is_one = matches!(node.name(), "img" | "canvas" | "video" | "svg" | "object" | "embed")
        || (!node.name().is_empty() && node.background.is_some());
    let area = tree.area(at);
    // Smaller ones are icons and counters.
    is_one && tree.is_shown(at) && area.width >= 40 && area.height >= 30 && shown_label(tree, at).is_none()
}
