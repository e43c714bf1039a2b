//! A sealed package as something to look at: its pages, and what answers an address within it. Nothing outside the file
//! is ever asked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::package::{INDEX, PAGES, WARC};
use super::rendered;
use super::surt::surt;
use super::zip::{Archive, Member};
use crate::kit::clock::UnixMs;

/// Largest body that is replayed; larger ones are in the package all the same.
const MAX_BODY_BYTES: u64 = 64 << 20;
/// Longest head of a record or of an HTTP message in it.
const MAX_HEAD_BYTES: u64 = 256 << 10;
/// Redirects that are followed within a package.
const MAX_REDIRECTS: usize = 5;

/// An open package.
#[derive(Debug)]
pub struct Replay {
    path: PathBuf,
    members: BTreeMap<String, Member>,
    index: Vec<Line>,
    by_url: BTreeMap<String, usize>,
    by_key: BTreeMap<String, usize>,
    pages: Vec<ReplayPage>,
}

/// A capture of the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayPage {
    /// Its final address.
    pub url: String,
    /// When it was fetched.
    pub at: UnixMs,
    /// What people call its source.
    pub title: String,
    /// Whether a browser looked at it: then its elements are there.
    pub is_rendered: bool,
    /// Its picture, a path for [`Replay::picture`].
    pub screenshot: Option<String>,
}

/// What answers an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The address that answered, after redirects within the package.
    pub url: String,
    /// `Content-Type` as received; empty when there was none.
    pub content_type: String,
    /// `Content-Encoding` that still is on the bytes.
    pub content_encoding: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Debug)]
struct Line {
    url: String,
    offset: u64,
    size_bytes: u64,
}

#[derive(Deserialize)]
struct IndexFields {
    url: String,
    offset: String,
    length: String,
}

#[derive(Deserialize)]
struct PageFields {
    url: String,
    ts: String,
    title: String,
}

