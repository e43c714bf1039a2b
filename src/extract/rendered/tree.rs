//! Walking a rendered page: children, extents, frames.

use url::Url;

use super::{Document, Node, NodeKind, RenderedPage};
use crate::domain::rendering::Area;

/// A place in a page: which document, which node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) document: usize,
    pub(super) node: usize,
}

/// A page with what walking it needs.
pub(super) struct Tree<'a> {
    page: &'a RenderedPage,
    children: Vec<Vec<Vec<usize>>>,
    /// The frame element that shows a document.
    owners: Vec<Option<Place>>,
    /// How far a document lies from the page's corner.
    offsets: Vec<(i32, i32)>,
    bases: Vec<Option<Url>>,
    /// Boxes with what is shown in them, in their documents.
    extents: Vec<Vec<Area>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(page: &'a RenderedPage) -> Self {
        let children = page.documents.iter().map(children_of).collect();
        let mut owners = vec![None; page.documents.len()];
        let mut offsets = vec![(0, 0); page.documents.len()];
        for (at, document) in page.documents.iter().enumerate() {
            for (node, frame) in
                document.nodes.iter().enumerate().filter_map(|(n, node)| Some((n, node.frame?)))
            {
                // Documents come after the one that holds their frame; anything else would be a loop.
                if frame <= at || frame >= owners.len() {
                    continue;
                }
                owners[frame] = Some(Place { document: at, node });
                let corner = document.nodes[node].area.unwrap_or_default();
                let scroll = page.documents[frame].scroll;
                let above: (i32, i32) = offsets[at];
                offsets[frame] = (above.0 + corner.x - scroll.0, above.1 + corner.y - scroll.1);
            }
        }
        let bases = page
            .documents
            .iter()
            .enumerate()
            .map(|(at, document)| base_of(page, &owners, at, document))
            .collect();
        let extents = page.documents.iter().map(extents_of).collect();
        Self { page, children, owners, offsets, bases, extents }
    }

    pub(super) fn page_url(&self) -> Option<&Url> {
        self.bases.first()?.as_ref()
    }

    pub(super) fn page_area(&self) -> Area {
        let size = self.page.documents.first().map_or((0, 0), |document| document.size);
        Area { x: 0, y: 0, width: size.0, height: size.1 }
    }

    pub(super) fn base(&self, place: Place) -> Option<&Url> {
        self.bases[place.document].as_ref()
    }

    pub(super) fn node(&self, place: Place) -> &'a Node {
        &self.page.documents[place.document].nodes[place.node]
    }

    /// The first node of the page.
    pub(super) fn root(&self) -> Option<Place> {
        let has_nodes = self.page.documents.first().is_some_and(|document| !document.nodes.is_empty());
        has_nodes.then_some(Place { document: 0, node: 0 })
    }

    /// The parent; for the top of a frame's document the frame element.
    pub(super) fn parent(&self, place: Place) -> Option<Place> {
        match self.node(place).parent {
            Some(node) => Some(Place { node, ..place }),
            None => self.owners[place.document],
        }
    }

    /// The children; for a frame element the top of what it shows.
    pub(super) fn children(&self, place: Place) -> Vec<Place> {
        let own = self.children[place.document][place.node].iter().map(|node| Place { node: *node, ..place });
        let frame = self.node(place).frame.filter(|frame| *frame > place.document);
        let shown =
            frame.filter(|frame| self.page.documents.get(*frame).is_some_and(|d| !d.nodes.is_empty()));
        own.chain(shown.map(|document| Place { document, node: 0 })).collect()
    }

    /// `place` and everything below it, in the order of the documents.
    pub(super) fn below(&self, place: Place) -> Vec<Place> {
        let mut found = Vec::new();
        let mut open = vec![place];
        while let Some(next) = open.pop() {
            found.push(next);
            let mut children = self.children(next);
            children.reverse();
            open.extend(children);
        }
        found
    }

    pub(super) fn ancestors(&self, place: Place) -> impl Iterator<Item = Place> + '_ {
        std::iter::successors(self.parent(place), |above| self.parent(*above))
    }

    /// Shown, with a size.
    pub(super) fn is_shown(&self, place: Place) -> bool {
        let node = self.node(place);
        node.is_visible && node.area.is_some_and(|area| area.size() > 0)
    }

    /// The node's own box, in the page.
    pub(super) fn area(&self, place: Place) -> Area {
        let offset = self.offsets[place.document];
        self.node(place).area.unwrap_or_default().moved(offset.0, offset.1)
    }

    /// The box of the node and of what is shown in it: a link around a picture has none of its own.
    pub(super) fn extent(&self, place: Place) -> Area {
        let offset = self.offsets[place.document];
        self.extents[place.document][place.node].moved(offset.0, offset.1)
    }

    pub(super) fn is_fixed(&self, place: Place) -> bool {
        std::iter::once(place).chain(self.ancestors(place)).any(|at| self.node(at).is_fixed)
    }

    pub(super) fn is_within(&self, inner: Place, outer: Place) -> bool {
        inner == outer || self.ancestors(inner).any(|above| above == outer)
    }

    /// A CSS path in the document, after the paths of the frames around it.
    pub(super) fn locator(&self, place: Place) -> String {
        let mut parts = Vec::new();
        let mut at = Some(place);
        while let Some(here) = at {
            parts.push(self.path_in_document(here));
            at = self.owners[here.document];
        }
        parts.reverse();
        parts.join(" > frame > ")
    }

    fn path_in_document(&self, place: Place) -> String {
        let mut steps = Vec::new();
        let mut at = Some(place);
        while let Some(here) = at.filter(|_| steps.len() < 40) {
            let node = self.node(here);
            if let NodeKind::Element(name, _) = &node.kind {
                if let Some(id) = node.attr("id").filter(|id| crate::kit::id::is_valid(id)) {
                    steps.push(format!("{name}#{id}"));
                    break;
                }
                steps.push(self.nth_step(here, name));
            }
            at = node.parent.map(|node| Place { node, ..here });
        }
        steps.reverse();
        steps.join(" > ")
    }

    fn nth_step(&self, place: Place, name: &str) -> String {
        let Some(parent) = self.node(place).parent else { return name.to_owned() };
        let siblings = &self.children[place.document][parent];
        let same: Vec<usize> = siblings
            .iter()
            .copied()
            .filter(|node| self.node(Place { node: *node, ..place }).name() == name)
            .collect();
        match same.iter().position(|node| *node == place.node) {
            Some(nth) if same.len() > 1 => format!("{name}:nth-of-type({})", nth + 1),
            _ => name.to_owned(),
        }
    }
}

