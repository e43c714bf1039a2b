//! Every connector there is: those that are built in, and the adapters that were loaded.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::adapter::{self, Adapter, Fixture};
use super::{CONNECTORS, Connector, connector};
use crate::domain::source::{AdapterId, SourceKind};
use crate::kit::diagnostic::{Diagnostic, TextFile};

static ADAPTERS: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/patterns/adapters");
static FIXTURES: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures/source");

static BUILT_IN: LazyLock<(Catalog, Vec<Diagnostic>)> = LazyLock::new(|| Catalog::load(&built_in_files()));

/// Connectors by kind.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    adapters: BTreeMap<AdapterId, Adapter>,
}

impl Catalog {
    /// Reads adapter files; a file with mistakes gives diagnostics and no adapter. Of two with the same `id` the later
    /// one counts, so files of an office replace those that are built in.
    pub fn load(files: &[TextFile]) -> (Self, Vec<Diagnostic>) {
        let mut catalog = Self::default();
        let mut diagnostics = Vec::new();
        for file in files {
            let (adapter, mistakes) = adapter::load(file);
            diagnostics.extend(mistakes);
            catalog.adapters.extend(adapter.map(|adapter| (adapter.id.clone(), adapter)));
        }
        (catalog, diagnostics)
    }

    /// The adapters that are built into the program.
    pub fn built_in() -> &'static Self {
        &BUILT_IN.0
    }

    /// The same with those of `files` in place of or beside them.
    pub fn with_files(files: &[TextFile]) -> (Self, Vec<Diagnostic>) {
        let (own, diagnostics) = Self::load(files);
        let mut adapters = Self::built_in().adapters.clone();
        adapters.extend(own.adapters);
        (Self { adapters }, diagnostics)
    }

    /// The connector of a kind; `None` for an adapter that was not loaded.
    pub fn connector(&self, kind: &SourceKind) -> Option<&dyn Connector> {
        match kind {
            SourceKind::Adapter(id) => self.adapters.get(id).map(|adapter| adapter as &dyn Connector),
            built_in => connector(built_in).map(|connector| connector as &dyn Connector),
        }
    }

    /// The adapter of this name.
    pub fn adapter(&self, id: &str) -> Option<&Adapter> {
        self.adapters.values().find(|adapter| adapter.id.as_str() == id)
    }

    /// Every adapter, by name.
    pub fn adapters(&self) -> impl Iterator<Item = &Adapter> {
        self.adapters.values()
    }

    /// Every connector: those that are built in, then adapters by name.
    pub fn connectors(&self) -> impl Iterator<Item = &dyn Connector> {
        let adapters = self.adapters.values().map(|adapter| adapter as &dyn Connector);
        CONNECTORS.iter().map(|connector| *connector as &dyn Connector).chain(adapters)
    }
}

/// The adapter files that are built in, by name.
pub fn built_in_files() -> Vec<TextFile> {
    let toml = ADAPTERS.files().filter(|file| file.path().extension().is_some_and(|end| end == "toml"));
    let mut files: Vec<TextFile> = toml
        .filter_map(|file| {
            let (path, text) = (file.path().to_str()?, file.contents_utf8()?);
            Some(TextFile { path: path.to_owned(), text: text.to_owned() })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The fixture of a built-in adapter.
pub fn built_in_fixture(id: &str) -> Option<Fixture> {
    let folder = FIXTURES.get_dir(id)?;
    let files = folder
        .files()
        .filter_map(|file| Some((file.path().file_name()?.to_str()?.to_owned(), file.contents().to_vec())));
    Some(Fixture { files: files.collect() })
}
