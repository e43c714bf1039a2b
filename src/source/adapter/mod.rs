//! Sources described in files: one TOML file per family, executed by one pure interpreter.
//!
//! `docs/sources.md` shows how to write one. Loading never fails: a file with mistakes gives no adapter and says at
//! which line why.
//!
//! | code | meaning |
//! |---|---|
//! | A001 | the file is not TOML |
//! | A002 | unknown key, missing key or wrong type |
//! | A003 | `id` is not that of the file, or taken by a kind that is built in |
//! | A004 | word that is none of the known ones (`kind`, `gives`, `shape`, `by`, `charset`, `detail.kind`) |
//! | A005 | path that cannot be read |
//! | A006 | transform that does not exist or lacks its argument |
//! | A007 | unwrapping that does not exist or lacks its argument |
//! | A008 | placeholder that nothing fills |
//! | A009 | host outside the allow-list, or a credential for any host |
//! | A010 | pattern that does not compile |
//! | A011 | number out of range |
//! | A012 | parameter of the wrong form, or that nothing uses |
//! | A013 | condition that tests nothing, or two things |
//! | A014 | pagination without what it needs |
//! | A015 | key that has no meaning for this kind |
//! | A016 | required field that is not read |
//! | A017 | items without words |
//! | A018 | credential of the wrong form |
//! | A020 | fixture missing, or read otherwise than expected |

mod check;
mod check_values;
mod document;
mod fields;
mod path;
mod replay;
mod run;
mod syntax;
mod take;
mod template;
mod transform;
mod unwrap;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use check::load;
pub use replay::{Fixture, ReplayProblem, replay};
pub use transform::{TRANSFORMS, TransformKind};
pub use unwrap::{UNWRAPS, UnwrapKind};

use super::settings::Setting;
use crate::domain::ad::AdKind;
use crate::domain::source::AdapterId;
use document::DocumentKind;
use path::JsonPath;
use regex::Regex;
use take::{Path, Take};
use template::Template;
use unwrap::Unwrap;

/// From what the shape of the answers is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// From documentation of the source itself.
    Documented,
    /// From pages that were recorded.
    Recorded,
    /// From public code only: not yet seen.
    Code,
}

impl Shape {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::Documented, Self::Recorded, Self::Code];

    /// Stable name in adapter files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Recorded => "recorded",
            Self::Code => "code",
        }
    }

    /// The same in a sentence, for people.
    pub fn about(self) -> &'static str {
        match self {
            Self::Documented => "Shape from documentation",
            Self::Recorded => "Shape from recorded pages",
            Self::Code => "Shape from code, not recording",
        }
    }
}

/// A kind of source that a file describes.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// Its name, which is that of its file.
    pub id: AdapterId,
    /// Raised with each change of what it reads.
    pub version: u32,
    /// What people call it, Chinese.
    pub title: String,
    /// One sentence for help and documentation.
    pub about: String,
    /// The platform it reads, one word.
    pub platform: String,
    /// From what the shape of the answers is known.
    pub shape: Shape,
    /// The credential without which nothing is asked.
    pub credential: Option<Credential>,
    /// What a source must or may give.
    pub parameters: Vec<Parameter>,
    kind: DocumentKind,
    gives: AdKind,
    hosts: Vec<Host>,
    request: Request,
    bootstrap: Option<Bootstrap>,
    outcomes: Vec<(Told, Vec<Condition>)>,
    paginate: Option<Paginate>,
    min_interval_ms: u64,
    list: List,
    item: Item,
    detail: Option<Detail>,
    health: Health,
    example_url: String,
}

/// A credential by name; its value is never in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its name.
    pub name: String,
    /// The request header that carries it.
    pub header: String,
    /// What stands before it there.
    pub prefix: String,
    /// How to get one.
    pub help: String,
}

/// Something that a source gives to its adapter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is.
    pub help: String,
    /// A value of the right form.
    pub example: String,
    /// Its value when none is given; without one it must be given.
    pub default: Option<String>,
    /// Its unit or form.
    pub unit: String,
    matches: Option<Regex>,
}

impl Parameter {
    fn setting(&self) -> Setting<'_> {
        Setting {
            name: &self.name,
            default: self.default.as_deref().unwrap_or_default(),
            unit: if self.unit.is_empty() { "text" } else { &self.unit },
            example: &self.example,
            help: &self.help,
        }
    }
}

/// Hosts that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    /// This one.
    Exact(String),
    /// This one and all below it.
    Below(String),
    /// The one that a parameter names.
    Parameter(String),
}

#[derive(Debug, Clone)]
struct Request {
    url: Template,
    url_text: String,
    body: Option<Template>,
    headers: Vec<(String, Template)>,
    /// A charset that goes before what the server says.
    charset: Option<&'static str>,
    unwrap: Vec<Unwrap>,
}

#[derive(Debug, Clone)]
struct Bootstrap {
    url: Template,
    body: Option<Template>,
    headers: Vec<(String, Template)>,
    unwrap: Vec<Unwrap>,
    take: BTreeMap<String, Take>,
}

/// What an answer may say about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Gone,
    Blocked,
    LoginWall,
    RateLimited,
    Empty,
}

#[derive(Debug, Clone)]
enum Condition {
    Status(u16),
    Body(String),
    /// The first path that gives something.
    Path(Vec<Path>, Expect),
}

#[derive(Debug, Clone)]
enum Expect {
    OneOf(Vec<String>),
    Exists(bool),
    Matches(Regex),
}

#[derive(Debug, Clone)]
struct Paginate {
    by: By,
    /// The query parameter that is set; without one a placeholder is filled.
    param: Option<String>,
    start: u64,
    step: u64,
    next: Option<Take>,
    pages: usize,
    max: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Page,
    Offset,
    Cursor,
    Next,
}

#[derive(Debug, Clone, Default)]
struct List {
    items: Vec<Path>,
    container: Option<Path>,
    conditions: Vec<Condition>,
    more: Option<Take>,
    ads: bool,
}

#[derive(Debug, Clone, Default)]
struct Item {
    id: Option<Take>,
    url: Option<Take>,
    title: Option<Take>,
    text: Vec<Take>,
    published: Option<Take>,
    publisher: Option<Take>,
    advertiser: Option<Take>,
    label: Option<Take>,
    landing: Option<Take>,
    images: Vec<Take>,
    links: Vec<Take>,
    ids: BTreeMap<String, Take>,
}

#[derive(Debug, Clone)]
struct Detail {
    url: Option<Take>,
    /// A body with values of the list's item: the page is asked for with POST.
    body: Option<Take>,
    charset: Option<&'static str>,
    unwrap: Vec<Unwrap>,
    reads: DetailReads,
}

#[derive(Debug, Clone)]
enum DetailReads {
    /// As an article of a news site, with the ad slots around it.
    Article,
    /// As fields.
    Fields(DocumentKind, Box<Item>),
}

#[derive(Debug, Clone)]
struct Health {
    required: Vec<String>,
    max_missing: f64,
    min_items: usize,
}

impl Path {
    fn has_container(&self, document: &document::Document) -> bool {
        match (self, document) {
            (Self::Json(path), document::Document::Json(root)) => JsonPath::has_container(path, root),
            _ => false,
        }
    }
}