impl Replay {
    /// Opens a `.wacz` file. Whether it is as sealed is for the caller to check first.
    ///
    /// # Errors
    /// What the disk says; `InvalidData` when it is no package.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let archive = Archive::read(&mut file)?.ok_or_else(|| invalid("it is no package"))?;
        let members = archive.members.into_iter().map(|member| (member.path.clone(), member)).collect();
        let mut replay = Self {
            path: path.to_owned(),
            members,
            index: Vec::new(),
            by_url: BTreeMap::new(),
            by_key: BTreeMap::new(),
            pages: Vec::new(),
        };
        replay.read_index()?;
        replay.read_pages()?;
        Ok(replay)
    }

    /// Its captures, in the order of the package.
    pub fn pages(&self) -> &[ReplayPage] {
        &self.pages
    }

    /// Whether something in the package answers this address.
    pub fn has(&self, url: &str) -> bool {
        self.find(url).is_some()
    }

    /// What answers `url`; `None` when nothing in the package does, or only a redirect that leads out of it.
    ///
    /// # Errors
    /// What the disk says; `InvalidData` when a record cannot be read.
    pub fn answer(&self, url: &str) -> io::Result<Option<Replayed>> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let Some(line) = self.find(&url) else { return Ok(None) };
            match self.record(line)? {
                Record::Content(replayed) => return Ok(Some(replayed)),
                Record::Redirect(location) => {
                    let base = url::Url::parse(&line.url).ok();
                    match base.and_then(|base| base.join(&location).ok()) {
                        Some(next) => url = next.into(),
                        None => return Ok(None),
                    }
                }
            }
        }
        Ok(None)
    }

    /// The capture itself, as received; `index` is its place among [`Self::pages`].
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub fn page(&self, index: usize) -> io::Result<Option<Replayed>> {
        match self.pages.get(index) {
            Some(page) => self.answer(&page.url),
            None => Ok(None),
        }
    }

    /// The elements of a rendered page, HTML.
    ///
    /// # Errors
    /// What the disk says.
    pub fn elements(&self, index: usize) -> io::Result<Option<Vec<u8>>> {
        self.member(&rendered::dom_path(index))
    }

    /// A picture that the browser made, by the last part of its path.
    ///
    /// # Errors
    /// What the disk says.
    pub fn picture(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match name.ends_with(".png") {
            true => self.member(&format!("{}/{name}", rendered::FOLDER)),
            false => Ok(None),
        }
    }

    fn find(&self, url: &str) -> Option<&Line> {
        let bare = url.split('#').next().unwrap_or_default();
        let at = self.by_url.get(bare).or_else(|| self.by_key.get(&surt(bare)))?;
        self.index.get(*at)
    }

    fn read_index(&mut self) -> io::Result<()> {
        let text = self.member(INDEX)?.ok_or_else(|| invalid("it has no index"))?;
        for line in String::from_utf8_lossy(&text).lines() {
            let fields = line.splitn(3, ' ').nth(2).map(serde_json::from_str::<IndexFields>);
            let Some(Ok(fields)) = fields else { return Err(invalid("its index cannot be read")) };
            let (Ok(offset), Ok(size_bytes)) = (fields.offset.parse(), fields.length.parse()) else {
                return Err(invalid("its index cannot be read"));
            };
            let at = self.index.len();
            self.by_url.entry(fields.url.clone()).or_insert(at);
            self.by_key.entry(surt(&fields.url)).or_insert(at);
            self.index.push(Line { url: fields.url, offset, size_bytes });
        }
        Ok(())
    }

    fn read_pages(&mut self) -> io::Result<()> {
        let text = self.member(PAGES)?.ok_or_else(|| invalid("it has no list of pages"))?;
        for (index, line) in String::from_utf8_lossy(&text).lines().skip(1).enumerate() {
            let fields: PageFields =
                serde_json::from_str(line).map_err(|_| invalid("its pages cannot be read"))?;
            let screenshot = rendered::screenshot_path(index);
            self.pages.push(ReplayPage {
                at: super::documents::instant(&fields.ts).unwrap_or(UnixMs(0)),
                url: fields.url,
                title: fields.title,
                is_rendered: self.members.contains_key(&rendered::dom_path(index)),
                screenshot: self
                    .members
                    .contains_key(&screenshot)
                    .then(|| screenshot.rsplit('/').next().unwrap_or_default().to_owned()),
            });
        }
        Ok(())
    }

    fn member(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(member) = self.members.get(path) else { return Ok(None) };
        if member.size_bytes > MAX_BODY_BYTES {
            return Ok(None);
        }
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(member.offset))?;
        let mut bytes = Vec::new();
        file.take(member.size_bytes).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn record(&self, line: &Line) -> io::Result<Record> {
        let archive = self.members.get(WARC).ok_or_else(|| invalid("it has no archive"))?;
        let end = line.offset.checked_add(line.size_bytes).filter(|end| *end <= archive.size_bytes);
        if end.is_none() {
            return Err(invalid("its index points beyond the archive"));
        }
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(archive.offset + line.offset))?;
        let compressed = io::BufReader::new(file.take(line.size_bytes));
        let mut record = io::BufReader::new(flate2::bufread::GzDecoder::new(compressed));
        let head = head(&mut record)?;
        let size: u64 = field(&head, "content-length").and_then(|size| size.parse().ok()).unwrap_or(0);
        let kind = field(&head, "warc-type").unwrap_or_default();
        let mut block = record.take(size);
        let mut http = String::new();
        if kind == "response" {
            let mut buffered = io::BufReader::with_capacity(1, &mut block);
            http = self::head(&mut buffered)?;
            let status = http.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
            if let (Some(300..400), Some(location)) = (status, field(&http, "location")) {
                return Ok(Record::Redirect(location.to_owned()));
            }
        }
        let mut body = Vec::new();
        block.take(MAX_BODY_BYTES).read_to_end(&mut body)?;
        let content_type =
            if kind == "response" { field(&http, "content-type") } else { field(&head, "content-type") };
        Ok(Record::Content(Replayed {
            url: line.url.clone(),
            content_type: content_type.unwrap_or_default().to_owned(),
            content_encoding: field(&http, "content-encoding").map(str::to_owned),
            body,
        }))
    }
}

enum Record {
    Content(Replayed),
    Redirect(String),
}

/// Lines up to an empty one.
fn head(from: &mut impl io::BufRead) -> io::Result<String> {
    let mut head = Vec::new();
    let mut limited = from.take(MAX_HEAD_BYTES);
    while !head.ends_with(b"\r\n\r\n") {
        if limited.read_until(b'\n', &mut head)? == 0 {
            return Err(invalid("a record's head does not end"));
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The first value of this name, which is given in lower case.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let named = head.lines().filter_map(|line| line.split_once(':'));
    named.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