fn children_of(document: &Document) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); document.nodes.len()];
    for (at, node) in document.nodes.iter().enumerate() {
        // Parents stand before their children; a list that says otherwise would be a loop.
        if let Some(parent) = node.parent.filter(|parent| *parent < at) {
            children[parent].push(at);
        }
    }
    children
}

/// From the last node to the first: children stand behind their parents, however deep they lie.
fn extents_of(document: &Document) -> Vec<Area> {
    const INLINE: &[&str] = &["a", "span", "em", "b", "strong", "font", "i", "label", "p", "h3", "h4"];
    let mut extents: Vec<Area> = vec![Area::default(); document.nodes.len()];
    for (at, node) in document.nodes.iter().enumerate().rev() {
        let own = node.area.filter(|_| node.is_visible).unwrap_or_default();
        let is_box = own.size() > 0 && !INLINE.contains(&node.name());
        if is_box {
            extents[at] = own;
        } else {
            extents[at] = extents[at].union(own);
        }
        if let Some(parent) = node.parent.filter(|parent| *parent < at) {
            extents[parent] = extents[parent].union(extents[at]);
        }
    }
    extents
}

/// `<base href>` or the document's address; a frame without one of its own has that of the page around it.
fn base_of(page: &RenderedPage, owners: &[Option<Place>], at: usize, document: &Document) -> Option<Url> {
    let mut address = Url::parse(&document.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut above = owners[at];
    while let (None, Some(owner)) = (&address, above) {
        address = Url::parse(&page.documents[owner.document].url).ok().filter(|url| url.has_host());
        above = owners[owner.document];
    }
    let base = document.nodes.iter().find(|node| node.name() == "base").and_then(|node| node.attr("href"));
    base.and_then(|href| address.as_ref()?.join(href).ok()).or(address)
}
