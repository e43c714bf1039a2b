//! The browser's `DOMSnapshot` as documents of our own.

use serde_json::Value;

use crate::domain::rendering::Area;
use crate::extract::rendered::{Document, Node, NodeKind, RenderedPage};

/// Styles that are asked for, in this order.
pub(super) const STYLES: [&str; 4] = ["position", "visibility", "opacity", "background-image"];

/// Most nodes of one document, and most documents, that are read.
const MAX_NODES: usize = 60_000;
const MAX_DOCUMENTS: usize = 100;

/// Longest single text or attribute that is kept, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Reads the answer of `DOMSnapshot.captureSnapshot`. What does not fit is left out.
pub(super) fn read(snapshot: &Value) -> RenderedPage {
    let strings = Strings(snapshot["strings"].as_array().map_or(&[], Vec::as_slice));
    let documents = snapshot["documents"].as_array().map_or(&[][..], Vec::as_slice);
    let documents = documents.iter().take(MAX_DOCUMENTS).map(|document| read_document(document, &strings));
    RenderedPage { documents: documents.collect() }
}

struct Strings<'a>(&'a [Value]);

impl Strings<'_> {
    fn get(&self, index: &Value) -> Option<&str> {
        let index = usize::try_from(index.as_i64()?).ok()?;
        let text = self.0.get(index)?.as_str()?;
        let end = (0..=MAX_TEXT_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end))?;
        Some(&text[..end])
    }
}

fn read_document(document: &Value, strings: &Strings<'_>) -> Document {
    let nodes = &document["nodes"];
    let column = |name: &str| nodes[name].as_array().map_or(&[][..], Vec::as_slice);
    let (parents, kinds, names, values, attributes) = (
        column("parentIndex"),
        column("nodeType"),
        column("nodeName"),
        column("nodeValue"),
        column("attributes"),
    );
    let mut read: Vec<Node> = (0..kinds.len().min(MAX_NODES))
        .map(|at| Node {
            parent: parents.get(at).and_then(Value::as_i64).and_then(|parent| usize::try_from(parent).ok()),
            kind: kind_of(kinds[at].as_u64(), names.get(at), values.get(at), attributes.get(at), strings),
            area: None,
            is_visible: false,
            is_fixed: false,
            is_clickable: false,
            frame: None,
            source: None,
            background: None,
        })
        .collect();
    for (at, frame) in rare(&nodes["contentDocumentIndex"]) {
        if let Some(node) = read.get_mut(at) {
            node.frame = frame.and_then(Value::as_u64).and_then(|frame| usize::try_from(frame).ok());
        }
    }
    for (at, source) in rare(&nodes["currentSourceURL"]) {
        if let Some(node) = read.get_mut(at) {
            node.source =
                source.and_then(|source| strings.get(source)).filter(|s| !s.is_empty()).map(str::to_owned);
        }
    }
    for (at, _) in rare(&nodes["isClickable"]) {
        if let Some(node) = read.get_mut(at) {
            node.is_clickable = true;
        }
    }
    lay_out(&mut read, &document["layout"], strings);
    let number = |name: &str| document[name].as_f64().map_or(0, pixels);
    Document {
        url: strings.get(&document["documentURL"]).unwrap_or_default().to_owned(),
        title: strings.get(&document["title"]).unwrap_or_default().to_owned(),
        scroll: (number("scrollOffsetX"), number("scrollOffsetY")),
        size: (number("contentWidth"), number("contentHeight")),
        nodes: read,
    }
}

fn kind_of(
    kind: Option<u64>,
    name: Option<&Value>,
    value: Option<&Value>,
    attributes: Option<&Value>,
    strings: &Strings<'_>,
) -> NodeKind {
    let text = |index: Option<&Value>| index.and_then(|index| strings.get(index)).unwrap_or_default();
    match kind {
        Some(1) => {
            let pairs = attributes.and_then(Value::as_array).map_or(&[][..], Vec::as_slice).chunks_exact(2);
            let attributes = pairs.map(|pair| (text(pair.first()).to_owned(), text(pair.get(1)).to_owned()));
            let name = text(name).to_ascii_lowercase();
            // Made-up elements of the browser (`::before`) have names that no markup can have.
            if name.starts_with(':') {
                NodeKind::Other
            } else {
                NodeKind::Element(name, attributes.collect())
            }
        }
        Some(3) => NodeKind::Text(text(value).to_owned()),
        Some(10) => NodeKind::Doctype(text(name).to_owned()),
        _ => NodeKind::Other,
    }
}

fn lay_out(nodes: &mut [Node], layout: &Value, strings: &Strings<'_>) {
    let column = |name: &str| layout[name].as_array().map_or(&[][..], Vec::as_slice);
    let (bounds, styles) = (column("bounds"), column("styles"));
    for (nth, index) in column("nodeIndex").iter().enumerate() {
        let node = index.as_u64().and_then(|at| usize::try_from(at).ok()).and_then(|at| nodes.get_mut(at));
        let Some(node) = node else { continue };
        let Some(area) = bounds.get(nth).and_then(area_of) else { continue };
        // Text has a box for each of its lines.
        node.area = Some(node.area.map_or(area, |known| known.union(area)));
        let style =
            |which: usize| styles.get(nth).and_then(|own| strings.get(own.get(which)?)).unwrap_or_default();
        let is_transparent = style(2).parse::<f64>().is_ok_and(|opacity| opacity < 0.02);
        node.is_fixed = style(0) == "fixed";
        node.is_visible = !matches!(style(1), "hidden" | "collapse") && !is_transparent;
        node.background = crate::extract::html::background_image(style(3)).filter(|image| !image.is_empty());
    }
}

fn area_of(bounds: &Value) -> Option<Area> {
    let number = |at: usize| bounds.get(at)?.as_f64();
    let (left, top) = (number(0)?, number(1)?);
    let (right, bottom) = (left + number(2)?, top + number(3)?);
    let (x, y) = (pixels(left), pixels(top));
    Some(Area { x, y, width: pixels(right) - x, height: pixels(bottom) - y })
}

#[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates, which is what is wanted")]
fn pixels(number: f64) -> i32 {
    number.round().clamp(-1e6, 1e6) as i32
}

/// Columns that few nodes have: `{index: […], value: […]}`, or `{index: […]}` alone.
fn rare(column: &Value) -> impl Iterator<Item = (usize, Option<&Value>)> {
    let index = column["index"].as_array().map_or(&[][..], Vec::as_slice);
    let value = column["value"].as_array().map_or(&[][..], Vec::as_slice);
    index
        .iter()
        .enumerate()
        .filter_map(move |(nth, at)| Some((usize::try_from(at.as_u64()?).ok()?, value.get(nth))))
}
