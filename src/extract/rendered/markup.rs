//! A document as HTML again: what a browser would save.

use super::{Document, NodeKind};

/// Elements without an end tag.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Elements whose text is not escaped.
const RAW: &[&str] = &["script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext", "noscript"];

/// `document` as HTML in UTF-8. Shadow trees stand where they are shown; frames keep their address only.
pub fn to_html(document: &Document) -> String {
    let mut html = String::new();
    let mut open: Vec<usize> = Vec::new();
    for (at, node) in document.nodes.iter().enumerate() {
        while let Some(last) = open.last()
            && Some(*last) != node.parent
        {
            close(document, *last, &mut html);
            open.pop();
        }
        match &node.kind {
            NodeKind::Doctype(name) => html.push_str(&format!("<!DOCTYPE {name}>\n")),
            NodeKind::Other => {}
            NodeKind::Text(text) => {
                let is_raw = node.parent.is_some_and(|above| RAW.contains(&document.nodes[above].name()));
                if is_raw {
                    // What stands in a script cannot end it: a page may hold such text only through its own scripts.
                    html.push_str(&text.replace("</", "<\\/"));
                } else {
                    escape(text, false, &mut html);
                }
            }
            NodeKind::Element(name, attributes) => {
                html.push('<');
                html.push_str(name);
                for (key, value) in attributes {
                    html.push(' ');
                    html.push_str(key);
                    html.push_str("=\"");
                    escape(value, true, &mut html);
                    html.push('"');
                }
                html.push('>');
            }
        }
        open.push(at);
    }
    while let Some(last) = open.pop() {
        close(document, last, &mut html);
    }
    html
}

fn close(document: &Document, at: usize, html: &mut String) {
    let name = document.nodes[at].name();
    if !name.is_empty() && !VOID.contains(&name) {
        html.push_str("</");
        html.push_str(name);
        html.push('>');
    }
}

fn escape(text: &str, is_attribute: bool, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\u{a0}' => html.push_str("&nbsp;"),
            '"' if is_attribute => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}
