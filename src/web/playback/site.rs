//! One site of the small internet: its manifest, and which stored answer belongs to an address. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, File};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::kit::digest::sha256_hex;

/// Name of the manifest of a site; never served.
const MANIFEST: &str = "site.toml";

/// A site: one folder of `fixtures/demo/` with a manifest.
pub(super) struct Site {
    pub(super) name: &'static str,
    pub(super) manifest: Manifest,
    folder: &'static Dir<'static>,
}

/// `site.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Manifest {
    /// Bytes on the wire; the stored pages are UTF-8.
    pub(super) charset: Charset,
    /// What `Content-Type` says of them, which on old portals is not quite the same.
    pub(super) declared_charset: String,
    /// Media type of stored `.json` files.
    #[serde(default = "json")]
    pub(super) json_type: String,
    /// When the pages last changed.
    pub(super) last_modified: toml::value::Datetime,
    /// Where a crawl of this site starts; none for a site that is only linked to.
    #[serde(default)]
    pub(super) entry: Vec<Entry>,
    /// Answers that depend on the query.
    #[serde(default)]
    pub(super) route: Vec<Route>,
    /// Addresses that lead elsewhere.
    #[serde(default)]
    redirect: Vec<Redirect>,
}

/// A place where a crawl starts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) settings: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Charset {
    #[serde(rename = "utf-8")]
    Utf8,
    Gb18030,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    pub(super) path: String,
    /// Parameters that must all be there, decoded.
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    /// Parameters that must not be there.
    #[serde(default)]
    without: Vec<String>,
    file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Redirect {
    path: String,
    #[serde(default)]
    query: BTreeMap<String, String>,
    to: String,
    status: u16,
}

/// What belongs to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// This stored file.
    File(&'a str),
    /// Another address, which may hold a placeholder such as `{{landing}}`.
    Redirect { to: &'a str, status: u16 },
    /// Nothing.
    Missing,
}

/// A stored file, ready to be sent.
pub(super) struct Rendered {
    pub(super) content_type: String,
    pub(super) etag: String,
    pub(super) body: Vec<u8>,
}

impl Site {
    /// The site in this folder; the error names the manifest and what is wrong with it.
    pub(super) fn load(folder: &'static Dir<'static>) -> Result<Self, String> {
        let name = folder
            .path()
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| format!("{}: a site needs a name", folder.path().display()))?;
        let text = stored(folder, MANIFEST)
            .and_then(File::contents_utf8)
            .ok_or_else(|| format!("{name}/{MANIFEST} is missing; every site has one"))?;
        let manifest = toml::from_str(text).map_err(|error| format!("{name}/{MANIFEST}: {error}"))?;
        Ok(Self { name, manifest, folder })
    }

    /// What belongs to `path` and `query` (as in a request line, without `?`).
    ///
    /// Routes are asked before files, those with more parameters first.
    pub(super) fn route(&self, path: &str, query: Option<&str>) -> Answer<'_> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        let holds = |wanted: &BTreeMap<String, String>| {
            wanted.iter().all(|(name, value)| pairs.iter().any(|(n, v)| n == name && v == value))
        };
        let redirect = self.manifest.redirect.iter().find(|entry| entry.path == path && holds(&entry.query));
        if let Some(redirect) = redirect {
            return Answer::Redirect { to: &redirect.to, status: redirect.status };
        }
        let route = self
            .manifest
            .route
            .iter()
            .filter(|route| route.path == path && holds(&route.query))
            .filter(|route| !pairs.iter().any(|(name, _)| route.without.contains(name)))
            .max_by_key(|route| route.query.len());
        if let Some(route) = route {
            return Answer::File(&route.file);
        }
        self.file_at(path).map_or(Answer::Missing, Answer::File)
    }

    /// The stored file, transcoded, with `{{site}}` and `{{site:encoded}}` replaced by origins.
    pub(super) fn render(&self, file: &str, origins: &BTreeMap<&'static str, String>) -> Option<Rendered> {
        let stored = stored(self.folder, file)?;
        let (media_type, is_text) = self.media_type(file);
        let body = match stored.contents_utf8() {
            Some(text) if is_text => self.encode(&fill(text, origins)),
            _ => stored.contents().to_vec(),
        };
        let content_type = if is_text {
            format!("{media_type}; charset={}", self.manifest.declared_charset)
        } else {
            media_type.to_owned()
        };
        let etag = format!("\"{}\"", &sha256_hex(&body)[..16]);
        Some(Rendered { content_type, etag, body })
    }

    /// When the pages last changed.
    pub(super) fn last_modified(&self) -> Result<jiff::Timestamp, String> {
        let written = self.manifest.last_modified.to_string();
        written.parse().map_err(|error| {
            format!("{}/{MANIFEST}: last-modified {written} has no zone: {error}", self.name)
        })
    }

    fn file_at(&self, path: &str) -> Option<&'static str> {
        let mut wanted = path.strip_prefix('/')?.to_owned();
        if wanted.is_empty() || wanted.ends_with('/') {
            wanted.push_str("index.html");
        }
        let file = stored(self.folder, &wanted)?;
        let inside = file.path().strip_prefix(self.folder.path()).ok()?.to_str()?;
        (inside != MANIFEST).then_some(inside)
    }

    fn media_type(&self, file: &str) -> (&str, bool) {
        match Path::new(file).extension().and_then(|extension| extension.to_str()) {
            Some("html") => ("text/html", true),
            Some("xml") => ("text/xml", true),
            Some("json") => (&self.manifest.json_type, true),
            Some("txt") => ("text/plain", true),
            Some("css") => ("text/css", true),
            Some("png") => ("image/png", false),
            _ => ("application/octet-stream", false),
        }
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        match self.manifest.charset {
            Charset::Utf8 => text.as_bytes().to_vec(),
            Charset::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
        }
    }
}

/// Puts origins in the place of `{{site}}`, and percent-encoded ones in the place of `{{site:encoded}}`.
pub(super) fn fill(text: &str, origins: &BTreeMap<&'static str, String>) -> String {
    origins.iter().fold(text.to_owned(), |text, (site, origin)| {
        let encoded: String = form_urlencoded::byte_serialize(origin.as_bytes()).collect();
        text.replace(&format!("{{{{{site}}}}}"), origin).replace(&format!("{{{{{site}:encoded}}}}"), &encoded)
    })
}

/// `path` of an entry on `origin`.
pub(super) fn address(origin: &str, path: &str) -> Result<String, String> {
    Url::parse(origin)
        .and_then(|base| base.join(path))
        .map(String::from)
        .map_err(|error| format!("entry {path:?}: {error}"))
}

fn stored(folder: &'static Dir<'static>, file: &str) -> Option<&'static File<'static>> {
    folder.get_file(folder.path().join(file))
}

fn json() -> String {
    "application/json".to_owned()
}
