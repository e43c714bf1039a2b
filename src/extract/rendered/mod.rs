//! Pages as a browser shows them: elements with the boxes they were given, frames with what they hold.
//!
//! The browser's part ends with a [`RenderedPage`]; everything here is pure, so a stored page can be read again.

mod destination;
mod markup;
mod signs;
mod slots;
mod tree;
mod words;

use crate::domain::rendering::Area;

pub use markup::to_html;
pub use slots::{Slot, ad_slots};

/// A page with its frames. The first document is the page; frames are named by their place in the list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RenderedPage {
    /// The documents.
    pub documents: Vec<Document>,
}

/// One document: nodes in document order, parents before children, shadow trees in their place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// How far it is scrolled, in CSS pixels.
    pub scroll: (i32, i32),
    /// Width and height of its content.
    pub size: (i32, i32),
    /// Its nodes.
    pub nodes: Vec<Node>,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The place of its parent in the list.
    pub parent: Option<usize>,
    /// What it is.
    pub kind: NodeKind,
    /// The box it was given, in CSS pixels of its document; `None` when it is not shown.
    pub area: Option<Area>,
    /// Shown in the page's flow and not hidden by style.
    pub is_visible: bool,
    /// Stays in the window when the page is scrolled.
    pub is_fixed: bool,
    /// Something happens when it is clicked.
    pub is_clickable: bool,
    /// The document that it shows, for frames.
    pub frame: Option<usize>,
    /// The image that the browser chose for it.
    pub source: Option<String>,
    /// `url(…)` of its background.
    pub background: Option<String>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// An element: its name in lower case and its attributes.
    Element(String, Vec<(String, String)>),
    /// Text.
    Text(String),
    /// The document type.
    Doctype(String),
    /// What is neither: the document, comments.
    Other,
}

impl Node {
    /// The name of the element; empty for others.
    pub fn name(&self) -> &str {
        match &self.kind {
            NodeKind::Element(name, _) => name,
            _ => "",
        }
    }

    /// The value of an attribute.
    pub fn attr(&self, name: &str) -> Option<&str> {
        let NodeKind::Element(_, attributes) = &self.kind else { return None };
        attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
